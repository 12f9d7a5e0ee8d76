//! A trace as a scenario: nodes, a Deployment for each group, and when it comes and goes.

use super::gathered::{Gathered, Group};
use super::{CORES, MEMORY};
use crate::nodes::MOST_NODES;
use aegis_kube::yaml;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Share of the nodes that requests fill at the fullest moment where a trace tells of no machines.
const FILL: f64 = 0.6;
/// Seconds that are played after the last event.
const AFTERWARDS: f64 = 60.0;

/// The text of the scenario.
pub(super) fn text(name: &str, gathered: &Gathered) -> String {
    let named = named(gathered);
    let mut documents = vec![header(name, gathered, &named)];
    documents.extend(classes(gathered));
    documents.extend(named.iter().map(|(name, group)| deployment(name, group)));
    yaml::documents(&documents)
}

/// Groups that have pods, by a name that Kubernetes takes.
fn named(gathered: &Gathered) -> BTreeMap<String, &Group> {
    let mut named = BTreeMap::new();
    let there = gathered
        .groups
        .iter()
        .filter(|(_, group)| group.count() > 0);
    for (name, group) in there {
        let mut free = label(name);
        let mut more = 2;
        while named.contains_key(&free) {
            free = format!("{}-{more}", label(name));
            more += 1;
        }
        named.insert(free, group);
    }
    named
}

/// A name as far as DNS takes it (RFC 1123), with room for the hash of a ReplicaSet.
fn label(name: &str) -> String {
    let letters = name.to_ascii_lowercase();
    let words = letters
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut label = words.collect::<Vec<_>>().join("-");
    label.truncate(40);
    let label = label.trim_end_matches('-');
    if label.is_empty() {
        "group".into()
    } else {
        label.to_owned()
    }
}

fn header(name: &str, gathered: &Gathered, named: &BTreeMap<String, &Group>) -> Value {
    let last = named.values().flat_map(|group| [group.from, group.end()]);
    let last = last.flatten().fold(0.0, f64::max);
    let usage: Vec<Value> = named
        .iter()
        .filter_map(|(name, group)| usage(name, group))
        .collect();
    json!({
        "apiVersion": "aegis.dev/v1",
        "kind": "Scenario",
        "metadata": {"name": name},
        "spec": {
            "description": "Made from a cluster trace: a Deployment for each job or application, scaled up when it came and deleted when it ended.",
            "duration": format!("{}s", (last + AFTERWARDS).ceil()),
            "start": "applied",
            "objectives": [],
            "truth": {"causes": []},
            "cluster": {"nodes": nodes(gathered)},
            "usage": usage,
            "chaos": chaos(named),
        },
    })
}

fn cpu(cores: f64) -> String {
    format!("{}m", (cores * 1000.0).round().max(1.0))
}

fn memory(share: f64) -> String {
    format!("{}Mi", (share * MEMORY / 1_048_576.0).round().max(1.0))
}

/// Machines of one size as a group; without machines, as many of the largest as requests fill to 60 %.
fn nodes(gathered: &Gathered) -> Vec<Value> {
    let mut sizes: BTreeMap<(String, String), u64> = BTreeMap::new();
    let machines = gathered.machines.values();
    for (cores, share) in machines
        .filter(|(cores, share)| *cores > 0.0 && *share > 0.0)
        .take(MOST_NODES as usize)
    {
        *sizes.entry((cpu(*cores), memory(*share))).or_default() += 1;
    }
    if sizes.is_empty() {
        sizes.insert((cpu(CORES), memory(1.0)), needed(gathered));
    }
    let groups = sizes.into_iter();
    groups
        .map(|((cpu, memory), count)| json!({"count": count, "cpu": cpu, "memory": memory}))
        .collect()
}

/// Nodes of the largest size at the moment at which most is asked for.
fn needed(gathered: &Gathered) -> u64 {
    let mut changes: Vec<(f64, f64, f64)> = Vec::new();
    for group in gathered.groups.values() {
        let count = f64::from(group.count());
        let (cpu, memory) = (group.cpu * count / CORES, group.memory * count);
        changes.push((group.from.unwrap_or(0.0), cpu, memory));
        if let Some(end) = group.end() {
            changes.push((end, -cpu, -memory));
        }
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut cpu, mut memory, mut most): (f64, f64, f64) = (0.0, 0.0, 0.0);
    for change in changes {
        (cpu, memory) = (cpu + change.1, memory + change.2);
        most = most.max(cpu).max(memory);
    }
    ((most / FILL).ceil().max(1.0) as u64).min(MOST_NODES)
}

fn usage(name: &str, group: &Group) -> Option<Value> {
    let (cores, share) = group.mean()?;
    Some(
        json!({"workload": format!("Deployment/{name}"), "cpu": cpu(cores), "memory": memory(share)}),
    )
}

/// When groups come, unless they were there at 0, and when all of their pods had ended.
fn chaos(named: &BTreeMap<String, &Group>) -> Vec<Value> {
    let mut entries: Vec<(f64, Value)> = Vec::new();
    for (name, group) in named {
        let object = format!("deployment/{name}");
        let from = group.from.unwrap_or(0.0).round();
        if from > 0.0 {
            let merge = json!({"spec": {"replicas": group.count()}});
            entries.push((
                from,
                json!({"at": format!("{from}s"), "patch": {"object": object, "merge": merge}}),
            ));
        }
        if let Some(end) = group.end() {
            let end = end.round().max(from + 1.0);
            entries.push((end, json!({"at": format!("{end}s"), "delete": object})));
        }
    }
    entries.sort_by(|a, b| a.0.total_cmp(&b.0));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// A PriorityClass for each priority: the trace's number is its value.
fn classes(gathered: &Gathered) -> Vec<Value> {
    let priorities: BTreeSet<i64> = gathered
        .groups
        .values()
        .filter_map(|group| group.priority)
        .collect();
    let class = |value: i64| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": format!("trace-{value}")},
            "value": value,
        })
    };
    priorities.into_iter().map(class).collect()
}

fn deployment(name: &str, group: &Group) -> Value {
    let there = group.from.unwrap_or(0.0).round() <= 0.0;
    let mut spec = json!({"containers": [{
        "name": "task",
        "image": "registry.k8s.io/pause:3.10",
        "resources": {"requests": {"cpu": cpu(group.cpu), "memory": memory(group.memory)}},
    }]});
    if let Some(priority) = group.priority {
        spec["priorityClassName"] = json!(format!("trace-{priority}"));
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": if there { group.count() } else { 0 },
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    })
}
