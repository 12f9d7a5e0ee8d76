//! Clusters of any size, brought up by the simulator itself: created, scheduled, started, probed.

use aegis_model::{Objects, Overlay, Tick};
use aegis_sim::api::{self, Actor};
use aegis_sim::infer::infer;
use aegis_sim::step::scheduler::Rehearsal;
use aegis_sim::workings::{EntryLoad, Workings};
use aegis_sim::{Cluster, Draws, Journal, step, tick};
use serde_json::{Value, json};
use std::sync::Arc;

/// Services per layer of the call graph.
const LAYER: usize = 20;
/// Users' requests per second at each Service of the first layer.
const RATE: f64 = 100.0;
/// Calls per request on each of a service's two edges.
const RATIO: f64 = 0.45;

/// How large a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pods over all services.
    pub pods: usize,
    /// Nodes.
    pub nodes: usize,
    /// Services, one Deployment each.
    pub services: usize,
}

/// A cluster in which everything runs.
#[derive(Debug, Clone)]
pub struct Large {
    /// The cluster.
    pub cluster: Cluster<()>,
    /// Its draws.
    pub draws: Draws,
    /// What is laid over it: nothing.
    pub overlay: Overlay,
    /// Of the last tick.
    pub journal: Journal,
}

impl Large {
    /// A cluster of that size, under load, a minute after its last pod became ready.
    ///
    /// # Panics
    /// A document is refused, or pods are not ready within an hour.
    #[must_use]
    pub fn settled(size: Size) -> Self {
        let mut large = Self {
            cluster: empty(),
            draws: Draws::new(7),
            overlay: Overlay::none(),
            journal: Journal::default(),
        };
        large.create(size);
        large.furnish(size);
        for _ in 0..3600 {
            large.second();
            if large.ready() == size.pods {
                break;
            }
        }
        assert_eq!(large.ready(), size.pods, "all pods are ready");
        for _ in 0..60 {
            large.second();
        }
        large
    }

    /// One second.
    pub fn second(&mut self) {
        self.journal.clear();
        tick(
            &mut self.cluster,
            &self.overlay,
            &self.draws,
            &mut self.journal,
        );
    }

    /// Takes load and behaviour away: pods run on and serve nothing.
    pub fn idle(&mut self) {
        self.calm(0);
    }

    /// The same for all but the first services.
    pub fn calm(&mut self, busy: usize) {
        let known = self.cluster.workings.behaviours.iter().cloned();
        let kept = known
            .enumerate()
            .map(|(index, behaviour)| behaviour.filter(|_| index < busy));
        self.cluster.workings.behaviours = kept.collect();
        self.cluster.workings.load.truncate(busy);
        self.cluster.workings.index.topology_dirty = true;
        self.second();
    }

    fn create(&mut self, size: Size) {
        for index in 0..size.nodes {
            applied(&mut self.cluster, node(index));
        }
        for index in 0..size.services {
            let share = |part: usize| size.pods * part / size.services;
            let replicas = share(index + 1) - share(index);
            applied(&mut self.cluster, service(index));
            applied(
                &mut self.cluster,
                deployment(index, replicas, size.services),
            );
        }
    }

    /// Behaviour as inferred from the manifests, but for the calls per request; load on the first layer.
    fn furnish(&mut self, size: Size) {
        let mut behaviours = infer(&self.cluster.objects).median();
        for behaviour in behaviours.iter_mut().flatten() {
            for call in &mut behaviour.calls {
                call.ratio = RATIO;
            }
        }
        let shared = behaviours.into_iter().map(|one| one.map(Arc::new));
        self.cluster.workings.behaviours = shared.collect();
        let entry = |index: usize| EntryLoad {
            to: index.into(),
            port: 0,
            rate: RATE,
        };
        self.cluster.workings.load = (0..LAYER.min(size.services)).map(entry).collect();
    }

    /// Pods that are ready.
    #[must_use]
    pub fn ready(&self) -> usize {
        let pods = self.cluster.objects.pods.iter();
        pods.filter(|pod| pod.exists() && pod.is_ready()).count()
    }

    /// Classes and edges of its network.
    #[must_use]
    pub fn network(&self) -> (usize, usize) {
        let solved = self.cluster.workings.traffic.solved.as_ref();
        solved.map_or((0, 0), |solved| {
            (solved.layout.sites.len(), solved.layout.edges.len())
        })
    }
}

/// Pods that wait for the scheduler.
#[derive(Debug, Clone)]
pub struct Pending {
    cluster: Cluster<()>,
}

