//! The service that a route names, judged by the function's own rule.

use model_deployment_fn::services::{Refusal, Services};

use crate::gateway_spec::findings::{Findings, Place};

/// Judges a value of the header `name`, which has no variables. What its entry opens is not known
/// here.
pub(super) fn judge(name: &str, value: &str, place: &Place, findings: &mut Findings) {
    if let Err(refusal @ (Refusal::Length | Refusal::Form)) = Services::default().reach(value) {
        findings.refused(place, &format!("`{name}` is refused by the function: {refusal}"));
    }
}
