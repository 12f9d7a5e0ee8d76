//! The nodes of a cluster: as stated, or of a size that requests fill to 60 %.

use crate::amount::Length;
use crate::diagnostic::{Code, Finding};
use crate::format::{ClusterWords, NodeGroup, Spec};
use crate::load::locate;
use crate::{names, objects};
use aegis_kube::{Diagnostic, Document};
use aegis_model::kubernetes::{
    Container, ContainerPort, Kind, ObjectRef, PodTemplateSpec, RestartPolicy,
};
use aegis_model::{Bytes, FieldPath, Millicores, Objects, Quantity, Tick};
use aegis_sim::infer::recognise::{main_container, runtime};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Share of the nodes that requests fill where a scenario states no nodes.
pub const FILL: f64 = 0.6;
/// Share of the nodes' memory that working sets fill at most: beyond it kubelets would evict.
const MEMORY_USE: f64 = 0.9;
/// Share of its memory request that a container is taken to use.
const USED_OF_REQUEST: f64 = 0.65;
/// Nodes that are made where the manifests ask for enough, so that a drain leaves some.
const USUAL_NODES: u64 = 3;
/// CPU of a node at least: before that there are fewer nodes, and no machine has less.
const SMALLEST: Millicores = Millicores(500);
/// Memory of a node at least: no machine has less.
const LEAST_MEMORY: Bytes = Bytes::mebi(512);
/// Memory of a node that pods leave alone: kubelets evict below 100 MiB.
const KEPT_FREE: Bytes = Bytes::mebi(128);
/// Time until a node that was asked for is ready, where a group does not say: what clouds take.
const STARTUP: Length = Length(60.0);
/// Zones of nodes that are made by the rule.
pub const ZONES: [&str; 3] = ["a", "b", "c"];
/// Pods that a node takes (kubelet default, config/defaults.go).
const PODS_PER_NODE: u64 = 110;
/// CPU of a node at most, before there are more nodes.
const LARGEST: Millicores = Millicores(32_000);
/// Nodes of a cluster at most (kubernetes.io, Considerations for large clusters).
pub const MOST_NODES: u64 = 5000;
/// Pods that manifests may ask for together (the same page).
pub const MOST_PODS: u64 = 150_000;
/// Disk that pods may use of a node, as clouds hand machines out.
const DISK: &str = "100Gi";
/// What a pod without a request is taken to use: what the scheduler scores it as
/// (pkg/scheduler/util/pod_resources.go).
const UNSTATED: Request = Request {
    cpu: Millicores(100),
    memory: Bytes::mebi(200),
};

/// What a draw may lie above the usual memory of a runtime: two standard deviations (infer).
const ABOVE_USUAL: f64 = 1.5;

/// What pods ask for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// CPU.
    pub cpu: Millicores,
    /// Memory.
    pub memory: Bytes,
}

impl Request {
    /// Both together; what no machine could have stays the largest number there is.
    fn and(self, other: Self) -> Self {
        Self {
            cpu: Millicores(self.cpu.0.saturating_add(other.cpu.0)),
            memory: Bytes(self.memory.0.saturating_add(other.memory.0)),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
        }
    }

    fn times(self, count: u64) -> Self {
        Self {
            cpu: Millicores(self.cpu.0.saturating_mul(count)),
            memory: Bytes(self.memory.0.saturating_mul(count)),
        }
    }
}

/// Node documents for a scenario: stated groups, else none where the manifests
/// have nodes of their own, else by the rule.
#[must_use]
pub fn documents(stated: Option<&ClusterWords>, manifests: &[Document]) -> Vec<Value> {
    let groups = match stated {
        Some(words) => words.nodes.clone(),
        None if manifests.iter().any(|document| document.kind() == "Node") => Vec::new(),
        None => vec![by_rule(manifests)],
    };
    of_groups(&groups)
}

fn of_groups(groups: &[NodeGroup]) -> Vec<Value> {
    let mut nodes = Vec::new();
    for group in groups {
        for position in 0..group.count as usize {
            let zone = match group.zones.len() {
                0 => None,
                zones => group.zones.get(position % zones),
            };
            nodes.push(node(nodes.len() + 1, group, zone.map(String::as_str)));
        }
    }
    nodes
}

fn node(number: usize, group: &NodeGroup, zone: Option<&str>) -> Value {
    let name = format!("node-{number}");
    let mut labels = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    });
    if let Some(zone) = zone {
        labels["topology.kubernetes.io/zone"] = json!(zone);
    }
    let amount = json!({
        "cpu": group.cpu.to_string(),
        "ephemeral-storage": DISK,
        "memory": group.memory.to_string(),
        "pods": PODS_PER_NODE.to_string(),
    });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": amount, "allocatable": amount},
    })
}

