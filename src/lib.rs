//! The library of an Oracle Cloud function that calls Data Science model deployments.
//!
//! ```text
//! agent ─ socket ─▶ fn_fdk ▶ Call ▶ predict: Endpoint (checked) ▶ oci: sign ▶ forward ─ TLS ─▶ model deployment
//!         ◀───────── Reply ◀─────────────────────── Prediction | Error ◀──────────┘
//! ```
//!
//! - [`fn_fdk`], a crate of its own, keeps the container contract of the Fn Project and of OCI Functions, for any function.
//! - [`oci`] finds credentials and signs requests, for any OCI service.
//! - [`predict`] is this function: which address, which headers, and what the caller learns when it fails.
//!
//! [`config`] reads what the operator set. `fn_fdk` and `oci` never name each other, nor `predict`.
//!
//! The rules that they keep can be read in the repository: `docs/spec/fn-container-contract.md` for `fn_fdk`,
//! `docs/spec/oci-request-signing.md` for `oci`, `docs/spec/oci-services.md` for `predict`. `Source:` names the place.

pub mod config;
pub mod oci;
pub mod predict;
