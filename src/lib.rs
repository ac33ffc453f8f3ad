//! The library of an Oracle Cloud function that calls Data Science model deployments.
//!
//! ```text
//! agent ─ socket ─▶ fdk ▶ Call ▶ predict: Endpoint (checked) ▶ oci: sign ▶ forward ─ TLS ─▶ model deployment
//!         ◀─────── Reply ◀─────────────────────── Prediction | Error ◀──────────┘
//! ```
//!
//! Three rooms, each of use without the others:
//!
//! - [`fdk`] keeps the container contract of the Fn Project and of OCI Functions, for any function.
//! - [`oci`] finds credentials and signs requests, for any OCI service.
//! - [`predict`] is this function: which address, which headers, and what the caller learns when it fails.
//!
//! [`config`] reads what the operator set. `fdk` and `oci` never name each other, nor `predict`.

pub mod config;
pub mod fdk;
pub mod oci;
pub mod predict;
