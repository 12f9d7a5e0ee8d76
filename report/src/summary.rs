//! `summary.json`: what a run came to, in words with one meaning.
//!
//! Times are simulated; a thing that did not happen is `null`. The shape is versioned.

use crate::advice::{AdviceSummary, advice_summary};
use crate::facts::{Facts, Truth, Versions};
use crate::measure;
use crate::objectives::{self, Course};
use crate::story::Story;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{Ending, FieldPath, Hypothesis, Mode, Plan, PlanScore};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Version of the shape of [`Summary`].
pub const SUMMARY_SCHEMA: &str = "aegis.dev/summary/v1";

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the shape.
    pub schema: SmolStr,
    /// Name of the scenario.
    pub scenario: String,
    /// Which graph thought.
    pub mode: Mode,
    /// The world's seed.
    pub seed: u64,
    /// How the run ended; `cancelled` where its log was cut.
    pub outcome: Ending,
    /// Whether every objective was met over its last window; `null` before the first scrape.
    pub objectives_met: Option<bool>,
    /// Whether an objective lost more than under the no-op; `null` where that was not run.
    pub harm: Option<bool>,
    /// Seconds from the run's start to the onset of the first cause.
    pub onset_s: Option<i64>,
    /// Seconds from onset to the first symptom that pages.
    pub ttd_s: Option<i64>,
    /// Seconds from onset to the first diagnosis whose leader is right and stays.
    pub ttl_s: Option<i64>,
    /// Seconds from onset to the start of the first 120 s with all objectives met that lasts to the end.
    pub ttm_s: Option<i64>,
    /// Σ over objectives of the time in which the SLI of the last 60 s missed its target, minutes.
    pub slo_minutes_lost: f64,
    /// What it cost.
    pub cost: Cost,
    /// Plans taken back.
    pub undone: usize,
    /// Decisions, those to wait included.
    pub decisions: usize,
    /// The leading hypothesis of the diagnosis that the run comes to: the one that the standing plan of a mended run was
    /// drafted on, else the last.
    pub diagnosis: Option<Diagnosis>,
    /// Whether users were affected.
    pub users_affected: bool,
    /// Every kubectl command applied, undo included, over all decisions.
    pub commands: Vec<String>,
    /// The other hypotheses of that diagnosis.
    pub considered: Vec<Considered>,
    /// The plan that was chosen last.
    pub plan: Option<PlanSummary>,
    /// What was really wrong; for practice runs alone.
    pub truth: Option<TruthSummary>,
    /// Mean error of the twin on the healthy window, as a share of what was seen.
    pub twin_error: Option<f64>,
    /// `paused` or `charged`.
    pub clock: SmolStr,
    /// The language model, if one was asked.
    pub model: Option<String>,
    /// What it was asked, and what was taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<AdviceSummary>,
    /// The memory, if one was used.
    pub memory: Option<String>,
    /// BLAKE3 of the event log, hexadecimal.
    pub events_blake3: String,
    /// How the run went on.
    pub run: RunSummary,
    /// Versions of what made it.
    pub versions: Versions,
}

/// What a run cost beside its losses.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Node-seconds beyond the number of nodes at the run's start.
    pub node_s: f64,
    /// Pod-seconds beyond the number of pods at the run's start.
    pub pod_s: f64,
    /// Requests turned away on purpose.
    pub shed_requests: f64,
}

/// A diagnosis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Id in the catalogue.
    pub fault: SmolStr,
    /// The object at fault.
    pub object: ObjectRef,
    /// The field, for a visible cause.
    pub field: Option<FieldPath>,
    /// What the fault does, in words; `null` where the catalogue has none.
    pub mechanism: Option<String>,
    /// Who re-applies it.
    pub actor: Option<SmolStr>,
    /// 0..=0.99.
    pub confidence: f64,
}

/// A hypothesis that did not lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Considered {
    /// Id in the catalogue.
    pub fault: SmolStr,
    /// The object.
    pub object: ObjectRef,
    /// 0..=0.99.
    pub confidence: f64,
    /// The strongest thing against it.
    pub refuted_by: Option<String>,
}

