//! Names for operations that are opened together.
//!
//! Source: docs/spec/oci-services.md#service-presets.

/// Operations that are opened together.
#[derive(Debug)]
pub(super) struct Preset {
    pub(super) name: &'static str,
    /// The service whose host has them.
    pub(super) service: &'static str,
    /// Each as an item of `open`.
    pub(super) operations: &'static [&'static str],
}

/// Every preset.
pub(super) const PRESETS: [Preset; 4] = [
    Preset {
        name: "@openai-chat",
        service: GENERATIVE_AI,
        operations: &["POST /openai/v1/chat/completions"],
    },
    Preset {
        name: "@openai-responses",
        service: GENERATIVE_AI,
        operations: &[
            "POST /openai/v1/responses",
            "GET,DELETE /openai/v1/responses/{}",
            "GET /openai/v1/responses/{}/input_items",
            "POST /openai/v1/responses/{}/cancel",
        ],
    },
    Preset {
        name: "@openai-state",
        service: GENERATIVE_AI,
        operations: &[
            "POST /openai/v1/conversations",
            "GET,POST,DELETE /openai/v1/conversations/{}",
            "GET,POST /openai/v1/conversations/{}/items",
            "GET,DELETE /openai/v1/conversations/{}/items/{}",
            "GET,POST /openai/v1/files",
            "GET,DELETE /openai/v1/files/{}",
            "GET /openai/v1/files/{}/content",
            "GET,POST /openai/v1/vector_stores/{}/files",
            "GET,POST,DELETE /openai/v1/vector_stores/{}/files/{}",
            "GET /openai/v1/vector_stores/{}/files/{}/content",
            "POST /openai/v1/vector_stores/{}/file_batches",
            "GET /openai/v1/vector_stores/{}/file_batches/{}",
            "GET /openai/v1/vector_stores/{}/file_batches/{}/files",
            "POST /openai/v1/vector_stores/{}/file_batches/{}/cancel",
            "POST /openai/v1/vector_stores/{}/search",
            "GET,POST /openai/v1/containers",
            "GET,DELETE /openai/v1/containers/{}",
            "GET,POST /openai/v1/containers/{}/files",
            "GET,DELETE /openai/v1/containers/{}/files/{}",
            "GET /openai/v1/containers/{}/files/{}/content",
        ],
    },
    Preset {
        name: "@genai-native",
        service: GENERATIVE_AI,
        operations: &[
            "POST /20231130/actions/chat",
            "POST /20231130/actions/embedText",
            "POST /20231130/actions/rerankText",
            "POST /20231130/actions/applyGuardrails",
        ],
    },
];

const GENERATIVE_AI: &str = "inference.generativeai";

/// The preset of this name.
pub(super) fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_below_the_two_documented_bases() {
        for preset in &PRESETS {
            let base =
                if preset.name == "@genai-native" { "/20231130/actions/" } else { "/openai/v1/" };
            let below = |operation: &&str| operation.split_once(' ').unwrap().1.starts_with(base);
            assert!(preset.operations.iter().all(below), "{preset:?}");
            assert_eq!(find(preset.name).unwrap().name, preset.name);
        }
        let count: usize = PRESETS.iter().map(|preset| preset.operations.len()).sum();
        assert_eq!((count, find("@openai").is_none()), (29, true));
    }
}
