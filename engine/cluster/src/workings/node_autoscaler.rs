//! Groups of nodes that an autoscaler may grow and shrink, and what it remembers of them.

use aegis_model::{Doc, NodeId, Tick};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// What the cluster autoscaler knows; without groups it does nothing.
#[derive(Debug, Default, Clone)]
pub struct NodeAutoscaler {
    /// The groups, in the order of the scenario.
    pub groups: Arc<Vec<NodeGroup>>,
    /// Next look at the cluster.
    pub next: Tick,
    /// When a group last grew.
    pub grown: Option<Tick>,
    /// Nodes that are not needed, and since when.
    pub unneeded: Arc<BTreeMap<NodeId, Tick>>,
    /// Nodes that are being emptied, and since when.
    pub leaving: Arc<BTreeMap<NodeId, Tick>>,
    /// Number of the last node that was named.
    pub named: u32,
}

/// Equal nodes whose number may change.
#[derive(Debug, Clone)]
pub struct NodeGroup {
    /// Name, as it stands in Events.
    pub name: SmolStr,
    /// Fewest nodes.
    pub min: u32,
    /// Most nodes.
    pub max: u32,
    /// Seconds from asking for a node until it is ready.
    pub startup: u32,
    /// Documents of a new node, without a name; one per zone, taken in turn.
    pub documents: Vec<Doc>,
    /// Nodes made so far, for the turn of the zones.
    pub made: u32,
    /// Nodes that it had or has.
    pub nodes: Vec<NodeId>,
    /// When nodes that were asked for will be ready, in order.
    pub coming: Vec<Tick>,
    /// Not asked before then: nodes did not come in time.
    pub backed_off: Tick,
}
