//! What is known of an operation by its path: what its body is, and where in it compartment and model stand.
//!
//! Source: docs/spec/oci-services.md#service-pins.

use super::pattern::Pattern;
use super::plain::{lenient, segments};

/// What an operation takes, and what of it is pinned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct OperationKind {
    pub(super) content: Content,
    pub(super) compartment: Compartment,
    pub(super) model: Model,
    /// Whether the service keeps what it answers, unless it is told not to.
    pub(super) is_stored: bool,
}

/// What a body may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// JSON and nothing else.
    Json,
    /// JSON, or the parts of a form with a file.
    JsonOrForm,
    /// JSON, unless its content type says something else.
    Any,
    /// The bytes of an object, whatever they are.
    Object,
}

/// Whether a body names a compartment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Compartment {
    /// It must, or else the service chooses.
    Needed,
    /// It may.
    Possible,
    /// It must not: headers do.
    Unknown,
}

/// Where a body names a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Model {
    /// Nowhere.
    None,
    /// In its member `model`.
    Member,
    /// In its member `servingMode`: `modelId` or `endpointId`.
    ServingMode,
    /// In its member `alias`, and any `modelId` or `endpointId`, at any depth, where a custom model is meant.
    Custom,
    /// In any `modelId`, at any depth, where a custom model is meant.
    Anywhere,
}

/// The bases of the OpenAI-compatible interface, and what of it names a model.
const OPENAI_BASES: [&str; 4] =
    ["/openai/v1", "/20231130/openai/v1", "/20231130/actions/v1", "/v1"];
const OPENAI_WITH_MODEL: [&str; 3] = ["/chat/completions", "/responses", "/responses/compact"];

const OTHER: OperationKind = OperationKind {
    content: Content::Any,
    compartment: Compartment::Possible,
    model: Model::None,
    is_stored: false,
};
const OPENAI: OperationKind =
    OperationKind { content: Content::Json, compartment: Compartment::Unknown, ..OTHER };
const NATIVE: OperationKind =
    OperationKind { content: Content::Json, compartment: Compartment::Needed, ..OTHER };

impl OperationKind {
    /// What is known of the operation at this path, however a service reads it.
    pub(super) fn of(path: &str) -> Self {
        let path = lenient(path);
        let segments: Vec<&str> = segments(&path).collect();
        match segments.as_slice() {
            ["openai" | "v1", ..]
            | ["20231130", "openai", ..]
            | ["20231130", "actions", "v1", ..] => Self::openai(&segments),
            // Guardrails; Speech; NoSQL.
            ["20231130", "actions", "applyguardrails"] | ["20220101" | "20190828", ..] => NATIVE,
            ["20231130", "actions", ..] => Self { model: Model::ServingMode, ..NATIVE },
            // Language; Vision and Document.
            ["20221001", ..] => Self { model: Model::Custom, ..NATIVE },
            ["20220125" | "20221109", ..] => Self { model: Model::Anywhere, ..NATIVE },
            // An object, or a part of one.
            ["n", _, "b", _, "o" | "u", _, ..] => Self { content: Content::Object, ..OTHER },
            // The same interface below another base, of a private endpoint or another model.
            [.., "chat", "completions"] | [.., "responses"] | [.., "responses", "compact"] => {
                Self::openai(&segments)
            }
            _ => OTHER,
        }
    }

    /// Whether its answer comes from a model, and says what it took.
    pub(super) fn answers_with_tokens(self) -> bool {
        matches!(self.model, Model::Member | Model::ServingMode)
    }

    /// The same below a base of the OpenAI-compatible interface.
    fn openai(path: &[&str]) -> Self {
        match path {
            [.., "chat", "completions"] | [.., "responses", "compact"] => {
                Self { model: Model::Member, ..OPENAI }
            }
            [.., "responses"] => Self { model: Model::Member, is_stored: true, ..OPENAI },
            [.., "vector_stores", _, "files"] => OPENAI,
            [.., "files"] => Self { content: Content::JsonOrForm, ..OPENAI },
            _ => OPENAI,
        }
    }
}

