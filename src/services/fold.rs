//! Names that a service could take for each other.

/// What is left of the dot of a capital `\u{130}` in lower case.
const DOT_ABOVE: char = '\u{307}';

/// A name as the most lenient reader compares it: without letter case, `_` and `-`.
pub(super) fn folded(name: &str) -> String {
    // Up and down again, so that the letters beyond ASCII that have an ASCII capital are found too.
    let letters = name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    letters.filter(|letter| !matches!(*letter, '_' | '-' | DOT_ABOVE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_every_spelling() {
        for name in [
            "compartmentId",
            "compartment_id",
            "COMPARTMENT-ID",
            "Compartmentid",
            "compartment\u{131}d",
            "compartment\u{130}d",
        ] {
            assert_eq!(folded(name), "compartmentid", "{name}");
        }
        for name in ["store", "\u{17f}tore", "STORE", "s_t-o_r_e"] {
            assert_eq!(folded(name), "store", "{name}");
        }
        assert_eq!(folded("\u{212a}ey"), "key");
        for name in ["stores", "compartmentId ", "compartment.id"] {
            assert!(!["store", "compartmentid"].contains(&folded(name).as_str()), "{name}");
        }
    }
}
