//! What the graph works on: its state, its writes, its effects, its inputs.

use super::Node;
use super::aside::Aside;
use crate::executor::{Cost, Domain, Reading, ServiceTicks, Trials};
use aegis_model::ask::{Ask, Reply};
use aegis_model::event::RunEvent;
use aegis_model::recall::{Precursor, Withheld};
use aegis_model::{
    Conduct, Cue, Hypothesis, Objective, Observation, Outcome, Plan, PlanScore, Prediction,
    Recalled, Ruling, RunContext, Symptom, SymptomKind, Target, Tick, Verdict,
};
use aegis_reason::baseline::Baseline;
use aegis_reason::debate::Debate;
use aegis_reason::diagnose::{Diagnosis, Named, Rolled, Round};
use aegis_reason::proof::Proof;
use aegis_reason::shadow::Tournament;
use aegis_reason::signature::{Spell, lengthened};
use aegis_reason::watch::Bin;
use aegis_reason::{Calibration, Case, Genome, History, Topology, Trial};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;

/// The domain of the Sentinel graph.
#[derive(Debug, Clone, PartialEq)]
pub enum Sentinel {}

/// All that the engine knows.
#[derive(Debug, Clone)]
pub struct State {
    /// What it was told.
    pub context: RunContext,
    /// Its parameters.
    pub genome: Genome,
    /// The observed past.
    pub history: Arc<History>,
    /// What is off now.
    pub symptoms: Vec<Symptom>,
    /// Healthy levels, once there is enough of a past.
    pub baseline: Option<Arc<Baseline>>,
    /// What was off since it was last calm, and how long.
    pub spells: Vec<Spell>,
    /// What was acted upon before anything was missed, or would have been if a person had not said no, and when.
    pub acted: Vec<(Target, Tick)>,
    /// The last observation with nothing off.
    pub calm: Tick,
    /// When the last incident was closed.
    pub settled: Tick,
    /// Who calls whom, as last seen whole.
    pub topology: Option<Arc<Topology>>,
    /// Whether an objective ever paged.
    pub paged: bool,
    /// What is remembered of the incident that opens.
    pub recalled: Arc<Recalled>,
    /// The open incident.
    pub incident: Option<Incident>,
    /// The plan that was applied and is watched.
    pub standing: Option<Standing>,
    /// The last look at which an objective's alert was up, page or ticket.
    pub alerted: Tick,
    /// Plans that were applied and stand, over all incidents.
    pub stands: u32,
    /// What became of the last plan.
    pub last: Option<Fate>,
    /// What the next selection is to choose, whatever the figures say.
    pub bidden: Option<Pick>,
}

/// A choice that is made from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The drafted plan of this id.
    Plan(SmolStr),
    /// To wait.
    Wait,
}

/// An open incident.
#[derive(Debug, Clone)]
pub struct Incident {
    /// When it was opened.
    pub opened: Tick,
    /// Last tick of health before it.
    pub healthy_until: Tick,
    /// When the incident before it was over.
    pub since: Tick,
    /// Frozen for its length.
    pub calibration: Arc<Calibration>,
    /// All that was off since it was opened.
    pub symptoms: Vec<Symptom>,
    /// As it was last put to the hypotheses.
    pub case: Option<Arc<Case>>,
    /// Trials that are under way.
    pub round: Round,
    /// What went on from the round before.
    pub rolled: Vec<Rolled>,
    /// Candidates that the first screen dropped.
    pub screened: u32,
    /// Work of the diagnosis, service-ticks.
    pub ticks: u64,
    /// The diagnosis.
    pub diagnosis: Option<Arc<Diagnosis>>,
    /// Drafted plans, the control last.
    pub plans: Vec<Plan>,
    /// Their risks.
    pub risks: Vec<f64>,
    /// The futures that they are played in.
    pub tournament: Option<Arc<Tournament>>,
    /// Outcomes so far, by plan, future, draw; a plan that was dropped has fewer draws.
    pub played: Vec<Vec<Vec<Outcome>>>,
    /// Outcomes of the long trials, plan by plan.
    pub long: Vec<Outcome>,
    /// Plans that still race, by position.
    pub racing: Vec<usize>,
    /// What is argued over the plans, where the graph holds debates.
    pub debate: Option<Box<Debate>>,
    /// Scores of the plans that were played to the end.
    pub scores: Vec<PlanScore>,
    /// What was chosen.
    pub verdict: Option<Verdict>,
    /// What is remembered of incidents like it.
    pub recalled: Arc<Recalled>,
    /// By what it was recognised.
    pub recognised: Recognised,
    /// Whether an objective was missed when it was opened.
    pub ahead: Ahead,
    /// What of it the last diagnosis withheld, as it would have been.
    pub withheld: Vec<Withheld>,
    /// Causes that were refuted in this incident.
    pub refuted: Vec<(SmolStr, Target)>,
    /// The hypothesis behind the plan that failed, until it is reflected on.
    pub failed: Option<Hypothesis>,
    /// What that plan proves; of a plan that held, it is reflected on too.
    pub proof: Option<(Proof, Came)>,
    /// The diagnosis with what the plan brought in its window, until it is reflected on.
    pub review: Option<Arc<Diagnosis>>,
    /// Not before this tick is the case opened again.
    pub next_look: Tick,
    /// Plans that are not brought up again as things stand.
    pub aside: Vec<Aside>,
    /// Decisions in a row in which every plan was set aside.
    pub idle: u32,
    /// Plans that were taken back in it.
    pub undone: u32,
    /// Whether a plan that was applied in it stands.
    pub mended: bool,
    /// Causes that a language model named in it.
    pub named: Vec<Named>,
    /// Questions for causes that were asked in it.
    pub consulted: u32,
    /// When the last of them was asked.
    pub consulted_at: Tick,
    /// Questions for plans that were asked in it.
    pub proposed: u32,
    /// Debates in which a language model's critics were asked.
    pub counselled: u32,
    /// Objects that they spoke of.
    pub spoken_of: Vec<Target>,
}

