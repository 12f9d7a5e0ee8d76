//! What the memory adds to plans and futures: rules go first, what followed before follows again, and the past
//! fault that cost most comes once more.

use crate::diagnose::Diagnosis;
use crate::risk;
use crate::shadow::{Added, Tournament};
use crate::signature::role;
use crate::topology::Topology;
use aegis_faults::TargetKind;
use aegis_model::recall::{Arm, Blame, Deed, Rule};
use aegis_model::{
    Action, Objects, Plan, PlanSource, Recalled, Role, ServiceId, Subject, Target, WorkloadId,
};
use serde_json::Value;
use smol_str::SmolStr;

/// Weight of the prior on what follows, incidents: nothing else than nothing is remembered at first.
const PRIOR: f64 = 10.0;
/// Quantile of the size of a fault that follows.
const LIKELY: f64 = 0.75;
/// Greatest quantile of the size of the worst: it has to tell plans apart, and not to bury them all.
const BEARABLE: f64 = 0.5;

/// The rules of an incident that uses them.
#[must_use]
pub fn rules(recalled: &Recalled) -> &[Rule] {
    match recalled.arm {
        Arm::Used => &recalled.rules,
        Arm::HeldOut => &[],
    }
}

/// The kind of an action, as events name it.
#[must_use]
pub fn kind(action: &Action) -> SmolStr {
    match serde_json::to_value(action) {
        Ok(Value::Object(fields)) => fields
            .keys()
            .next()
            .map_or_else(SmolStr::default, SmolStr::new),
        Ok(Value::String(name)) => name.into(),
        _ => SmolStr::default(),
    }
}

/// What a plan does, without its objects.
fn deeds(topology: &Topology, objects: &Objects, plan: &Plan) -> Vec<Deed> {
    let deed = |action: &Action| Deed {
        kind: kind(action),
        role: role(topology, risk::target(action, objects)),
    };
    plan.steps.iter().map(|step| deed(&step.action)).collect()
}

/// Takes the plans out that rules ask for, in the rules' order, at most `count`.
pub fn take_ruled(
    plans: &mut Vec<Plan>,
    rules: &[Rule],
    topology: &Topology,
    objects: &Objects,
    count: usize,
) -> Vec<Plan> {
    let mut ruled = Vec::new();
    for rule in rules {
        let is_meant = |plan: &Plan| {
            let answers = plan.answers.as_ref();
            answers.is_some_and(|(fault, target)| {
                *fault == rule.cause.fault && role(topology, *target) == rule.cause.role
            }) && deeds(topology, objects, plan) == rule.deeds
        };
        let place = plans.iter().position(is_meant);
        if let Some(place) = place.filter(|_| ruled.len() < count) {
            let mut plan = plans.remove(place);
            plan.source = PlanSource::Rule;
            ruled.push(plan);
        }
    }
    ruled
}

/// The chance that a further fault follows: the prior's share, drawn to what followed the leading cause.
#[must_use]
pub fn chance_follows(recalled: &Recalled, diagnosis: &Diagnosis, prior: f64) -> f64 {
    if recalled.transitions.is_empty() {
        return prior;
    }
    let (mut followed, mut all) = (prior * PRIOR, PRIOR);
    for transition in after_leader(recalled, diagnosis) {
        all += transition.count;
        if transition.to.is_some() {
            followed += transition.count;
        }
    }
    followed / all
}

fn after_leader<'a>(
    recalled: &'a Recalled,
    diagnosis: &'a Diagnosis,
) -> impl Iterator<Item = &'a aegis_model::recall::Transition> {
    let leader = diagnosis.hypotheses.first().map(|leader| &leader.fault);
    let own = recalled.transitions.iter();
    own.filter(move |transition| Some(&transition.from) == leader)
}

impl Tournament {
    /// The same, with the further futures that the memory knows of in place of the catalogue's.
    #[must_use]
    pub fn remembering(mut self, recalled: &Recalled, diagnosis: &Diagnosis) -> Self {
        let next = after_leader(recalled, diagnosis)
            .filter_map(|transition| Some((transition.to.as_ref()?, transition.count)))
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        let likely = next.and_then(|(cause, _)| self.place(cause, LIKELY));
        let worst = recalled.worst.as_ref().and_then(|harm| {
            let fault = aegis_faults::by_id(&harm.cause.fault)?;
            let recorded = fault.parameters.first().zip(harm.parameters.first());
            let size = recorded.map_or(BEARABLE, |(parameter, value)| parameter.share(*value));
            self.place(&harm.cause, size.min(BEARABLE))
        });
        self.added = [likely.or(self.added[0]), worst.or(self.added[1])];
        self
    }

    /// A remembered fault, on the object of its place that most requests pass; `None` where it cannot be laid.
    fn place(&self, cause: &Blame, size: f64) -> Option<Added> {
        let fault = aegis_faults::by_id(&cause.fault).filter(|fault| fault.comes_unseen())?;
        let subject = if fault.acts_on(TargetKind::Workload) {
            Subject::Workload(self.busiest(cause.role)?)
        } else if fault.acts_on(TargetKind::Service) {
            let (objective, _) = self.case.objectives.first()?;
            Subject::Service(ServiceId::from(objective.service.index()))
        } else {
            return None;
        };
        Some(Added {
            fault,
            subject,
            size,
        })
    }

    fn busiest(&self, place: Role) -> Option<WorkloadId> {
        let topology = &self.case.topology;
        let objects = &self.case.history.latest()?.objects;
        let weight = |index: &usize| topology.importance.get(*index).copied().unwrap_or(0.0);
        let own = (0..objects.workloads.len()).filter(|index| {
            objects.workloads[*index].header.exists()
                && role(topology, Target::Workload(WorkloadId::from(*index))) == place
        });
        let busiest = own.max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.cmp(a)))?;
        Some(WorkloadId::from(busiest))
    }
}
