//! An application, which functions belong to.

use serde_json::{Value, json};

/// An application of one shape.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) compartment: String,
    pub(super) shape: String,
}

impl Application {
    pub(super) fn new(name: &str, compartment: &str, shape: &str) -> Self {
        Self {
            id: format!("ocid1.fnapp.oc1.sa-saopaulo-1.aaaaaaaa{}", name.to_lowercase()),
            name: name.to_owned(),
            compartment: compartment.to_owned(),
            shape: shape.to_owned(),
        }
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "id": self.id,
            "displayName": self.name,
            "compartmentId": self.compartment,
            "lifecycleState": "ACTIVE",
            "shape": self.shape,
            "subnetIds": ["ocid1.subnet.oc1.sa-saopaulo-1.aaaaaaaaemulated"],
            "timeCreated": "2026-11-01T00:00:00Z",
            "timeUpdated": "2026-11-01T00:00:00Z",
        })
    }
}
