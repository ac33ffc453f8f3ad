//! Work requests: the outcome of an accepted change.

use serde_json::{Value, json};

/// A change of a function.
#[derive(Clone, Debug)]
pub(super) struct WorkRequest {
    pub(super) id: String,
    pub(super) function: String,
    compartment: String,
    operation: &'static str,
    /// How it ended, once somebody looked after its end.
    outcome: Option<bool>,
    /// The code of a failure.
    code: &'static str,
}

impl WorkRequest {
    pub(super) fn new(
        number: usize,
        operation: &'static str,
        function: &str,
        compartment: &str,
    ) -> Self {
        Self {
            id: format!("ocid1.functionsworkrequest.oc1.sa-saopaulo-1.aaaaaaaaemulated{number:04}"),
            function: function.to_owned(),
            compartment: compartment.to_owned(),
            operation,
            outcome: None,
            code: "EmulatedFailure",
        }
    }

    /// The function has come to this.
    pub(super) fn ended(&mut self, outcome: Option<bool>, code: &'static str) {
        self.outcome = self.outcome.or(outcome);
        self.code = code;
    }

    pub(super) fn document(&self) -> Value {
        let status = match self.outcome {
            None => "IN_PROGRESS",
            Some(true) => "SUCCEEDED",
            Some(false) => "FAILED",
        };
        json!({
            "id": self.id,
            "operationType": self.operation,
            "status": status,
            "compartmentId": self.compartment,
            "resources": [{
                "entityType": "function",
                "actionType": self.operation,
                "identifier": self.function,
            }],
            "percentComplete": if self.outcome.is_some() { 100.0 } else { 50.0 },
            "timeAccepted": "2026-11-28T00:00:00Z",
        })
    }

    /// Returns what went wrong.
    pub(super) fn errors(&self) -> Vec<Value> {
        let error = json!({
            "code": self.code,
            "message": "the change was told to fail",
            "timestamp": "2026-11-28T00:00:00Z",
        });
        if self.outcome == Some(false) { vec![error] } else { Vec::new() }
    }
}
