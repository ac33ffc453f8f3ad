//! Names that a service could take for each other.

/// A name as the most lenient reader compares it: without letter case, `_` and `-`.
pub(super) fn folded(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-'));
    // Up and down again, so that the letters beyond ASCII that have an ASCII capital are found too.
    letters.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
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
