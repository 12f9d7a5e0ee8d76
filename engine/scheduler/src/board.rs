//! The nodes as flat rows, made when there is a pod to place.

use aegis_cluster::cluster::Cluster;
use aegis_cluster::rules::NodeView;
use aegis_cluster::workings::{Demand, Ground, NodeSums, Room};
use aegis_model::kubernetes::NodeCapacity;
use aegis_model::objects::Node;
use aegis_model::{NodeId, Objects, Table};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Pods per node where a node says nothing: the kubelet's `maxPods`.
const MAX_PODS: u64 = 110;

/// All nodes that exist.
#[derive(Debug, Default)]
pub(super) struct Board {
    /// In order of ids.
    pub rows: Vec<Row>,
    /// Whether some node is cordoned or has a taint.
    pub guarded: Guarded,
    /// Rows on which pods have come, in order.
    pub charges: Vec<u32>,
    topologies: BTreeMap<SmolStr, Arc<Topology>>,
    /// Rows that hold an image, by its number.
    holders: BTreeMap<u32, Arc<[u32]>>,
}

/// Whether some node keeps pods off.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guarded {
    Yes,
    #[default]
    No,
}

/// One node: what it has, and what is asked of it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Grows with each pod that comes.
    pub version: u32,
    pub node: NodeId,
    pub cpu: u64,
    pub memory: u64,
    pub pods: u64,
    pub sums: NodeSums,
}

/// Nodes by the value of a label.
#[derive(Debug, Default)]
pub(super) struct Topology {
    /// Per row: its domain; [`Topology::NONE`] without the label.
    pub domains: Vec<u32>,
    /// Number of domains.
    pub count: usize,
}

impl Topology {
    /// No domain.
    pub const NONE: u32 = u32::MAX;

    /// The domain of a row.
    pub fn of(&self, row: usize) -> Option<usize> {
        let domain = self.domains[row];
        (domain != Self::NONE).then_some(domain as usize)
    }

    /// As many domains as rows, in their order.
    fn one_each(rows: usize) -> Self {
        Self {
            domains: (0..rows as u32).collect(),
            count: rows,
        }
    }

    /// Whether each row is a domain of its own.
    pub fn is_one_each(&self) -> bool {
        self.count == self.domains.len()
    }
}

/// What a node gives to pods, of one resource; `capacity` where `allocatable` is silent.
fn allocatable(capacity: &NodeCapacity, name: &str) -> Option<u64> {
    let amount = capacity
        .allocatable
        .get(name)
        .or_else(|| capacity.capacity.get(name))?;
    Some(amount.millicores().0)
}

/// Thousandths of a resource that a node gives to pods; 0 where it has none.
pub(super) fn amount(node: &Node, name: &str) -> u64 {
    allocatable(&node.capacity, name).unwrap_or(0)
}

fn room(capacity: &NodeCapacity) -> Room {
    let amount = |name| allocatable(capacity, name);
    Room {
        cpu: amount("cpu").unwrap_or(0),
        memory: amount("memory").unwrap_or(0) / 1000,
        pods: amount("pods").map_or(MAX_PODS, |pods| pods / 1000),
    }
}

fn ground(nodes: &Table<Node>) -> Ground {
    let existing = nodes.enumerate().filter(|(_, node)| node.header.exists());
    let guards = |node: &Node| node.spec.unschedulable || !node.spec.taints.is_empty();
    Ground {
        rooms: existing
            .map(|(index, node)| (NodeId::from(index), room(&node.capacity)))
            .collect(),
        guarded: nodes.iter().any(guards),
    }
}

impl Board {
    /// The nodes of a cluster.
    pub fn of<P>(cluster: &mut Cluster<P>) -> Self {
        let scheduler = &mut cluster.workings.scheduler;
        let ground = scheduler.ground.of(&cluster.objects.nodes, ground);
        let row = |(node, room): &(NodeId, Room)| Row {
            version: 1,
            node: *node,
            cpu: room.cpu,
            memory: room.memory,
            pods: room.pods,
            sums: scheduler.sums(*node),
        };
        Self {
            rows: ground.rooms.iter().map(row).collect(),
            guarded: match ground.guarded {
                true => Guarded::Yes,
                false => Guarded::No,
            },
            charges: Vec::new(),
            topologies: BTreeMap::new(),
            holders: BTreeMap::new(),
        }
    }

    /// The rows whose nodes hold an image; looked for once per board.
    pub fn holders<P>(&mut self, cluster: &Cluster<P>, image: u32) -> Arc<[u32]> {
        if let Some(known) = self.holders.get(&image) {
            return known.clone();
        }
        let nodes = cluster.workings.kubelet.holders(image).iter();
        let rows = nodes.filter_map(|node| self.row_of(*node));
        let rows: Arc<[u32]> = rows.map(|row| row as u32).collect();
        self.holders.insert(image, rows.clone());
        rows
    }

    /// The row of a node.
    pub fn row_of(&self, node: NodeId) -> Option<usize> {
        // As long as no node is gone, rows are numbered as nodes are.
        match self.rows.get(node.index()) {
            Some(row) if row.node == node => Some(node.index()),
            _ => self.rows.binary_search_by_key(&node, |row| row.node).ok(),
        }
    }

    /// The nodes by the value of a label; computed once per board. Domains are numbered in order of nodes.
    pub fn topology(&mut self, objects: &Objects, key: &str) -> Arc<Topology> {
        if let Some(known) = self.topologies.get(key) {
            return known.clone();
        }
        let topology = Arc::new(match key {
            HOSTNAME if self.is_named_by_hostname(objects) => Topology::one_each(self.rows.len()),
            _ => self.by_label(objects, key),
        });
        self.topologies.insert(key.into(), topology.clone());
        topology
    }

    /// Whether each node's hostname is its name, as kubelets set it: names are unique.
    fn is_named_by_hostname(&self, objects: &Objects) -> bool {
        self.rows.iter().all(|row| {
            let header = &objects.nodes[row.node.index()].header;
            let given = header.labels.get(HOSTNAME);
            given.is_none_or(|name| *name == header.reference.name)
        })
    }

    fn by_label(&self, objects: &Objects, key: &str) -> Topology {
        let mut numbers: BTreeMap<SmolStr, u32> = BTreeMap::new();
        let mut domains = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let label = label(objects, row.node, key);
            domains.push(label.map_or(Topology::NONE, |value| {
                let next = numbers.len() as u32;
                *numbers.entry(value).or_insert(next)
            }));
        }
        Topology {
            domains,
            count: numbers.len(),
        }
    }

    /// Counts a pod on a row.
    pub fn charge(&mut self, row: usize, demand: &Demand) {
        self.rows[row].sums.add(demand);
        self.rows[row].version += 1;
        self.charges.push(row as u32);
    }
}

/// The label that makes each node a domain of its own.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// A node's label; `kubernetes.io/hostname` is its name where it is not set.
fn label(objects: &Objects, node: NodeId, key: &str) -> Option<SmolStr> {
    let header = &objects.nodes[node.index()].header;
    let own = header.labels.get(key).cloned();
    own.or_else(|| (key == HOSTNAME).then(|| header.reference.name.clone()))
}

/// A node as the rules see it.
pub(super) fn view(objects: &Objects, node: NodeId) -> NodeView<'_> {
    let node = &objects.nodes[node.index()];
    NodeView {
        name: &node.header.reference.name,
        labels: &node.header.labels,
        spec: &node.spec,
    }
}
