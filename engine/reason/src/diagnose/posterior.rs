//! From likelihoods to confidence: marginal evidence, `unknown`, `no fault`, classes.

use super::candidate::Cause;
use super::rounds::{Rolled, Theta, sizes};
use crate::case::Case;
use crate::genome::Genome;
use crate::likelihood::{self, log_mean_exp, softmax};
use aegis_faults::{Breadth, Fault, alike};
use aegis_model::{Hypothesis, Subject, Target};
use smol_str::SmolStr;

/// Most that is ever claimed.
const SUREST: f64 = 0.99;

/// The result of a diagnosis.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// Hypotheses, most likely first; `unknown` and `no_fault` among them.
    pub hypotheses: Vec<Hypothesis>,
    /// What was rolled, in the order of the hypotheses; `None` for `unknown` and `no_fault`.
    pub rolled: Vec<Option<Rolled>>,
}

impl Diagnosis {
    /// The share of the posterior that each hypothesis has by itself, in their order, 0..=1: what is called by another's name
    /// keeps its own, as other things mend it.
    pub fn shares(&self) -> impl Iterator<Item = f64> + '_ {
        let both = self.hypotheses.iter().zip(&self.rolled);
        both.map(|(hypothesis, rolled)| match rolled {
            Some(rolled) => rolled.share,
            None => hypothesis.confidence,
        })
    }
}

/// Weighs what the last round gave.
#[must_use]
pub fn diagnose(case: &Case, rolled: Vec<Rolled>, genome: &Genome) -> Diagnosis {
    let none = undisturbed(case, &rolled);
    let mut entries: Vec<(Hypothesis, Option<Rolled>, f64)> = rolled
        .into_iter()
        .map(|rolled| {
            let evidence = evidence(case, &rolled);
            (
                hypothesis(case, &rolled, evidence - none),
                Some(rolled),
                evidence,
            )
        })
        .collect();
    let shared: f64 = 1.0 - genome.prior_unknown - genome.prior_none;
    let priors: f64 = entries
        .iter()
        .map(|(hypothesis, ..)| hypothesis.prior)
        .sum();
    for (hypothesis, ..) in &mut entries {
        hypothesis.prior *= shared / priors.max(1e-12);
    }
    // What the cluster says is as foreign to no fault at all as to one that nobody knows.
    let none = none - case.words.unexplained();
    let unknown = likelihood::unknown(&case.window, &case.undisturbed) - case.words.unexplained();
    entries.push((
        free("unknown", genome.prior_unknown, unknown - none),
        None,
        unknown,
    ));
    entries.push((free("no_fault", genome.prior_none, 0.0), None, none));
    let logs: Vec<f64> = entries
        .iter()
        .map(|(hypothesis, _, evidence)| evidence + libm::log(hypothesis.prior))
        .collect();
    for ((hypothesis, rolled, _), share) in entries.iter_mut().zip(softmax(&logs)) {
        hypothesis.confidence = share;
        if let Some(rolled) = rolled {
            rolled.share = share;
        }
    }
    call_alike(&mut entries);
    for (hypothesis, ..) in &mut entries {
        hypothesis.confidence = genome.confidence(hypothesis.confidence).min(SUREST);
    }
    entries.sort_by(|(a, ..), (b, ..)| b.confidence.total_cmp(&a.confidence));
    classify(&mut entries, genome.class_nats);
    let (hypotheses, rolled) = entries
        .into_iter()
        .map(|(hypothesis, rolled, _)| (hypothesis, rolled))
        .unzip();
    Diagnosis { hypotheses, rolled }
}

