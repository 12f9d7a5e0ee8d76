//! Time travel: the steps of a run that was logged, and what the engine knew at one of them.
//!
//! The engine is run again over the tape of the run, with no world; what it had thought by then comes out again.

use super::inputs::Logged;
use super::{RunError, replay_to};
use aegis_graphs::executor::{Run, Spent};
use aegis_graphs::sentinel::{Sentinel, State};
use aegis_model::{RunEvent, Stamped, Tick};
use std::ops::ControlFlow;

/// A super-step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 1.
    pub step: u32,
    /// Simulated seconds since the run's start, as the engine knows it.
    pub t: i64,
    /// The nodes that had their turn, by path.
    pub nodes: Vec<String>,
}

/// What the engine knew once a step was taken.
#[derive(Debug, Clone)]
pub struct Then {
    /// The step.
    pub step: Step,
    /// All that it knew.
    pub state: State,
    /// What it had used up.
    pub spent: Spent,
}

/// All steps of a run, in order.
///
/// # Errors
/// A tape that does not fit.
pub fn steps(events: &[Stamped], inputs: &[Logged]) -> Result<Vec<Step>, RunError> {
    let origin = origin(events);
    let mut steps: Vec<Step> = Vec::new();
    follow(events, inputs, &mut |run| {
        let step = of(run, origin);
        // Rounds of attempts again belong to the step that asks.
        if steps.last().is_none_or(|last| last.step < step.step) {
            steps.push(step);
        }
        ControlFlow::Continue(())
    })?;
    Ok(steps)
}

/// What the engine knew once a step was taken; `None` where the run has fewer.
///
/// # Errors
/// A tape that does not fit.
pub fn then(events: &[Stamped], inputs: &[Logged], step: u32) -> Result<Option<Then>, RunError> {
    let origin = origin(events);
    let mut found = None;
    follow(events, inputs, &mut |run| {
        if run.position().steps < step {
            return ControlFlow::Continue(());
        }
        found = Some(Then {
            step: of(run, origin),
            state: run.state().clone(),
            spent: run.spent(),
        });
        ControlFlow::Break(())
    })?;
    Ok(found)
}

fn follow(
    events: &[Stamped],
    inputs: &[Logged],
    look: &mut dyn FnMut(&Run<Sentinel>) -> ControlFlow<()>,
) -> Result<(), RunError> {
    match replay_to(events, inputs, &mut |_| Ok(()), look) {
        // A run that was killed, or waits, has no more.
        Ok(_) | Err(RunError::TapeEnds) => Ok(()),
        Err(other) => Err(other),
    }
}

fn origin(events: &[Stamped]) -> Tick {
    match events.first().map(|stamped| &stamped.event) {
        Some(RunEvent::Started { origin, .. }) => *origin,
        _ => Tick(0),
    }
}

fn of(run: &Run<Sentinel>, origin: Tick) -> Step {
    let latest = run.state().history.latest();
    Step {
        step: run.position().steps,
        t: latest.map_or(Tick(0), |latest| latest.at).since(origin),
        nodes: run.under_way().map(|node| run.graph().path(node)).collect(),
    }
}
