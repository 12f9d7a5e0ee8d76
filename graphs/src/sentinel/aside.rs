//! Plans that are set aside: a person said no, or they were tried and came to nothing. As long as the
//! evidence is the same they are not brought up again, whatever other name they go by.

use super::domain::{Incident, State};
use aegis_faults::betrayal;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{Action, ObjectChange, Objects, Plan, Target};
use smol_str::SmolStr;

/// Change of the leader's confidence that is new evidence.
const NEWS: f64 = 0.2;
/// Plans taken back in one incident after which it is left to a person.
pub const ENOUGH: u32 = 3;

/// Why a plan was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was not approved.
    Refused,
    /// Nothing of it could be done.
    Impossible,
    /// It was applied, stands, and was not enough.
    NotEnough,
    /// It was applied and taken back. No news brings it up again before the incident is over.
    TakenBack,
}

/// What was believed when a plan was set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    fault: SmolStr,
    target: Target,
    confidence: f64,
}

/// A plan that was set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Aside {
    plan: SmolStr,
    summary: String,
    deeds: Vec<Deed>,
    why: Why,
    belief: Option<Belief>,
}

/// What an action does to the cluster; two actions may come to the same.
#[derive(Debug, Clone, PartialEq)]
enum Deed {
    Deletes(ObjectRef),
    Other(Action),
}

/// What a plan does, in order; what comes twice is done once.
fn deeds(objects: &Objects, plan: &Plan) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for step in &plan.steps {
        let deed = deed(objects, &step.action);
        if !deeds.contains(&deed) {
            deeds.push(deed);
        }
    }
    deeds
}

fn deed(objects: &Objects, action: &Action) -> Deed {
    let deleted = match action {
        Action::DeletePolicy(id) => objects
            .policies
            .get(id.index())
            .map(|row| row.header.reference.clone()),
        Action::RevertChange(position) => {
            let record = objects.changes.get(*position as usize);
            record
                .filter(|record| matches!(*record.change, ObjectChange::Create { .. }))
                .and_then(|record| betrayal::object(&record.change))
        }
        _ => None,
    };
    deleted.map_or_else(|| Deed::Other(action.clone()), Deed::Deletes)
}

/// What is believed now: the leading hypothesis.
fn belief(incident: &Incident) -> Option<Belief> {
    let leader = incident.diagnosis.as_ref()?.hypotheses.first()?;
    Some(Belief {
        fault: leader.fault.clone(),
        target: leader.target,
        confidence: leader.confidence,
    })
}

impl Why {
    /// In words, after the plan's summary.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refused => "was refused",
            Self::Impossible => "was not possible",
            Self::NotEnough => "was not enough",
            Self::TakenBack => "was taken back",
        }
    }
}

impl Aside {
    /// The plan in one line, and why it was set aside.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{} {}", self.summary, self.why.words())
    }

    /// The plan in one line.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    fn is(&self, plan: &Plan, deeds: &[Deed]) -> bool {
        self.plan == plan.id || self.deeds == deeds
    }

    /// Whether nothing has come up since that could change the answer.
    fn holds(&self, belief: Option<&Belief>) -> bool {
        self.why == Why::TakenBack
            || match (&self.belief, belief) {
                (Some(then), Some(now)) => {
                    (&then.fault, then.target) == (&now.fault, now.target)
                        && (then.confidence - now.confidence).abs() < NEWS
                }
                (then, now) => then.is_none() && now.is_none(),
            }
    }
}

/// The incident with a plan set aside, as things stand.
pub fn set_aside(state: &State, mut incident: Incident, plan: &Plan, why: Why) -> Incident {
    let Some(latest) = state.history.latest() else {
        return incident;
    };
    let aside = Aside {
        plan: plan.id.clone(),
        summary: plan.summary.clone(),
        deeds: deeds(&latest.objects, plan),
        why,
        belief: belief(&incident),
    };
    incident.aside.push(aside);
    incident
}

/// Why a plan is not brought up again, if it is not.
pub fn why_aside(incident: &Incident, objects: &Objects, plan: &Plan) -> Option<Why> {
    let (deeds, belief) = (deeds(objects, plan), belief(incident));
    let mut known = incident.aside.iter().filter(|known| known.is(plan, &deeds));
    known
        .find(|known| known.holds(belief.as_ref()))
        .map(|known| known.why)
}
