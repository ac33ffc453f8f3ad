//! The library of an Oracle Cloud function that calls Data Science model deployments.
//!
//! ```text
//! agent ─ socket ─▶ fn_fdk ▶ Call ▶ front ▶ predict: Endpoint (checked) ▶ sign ▶ forward ─ TLS ─▶ model deployment
//!         ◀──────────────── Reply ◀─── Response ◀──────────── Prediction | Error ◀───────┘
//! ```
//!
//! - [`fn_fdk`], a crate of its own, implements the container contract of the Fn Project and of OCI
//!   Functions, for any function.
//! - [`oracle_cloud_client`], another, finds credentials and calls any OCI service; it signs with
//!   `oracle-cloud-signature`.
//! - [`front`] turns calls into requests and responses into replies.
//! - [`predict`] is this function: which address is called, with which headers, and what the caller
//!   learns of a failure. It knows only requests and responses, and no platform.
//! - [`services`] is the rule for operations of other services: values in, values out.
//!
//! [`config`] reads what the operator set, [`process`] what a process has to read itself. The crates never name the function.
//!
//! The rules that they follow are in the repository: `docs/spec/fn-container-contract.md` for
//! `fn_fdk`, `docs/spec/oci-request-signing.md` for the other two, `docs/spec/oci-services.md` for
//! `predict`. A comment `Source:` names the place.

pub mod config;
pub mod front;
mod ocid;
pub mod predict;
pub mod process;
pub mod services;
