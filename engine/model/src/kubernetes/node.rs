//! Nodes.

use super::resources::ResourceList;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

/// `spec:` of a Node.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// Cordoned.
    pub unschedulable: bool,
    /// Taints.
    pub taints: Vec<Taint>,
}

/// One taint.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Taint {
    /// Key.
    pub key: SmolStr,
    /// Value.
    pub value: SmolStr,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: SmolStr,
}

/// `status.capacity` and `status.allocatable` of a Node.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeCapacity {
    /// What the machine has.
    pub capacity: ResourceList,
    /// What pods may request; `capacity` where absent.
    pub allocatable: ResourceList,
    /// `status.images`, as the document had it; null where it had none.
    pub images: Value,
}
