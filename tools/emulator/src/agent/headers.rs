//! Header names as Go has them, and which headers belong to one connection only.

/// What a gateway writes before the names of the client's headers, and the function before those of
/// its reply.
pub(super) const HTTP_HEADER: &str = "Fn-Http-H-";

/// What no agent passes on.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns a name in Go's canonical form: `Fn-Http-H-Model_deployment`.
pub(super) fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first
            .into_iter()
            .chain(letters.map(|letter| letter.to_ascii_lowercase()))
            .collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

/// Returns whether a header is about the connection that it came on. `TE` passes if it is exactly
/// `trailers`.
pub(super) fn is_hop_by_hop(name: &str, value: &[u8]) -> bool {
    HOP_BY_HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop))
        || (name.eq_ignore_ascii_case("te") && value != b"trailers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_form_that_go_gives_it() {
        for (name, form) in [
            ("X-UPPER-CASE", "X-Upper-Case"),
            ("model_deployment", "Model_deployment"),
            ("xUnDer_Score", "Xunder_score"),
            ("fn-http-h-x-b3-traceid", "Fn-Http-H-X-B3-Traceid"),
            ("-", "-"),
        ] {
            assert_eq!(canonical(name), form);
        }
    }

    #[test]
    fn te_passes_only_as_trailers() {
        assert!(is_hop_by_hop("Te", b"gzip"));
        assert!(!is_hop_by_hop("TE", b"trailers"));
    }
}
