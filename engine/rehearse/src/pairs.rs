//! Which faults fit which objects of a cluster.

use crate::play::Laid;
use crate::reach::Reach;
use aegis_faults::Fault;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Mechanism, NodeId, Objects, Target};
use aegis_scenario::load::Loaded;
use aegis_scenario::resolve::Named;
use aegis_world::Act;
use std::collections::BTreeMap;

/// Id of the loss of every node of a zone at once.
pub const ZONE_LOSS: &str = "zone_loss";
/// Label of a node's zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// Who makes the changes that visible faults come by.
const ACTOR: &str = "user:deployer";

/// A fault at a target.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Id in the catalogue, or [`ZONE_LOSS`].
    pub fault: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The object that it acts on; a zone is `Zone/a`.
    pub object: ObjectRef,
    /// What it acts on, by id.
    pub targets: Vec<Target>,
    /// Share of users' requests that pass it, 0..=1.
    pub reach: f64,
    /// How often it happens, per cluster of a dozen services in a month.
    pub frequency: f64,
    /// What is laid.
    pub laid: Laid,
}

/// Which faults of the catalogue are rehearsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Faults {
    /// All that fit.
    All,
    /// Those of these ids.
    Only(Vec<String>),
}

impl Faults {
    fn holds(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.iter().any(|own| own == id),
        }
    }
}

/// Every fault at every object that it fits, in turns: of each fault the target with the widest reach first.
#[must_use]
pub fn pairs(loaded: &Loaded, objects: &Objects, faults: &Faults) -> Vec<Pair> {
    let reach = Reach::of(loaded, objects);
    let zones = zones(objects);
    let mut pairs: Vec<Pair> = aegis_faults::all()
        .filter(|fault| faults.holds(fault.id))
        .flat_map(|fault| of_fault(fault, loaded, objects, &reach, &zones))
        .collect();
    if faults.holds(ZONE_LOSS) {
        pairs.extend(losses_of_zones(objects, &reach, &zones));
    }
    pairs.retain(|pair| pair.reach > 0.0);
    pairs.sort_by(|a, b| {
        let by_reach = b.reach.total_cmp(&a.reach);
        by_reach.then(b.frequency.total_cmp(&a.frequency))
    });
    in_turns(pairs)
}

/// Each fault at its widest target first, then each at its second, and so on: where not all is played, every
/// fault is.
fn in_turns(pairs: Vec<Pair>) -> Vec<Pair> {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut turns: Vec<(usize, Pair)> = pairs
        .into_iter()
        .map(|pair| {
            let turn = seen.entry(pair.fault).or_default();
            *turn += 1;
            (*turn, pair)
        })
        .collect();
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, pair)| pair).collect()
}

fn of_fault(
    fault: &'static Fault,
    loaded: &Loaded,
    objects: &Objects,
    reach: &Reach,
    zones: &Zones,
) -> Vec<Pair> {
    let targets = targets(fault, loaded, objects).into_iter();
    let fits = targets.filter(|target| fits(fault, *target, zones));
    let pair = |target: Target| {
        Some(Pair {
            fault: fault.id,
            summary: fault.summary,
            object: objects.reference(target)?,
            targets: vec![target],
            reach: reach.target(objects, target),
            frequency: fault.frequency.per_cluster_month,
            laid: Laid::at_onset(vec![act(fault, target)]),
        })
    };
    fits.filter_map(pair).collect()
}

fn act(fault: &'static Fault, target: Target) -> Act {
    Act::Fault {
        fault,
        target,
        parameters: fault.defaults(),
        lasts: None,
        actor: ACTOR.into(),
    }
}

/// The objects that a fault could act on as these manifests are: none, for one that has to bring its own.
fn targets(fault: &Fault, loaded: &Loaded, objects: &Objects) -> Vec<Target> {
    let sizes = fault.defaults();
    let mut parts = fault.parts.iter();
    if parts.any(|part| matches!((part.mechanism)(&sizes), Mechanism::LoadFactor(_))) {
        // What acts on a load acts where users arrive.
        let traffic = loaded.scenario.spec.traffic.iter();
        let entries = traffic.filter_map(|traffic| Named(objects).service(&traffic.to));
        return entries.map(Target::Service).collect();
    }
    if fault.stage.is_empty() {
        aegis_faults::applicable(fault, objects)
    } else {
        Vec::new()
    }
}

/// Whether a fault has something to lay, and no zone stands for the same node.
fn fits(fault: &Fault, target: Target, zones: &Zones) -> bool {
    let lays = !fault.steps.is_empty() || !fault.parts.is_empty();
    let alone = |node: NodeId| zones.len() > 1 && zones.values().any(|nodes| *nodes == [node]);
    let is_zone = fault.id == "node_crash" && matches!(target, Target::Node(node) if alone(node));
    lays && !is_zone
}

/// Nodes by zone; those without one are in none.
pub type Zones = BTreeMap<String, Vec<NodeId>>;

/// The zones of a cluster.
#[must_use]
pub fn zones(objects: &Objects) -> Zones {
    let mut zones = Zones::new();
    for (id, node) in objects.nodes.enumerate() {
        if let Some(zone) = node.header.labels.get(ZONE)
            && node.header.exists()
        {
            zones.entry(zone.to_string()).or_default().push(id.into());
        }
    }
    zones
}

impl Pair {
    /// What is laid over another cluster so that the same goes wrong: of a zone, all nodes that it has there.
    #[must_use]
    pub fn laid_on(&self, objects: &Objects) -> Laid {
        let crash = aegis_faults::by_id("node_crash").filter(|_| self.fault == ZONE_LOSS);
        let nodes = zones(objects).remove(self.object.name.as_str());
        match (crash, nodes) {
            (Some(crash), Some(nodes)) => {
                let acts = nodes.into_iter().map(|node| act(crash, Target::Node(node)));
                Laid::at_onset(acts.collect())
            }
            _ => self.laid.clone(),
        }
    }
}

fn losses_of_zones(objects: &Objects, reach: &Reach, zones: &Zones) -> Vec<Pair> {
    let Some(crash) = aegis_faults::by_id("node_crash").filter(|_| zones.len() > 1) else {
        return Vec::new();
    };
    let pair = |(zone, nodes): (&String, &Vec<NodeId>)| {
        let targets: Vec<Target> = nodes.iter().copied().map(Target::Node).collect();
        let reach = targets.iter().map(|target| reach.target(objects, *target));
        Pair {
            fault: ZONE_LOSS,
            summary: "A zone is gone with all its nodes.",
            object: ObjectRef::new(Kind::from("Zone"), "", zone),
            reach: reach.fold(0.0, f64::max),
            frequency: crash.frequency.per_cluster_month / 10.0,
            laid: Laid::at_onset(targets.iter().map(|target| act(crash, *target)).collect()),
            targets,
        }
    };
    zones.iter().map(pair).collect()
}
