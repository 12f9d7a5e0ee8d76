//! What the scheduler remembers between two ticks: demands, sums per node, its queue.

use super::OfNodes;
use aegis_model::kubernetes::{Container, NodeCapacity, PodSpec, RestartPolicy};
use aegis_model::{NodeId, Objects, PodId, Table, TemplateId, Tick};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use smol_str::SmolStr;

/// State of the scheduler. With no pod to place it is neither read nor written.
#[derive(Debug, Default, Clone)]
pub struct Scheduler {
    demands: Table<Option<Arc<Demand>>>,
    charged: Table<Option<NodeId>>,
    sums: Table<NodeSums>,
    /// What the nodes give.
    pub ground: OfNodes<Ground>,
    /// Bound pods whose templates speak of other pods (affinity terms of any kind).
    pub affine: Arc<BTreeSet<PodId>>,
    /// Pods that wait for a node.
    pub queue: Arc<Queue>,
    /// What happened since the queue was last looked at.
    pub news: News,
    /// Nodes as the scheduler last saw them.
    pub seen: Arc<Vec<SeenNode>>,
    /// Where the next search for nodes starts, so that large clusters fill evenly.
    pub next_start: usize,
    /// Pods for which others were asked to go, and where.
    pub nominated: Arc<BTreeMap<PodId, NodeId>>,
}

/// The nodes that exist, without pods.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ground {
    /// In order of ids.
    pub rooms: Vec<(NodeId, Room)>,
    /// Whether some node is cordoned or has a taint.
    pub guarded: bool,
}

/// What a node gives to pods, of what every pod is measured by.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Millicores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    /// How many pods.
    pub pods: u64,
}

/// What pods of a template ask of a node.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Effective CPU request, millicores.
    pub cpu: u64,
    /// Effective memory request, bytes.
    pub memory: u64,
    /// Other effective requests: ephemeral storage and extended resources, in thousandths.
    pub other: Vec<(SmolStr, u64)>,
    /// CPU as the score counts it: 100m for each container without a request.
    pub scored_cpu: u64,
    /// Memory as the score counts it: 200 MiB for each container without a request.
    pub scored_memory: u64,
    /// Ports on the node.
    pub ports: Vec<HostPort>,
    /// Whether the template has affinity terms over pods.
    pub speaks_of_pods: SpeaksOfPods,
}

/// A port on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// Number.
    pub port: u16,
    /// Protocol as spelt; `TCP` by default.
    pub protocol: SmolStr,
    /// Address of the node; `0.0.0.0` is all.
    pub address: SmolStr,
}

impl HostPort {
    /// Whether two pods of a node cannot have both: on the same address, or where one is on all.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let anywhere = |port: &Self| port.address == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.address == other.address || anywhere(self) || anywhere(other))
    }
}

/// Whether a template has affinity or anti-affinity terms over pods.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum SpeaksOfPods {
    Yes,
    #[default]
    No,
}

/// Sums over the pods that are bound to a node and not over.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NodeSums {
    /// Requested CPU, millicores.
    pub cpu: u64,
    /// Requested memory, bytes.
    pub memory: u64,
    /// CPU as the score counts it.
    pub scored_cpu: u64,
    /// Memory as the score counts it.
    pub scored_memory: u64,
    /// Pods.
    pub pods: u64,
    /// What few pods ask for; nothing where none does.
    more: Option<Arc<More>>,
}

/// Sums of what few pods ask for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct More {
    /// Other resources, in thousandths.
    other: Vec<(SmolStr, u64)>,
    /// Ports in use.
    ports: Vec<HostPort>,
}

/// Pods that wait for a node.
#[derive(Debug, Default, Clone)]
pub struct Queue {
    /// To be tried, best first: higher priority, then longer waiting.
    pub active: BTreeSet<(Reverse<i32>, Tick, PodId)>,
    /// To be tried at a tick.
    pub backing_off: BTreeSet<(Tick, PodId)>,
    /// Found to fit nowhere; a change that may help wakes them, or five minutes.
    pub parked: BTreeMap<PodId, Parked>,
    /// Attempts so far, per waiting pod.
    pub attempts: BTreeMap<PodId, Attempts>,
}