/// Equal nodes that the manifests' requests fill to [`FILL`]; each takes its share and one more of
/// the largest pod, so that rollouts find room, and together they hold what pods without requests use.
fn by_rule(manifests: &[Document]) -> NodeGroup {
    let demand = Demand::of(manifests);
    let cpu = demand.cpu();
    let count = (cpu.0 / SMALLEST.0)
        .clamp(1, USUAL_NODES)
        .max(demand.apart)
        .max(demand.pods.div_ceil((PODS_PER_NODE as f64 * FILL) as u64))
        .max(cpu.0.div_ceil(LARGEST.0))
        .min(MOST_NODES);
    let share = Request {
        cpu: Millicores(cpu.0 / count).max(SMALLEST),
        memory: demand.memory(count),
    };
    let each = share.or(demand.with_one_more(count)).and(demand.per_node);
    NodeGroup {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        cpu: Quantity {
            milli: i128::from(rounded_up(each.cpu.0, 10)),
        },
        memory: Quantity::whole(rounded_up(each.memory.0, Bytes::mebi(8).0)),
        zones: ZONES.map(String::from).to_vec(),
        name: None,
        min: None,
        max: None,
        startup: None,
    }
}

/// Groups that the cluster autoscaler may size: those with a `min` or `max`.
#[must_use]
pub fn groups(spec: &Spec, objects: &Objects) -> Vec<aegis_sim::workings::NodeGroup> {
    let stated = spec.cluster.iter().flat_map(|cluster| &cluster.nodes);
    let mut first = 0;
    let mut groups = Vec::new();
    for (position, group) in stated.enumerate() {
        let numbers = first + 1..=first + group.count as usize;
        first += group.count as usize;
        if group.min.is_some() || group.max.is_some() {
            groups.push(sized(position, group, numbers, objects));
        }
    }
    groups
}

fn sized(
    position: usize,
    group: &NodeGroup,
    numbers: RangeInclusive<usize>,
    objects: &Objects,
) -> aegis_sim::workings::NodeGroup {
    let zones: Vec<Option<&str>> = match group.zones.as_slice() {
        [] => vec![None],
        zones => zones.iter().map(|zone| Some(zone.as_str())).collect(),
    };
    let documents = zones.iter().map(|zone| node(0, group, *zone).into());
    let named = |number| crate::resolve::Named(objects).node(&format!("node/node-{number}"));
    let name = group.name.clone();
    let startup = group.startup.unwrap_or(STARTUP);
    aegis_sim::workings::NodeGroup {
        name: name
            .unwrap_or_else(|| format!("group-{}", position + 1))
            .into(),
        min: group.min.unwrap_or(group.count),
        max: group.max.unwrap_or(group.count),
        startup: startup.whole(),
        documents: documents.collect(),
        made: group.count,
        nodes: numbers.filter_map(named).collect(),
        coming: Vec::new(),
        backed_off: Tick(0),
    }
}

/// The next multiple above an amount; what has none stays as it is.
fn rounded_up(amount: u64, unit: u64) -> u64 {
    let above = amount.saturating_add(1);
    above.checked_next_multiple_of(unit).unwrap_or(amount)
}

/// Workloads beyond which the manifests ask for more pods than a cluster of ours may have, each
/// at the count that it asks for.
#[must_use]
pub fn beyond_bounds(manifests: &[Document]) -> Vec<Diagnostic> {
    let least = least_replicas(manifests);
    let mut pods = 0_u64;
    let mut beyond = Vec::new();
    for document in manifests.iter().filter(|document| is_own(document)) {
        if objects::template(&document.value).is_none() {
            continue;
        }
        let least = least.get(&document.reference()).copied();
        let count = u64::from(objects::replicas(&document.value)).max(least.unwrap_or_default());
        pods = pods.saturating_add(count);
        if pods > MOST_PODS && count > 0 {
            let message = format!(
                "{} asks for {count} pods; a simulated cluster has at most {MOST_PODS}",
                names::written(&document.reference())
            );
            let path = FieldPath::default().key("spec").key("replicas");
            let finding = Finding::new(Code::TooManyPods, &path, count.to_string(), message);
            beyond.push(locate(document, &finding.help("ask for fewer replicas")));
        }
    }
    beyond
}

/// What all pods ask for.
#[derive(Debug, Default)]
struct Demand {
    total: Request,
    largest: Request,
    per_node: Request,
    pods: u64,
    /// Memory that pods are taken to use.
    used: Bytes,
    /// Pods of the largest workload whose pods may not share a node.
    apart: u64,
}

impl Demand {
    fn of(manifests: &[Document]) -> Self {
        let mut demand = Self::default();
        let least = least_replicas(manifests);
        for document in manifests.iter().filter(|document| is_own(document)) {
            if let Some(template) = objects::template(&document.value) {
                let least = least.get(&document.reference()).copied();
                demand.add(document, &template, least.unwrap_or_default());
            }
        }
        demand
    }

