//! Persistent volumes, claims on them, and the classes that they come from.

use super::pod::NodeSelector;
use super::resources::{ResourceList, ResourceRequirements};
use super::selector::LabelSelector;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// How a volume may be mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes access mode of that name"
)]
pub enum AccessMode {
    ReadWriteOnce,
    ReadOnlyMany,
    ReadWriteMany,
    ReadWriteOncePod,
}

/// What becomes of a volume whose claim is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes policy of that name"
)]
pub enum ReclaimPolicy {
    Retain,
    Recycle,
    Delete,
}

/// When a claim of a class is bound.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes mode of that name"
)]
pub enum VolumeBindingMode {
    #[default]
    Immediate,
    WaitForFirstConsumer,
}

/// `spec:` of a PersistentVolumeClaim.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeClaimSpec {
    /// Modes that the volume must have, all of them.
    pub access_modes: Vec<AccessMode>,
    /// `requests.storage`.
    pub resources: ResourceRequirements,
    /// Class; empty for none, absent for the default one.
    pub storage_class_name: Option<SmolStr>,
    /// `Filesystem` (default) or `Block`.
    pub volume_mode: Option<SmolStr>,
    /// The volume, once bound or where one is asked for.
    pub volume_name: SmolStr,
    /// Labels of the volume.
    pub selector: Option<LabelSelector>,
}

/// `spec:` of a PersistentVolume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeSpec {
    /// `storage`.
    pub capacity: ResourceList,
    /// Modes in which it can be mounted.
    pub access_modes: Vec<AccessMode>,
    /// Class; empty for none.
    pub storage_class_name: SmolStr,
    /// `Filesystem` (default) or `Block`.
    pub volume_mode: Option<SmolStr>,
    /// `Retain` by default.
    pub persistent_volume_reclaim_policy: Option<ReclaimPolicy>,
    /// The claim that has it, or for which it is kept.
    pub claim_ref: Option<ClaimReference>,
    /// Nodes that can reach it.
    pub node_affinity: Option<VolumeNodeAffinity>,
    /// A volume of a CSI driver.
    pub csi: Option<CsiVolume>,
}

/// `claimRef:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimReference {
    /// Namespace of the claim.
    pub namespace: SmolStr,
    /// Its name.
    pub name: SmolStr,
    /// Its uid; empty where the volume is only kept for a claim of that name.
    pub uid: SmolStr,
}

/// `nodeAffinity:` of a volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeNodeAffinity {
    /// Any of these terms must hold.
    pub required: Option<NodeSelector>,
}

/// `csi:` of a volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiVolume {
    /// Name of the driver.
    pub driver: SmolStr,
}

/// The fields of a StorageClass, which has no `spec`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StorageClassSpec {
    /// Who makes volumes of the class.
    pub provisioner: SmolStr,
    /// Policy of the volumes made; `Delete` by default.
    pub reclaim_policy: Option<ReclaimPolicy>,
    /// When claims are bound; `Immediate` by default.
    pub volume_binding_mode: VolumeBindingMode,
    /// Whether claims may grow.
    pub allow_volume_expansion: bool,
    /// Where volumes may be made; anywhere where empty.
    pub allowed_topologies: Vec<TopologySelectorTerm>,
}

/// One entry of `allowedTopologies`, all of whose parts must hold.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySelectorTerm {
    /// Labels of nodes.
    pub match_label_expressions: Vec<TopologySelector>,
}

/// One label and its allowed values.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySelector {
    /// Label key.
    pub key: SmolStr,
    /// Values, any of them.
    pub values: Vec<SmolStr>,
}
