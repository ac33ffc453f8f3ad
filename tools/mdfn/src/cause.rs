//! What the status of an answer probably means, in words, and what to look at.
//!
//! Source: docs/spec/oci-services.md#gateway-logs.

use serde_json::Value;

/// The codes of errors that the function makes itself, and what is behind them.
const FUNCTION_CODES: [(u16, &str, &str); 26] = [
    (
        400,
        "MissingParameter",
        "the route sets no header `model_deployment`, and the function has no MODEL_DEPLOYMENT",
    ),
    (
        400,
        "InvalidParameter",
        "the message says what: the model refuses the rows, several headers name the deployment, a GET has a body, or a header \
         cannot be read",
    ),
    (
        400,
        "CannotParseRequest",
        "the body is empty, not JSON, or not in plain UTF-8; or the request is no plain HTTP/1.1 for a streaming server",
    ),
    (
        403,
        "TargetNotAllowed",
        "the function does not sign for this address; its log line names the part that was refused",
    ),
    (
        403,
        "ParameterNotAllowed",
        "the message names a compartment, a project, a model or something else that the service's entry in ALLOWED_SERVICES does not list",
    ),
    (
        404,
        "PathNotAllowed",
        "the route gives a base URL, and the client's path does not end in one of ALLOWED_PATHS; `openai` opens the paths under /v1 only",
    ),
    (405, "MethodNotAllowed", "a prediction is a POST"),
    (
        413,
        "PayloadTooLarge",
        "the body is larger than 6 MiB, or than MAX_BODY of a streaming server",
    ),
    (
        415,
        "UnsupportedMediaType",
        "the body of the prediction is encoded; send the JSON without `content-encoding`",
    ),
    (
        500,
        "CredentialsUnavailable",
        "the function has no usable token or key; its log line names the variable or file",
    ),
    (
        502,
        "CredentialsRefused",
        "the deployment refused the signature twice; is the token the function's own, and its key the one beside it?",
    ),
    (
        502,
        "DeploymentUnreachable",
        "no connection to the deployment; does the function's subnet have a way out (NAT or service gateway)?",
    ),
    (
        502,
        "DeploymentAnswerInvalid",
        "the deployment's answer broke off or was a redirect; look at the deployment's log",
    ),
    (
        502,
        "DeploymentAnswerTooLarge",
        "the answer is larger than 6 MiB, the most that a function may give",
    ),
    (
        502,
        "DeploymentStreamFailed",
        "the model failed in the middle of its stream; look at the deployment's log",
    ),
    (
        504,
        "DeploymentTimedOut",
        "the model did not answer in time; the function's timeout should be 75 s or more",
    ),
    (
        502,
        "ServiceUnreachable",
        "no connection to the service; does the function's subnet have a way out (NAT or service gateway)?",
    ),
    (502, "ServiceAnswerInvalid", "the service's answer broke off or was a redirect"),
    (
        502,
        "ServiceAnswerTooLarge",
        "the service's answer is larger than 6 MiB, the most that a function may give",
    ),
    (502, "ServiceStreamFailed", "the service's stream ended without its last event; call again"),
    (
        504,
        "ServiceTimedOut",
        "the service did not answer before the call's deadline; is the function's timeout long enough?",
    ),
    (502, "FunctionFailed", "the function has a defect; its log line has the cause"),
    (
        502,
        "AnswerTooLarge",
        "the function's own answer is larger than 6 MiB, the most that it may give",
    ),
    (
        504,
        "FunctionTimedOut",
        "the body was not whole when the function's time was over, or the function did not answer by then",
    ),
    (
        404,
        "NotAuthorizedOrNotFound",
        "OCI says this for a missing policy too: does the dynamic group hold the function's OCID (not the deployment's), does the \
         policy name the deployment's compartment, have 15 minutes passed, is the deployment active and its OCID right?",
    ),
    (
        401,
        "NotAuthenticated",
        "the signature was refused: clock more than 5 minutes off, or a token that has expired; or a streaming server does not take \
         the client's token, and its log line says why",
    ),
];

/// The same of errors that the streaming server alone makes.
const SERVER_CODES: [(u16, &str, &str); 10] = [
    (
        403,
        "CallerNotAllowed",
        "the route does not set the secret in GATEWAY_SECRET_FILE of the streaming server, or sets another",
    ),
    (403, "InsufficientScope", "the client's token lacks TOKEN_SCOPE of the streaming server"),
    (408, "RequestTimeout", "the body took too long to arrive at the streaming server"),
    (501, "NotImplemented", "the streaming server does not take the header `upgrade`"),
    (503, "TooManyCalls", "MAX_CONCURRENT of the streaming server is reached; try again"),
    (
        503,
        "TooManyConnections",
        "four times MAX_CONCURRENT connections to the streaming server are open; try again",
    ),
    (503, "BuffersFull", "MAX_BUFFERED of the streaming server is reached; try again"),
    (
        503,
        "KeysUnavailable",
        "the streaming server could not fetch the keys of TOKEN_KEYS yet; its log says why",
    ),
    (503, "ServerStopping", "the streaming server is ending; try again"),
    (505, "HttpVersionNotSupported", "the streaming server takes HTTP/1.1 alone"),
];