    /// Adds the pods of a workload, of which an autoscaler keeps at least so many.
    fn add(&mut self, document: &Document, template: &PodTemplateSpec, least: u64) {
        let pod = of_pod(template);
        if document.kind() == Kind::DaemonSet.as_str() {
            self.per_node = self.per_node.and(pod);
            return;
        }
        let count = u64::from(objects::replicas(&document.value)).max(least);
        self.total = self.total.and(pod.times(count));
        self.largest = self.largest.or(pod);
        self.pods = self.pods.saturating_add(count);
        let stated = (pod.memory.0 as f64 * USED_OF_REQUEST) as u64;
        let used = if stated == 0 {
            usual(template).0.max(UNSTATED.memory.0)
        } else {
            stated
        };
        self.used = Bytes(self.used.0.saturating_add(used.saturating_mul(count)));
        if keeps_apart(template) {
            self.apart = self.apart.max(count);
        }
    }

    /// CPU of all nodes. Where no pod states any, each counts as the scheduler scores it.
    fn cpu(&self) -> Millicores {
        let stated = match self.total.cpu.0 {
            0 => UNSTATED.cpu.0.saturating_mul(self.pods),
            stated => stated,
        };
        Millicores((stated as f64 / FILL) as u64)
    }

    /// What each of so many nodes is asked for when a rollout makes one more of the largest pod.
    fn with_one_more(&self, nodes: u64) -> Request {
        let share = Request {
            cpu: Millicores(self.total.cpu.0.div_ceil(nodes)),
            memory: Bytes(self.total.memory.0.div_ceil(nodes)),
        };
        share.and(self.largest)
    }

    /// Memory of each of so many nodes.
    fn memory(&self, nodes: u64) -> Bytes {
        let by_requests = self.total.memory.0 as f64 / FILL / nodes as f64;
        let by_use = self.used.0 as f64 / MEMORY_USE / nodes as f64 + KEPT_FREE.0 as f64;
        Bytes(by_requests.max(by_use) as u64).max(LEAST_MEMORY)
    }
}

/// What a pod without a request is taken to use by what it is made of.
fn usual(template: &PodTemplateSpec) -> Bytes {
    let traits = main_container(template).map(|container| runtime(container).traits());
    let mebibytes = traits.map_or(0.0, |traits| traits.memory_mib * ABOVE_USUAL);
    Bytes::mebi(mebibytes as u64)
}

/// `minReplicas` of what autoscalers scale.
fn least_replicas(manifests: &[Document]) -> BTreeMap<ObjectRef, u64> {
    let is_autoscaler =
        |document: &&Document| document.kind() == Kind::HorizontalPodAutoscaler.as_str();
    let scaled = manifests.iter().filter(is_autoscaler).map(|document| {
        let spec = &document.value["spec"];
        let word = |name: &str| spec["scaleTargetRef"][name].as_str().unwrap_or_default();
        let namespace = document.reference().namespace;
        let target = ObjectRef::new(Kind::from(word("kind")), &namespace, word("name"));
        (target, spec["minReplicas"].as_u64().unwrap_or(1))
    });
    scaled.collect()
}

/// Whether no two pods of a template can share a node.
fn keeps_apart(template: &PodTemplateSpec) -> bool {
    let spec = &template.spec;
    let mut ports = spec.containers.iter().flat_map(|c| &c.ports);
    let on_host = |port: &ContainerPort| port.host_port > 0 || spec.host_network;
    !spec.affinity.pod_anti_affinity.required.is_empty() || ports.any(on_host)
}

/// Whether the object is one that nobody made: not the pod or ReplicaSet of a workload in a dump.
fn is_own(document: &Document) -> bool {
    document.value["metadata"]["ownerReferences"]
        .as_array()
        .is_none_or(Vec::is_empty)
}

/// What a pod asks for: the larger of its containers together and each init
/// container, sidecars counted with both, plus overhead (component-helpers/resource).
#[must_use]
pub fn of_pod(template: &PodTemplateSpec) -> Request {
    let is_sidecar =
        |container: &&Container| container.restart_policy == Some(RestartPolicy::Always);
    let init = &template.spec.init_containers;
    let sum = |request: Request, container: &Container| request.and(stated(container));
    let sidecars = init.iter().filter(is_sidecar).fold(Request::default(), sum);
    let main = template.spec.containers.iter().fold(sidecars, sum);
    let steps = init.iter().filter(|container| !is_sidecar(container));
    let overhead = Request {
        cpu: template.spec.overhead.cpu().unwrap_or_default(),
        memory: template.spec.overhead.memory().unwrap_or_default(),
    };
    steps.map(stated).fold(main, Request::or).and(overhead)
}

fn stated(container: &Container) -> Request {
    let request = |name| container.resources.request(name);
    Request {
        cpu: request("cpu").map(Quantity::millicores).unwrap_or_default(),
        memory: request("memory").map(Quantity::bytes).unwrap_or_default(),
    }
}
