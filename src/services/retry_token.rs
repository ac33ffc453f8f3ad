//! `opc-retry-token`: a service carries requests with the same token out once, so that a POST may be sent again.
//!
//! Source: docs/spec/oci-services.md#service-retries.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oracle_cloud_client::retry_token;

use super::plain::segments;
use super::refusal::Refusal;

/// Its name.
const OPC_RETRY_TOKEN: HeaderName = HeaderName::from_static("opc-retry-token");

/// Adds the client's token to the headers of a call that takes one, or else a new one: every attempt has the same.
pub(super) fn add(
    headers: &mut HeaderMap,
    method: &Method,
    path: &str,
    client: &HeaderMap,
) -> Result<(), Refusal> {
    if method != Method::POST || !is_taken(path) || headers.contains_key(OPC_RETRY_TOKEN) {
        return Ok(());
    }
    let mut values = client.get_all(OPC_RETRY_TOKEN).iter();
    let own = || retry_token().and_then(|token| HeaderValue::try_from(token).ok());
    let token = values.next().cloned().or_else(own);
    if values.next().is_some() {
        return Err(Refusal::Repeated("the header `opc-retry-token`"));
    }
    headers.extend(token.map(|token| (OPC_RETRY_TOKEN, token)));
    Ok(())
}

/// Whether OCI's own clients send a token with a POST to this path.
fn is_taken(path: &str) -> bool {
    let segments: Vec<&str> = segments(path).collect();
    matches!(
        segments.as_slice(),
        // Native calls of Generative AI; agents.
        ["20231130", "actions", _] | ["20240531", ..]
        // What creates something in Generative AI, Language, Vision, Document and Speech.
        | ["20231130" | "20221001" | "20220125" | "20221109" | "20220101", _]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_where_the_clients_of_oci_send_one() {
        for path in [
            "/20231130/actions/chat",
            "/20231130/actions/embedText",
            "/20231130/actions/applyGuardrails",
            "/20231130/models",
            "/20240531/agentEndpoints/a/sessions",
            "/20240531/agentEndpoints/a/actions/chat",
            "/20221001/jobs",
            "/20220125/imageJobs",
            "/20221109/processorJobs",
            "/20220101/transcriptionJobs",
        ] {
            assert!(is_taken(path), "{path}");
        }
        for path in [
            "/openai/v1/chat/completions",
            "/20231130/actions/v1/chat/completions",
            "/20231130/openai/v1/responses",
            "/20221001/actions/batchDetectLanguageEntities",
            "/20220125/actions/analyzeImage",
            "/20221109/actions/analyzeDocument",
            "/20220101/actions/synthesizeSpeech",
            "/20190828/query",
            "/20210201/queues/q/messages",
            "/20180418/streams/s/messages",
            "/n/ns/b/bucket/o/a",
            "/20190301/secretbundles/a",
        ] {
            assert!(!is_taken(path), "{path}");
        }
    }
}
