//! Where things are: objects by name, pods by node, events by content.
//!
//! For looking up only: nothing is ever iterated in an order that comes from a
//! name. All parts are shared between forks until written.

use crate::api::events::Allowance;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{
    AutoscalerId, BudgetId, ClaimId, ClassId, NodeId, Objects, PlainId, PodId, PolicyId,
    ReplicaSetId, ServiceId, Table, VolumeId, WorkloadId,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Where an object's row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant is the table of that name")]
pub enum Slot {
    Node(NodeId),
    Workload(WorkloadId),
    ReplicaSet(ReplicaSetId),
    Pod(PodId),
    Service(ServiceId),
    Autoscaler(AutoscalerId),
    Policy(PolicyId),
    Budget(BudgetId),
    Volume(VolumeId),
    Claim(ClaimId),
    Class(ClassId),
    Plain(PlainId),
}

/// Look-up structures over [`Objects`], kept by [`crate::api`].
#[derive(Debug, Default, Clone)]
pub struct Index {
    slots: Table<Slot>,
    names: Chains,
    uids: Arc<BTreeMap<SmolStr, Slot>>,
    node_pods: Table<Arc<Vec<PodId>>>,
    unbound: Arc<BTreeSet<PodId>>,
    /// Workloads that take in pods by their labels, gone ones too: few, where bare pods are many.
    selecting: Arc<Vec<WorkloadId>>,
    numbers: u32,
    /// Grows with each object that is no pod and comes or goes.
    stamp: u32,
    /// Events by object and reason.
    pub events: Chains,
    /// What sources may still say, by source and object.
    pub(crate) allowances: Table<Allowance>,
    /// Where those are.
    pub(crate) sources: Chains,
    /// Events that were held back, by row.
    pub(crate) held_back: Arc<BTreeMap<u32, u32>>,
    /// Whether anything changed on which the network of traffic depends: endpoints, readiness,
    /// placement, policies, Services, behaviours, templates. The traffic step clears it.
    pub topology_dirty: bool,
    /// Priority of pods that name no class: that of the PriorityClass with `globalDefault`.
    pub default_priority: i32,
}

impl Index {
    /// The number that the next object will have.
    pub const fn next_number(&self) -> u32 {
        self.numbers
    }

    /// The next canonical number, in order of first appearance over all kinds.
    pub fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers - 1
    }

    /// The next object gets this number.
    pub const fn count_from(&mut self, next: u32) {
        self.numbers = next;
    }

    /// Registers a new row.
    pub fn insert(&mut self, reference: &ObjectRef, slot: Slot) {
        self.names.push(hash_of(reference));
        self.slots.push(slot);
        if !matches!(slot, Slot::Pod(_)) {
            self.note_change();
        }
        if let (Slot::Workload(id), Kind::Deployment | Kind::ReplicaSet) = (slot, &reference.kind) {
            Arc::make_mut(&mut self.selecting).push(id);
        }
    }

    /// Deployments and ReplicaSets of their own, in order of ids; those that are gone too.
    #[must_use]
    pub fn selecting(&self) -> &[WorkloadId] {
        &self.selecting
    }

    /// The newest workload of that name that is gone.
    #[must_use]
    pub fn gone(&self, objects: &Objects, reference: &ObjectRef) -> Option<WorkloadId> {
        let rows = self.names.rows(hash_of(reference));
        let mut slots = rows.map(|row| self.slots[row]);
        slots.find_map(|slot| match slot {
            Slot::Workload(id) => {
                let header = &objects.workloads[id.index()].header;
                (header.removed.is_some() && header.reference == *reference).then_some(id)
            }
            _ => None,
        })
    }

    /// State of the objects that are no pods: another one after each that came or went.
    pub(crate) const fn stamp(&self) -> u32 {
        self.stamp
    }

    /// An object that is no pod came, went, or changed what it uses.
    pub(crate) const fn note_change(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
    }

    /// Registers the `metadata.uid` of a document that has one.
    pub fn insert_uid(&mut self, uid: &SmolStr, slot: Slot) {
        if !uid.is_empty() {
            Arc::make_mut(&mut self.uids).insert(uid.clone(), slot);
        }
    }

    /// The row of the newest existing object of that kind, namespace and name.
    #[must_use]
    pub fn find(&self, objects: &Objects, reference: &ObjectRef) -> Option<Slot> {
        self.names
            .rows(hash_of(reference))
            .map(|row| self.slots[row])
            .find(|slot| names(objects, *slot, reference))
    }

    /// The row of the object whose document has this uid.
    #[must_use]
    pub fn by_uid(&self, uid: &str) -> Option<Slot> {
        self.uids.get(uid).copied()
    }

    /// Pods bound to a node, in order of binding; terminated ones too while they exist.
    #[must_use]
    pub fn pods_on(&self, node: NodeId) -> &[PodId] {
        self.node_pods
            .get(node.index())
            .map_or(&[], |pods| pods.as_slice())
    }

    /// Pods that exist and are bound to no node, by id: what the scheduler may look at.
    #[must_use]
    pub fn unbound(&self) -> &BTreeSet<PodId> {
        &self.unbound
    }

    /// A node has joined: it gets an empty list of pods.
    pub fn admit_node(&mut self) {
        self.node_pods.push(Arc::default());
    }

    /// The pod has no node yet.
    pub fn await_binding(&mut self, pod: PodId) {
        Arc::make_mut(&mut self.unbound).insert(pod);
    }

    /// The pod is on the node from now on.
    pub fn bind(&mut self, pod: PodId, node: NodeId) {
        self.forget_unbound(pod);
        if let Some(pods) = self.node_pods.get_mut(node.index()) {
            Arc::make_mut(pods).push(pod);
        }
        self.topology_dirty = true;
    }

    /// The pod is gone, from its node or from those that wait for one.
    pub fn forget(&mut self, pod: PodId, node: Option<NodeId>) {
        self.forget_unbound(pod);
        if let Some(pods) = node.and_then(|node| self.node_pods.get_mut(node.index())) {
            Arc::make_mut(pods).retain(|other| *other != pod);
        }
        self.topology_dirty = true;
    }

    /// The pod waits for no scheduler any more.
    pub(crate) fn forget_unbound(&mut self, pod: PodId) {
        if self.unbound.contains(&pod) {
            Arc::make_mut(&mut self.unbound).remove(&pod);
        }
    }
}

