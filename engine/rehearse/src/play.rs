//! One play: a fork of a settled cluster with something laid over it, to its end.

use crate::simpler::Simpler;
use crate::stage::Stage;
use crate::tally::{Loss, Tally};
use aegis_graphs::sentinel::{Input, Progress};
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{
    Conduct, Ending, FieldPath, Hypothesis, Objects, Observation, Plan, Ruling, RunEvent, Stamped,
    Target, WorkloadId,
};
use aegis_runner::run::outside::{Advanced, Outside, SCRAPE, commands_since, step_applied};
use aegis_runner::run::{Listener, RunError, drive};
use aegis_scenario::format::Spec;
use aegis_scenario::truth::{Truth, truth};
use aegis_sim::conduct::Conductor;
use aegis_world::{Act, Entry, Schedule, World};
use smol_str::SmolStr;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Second at which faults begin.
pub const ONSET: u32 = 60;
/// Seconds after onset in which a play that goes as if nothing had been laid is given up.
const NOTHING: i64 = 300;
/// Seconds without a miss after which a mended play is taken to stay so.
const CALM: i64 = 300;
/// Seconds from one look at what is broken to the next.
const LOOK: i64 = 60;
/// Share of its requests that a workload must fail to count as broken.
const BROKEN: f64 = 0.05;

/// What is laid over a cluster: one fault, or the same at several targets at once.
#[derive(Debug, Clone, Default)]
pub struct Laid(pub Vec<Entry>);

impl Laid {
    /// All of these at [`ONSET`].
    #[must_use]
    pub fn at_onset(acts: Vec<Act>) -> Self {
        Self(
            acts.into_iter()
                .map(|act| Entry { at: ONSET, act })
                .collect(),
        )
    }

    fn schedule(&self) -> Schedule {
        Schedule(self.0.clone())
    }
}

/// What users got, second by second, for comparing plays.
pub type Trace = Vec<u64>;

/// A play with nobody acting.
#[derive(Debug, Clone)]
pub struct Untreated {
    /// What was lost.
    pub loss: Loss,
    /// Workloads that failed or were gone, the first to be so first.
    pub broken: Vec<ObjectRef>,
    /// Why nothing began; empty where something did, and for a play with nothing laid.
    pub skipped: Vec<String>,
    /// What users got.
    pub trace: Trace,
}

/// When a play with nobody acting is given up before its end.
#[derive(Debug, Clone, Copy)]
pub enum GiveUp<'a> {
    /// Never.
    Never,
    /// Where users got bit for bit what they got there until some time after onset.
    As(&'a Trace),
    /// Where so many SLO minutes are lost: more only makes it worse.
    At(f64),
}

/// Plays with nobody acting.
#[must_use]
pub fn untreated(stage: &Stage, laid: &Laid, give_up: GiveUp<'_>) -> Untreated {
    let beside = match give_up {
        GiveUp::As(trace) => Some(trace),
        GiveUp::Never | GiveUp::At(_) => None,
    };
    let most = match give_up {
        GiveUp::At(minutes) => minutes,
        GiveUp::Never | GiveUp::As(_) => f64::INFINITY,
    };
    let mut world = stage.world.with_schedule(laid.schedule());
    let mut tally = stage.tally();
    let (mut trace, mut broken) = (Trace::new(), Broken::default());
    let mut parted = beside.is_none();
    while world.time() < i64::from(stage.length) {
        world.advance(1);
        tally.see(&world);
        trace.push(digest(&world));
        if world.time() % LOOK == 0 {
            broken.look(&mut world);
        }
        let other = beside.and_then(|other| other.get(trace.len() - 1));
        parted |= other != trace.last();
        let as_if_nothing = !parted && world.time() >= i64::from(ONSET) + NOTHING;
        if as_if_nothing || world.time() % LOOK == 0 && tally.loss(world.time()).minutes() > most {
            break;
        }
    }
    let time = world.time();
    let revealed = world.reveal();
    Untreated {
        loss: tally.loss(time),
        broken: broken.names,
        // Where a cause began, a step that meant nothing there is no matter.
        skipped: if revealed.causes.is_empty() {
            revealed.skipped
        } else {
            Vec::new()
        },
        trace,
    }
}

/// What users of all entries got in the last second, as one number.
fn digest(world: &World) -> u64 {
    let figures = world.entries().iter().flat_map(|entry| {
        let last = entry.last;
        [last.requests, last.failed, last.time, last.cv2]
    });
    figures.fold(0xCBF2_9CE4_8422_2325, |hash, figure| {
        (hash ^ figure.to_bits())
            .wrapping_mul(0x0100_0000_01B3)
            .rotate_left(17)
    })
}

/// Workloads that were seen broken.
#[derive(Debug, Default)]
struct Broken {
    known: BTreeSet<WorkloadId>,
    names: Vec<ObjectRef>,
}

