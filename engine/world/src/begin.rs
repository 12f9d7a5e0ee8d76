//! How a fault begins: its changes are made, its mechanisms are laid; and how it is taken back.

use crate::acts::{self, Due, come_again, note, write};
use crate::reveal::Cause;
use crate::schedule::{Change, Deletion};
use crate::world::World;
use aegis_faults::step::of_target;
use aegis_faults::{Breadth, Deed, Fault, Laying, betrayal, overlay};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::overlay::Held;
use aegis_model::{Laid, Mechanism, NodeId, ObjectChange, Subject, Target, TemplateId, Tick};
use aegis_sim::api::{self, Actor, Propagation};
use smol_str::SmolStr;
use std::sync::Arc;

/// A fault that begins.
#[derive(Debug)]
pub struct Beginning {
    /// Which.
    pub fault: &'static Fault,
    /// What it acts on.
    pub target: Target,
    /// Its sizes; what is missing is at its default.
    pub parameters: Vec<f64>,
    /// Seconds that it lasts; `None` until it is mended.
    pub lasts: Option<u32>,
    /// Who makes its changes.
    pub actor: SmolStr,
}

/// A fault that has begun, as it can be taken back.
#[derive(Debug, Clone)]
pub struct Begun {
    fault: &'static str,
    /// The changes that take its own back, last first.
    back: Vec<ObjectChange>,
    /// Its mechanisms, by position in the overlay.
    laid: Vec<usize>,
    /// Over how much.
    breadth: Breadth,
}

/// Makes the fault's changes, and lays its mechanisms.
pub fn begin(world: &mut World, beginning: &Beginning) {
    let id = beginning.fault.id;
    if !finds_load(world, beginning) {
        world
            .skipped
            .push(format!("{id}: no load arrives at its target"));
        return;
    }
    let Some(made) = make_all(world, beginning) else {
        world.skipped.push(format!(
            "{id}: its target has nothing to get wrong in that way"
        ));
        return;
    };
    let back = taken_back(&made);
    end_later(world, beginning, &back);
    let told = telling(beginning.fault, &made);
    let held = told.and_then(betrayal::held).map(Arc::new);
    let from = world.overlay.0.len();
    for subject in subjects(world, beginning) {
        lay(world, beginning, subject, held.as_ref());
    }
    let laid = (from..world.overlay.0.len()).collect();
    world.begun.push(Begun {
        fault: beginning.fault.id,
        back,
        laid,
        breadth: beginning.fault.breadth,
    });
    let cause = cause(world, beginning, telling(beginning.fault, &made));
    world.causes.extend(cause);
}

/// Puts what a fault needs of an application there.
pub fn put_on_stage(world: &mut World, fault: &Fault, target: Target, actor: &SmolStr) {
    let sizes = fault.defaults();
    for step in fault.stage {
        match step.deed(&world.cluster.objects, target, &sizes) {
            Some(Deed::Write(change)) => write(world, &change, actor),
            _ => world
                .skipped
                .push(format!("{}: its stage means nothing here", fault.id)),
        }
    }
}

/// Whether a fault of the load has a load to act on.
fn finds_load(world: &World, beginning: &Beginning) -> bool {
    match beginning.target {
        Target::Service(id) if is_of_load(beginning) => world.load_at(id).is_some(),
        _ => true,
    }
}

fn is_of_load(beginning: &Beginning) -> bool {
    let sizes = sizes(beginning);
    let mut parts = beginning.fault.parts.iter();
    parts.any(|part| matches!((part.mechanism)(&sizes), Mechanism::LoadFactor(_)))
}

/// Makes every change, each of the objects as the one before left them. `None`, and nothing done, where the
/// first means nothing here.
fn make_all(world: &mut World, beginning: &Beginning) -> Option<Vec<ObjectChange>> {
    let sizes = sizes(beginning);
    let mut made = Vec::new();
    for (position, step) in beginning.fault.steps.iter().enumerate() {
        match step.deed(&world.cluster.objects, beginning.target, &sizes) {
            Some(deed) => made.extend(make(world, beginning, deed)),
            None if position == 0 => return None,
            None => world.skipped.push(format!(
                "{}: step {} means nothing here",
                beginning.fault.id,
                position + 1
            )),
        }
    }
    Some(made)
}

fn make(world: &mut World, beginning: &Beginning, deed: Deed) -> Option<ObjectChange> {
    match deed {
        Deed::Write(change) => {
            write(world, &change, &beginning.actor);
            Some(change)
        }
        Deed::DeletePods => {
            if let Target::Workload(id) = beginning.target {
                let deletion = Deletion::PodsOf(id);
                acts::delete(world, &deletion, Propagation::Unsaid, &beginning.actor);
            }
            None
        }
        Deed::Again {
            actor,
            every,
            through,
            change,
        } => {
            write(world, &change, &actor);
            let again = Change::Write(Arc::new(change.clone()));
            come_again(world, again, actor, Some(every), Some(through));
            Some(change)
        }
    }
}

