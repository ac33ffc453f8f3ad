//! The deployment specification of an API Gateway, in the JSON that is uploaded to OCI.
//!
//! What is not executed here is refused with its name, so that nothing of a specification is
//! silently without effect.
//! Source: docs/spec/oci-services.md#deployment-specification.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A whole specification.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Specification {
    /// What holds for all routes.
    #[serde(default)]
    pub request_policies: RequestPolicies,
    /// Where logs go; no part of a call.
    #[serde(default)]
    pub logging_policies: Value,
    /// The routes, the first that fits is taken.
    pub routes: Vec<Route>,
}

/// Policies of the whole deployment.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestPolicies {
    /// Who may call; absent: anybody.
    pub authentication: Option<Authentication>,
    /// How often.
    pub rate_limiting: Option<RateLimiting>,
}

/// How a token is found and checked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authentication {
    /// `TOKEN_AUTHENTICATION`, the only type that is executed here.
    pub r#type: AuthenticationType,
    /// The header that holds the token.
    pub token_header: String,
    /// The scheme before the token, `Bearer`.
    pub token_auth_scheme: String,
    /// Whether routes may be open to callers without a token.
    #[serde(default)]
    pub is_anonymous_access_allowed: bool,
    /// How far clocks may differ, 0 to 120 s.
    #[serde(default)]
    pub max_clock_skew_in_seconds: f64,
    /// What makes a token valid.
    pub validation_policy: ValidationPolicy,
}

/// The types of authentication.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthenticationType {
    /// A bearer token.
    TokenAuthentication,
}

/// Where the keys come from, and what else is checked.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum ValidationPolicy {
    /// Keys in the specification itself.
    StaticKeys {
        /// At most ten.
        keys: Vec<StaticKey>,
        /// Issuers, audiences, claims; absent: any.
        additional_validation_policy: Option<AdditionalValidation>,
    },
    /// A key set that is fetched.
    RemoteJwks {
        /// Where.
        uri: String,
        /// Whether its certificate is not checked.
        #[serde(default)]
        is_ssl_verify_disabled: bool,
        /// How long it is kept, 1 to 24 hours.
        max_cache_duration_in_hours: u32,
        /// Issuers, audiences, claims; absent: any.
        additional_validation_policy: Option<AdditionalValidation>,
    },
}

/// A public key in the specification.
#[derive(Debug, Deserialize)]
#[serde(tag = "format", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum StaticKey {
    /// A JSON Web Key, with the members that the gateway knows.
    JsonWebKey {
        /// The name that tokens call it by.
        kid: String,
        /// `RSA`.
        kty: String,
        /// `RS256`, `RS384` or `RS512`.
        alg: String,
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
        /// `sig`, if given.
        r#use: Option<String>,
        /// With `verify` among them, if given.
        key_ops: Option<Vec<String>>,
    },
    /// A public key in PEM.
    Pem {
        /// The name that tokens call it by.
        kid: String,
        /// From `-----BEGIN PUBLIC KEY-----` on.
        key: String,
    },
}

/// The claims that a token must have.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdditionalValidation {
    /// Accepted values of `iss`, at most five.
    pub issuers: Vec<String>,
    /// Accepted values of `aud`, at most five.
    pub audiences: Vec<String>,
    /// Further claims, at most ten.
    #[serde(default)]
    pub verify_claims: Vec<VerifyClaim>,
}

/// A claim that a token must have, or may have only with these values.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyClaim {
    /// Its name.
    pub key: String,
    /// Its accepted values; absent, null or empty: any, so that a required claim must only be
    /// there.
    pub values: Option<Vec<String>>,
    /// Whether it must be there.
    #[serde(default)]
    pub is_required: bool,
}

/// How many calls are let through.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimiting {
    /// Calls in a second.
    pub rate_in_requests_per_second: u32,
    /// `TOTAL`: of all callers together, the only key that is executed here.
    pub rate_key: RateKey,
}

/// What calls are counted by.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RateKey {
    /// All together.
    Total,
}

/// One route.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// The path below the deployment's prefix: `{name}` is a segment, `{name*}` the rest.
    pub path: String,
    /// The methods, or `ANY`.
    pub methods: Vec<String>,
    /// Who answers.
    pub backend: Backend,
    /// What happens to a request on its way.
    #[serde(default)]
    pub request_policies: RoutePolicies,
    /// What happens to its answer.
    #[serde(default)]
    pub response_policies: ResponsePolicies,
    /// Where logs go; no part of a call.
    #[serde(default)]
    pub logging_policies: Value,
}

