//! Whether all that was done had been shown before: drafted, chosen, and approved where that was asked.

use aegis_model::{Approval, Irreversible, Plan, RunEvent, Stamped};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// What was shown of plans so far.
#[derive(Default)]
struct Shown<'a> {
    plans: BTreeMap<&'a SmolStr, &'a Plan>,
    chosen: BTreeSet<&'a SmolStr>,
    granted: BTreeSet<&'a SmolStr>,
    asked: bool,
    /// Plans that could not be taken back, where a person is asked for these.
    one_way: BTreeSet<&'a SmolStr>,
    asks_for_one_way: bool,
}

/// Every step that was taken and had not been shown, or not been granted, in words.
#[must_use]
pub fn unshown(events: &[Stamped]) -> Vec<String> {
    let mut shown = Shown::default();
    let check = |stamped| shown.check(stamped);
    events.iter().filter_map(check).collect()
}

impl<'a> Shown<'a> {
    fn check(&mut self, stamped: &'a Stamped) -> Option<String> {
        match &stamped.event {
            RunEvent::Started { context, .. } => {
                self.asked = context.approval == Approval::Ask;
                self.asks_for_one_way = context.irreversible == Irreversible::AskFirst;
            }
            RunEvent::CannotUndo { plan, .. } => drop(self.one_way.insert(plan)),
            RunEvent::Planned { plans } => {
                self.plans.extend(plans.iter().map(|plan| (&plan.id, plan)));
            }
            RunEvent::Amended(amendment) => {
                self.plans.insert(&amendment.to.id, &amendment.to);
            }
            RunEvent::Selected(verdict) => {
                // An approval holds for the choice that it was given on.
                if let Some(chosen) = &verdict.choice {
                    self.granted.remove(chosen);
                    self.chosen.insert(chosen);
                }
            }
            RunEvent::ApprovalGiven {
                plan,
                granted: true,
                ..
            } => drop(self.granted.insert(plan)),
            RunEvent::StepApplied {
                plan, step, action, ..
            } => {
                let why = self.objection(plan, *step, action)?;
                return Some(format!(
                    "event {}: step {step} of plan {plan} {why}",
                    stamped.n
                ));
            }
            _ => {}
        }
        None
    }

    fn needs_approval(&self, plan: &SmolStr) -> bool {
        self.asked || self.asks_for_one_way && self.one_way.contains(plan)
    }

    /// What speaks against a step.
    fn objection(
        &self,
        id: &SmolStr,
        step: u32,
        action: &aegis_model::Action,
    ) -> Option<&'static str> {
        let Some(plan) = self.plans.get(id) else {
            return Some("was never drafted");
        };
        let drafted = plan.steps.get(step as usize).map(|step| &step.action);
        match () {
            () if drafted != Some(action) => Some("is not as it was drafted"),
            () if !self.chosen.contains(id) => Some("was not chosen"),
            () if self.needs_approval(id) && !self.granted.contains(id) => Some("was not approved"),
            () => None,
        }
    }
}
