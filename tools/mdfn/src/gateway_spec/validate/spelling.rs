//! The spellings of a member's name: the API's, the OCI CLI's and Terraform's.

/// Returns whether `written` is `name` of the API, or the same in the spelling of the OCI CLI or of
/// Terraform.
pub(super) fn is_spelling(written: &str, name: &str) -> bool {
    let words = words(name);
    written == name
        || written == words.join("-")
        || written == words.join("_")
        || written == camel(&words)
}

/// Returns the words of a name, in small letters: `request` and `policies` of `requestPolicies`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_ascii_uppercase() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), letter != '_') {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words
}

/// `keyOps`, for the one name of the API that has an underscore.
fn camel(words: &[String]) -> String {
    let capital = |word: &String| {
        let first = word.chars().take(1).map(|letter| letter.to_ascii_uppercase());
        first.chain(word.chars().skip(1)).collect()
    };
    let (first, rest) = words.split_at(words.len().min(1));
    first.iter().cloned().chain(rest.iter().map(capital)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_three_spellings_and_no_other() {
        for written in ["requestPolicies", "request-policies", "request_policies"] {
            assert!(is_spelling(written, "requestPolicies"), "{written}");
        }
        for written in ["key_ops", "key-ops", "keyOps"] {
            assert!(is_spelling(written, "key_ops"), "{written}");
        }
        for written in ["routes-", "-routes", "routes--", "Routes", "rou-tes", ""] {
            assert!(!is_spelling(written, "routes"), "{written}");
        }
        assert!(!is_spelling("requestpolicies", "requestPolicies"));
    }
}