/// The statuses, where the body does not say more.
const GATEWAY_STATUSES: [(u16, &str); 13] = [
    (
        400,
        "the request is not as the route or the model wants it: content type, an empty body, the model's own check",
    ),
    (
        401,
        "the gateway does not take the token: expired, issuer or audience not exactly the same (`mdfn token --claims` shows them), or the \
         domain replaced its key (after `mdfn token --no-cache`, `mdfn jwk --token FILE URL` takes the one that signs now)",
    ),
    (
        403,
        "the token lacks the route's scope: `allowedScope` holds the scope without the audience, and the client must be granted it",
    ),
    (
        404,
        "no route matches. URL = https://HOST + deployment prefix + route path, without a trailing slash",
    ),
    (405, "the route does not take this method; a prediction is a POST"),
    (413, "the body is larger than 6 MiB"),
    (415, "the route does not take this content type; a prediction is `application/json`"),
    (
        429,
        "too many calls: the gateway's rate limit, the model deployment's 150 calls in a second or its bandwidth, or the region's limit \
         for functions that run at once",
    ),
    (
        431,
        "the request's headers are too large: send fewer, or a shorter token (one with many groups is long)",
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

/// The meaning of a status from a model deployment, if its body does not say more.
const MODEL_STATUSES: [(u16, &str); 11] = [
    (400, "the model does not accept this input; its message says what it expects"),
    (401, "the signature was refused: clock more than 5 minutes off, or a token that has expired"),
    (
        404,
        "the deployment is unknown or not active, or the policy is missing; OCI does not say which",
    ),
    (405, "the path of the container does not take this method"),
    (409, "the URL for streams was used, and the container did not stream"),
    (411, "the request has no `content-length`; the function sends one, so who else calls?"),
    (413, "the body is larger than 10 MB"),
    (422, "the model's server does not take this body; its message names the member"),
    (
        429,
        "more than 150 calls in a second in the tenancy, or more than the deployment's bandwidth",
    ),
    (500, "the model failed, or took longer than 60 s; its log says which"),
    (503, "the model server is not available; try again"),
];

/// Returns what an answer through the gateway with this status and body probably means; None where
/// nothing is known.
///
/// The gateway's own errors have a number for `code`; everything else came through the function
/// from the model.
pub(crate) fn probable(status: u16, body: &[u8]) -> Option<&'static str> {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let of_gateway = json.as_ref().is_none_or(is_gateways);
    let of_model = || (!of_gateway).then(|| meaning(&MODEL_STATUSES, status)).flatten();
    own(body).or_else(of_model).or_else(|| meaning(&GATEWAY_STATUSES, status))
}

/// Returns whether an error has the gateway's form: `code`, `message` and nothing else.
fn is_gateways(body: &Value) -> bool {
    body.as_object().is_some_and(|body| {
        body.len() == 2
            && body.get("code").is_some_and(Value::is_number)
            && body.contains_key("message")
    })
}

/// Returns the probable meaning of a model deployment's own answer.
pub(crate) fn of_model(status: u16, body: &[u8]) -> Option<&'static str> {
    own(body).or_else(|| meaning(&MODEL_STATUSES, status))
}

/// The meaning of a status from another OCI service.
const SERVICE_STATUSES: [(u16, &str); 5] = [
    (
        400,
        "Generative AI knows no project or compartment of the call (it says `Compartment ID must be provided` for both), or the model \
         refuses a parameter",
    ),
    (401, "the signature was refused: clock, token, or a content type with parameters"),
    (
        404,
        "the policy is missing as often as the path: `generative-ai-response` and `generative-ai-conversation` are not part of \
         `generative-ai-family`, and without them only the function gets a 404; or the region has no such model, the project is of \
         another region or younger than 3 minutes, or the interface has no such path (`/models` does not exist)",
    ),
    (422, "the body is not one of this path"),
    (429, "the model is throttled by demand; the limits are not published"),
];

/// Returns everything that an answer with this status can mean, each with who gave it.
pub(crate) fn of_status(status: u16) -> Vec<String> {
    let own = own_codes().filter(|own| own.0 == status);
    let own = own.map(|(_, code, cause)| format!("{code}: {cause}"));
    let gateway = meaning(&GATEWAY_STATUSES, status).map(|cause| format!("the gateway: {cause}"));
    let model =
        meaning(&MODEL_STATUSES, status).map(|cause| format!("the model deployment: {cause}"));
    let service =
        meaning(&SERVICE_STATUSES, status).map(|cause| format!("another service: {cause}"));
    gateway.into_iter().chain(own).chain(model).chain(service).collect()
}

/// The errors that function and server make themselves.
fn own_codes() -> impl Iterator<Item = &'static (u16, &'static str, &'static str)> {
    FUNCTION_CODES.iter().chain(&SERVER_CODES)
}

/// The cause of one of them, by the code in the body.
fn own(body: &[u8]) -> Option<&'static str> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let code = body.get("code")?.as_str()?;
    own_codes().find(|(_, known, _)| *known == code).map(|(.., cause)| *cause)
}

fn meaning(table: &[(u16, &'static str)], status: u16) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == status).map(|(_, cause)| *cause)
}
