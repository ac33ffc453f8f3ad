//! Who we are in Oracle Cloud, and how a request is signed and sent: any OCI service, nothing of Fn or of predictions.
//!
//! ```text
//! environment ─▶ Principal ▶ Credentials ┐
//!                              http::Request ▶ sign ▶ the same request with its Authorization
//! Client: credentials, sign, send; renew what was refused, try again what may pass
//! apm: spans, sent to a trace collector
//! ```
//!
//! Source: docs/spec/oci-request-signing.md#signature.

pub mod apm;
mod client;
mod clock;
mod message;
mod names;
mod preconnect;
mod principal;
pub mod region;
mod retry;
mod service_error;
mod timings;
mod transport;
mod trust;
mod variables;

pub use client::{Client, Delivery};
pub use clock::{ServiceClock, timestamp};
pub use message::{Body, SendError};
pub use names::{NameUnresolved, look_up};
pub use oracle_cloud_signature as signature;
pub use oracle_cloud_signature::{
    Credentials, KeyError, KeyId, KeyMismatch, PrivateKey, PublicKey, SessionToken, SignError,
    SignableBody, SigningParams, SigningSettings, TokenError, sign, signing_string,
};
pub use principal::{Principal, PrincipalError, PrincipalSettings};
pub use retry::{Repeat, Retry};
pub use service_error::{ServiceError, ServiceRefusal};
pub use timings::{Journey, Phase, Step};
pub use transport::{AddressForbidden, Trailers, TransportError, http_client};
pub use trust::{Roots, Trust, TrustError};
pub use variables::{SettingsError, Variables};

/// Where the environment comes from. The process has one place that reads it; everything else is told.
pub type Vars<'a> = &'a dyn Fn(&str) -> Option<String>;
