//! The way that a run takes beside what its outside answers: what is on record already, where it turns off it, where
//! it is looked at.

use super::inputs::Logged;
use super::{RunError, Teller};
use aegis_graphs::executor::Run;
use aegis_graphs::sentinel::{Change, Pick, Sentinel, Write};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A choice made from outside, in place of the one that the figures would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The super-step that may be the first to see it, from 1.
    pub step: u32,
    /// What the next selection chooses.
    pub pick: Pick,
}

/// How a run came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It is over.
    Over,
    /// It was stopped by hand.
    Stopped,
    /// It waits for a person, who answers another day.
    Waiting,
    /// It was to be looked at here.
    Halted,
}

/// The record that a run follows, and where it leaves it.
pub struct Way<'a> {
    /// What came in so far: people, memories and models are asked only after its end.
    pub record: &'a [Logged],
    /// Where the run leaves the record, which does not hold from there on.
    pub leaves: Option<Turn>,
    /// Looks at the run after each transition; a break halts it.
    pub look: &'a mut dyn FnMut(&Run<Sentinel>) -> ControlFlow<()>,
}

impl<'a> Way<'a> {
    /// With nothing on record.
    pub fn free(look: &'a mut dyn FnMut(&Run<Sentinel>) -> ControlFlow<()>) -> Self {
        Self {
            record: &[],
            leaves: None,
            look,
        }
    }
}

/// The turns of a run: those on record, then the one that leaves it.
pub(super) struct Turns {
    due: std::collections::VecDeque<Turn>,
    leaves: Option<Turn>,
}

impl Turns {
    pub(super) fn new(way: &Way<'_>) -> Self {
        let until = way.leaves.as_ref().map_or(u32::MAX, |turn| turn.step);
        let recorded = way.record.iter().filter_map(|input| match input {
            Logged::Turned(turn) => Some(turn.clone()),
            _ => None,
        });
        Self {
            due: recorded.filter(|turn| turn.step < until).collect(),
            leaves: way.leaves.clone(),
        }
    }

    /// Takes the turns that are due before the next transition.
    pub(super) fn take(
        &mut self,
        run: &mut Run<Sentinel>,
        teller: &mut Teller<'_>,
    ) -> Result<(), RunError> {
        let next = run.position().steps + 1;
        while self.due.front().is_some_and(|turn| turn.step <= next) {
            let Some(turn) = self.due.pop_front() else {
                break;
            };
            amend(run, &turn)?;
            teller.note(&Logged::Turned(turn))?;
        }
        if let Some(turn) = self.leaves.take_if(|turn| turn.step <= next) {
            amend(run, &turn)?;
            teller.leave_record();
            teller.note(&Logged::Turned(turn))?;
        }
        Ok(())
    }
}

fn amend(run: &mut Run<Sentinel>, turn: &Turn) -> Result<(), RunError> {
    let change = Change::Bidden(Some(turn.pick.clone()));
    Ok(run.amend(Write::silent(change))?)
}
