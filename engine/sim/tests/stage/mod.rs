//! A cluster to tell stories on: documents in, seconds pass, and one looks.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{ContainerState, Pod};
use aegis_model::overlay::Ends;
use aegis_model::{Laid, Mechanism, NodeId, Objects, Overlay, PodId, Subject, Tick};
use aegis_sim::api::{self, Actor};
use aegis_sim::tick::tick;
use aegis_sim::workings::{Slot, Workings};
use aegis_sim::{Cluster, Draws, Journal};
use serde_json::{Value, json};
use std::sync::Arc;

/// A cluster with its overlay and its journal.
pub struct Stage {
    pub cluster: Cluster<()>,
    pub overlay: Overlay,
    pub journal: Journal,
    pub draws: Draws,
}

/// An empty stage.
pub fn empty() -> Stage {
    Stage {
        cluster: Cluster::new((), Objects::default(), Workings::default(), Tick(0)),
        overlay: Overlay::none(),
        journal: Journal::default(),
        draws: Draws::new(7),
    }
}

/// A stage with nodes `n0`, `n1`, … of 4 cores and 8 GiB.
pub fn with_nodes(count: usize) -> Stage {
    let mut stage = empty();
    for index in 0..count {
        stage.apply(node(&format!("n{index}"), "4", "8Gi"));
    }
    stage
}

/// A Node document.
pub fn node(name: &str, cpu: &str, memory: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"capacity": {"cpu": cpu, "memory": memory, "pods": "110"}}})
}

/// A Pod document.
pub fn pod(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": spec})
}

/// A Pod with one container of a public server image.
pub fn simple(name: &str, container: Value) -> Value {
    pod(
        name,
        json!({"containers": [with(json!({"name": "main", "image": "nginx:1"}), container)]}),
    )
}

/// A Pod with one busybox container that runs a script.
pub fn shell(name: &str, script: &str) -> Value {
    simple(
        name,
        json!({"image": "busybox:1", "command": ["sh", "-c", script]}),
    )
}

/// `base` with the fields of `more`.
pub fn with(mut base: Value, more: Value) -> Value {
    let (Some(fields), Value::Object(more)) = (base.as_object_mut(), more) else {
        panic!("two objects");
    };
    fields.extend(more);
    base
}

/// A Deployment of one container.
pub fn deployment(name: &str, replicas: u32, container: Value) -> Value {
    let container = with(json!({"name": "main", "image": "nginx:1"}), container);
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}}})
}

impl Stage {
    /// Creates an object.
    pub fn apply(&mut self, document: Value) -> Slot {
        api::create(&mut self.cluster, Arc::new(document), Actor::Unrecorded).unwrap()
    }

    /// Lets seconds pass.
    pub fn run(&mut self, seconds: u32) {
        for _ in 0..seconds {
            tick(
                &mut self.cluster,
                &self.overlay,
                &self.draws,
                &mut self.journal,
            );
        }
    }

    /// Runs until something holds; panics after `most` seconds.
    pub fn run_until(&mut self, most: u32, mut holds: impl FnMut(&Self) -> bool) -> u32 {
        for second in 0..most {
            if holds(self) {
                return second;
            }
            self.run(1);
        }
        panic!("not within {most} s; events:\n{}", self.story());
    }

    /// The present second.
    pub fn now(&self) -> u32 {
        self.cluster.clock.0
    }

    pub fn slot(&self, kind: Kind, name: &str) -> Slot {
        let namespace = if kind.is_cluster_scoped() {
            ""
        } else {
            "default"
        };
        api::find(&self.cluster, &ObjectRef::new(kind, namespace, name))
            .unwrap_or_else(|| panic!("{name} is there"))
    }

    pub fn exists(&self, name: &str) -> bool {
        let reference = ObjectRef::new(Kind::Pod, "default", name);
        api::find(&self.cluster, &reference).is_some()
    }

    pub fn pod_id(&self, name: &str) -> PodId {
        match self.slot(Kind::Pod, name) {
            Slot::Pod(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub fn pod(&self, name: &str) -> &Pod {
        &self.cluster.objects.pods[self.pod_id(name).index()]
    }

    pub fn node_id(&self, name: &str) -> NodeId {
        match self.slot(Kind::Node, name) {
            Slot::Node(id) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Name of the node that a pod is bound to.
    pub fn node_of(&self, name: &str) -> Option<&str> {
        let node = self.pod(name).node?;
        Some(
            &self.cluster.objects.nodes[node.index()]
                .header
                .reference
                .name,
        )
    }

    /// Pods that exist and whose `app` label has this value, by id.
    pub fn pods_of(&self, app: &str) -> Vec<PodId> {
        let rows = self.cluster.objects.pods.enumerate();
        rows.filter(|(_, pod)| pod.exists() && pod.labels.get("app").is_some_and(|v| v == app))
            .map(|(index, _)| PodId::from(index))
            .collect()
    }

    /// `Waiting:CrashLoopBackOff`, `Running`, `Terminated:OOMKilled(137)`: state of a container.
    pub fn state(&self, pod: &str, container: usize) -> String {
        match &self.pod(pod).containers[container].state {
            ContainerState::Waiting { reason, .. } => format!("Waiting:{reason}"),
            ContainerState::Running { .. } => "Running".into(),
            ContainerState::Terminated(end) => {
                format!("Terminated:{}({})", end.reason, end.exit_code)
            }
        }
    }

    /// Messages of the Events with a reason, in order.
    pub fn events(&self, reason: &str) -> Vec<&str> {
        let events = self.journal.events.iter();
        events
            .filter(|e| e.reason == reason)
            .map(|e| e.message.as_str())
            .collect()
    }

    /// All Events as text.
    pub fn story(&self) -> String {
        let lines = self
            .journal
            .events
            .iter()
            .map(|e| format!("{} {} {}", e.object, e.reason, e.message));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Lays a mechanism from now on.
    pub fn lay(&mut self, mechanism: Mechanism, subject: Subject) {
        self.overlay.0.push(Laid {
            mechanism,
            subject,
            from: self.cluster.clock,
            until: Tick::NEVER,
            ends: Ends::WithTime,
            repair: None,
        });
    }

    /// Ends all mechanisms now.
    pub fn lift(&mut self) {
        let now = self.cluster.clock;
        for laid in &mut self.overlay.0 {
            laid.until = laid.until.min(now);
        }
    }

    /// Sets a pod's answer time, as the resources step does.
    pub fn answers_in(&mut self, pod: &str, seconds: f32) {
        let id = self.pod_id(pod);
        let (chunk, row) = self.cluster.workings.pods.at_mut(id);
        chunk.answer[row] = seconds;
    }

    /// Sets a pod's memory, as the resources step does.
    pub fn holds(&mut self, pod: &str, bytes: f32) {
        let id = self.pod_id(pod);
        let (chunk, row) = self.cluster.workings.pods.at_mut(id);
        chunk.memory[row] = bytes;
    }
}