/// Attempts to place a pod.
#[derive(Debug, Default, Clone, Copy)]
pub struct Attempts {
    /// How many failed.
    pub failed: u32,
    /// When the last one was.
    pub last: Tick,
}

/// A pod that fits nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Parked {
    /// Since when.
    pub since: Tick,
    /// What may help.
    pub helped_by: News,
}

/// What happened that may let a pod fit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// A node came or changed.
    pub node: bool,
    /// A pod left its node.
    pub freed: bool,
    /// A pod came to a node.
    pub bound: bool,
    /// A pod lost gates.
    pub gates: bool,
    /// A claim, volume or class came or changed.
    pub storage: bool,
}

impl News {
    /// Whether one of these is one of `others`.
    pub const fn meets(self, others: Self) -> bool {
        (self.node && others.node)
            || (self.freed && others.freed)
            || (self.bound && others.bound)
            || (self.gates && others.gates)
            || (self.storage && others.storage)
    }
}

/// A node's documents as the scheduler last saw them.
#[derive(Debug, Clone)]
pub struct SeenNode {
    /// Its spec.
    pub spec: Arc<aegis_model::kubernetes::NodeSpec>,
    /// What it has.
    pub capacity: Arc<NodeCapacity>,
    /// Its labels.
    pub labels: Arc<aegis_model::kubernetes::Labels>,
}

impl Scheduler {
    /// What pods of a template ask of a node; computed once.
    pub fn demand(&mut self, objects: &Objects, template: TemplateId) -> Arc<Demand> {
        while self.demands.len() <= template.index() {
            self.demands.push(None);
        }
        if let Some(demand) = &self.demands[template.index()] {
            return demand.clone();
        }
        let demand = objects
            .templates
            .get(template.index())
            .map_or_else(Arc::default, |template| {
                Arc::new(Demand::of(&template.spec.spec))
            });
        self.demands[template.index()] = Some(demand.clone());
        demand
    }

    /// Counts a bound pod on its node. A second call changes nothing.
    pub fn charge(&mut self, objects: &Objects, pod: PodId, node: NodeId) {
        while self.charged.len() <= pod.index() {
            self.charged.push(None);
        }
        let row = &objects.pods[pod.index()];
        if self.charged[pod.index()].is_some() || row.phase.is_terminal() || !row.exists() {
            return;
        }
        self.charged[pod.index()] = Some(node);
        self.news.bound = true;
        let demand = self.demand(objects, row.template);
        while self.sums.len() <= node.index() {
            self.sums.push(NodeSums::default());
        }
        self.sums[node.index()].add(&demand);
        if demand.speaks_of_pods == SpeaksOfPods::Yes {
            Arc::make_mut(&mut self.affine).insert(pod);
        }
    }

    /// Takes a pod that is over or gone off its node. A second call changes nothing.
    pub fn release(&mut self, objects: &Objects, pod: PodId) {
        let Some(node) = self.node_of(pod) else {
            return;
        };
        self.charged[pod.index()] = None;
        self.news.freed = true;
        let demand = self.demand(objects, objects.pods[pod.index()].template);
        if let Some(sums) = self.sums.get_mut(node.index()) {
            sums.subtract(&demand);
        }
        if demand.speaks_of_pods == SpeaksOfPods::Yes {
            Arc::make_mut(&mut self.affine).remove(&pod);
        }
    }

    /// A pod that fits nowhere says something else now: it is tried again after its back-off.
    pub fn reconsider(&mut self, pod: PodId) {
        if !self.queue.parked.contains_key(&pod) {
            return;
        }
        if let Some(parked) = Arc::make_mut(&mut self.queue).parked.get_mut(&pod) {
            parked.helped_by.gates = true;
            self.news.gates = true;
        }
    }

    /// The node on which a pod counts.
    #[must_use]
    pub fn node_of(&self, pod: PodId) -> Option<NodeId> {
        self.charged.get(pod.index()).copied().flatten()
    }

    /// What the pods of a node ask for together.
    #[must_use]
    pub fn sums(&self, node: NodeId) -> NodeSums {
        self.sums.get(node.index()).cloned().unwrap_or_default()
    }
}

