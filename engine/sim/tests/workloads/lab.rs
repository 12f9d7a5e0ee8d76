//! A small cluster to experiment in.

use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::{ConditionStatus, ContainerState, Objects, Pod, PodPhase, Workload};
use aegis_model::{AutoscalerId, FieldChange, NodeId, Overlay, PodId, ServiceId, Tick, WorkloadId};
use aegis_sim::api::pods::PodConditionKind;
use aegis_sim::api::{self, Actor, ApiError, pods};
use aegis_sim::step::{controllers, metrics_server, overlay};
use aegis_sim::workings::Slot;
use aegis_sim::{Cluster, Draws, Journal, Workings};
use serde_json::{Value, json};
use std::sync::Arc;

/// A cluster with a simple kubelet, and its journal.
pub struct Lab {
    pub cluster: Cluster<()>,
    pub overlay: Overlay,
    journal: Journal,
    /// Seconds from binding to ready; pods whose template is named here never are.
    pub start: u32,
    pub broken: Vec<&'static str>,
    /// Seconds from SIGTERM to the end.
    pub stop: u32,
    /// Cores and bytes that each ready pod uses.
    pub usage: (f64, f64),
    /// Event reasons that the transcript leaves out.
    pub quiet: Vec<&'static str>,
    story: String,
}

