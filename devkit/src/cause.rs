//! What the status of an answer probably means, in words, and what to look at.
//!
//! Source: OCI API Gateway, logging details; OCI Functions and Data Science, troubleshooting; this function's own errors.

use serde_json::Value;

/// The codes of errors that the function makes itself, and what is behind them.
const OWN: [(&str, &str); 15] = [
    (
        "MissingParameter",
        "the route sets no header `model_deployment`, and the function has no MODEL_DEPLOYMENT",
    ),
    (
        "InvalidParameter",
        "more than one header names the deployment, or a GET has a body; the message says which",
    ),
    ("CannotParseRequest", "the body is empty or not JSON"),
    (
        "TargetNotAllowed",
        "the function does not sign for this address; its log line names the part that was refused",
    ),
    ("MethodNotAllowed", "a prediction is a POST"),
    ("PayloadTooLarge", "the body is larger than 6 MiB"),
    (
        "CredentialsUnavailable",
        "the function has no usable token or key; its log line names the variable or file",
    ),
    (
        "CredentialsRefused",
        "the deployment refused the signature twice; is the token the function's own, and its key the one beside it?",
    ),
    (
        "DeploymentUnreachable",
        "no connection to the deployment; does the function's subnet have a way out (NAT or service gateway)?",
    ),
    (
        "DeploymentAnswerInvalid",
        "the deployment's answer broke off or was a redirect; look at the deployment's log",
    ),
    (
        "DeploymentAnswerTooLarge",
        "the answer is larger than 6 MiB, the most that a function may give",
    ),
    (
        "DeploymentStreamFailed",
        "the model failed in the middle of its stream; look at the deployment's log",
    ),
    (
        "DeploymentTimedOut",
        "the model did not answer in time; the function's timeout should be 75 s or more",
    ),
    (
        "NotAuthorizedOrNotFound",
        "OCI says this for a missing policy too: does the dynamic group hold the function's OCID (not the deployment's), does the \
         policy name the deployment's compartment, have 15 minutes passed, is the deployment active and its OCID right?",
    ),
    (
        "NotAuthenticated",
        "the signature was refused: clock more than 5 minutes off, or a token that has expired",
    ),
];

/// The statuses, where the body does not say more.
const STATUSES: [(u16, &str); 11] = [
    (
        400,
        "the request is not as the route or the model wants it: content type, an empty body, the model's own check",
    ),
    (
        401,
        "the gateway does not take the token: expired, issuer or audience not to the letter (`mdfn token --claims` shows them), or the \
         key was replaced (`mdfn jwk --token` shows the one that signs now)",
    ),
    (
        403,
        "the token lacks the route's scope: `allowedScope` holds the scope without the audience, and the client must be granted it",
    ),
    (
        404,
        "no route fits: the deployment's path prefix and the route's path make the URL, without a slash at the end",
    ),
    (405, "the route does not take this method; a prediction is a POST"),
    (413, "the body is larger than 6 MiB"),
    (
        429,
        "too many calls: the gateway's rate limit, the model deployment's 150 calls in a second or its bandwidth, or the region's limit \
         for functions that run at once",
    ),
    (
        500,
        "the gateway could not call the function: the policy that lets gateways use functions is missing, or the keys at `uri` cannot \
         be fetched; the gateway's execution log says which",
    ),
    (
        502,
        "the function failed or did not start: its log names the variable, or the gateway could not read its answer",
    ),
    (503, "the function or the model is being started or scaled; try again"),
    (
        504,
        "time is up: the function's timeout is below the model's (set 120 s), or the first start took too long (image, memory, subnet)",
    ),
];

/// What an answer with this status and body probably means; None where nothing is known.
pub(crate) fn probable(status: u16, body: &[u8]) -> Option<&'static str> {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let code = body.as_ref().and_then(|body| body.get("code")?.as_str());
    let own = OWN.iter().find(|(own, _)| Some(*own) == code).map(|(_, cause)| *cause);
    own.or_else(|| STATUSES.iter().find(|(known, _)| *known == status).map(|(_, cause)| *cause))
}