impl NodeSums {
    /// Adds a pod.
    pub fn add(&mut self, demand: &Demand) {
        self.cpu += demand.cpu;
        self.memory += demand.memory;
        self.scored_cpu += demand.scored_cpu;
        self.scored_memory += demand.scored_memory;
        self.pods += 1;
        if demand.is_of_more() {
            Arc::make_mut(self.more.get_or_insert_default()).add(demand);
        }
    }

    /// Takes a pod away that was added.
    pub fn subtract(&mut self, demand: &Demand) {
        debug_assert!(self.pods > 0 && self.cpu >= demand.cpu && self.memory >= demand.memory);
        self.cpu = self.cpu.saturating_sub(demand.cpu);
        self.memory = self.memory.saturating_sub(demand.memory);
        self.scored_cpu = self.scored_cpu.saturating_sub(demand.scored_cpu);
        self.scored_memory = self.scored_memory.saturating_sub(demand.scored_memory);
        self.pods = self.pods.saturating_sub(1);
        if let Some(more) = self.more.as_mut().filter(|_| demand.is_of_more()) {
            Arc::make_mut(more).subtract(demand);
        }
    }

    /// Requested of a resource other than CPU and memory, in thousandths.
    pub fn other(&self, name: &str) -> u64 {
        let more = self.more.as_deref();
        let found = more.and_then(|more| more.other.iter().find(|(known, _)| known == name));
        found.map_or(0, |(_, sum)| *sum)
    }

    /// Ports in use.
    #[must_use]
    pub fn ports(&self) -> &[HostPort] {
        self.more.as_deref().map_or(&[], |more| &more.ports)
    }
}

impl More {
    fn add(&mut self, demand: &Demand) {
        for (name, amount) in &demand.other {
            match self.other.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += amount,
                None => self.other.push((name.clone(), *amount)),
            }
        }
        self.ports.extend(demand.ports.iter().cloned());
    }

    fn subtract(&mut self, demand: &Demand) {
        for (name, amount) in &demand.other {
            if let Some((_, sum)) = self.other.iter_mut().find(|(known, _)| known == name) {
                *sum = sum.saturating_sub(*amount);
            }
        }
        for port in &demand.ports {
            if let Some(at) = self.ports.iter().position(|used| used == port) {
                self.ports.swap_remove(at);
            }
        }
    }
}

/// Stand-ins for a container without a request, in the score alone.
/// Source: pkg/scheduler/util/pod_resources.go.
const SCORED_CPU: u64 = 100;
const SCORED_MEMORY: u64 = 200 * 1024 * 1024;

impl Demand {
    /// Whether it asks for more than CPU, memory and a place.
    fn is_of_more(&self) -> bool {
        !self.other.is_empty() || !self.ports.is_empty()
    }

    /// What pods of this spec ask of a node.
    #[must_use]
    pub fn of(spec: &PodSpec) -> Self {
        let cpu = |missing| effective(spec, "cpu", missing);
        let memory = |missing| effective(spec, "memory", missing * 1000) / 1000;
        Self {
            cpu: cpu(0),
            memory: memory(0),
            other: other_requests(spec),
            scored_cpu: cpu(SCORED_CPU),
            scored_memory: memory(SCORED_MEMORY),
            ports: host_ports(spec),
            speaks_of_pods: speaks_of_pods(spec),
        }
    }
}

/// Request of a container in thousandths, or a stand-in.
fn request(container: &Container, name: &str, missing: u64) -> u64 {
    container
        .resources
        .request(name)
        .map_or(missing, |amount| amount.millicores().0)
}

/// Whether an init container keeps running beside the others.
pub fn is_sidecar(container: &Container) -> bool {
    container.restart_policy == Some(RestartPolicy::Always)
}

/// A pod's effective request in thousandths: the larger of what runs together at
/// the end and of any step of initialisation, plus overhead.
/// Source: component-helpers/resource; KEP-753 for restartable init containers.
fn effective(spec: &PodSpec, name: &str, missing: u64) -> u64 {
    let mut beside = 0;
    let mut largest = 0;
    for container in &spec.init_containers {
        let amount = request(container, name, missing);
        if is_sidecar(container) {
            beside += amount;
            largest = largest.max(beside);
        } else {
            largest = largest.max(beside + amount);
        }
    }
    let together: u64 = spec
        .containers
        .iter()
        .map(|container| request(container, name, missing))
        .sum();
    let overhead = spec.overhead.get(name).map_or(0, |q| q.millicores().0);
    let of_pod = spec.resources.request(name).filter(|_| is_of_pods(name));
    of_pod.map_or(largest.max(together + beside), |amount| {
        amount.millicores().0
    }) + overhead
}

