//! A language model's part: what it is asked, and what of its answer is taken up.
//!
//! The questions hold what an operator sees and nothing else. Of an answer only
//! that is taken up which names a fault of the catalogue, an object that exists
//! and a change that is on record; the rest is dropped and counted. What is
//! taken up is an idea: trials judge it like all others.

mod causes;
mod plans;
mod scene;
mod words;

pub use causes::{Causes, causes};
pub use plans::{Plans, plans};
pub use scene::{Seen, scene};
pub use words::{objections, plain, reflection};

use crate::diagnose::{Diagnosis, Named};
use aegis_faults::Sign;
use aegis_model::ask::{
    Advice, AskRole, Brief, CauseLine, CriticContext, DiagnosisContext, FaultLine, PlanLine,
    PlanningContext, ReflectionContext, Silence,
};
use aegis_model::{Hypothesis, Objects, Plan, PlanScore, Reflection};
use smol_str::SmolStr;

/// Hypotheses that a question names, at most.
const LEADING: usize = 5;

/// Asks for causes of what is seen.
#[must_use]
pub fn diagnosis(seen: &Seen<'_>, refuted: &[Named]) -> DiagnosisContext {
    let objects = seen.objects();
    let line = |(fault, target): &Named| CauseLine {
        fault: fault.clone(),
        object: crate::plan::name(objects, *target).into(),
        confidence: None,
    };
    let is_off = |sign: &Sign| {
        seen.symptoms
            .iter()
            .any(|symptom| symptom.kind == sign.kind)
    };
    let faults = aegis_faults::all().map(|fault| FaultLine {
        id: SmolStr::new_static(fault.id),
        summary: fault.summary.into(),
        weight: rounded(
            fault.signs.iter().filter(|sign| is_off(sign)).count() as f64
                / fault.signs.len().max(1) as f64,
        ),
    });
    DiagnosisContext {
        scene: scene(seen),
        faults: faults.collect(),
        refuted: refuted.iter().map(line).collect(),
    }
}

/// Asks for plans against the leading causes; `tried` are plans that are not brought up again.
#[must_use]
pub fn planning(seen: &Seen<'_>, diagnosis: &Diagnosis, tried: Vec<String>) -> PlanningContext {
    PlanningContext {
        scene: scene(seen),
        causes: leading(seen.objects(), diagnosis),
        tried,
    }
}

/// Asks for objections to plans, of which the first is the leading one.
#[must_use]
pub fn critic(
    seen: &Seen<'_>,
    diagnosis: &Diagnosis,
    brief: Brief,
    plans: &[(&Plan, &PlanScore)],
) -> CriticContext {
    let line = |(plan, score): &(&Plan, &PlanScore)| PlanLine {
        id: plan.id.clone(),
        summary: plan.summary.clone(),
        stability: Some(score.stability),
        risk: score.risk,
    };
    CriticContext {
        scene: scene(seen),
        brief,
        causes: leading(seen.objects(), diagnosis),
        plans: plans.iter().map(line).collect(),
    }
}

/// Asks for words on what became of a hypothesis and its plan.
#[must_use]
pub fn reflecting(
    objects: &Objects,
    plan: &str,
    reflection: &Reflection,
    losses: Vec<f64>,
) -> ReflectionContext {
    let (fault, target) = &reflection.hypothesis;
    ReflectionContext {
        cause: CauseLine {
            fault: fault.clone(),
            object: crate::plan::name(objects, *target).into(),
            confidence: None,
        },
        plan: plan.to_owned(),
        finding: reflection.finding,
        why: reflection.why.clone(),
        losses,
    }
}

fn leading(objects: &Objects, diagnosis: &Diagnosis) -> Vec<CauseLine> {
    let line = |hypothesis: &Hypothesis| CauseLine {
        fault: hypothesis.fault.clone(),
        object: crate::plan::name(objects, hypothesis.target).into(),
        confidence: Some(rounded(hypothesis.confidence)),
    };
    diagnosis
        .hypotheses
        .iter()
        .take(LEADING)
        .map(line)
        .collect()
}

/// To two decimals: a prompt needs no more, and a shorter one costs less.
fn rounded(value: f64) -> f64 {
    libm::round(value * 100.0) / 100.0
}

/// What the run tells of an answer that did not come.
#[must_use]
pub fn silent(role: AskRole, silence: &Silence) -> Advice {
    Advice {
        silence: Some(Silence {
            kind: silence.kind,
            why: plain(&silence.why),
        }),
        ..nothing(role)
    }
}

/// Nothing taken up, nothing dropped.
const fn nothing(role: AskRole) -> Advice {
    Advice {
        role,
        silence: None,
        taken: Vec::new(),
        dropped: Vec::new(),
    }
}
