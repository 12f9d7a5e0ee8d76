//! What the node lifecycle controller remembers.

use super::OfNodes;
use aegis_model::kubernetes::Taint;
use aegis_model::objects::ConditionStatus;
use aegis_model::{NodeId, PodId, Tick};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// State of the node lifecycle controller.
#[derive(Debug, Default, Clone)]
pub struct Lifecycle {
    /// Nodes that are not ready and not yet tainted `NoExecute`.
    pub queued: Arc<BTreeSet<NodeId>>,
    /// When the next node of a zone may be tainted.
    pub next_taint: Arc<BTreeMap<SmolStr, Tick>>,
    /// `NoExecute` taints of nodes, and since when they are there.
    pub no_execute: Arc<BTreeMap<NodeId, Vec<(Taint, Tick)>>>,
    /// Pods that name a node that is not there, and since when.
    pub strays: Arc<Vec<(PodId, Tick)>>,
    /// Which nodes are ready; nothing of one that is gone.
    pub ready: OfNodes<Vec<Option<ConditionStatus>>>,
    /// Nodes whose status was written as not ready, and whose pods do not show it yet.
    pub reported_down: Arc<BTreeSet<NodeId>>,
}