/// Rows of one object that nothing observed tells apart are called by the name that is right most often: it takes the
/// shares of those for which it is right as well.
fn call_alike(entries: &mut [(Hypothesis, Option<Rolled>, f64)]) {
    let names = |rolled: &Rolled| -> Vec<&'static str> {
        let candidate = &rolled.candidate;
        let alone = candidate.beside.is_empty();
        let over = |fault: &Fault| {
            if alone {
                Breadth::Target
            } else {
                fault.breadth
            }
        };
        let named = |fault: &'static Fault| alike::names_over(fault, over(fault));
        candidate.fault.map_or_else(Vec::new, named)
    };
    let names: Vec<Vec<&'static str>> = entries
        .iter()
        .map(|(_, rolled, _)| rolled.as_ref().map_or_else(Vec::new, names))
        .collect();
    let is_called = |name: usize, one: usize| {
        let (a, b) = (&entries[name].0, &entries[one].0);
        a.target == b.target && a.change == b.change && names[one].contains(&a.fault.as_str())
    };
    let count = entries.len();
    let called: Vec<Vec<usize>> = (0..count)
        .map(|name| {
            let others = (0..count).filter(|one| *one != name);
            let is = |one: &usize| is_called(name, *one);
            others.filter(is).collect()
        })
        .collect();
    let share = |name: usize| -> f64 {
        let others = called[name].iter().map(|one| entries[*one].0.confidence);
        entries[name].0.confidence + others.sum::<f64>()
    };
    let mut names: Vec<(f64, usize)> = (0..count).map(|name| (share(name), name)).collect();
    names.sort_by(|(a, one), (b, other)| {
        let own = |name: usize| entries[name].0.confidence;
        b.total_cmp(a).then(own(*other).total_cmp(&own(*one)))
    });
    let mut taken = vec![false; count];
    for (_, name) in names {
        if core::mem::replace(&mut taken[name], true) {
            continue;
        }
        for &one in &called[name] {
            if core::mem::replace(&mut taken[one], true) {
                continue;
            }
            let share = core::mem::take(&mut entries[one].0.confidence);
            entries[name].0.confidence += share;
            let as_it = format!("cannot be told from {}: {share:.2}", entries[name].0.fault);
            entries[one].0.against.push(as_it);
        }
    }
}

/// How likely the window is if nothing is wrong: the undisturbed prediction, less what the most
/// harmful change explains of it (a change that matters is not nothing).
fn undisturbed(case: &Case, rolled: &[Rolled]) -> f64 {
    let changes = rolled
        .iter()
        .filter(|one| matches!(one.candidate.cause, Cause::Change(_) | Cause::Load(_)));
    let matters = changes.filter_map(|one| one.matters(case));
    case.plain - matters.fold(0.0, f64::max)
}

/// Log marginal likelihood, nats.
fn evidence(case: &Case, rolled: &Rolled) -> f64 {
    let weighted: Vec<f64> = rolled
        .draws
        .iter()
        .map(|(theta, log)| theta.log_weight + log)
        .collect();
    let mean = log_mean_exp(&weighted);
    mean + rolled.contrast(case, mean) + rolled.beside()
}

fn hypothesis(case: &Case, rolled: &Rolled, evidence: f64) -> Hypothesis {
    let candidate = &rolled.candidate;
    let theta = rolled.best().copied().unwrap_or(Theta {
        onset: case.onset[1],
        size: 0.5,
        delay: 0.5,
        slack: 0,
        draw: 0,
        log_weight: 0.0,
    });
    let change = match candidate.cause {
        Cause::Change(position) => case.changes[position].record,
        _ => None,
    };
    Hypothesis {
        fault: SmolStr::new_static(candidate.id()),
        target: candidate.target,
        field: candidate.field.clone(),
        change,
        actor: candidate.actor.clone(),
        subject: candidate.subject,
        onset: theta.onset,
        parameters: sizes(candidate, theta.size),
        prior: candidate.prior,
        evidence: evidence.is_finite().then_some(evidence),
        confidence: 0.0,
        supporting: supporting(case, rolled),
        against: Vec::new(),
        class: 0,
        refuted: false,
    }
}

fn supporting(case: &Case, rolled: &Rolled) -> Vec<String> {
    let mut texts = Vec::new();
    if let Cause::Change(position) = rolled.candidate.cause {
        let change = &case.changes[position];
        let who = change.actor.as_deref().unwrap_or("nobody on record");
        texts.push(format!(
            "{who} changed it {} s before the onset",
            case.onset[1].elapsed(change.at)
        ));
    }
    if let Some(nats) = rolled.matters(case) {
        texts.push(format!(
            "without it what users feel is {nats:.1} nats less likely"
        ));
    }
    texts
}

