//! What the controllers remember between two syncs: work queues, timers, revisions, samples.

use super::index::{Chains, Slot};
use super::jobs::JobControl;
use aegis_model::kubernetes::{Labels, ObjectRef};
use aegis_model::objects::WorkloadSpec;
use aegis_model::{
    BudgetId, NodeId, PodId, ReplicaSetId, ServiceId, Table, TemplateId, Tick, WorkloadId,
};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// State of the controllers. What has nothing to do is in none of the queues.
#[derive(Debug, Default, Clone)]
pub struct Control {
    queue: Arc<BTreeSet<WorkloadId>>,
    timers: Arc<BTreeSet<(Tick, WorkloadId)>>,
    /// Workloads that this tick's controllers sync, by id.
    pub batch: Arc<Vec<WorkloadId>>,
    /// Pods whose endpoints and budgets are to be looked at.
    pub dirty_pods: Arc<BTreeSet<PodId>>,
    /// Services whose endpoints are to be computed anew.
    pub dirty_services: Arc<BTreeSet<ServiceId>>,
    /// Budgets whose status is to be computed anew.
    pub dirty_budgets: Arc<BTreeSet<BudgetId>>,
    /// Whether a node came, went, or changed labels, taints or conditions: DaemonSets look again.
    pub nodes_changed: bool,
    /// Per workload.
    pub workloads: Table<WorkloadControl>,
    /// Labels that pods of a template get, by `TemplateId`.
    pub pod_labels: Table<Arc<Labels>>,
    /// Templates of bare pods, for pods that are like them.
    pub(crate) bare: BareTemplates,
    /// Node for which a DaemonSet made a pod.
    pub daemon_nodes: Arc<BTreeMap<PodId, NodeId>>,
    /// When a DaemonSet last replaced a failed pod on a node, and how long it then waits.
    pub daemon_failures: Arc<BTreeMap<(WorkloadId, NodeId), (Tick, u32)>>,
    /// `controller.kubernetes.io/pod-deletion-cost` set on a pod itself.
    pub deletion_costs: Arc<BTreeMap<PodId, i32>>,
    /// Pods that nothing controls: a ReplicaSet that selects one adopts it.
    pub orphans: Arc<BTreeSet<PodId>>,
    /// ReplicaSets that nothing controls: a Deployment that selects one adopts it.
    pub loose_sets: Arc<BTreeSet<WorkloadId>>,
    /// Objects that came with owners, until the garbage collector has seen that one of these is there.
    pub owned: Arc<Vec<Owned>>,
    /// Objects of which some owner is there: they go with the last of them.
    pub held: Arc<Vec<Owned>>,
    /// Objects that go when what they own is gone.
    pub foreground: Arc<Vec<Slot>>,
    /// Whether something went that may have been an owner.
    pub owner_gone: bool,
    /// Workloads of which a pod was refused, and how often in a row.
    pub refused: Arc<BTreeMap<WorkloadId, Refused>>,
    /// Nodes that are being drained.
    pub drains: Arc<Vec<Drain>>,
    /// Per autoscaler.
    pub autoscalers: Table<AutoscalerControl>,
    /// Resource metrics of pods that an autoscaler reads, by `PodId`.
    pub samples: Table<PodSamples>,
}

/// An object that came with owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The object.
    pub object: ObjectRef,
    /// Its owners, with their uids.
    pub owners: Vec<(ObjectRef, SmolStr)>,
    /// When it came.
    pub since: Tick,
    /// What absent owners say of it.
    pub arrived: Arrived,
    /// Whether it goes with its owner without the garbage collector.
    pub is_followed: bool,
}

/// How an object with owners came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// It is new: owners that are not there never were.
    New,
    /// It lived before, in another cluster's record: owners that are not there were not brought along.
    Lived,
}

/// Templates of bare pods by their content.
#[derive(Debug, Default, Clone)]
pub(crate) struct BareTemplates {
    pub(crate) by: Chains,
    pub(crate) rows: Table<BareTemplate>,
}

/// What bare pods that are alike share.
#[derive(Debug, Clone)]
pub(crate) struct BareTemplate {
    pub(crate) template: TemplateId,
    pub(crate) spec: Arc<WorkloadSpec>,
    pub(crate) namespace: SmolStr,
}

/// What the controllers know of a workload beside its row.
#[derive(Debug, Default, Clone)]
pub struct WorkloadControl {
    /// ReplicaSets of a Deployment that exist, oldest first.
    pub replica_sets: Vec<ReplicaSetId>,
    /// All templates that the workload ever had.
    pub templates: Vec<TemplateId>,
    /// `status.currentRevision` of a StatefulSet.
    pub current: Option<TemplateId>,
    /// Of a Job: pods and failures.
    pub job: JobControl,
    /// Jobs of a CronJob that exist, oldest first.
    pub jobs: Vec<WorkloadId>,
}

