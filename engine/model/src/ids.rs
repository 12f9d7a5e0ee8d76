//! Dense ids: small integers in order of first appearance.
//!
//! An id is an index into a [`crate::Table`]. Order by id is order of first
//! appearance, so that renaming an object moves nothing.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            fn from(index: usize) -> Self {
                debug_assert!(index < u32::MAX as usize);
                Self(index as u32)
            }
        }
    )*};
}

ids! {
    /// A Node.
    NodeId,
    /// A Pod, alive or gone; never reused within a cluster.
    PodId,
    /// A top-level workload: Deployment, StatefulSet, DaemonSet, bare ReplicaSet or bare Pod.
    WorkloadId,
    /// A ReplicaSet that a Deployment owns (one per revision).
    ReplicaSetId,
    /// A Service.
    ServiceId,
    /// A HorizontalPodAutoscaler.
    AutoscalerId,
    /// A NetworkPolicy.
    PolicyId,
    /// A PodDisruptionBudget.
    BudgetId,
    /// A PersistentVolume.
    VolumeId,
    /// A PersistentVolumeClaim.
    ClaimId,
    /// A StorageClass.
    ClassId,
    /// A pod template of one revision.
    TemplateId,
    /// An object that is kept and not typed further: ConfigMap, Secret, Namespace, and all others.
    PlainId,
}

/// A document, shared until changed.
pub type Doc = alloc::sync::Arc<serde_json::Value>;
