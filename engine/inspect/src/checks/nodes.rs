//! Nodes: services that do not run, conditions that say so.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{items, text};
use crate::estate::Object;
use crate::symptoms::Symptom;
use serde_json::Value;

/// A service of a node, the cause when it does not run.
const DAEMONS: &[(&str, &str)] = &[
    ("kubelet", "kubelet_down"),
    ("containerd", "container_runtime_down"),
    ("docker", "container_runtime_down"),
    ("crio", "container_runtime_down"),
    ("cri-o", "container_runtime_down"),
    ("kube-proxy", "kube_proxy_down"),
    ("kube-scheduler", "scheduler_down"),
    ("kube-controller-manager", "controller_manager_down"),
];

/// Words of a node's conditions, and the cause.
const WORDS: &[(&str, &str)] = &[
    ("container runtime is down", "container_runtime_down"),
    ("PLEG is not healthy", "container_runtime_down"),
    ("container runtime not ready", "container_runtime_down"),
    ("containerd.sock", "container_runtime_down"),
    ("stopped posting node status", "kubelet_down"),
];

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = case
        .estate
        .bundle
        .daemons
        .iter()
        .filter(|daemon| !daemon.running)
        .filter_map(|daemon| {
            let (_, id) = DAEMONS.iter().find(|(name, _)| daemon.name == *name)?;
            let file = format!("nodes/{}/{}", daemon.node, daemon.name);
            let words = format!("{}: {}", daemon.name, daemon.state);
            let candidate = at_node(case, id, &daemon.node)?.field("status").seen(
                Said,
                "node_service",
                file,
                words,
            );
            Some(consequences(case, candidate, id, &daemon.node))
        })
        .collect();
    if found.is_empty() {
        let nodes = case.estate.of_kind("Node");
        found.extend(nodes.filter_map(|node| by_condition(case, &node)));
    }
    let nodes = case.estate.of_kind("Node");
    found.extend(nodes.filter_map(|node| pressed(case, &node)));
    found
}

fn at_node(case: &Case<'_>, id: &str, node: &str) -> Option<Candidate> {
    let estate = &case.estate;
    let mut candidate = Candidate::new(id, crate::estate::reference("Node", "", node))?;
    candidate.nodes.push(node.to_owned());
    let of_cluster = matches!(id, "scheduler_down" | "controller_manager_down");
    let hurt = estate.pods.iter().filter(|pod| {
        let here = pod.node == node && !of_cluster;
        let waiting = of_cluster && pod.node.is_empty();
        !pod.is_ready() && (here || waiting)
    });
    let hurt: Vec<usize> = hurt.filter_map(|pod| pod.workload).collect();
    let below: Vec<usize> = estate
        .pods
        .iter()
        .filter(|pod| pod.node == node && !of_cluster)
        .filter_map(|pod| pod.workload)
        .collect();
    let down = case
        .picture
        .symptoms
        .iter()
        .any(|symptom| *symptom == Symptom::NodeDown(node.to_owned()));
    Some(
        candidate
            .hurting(hurt)
            .hurting(below.into_iter().filter(|_| down)),
    )
}

/// What each of them brings about, where it is seen.
fn consequences(case: &Case<'_>, candidate: Candidate, id: &str, node: &str) -> Candidate {
    let symptoms = &case.picture.symptoms;
    let seen = match id {
        "kube_proxy_down" => symptoms
            .contains(&Symptom::CutOff(node.to_owned()))
            .then_some("no Service can be reached from the node"),
        "kubelet_down" | "container_runtime_down" => symptoms
            .contains(&Symptom::NodeDown(node.to_owned()))
            .then_some("the node is not ready"),
        _ => {
            let waits = case
                .estate
                .pods
                .iter()
                .any(|pod| pod.phase == "Pending" && pod.node.is_empty());
            waits.then_some("pods wait for a node")
        }
    };
    match seen {
        Some(words) => candidate.seen(
            Proven,
            "object",
            crate::estate::reference("Node", "", node),
            words,
        ),
        None => candidate,
    }
}

fn ready<'a>(node: &Object<'a>) -> Option<&'a Value> {
    items(node.doc, "/status/conditions").find(|condition| text(condition, "/type") == "Ready")
}

fn by_condition(case: &Case<'_>, node: &Object<'_>) -> Option<Candidate> {
    let condition = ready(node).filter(|ready| text(ready, "/status") != "True")?;
    let message = text(condition, "/message");
    let reason = text(condition, "/reason");
    let id = WORDS
        .iter()
        .find(|(words, _)| message.contains(words))
        .map_or("node_crash", |(_, id)| id);
    Some(
        at_node(case, id, node.name)?
            .field("status.conditions[type=Ready]")
            .seen(
                Said,
                "object",
                node.reference(),
                format!("{reason}: {message}"),
            ),
    )
}

/// A pressure that is on: it evicts.
fn pressed(case: &Case<'_>, node: &Object<'_>) -> Option<Candidate> {
    let on = items(node.doc, "/status/conditions").find(|condition| {
        text(condition, "/type").ends_with("Pressure") && text(condition, "/status") == "True"
    })?;
    let kind = text(on, "/type");
    Some(
        at_node(case, "node_pressure", node.name)?
            .field(format!("status.conditions[type={kind}]"))
            .seen(
                Said,
                "object",
                node.reference(),
                format!("{kind}: {}", text(on, "/message")),
            )
            .seen(
                Fits,
                "object",
                node.reference(),
                "pods are evicted or kept off",
            ),
    )
}