impl Broken {
    fn look(&mut self, world: &mut World) {
        let seen = world.observe();
        let services = seen.samples.services.iter();
        let failing = services
            .filter(|service| service.requests.error_share() > BROKEN)
            .map(|service| service.workload);
        let rows = seen.objects.workloads.enumerate();
        let gone = rows
            .filter(|(_, row)| row.header.exists() && row.status.ready == 0)
            .filter(|(_, row)| row.spec.replicas().is_some_and(|wanted| wanted > 0))
            .map(|(id, _)| WorkloadId::from(id));
        for id in gone.chain(failing).collect::<Vec<_>>() {
            if self.known.insert(id) {
                self.names
                    .push(seen.objects.workloads[id.index()].header.reference.clone());
            }
        }
    }
}

/// A diagnosis as it was made, the likeliest cause first.
#[derive(Debug, Clone)]
pub struct Said {
    /// Seconds after time 0.
    pub at: i64,
    /// Fault, object, field, confidence.
    pub causes: Vec<SaidCause>,
}

/// One cause of a diagnosis.
#[derive(Debug, Clone)]
pub struct SaidCause {
    /// Id in the catalogue.
    pub fault: SmolStr,
    /// The object at fault.
    pub object: ObjectRef,
    /// The field, for a visible cause.
    pub field: Option<FieldPath>,
    /// 0..=0.99.
    pub confidence: f64,
}

/// A play with an engine at work.
#[derive(Debug, Clone)]
pub struct Treated {
    /// What was lost.
    pub loss: Loss,
    /// Every diagnosis of the play, up to the one that it comes to: where it ended mended and the plan that was applied
    /// last stands, the one that this plan was drafted on.
    pub said: Vec<Said>,
    /// First symptom that pages from onset on, s after time 0.
    pub paged: Option<i64>,
    /// kubectl commands in order, those that take a plan back included.
    pub commands: Vec<String>,
    /// Plans that were taken back.
    pub undone: u32,
    /// How the engine's run ended.
    pub ending: Option<Ending>,
    /// What was really wrong.
    pub truth: Truth,
    /// What simpler minds would have said when the first case was opened.
    pub simpler: Option<Simpler>,
}

/// How far an engine's play goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Its end.
    End,
    /// Its end, or the calm that follows a plan.
    Calm,
}

/// Plays with an engine at work.
///
/// # Errors
/// A defect of the engine's graph.
pub fn treated(stage: &Stage, laid: &Laid, until: Until) -> Result<Treated, RunError> {
    let world = stage.world.with_schedule(laid.schedule());
    let origin = world.origin();
    let mut live = Live {
        world,
        past: stage.seen.iter().cloned().collect(),
        tally: stage.tally(),
        length: i64::from(stage.length),
        until,
        acted: false,
        conductor: None,
    };
    let (mut notes, mut simpler) = (Notes::default(), None);
    let mut listener = Listener {
        tell: &mut |event| {
            notes.take(event);
            Ok(())
        },
        look: &mut |state| simpler = simpler.take().or_else(|| Simpler::of(state)),
    };
    drive(stage.context(), origin, &mut live, &mut listener)?;
    let objects = live.world.objects();
    let said = notes
        .until_conclusion()
        .iter()
        .map(|(at, hypotheses)| Said {
            at: *at,
            causes: hypotheses
                .iter()
                .filter_map(|one| cause(objects, one))
                .collect(),
        });
    Ok(Treated {
        said: said.collect(),
        loss: live.tally.loss(live.world.time()),
        paged: notes.paged,
        commands: notes.commands,
        undone: notes.undone,
        ending: notes.ending,
        truth: truth(&Spec::default(), &live.world.reveal()),
        simpler,
    })
}

fn cause(objects: &Objects, hypothesis: &Hypothesis) -> Option<SaidCause> {
    Some(SaidCause {
        fault: hypothesis.fault.clone(),
        object: object(objects, hypothesis)?,
        field: hypothesis.field.clone(),
        confidence: hypothesis.confidence,
    })
}

/// The object at fault: of a change on record of what is not reasoned over (a claim, a quota, an autoscaler), what it
/// is of.
fn object(objects: &Objects, hypothesis: &Hypothesis) -> Option<ObjectRef> {
    let record = hypothesis
        .change
        .filter(|_| hypothesis.target == Target::Cluster);
    let changed = record.and_then(|index| objects.changes.get(index as usize));
    changed.map_or_else(
        || objects.reference(hypothesis.target),
        |change| Some(change.object.clone()),
    )
}

/// What of an engine's events a rehearsal keeps.
#[derive(Debug, Default)]
struct Notes {
    said: Vec<(i64, Vec<Hypothesis>)>,
    /// Diagnoses up to the one that the standing plan was drafted on.
    standing: Option<usize>,
    /// Whether its incident was closed as mended.
    mended: bool,
    paged: Option<i64>,
    commands: Vec<String>,
    undone: u32,
    ending: Option<Ending>,
    /// The last second that was observed.
    now: i64,
}

