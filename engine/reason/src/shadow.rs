//! Cascade shadowing: every plan in several futures of the twin.
//!
//! A draw is a hypothesis by its posterior, a draw of the parameters, and a
//! moment for what is added; the same draws serve every plan and the control
//! (common random numbers), so that differences are the plans'.

use crate::case::{BIN, Case};
use crate::diagnose::{Diagnosis, Theta, rounds};
use crate::genome::Genome;
use crate::plan::ROLLOUT_DEADLINE;
use crate::trial::Trial;
use crate::twin::Twin;
use aegis_faults::{Fault, Laying, overlay};
use aegis_model::outcome::FUTURES;
use aegis_model::procedure::NEW_NODE;
use aegis_model::{
    Action, Future, Objects, Outcome, Overlay, Plan, PlanScore, PlanStep, Prediction, Subject,
    Tick, WaitFor,
};
use aegis_sim::{Draws, Purpose};
use smol_str::SmolStr;
use std::sync::Arc;

/// Draws per plan and future.
pub const DRAWS: u64 = 12;
/// Draws of a round of racing.
pub const ROUND: u64 = 4;
/// A hypothesis of this share of the posterior gets a draw.
const WORTH_A_DRAW: f64 = 0.05;

/// What the trials of a tournament have in common.
#[derive(Debug, Clone)]
pub struct Tournament {
    /// The case.
    pub case: Arc<Case>,
    /// Where the futures start: the twin of now.
    pub now: Arc<Twin>,
    /// Seconds that are played.
    pub horizon: u32,
    /// Draws: hypothesis (position in the diagnosis) and what it leaves open.
    pub draws: Vec<Draw>,
    /// What the two further futures add.
    pub added: [Option<Added>; 2],
}

/// One draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Position of the hypothesis; those without a candidate play nothing.
    pub hypothesis: usize,
    /// What it leaves open.
    pub theta: Option<Theta>,
    /// Quantile of the moment and of the load, 0..=1.
    pub moment: f64,
    /// Number of the draw.
    pub number: u64,
}

/// A fault that a future adds.
#[derive(Debug, Clone, Copy)]
pub struct Added {
    /// The fault.
    pub fault: &'static Fault,
    /// What it acts on.
    pub subject: Subject,
    /// Quantile of its size.
    pub size: f64,
}

/// H: long enough for the longest wait, a node, an autoscaler, a back-off; equal for all plans.
#[must_use]
pub fn horizon(plans: &[Plan], objects: &Objects) -> u32 {
    let slow = |action: &Action| {
        matches!(
            action,
            Action::PatchAutoscaler { .. } | Action::Uncordon(_) | Action::Cordon(_)
        ) || action.emptied().is_some()
    };
    let steps = || plans.iter().flat_map(|plan| &plan.steps);
    // What goes to a node that is yet to come serves nobody before a rollout's time after that.
    let slow = if steps().any(|step| step.action.adds_node()) {
        NEW_NODE + ROLLOUT_DEADLINE + 120
    } else if steps().any(|step| slow(&step.action))
        || objects.autoscalers.iter().any(|row| row.header.exists())
    {
        400
    } else {
        0
    };
    // A rollout's deadline is its worst case; the rollout itself takes about a minute.
    let lasts = |step: &PlanStep| match step.wait {
        Some(WaitFor::Seconds(seconds)) => seconds,
        None if !matches!(step.action, Action::RestartRollout(_)) => 1,
        _ => step.deadline.min(60),
    };
    let waits = { plans.iter() }
        .map(|plan| plan.steps.iter().map(lasts).sum::<u32>() + 120)
        .max()
        .unwrap_or(0);
    slow.max(waits).max(300)
}

impl Tournament {
    /// Sets the tournament up.
    #[must_use]
    pub fn new(
        case: &Arc<Case>,
        diagnosis: &Diagnosis,
        plans: &[Plan],
        fresh: u64,
    ) -> Option<Self> {
        Self::of_draws(case, diagnosis, plans, (fresh, DRAWS))
    }

    /// Sets a tournament of so many draws up; the first number tells apart tournaments of one case.
    #[must_use]
    pub fn of_draws(
        case: &Arc<Case>,
        diagnosis: &Diagnosis,
        plans: &[Plan],
        (fresh, count): (u64, u64),
    ) -> Option<Self> {
        let now = Arc::new(Twin::from_history(case.history.all(), &case.calibration)?);
        let objects = &case.history.latest()?.objects;
        let root = Draws::new(case.root).derive(0x73_6861 + fresh);
        let draws = (0..count)
            .map(|number| draw(diagnosis, root, (number, count)))
            .collect();
        let added = [next(case, objects), worst(case)];
        Some(Self {
            case: Arc::clone(case),
            now,
            horizon: horizon(plans, objects),
            draws,
            added,
        })
    }