/// By what an incident was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// By what was off when it opened.
    AtFirst,
    /// By what has lasted.
    Settled,
}

/// Whether an incident was opened before anything was missed.
#[derive(Debug, Clone, PartialEq)]
pub enum Ahead {
    /// No: an objective was missed already.
    Alerted,
    /// It is looked into, and nothing was done.
    Looks(Precursor),
    /// Something was done.
    Acted,
}

/// What came of a plan that was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It held: with its reflection the incident is over, since then.
    Held(Tick),
    /// It did not.
    Failed,
}

/// An applied plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The plan.
    pub plan: Plan,
    /// What it answers.
    pub hypothesis: Option<Hypothesis>,
    /// What is predicted.
    pub prediction: Prediction,
    /// Since when.
    pub since: Tick,
    /// What came.
    pub bins: Vec<Bin>,
    /// How its steps stand.
    pub conduct: Conduct,
    /// Entries of the record that it made.
    pub changes: Vec<u32>,
}

/// A change of the state, and what is told of it.
#[derive(Debug, Clone)]
pub struct Write {
    /// The change.
    pub change: Change,
    /// Events, in order.
    pub events: Vec<RunEvent>,
}

/// What changes.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "a handful per simulated minute")]
pub enum Change {
    /// A look at the cluster, with what it shows.
    Saw {
        /// The past with it.
        history: Arc<History>,
        /// What is off.
        symptoms: Vec<Symptom>,
        /// Healthy levels, where they were learnt anew.
        baseline: Option<Arc<Baseline>>,
        /// Who calls whom.
        topology: Option<Arc<Topology>>,
        /// Whether nothing is off.
        calm: Alarm,
    },
    /// An incident opens, or is put anew.
    Incident(Box<Incident>),
    /// The incident is over, since then.
    Closed(Tick),
    /// A look ahead came to nothing.
    Dropped,
    /// It led to something that was done, or refused, upon these, now.
    ActedAhead(Vec<Target>, Tick),
    /// A plan was applied, or what is known of it.
    Standing(Option<Box<Standing>>),
    /// The applied plan is kept for good, or was taken back.
    Stands(Kept),
    /// The plan was refused by policy or approval.
    Refused,
    /// What is remembered of the incident that opens.
    Recalled(Arc<Recalled>, Recognised),
    /// What the next selection is to choose; `None` once it has.
    Bidden(Option<Pick>),
    /// Nothing but the events.
    Told,
}

/// Whether anything is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// No.
    None,
    /// Something.
    Troubled,
    /// An objective pages.
    Paging,
}

/// What became of a plan, for the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was not approved.
    Refused,
    /// It stands.
    Stands,
    /// It was taken back.
    Undone,
}

/// What became of an applied plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It stands.
    Stands,
    /// It was taken back.
    Undone,
    /// Nothing of it was ever done.
    Never,
}

/// Something to be done outside.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Lets the world go on to the next scrape.
    Advance,
    /// Plays trials.
    Simulate(Vec<Trial>),
    /// Asks a person.
    Approve(Arc<Plan>),
    /// Begins to apply a plan.
    Apply(Arc<Plan>),
    /// Takes an applied plan back.
    Undo(SmolStr),
    /// Asks a language model.
    Ask(Box<Ask>),
    /// Asks the memory.
    Recall(Box<Cue>),
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A look at the cluster, and how the applied plan stands.
    Observed {
        /// The look.
        observation: Arc<Observation>,
        /// The plan's progress.
        progress: Option<Progress>,
    },
    /// The run is over.
    Over,
    /// Outcomes, in the order of the trials.
    Outcomes(Vec<Outcome>),
    /// The person's answer.
    Approval(Ruling),
    /// The plan is being applied.
    Accepted,
    /// A plan was taken back, as far as it could be.
    TakenBack {
        /// Writes that it took.
        changes: u32,
        /// What could not be taken back, if anything.
        failed: Option<String>,
    },
    /// What a language model answered, or why it did not.
    Answer(Reply),
    /// What is remembered.
    Recalled(Arc<Recalled>),
}