/// Hypotheses of a diagnosis that are kept.
const KEPT: usize = 5;

impl Notes {
    fn until_conclusion(&self) -> &[(i64, Vec<Hypothesis>)] {
        let mended = self.mended || self.ending == Some(Ending::Mended);
        let standing = self.standing.filter(|_| mended);
        &self.said[..standing.unwrap_or(self.said.len())]
    }

    fn take(&mut self, stamped: &Stamped) {
        self.now = stamped.t;
        match &stamped.event {
            RunEvent::Diagnosed { hypotheses, .. } => {
                let kept = hypotheses.iter().take(KEPT).cloned().collect();
                self.said.push((self.now, kept));
            }
            RunEvent::SymptomSeen(symptom)
                if symptom.severity >= 1.0 && self.now >= i64::from(ONSET) =>
            {
                self.paged.get_or_insert(self.now);
            }
            RunEvent::StepApplied { kubectl, .. } => {
                self.commands.extend(kubectl.lines().map(str::to_owned));
            }
            RunEvent::ApplyStarted { .. } => {
                self.standing = Some(self.said.len());
                self.mended = false;
            }
            RunEvent::IncidentClosed { ending } => self.mended |= *ending == Ending::Mended,
            RunEvent::UndoDeclined { .. } => self.standing = None,
            RunEvent::Undone { kubectl, .. } => {
                self.standing = None;
                self.undone += 1;
                self.commands.extend(kubectl.iter().cloned());
            }
            RunEvent::Ended { ending, .. } => self.ending = Some(*ending),
            _ => {}
        }
    }
}

/// A forked world that an engine works on; nothing of it is recorded.
struct Live {
    world: World,
    past: VecDeque<Arc<Observation>>,
    tally: Tally,
    length: i64,
    until: Until,
    acted: bool,
    conductor: Option<(SmolStr, Arc<Plan>, Conductor)>,
}

impl Live {
    /// Runs to the next scrape, a second at a time; the plan's steps are taken on the way.
    fn run(&mut self) -> Vec<RunEvent> {
        let mut told = Vec::new();
        let left = (self.length - self.world.time()).clamp(0, i64::from(SCRAPE));
        for _ in 0..left {
            self.conduct(&mut told);
            self.world.advance(1);
            self.tally.see(&self.world);
        }
        told
    }

    fn conduct(&mut self, told: &mut Vec<RunEvent>) {
        let Some((id, plan, conductor)) = &mut self.conductor else {
            return;
        };
        let begun = conductor.begun();
        let before = self.world.objects().clone();
        self.world.conduct(conductor);
        for step in begun..conductor.begun() {
            told.push(step_applied(id, plan, conductor, step, &before));
        }
    }

    fn progress(&self) -> Option<Progress> {
        let (_, plan, conductor) = self.conductor.as_ref()?;
        let steps = 0..plan.steps.len() as u32;
        Some(Progress {
            conduct: conductor.conduct(),
            changes: steps.flat_map(|step| conductor.made(step)).collect(),
        })
    }

    /// Whether all is done that will be done: the plan went through and nothing was missed for long.
    fn is_calm(&self) -> bool {
        let now = self.world.time();
        let done = self
            .conductor
            .as_ref()
            .is_some_and(|(_, _, conductor)| conductor.conduct() == Conduct::Done);
        self.until == Until::Calm
            && self.acted
            && done
            && self.tally.calm_for(now).is_some_and(|calm| calm >= CALM)
    }
}

impl Outside for Live {
    fn stopped(&self) -> bool {
        false
    }

    fn advance(&mut self) -> Result<Advanced, RunError> {
        let (told, observation) = match self.past.pop_front() {
            Some(seen) => (Vec::new(), seen),
            None if self.world.time() >= self.length || self.is_calm() => {
                return Ok(Advanced {
                    told: Vec::new(),
                    input: Input::Over,
                });
            }
            None => (self.run(), Arc::new(self.world.observe())),
        };
        Ok(Advanced {
            told,
            input: Input::Observed {
                observation,
                progress: self.progress(),
            },
        })
    }

    fn approve(&mut self, _: &Plan) -> Result<Option<Ruling>, RunError> {
        Ok(Some(Ruling::plain(true)))
    }

    fn apply(&mut self, plan: Arc<Plan>) {
        self.acted = true;
        self.conductor = Some((plan.id.clone(), Arc::clone(&plan), Conductor::new(plan)));
    }

    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError> {
        let Some((_, _, conductor)) = self.conductor.take() else {
            return Ok((Vec::new(), None));
        };
        let before = self.world.objects().clone();
        let failed = self.world.undo(&conductor).err();
        Ok((commands_since(&before, self.world.objects()), failed))
    }
}
