//! The interpreter's loop again, open to tests: a trial may be bent before it is played, the
//! state written to between two super-steps.
//!
//! A test holds that with nothing bent it tells the same bytes as the runner does.

use aegis_graphs::executor::{Event, Polled, Run};
use aegis_graphs::sentinel::{self, Effect, Input, Sentinel, State, Write};
use aegis_model::event::{EVENT_SCHEMA, RunEvent};
use aegis_model::{Observation, Plan, Ruling, RunContext, Stamped, Tick};
use aegis_reason::Trial;
use aegis_runner::run::delta::Recorder;
use aegis_runner::run::inputs::Logged;
use aegis_runner::run::outside::{Advanced, Live, Outside, SCRAPE, Tape};
use aegis_runner::run::{RunError, simulate};
use aegis_scenario::load::Loaded;
use aegis_scenario::trial::Past;
use aegis_scenario::{build, goals};
use aegis_world::World;
use std::sync::Arc;

/// A world at its time 0, with what a run starts from.
pub struct Ready {
    /// The world.
    pub world: World,
    /// Its observed past.
    pub seen: Vec<Arc<Observation>>,
    /// What the engine is told.
    pub context: RunContext,
    /// Tick that is the run's zero.
    pub origin: Tick,
    /// Length of the run, s.
    pub until: u32,
}

/// Settles a scenario's world.
///
/// # Panics
/// The scenario's documents are refused.
#[must_use]
pub fn ready(loaded: &Loaded, seed: u64) -> Ready {
    let mut world = build::build(loaded, seed)
        .unwrap_or_else(|errors| panic!("the scenario is refused: {errors:#?}"));
    let (mut past, mut seen) = (Past::default(), Vec::new());
    build::start(loaded, &mut world, |world| {
        past.see(world);
        if world.time().rem_euclid(i64::from(SCRAPE)) == 0 {
            seen.push(Arc::new(world.observe()));
        }
    });
    let spec = &loaded.scenario.spec;
    let objectives = goals::objectives(spec, world.objects(), &|entry| past.p99(entry));
    Ready {
        context: RunContext {
            objectives,
            ..RunContext::default()
        },
        until: spec.duration.whole(),
        origin: world.origin(),
        world,
        seen,
    }
}

/// What stands between the graph and the outside.
pub struct Between<'a> {
    /// Where time passes.
    pub outside: &'a mut dyn Outside,
    /// Bends every trial before it is played.
    pub bend: &'a (dyn Fn(&mut Trial) + Sync),
    /// Looks at the state after each super-step; a write that it gives is made.
    pub meddle: &'a mut dyn FnMut(&State) -> Option<Write>,
}

/// A flight that is over.
#[derive(Debug, Default)]
pub struct Flown {
    /// Everything that it told.
    pub events: Vec<Stamped>,
    /// What came in.
    pub inputs: Vec<Logged>,
}

/// Drives the Sentinel graph to its end.
///
/// # Errors
/// A tape that does not fit.
pub fn fly(
    context: RunContext,
    origin: Tick,
    between: &mut Between<'_>,
) -> Result<Flown, RunError> {
    let mut log = Log {
        flown: Flown::default(),
        origin,
        at: None,
        back: Vec::new(),
    };
    log.tell(RunEvent::Started {
        schema: EVENT_SCHEMA.into(),
        context: context.clone(),
        origin,
    });
    let state = State::new(context);
    let mut run = Run::start(sentinel::graph(&state.genome)?, state);
    loop {
        while run.advance() {
            if let Some(write) = (between.meddle)(run.state()) {
                run.amend(write)?;
            }
        }
        let Polled { requests, events } = run.poll();
        events.into_iter().for_each(|event| log.event(event));
        if requests.is_empty() {
            return Ok(log.flown);
        }
        for request in requests {
            let input = answer(
                &request.effect,
                &mut *between.outside,
                between.bend,
                &mut log,
            )?;
            log.flown.inputs.push(Logged::of(&input, &log.back));
            run.feed(request.id, input)?;
        }
    }
}

/// What is told, numbered and stamped as the runner does.
struct Log {
    flown: Flown,
    origin: Tick,
    at: Option<Tick>,
    back: Vec<String>,
}

impl Log {
    fn tell(&mut self, event: RunEvent) {
        if let RunEvent::Observed(delta) = &event {
            self.at = Some(delta.at);
        }
        self.flown.events.push(Stamped {
            n: self.flown.events.len() as u64,
            t: self.at.unwrap_or(self.origin).since(self.origin),
            event,
        });
    }