/// Whether the row exists and is the object of that name.
fn names(objects: &Objects, slot: Slot, reference: &ObjectRef) -> bool {
    if let Slot::Pod(id) = slot {
        let pod = &objects.pods[id.index()];
        return pod.exists()
            && reference.kind == Kind::Pod
            && pod.name == reference.name
            && pod.namespace == reference.namespace;
    }
    header(objects, slot).is_some_and(|header| header.exists() && header.reference == *reference)
}

/// The header of a row; pods have none.
#[must_use]
pub fn header(objects: &Objects, slot: Slot) -> Option<&aegis_model::objects::Header> {
    Some(match slot {
        Slot::Node(id) => &objects.nodes.get(id.index())?.header,
        Slot::Workload(id) => &objects.workloads.get(id.index())?.header,
        Slot::ReplicaSet(id) => &objects.replica_sets.get(id.index())?.header,
        Slot::Service(id) => &objects.services.get(id.index())?.header,
        Slot::Autoscaler(id) => &objects.autoscalers.get(id.index())?.header,
        Slot::Policy(id) => &objects.policies.get(id.index())?.header,
        Slot::Budget(id) => &objects.budgets.get(id.index())?.header,
        Slot::Volume(id) => &objects.volumes.get(id.index())?.header,
        Slot::Claim(id) => &objects.claims.get(id.index())?.header,
        Slot::Class(id) => &objects.classes.get(id.index())?.header,
        Slot::Plain(id) => &objects.plain.get(id.index())?.header,
        Slot::Pod(_) => return None,
    })
}