/// Resources that a pod as a whole may ask for (KEP-2837).
fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// Names of requested resources other than CPU and memory, with amounts.
fn other_requests(spec: &PodSpec) -> Vec<(SmolStr, u64)> {
    let mut names = BTreeSet::new();
    for container in spec.init_containers.iter().chain(&spec.containers) {
        let requests = &container.resources.requests.0;
        names.extend(requests.keys().chain(container.resources.limits.0.keys()));
    }
    names
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "cpu" | "memory"))
        .map(|name| (name.clone(), effective(spec, name, 0)))
        .filter(|(_, amount)| *amount > 0)
        .collect()
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let ports = spec.containers.iter().flat_map(|c| &c.ports);
    ports
        .filter_map(|port| {
            let number = match (port.host_port, spec.host_network) {
                (0, true) => port.container_port,
                (number, _) => number,
            };
            (number != 0).then(|| HostPort {
                port: number,
                protocol: port.protocol.clone().unwrap_or_else(|| "TCP".into()),
                address: address_of(port.host_ip.as_ref()),
            })
        })
        .collect()
}

fn address_of(given: Option<&SmolStr>) -> SmolStr {
    let given = given.filter(|address| !address.is_empty());
    given.cloned().unwrap_or_else(|| "0.0.0.0".into())
}

fn speaks_of_pods(spec: &PodSpec) -> SpeaksOfPods {
    let affinity = &spec.affinity;
    let silent = [&affinity.pod_affinity, &affinity.pod_anti_affinity]
        .iter()
        .all(|terms| terms.required.is_empty() && terms.preferred.is_empty());
    if silent {
        SpeaksOfPods::No
    } else {
        SpeaksOfPods::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::kubernetes::PodSpec;

    fn spec(yaml: serde_json::Value) -> PodSpec {
        serde_json::from_value(yaml).unwrap()
    }

    #[test]
    fn initialisation_may_ask_for_more_than_running_does() {
        let demand = Demand::of(&spec(serde_json::json!({
            "initContainers": [
                {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
                {"name": "migrate", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}],
            "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "300m"}, "limits": {"memory": "64Mi"}}},
                {"name": "b", "resources": {"requests": {"cpu": "200m", "memory": "0"}, "limits": {"memory": "1Gi"}}}],
            "overhead": {"cpu": "10m"}
        })));
        assert_eq!(
            demand.cpu, 1110,
            "1 for the migration beside 100m, and overhead"
        );
        assert_eq!(
            demand.memory,
            1 << 30,
            "the migration's; a's limit stands for its request"
        );
        assert_eq!(demand.scored_memory, 200 * 1024 * 1024 + (1 << 30));
    }

    #[test]
    fn a_pod_without_requests_counts_in_the_score_alone() {
        let demand = Demand::of(&spec(
            serde_json::json!({"containers": [{"name": "a"}, {"name": "b"}]}),
        ));
        assert_eq!((demand.cpu, demand.memory), (0, 0));
        assert_eq!(
            (demand.scored_cpu, demand.scored_memory),
            (200, 400 * 1024 * 1024)
        );
    }

    #[test]
    fn sums_come_back_to_nothing() {
        let demand = Demand::of(&spec(
            serde_json::json!({"hostNetwork": true, "containers": [
            {"name": "a", "ports": [{"containerPort": 80}],
             "resources": {"requests": {"cpu": "1", "memory": "1Gi", "example.com/gpu": "2"}}}]}),
        ));
        let mut sums = NodeSums::default();
        sums.add(&demand);
        assert_eq!(
            (sums.pods, sums.other("example.com/gpu"), sums.ports().len()),
            (1, 2000, 1)
        );
        sums.subtract(&demand);
        assert_eq!((sums.cpu, sums.memory, sums.pods), (0, 0, 0));
        assert!(sums.ports().is_empty() && sums.other("example.com/gpu") == 0);
    }
}