    fn event(&mut self, event: Event<Sentinel>) {
        let events = match event {
            Event::Wrote { write, .. } => write.events.clone(),
            Event::Amended { write } => write.events.clone(),
            _ => return,
        };
        for mut event in events {
            if let RunEvent::Undone { kubectl, .. } = &mut event {
                *kubectl = std::mem::take(&mut self.back);
            }
            self.tell(event);
        }
    }
}

fn answer(
    effect: &Effect,
    outside: &mut dyn Outside,
    bend: &(dyn Fn(&mut Trial) + Sync),
    log: &mut Log,
) -> Result<Input, RunError> {
    Ok(match effect {
        Effect::Advance => {
            let Advanced { told, input } = outside.advance()?;
            told.into_iter().for_each(|event| log.tell(event));
            input
        }
        Effect::Simulate(trials) => {
            let mut trials = trials.clone();
            trials.iter_mut().for_each(bend);
            Input::Outcomes(simulate(&trials))
        }
        Effect::Approve(plan) => {
            let asked = RunEvent::ApprovalAsked {
                plan: plan.id.clone(),
            };
            log.tell(asked);
            let ruling = outside.approve(plan)?;
            Input::Approval(ruling.unwrap_or(Ruling::plain(false)))
        }
        Effect::Apply(plan) => {
            outside.apply(Arc::clone(plan));
            Input::Accepted
        }
        Effect::Ask(ask) => {
            let mut replies = outside.ask(std::slice::from_ref(ask))?;
            Input::Answer(replies.pop().ok_or(RunError::TapeEnds)?)
        }
        Effect::Undo(_) => {
            let (commands, failed) = outside.undo()?;
            log.back = commands;
            Input::TakenBack {
                changes: log.back.len() as u32,
                failed,
            }
        }
        Effect::Recall(cue) => Input::Recalled(outside.recall(cue)?),
    })
}

/// A world that goes its own way, unseen, while the tape of another is shown.
pub struct Forced<'a> {
    tape: Tape,
    hidden: Live<'a>,
    /// Observations that the hidden world would have shown, and did not equal the tape's.
    pub unlike: usize,
}

impl<'a> Forced<'a> {
    /// Shows `tape` while `hidden` runs.
    #[must_use]
    pub const fn new(tape: Tape, hidden: Live<'a>) -> Self {
        Self {
            tape,
            hidden,
            unlike: 0,
        }
    }
}

fn seen(input: &Input) -> Option<&Observation> {
    match input {
        Input::Observed { observation, .. } => Some(observation),
        _ => None,
    }
}

impl Outside for Forced<'_> {
    fn stopped(&self) -> bool {
        false
    }

    fn advance(&mut self) -> Result<Advanced, RunError> {
        let own = self.hidden.advance()?;
        let shown = self.tape.advance()?;
        self.unlike += usize::from(seen(&own.input) != seen(&shown.input));
        Ok(shown)
    }

    fn approve(&mut self, plan: &Plan) -> Result<Option<Ruling>, RunError> {
        self.tape.approve(plan)
    }

    fn apply(&mut self, plan: Arc<Plan>) {
        self.hidden.apply(Arc::clone(&plan));
        self.tape.apply(plan);
    }

    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError> {
        self.hidden.undo()?;
        self.tape.undo()
    }
}

/// An outside whose observations are written on before anyone sees them.
pub struct Written<'a> {
    inner: &'a mut dyn Outside,
    pen: &'a dyn Fn(&mut Observation),
    recorder: Recorder,
}

impl<'a> Written<'a> {
    /// `pen` writes on what `inner` shows.
    pub fn new(inner: &'a mut dyn Outside, pen: &'a dyn Fn(&mut Observation)) -> Self {
        Self {
            inner,
            pen,
            recorder: Recorder::default(),
        }
    }
}

impl Outside for Written<'_> {
    fn stopped(&self) -> bool {
        self.inner.stopped()
    }

    fn advance(&mut self) -> Result<Advanced, RunError> {
        let mut advanced = self.inner.advance()?;
        let Input::Observed { observation, .. } = &mut advanced.input else {
            return Ok(advanced);
        };
        let mut written = (**observation).clone();
        (self.pen)(&mut written);
        *observation = Arc::new(written);
        let delta = self.recorder.record(observation)?;
        advanced.told.pop();
        advanced.told.push(RunEvent::Observed(delta));
        Ok(advanced)
    }

    fn approve(&mut self, plan: &Plan) -> Result<Option<Ruling>, RunError> {
        self.inner.approve(plan)
    }

    fn apply(&mut self, plan: Arc<Plan>) {
        self.inner.apply(plan);
    }

    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError> {
        self.inner.undo()
    }
}