/// The same for writing.
pub fn header_mut(objects: &mut Objects, slot: Slot) -> Option<&mut aegis_model::objects::Header> {
    Some(match slot {
        Slot::Node(id) => &mut objects.nodes.get_mut(id.index())?.header,
        Slot::Workload(id) => &mut objects.workloads.get_mut(id.index())?.header,
        Slot::ReplicaSet(id) => &mut objects.replica_sets.get_mut(id.index())?.header,
        Slot::Service(id) => &mut objects.services.get_mut(id.index())?.header,
        Slot::Autoscaler(id) => &mut objects.autoscalers.get_mut(id.index())?.header,
        Slot::Policy(id) => &mut objects.policies.get_mut(id.index())?.header,
        Slot::Budget(id) => &mut objects.budgets.get_mut(id.index())?.header,
        Slot::Volume(id) => &mut objects.volumes.get_mut(id.index())?.header,
        Slot::Claim(id) => &mut objects.claims.get_mut(id.index())?.header,
        Slot::Class(id) => &mut objects.classes.get_mut(id.index())?.header,
        Slot::Plain(id) => &mut objects.plain.get_mut(id.index())?.header,
        Slot::Pod(_) => return None,
    })
}

/// Buckets of a small [`Chains`]; doubled when there are more rows, so that chains stay short.
const BUCKETS: usize = 1024;
const NONE: u32 = u32::MAX;

/// A hash table that forks in the time of a pointer copy: rows are numbered in the order in
/// which they were pushed, and chained newest first.
#[derive(Debug, Default, Clone)]
pub struct Chains {
    heads: Table<u32>,
    links: Table<Link>,
}

/// A row in its chain.
#[derive(Debug, Clone, Copy)]
struct Link {
    hash: u32,
    next: u32,
}

impl Chains {
    /// Adds the next row under `hash`.
    pub fn push(&mut self, hash: u32) {
        if self.links.len() >= self.heads.len() {
            self.widen();
        }
        let bucket = hash as usize % self.heads.len();
        let next = self.heads[bucket];
        self.heads[bucket] = self.links.push(Link { hash, next }) as u32;
    }

    /// Rows that have `hash`, newest first.
    pub fn rows(&self, hash: u32) -> impl Iterator<Item = usize> {
        let bucket = hash as usize % self.heads.len().max(1);
        let row = |row: u32| {
            let link = *self.links.get(row as usize)?;
            Some((row, link))
        };
        let first = self.heads.get(bucket).and_then(|head| row(*head));
        core::iter::successors(first, move |(_, link)| row(link.next))
            .filter(move |(_, link)| link.hash == hash)
            .map(|(row, _)| row as usize)
    }

    /// Twice as many buckets; within each, the newest row still comes first.
    fn widen(&mut self) {
        let buckets = (2 * self.heads.len()).max(BUCKETS);
        let mut heads: Table<u32> = (0..buckets).map(|_| NONE).collect();
        let mut links = Table::default();
        for (row, link) in self.links.enumerate() {
            let bucket = link.hash as usize % buckets;
            let next = heads[bucket];
            links.push(Link { next, ..*link });
            heads[bucket] = row as u32;
        }
        (self.heads, self.links) = (heads, links);
    }
}

/// FNV-1a (Fowler, Noll, Vo), 32 bits.
#[derive(Debug, Clone, Copy)]
pub struct Fnv(u32);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x811C_9DC5)
    }
}

impl Fnv {
    /// Adds bytes.
    pub fn add(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// The hash of all that was added.
    #[must_use]
    pub const fn finish(self) -> u32 {
        self.0
    }
}

impl core::fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.add(text.bytes());
        Ok(())
    }
}

/// [`Fnv`] over texts with a separator.
#[must_use]
pub fn fnv1a(texts: &[&str]) -> u32 {
    let mut hash = Fnv::default();
    for text in texts {
        hash.add(text.bytes().chain([0]));
    }
    hash.finish()
}

fn hash_of(reference: &ObjectRef) -> u32 {
    fnv1a(&[
        reference.kind.as_str(),
        &reference.namespace,
        &reference.name,
    ])
}