impl Lab {
    /// With so many nodes, `n0`, `n1`, ….
    pub fn new(nodes: usize) -> Self {
        let cluster = Cluster::new((), Objects::default(), Workings::default(), Tick(0));
        let mut lab = Self {
            cluster,
            overlay: Overlay::none(),
            journal: Journal::default(),
            start: 2,
            broken: Vec::new(),
            stop: 1,
            usage: (0.0, 0.0),
            quiet: Vec::from(["SuccessfulCreate", "SuccessfulDelete"]),
            story: String::new(),
        };
        for node in 0..nodes {
            lab.apply(
                json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{node}")},
                "status": {"capacity": {"cpu": "8", "memory": "16Gi", "pods": "110"}}}),
            );
        }
        lab
    }

    /// Creates an object that must be accepted.
    pub fn apply(&mut self, document: Value) -> Slot {
        self.try_apply(document).expect("accepted")
    }

    pub fn try_apply(&mut self, document: Value) -> Result<Slot, ApiError> {
        api::create(&mut self.cluster, Arc::new(document), Actor::Unrecorded)
    }

    /// Sets a field of an object, as `user:deployer`.
    pub fn set(&mut self, object: &str, path: &str, value: Value) {
        self.try_set(object, path, value).expect("accepted");
    }

    pub fn try_set(&mut self, object: &str, path: &str, value: Value) -> Result<(), ApiError> {
        let field = FieldChange {
            path: path.parse().expect("a path"),
            before: None,
            after: Some(value).filter(|value| !value.is_null()),
        };
        let actor = Actor::Recorded("user:deployer");
        api::update(&mut self.cluster, &reference(object), &[field], actor)
    }

    pub fn delete(&mut self, object: &str) {
        let actor = Actor::Recorded("user:deployer");
        api::delete(&mut self.cluster, &reference(object), actor).expect("there");
    }

    /// Lets seconds pass.
    pub fn run(&mut self, seconds: u32) -> &mut Self {
        for _ in 0..seconds {
            self.tick();
        }
        self
    }

    fn tick(&mut self) {
        let draws = Draws::new(7);
        overlay::step(&mut self.cluster, &self.overlay, &draws, &mut self.journal);
        self.kubelet();
        controllers::step(&mut self.cluster, &self.overlay, &draws, &mut self.journal);
        self.scheduler();
        metrics_server::step(&mut self.cluster, &self.overlay, &draws, &mut self.journal);
        self.tell();
        self.cluster.clock = self.cluster.clock.after(1);
    }

    fn tell(&mut self) {
        for event in std::mem::take(&mut self.journal.events) {
            if !self.quiet.contains(&event.reason.as_str()) {
                let (at, reason) = (self.cluster.clock.0, &event.reason);
                let line = format!("{at:>4}  {reason}: {}\n", event.message);
                self.story.push_str(&line);
            }
        }
    }

    /// The Events since the last call, one a line.
    pub fn story(&mut self) -> String {
        std::mem::take(&mut self.story)
    }

    fn existing(&self) -> Vec<PodId> {
        let pods = self.cluster.objects.pods.enumerate();
        pods.filter(|(_, pod)| pod.exists())
            .map(|(index, _)| PodId::from(index))
            .collect()
    }

    fn kubelet(&mut self) {
        let now = self.cluster.clock;
        for id in self.existing() {
            let pod = self.cluster.objects.pods[id.index()].clone();
            if let Some(deletion) = pod.deletion {
                if deletion.asked.after(self.stop) <= now {
                    pods::remove(&mut self.cluster, id);
                }
                continue;
            }
            let Some(started) = pod.started else {
                continue;
            };
            if !pod.phase.is_terminal() && !pod.is_ready() && started.after(self.start) <= now {
                self.make_running(id);
                if !self.is_broken(&pod) {
                    self.set_ready(id, true);
                }
            }
            let (chunk, row) = self.cluster.workings.pods.at_mut(id);
            chunk.cpu[row] = self.usage.0 as f32;
            chunk.memory[row] = self.usage.1 as f32;
        }
    }

    fn is_broken(&self, pod: &Pod) -> bool {
        let template = &self.cluster.objects.templates[pod.template.index()];
        let image = &template.spec.spec.containers[0].image;
        self.broken.contains(&image.as_str())
    }

    fn make_running(&mut self, id: PodId) {
        let now = self.cluster.clock;
        pods::set_phase(&mut self.cluster, id, PodPhase::Running);
        for status in &mut self.cluster.objects.pods[id.index()].containers {
            status.state = ContainerState::Running { since: now };
        }
    }

    pub fn set_ready(&mut self, id: PodId, ready: bool) {
        let status = ConditionStatus::from(ready);
        let sandbox = (PodConditionKind::Sandbox, ConditionStatus::True);
        for (kind, status) in [sandbox, (PodConditionKind::Ready, status)] {
            pods::set_condition(&mut self.cluster, id, kind, status, "", None);
        }
    }

    /// Binds to the node with the fewest pods, or the one that a DaemonSet names.
    fn scheduler(&mut self) {
        let waiting: Vec<PodId> = self
            .cluster
            .workings
            .index
            .unbound()
            .iter()
            .copied()
            .collect();
        for pod in waiting {
            let meant = self.cluster.workings.control.daemon_node(pod);
            let nodes = (0..self.cluster.objects.nodes.len()).map(NodeId::from);
            let open = nodes.filter(|id| {
                let node = &self.cluster.objects.nodes[id.index()];
                node.header.exists() && !node.spec.unschedulable
            });
            let fewest = open.min_by_key(|id| self.cluster.workings.index.pods_on(*id).len());
            if let Some(node) = meant.or(fewest) {
                let now = self.cluster.clock;
                self.cluster.objects.pods[pod.index()].started = Some(now);
                pods::bind(&mut self.cluster, pod, node);
            }
        }
    }

    pub fn workload(&self, object: &str) -> &Workload {
        &self.cluster.objects.workloads[self.workload_id(object).index()]
    }

    pub fn workload_id(&self, object: &str) -> WorkloadId {
        match api::find(&self.cluster, &reference(object)) {
            Some(Slot::Workload(id)) => id,
            Some(Slot::Pod(id)) => self.pod(id).workload,
            other => panic!("{object} is {other:?}"),
        }
    }

    pub fn service_id(&self, name: &str) -> ServiceId {
        match api::find(&self.cluster, &reference(&format!("Service/{name}"))) {
            Some(Slot::Service(id)) => id,
            other => panic!("{name} is {other:?}"),
        }
    }

    pub fn autoscaler_id(&self, name: &str) -> AutoscalerId {
        let object = format!("HorizontalPodAutoscaler/{name}");
        match api::find(&self.cluster, &reference(&object)) {
            Some(Slot::Autoscaler(id)) => id,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// Existing pods of a workload.
    pub fn pods(&self, object: &str) -> Vec<PodId> {
        self.workload(object).pods.to_vec()
    }

    pub fn pod(&self, id: PodId) -> &Pod {
        &self.cluster.objects.pods[id.index()]
    }

    /// `replicas/updated/ready/available` of a workload.
    pub fn counts(&self, object: &str) -> String {
        let s = &self.workload(object).status;
        format!("{}/{}/{}/{}", s.replicas, s.updated, s.ready, s.available)
    }

    /// `type=status reason` of each condition, in order.
    pub fn conditions(&self, object: &str) -> String {
        let conditions = self.workload(object).status.conditions.iter();
        let said = conditions.map(|c| format!("{}={} {}", c.kind, c.status.as_str(), c.reason));
        said.collect::<Vec<_>>().join(", ")
    }
}

/// `Kind/name` or `Kind/namespace/name`.
pub fn reference(object: &str) -> ObjectRef {
    object.parse().expect("an object")
}

/// A pod template with one container.
pub fn template(app: &str, image: &str) -> Value {
    json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [
        {"name": "main", "image": image, "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}}}]}})
}

/// A workload of any kind that selects `app: NAME`, with the spec's other fields.
pub fn workload(kind: &str, name: &str, spec: Value) -> Value {
    let mut document = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name, "v1")}});
    for (key, value) in spec.as_object().expect("fields") {
        document["spec"][key] = value.clone();
    }
    document
}

/// The lines of a story, without indentation, so that tests can be indented.
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim().to_string());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Compares two stories line by line.
#[track_caller]
pub fn assert_story(told: &str, expected: &str) {
    let (told_lines, expected_lines) = (lines(told), lines(expected));
    assert!(
        told_lines == expected_lines,
        "what was told:\n{told}\nexpected:\n{expected}"
    );
}
