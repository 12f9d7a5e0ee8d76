//! What the graph asks of the outside: a live world, or the tape of an earlier run.

use super::delta::{FoldError, Recorder, fold};
use super::inputs::Logged;
use super::{Remembering, RunError, no_model};
use crate::practice::hindsight::Decision;
use aegis_graphs::sentinel::{Input, Progress};
use aegis_model::ask::{Ask, Reply};
use aegis_model::event::RunEvent;
use aegis_model::{
    ChangeRecord, Cue, Objects, Observation, Plan, Recalled, Remembers, Ruling, Stamped,
};
use aegis_sim::conduct::Conductor;
use aegis_world::World;
use smol_str::SmolStr;
use std::sync::Arc;

/// Seconds from scrape to scrape.
pub const SCRAPE: u32 = 15;

/// What came of letting time pass: events to tell first, then the input.
#[derive(Debug)]
pub struct Advanced {
    /// Steps of a plan, and the observation as the log keeps it.
    pub told: Vec<RunEvent>,
    /// What the graph gets.
    pub input: Input,
}

/// Performs what touches the outside. A live run and a replay differ in nothing else.
pub trait Outside {
    /// Whether the run is to stop here.
    fn stopped(&self) -> bool;

    /// Lets the world go on to the next scrape.
    ///
    /// # Errors
    /// What cannot be recorded, or read back.
    fn advance(&mut self) -> Result<Advanced, RunError>;

    /// Asks a person; `None` where the answer comes another day.
    ///
    /// # Errors
    /// A tape that does not have the answer.
    fn approve(&mut self, plan: &Plan) -> Result<Option<Ruling>, RunError>;

    /// Begins to apply a plan.
    fn apply(&mut self, plan: Arc<Plan>);

    /// Asks the memory; an outside without one remembers nothing.
    ///
    /// # Errors
    /// A tape that does not have the answer.
    fn recall(&mut self, _: &Cue) -> Result<Arc<Recalled>, RunError> {
        Ok(Arc::default())
    }

    /// Takes the applied plan back: the commands that it took, and what could not be.
    ///
    /// # Errors
    /// A tape that does not have the answer.
    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError>;

    /// Asks a language model several things at once: a reply for each, in order. Where there is none, that is the
    /// reply.
    ///
    /// # Errors
    /// A tape that does not have the replies.
    fn ask(&mut self, asks: &[Ask]) -> Result<Vec<Reply>, RunError> {
        Ok(no_model(asks))
    }
}

/// Answers what a language model is asked at once: a reply for each question, in order.
pub type Advise<'a> = dyn FnMut(&[Ask]) -> Vec<Reply> + 'a;

/// A world that runs.
pub struct Live<'a> {
    world: World,
    past: std::collections::VecDeque<Arc<Observation>>,
    until: i64,
    recorder: Recorder,
    conductor: Option<(SmolStr, Arc<Plan>, Conductor)>,
    ask: &'a mut dyn FnMut(&Plan, &Objects) -> Option<Ruling>,
    advise: Option<&'a mut Advise<'a>>,
    stop: &'a dyn Fn() -> bool,
    memory: Option<Remembering<'a>>,
    decisions: Vec<Decision>,
}

impl<'a> Live<'a> {
    /// A world with its observed past, which runs until this second after its time 0.
    pub fn new(
        world: World,
        past: Vec<Arc<Observation>>,
        until: u32,
        ask: &'a mut dyn FnMut(&Plan, &Objects) -> Option<Ruling>,
        stop: &'a dyn Fn() -> bool,
    ) -> Self {
        Self {
            world,
            past: past.into(),
            until: i64::from(until),
            recorder: Recorder::default(),
            conductor: None,
            ask,
            advise: None,
            stop,
            memory: None,
            decisions: Vec::new(),
        }
    }

    /// The same world, with a language model to ask.
    #[must_use]
    pub fn advised_by(self, advise: &'a mut Advise<'a>) -> Self {
        Self {
            advise: Some(advise),
            ..self
        }
    }

    /// The same world, with a memory to look into.
    #[must_use]
    pub fn remembering(self, memory: Option<Remembering<'a>>) -> Self {
        Self { memory, ..self }
    }

    /// The world, once the run is over.
    pub fn into_world(self) -> World {
        self.world
    }

