//! What is remembered of an incident that opens: asked once, before the case is put.

use super::Node;
use super::domain::{Change, Effect, Input, Sentinel, State, Write};
use crate::executor::{Call, Step};
use aegis_model::event::RunEvent;
use aegis_model::{Cue, Recalled};
use aegis_reason::signature;
use std::sync::Arc;

/// Asks the memory, and keeps what it says.
pub fn recall(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(topology) = &state.topology else {
        return Step::new().then(state.opening());
    };
    let cue = signature::cue(topology, &state.symptoms);
    match call.answer() {
        Some(Input::Recalled(recalled)) => {
            let change = Change::Recalled(Arc::clone(recalled));
            let events = told(cue, recalled);
            Step::new()
                .write(Write { change, events })
                .then(state.opening())
        }
        _ => Step::new()
            .ask(Effect::Recall(Box::new(cue)))
            .then(Node::Recall),
    }
}

fn told(cue: Cue, recalled: &Recalled) -> Vec<RunEvent> {
    let failed = recalled.failed.as_ref().map(|why| RunEvent::Noted {
        note: format!("the memory cannot be asked: {why}; going on without it"),
    });
    let remembered = RunEvent::Remembered {
        cue,
        recalled: recalled.clone(),
    };
    failed.into_iter().chain([remembered]).collect()
}
