//! Resource lists, requests and limits.

use crate::quantity::Quantity;
use crate::units::{Bytes, Millicores};
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// `cpu`, `memory`, `pods`, `ephemeral-storage`, extended resources: amounts by name.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceList(pub BTreeMap<SmolStr, Quantity>);

impl ResourceList {
    /// The amount of `name`, if given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Quantity> {
        self.0.get(name).copied()
    }

    /// `cpu`, if given.
    #[must_use]
    pub fn cpu(&self) -> Option<Millicores> {
        self.get("cpu").map(Quantity::millicores)
    }

    /// `memory`, if given.
    #[must_use]
    pub fn memory(&self) -> Option<Bytes> {
        self.get("memory").map(Quantity::bytes)
    }
}

/// `resources:` of a container.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRequirements {
    /// Guaranteed to the container; used by the scheduler.
    pub requests: ResourceList,
    /// Most that the container may use.
    pub limits: ResourceList,
}

impl ResourceRequirements {
    /// The request for `name`; the limit where no request is given (an explicit 0 stays 0).
    /// Source: pkg/apis/core/v1/defaults.go `SetDefaults_Pod`.
    #[must_use]
    pub fn request(&self, name: &str) -> Option<Quantity> {
        self.requests.get(name).or_else(|| self.limits.get(name))
    }
}
