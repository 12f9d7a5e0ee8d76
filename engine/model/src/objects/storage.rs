//! Rows of persistent volumes, claims and classes.
//!
//! The document of a row is written by the controllers too (`claimRef`, `volumeName`, annotations),
//! as on an API server; the typed spec beside it is read from it.

use super::rows::Header;
use super::status::Condition;
use crate::ids::NodeId;
use crate::kubernetes::{
    AccessMode, PersistentVolumeClaimSpec, PersistentVolumeSpec, StorageClassSpec,
};
use crate::quantity::Quantity;
use crate::units::Tick;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `status.phase` of a PersistentVolume.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes phase of that name"
)]
pub enum VolumePhase {
    #[default]
    Pending,
    Available,
    Bound,
    Released,
    Failed,
}

/// `status.phase` of a PersistentVolumeClaim.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes phase of that name"
)]
pub enum ClaimPhase {
    #[default]
    Pending,
    Bound,
    Lost,
}

/// A PersistentVolume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersistentVolume {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<PersistentVolumeSpec>,
    /// `status.phase`.
    pub phase: VolumePhase,
    /// `status.lastPhaseTransitionTime`.
    pub since: Tick,
    /// `status.message`, where reclaiming failed.
    pub message: Option<Arc<str>>,
    /// `metadata.deletionTimestamp`: it goes when no claim has it.
    pub deletion: Option<Tick>,
    /// Nodes to which it is attached: its VolumeAttachments.
    #[serde(default)]
    pub attached: Vec<NodeId>,
}

/// A PersistentVolumeClaim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersistentVolumeClaim {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<PersistentVolumeClaimSpec>,
    /// `status.phase`.
    pub phase: ClaimPhase,
    /// `status.capacity.storage`, once bound.
    pub capacity: Option<Quantity>,
    /// `status.accessModes`, once bound.
    pub access_modes: Vec<AccessMode>,
    /// `status.conditions`, while it is resized.
    pub conditions: Vec<Condition>,
    /// `metadata.deletionTimestamp`: it goes when no pod uses it.
    pub deletion: Option<Tick>,
}

/// A StorageClass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StorageClass {
    /// Name, labels, document.
    pub header: Header,
    /// Its fields, typed.
    pub spec: Arc<StorageClassSpec>,
}

impl VolumePhase {
    /// As printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Available => "Available",
            Self::Bound => "Bound",
            Self::Released => "Released",
            Self::Failed => "Failed",
        }
    }
}

impl ClaimPhase {
    /// As printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Bound => "Bound",
            Self::Lost => "Lost",
        }
    }
}

impl PersistentVolume {
    /// `capacity.storage`; 0 where there is none.
    #[must_use]
    pub fn capacity(&self) -> Quantity {
        self.spec.capacity.get("storage").unwrap_or_default()
    }
}

impl PersistentVolumeClaim {
    /// `resources.requests.storage`; 0 where there is none.
    #[must_use]
    pub fn request(&self) -> Quantity {
        let requests = &self.spec.resources.requests;
        requests.get("storage").unwrap_or_default()
    }

    /// Its class; empty for none.
    #[must_use]
    pub fn class(&self) -> &str {
        self.spec.storage_class_name.as_deref().unwrap_or_default()
    }
}