/// A plan with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// Id.
    pub id: SmolStr,
    /// Number of steps.
    pub steps: usize,
    /// Accumulated propagation risk, 0..=1.
    pub risk: Option<f64>,
    /// Mean stability in the main future, 0..=1.
    pub stability: Option<f64>,
    /// 0..=1.
    pub cost_score: Option<f64>,
    /// 0..=1.
    pub resilience: Option<f64>,
    /// Its steps that were applied, as kubectl.
    pub kubectl: Vec<String>,
}

/// What was really wrong, and whether it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruthSummary {
    /// Causes and further right answers.
    #[serde(flatten)]
    pub truth: Truth,
    /// Whether the diagnosis that the run comes to is right; `null` without one.
    pub diagnosis_right: Option<bool>,
}

/// How a run went on.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run that it goes on from.
    pub resumed_from: Option<String>,
    /// Whether it was stopped before its end.
    pub stopped_early: bool,
}

/// What a story came to.
#[must_use]
pub fn summary(story: &Story<'_>, facts: &Facts) -> Summary {
    let courses = objectives::courses(story);
    let outcome = story.ended.map_or(Ending::Cancelled, |(ending, _)| ending);
    let lost = courses
        .iter()
        .map(Course::lost)
        .fold(0.0, |sum, more| sum + more);
    Summary {
        schema: SUMMARY_SCHEMA.into(),
        scenario: facts.scenario.clone(),
        mode: facts.mode,
        seed: facts.seed,
        outcome,
        objectives_met: measure::objectives_met(story),
        harm: facts.harm,
        onset_s: facts.onset,
        ttd_s: measure::time_to_detect(story, facts),
        ttl_s: measure::time_to_locate(story, facts),
        ttm_s: measure::time_to_mend(story, facts, &courses),
        slo_minutes_lost: lost / 60.0,
        cost: measure::cost(story),
        undone: measure::undone(story),
        decisions: measure::decisions(story),
        diagnosis: story.top().map(|top| diagnosis(top, story, facts)),
        users_affected: lost > 0.0 || measure::paged(story),
        commands: story.commands(),
        considered: considered(story),
        plan: plan(story),
        truth: truth(story, facts),
        twin_error: story.calibration.map(|(_, error, _)| error),
        clock: facts.clock.clone(),
        model: facts.model.clone(),
        advice: advice_summary(story),
        memory: facts.memory.clone(),
        events_blake3: facts.events_blake3.clone(),
        run: RunSummary {
            resumed_from: facts.resumed_from.clone(),
            stopped_early: outcome == Ending::Cancelled,
        },
        versions: facts.versions.clone(),
    }
}

fn diagnosis(top: &Hypothesis, story: &Story<'_>, facts: &Facts) -> Diagnosis {
    Diagnosis {
        fault: top.fault.clone(),
        object: story.names.target(top.target),
        field: top.field.clone(),
        mechanism: facts.meaning(&top.fault).map(str::to_owned),
        actor: top.actor.clone(),
        confidence: top.confidence,
    }
}

fn considered(story: &Story<'_>) -> Vec<Considered> {
    let hypotheses = story.conclusion().map_or(&[][..], |last| last.1);
    let others = hypotheses.iter().skip(1);
    others
        .map(|other| Considered {
            fault: other.fault.clone(),
            object: story.names.target(other.target),
            confidence: other.confidence,
            refuted_by: other.against.first().cloned(),
        })
        .collect()
}

fn plan(story: &Story<'_>) -> Option<PlanSummary> {
    let (round, plan, verdict) = story.decisive()?;
    let score = verdict.table.iter().find(|score| score.plan == plan.id);
    Some(plan_summary(plan, score, || {
        let steps = round.steps.iter();
        steps.map(|step| step.kubectl.to_owned()).collect()
    }))
}

fn plan_summary(
    plan: &Plan,
    score: Option<&PlanScore>,
    kubectl: impl Fn() -> Vec<String>,
) -> PlanSummary {
    PlanSummary {
        id: plan.id.clone(),
        steps: plan.steps.len(),
        risk: score.map(|score| score.risk),
        stability: score.map(|score| score.stability),
        cost_score: score.map(|score| score.cost),
        resilience: score.map(|score| score.resilience),
        kubectl: kubectl(),
    }
}

fn truth(story: &Story<'_>, facts: &Facts) -> Option<TruthSummary> {
    let truth = facts.truth.clone()?;
    let right = story.top().map(|top| measure::is_right(top, story, &truth));
    Some(TruthSummary {
        truth,
        diagnosis_right: right,
    })
}