    /// The trials of some draws for some plans: plan by plan, future by future, draw by draw.
    #[must_use]
    pub fn trials(&self, diagnosis: &Diagnosis, plans: &[Plan], draws: &[Draw]) -> Vec<Trial> {
        let mut trials = Vec::with_capacity(plans.len() * FUTURES.len() * draws.len());
        for plan in plans {
            let plan = Arc::new(plan.clone());
            for future in FUTURES {
                trials.extend(
                    draws
                        .iter()
                        .map(|draw| self.trial(diagnosis, &plan, future, draw)),
                );
            }
        }
        trials
    }

    fn trial(&self, diagnosis: &Diagnosis, plan: &Arc<Plan>, future: Future, draw: &Draw) -> Trial {
        let case = &self.case;
        let mut laid = match (
            diagnosis
                .rolled
                .get(draw.hypothesis)
                .and_then(Option::as_ref),
            draw.theta,
        ) {
            (Some(rolled), Some(theta)) => rounds::laid(&rolled.candidate, &theta),
            _ => Overlay::none(),
        };
        laid.0.extend(self.added(future, draw).0);
        let spread = case.load.spread();
        let factor = Draws::new(case.root).log_normal(spread, Purpose::Load, draw.number, Tick(0));
        Trial {
            twin: Arc::clone(&self.now),
            behaviours: Arc::new(
                case.calibration
                    .draw(Draws::new(case.root), draw.number + 1),
            ),
            changes: Arc::default(),
            overlay: laid,
            load: Arc::new(case.load.scaled_after(case.now, factor)),
            plan: Arc::clone(plan),
            decide: case.now,
            until: case.now.after(self.horizon),
            window: None,
            slack: 0,
            objectives: Arc::clone(&case.objectives),
            stream: Draws::new(case.root).bits(Purpose::Future, draw.number, case.now),
        }
    }

    fn added(&self, future: Future, draw: &Draw) -> Overlay {
        let added = match future {
            Future::Main => None,
            Future::LikelyNext => self.added[0],
            Future::WorstHistorical => self.added[1],
        };
        added.map_or_else(Overlay::none, |added| self.lay(&added, draw.moment))
    }

    /// A fault over two minutes of the horizon; `moment` is a quantile of when it comes, 0..=1.
    fn lay(&self, added: &Added, moment: f64) -> Overlay {
        let parameters: Vec<f64> = added
            .fault
            .parameters
            .iter()
            .map(|parameter| parameter.at(added.size))
            .collect();
        let from = self.begins(moment);
        overlay(
            added.fault,
            &Laying {
                subject: added.subject,
                parameters: &parameters,
                from,
                until: from.after(120),
                template: None,
                held: None,
            },
        )
    }

    /// When a fault of this moment comes.
    #[must_use]
    pub fn begins(&self, moment: f64) -> Tick {
        let after = f64::from(self.horizon) * (0.1 + 0.4 * moment);
        self.case.now.after(after as u32)
    }

    /// Trials of a plan in the main future, with a fault at a chosen moment where one is given.
    #[must_use]
    pub fn main(
        &self,
        diagnosis: &Diagnosis,
        plan: &Plan,
        draws: &[Draw],
        assault: Option<&Assault>,
    ) -> Vec<Trial> {
        let plan = Arc::new(plan.clone());
        let of = |draw: &Draw| {
            let mut trial = self.trial(diagnosis, &plan, Future::Main, draw);
            let laid = assault.map_or_else(Overlay::none, |one| self.lay(&one.added, one.moment));
            trial.overlay.0.extend(laid.0);
            trial
        };
        draws.iter().map(of).collect()
    }

    /// Draws in which one hypothesis alone is true.
    #[must_use]
    pub fn draws_of(&self, diagnosis: &Diagnosis, hypothesis: usize, count: u64) -> Vec<Draw> {
        let root = Draws::new(self.case.root).derive(0x72_6976);
        let rolled = diagnosis.rolled.get(hypothesis).and_then(Option::as_ref);
        let of = |number: u64| Draw {
            hypothesis,
            theta: rolled.and_then(|rolled| by_posterior(rolled, root, Tick(number as u32))),
            moment: 0.5,
            number,
        };
        (0..count).map(of).collect()
    }

    /// Names of what the futures add.
    #[must_use]
    pub fn names(&self) -> [SmolStr; 2] {
        self.added.map(|added| {
            added.map_or_else(
                || "nothing".into(),
                |added| SmolStr::new_static(added.fault.id),
            )
        })
    }
}