/// Tries in a row to make a pod that were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When the first was.
    pub since: Tick,
    /// How many there were.
    pub tries: u32,
}

/// A drain under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// The node.
    pub node: NodeId,
    /// When refused evictions are tried again.
    pub retry: Tick,
}

/// What an autoscaler remembers; the controller keeps this in memory, not in the object.
#[derive(Debug, Clone)]
pub struct AutoscalerControl {
    /// Next sync.
    pub next: Tick,
    /// What it scales, as found at the last sync.
    pub target: Option<WorkloadId>,
    /// Pods that the target's selector finds and that are not its own, as of the last sync.
    pub strays: Vec<PodId>,
    /// Recommendations inside the longest window, oldest first.
    pub recommendations: Vec<(Tick, u32)>,
    /// Scalings up inside the longest period: when, by how many.
    pub ups: Vec<(Tick, u32)>,
    /// Scalings down inside the longest period: when, by how many.
    pub downs: Vec<(Tick, u32)>,
}

impl Default for AutoscalerControl {
    fn default() -> Self {
        Self {
            next: Tick(0),
            target: None,
            strays: Vec::new(),
            recommendations: Vec::new(),
            ups: Vec::new(),
            downs: Vec::new(),
        }
    }
}

/// Resource metrics of one pod: the window that runs, and the last one that was published.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct PodSamples {
    /// CPU so far, core-seconds.
    pub cpu: f64,
    /// Seconds in the window so far.
    pub seconds: u32,
    /// What the metrics API answers.
    pub published: Option<PodMetrics>,
}

/// What `metrics.k8s.io` says of a pod.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PodMetrics {
    /// When the window ended.
    pub at: Tick,
    /// Mean CPU over the window, millicores.
    pub cpu: u64,
    /// Working set at its end, bytes.
    pub memory: u64,
}

impl Control {
    /// Puts a workload into the queue of its controller.
    pub fn enqueue(&mut self, workload: WorkloadId) {
        if !self.queue.contains(&workload) {
            Arc::make_mut(&mut self.queue).insert(workload);
        }
    }

    /// Puts a workload into the queue at a later tick.
    pub fn enqueue_at(&mut self, at: Tick, workload: WorkloadId) {
        if !self.timers.contains(&(at, workload)) {
            Arc::make_mut(&mut self.timers).insert((at, workload));
        }
    }

    /// Moves what is due at `now` into this tick's batch.
    pub fn take_batch(&mut self, now: Tick) {
        while let Some((at, workload)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            Arc::make_mut(&mut self.timers).remove(&(at, workload));
            self.enqueue(workload);
        }
        if self.queue.is_empty() && self.batch.is_empty() {
            return;
        }
        self.batch = Arc::new(self.queue.iter().copied().collect());
        self.queue = Arc::default();
    }

    /// Notes that a pod changed in a way that endpoints or budgets may see.
    pub fn mark_pod(&mut self, pod: PodId) {
        if !self.dirty_pods.contains(&pod) {
            Arc::make_mut(&mut self.dirty_pods).insert(pod);
        }
    }

    /// Makes room for a new autoscaler, whose first sync is at `next`.
    pub fn admit_autoscaler(&mut self, next: Tick) {
        self.autoscalers.push(AutoscalerControl {
            next,
            ..AutoscalerControl::default()
        });
    }

    /// How often in a row a pod of a workload was refused.
    pub(crate) fn refused_tries(&self, workload: WorkloadId) -> u32 {
        self.refused
            .get(&workload)
            .map_or(0, |refused| refused.tries)
    }

    /// The node for which a DaemonSet made this pod: the scheduler may bind it nowhere else.
    #[must_use]
    pub fn daemon_node(&self, pod: PodId) -> Option<NodeId> {
        self.daemon_nodes.get(&pod).copied()
    }

    /// The window of a pod, made where it is missing.
    pub fn sample_mut(&mut self, pod: PodId) -> Option<&mut PodSamples> {
        while self.samples.len() <= pod.index() {
            self.samples.push(PodSamples::default());
        }
        self.samples.get_mut(pod.index())
    }

    /// What the metrics API answers for a pod; only pods that an autoscaler reads are measured.
    #[must_use]
    pub fn pod_metrics(&self, pod: PodId) -> Option<PodMetrics> {
        self.samples.get(pod.index())?.published
    }
}
