//! What happens when its time has come.

use crate::begin::{self, Beginning};
use crate::schedule::{Act, Change, Deletion};
use crate::world::World;
use aegis_faults::betrayal;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{FieldChange, ObjectChange, Tick, WorkloadId};
use aegis_sim::api::{self, Actor, ApiError, Propagation};
use smol_str::SmolStr;
use std::sync::Arc;

/// What comes at a tick that was not known when the schedule was written.
#[derive(Debug, Clone)]
pub enum Due {
    /// A change that comes again.
    Again {
        /// What is changed.
        change: Change,
        /// Who.
        actor: SmolStr,
        /// Seconds until the next time.
        every: u32,
        /// The object through which it is done; without it, or suspended, nothing is.
        through: Option<ObjectRef>,
    },
    /// The end of a fault that came by a change: the change that takes it back.
    End {
        /// It.
        change: Arc<ObjectChange>,
        /// Who.
        actor: SmolStr,
    },
    /// The end of a drain.
    Uncordon {
        /// The node.
        node: aegis_model::NodeId,
        /// Who.
        actor: SmolStr,
    },
}

impl Due {
    /// Whether it belongs to something that has begun: an actor at work, an end.
    pub const fn is_under_way(&self) -> bool {
        matches!(
            self,
            Self::Again { .. } | Self::End { .. } | Self::Uncordon { .. }
        )
    }
}

/// Does all that is due at the coming tick.
pub fn perform_due(world: &mut World) {
    let now = world.cluster.clock;
    while let Some(entry) = world.schedule.0.get(world.passed) {
        if world.origin.after(entry.at) > now || world.time() < 0 {
            break;
        }
        let act = entry.act.clone();
        world.passed += 1;
        perform(world, act);
    }
    let (due, later) = world.due.drain(..).partition(|(at, _)| *at <= now);
    world.due = later;
    let due: Vec<(Tick, Due)> = due;
    for (_, due) in due {
        perform_again(world, due);
    }
}

/// Does one thing now.
pub fn perform(world: &mut World, act: Act) {
    match act {
        Act::Fault {
            fault,
            target,
            parameters,
            lasts,
            actor,
        } => begin::begin(
            world,
            &Beginning {
                fault,
                target,
                parameters,
                lasts,
                actor,
            },
        ),
        Act::Stage {
            fault,
            target,
            actor,
        } => begin::put_on_stage(world, fault, target, &actor),
        Act::Change {
            change,
            actor,
            every,
        } => {
            make(world, &change, &actor);
            come_again(world, change, actor, every, None);
        }
        Act::Load { to, rate } => match world.load_at(to) {
            Some(index) => world.rates[index] = Some(rate),
            None => world
                .skipped
                .push(format!("load at {to:?}: no load was sent there before")),
        },
    }
}

/// Lets a change come again after a while.
pub fn come_again(
    world: &mut World,
    change: Change,
    actor: SmolStr,
    every: Option<u32>,
    through: Option<ObjectRef>,
) {
    if let Some(every) = every.filter(|every| *every > 0) {
        let at = world.cluster.clock.after(every);
        world.due.push((
            at,
            Due::Again {
                change,
                actor,
                every,
                through,
            },
        ));
    }
}

fn perform_again(world: &mut World, due: Due) {
    match due {
        Due::Again {
            change,
            actor,
            every,
            through,
        } => {
            if through
                .as_ref()
                .is_none_or(|through| is_at_work(world, through))
            {
                make(world, &change, &actor);
            }
            come_again(world, change, actor, Some(every), through);
        }
        Due::End { change, actor } => write(world, &change, &actor),
        Due::Uncordon { node, actor } => {
            let ended = api::uncordon(&mut world.cluster, node, Actor::Recorded(&actor));
            note(world, "end of a drain", ended);
        }
    }
}

/// Says what could not be done.
pub fn note(world: &mut World, what: &str, result: Result<(), ApiError>) {
    if let Err(error) = result {
        world.skipped.push(format!("{what}: {error}"));
    }
}

/// Whether what an actor acts through is there, and not suspended or without pods.
fn is_at_work(world: &World, through: &ObjectRef) -> bool {
    let Some(header) = aegis_faults::step::find(&world.cluster.objects, through) else {
        return false;
    };
    let spec = &header.doc["spec"];
    spec["suspend"] != true && spec["replicas"] != 0
}

