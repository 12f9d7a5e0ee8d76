//! What is remembered of an incident: asked when it opens, before the case is put, and once more when it has shown
//! what of it lasts.

use super::Node;
use super::domain::{Change, Effect, Input, Recognised, Sentinel, State, Write};
use super::{ahead, observe};
use crate::executor::{Call, Step};
use aegis_model::event::RunEvent;
use aegis_model::recall::Stage;
use aegis_model::{Cue, Recalled};
use aegis_reason::{detect, signature};
use std::sync::Arc;

/// Asks the memory, and keeps what it says.
pub fn recall(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(topology) = &state.topology else {
        return Step::new().then(state.opening());
    };
    let (cue, recognised, next) = match &state.incident {
        None => {
            let cue = if detect::alerts(&state.symptoms, state.now()) {
                let seen = signature::signature(topology, &state.symptoms);
                signature::cue(topology, Stage::Opening, seen)
            } else {
                let begun = signature::begun(&state.symptoms, state.now());
                let seen = signature::signature(topology, &begun);
                signature::cue(topology, Stage::Onset, seen)
            };
            (cue, Recognised::AtFirst, state.opening())
        }
        Some(_) => {
            let lasting = signature::lasting(topology, &state.spells);
            let cue = signature::cue(topology, Stage::Settled, lasting);
            (cue, Recognised::Settled, observe::beyond_recall(state))
        }
    };
    match call.answer() {
        Some(Input::Recalled(recalled)) => {
            let recalled = same_arm(state, recalled);
            let stays = cue.stage == Stage::Onset && ahead::worth(&recalled).is_none();
            let next = if stays { Node::Observe } else { next };
            let change = Change::Recalled(Arc::clone(&recalled), recognised);
            let events = told(cue, &recalled);
            Step::new().write(Write { change, events }).then(next)
        }
        _ => Step::new()
            .ask(Effect::Recall(Box::new(cue)))
            .then(Node::Recall),
    }
}

/// What is recalled of an open incident keeps its arm: an incident goes with rules or without.
fn same_arm(state: &State, recalled: &Arc<Recalled>) -> Arc<Recalled> {
    match &state.incident {
        Some(incident) if incident.recalled.arm != recalled.arm => Arc::new(Recalled {
            arm: incident.recalled.arm,
            ..(**recalled).clone()
        }),
        _ => Arc::clone(recalled),
    }
}

fn told(cue: Cue, recalled: &Recalled) -> Vec<RunEvent> {
    let failed = recalled.failed.as_ref().map(|why| RunEvent::Noted {
        note: format!("the memory cannot be asked as it should be: {why}; going on without that"),
    });
    let remembered = RunEvent::Remembered {
        cue,
        recalled: recalled.clone(),
    };
    failed.into_iter().chain([remembered]).collect()
}
