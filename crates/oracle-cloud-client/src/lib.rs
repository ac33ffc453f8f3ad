#![doc = include_str!("../README.md")]

mod answer;
mod answer_body;
pub mod apm;
mod body;
mod builder;
mod chain;
mod client;
mod clock;
mod encode;
mod endpoints;
mod error;
mod http_client;
mod inner;
mod message;
mod names;
mod options;
mod pages;
mod path;
mod poll;
mod preconnect;
mod principal;
mod random;
pub mod region;
mod request;
mod retry;
mod retry_token;
mod send;
mod service;
mod service_error;
mod source;
mod timings;
mod transport;
mod trust;
mod unsigned;
mod variables;

pub use answer::{Answer, StreamingAnswer};
pub use answer_body::AnswerBody;
pub use body::Body;
pub use builder::ClientBuilder;
pub use chain::DefaultChain;
pub use client::Client;
pub use clock::timestamp;
pub use error::Error;
pub use http_client::{HttpClient, HttpClientBuilder};
pub use message::SendError;
pub use names::{NameUnresolved, Resolve, look_up};
pub use options::RequestOptions;
pub use oracle_cloud_signature as signature;
pub use oracle_cloud_signature::{
    Credentials, KeyError, KeyId, KeyMismatch, PrivateKey, PublicKey, SessionToken, SignError,
    SignableBody, SigningParams, SigningSettings, TokenError, sign, signing_string,
};
pub use pages::{Page, Pages};
pub use path::IntoPath;
pub use principal::{Principal, PrincipalSettings, TokenExchange};
pub use request::RequestBuilder;
pub use retry::{Retry, RetrySafety};
pub use retry_token::retry_token;
pub use service::Service;
pub use service_error::ServiceError;
pub use timings::{Phase, RequestTimings, Segment};
pub use transport::{AddressDenied, Trailers, TransportError};
pub use trust::{Roots, Trust, TrustError};
pub use variables::{SettingsError, Variables, Vars};