/// A draw stratified over the posterior: the n-th draw stands for its share of the cumulated confidence.
fn draw(diagnosis: &Diagnosis, root: Draws, (number, count): (u64, u64)) -> Draw {
    let worth: Vec<(usize, f64)> = diagnosis
        .shares()
        .enumerate()
        .filter(|(_, share)| *share >= WORTH_A_DRAW)
        .collect();
    let total: f64 = worth.iter().map(|(_, share)| share).sum();
    // Stratified in an order that gives each round of racing a spread over the strata.
    let stratum = (number * stride(count)) % count.max(1);
    let mut left = (stratum as f64 + 0.5) / count.max(1) as f64 * total;
    let mut hypothesis = worth.first().map_or(0, |(index, _)| *index);
    for (index, share) in worth {
        hypothesis = index;
        left -= share;
        if left <= 0.0 {
            break;
        }
    }
    let at = Tick(number as u32);
    let theta = diagnosis
        .rolled
        .get(hypothesis)
        .and_then(Option::as_ref)
        .and_then(|rolled| by_posterior(rolled, root, at));
    Draw {
        hypothesis,
        theta,
        moment: root.uniform(Purpose::Future, 1, at),
        number,
    }
}

/// Strata from one draw to the next: has no factor in common with their number.
const fn stride(count: u64) -> u64 {
    if count > DRAWS { 7 } else { 5 }
}

/// One of a hypothesis' draws, by its weight in the posterior.
fn by_posterior(rolled: &crate::diagnose::Rolled, root: Draws, at: Tick) -> Option<Theta> {
    let logs: Vec<f64> = rolled
        .draws
        .iter()
        .map(|(theta, log)| theta.log_weight + log)
        .collect();
    let mut left = root.uniform(Purpose::Future, 2, at);
    for ((theta, _), share) in rolled.draws.iter().zip(crate::likelihood::softmax(&logs)) {
        left -= share;
        if left <= 0.0 {
            return Some(*theta);
        }
    }
    rolled.best().copied()
}

/// The fault of the catalogue that most often comes by itself, where it hurts most.
fn next(case: &Case, objects: &Objects) -> Option<Added> {
    let hidden = aegis_faults::all()
        .filter(|fault| fault.comes_unseen() && fault.acts_on(aegis_faults::TargetKind::Workload));
    let fault = hidden.max_by(|a, b| {
        a.frequency
            .per_cluster_month
            .total_cmp(&b.frequency.per_cluster_month)
    })?;
    let weight = |index: &usize| case.topology.importance.get(*index).copied().unwrap_or(0.0);
    let live =
        (0..objects.workloads.len()).filter(|index| objects.workloads[*index].header.exists());
    let hurts = live.max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.cmp(a)))?;
    Some(Added {
        fault,
        subject: Subject::Workload(aegis_model::WorkloadId::from(hurts)),
        size: 0.75,
    })
}

/// More load, the fault that no cluster is spared: at a size that still tells plans apart.
fn worst(case: &Case) -> Option<Added> {
    let fault = aegis_faults::by_id("load_burst")?;
    let (objective, _) = case.objectives.first()?;
    Some(Added {
        fault,
        subject: Subject::Service(objective.service),
        size: 0.1,
    })
}

/// A fault at a moment that someone chose.
#[derive(Debug, Clone, Copy)]
pub struct Assault {
    /// The fault, and where.
    pub added: Added,
    /// The object that it acts on.
    pub target: aegis_model::Target,
    /// Quantile of when it comes, 0..=1.
    pub moment: f64,
}

/// Scores plans from the outcomes of [`Tournament::trials`] over the same draws.
#[must_use]
pub fn score(
    plans: &[Plan],
    outcomes: &[Outcome],
    draws: usize,
    risks: &[f64],
    genome: &Genome,
) -> Vec<PlanScore> {
    let per_plan = FUTURES.len() * draws;
    let of = |(index, plan): (usize, &Plan)| {
        let own = &outcomes[index * per_plan..(index + 1) * per_plan];
        score_one(plan, own, draws, risks[index], genome)
    };
    plans.iter().enumerate().map(of).collect()
}

fn score_one(
    plan: &Plan,
    outcomes: &[Outcome],
    draws: usize,
    risk: f64,
    genome: &Genome,
) -> PlanScore {
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / draws as f64;
    let future = |position: usize| &outcomes[position * draws..(position + 1) * draws];
    let futures: [f64; 3] =
        std::array::from_fn(|position| mean(&mut future(position).iter().map(|o| o.stability)));
    let shares = future_shares(genome);
    let loss = |draw: usize| {
        1.0 - (0..3)
            .map(|f| shares[f] * future(f)[draw].stability)
            .sum::<f64>()
    };
    let average: f64 = (0..3).map(|f| shares[f] * futures[f]).sum();
    let worst = futures[1].min(futures[2]);
    PlanScore {
        plan: plan.id.clone(),
        stability: futures[0],
        futures,
        cost: mean(&mut future(0).iter().map(|outcome| outcome.cost)),
        resilience: genome.weight_worst * worst + (1.0 - genome.weight_worst) * average,
        risk,
        score: 0.0,
        losses: (0..draws).map(loss).collect(),
        durable: true,
        dominated_by: None,
        rejected: None,
    }
}