    /// The world as it stood at each plan that was handed over, where the run's incidents are to be remembered.
    pub fn take_decisions(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.decisions)
    }

    /// Runs to the next scrape, a second at a time; the plan's steps are taken on the way.
    fn run(&mut self) -> Vec<RunEvent> {
        let mut told = Vec::new();
        let left = (self.until - self.world.time()).clamp(0, i64::from(SCRAPE)) as u32;
        for _ in 0..left {
            if let Some((id, plan, conductor)) = &mut self.conductor {
                let begun = conductor.begun();
                let before = self.world.objects().clone();
                self.world.conduct(conductor);
                for step in begun..conductor.begun() {
                    told.push(step_applied(id, plan, conductor, step, &before));
                }
            }
            self.world.advance(1);
        }
        told
    }

    fn progress(&self) -> Option<Progress> {
        let (_, plan, conductor) = self.conductor.as_ref()?;
        let steps = 0..plan.steps.len() as u32;
        Some(Progress {
            conduct: conductor.conduct(),
            changes: steps.flat_map(|step| conductor.made(step)).collect(),
        })
    }
}

/// A step of a plan as it is told; `before` are the objects as the step found them.
#[must_use]
pub fn step_applied(
    id: &SmolStr,
    plan: &Plan,
    conductor: &Conductor,
    step: usize,
    before: &Objects,
) -> RunEvent {
    let action = plan.steps[step].action.clone();
    RunEvent::StepApplied {
        plan: id.clone(),
        step: step as u32,
        changes: conductor.made(step as u32).collect(),
        kubectl: aegis_kube::kubectl::render(before, &action).join("\n"),
        action,
    }
}

/// What was written since, as kubectl.
#[must_use]
pub fn commands_since(before: &Objects, now: &Objects) -> Vec<String> {
    let made = (before.changes.len()..now.changes.len()).filter_map(|entry| now.changes.get(entry));
    made.flat_map(|entry| as_kubectl(before, entry)).collect()
}

/// A write as kubectl, on the objects as it found them.
fn as_kubectl(before: &Objects, record: &ChangeRecord) -> Vec<String> {
    let present = document(before, &record.object).unwrap_or_default();
    aegis_kube::kubectl::change(&record.change, &present)
}

fn document(
    objects: &Objects,
    of: &aegis_model::kubernetes::ObjectRef,
) -> Option<aegis_model::Doc> {
    let headers = objects.workloads.iter().map(|row| &row.header);
    let headers = headers.chain(objects.services.iter().map(|row| &row.header));
    let headers = headers.chain(objects.nodes.iter().map(|row| &row.header));
    let mut headers = headers.chain(objects.policies.iter().map(|row| &row.header));
    headers
        .find(|header| header.exists() && header.reference == *of)
        .map(|header| header.doc.clone())
}

impl Outside for Live<'_> {
    fn stopped(&self) -> bool {
        (self.stop)()
    }

    fn advance(&mut self) -> Result<Advanced, RunError> {
        let (mut told, observation) = match self.past.pop_front() {
            Some(seen) => (Vec::new(), seen),
            None if self.world.time() >= self.until => {
                return Ok(Advanced {
                    told: Vec::new(),
                    input: Input::Over,
                });
            }
            None => (self.run(), Arc::new(self.world.observe())),
        };
        told.push(RunEvent::Observed(self.recorder.record(&observation)?));
        Ok(Advanced {
            told,
            input: Input::Observed {
                observation,
                progress: self.progress(),
            },
        })
    }

    fn approve(&mut self, plan: &Plan) -> Result<Option<Ruling>, RunError> {
        Ok((self.ask)(plan, self.world.objects()))
    }

    fn apply(&mut self, plan: Arc<Plan>) {
        let practises = self
            .memory
            .is_some_and(|memory| memory.mode == Remembers::ReadWrite);
        if practises {
            self.decisions.push(Decision {
                plan: plan.id.clone(),
                world: self.world.clone(),
            });
        }
        self.conductor = Some((plan.id.clone(), Arc::clone(&plan), Conductor::new(plan)));
    }

    fn recall(&mut self, cue: &Cue) -> Result<Arc<Recalled>, RunError> {
        let recalled = self.memory.map(|memory| (memory.recall)(cue));
        let unasked = |why| Recalled {
            failed: Some(why),
            ..Recalled::default()
        };
        let recalled = recalled.map(|recalled| recalled.unwrap_or_else(unasked));
        Ok(Arc::new(recalled.unwrap_or_default()))
    }

    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError> {
        let Some((_, _, conductor)) = self.conductor.take() else {
            return Ok((Vec::new(), None));
        };
        let before = self.world.objects().clone();
        let failed = self.world.undo(&conductor).err();
        Ok((commands_since(&before, self.world.objects()), failed))
    }

    fn ask(&mut self, asks: &[Ask]) -> Result<Vec<Reply>, RunError> {
        let advise = self.advise.as_mut();
        Ok(advise.map_or_else(|| no_model(asks), |advise| advise(asks)))
    }
}

