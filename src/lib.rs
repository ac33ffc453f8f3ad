//! The library of an Oracle Cloud function that calls Data Science model deployments.
//!
//! ```text
//! agent ─ socket ─▶ fn_fdk ▶ Call ▶ front ▶ predict: Endpoint (checked) ▶ sign ▶ forward ─ TLS ─▶ model deployment
//!         ◀──────────────── Reply ◀─── Response ◀──────────── Prediction | Error ◀───────┘
//! ```
//!
//! - [`fn_fdk`], a crate of its own, keeps the container contract of the Fn Project and of OCI Functions, for any function.
//! - [`oracle_cloud_client`], another, finds credentials and calls any OCI service; it signs with `oracle-cloud-signature`.
//! - [`front`] turns calls into requests and responses into replies.
//! - [`predict`] is this function: which address, which headers, and what the caller learns when it fails. It knows requests and
//!   responses alone, whoever brings them.
//!
//! [`config`] reads what the operator set. The crates never name the function.
//!
//! The rules that they keep can be read in the repository: `docs/spec/fn-container-contract.md` for `fn_fdk`,
//! `docs/spec/oci-request-signing.md` for the other two, `docs/spec/oci-services.md` for `predict`. `Source:` names the place.

pub mod config;
pub mod front;
pub mod predict;
