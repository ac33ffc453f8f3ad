//! What Terraform plans: `tests/terraform/plan.json`, which `.ci/terraform` holds against a fresh
//! one.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The repository's file or directory.
pub(crate) fn place(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// What is planned in a run of `deploy/terraform/tests/rendered.tftest.hcl`: by the address of a
/// resource its one argument of interest.
pub(crate) fn plan(run: &str) -> Value {
    let text = std::fs::read_to_string(place("tests/terraform/plan.json")).unwrap();
    let mut runs: Value = serde_json::from_str(&text).unwrap();
    runs[run].take()
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