impl Pending {
    /// Pods of which no two ask for the same.
    ///
    /// # Panics
    /// A document is refused.
    #[must_use]
    pub fn different(nodes: usize, pods: usize) -> Self {
        let mut cluster = with_nodes(nodes);
        for index in 0..pods {
            applied(&mut cluster, bare_pod(index));
        }
        Self { cluster }
    }

    /// Replicas of one Deployment.
    ///
    /// # Panics
    /// A document is refused.
    #[must_use]
    pub fn equal(nodes: usize, pods: usize) -> Self {
        let mut cluster = with_nodes(nodes);
        applied(&mut cluster, deployment(0, pods, 1));
        let (draws, overlay) = (Draws::new(7), Overlay::none());
        while cluster.objects.pods.len() < pods {
            step::controllers::step(&mut cluster, &overlay, &draws, &mut Journal::default());
            cluster.clock = cluster.clock.after(1);
        }
        Self { cluster }
    }

    /// One round of the scheduler.
    pub fn schedule(&mut self) {
        let (draws, overlay) = (Draws::new(7), Overlay::none());
        step::scheduler::step(&mut self.cluster, &overlay, &draws, &mut Journal::default());
    }

    /// What one (pod, node) score is taken from: a round's look at the nodes.
    #[must_use]
    pub fn scoring(&self) -> Scoring {
        let mut cluster = self.cluster.clone();
        Scoring {
            search: Rehearsal::of(&mut cluster),
            cluster,
        }
    }

    /// Pods that one round binds.
    #[must_use]
    pub fn placed(&self) -> usize {
        let mut tried = self.clone();
        tried.schedule();
        let pods = tried.cluster.objects.pods.iter();
        pods.filter(|pod| pod.node.is_some()).count()
    }
}

/// The scheduler's scores, one pod after another.
pub struct Scoring {
    cluster: Cluster<()>,
    search: Rehearsal,
}

impl Scoring {
    /// Scores all nodes for a pod; gives the highest sum.
    pub fn highest(&mut self, pod: usize) -> i64 {
        let scores = self.search.weigh(&mut self.cluster, pod.into());
        scores.iter().copied().max().unwrap_or(0)
    }
}

/// A cluster with nothing in it.
#[must_use]
pub fn empty() -> Cluster<()> {
    Cluster::new((), Objects::default(), Workings::default(), Tick(0))
}

fn with_nodes(nodes: usize) -> Cluster<()> {
    let mut cluster = empty();
    for index in 0..nodes {
        applied(&mut cluster, node(index));
    }
    cluster
}

/// Creates what a document says.
///
/// # Panics
/// The API server refuses it.
pub fn applied(cluster: &mut Cluster<()>, document: Value) {
    let made = api::create(cluster, Arc::new(document), Actor::Unrecorded);
    assert!(made.is_ok(), "a document is refused: {made:?}");
}

fn bare_pod(index: usize) -> Value {
    let requests = json!({"cpu": format!("{}m", 100 + index % 900),
        "memory": format!("{}Mi", 64 + index % 1000)});
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("p{index}"), "namespace": "default"},
        "spec": {"containers": [{"name": "main", "image": "registry.test/part:v1",
            "resources": {"requests": requests}}]}})
}

/// A node of 32 cores, in one of three zones.
#[must_use]
pub fn node(index: usize) -> Value {
    let name = format!("n{index}");
    let zone = ["a", "b", "c"][index % 3];
    let amounts = json!({"cpu": "32", "memory": "128Gi", "pods": "110"});
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}},
        "status": {"capacity": amounts, "allocatable": amounts}})
}

fn service(index: usize) -> Value {
    let name = format!("s{index}");
    json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": name}, "ports": [{"port": 8080}]}})
}

/// Each service calls two of the next layer.
fn deployment(index: usize, replicas: usize, services: usize) -> Value {
    let name = format!("s{index}");
    let callees = [
        index + LAYER,
        index + LAYER + 7 - if index % LAYER < 13 { 0 } else { LAYER },
    ];
    let calls = callees
        .iter()
        .enumerate()
        .filter(|(_, callee)| **callee < services);
    let env: Vec<Value> = calls
        .map(|(nth, callee)| json!({"name": format!("PEER{nth}_ADDR"), "value": format!("s{callee}:8080")}))
        .collect();
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{
                "name": "main", "image": format!("registry.test/part{index}:v1"),
                "ports": [{"containerPort": 8080}], "env": env,
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                "resources": {"requests": {"cpu": "250m", "memory": "64Mi"},
                    "limits": {"cpu": "1", "memory": "256Mi"}}}]}}}})
}