fn free(id: &'static str, prior: f64, evidence: f64) -> Hypothesis {
    Hypothesis {
        fault: SmolStr::new_static(id),
        target: Target::Cluster,
        field: None,
        change: None,
        actor: None,
        subject: Subject::Cluster,
        onset: aegis_model::Tick(0),
        parameters: Vec::new(),
        prior,
        evidence: evidence.is_finite().then_some(evidence),
        confidence: 0.0,
        supporting: Vec::new(),
        against: Vec::new(),
        class: 0,
        refuted: false,
    }
}

/// Hypotheses within so many nats of the best of a class are of it, best first.
fn classify(entries: &mut [(Hypothesis, Option<Rolled>, f64)], nats: f64) {
    let mut class = 0;
    let mut best = f64::NAN;
    for (hypothesis, _, evidence) in entries.iter_mut() {
        if best.is_nan() || best - *evidence > nats || *evidence > best + nats {
            class += 1;
            best = *evidence;
        }
        hypothesis.class = class;
    }
}

/// The same diagnosis with one hypothesis refuted: its confidence is 0, the others' sum as before.
#[must_use]
pub fn without(diagnosis: &Diagnosis, refuted: &Hypothesis) -> Diagnosis {
    let same = |other: &Hypothesis| other.fault == refuted.fault && other.target == refuted.target;
    let mut changed = silenced(diagnosis, |other| same(other).then_some("refuted"));
    for hypothesis in changed.hypotheses.iter_mut().filter(|other| same(other)) {
        hypothesis.refuted = true;
    }
    changed
}

/// The same diagnosis with some hypotheses silenced, for these reasons: their confidence is 0 and what it
/// would be is said; the others' sum is as before.
#[must_use]
pub fn silenced<'a>(
    diagnosis: &Diagnosis,
    why: impl Fn(&Hypothesis) -> Option<&'a str>,
) -> Diagnosis {
    let mut changed = diagnosis.clone();
    let silent = changed.hypotheses.iter().filter(|one| why(one).is_some());
    let lost: f64 = silent.map(|one| one.confidence).sum();
    for (hypothesis, rolled) in changed.hypotheses.iter_mut().zip(&mut changed.rolled) {
        if let Some(why) = why(hypothesis) {
            if let Some(rolled) = rolled {
                rolled.share = 0.0;
            }
            let would_be = hypothesis.confidence;
            hypothesis
                .against
                .push(format!("{why}; would be {would_be:.2}"));
            hypothesis.confidence = 0.0;
        } else {
            hypothesis.confidence = (hypothesis.confidence / (1.0 - lost).max(1e-6)).min(SUREST);
        }
    }
    changed
}

/// What an operator could look at to tell the leading hypotheses apart.
#[must_use]
pub fn next_checks(case: &Case, diagnosis: &Diagnosis) -> Vec<String> {
    let Some(latest) = case.history.latest() else {
        return Vec::new();
    };
    let leading = diagnosis
        .hypotheses
        .iter()
        .filter(|hypothesis| hypothesis.confidence >= 0.05)
        .take(3);
    let mut checks = Vec::new();
    for check in leading.filter_map(|hypothesis| check(&latest.objects, hypothesis)) {
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    checks
}

fn check(objects: &aegis_model::Objects, hypothesis: &Hypothesis) -> Option<String> {
    let name = |header: &aegis_model::objects::Header| {
        let reference = &header.reference;
        let kind = reference.kind.as_str().to_lowercase();
        if reference.namespace.is_empty() {
            format!("{kind}/{}", reference.name)
        } else {
            format!("{kind}/{} -n {}", reference.name, reference.namespace)
        }
    };
    match hypothesis.target {
        Target::Workload(id) => Some(format!(
            "kubectl describe {}",
            name(&objects.workloads[id.index()].header)
        )),
        Target::Service(id) => Some(format!(
            "kubectl get endpoints,{}",
            name(&objects.services[id.index()].header)
        )),
        Target::Node(id) => Some(format!(
            "kubectl describe {}",
            name(&objects.nodes[id.index()].header)
        )),
        Target::Policy(id) => Some(format!(
            "kubectl describe {}",
            name(&objects.policies[id.index()].header)
        )),
        Target::Plain(id) => Some(format!(
            "kubectl get {} -o yaml",
            name(&objects.plain[id.index()].header)
        )),
        Target::Cluster => None,
    }
}