/// The tape of an earlier run: its events and its inputs, and no world.
pub struct Tape {
    events: std::collections::VecDeque<RunEvent>,
    inputs: std::collections::VecDeque<Logged>,
    last: Option<Observation>,
}

impl Tape {
    /// The tape of these events and inputs.
    #[must_use]
    pub fn new(events: &[Stamped], inputs: Vec<Logged>) -> Self {
        let told = |stamped: &&Stamped| {
            matches!(
                stamped.event,
                RunEvent::Observed(_) | RunEvent::StepApplied { .. }
            )
        };
        Self {
            events: events
                .iter()
                .filter(told)
                .map(|stamped| stamped.event.clone())
                .collect(),
            inputs: inputs.into(),
            last: None,
        }
    }

    /// The next input of a kind; what is recomputed or asked of others is passed over, and compared where it comes in.
    fn next(&mut self, wanted: fn(&Logged) -> bool) -> Result<Logged, RunError> {
        loop {
            match self.inputs.pop_front() {
                Some(input) if wanted(&input) => return Ok(input),
                Some(_) => {}
                None => return Err(RunError::TapeEnds),
            }
        }
    }
}

impl Outside for Tape {
    fn stopped(&self) -> bool {
        matches!(self.inputs.front(), Some(Logged::Stopped))
    }

    fn advance(&mut self) -> Result<Advanced, RunError> {
        let look = |input: &Logged| matches!(input, Logged::Observed { .. } | Logged::Over);
        let Logged::Observed { progress } = self.next(look)? else {
            return Ok(Advanced {
                told: Vec::new(),
                input: Input::Over,
            });
        };
        let mut told = Vec::new();
        while let Some(event) = self.events.pop_front() {
            told.push(event);
            if let Some(RunEvent::Observed(delta)) = told.last() {
                let observation = fold(self.last.as_ref(), delta)
                    .map_err(|why: FoldError| RunError::Fold(why))?;
                self.last = Some(observation.clone());
                return Ok(Advanced {
                    input: Input::Observed {
                        observation: Arc::new(observation),
                        progress,
                    },
                    told,
                });
            }
        }
        Err(RunError::TapeEnds)
    }

    fn approve(&mut self, _: &Plan) -> Result<Option<Ruling>, RunError> {
        match self.next(|input| matches!(input, Logged::Approval(_))) {
            Ok(Logged::Approval(ruling)) => Ok(Some(ruling)),
            _ => Ok(None),
        }
    }

    fn apply(&mut self, _: Arc<Plan>) {}

    fn recall(&mut self, _: &Cue) -> Result<Arc<Recalled>, RunError> {
        match self.next(|input| matches!(input, Logged::Recalled(_)))? {
            Logged::Recalled(recalled) => Ok(recalled),
            _ => Err(RunError::Diverged),
        }
    }

    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError> {
        match self.next(|input| matches!(input, Logged::TakenBack { .. }))? {
            Logged::TakenBack { commands, failed } => Ok((commands, failed)),
            _ => Err(RunError::Diverged),
        }
    }

    fn ask(&mut self, asks: &[Ask]) -> Result<Vec<Reply>, RunError> {
        let mut replies = Vec::new();
        // A run that was stopped among the answers has noted those before it.
        while replies.len() < asks.len() {
            match self.inputs.pop_front() {
                Some(Logged::Answer(reply)) => replies.push(reply),
                Some(other) => {
                    self.inputs.push_front(other);
                    break;
                }
                None => break,
            }
        }
        Ok(replies)
    }
}
