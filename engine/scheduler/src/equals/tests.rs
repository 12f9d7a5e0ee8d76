//! The choices among equals are those of the search row by row, in clusters drawn at random.

use crate::board::Board;
use crate::placement::Search;
use crate::{attempt, queue};
use aegis_cluster::api::{self, Actor};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::{Draws, Purpose};
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::Workings;
use aegis_model::{NodeId, Objects, Tick};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};

/// Draws of one cluster.
struct Dice {
    draws: Draws,
    thrown: u64,
}

impl Dice {
    fn of(seed: u64) -> Self {
        Self {
            draws: Draws::new(seed),
            thrown: 0,
        }
    }

    fn below(&mut self, sides: usize) -> usize {
        self.thrown += 1;
        let bits = self.draws.bits(Purpose::Hidden, self.thrown, Tick(0));
        (bits % sides as u64) as usize
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }
}

fn created(cluster: &mut Cluster<()>, document: Value) {
    let made = api::create(cluster, Arc::new(document), Actor::Unrecorded);
    assert!(made.is_ok(), "a document is refused: {made:?}");
}

fn node(dice: &mut Dice, index: usize) -> Value {
    let name = format!("n{index}");
    let mut labels = json!({"kubernetes.io/hostname": name});
    if !dice.one_in(9) {
        labels["topology.kubernetes.io/zone"] = ["a", "b", "c"][dice.below(3)].into();
    }
    if !dice.one_in(3) {
        labels["rack"] = format!("r{}", dice.below(9)).into();
    }
    if dice.one_in(3) {
        labels["disk"] = "fast".into();
    }
    let mut spec = json!({});
    if dice.one_in(4) {
        let effect = ["PreferNoSchedule", "PreferNoSchedule", "NoSchedule"][dice.below(3)];
        spec["taints"] = json!([{"key": "old", "value": "yes", "effect": effect}]);
    }
    let amounts = json!({"cpu": (1 + dice.below(4)).to_string(),
        "memory": format!("{}Gi", 1 + dice.below(8)), "pods": (2 + dice.below(9)).to_string()});
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "spec": spec, "status": {"capacity": amounts, "allocatable": amounts}})
}

/// A ReplicaSet whose pods may wish for spread, for nodes, and stay off others.
fn set(dice: &mut Dice, name: &str) -> Value {
    let mut spec = json!({"containers": [{"name": "main", "image": "registry.test/part:v1",
        "resources": {"requests": {"cpu": format!("{}m", 50 * dice.below(5)),
            "memory": format!("{}Mi", 100 * dice.below(5))}}}]});
    let selector = json!({"matchLabels": {"app": name}});
    let wish = |key: &str, skew: usize| {
        json!({"topologyKey": key, "maxSkew": skew,
        "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector})
    };
    match dice.below(5) {
        0 => spec["topologySpreadConstraints"] = json!([wish("rack", 1)]),
        1 => {
            let by_host = wish("kubernetes.io/hostname", 2);
            let by_zone = wish("topology.kubernetes.io/zone", 1);
            spec["topologySpreadConstraints"] = json!([by_host, by_zone]);
        }
        _ => {}
    }
    if dice.one_in(3) {
        let wanted = json!([{"key": "disk", "operator": "Exists"}]);
        let preference = json!({"matchExpressions": wanted});
        spec["affinity"] = json!({"nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution":
                [{"weight": 1 + dice.below(50), "preference": preference}]}});
    }
    if dice.one_in(4) {
        spec["tolerations"] = json!([{"key": "old", "operator": "Exists"}]);
    }
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 0, "selector": selector,
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

fn pod(set: &Value, index: usize) -> Value {
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true,
        "name": set["metadata"]["name"], "uid": ""});
    let set_name = set["metadata"]["name"].as_str().unwrap_or_default();
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("{set_name}-{index}"), "namespace": "default",
            "labels": set["spec"]["template"]["metadata"]["labels"], "ownerReferences": [owner]},
        "spec": set["spec"]["template"]["spec"]})
}

/// Nodes, ReplicaSets, and a Service that selects across them; pods come with [`come`].
fn drawn(dice: &mut Dice) -> (Cluster<()>, Vec<Value>) {
    let mut cluster = Cluster::new((), Objects::default(), Workings::default(), Tick(0));
    for index in 0..1 + dice.below(300) {
        let node = node(dice, index);
        created(&mut cluster, node);
    }
    let sets: Vec<Value> = (0..1 + dice.below(3))
        .map(|nth| set(dice, &format!("s{nth}")))
        .collect();
    for set in &sets {
        created(&mut cluster, set.clone());
    }
    (cluster, sets)
}

fn come(cluster: &mut Cluster<()>, dice: &mut Dice, sets: &[Value], round: usize) {
    for index in 0..dice.below(400) {
        let set = &sets[dice.below(sets.len())];
        created(cluster, pod(set, 1000 * round + index));
    }
}

/// How a round looks for rows.
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    Kept,
    /// Each pod is taken for the first of its kind.
    Lost,
}

fn round(cluster: &mut Cluster<()>, memory: Memory) -> usize {
    let (draws, mut journal) = (Draws::new(7), Journal::default());
    queue::refresh(cluster);
    let mut search = Search::new(Board::of(cluster));
    let mut kept = 0;
    while let Some(pod) = queue::pop(cluster) {
        if memory == Memory::Lost {
            search.lose_memory();
        }
        attempt(cluster, &draws, &mut journal, &mut search, pod);
        kept = search.among_equals;
    }
    kept
}

fn places(cluster: &Cluster<()>) -> Vec<(String, Option<NodeId>)> {
    let pods = cluster.objects.pods.iter();
    pods.map(|pod| (pod.name.as_str().into(), pod.node))
        .collect()
}

#[test]
fn equals_go_where_each_by_itself_would() {
    let mut among_equals = 0;
    for seed in 0..60 {
        let mut dice = Dice::of(seed);
        let (mut kept, sets) = drawn(&mut dice);
        for turn in 0..3 {
            come(&mut kept, &mut dice, &sets, turn);
            let mut lost = kept.clone();
            among_equals += round(&mut kept, Memory::Kept);
            round(&mut lost, Memory::Lost);
            assert_eq!(places(&kept), places(&lost), "seed {seed}, turn {turn}");
            let next = |cluster: &Cluster<()>| cluster.workings.scheduler.next_start;
            assert_eq!(next(&kept), next(&lost), "seed {seed}, turn {turn}");
            kept.clock = kept.clock.after(400);
        }
    }
    assert!(among_equals > 10_000, "only {among_equals} of equals");
}