fn make(world: &mut World, change: &Change, actor: &SmolStr) {
    match change {
        Change::Write(change) => write(world, change, actor),
        Change::Rejected(why) => world.skipped.push(format!("{actor} on {why}")),
        Change::Delete(deletion, propagation) => {
            delete(world, deletion, *propagation, actor);
        }
    }
}

/// A write; a document that is created though it exists replaces what is there.
pub fn write(world: &mut World, change: &ObjectChange, actor: &SmolStr) {
    let result = match replacement(world, change) {
        Some(update) => api::apply(&mut world.cluster, &update, Actor::Recorded(actor)),
        None => api::apply(&mut world.cluster, change, Actor::Recorded(actor)),
    };
    let object = betrayal::object(change).map_or_else(String::new, |object| object.to_string());
    note(world, &format!("{actor} on {object}"), result);
    world.adopt();
}

/// The update that `apply` makes of a document whose object exists: its top-level fields.
fn replacement(world: &World, change: &ObjectChange) -> Option<ObjectChange> {
    let ObjectChange::Create { document } = change else {
        return None;
    };
    let object = betrayal::object(change)?;
    api::find(&world.cluster, &object)?;
    let fields = document.as_object()?.iter();
    let root = aegis_model::FieldPath::default();
    let labels = document["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten();
    let labels = labels.map(|(key, value)| (root.key("metadata").key("labels").key(key), value));
    // Of a status only what a node's kubelet would report is taken.
    let is_node = object.kind == Kind::Node;
    let fields = fields
        .filter(|(key, _)| {
            let status = key.as_str() == "status" && !is_node;
            !status && !matches!(key.as_str(), "apiVersion" | "kind" | "metadata")
        })
        .map(|(key, value)| (root.key(key), value));
    let fields = fields.chain(labels).map(|(path, value)| FieldChange {
        path,
        before: None,
        after: Some(value.clone()),
    });
    let fields = fields.collect();
    Some(ObjectChange::Update { object, fields })
}

/// Deletes what exists of it.
pub fn delete(world: &mut World, deletion: &Deletion, propagation: Propagation, actor: &SmolStr) {
    let objects = match deletion {
        Deletion::Object(object) => vec![object.clone()],
        Deletion::PodsOf(workload) => pods_of(world, *workload),
        Deletion::Selected(kind, labels) => selected(world, kind, labels),
    };
    for object in objects {
        let recorded = Actor::Recorded(actor);
        let result = api::delete_by(&mut world.cluster, &object, propagation, recorded);
        note(world, &format!("{actor} deletes {object}"), result);
    }
}

fn pods_of(world: &World, workload: WorkloadId) -> Vec<ObjectRef> {
    let objects = &world.cluster.objects;
    let Some(row) = objects.workloads.get(workload.index()) else {
        return Vec::new();
    };
    let pods = row.pods.iter().map(|id| &objects.pods[id.index()]);
    pods.filter(|pod| pod.exists() && pod.deletion.is_none())
        .map(|pod| ObjectRef::new(Kind::Pod, &pod.namespace, &pod.name))
        .collect()
}

fn selected(
    world: &World,
    kind: &Kind,
    labels: &aegis_model::kubernetes::Labels,
) -> Vec<ObjectRef> {
    let objects = &world.cluster.objects;
    let carries = |own: &aegis_model::kubernetes::Labels| {
        labels
            .iter()
            .all(|(key, value)| own.get(key) == Some(value))
    };
    if *kind == Kind::Pod {
        let pods = objects
            .pods
            .iter()
            .filter(|pod| pod.exists() && pod.deletion.is_none() && carries(&pod.labels));
        return pods
            .map(|pod| ObjectRef::new(Kind::Pod, &pod.namespace, &pod.name))
            .collect();
    }
    let headers = objects
        .workloads
        .iter()
        .map(|row| &row.header)
        .chain(objects.services.iter().map(|row| &row.header))
        .chain(objects.autoscalers.iter().map(|row| &row.header))
        .chain(objects.policies.iter().map(|row| &row.header))
        .chain(objects.budgets.iter().map(|row| &row.header))
        .chain(objects.volumes.iter().map(|row| &row.header))
        .chain(objects.claims.iter().map(|row| &row.header))
        .chain(objects.classes.iter().map(|row| &row.header))
        .chain(objects.plain.iter().map(|row| &row.header));
    headers
        .filter(|header| {
            header.exists() && header.reference.kind == *kind && carries(&header.labels)
        })
        .map(|header| header.reference.clone())
        .collect()
}
