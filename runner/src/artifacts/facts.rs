//! What the events do not say: the truth, and what would have been with nobody acting.
//!
//! Asked for when the run is over; no engine is running any more.

use crate::run::way::Rest;
use crate::run::{Company, Order, Played, run};
use aegis_model::{Approval, FieldPath, Mode, RunEvent, Stamped};
use aegis_report::objectives::{Course, courses};
use aegis_report::{Cause, Facts, Story, Truth, Versions};
use aegis_scenario::truth::{self, Right};
use aegis_world::Revelation;
use smol_str::SmolStr;

/// What the recording knows of a run.
pub(super) struct Known<'a> {
    pub order: &'a Order<'a>,
    pub version: String,
    pub model: Option<String>,
    pub head: String,
    pub memory: Option<String>,
    pub resumed_from: Option<String>,
}

/// The facts of a run; those of its world only where there is one.
pub(super) fn facts(known: &Known<'_>, played: Option<Played>, told: &[Stamped]) -> Facts {
    let order = known.order;
    let harm = played.as_ref().and_then(|played| harm(order, played, told));
    let revelation = played.map(|played| played.world.reveal());
    let spec = &order.loaded.scenario.spec;
    Facts {
        scenario: order.loaded.scenario.metadata.name.clone(),
        mode: order.mode,
        seed: order.seed,
        onset: revelation.as_ref().and_then(|revealed| revealed.onset),
        harm,
        truth: revelation.map(|revealed| told_truth(spec, &revealed)),
        clock: "paused".into(),
        model: known.model.clone(),
        memory: known.memory.clone(),
        resumed_from: known.resumed_from.clone(),
        versions: Versions {
            aegis: known.version.clone(),
            genome: genome_version(&order.genome),
            prompts: known.model.as_ref().map(|_| aegis_llm::prompts_version()),
        },
        events_blake3: known.head.clone(),
        faults: meanings(),
    }
}

/// The facts of a practice run that left no files: what nobody acting would have lost is not asked.
#[must_use]
pub fn facts_without_control(order: &Order<'_>, played: Played, told: &[Stamped]) -> Facts {
    let mut hasher = blake3::Hasher::new();
    for stamped in told {
        hasher.update(&serde_json::to_vec(stamped).unwrap_or_default());
    }
    let known = Known {
        order,
        version: String::new(),
        model: None,
        head: hasher.finalize().to_hex().to_string(),
        memory: None,
        resumed_from: None,
    };
    let stopped = Played {
        rest: Rest::Stopped,
        ..played
    };
    facts(&known, Some(stopped), &[])
}

/// Name of a set of parameters: `default`, or the beginning of its BLAKE3.
#[must_use]
pub fn genome_version(genome: &[(SmolStr, f64)]) -> String {
    if genome.is_empty() {
        return "default".to_owned();
    }
    let mut hasher = blake3::Hasher::new();
    for (name, value) in genome {
        hasher.update(name.as_bytes());
        hasher.update(&value.to_bits().to_le_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

/// What the catalogue says of each fault.
fn meanings() -> Vec<(SmolStr, String)> {
    let faults = aegis_faults::all();
    faults
        .map(|fault| (fault.id.into(), fault.summary.to_owned()))
        .collect()
}

/// Whether an objective lost more than with nobody acting; `None` for a run that was stopped.
fn harm(order: &Order<'_>, played: &Played, told: &[Stamped]) -> Option<bool> {
    if played.rest != Rest::Over {
        return None;
    }
    let acted = told
        .iter()
        .any(|event| matches!(event.event, RunEvent::StepApplied { .. }));
    if !acted {
        return Some(false);
    }
    let control = with_nobody_acting(order)?;
    let (story, control) = (Story::tell(told), Story::tell(&control));
    let (own, control) = (courses(&story), courses(&control));
    Some(own.iter().zip(&control).any(lost_more))
}

fn lost_more((own, control): (&Course<'_>, &Course<'_>)) -> bool {
    own.lost() > control.lost()
}

fn with_nobody_acting(order: &Order<'_>) -> Option<Vec<Stamped>> {
    let order = Order {
        mode: Mode::Noop,
        approval: Approval::Auto,
        advisor: aegis_model::Advisor::None,
        ..order.clone()
    };
    let mut told = Vec::new();
    let played = run(
        &order,
        &mut Company {
            tell: &mut |event| {
                told.push(event.clone());
                Ok(())
            },
            note: &mut |_| Ok(()),
            ask: &mut |_, _| None,
            advise: &mut crate::run::no_model,
            stop: &|| false,
            memory: None,
        },
    );
    played.is_ok().then_some(told)
}

fn told_truth(spec: &aegis_scenario::format::Spec, revealed: &Revelation) -> Truth {
    let truth = truth::truth(spec, revealed);
    let (mut causes, mut also_right) = (Vec::new(), Vec::new());
    for right in &truth.causes {
        let mut answers = answers(right);
        causes.extend(answers.next());
        also_right.extend(answers);
    }
    also_right.extend(truth.also_right.iter().flat_map(answers));
    Truth {
        causes,
        also_right,
        users_affected: Some(truth.users_affected),
    }
}

/// The answers that one right one stands for: any of its fault ids counts.
fn answers(right: &Right) -> impl Iterator<Item = Cause> {
    right.faults.iter().map(|fault| Cause {
        fault: fault.as_str().into(),
        object: right.object.clone(),
        field: right
            .field
            .as_deref()
            .and_then(|field| field.parse::<FieldPath>().ok()),
    })
}