/// How an applied plan stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Its steps.
    pub conduct: Conduct,
    /// Entries of the record that it made.
    pub changes: Vec<u32>,
}

impl Domain for Sentinel {
    type Node = Node;
    type State = State;
    type Write = Write;
    type Effect = Effect;
    type Input = Input;
    type Item = ();

    fn apply(state: &mut State, write: &Write) {
        match &write.change {
            Change::Saw {
                history,
                symptoms,
                baseline,
                topology,
                calm,
            } => {
                state.history = Arc::clone(history);
                state.symptoms.clone_from(symptoms);
                if baseline.is_some() {
                    state.baseline.clone_from(baseline);
                }
                if topology.is_some() {
                    state.topology.clone_from(topology);
                }
                state.paged |= *calm == Alarm::Paging;
                if let Some(latest) = history.latest() {
                    state.spells = lengthened(&state.spells, symptoms, latest.at);
                }
                if let (Alarm::None, Some(latest)) = (calm, history.latest()) {
                    state.calm = latest.at;
                    if state.incident.is_none() {
                        state.spells.clear();
                    }
                }
                if let (true, Some(latest)) = (state.is_alerted(), history.latest()) {
                    state.alerted = latest.at;
                }
            }
            Change::Incident(incident) => state.incident = Some((**incident).clone()),
            Change::ActedAhead(targets, at) => {
                state.acted.retain(|(target, _)| !targets.contains(target));
                state
                    .acted
                    .extend(targets.iter().map(|target| (*target, *at)));
            }
            Change::Closed(over) => {
                state.incident = None;
                state.settled = *over;
                // What is still off is of the next incident, if there is one.
                state.spells.retain(|spell| spell.last > *over);
            }
            Change::Dropped => state.incident = None,
            Change::Standing(standing) => state.standing = standing.as_deref().cloned(),
            Change::Stands(kept) => state.keep(*kept),
            Change::Refused => state.last = Some(Fate::Refused),
            Change::Recalled(recalled, recognised) => {
                state.recalled = Arc::clone(recalled);
                if let Some(incident) = &mut state.incident {
                    incident.recalled = Arc::clone(recalled);
                    incident.recognised = *recognised;
                }
            }
            Change::Bidden(pick) => state.bidden.clone_from(pick),
            Change::Told => {}
        }
    }

    fn cost(effect: &Effect) -> Cost {
        let Effect::Simulate(trials) = effect else {
            return Cost::FREE;
        };
        Cost {
            service_ticks: ServiceTicks(trials.iter().map(aegis_reason::trial::cost).sum()),
            trials: Trials(trials.len() as u64),
        }
    }

    fn read(_: &Input) -> Reading {
        Reading::Answer
    }
}

impl State {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(context: RunContext) -> Self {
        let genome = Genome::from_pairs(&context.genome);
        Self {
            context,
            genome,
            history: Arc::default(),
            symptoms: Vec::new(),
            baseline: None,
            spells: Vec::new(),
            acted: Vec::new(),
            calm: Tick(0),
            settled: Tick(0),
            topology: None,
            paged: false,
            recalled: Arc::default(),
            incident: None,
            standing: None,
            alerted: Tick(0),
            stands: 0,
            last: None,
            bidden: None,
        }
    }

    /// Objectives that it was given.
    #[must_use]
    pub fn objectives(&self) -> &[Objective] {
        &self.context.objectives
    }

    /// Whether an objective's alert is up, page or ticket.
    #[must_use]
    pub fn is_alerted(&self) -> bool {
        self.symptoms
            .iter()
            .any(|symptom| symptom.kind == SymptomKind::BurnRate)
    }

    fn keep(&mut self, kept: Kept) {
        self.standing = None;
        match kept {
            Kept::Stands => (self.stands, self.last) = (self.stands + 1, Some(Fate::Stands)),
            Kept::Undone => self.last = Some(Fate::Undone),
            Kept::Never => {}
        }
    }
}

impl Standing {
    /// Whether its first step was not possible and wrote nothing.
    #[must_use]
    pub fn came_to_nothing(&self) -> bool {
        matches!(self.conduct, Conduct::Refused { step: 0, .. }) && self.changes.is_empty()
    }

    /// Why not all of its steps were taken, where they stopped half way.
    #[must_use]
    pub fn broke_off(&self) -> Option<String> {
        match &self.conduct {
            Conduct::Refused { step, why } => {
                Some(format!("step {} was not possible: {why}", step + 1))
            }
            Conduct::TimedOut { step } => {
                let next = *step as usize + 1;
                let left = next < self.plan.steps.len();
                left.then(|| format!("step {next} was not over in time"))
            }
            Conduct::Done | Conduct::Running => None,
        }
    }
}

impl Write {
    /// A change that nobody is told of.
    #[must_use]
    pub fn silent(change: Change) -> Self {
        Self {
            change,
            events: Vec::new(),
        }
    }

    /// A change with one event.
    #[must_use]
    pub fn told(change: Change, event: RunEvent) -> Self {
        Self {
            change,
            events: vec![event],
        }
    }
}
