//! What happens when its time has come.

use crate::reveal::Cause;
use crate::schedule::{Act, Change, Deletion};
use crate::world::World;
use aegis_faults::{Fault, Laying, betrayal, overlay};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Header;
use aegis_model::{
    FieldChange, Laid, Mechanism, ObjectChange, Subject, Target, TemplateId, Tick, WorkloadId,
};
use aegis_sim::api::{self, Actor, ApiError};
use aegis_sim::conduct::inverse;
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

fn perform(world: &mut World, act: Act) {
    match act {
        Act::Fault {
            fault,
            target,
            parameters,
            lasts,
            actor,
        } => begin(
            world,
            &Beginning {
                fault,
                target,
                parameters,
                lasts,
                actor,
            },
        ),
        Act::Change {
            change,
            actor,
            every,
        } => {
            make(world, &change, &actor);
            come_again(world, change, actor, every);
        }
        Act::Load { to, rate } => match world.load_at(to) {
            Some(index) => world.rates[index] = Some(rate),
            None => world
                .skipped
                .push(format!("load at {to:?}: no load was sent there before")),
        },
    }
}

fn come_again(world: &mut World, change: Change, actor: SmolStr, every: Option<u32>) {
    if let Some(every) = every.filter(|every| *every > 0) {
        let at = world.cluster.clock.after(every);
        world.due.push((
            at,
            Due::Again {
                change,
                actor,
                every,
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
        } => {
            make(world, &change, &actor);
            come_again(world, change, actor, Some(every));
        }
        Due::End { change, actor } => write(world, &change, &actor),
        Due::Uncordon { node, actor } => {
            let ended = api::uncordon(&mut world.cluster, node, Actor::Recorded(&actor));
            note(world, "end of a drain", ended);
        }
    }
}

fn note(world: &mut World, what: &str, result: Result<(), ApiError>) {
    if let Err(error) = result {
        world.skipped.push(format!("{what}: {error}"));
    }
}

/// A fault that begins.
struct Beginning {
    fault: &'static Fault,
    target: Target,
    parameters: Vec<f64>,
    lasts: Option<u32>,
    actor: SmolStr,
}

/// Whether a fault of the load has a load to act on.
fn finds_load(world: &World, beginning: &Beginning) -> bool {
    match beginning.target {
        Target::Service(id) if !beginning.fault.parts.is_empty() => world.load_at(id).is_some(),
        _ => true,
    }
}

/// Makes the fault's change, and lays its mechanisms.
fn begin(world: &mut World, beginning: &Beginning) {
    if !finds_load(world, beginning) {
        let id = beginning.fault.id;
        world
            .skipped
            .push(format!("{id}: no load arrives at its target"));
        return;
    }
    let changed = match beginning.fault.change {
        None => None,
        Some(make) => {
            let sizes = sizes(beginning);
            let Some(change) = make(&world.cluster.objects, beginning.target, &sizes) else {
                let id = beginning.fault.id;
                world.skipped.push(format!(
                    "{id}: its target has nothing to get wrong in that way"
                ));
                return;
            };
            write(world, &change, &beginning.actor);
            end_later(world, beginning, &change);
            Some(change)
        }
    };
    lay(world, beginning);
    let cause = cause(world, beginning, changed.as_ref());
    world.causes.extend(cause);
}

fn sizes(beginning: &Beginning) -> Vec<f64> {
    let given = |index: usize| beginning.parameters.get(index).copied();
    let parameters = beginning.fault.parameters.iter().enumerate();
    parameters
        .map(|(index, parameter)| given(index).unwrap_or(parameter.default))
        .collect()
}

fn end_later(world: &mut World, beginning: &Beginning, change: &ObjectChange) {
    let back = betrayal::object(change).and_then(|object| inverse(&object, change));
    if let (Some(lasts), Some(back)) = (beginning.lasts, back) {
        let end = Due::End {
            change: Arc::new(back),
            actor: beginning.actor.clone(),
        };
        world.due.push((world.cluster.clock.after(lasts), end));
    }
}

fn lay(world: &mut World, beginning: &Beginning) {
    let from = world.cluster.clock;
    let laying = Laying {
        subject: subject(world, beginning.target),
        parameters: &beginning.parameters,
        from,
        until: beginning
            .lasts
            .map_or(Tick::NEVER, |lasts| from.after(lasts)),
        template: template(world, beginning.target),
    };
    for laid in overlay(beginning.fault, &laying).0 {
        lay_one(world, beginning, laid);
    }
}

/// A drain is done as a person does it, through the API server; all else is laid unseen.
fn lay_one(world: &mut World, beginning: &Beginning, laid: Laid) {
    let (Mechanism::Drain, Subject::Node(node)) = (&laid.mechanism, laid.subject) else {
        world.overlay.0.push(laid);
        return;
    };
    let begun = api::drain(&mut world.cluster, node, Actor::Recorded(&beginning.actor));
    note(world, "drain", begun);
    if laid.until != Tick::NEVER {
        let actor = beginning.actor.clone();
        world.due.push((laid.until, Due::Uncordon { node, actor }));
    }
}

/// What mechanisms act on. Load acts on the Service at which it arrives, whichever Service of that
/// workload was named.
fn subject(world: &World, target: Target) -> Subject {
    match target {
        Target::Workload(id) => Subject::Workload(id),
        Target::Node(id) => Subject::Node(id),
        Target::Service(id) => {
            let arrives = world.load_at(id).map(|index| world.loads[index].to);
            Subject::Service(arrives.unwrap_or(id))
        }
        Target::Policy(_) | Target::Plain(_) | Target::Cluster => Subject::Cluster,
    }
}

/// The wanted revision of a workload: the one at fault, for a defect of what was rolled out.
fn template(world: &World, target: Target) -> Option<TemplateId> {
    match target {
        Target::Workload(id) => world
            .cluster
            .objects
            .workloads
            .get(id.index())
            .map(|row| row.template),
        _ => None,
    }
}

/// What the truth will say. A fault that comes by a change is at the object that was changed.
fn cause(world: &World, beginning: &Beginning, change: Option<&ObjectChange>) -> Option<Cause> {
    let fault = beginning.fault;
    let changed = change.and_then(betrayal::object);
    Some(Cause {
        fault: fault.id,
        target: beginning.target,
        object: changed.or_else(|| reference(world, beginning.target))?,
        fields: change
            .map(|change| fault.traces(change))
            .unwrap_or_default(),
        actor: change.map(|_| beginning.actor.clone()),
        from: world.cluster.clock,
    })
}

fn reference(world: &World, target: Target) -> Option<ObjectRef> {
    let objects = &world.cluster.objects;
    let header: &Header = match target {
        Target::Workload(id) => &objects.workloads.get(id.index())?.header,
        Target::Service(id) => &objects.services.get(id.index())?.header,
        Target::Node(id) => &objects.nodes.get(id.index())?.header,
        Target::Policy(id) => &objects.policies.get(id.index())?.header,
        Target::Plain(id) => &objects.plain.get(id.index())?.header,
        Target::Cluster => return Some(ObjectRef::new(Kind::Cluster, "", "cluster")),
    };
    Some(header.reference.clone())
}

fn make(world: &mut World, change: &Change, actor: &SmolStr) {
    match change {
        Change::Write(change) => write(world, change, actor),
        Change::Rejected(why) => world.skipped.push(format!("{actor} on {why}")),
        Change::Delete(deletion) => delete(world, deletion, actor),
    }
}

/// A write; a document that is created though it exists replaces what is there.
fn write(world: &mut World, change: &ObjectChange, actor: &SmolStr) {
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

fn delete(world: &mut World, deletion: &Deletion, actor: &SmolStr) {
    let objects = match deletion {
        Deletion::Object(object) => vec![object.clone()],
        Deletion::PodsOf(workload) => pods_of(world, *workload),
        Deletion::Selected(kind, labels) => selected(world, kind, labels),
    };
    for object in objects {
        let result = api::delete(&mut world.cluster, &object, Actor::Recorded(actor));
        note(world, &format!("{actor} deletes {object}"), result);
    }
}

fn pods_of(world: &World, workload: WorkloadId) -> Vec<ObjectRef> {
    let objects = &world.cluster.objects;
    let Some(row) = objects.workloads.get(workload.index()) else {
        return Vec::new();
    };
    let pods = row.pods.iter().map(|id| &objects.pods[id.index()]);
    pods.filter(|pod| pod.is_active())
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
            .filter(|pod| pod.is_active() && carries(&pod.labels));
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
