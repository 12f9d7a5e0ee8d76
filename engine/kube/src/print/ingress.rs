//! Ingresses: what the API server fills in.
//!
//! Nothing in a bare cluster acts on an Ingress, so its status stays empty until a controller writes one.

use serde_json::{Value, json};

/// An empty status, and the generation that the API server counts.
pub fn complete(object: &mut Value) {
    object["metadata"]["generation"] = json!(1);
    if object["status"].is_null() {
        object["status"] = json!({"loadBalancer": {}});
    }
}
