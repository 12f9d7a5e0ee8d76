//! Runs judged as interfaces.md defines its words: what a run came to, and whether it did harm.

use crate::play::Recording;
use aegis_model::{FieldPath, Mode};
use aegis_report::objectives::{Course, courses};
use aegis_report::{Cause, Facts, Story, Summary, Truth, Versions, summary};
use aegis_scenario::format::Spec;
use aegis_scenario::load::Loaded;
use aegis_scenario::truth::{Right, truth};
use aegis_world::Revelation;

/// A run beside the no-op on the same seed.
#[derive(Debug)]
pub struct Judged {
    /// What the run came to.
    pub summary: Summary,
    /// SLO minutes that the no-op lost.
    pub control_lost: f64,
    /// By how many minutes each objective lost more than under the no-op; negative is saved.
    pub excess: Vec<f64>,
    /// Wall time of the run, s.
    pub wall: f64,
}

impl Judged {
    /// SLO minutes that the no-op lost and the run did not.
    #[must_use]
    pub fn saved(&self) -> f64 {
        self.control_lost - self.summary.slo_minutes_lost
    }
}

/// Judges a run of Sentinel by the truth of its world and by the no-op.
#[must_use]
pub fn judge(loaded: &Loaded, seed: u64, run: &Recording, control: &Recording) -> Judged {
    let revealed = run.world.clone().reveal();
    let story = Story::tell(&run.events);
    let other = Story::tell(&control.events);
    let (own, noop) = (courses(&story), courses(&other));
    let excess: Vec<f64> = own.iter().zip(&noop).map(excess).collect();
    let facts = facts(
        loaded,
        seed,
        &revealed,
        excess.iter().any(|minutes| *minutes > 0.0),
    );
    Judged {
        summary: summary(&story, &facts),
        control_lost: noop.iter().map(Course::lost).sum::<f64>() / 60.0,
        excess,
        wall: run.wall.as_secs_f64(),
    }
}

/// The facts of a practice run, its truth among them.
#[must_use]
pub fn facts_of(loaded: &Loaded, seed: u64, run: &Recording) -> Facts {
    facts(loaded, seed, &run.world.clone().reveal(), false)
}

fn excess((own, noop): (&Course<'_>, &Course<'_>)) -> f64 {
    (own.lost() - noop.lost()) / 60.0
}

fn facts(loaded: &Loaded, seed: u64, revealed: &Revelation, harm: bool) -> Facts {
    Facts {
        scenario: loaded.scenario.metadata.name.clone(),
        mode: Mode::Sentinel,
        seed,
        onset: revealed.onset,
        harm: Some(harm),
        truth: Some(told_truth(&loaded.scenario.spec, revealed)),
        clock: "paused".into(),
        model: None,
        memory: None,
        resumed_from: None,
        versions: Versions::default(),
        events_blake3: String::new(),
        faults: Vec::new(),
    }
}

fn told_truth(spec: &Spec, revealed: &Revelation) -> Truth {
    let truth = truth(spec, revealed);
    Truth {
        causes: truth.causes.iter().flat_map(answers).collect(),
        also_right: truth.also_right.iter().flat_map(answers).collect(),
        users_affected: Some(truth.users_affected),
    }
}

/// One answer per fault id that counts.
fn answers(right: &Right) -> impl Iterator<Item = Cause> {
    let field = right.field.as_deref();
    let field: Option<FieldPath> = field.and_then(|field| field.parse().ok());
    right.faults.iter().map(move |fault| Cause {
        fault: fault.as_str().into(),
        object: right.object.clone(),
        field: field.clone(),
    })
}