/// Chance of each future: nothing follows, the likely next, the worst.
fn future_shares(genome: &Genome) -> [f64; 3] {
    let follows = genome.chance_follows;
    [1.0 - follows, 0.8 * follows, 0.2 * follows]
}

/// Whether a plan lasts: the outcomes of its long trials end well, or at least far better than the control.
#[must_use]
pub fn lasts(plan: &[Outcome], control: &[Outcome]) -> bool {
    let end = |outcome: &Outcome| {
        let bins = &outcome.loss[outcome.loss.len().saturating_sub(8)..];
        bins.iter().sum::<f64>() / bins.len().max(1) as f64
    };
    let mean =
        |outcomes: &[Outcome]| outcomes.iter().map(end).sum::<f64>() / outcomes.len().max(1) as f64;
    let (plan, control) = (mean(plan), mean(control));
    plan < 0.1 || plan < 0.25 * control
}

/// Long trials for durability: twice the horizon, and a pod of each touched workload is made anew halfway.
#[must_use]
pub fn long_trials(
    tournament: &Tournament,
    diagnosis: &Diagnosis,
    plans: &[Plan],
    objects: &Objects,
) -> Vec<Trial> {
    let kill = aegis_faults::by_id("pod_kill");
    let halfway = tournament.case.now.after(tournament.horizon);
    let mut trials = Vec::new();
    for plan in plans {
        let shared = Arc::new(plan.clone());
        for draw in tournament.draws.iter().take(2) {
            let mut trial = tournament.trial(diagnosis, &shared, Future::Main, draw);
            trial.until = tournament.case.now.after(2 * tournament.horizon);
            for workload in touched(plan, objects) {
                let laying = Laying {
                    subject: Subject::Workload(workload),
                    parameters: &[],
                    from: halfway,
                    until: halfway.after(1),
                    template: None,
                    held: None,
                };
                trial
                    .overlay
                    .0
                    .extend(kill.into_iter().flat_map(|fault| overlay(fault, &laying).0));
            }
            trials.push(trial);
        }
    }
    trials
}

fn touched(plan: &Plan, objects: &Objects) -> Vec<aegis_model::WorkloadId> {
    let of = |step: &PlanStep| match crate::risk::target(&step.action, objects) {
        aegis_model::Target::Workload(id) => Some(id),
        _ => None,
    };
    let mut all: Vec<_> = plan.steps.iter().filter_map(of).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The prediction and its band, from fresh outcomes of the plan and of the control in the main future.
#[must_use]
pub fn predict(plan: &[Outcome], control: &[Outcome]) -> Prediction {
    let bins = plan
        .iter()
        .map(|outcome| outcome.loss.len())
        .min()
        .unwrap_or(0);
    let sorted = |outcomes: &[Outcome], bin: usize| {
        let mut losses: Vec<f64> = outcomes
            .iter()
            .filter_map(|outcome| outcome.loss.get(bin).copied())
            .collect();
        losses.sort_by(f64::total_cmp);
        losses
    };
    let mut prediction = Prediction::default();
    for bin in 0..bins {
        let losses = sorted(plan, bin);
        prediction.median.push(quantile(&losses, 0.5));
        prediction
            .band80
            .push((quantile(&losses, 0.1), quantile(&losses, 0.9)));
        prediction
            .band95
            .push((quantile(&losses, 0.025), quantile(&losses, 0.975)));
        prediction
            .control
            .push(quantile(&sorted(control, bin), 0.5));
    }
    prediction
}

/// Quantile of the next draw, from `sorted` ones: the k-th of n stands at k/(n + 1), the share of new draws
/// that fall below it in the mean (Hyndman and Fan 1996, definition 6). Linear in between, the extremes
/// beyond; 0 without any.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = (share * (last + 2) as f64 - 1.0).clamp(0.0, last as f64);
    let low = libm::floor(place) as usize;
    let part = place - low as f64;
    sorted[low] * (1.0 - part) + sorted[(low + 1).min(last)] * part
}

/// Bins of the watch that a horizon has.
#[must_use]
pub fn bins(horizon: u32) -> u32 {
    horizon / BIN
}
