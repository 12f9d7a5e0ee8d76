//! A cluster in which pods come, run for a while, and end.

use crate::large::{applied, empty, node};
use aegis_model::Overlay;
use aegis_model::objects::PodPhase;
use aegis_sim::{Cluster, Draws, Journal, tick};
use serde_json::{Value, json};

/// What comes and goes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Nodes.
    pub nodes: usize,
    /// Pods over the whole time, evenly.
    pub pods: usize,
    /// How long it goes on, s.
    pub length: usize,
    /// How long a pod runs, s.
    pub lives: usize,
}

/// The size at which kubernetriks publishes its figures.
pub const PLAN: Plan = Plan {
    nodes: 1_000,
    pods: 10_000,
    length: 4_000,
    lives: 600,
};

/// A cluster after all of it.
#[derive(Debug)]
pub struct Churn {
    cluster: Cluster<()>,
}

impl Churn {
    /// Plays a plan.
    ///
    /// # Panics
    /// A document is refused.
    #[must_use]
    pub fn play(plan: Plan) -> Self {
        let mut cluster = empty();
        for index in 0..plan.nodes {
            applied(&mut cluster, node(index));
        }
        let (draws, overlay) = (Draws::new(7), Overlay::none());
        let mut journal = Journal::default();
        let mut made = 0;
        for second in 0..plan.length {
            while made < plan.pods * (second + 1) / plan.length {
                applied(&mut cluster, pod(made, plan.lives));
                made += 1;
            }
            journal.clear();
            tick(&mut cluster, &overlay, &draws, &mut journal);
        }
        Self { cluster }
    }

    /// Pods that ran to their end.
    #[must_use]
    pub fn ended(&self) -> usize {
        let pods = self.cluster.objects.pods.iter();
        pods.filter(|pod| pod.phase == PodPhase::Succeeded).count()
    }
}

fn pod(index: usize, lives: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("p{index}"), "namespace": "default"},
        "spec": {"restartPolicy": "Never", "containers": [{
            "name": "main", "image": "busybox", "command": ["sleep", lives.to_string()],
            "resources": {"requests": {"cpu": format!("{}m", 500 + index % 7 * 500), "memory": "1Gi"}}}]}})
}