/// The change by which a fault is told: the first that betrays it.
fn telling<'a>(fault: &Fault, made: &'a [ObjectChange]) -> Option<&'a ObjectChange> {
    let betrays = |change: &&ObjectChange| !fault.traces(change).is_empty();
    made.iter().find(betrays).or(made.first())
}

fn taken_back(made: &[ObjectChange]) -> Vec<ObjectChange> {
    let back = |change: &ObjectChange| change.inverse(&betrayal::object(change)?);
    made.iter().rev().filter_map(back).collect()
}

fn sizes(beginning: &Beginning) -> Vec<f64> {
    let given = |index: usize| beginning.parameters.get(index).copied();
    let parameters = beginning.fault.parameters.iter().enumerate();
    parameters
        .map(|(index, parameter)| given(index).unwrap_or(parameter.default))
        .collect()
}

fn end_later(world: &mut World, beginning: &Beginning, back: &[ObjectChange]) {
    let Some(lasts) = beginning.lasts else { return };
    for change in back {
        let end = Due::End {
            change: Arc::new(change.clone()),
            actor: beginning.actor.clone(),
        };
        world.due.push((world.cluster.clock.after(lasts), end));
    }
}

/// The target, and what stands around it as far as the fault reaches.
fn subjects(world: &World, beginning: &Beginning) -> Vec<Subject> {
    let own = subject(world, beginning);
    let (Breadth::Zone, Subject::Node(node)) = (beginning.fault.breadth, own) else {
        return vec![own];
    };
    let nodes = world.cluster.objects.zone_of(node);
    nodes.into_iter().map(Subject::Node).collect()
}

fn lay(world: &mut World, beginning: &Beginning, subject: Subject, held: Option<&Arc<Held>>) {
    let from = world.cluster.clock;
    let laying = Laying {
        subject,
        parameters: &beginning.parameters,
        from,
        until: beginning
            .lasts
            .map_or(Tick::NEVER, |lasts| from.after(lasts)),
        template: template(world, beginning.target),
        held,
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
fn subject(world: &World, beginning: &Beginning) -> Subject {
    match beginning.target {
        Target::Workload(id) => Subject::Workload(id),
        Target::Node(id) => Subject::Node(id),
        Target::Service(id) if is_of_load(beginning) => {
            let arrives = world.load_at(id).map(|index| world.loads[index].to);
            Subject::Service(arrives.unwrap_or(id))
        }
        Target::Service(id) => Subject::Service(id),
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
        breadth: match subjects(world, beginning).len() {
            1 => Breadth::Target,
            _ => fault.breadth,
        },
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
    if target == Target::Cluster {
        return Some(ObjectRef::new(Kind::Cluster, "", "cluster"));
    }
    Some(of_target(&world.cluster.objects, target)?.reference.clone())
}

impl World {
    /// Does one thing now, as if it had been scheduled for this second.
    pub fn strike(&mut self, act: crate::schedule::Act) {
        acts::perform(self, act);
    }

    /// Takes the changes of a fault back, last first, as whoever knows the record would.
    pub fn revert(&mut self, fault: &str, actor: &str) {
        let begun: Vec<Begun> = self.begun_of(fault);
        for change in begun.into_iter().rev().flat_map(|begun| begun.back) {
            write(self, &change, &actor.into());
        }
    }

    /// Ends the mechanisms of a fault, as whoever mends the component itself would: no write to the API
    /// server does it.
    pub fn repair(&mut self, fault: &str) {
        let now = self.cluster.clock;
        for begun in self.begun_of(fault) {
            for position in begun.laid {
                let until = &mut self.overlay.0[position].until;
                *until = (*until).min(now);
            }
        }
    }

    /// What has befallen a zone befalls the nodes that come to it.
    pub(crate) fn take_in_nodes(&mut self) {
        let nodes = self.cluster.objects.nodes.len();
        let known = core::mem::replace(&mut self.nodes, nodes);
        for new in known..nodes {
            for position in 0..self.begun.len() {
                self.take_in(position, NodeId::from(new));
            }
        }
    }

    fn take_in(&mut self, position: usize, new: NodeId) {
        let now = self.cluster.clock;
        let objects = &self.cluster.objects;
        let begun = &self.begun[position];
        let laid = begun.laid.iter().map(|place| &self.overlay.0[*place]);
        let first = laid.clone().next().map(|laid| laid.subject);
        let (Breadth::Zone, Some(Subject::Node(old))) = (begun.breadth, first) else {
            return;
        };
        let zone = objects.zone(old);
        if zone.is_none() || zone != objects.zone(new) {
            return;
        }
        let same = laid.filter(|laid| laid.subject == Subject::Node(old) && laid.until > now);
        let more: Vec<Laid> = same
            .map(|laid| Laid {
                subject: Subject::Node(new),
                from: now,
                ..laid.clone()
            })
            .collect();
        let from = self.overlay.0.len();
        self.overlay.0.extend(more);
        self.begun[position].laid.extend(from..self.overlay.0.len());
    }

    fn begun_of(&self, fault: &str) -> Vec<Begun> {
        let same = |begun: &&Begun| begun.fault == fault;
        self.begun.iter().filter(same).cloned().collect()
    }
}