/// Who answers a route.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Backend {
    /// A function.
    #[serde(rename = "ORACLE_FUNCTIONS_BACKEND")]
    Function {
        /// Its OCID.
        function_id: String,
    },
    /// The gateway itself.
    #[serde(rename = "STOCK_RESPONSE_BACKEND")]
    Stock {
        /// The status.
        status: u16,
        /// The body.
        #[serde(default)]
        body: String,
        /// The headers.
        #[serde(default)]
        headers: Vec<StockHeader>,
    },
    /// A server.
    #[serde(rename = "HTTP_BACKEND")]
    Http(HttpBackend),
}

/// A server, and how long it is waited for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpBackend {
    /// Its URL, with context variables.
    pub url: String,
    /// How long a connection may take, 1 to 75 s.
    #[serde(default = "connect_timeout")]
    pub connect_timeout_in_seconds: f64,
    /// How long it may send nothing, 1 to 300 s.
    #[serde(default = "gap")]
    pub read_timeout_in_seconds: f64,
    /// How long it may take nothing, 1 to 300 s.
    #[serde(default = "gap")]
    pub send_timeout_in_seconds: f64,
    /// Whether its certificate is not checked.
    #[serde(default)]
    pub is_ssl_verify_disabled: bool,
}

fn connect_timeout() -> f64 {
    60.0
}

fn gap() -> f64 {
    10.0
}

/// A header of a stock response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Policies of one route.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoutePolicies {
    /// Which tokens may pass; absent: every valid one.
    #[serde(default)]
    pub authorization: Authorization,
    /// What headers become.
    #[serde(default)]
    pub header_transformations: HeaderTransformations,
    /// What a body must be.
    pub body_validation: Option<BodyValidation>,
}

/// Policies of one route for its answers.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResponsePolicies {
    /// What headers become.
    #[serde(default)]
    pub header_transformations: HeaderTransformations,
}

/// Which tokens may pass a route.
#[derive(Debug, Default, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Authorization {
    /// Every valid one.
    #[default]
    AuthenticationOnly,
    /// Those with one of these scopes.
    AnyOf {
        /// The bare scopes.
        allowed_scope: Vec<String>,
    },
    /// None is needed.
    Anonymous,
}

/// What happens to the headers of a request, or of an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeaderTransformations {
    /// Headers that are set.
    pub set_headers: Option<Items<SetHeader>>,
    /// Headers that get another name.
    pub rename_headers: Option<Items<RenameHeader>>,
    /// Headers that are passed on, or removed.
    pub filter_headers: Option<FilterHeaders>,
}

/// A list, as the format wraps it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items<T> {
    /// The list.
    pub items: Vec<T>,
}

/// A header to be set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetHeader {
    /// Its name.
    pub name: String,
    /// Its values, with context variables.
    pub values: Vec<String>,
    /// What happens to one that the client sent.
    #[serde(default)]
    pub if_exists: IfExists,
}

/// What happens to a header that the client sent itself.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IfExists {
    /// It is replaced.
    #[default]
    Overwrite,
    /// It stays, and the value is added.
    Append,
    /// It stays, and the value is not set.
    Skip,
}

/// A header to be renamed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameHeader {
    /// The name it has.
    pub from: String,
    /// The name it gets.
    pub to: String,
}

/// Which headers pass.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterHeaders {
    /// Whether the list has the headers that are passed on, or those that are removed.
    pub r#type: FilterType,
    /// The list.
    pub items: Vec<FilterItem>,
}

/// What a list of headers means.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FilterType {
    /// Those named do not pass.
    Block,
    /// Only those named pass.
    Allow,
}

/// The name of a header.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterItem {
    /// The name.
    pub name: String,
}

/// What a body must be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BodyValidation {
    /// Whether there must be one.
    #[serde(default)]
    pub required: bool,
    /// The media types it may have.
    #[serde(default)]
    pub content: BTreeMap<String, Value>,
    /// `ENFORCING` refuses, the other two let pass.
    #[serde(default)]
    pub validation_mode: ValidationMode,
}

/// What a failed validation does.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValidationMode {
    /// Refuses the request.
    #[default]
    Enforcing,
    /// Lets it pass.
    Permissive,
    /// Does not look.
    Disabled,
}