/// Whether a pattern stands for a path whose body names a model.
pub(super) fn may_have_model(pattern: &Pattern) -> bool {
    let mut openai =
        OPENAI_BASES.iter().flat_map(|base| OPENAI_WITH_MODEL.map(|end| format!("{base}{end}")));
    let before_rest = pattern.as_str().strip_suffix("/{*}");
    let mut below = before_rest
        .into_iter()
        .flat_map(|base| OPENAI_WITH_MODEL.map(|end| format!("{base}{end}")));
    let has_model = |path: &str| OperationKind::of(path).model != Model::None;
    has_model(pattern.as_str())
        || openai.any(|path| pattern.fits(&path))
        || below.any(|path| has_model(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_where_compartment_and_model_stand() {
        let table = [
            ("/openai/v1/chat/completions", Compartment::Unknown, Model::Member),
            ("/20231130/openai/v1/chat/completions", Compartment::Unknown, Model::Member),
            ("/20231130/actions/v1/chat/completions", Compartment::Unknown, Model::Member),
            ("/v1/responses", Compartment::Unknown, Model::Member),
            ("/openai/v1/responses/compact", Compartment::Unknown, Model::Member),
            ("/openai/v1/responses/r1/cancel", Compartment::Unknown, Model::None),
            ("/openai/v1/conversations", Compartment::Unknown, Model::None),
            ("/20231130/actions/chat", Compartment::Needed, Model::ServingMode),
            ("/20231130/actions/embedText", Compartment::Needed, Model::ServingMode),
            ("/20231130/actions/applyGuardrails", Compartment::Needed, Model::None),
            ("/20231130/models", Compartment::Possible, Model::None),
            ("/20221001/actions/batchDetectLanguageEntities", Compartment::Needed, Model::Custom),
            ("/20220125/actions/analyzeImage", Compartment::Needed, Model::Anywhere),
            ("/20221109/processorJobs", Compartment::Needed, Model::Anywhere),
            ("/20220101/actions/synthesizeSpeech", Compartment::Needed, Model::None),
            ("/20190828/query", Compartment::Needed, Model::None),
            ("/n/ns/b/bucket/o/responses", Compartment::Possible, Model::None),
            ("/openai/v1/chat%2Fcompletions", Compartment::Unknown, Model::Member),
            ("/openai/v1/Responses", Compartment::Unknown, Model::Member),
            ("/google/v1beta/openai/chat/completions", Compartment::Unknown, Model::Member),
            ("/genai/openai/v1/responses", Compartment::Unknown, Model::Member),
            ("/20231130/actions/v1%2Fchat%2Fcompletions", Compartment::Unknown, Model::Member),
            ("/20231130/actions/Chat", Compartment::Needed, Model::ServingMode),
            ("/20210201/queues/q/messages", Compartment::Possible, Model::None),
        ];
        for (path, compartment, model) in table {
            let kind = OperationKind::of(path);
            assert_eq!((kind.compartment, kind.model), (compartment, model), "{path}");
        }
        let stored = |path| OperationKind::of(path).is_stored;
        assert!(stored("/openai/v1/responses") && !stored("/openai/v1/responses/compact"));
        assert!(stored("/openai/v1/Responses") && stored("/genai/openai/v1/responses"));
    }

    #[test]
    fn a_pattern_may_stand_for_a_path_with_a_model() {
        for (pattern, may) in [
            ("/openai/v1/{*}", true),
            ("/genai/openai/v1/{*}", true),
            ("/genai/openai/v1/chat/completions", true),
            ("/genai/openai/v1/conversations", false),
            ("/n/ns/b/bucket/o/{*}", false),
        ] {
            assert_eq!(may_have_model(&Pattern::parse(pattern).unwrap()), may, "{pattern}");
        }
    }

    #[test]
    fn a_path_says_what_its_body_is() {
        for (path, content) in [
            ("/openai/v1/files", Content::JsonOrForm),
            ("/openai/v1/containers/c1/files", Content::JsonOrForm),
            ("/openai/v1/vector_stores/v1/files", Content::Json),
            ("/openai/v1/responses", Content::Json),
            ("/20231130/actions/chat", Content::Json),
            ("/n/ns/b/bucket/o/files", Content::Object),
            ("/n/ns/b/bucket/o/a%2Fb", Content::Object),
            ("/n/ns/b/bucket/u/large", Content::Object),
            ("/n/ns/b/bucket/u", Content::Any),
            ("/n/ns/b/bucket/actions/copyObject", Content::Any),
            ("/n/ns/b/bucket", Content::Any),
            ("/n/ns/b", Content::Any),
            ("/20210201/queues/q/messages", Content::Any),
        ] {
            assert_eq!(OperationKind::of(path).content, content, "{path}");
        }
    }
}
