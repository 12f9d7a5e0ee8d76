//! The adversary: searches fault × moment × target for the future that takes most of what a plan is worth.
//!
//! The search is by successive halving (Jamieson and Talwalkar 2016), with the simulator as referee: many faults in
//! one draw each, the worst of them at several moments in more draws, the worst of those at several sizes. What a
//! fault takes is what the plan gains over waiting without it, less what it gains under it: a fault that hurts
//! all plans alike takes nothing.

use super::{Find, Floor, mean_stability, outcomes_of};
use crate::diagnose::candidate::subject;
use crate::shadow::{Added, Assault, Draw, Tournament};
use aegis_faults::{Fault, applicable};
use aegis_model::{Attack, Claim, Critic, Evidence, Objection, Outcome, Target};
use smol_str::SmolStr;

/// Faults that are tried at all.
const FIRST: usize = 12;
/// Targets of one fault among them.
const PER_FAULT: usize = 2;
/// Those that go on after each stage.
const GO_ON: [usize; 2] = [4, 3];
/// Draws of each stage.
const DRAWS: [usize; 3] = [1, 2, 4];
/// Moments that are tried in the second stage, quantiles.
const MOMENTS: [f64; 2] = [0.0, 0.75];
/// Sizes that are tried in the third stage, quantiles.
const SIZES: [f64; 2] = [0.5, 0.95];
/// Gain below which there is nothing to take.
const WORTH_TAKING: f64 = 0.02;

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    /// The plan that it is against.
    pub plan: usize,
    stage: usize,
    bracket: Vec<Assault>,
    tried: u32,
}

/// Outcomes of the plan and of the control under one assault.
pub type Duel = [Vec<Outcome>; 2];

/// Where a search stands after a stage.
#[derive(Debug)]
pub enum Turn {
    /// It goes on.
    On(Search),
    /// It is over, with what it found; nothing where no fault takes anything.
    Over(Option<Box<Find>>),
}

impl Search {
    /// A search against a plan; `None` where there is nothing to take.
    #[must_use]
    pub fn against(floor: &Floor<'_>, plan: usize) -> Option<Self> {
        let bracket = candidates(floor);
        let worth = floor.gain(plan, 0) >= WORTH_TAKING && !bracket.is_empty();
        worth.then_some(Self {
            plan,
            stage: 0,
            bracket,
            tried: 0,
        })
    }

    /// Assaults that are played next.
    #[must_use]
    pub fn bracket(&self) -> &[Assault] {
        &self.bracket
    }

    /// Draws that they are played in.
    #[must_use]
    pub fn draws<'a>(&self, tournament: &'a Tournament) -> &'a [Draw] {
        &tournament.draws[..DRAWS[self.stage].min(tournament.draws.len())]
    }

    /// Trials of the stage that is next.
    #[must_use]
    pub fn trials(&self) -> usize {
        2 * self.bracket.len() * DRAWS[self.stage]
    }

    /// Takes a stage in: the outcomes of each assault of the bracket, in order.
    #[must_use]
    pub fn turn(self, floor: &Floor<'_>, tournament: &Tournament, duels: Vec<Duel>) -> Turn {
        let draws = DRAWS[self.stage];
        let without = gain(
            &first(floor.main(self.plan), draws),
            &first(floor.main(floor.control()), draws),
        );
        let tried = self.tried + self.bracket.len() as u32;
        let pairs = self.bracket.iter().copied().zip(duels);
        let mut ranked: Vec<(Assault, Duel, f64)> = pairs
            .map(|(assault, duel)| {
                let taken = without - gain(&duel[0], &duel[1]);
                (assault, duel, taken)
            })
            .collect();
        ranked.sort_by(|(.., a), (.., b)| b.total_cmp(a));
        let Some(kept) = GO_ON.get(self.stage) else {
            let best = ranked.into_iter().next();
            let best = best.filter(|(.., taken)| *taken >= WORTH_TAKING);
            let find = best.map(|best| Box::new(self.found(floor, tournament, best, tried)));
            return Turn::Over(find);
        };
        let best = ranked.iter().take(*kept).map(|(assault, ..)| *assault);
        let bracket = if self.stage == 0 {
            best.flat_map(|one| MOMENTS.map(|moment| Assault { moment, ..one }))
                .collect()
        } else {
            best.flat_map(|one| SIZES.map(|size| sized(one, size)))
                .collect()
        };
        Turn::On(Self {
            stage: self.stage + 1,
            bracket,
            tried,
            ..self
        })
    }

    fn found(
        &self,
        floor: &Floor<'_>,
        tournament: &Tournament,
        (assault, [own, control], taken): (Assault, Duel, f64),
        tried: u32,
    ) -> Find {
        Find {
            attack: Attack {
                round: floor.round,
                plan: floor.plans[self.plan].id.clone(),
                fault: SmolStr::new_static(assault.added.fault.id),
                target: assault.target,
                from: tournament.begins(assault.moment),
                size: assault.added.size,
                stability: [mean_stability(&own), mean_stability(&control)],
                taken,
                tried,
            },
            assault,
            played: vec![(self.plan, own), (floor.control(), control)],
        }
    }
}

fn first(outcomes: &[Outcome], count: usize) -> Vec<Outcome> {
    outcomes.iter().take(count).cloned().collect()
}

fn gain(plan: &[Outcome], control: &[Outcome]) -> f64 {
    mean_stability(plan) - mean_stability(control)
}

fn sized(assault: Assault, size: f64) -> Assault {
    Assault {
        added: Added {
            size,
            ..assault.added
        },
        ..assault
    }
}

/// Faults that come unseen and can act here, where most of what users ask for passes, the frequent ones first.
fn candidates(floor: &Floor<'_>) -> Vec<Assault> {
    let unseen = aegis_faults::all().filter(|fault| fault.comes_unseen());
    let mut all: Vec<(Assault, f64)> = unseen.flat_map(|fault| targets(floor, fault)).collect();
    all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let all = all.into_iter().map(|(assault, _)| assault);
    let (mut named, mut rest): (Vec<Assault>, Vec<Assault>) =
        all.partition(|assault| floor.named.contains(&assault.target));
    // Words say where to look as well, and nothing of what is found there.
    named.truncate(FIRST / 2);
    rest.truncate(FIRST - named.len());
    named.extend(rest);
    named
}

/// The targets of a fault by weight, but for what it is believed to be at already.
fn targets(floor: &Floor<'_>, fault: &'static Fault) -> Vec<(Assault, f64)> {
    let believed = |target: &Target| {
        let mut leading = floor.diagnosis.hypotheses.iter().take(1);
        leading.any(|one| one.fault == fault.id && one.target == *target)
    };
    let often = libm::log(1.0 + fault.frequency.per_cluster_month);
    let mut all: Vec<(Target, f64)> = applicable(fault, floor.objects)
        .into_iter()
        .filter(|target| !believed(target))
        .map(|target| (target, weight(floor, target) * often))
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    all.sort_by_key(|(target, _)| !floor.named.contains(target));
    all.truncate(PER_FAULT);
    let of = |(target, weight): (Target, f64)| {
        let added = Added {
            fault,
            subject: subject(target),
            size: 0.75,
        };
        let assault = Assault {
            added,
            target,
            moment: 0.25,
        };
        (assault, weight)
    };
    all.into_iter().map(of).collect()
}

/// Share of users' requests that pass a target, 0..=1.
fn weight(floor: &Floor<'_>, target: Target) -> f64 {
    let topology = &floor.case.topology;
    let passed = topology.concerned(floor.objects, target);
    let passed = passed.iter().map(|workload| {
        let share = topology.importance.get(workload.index());
        share.copied().unwrap_or(0.0)
    });
    passed.fold(0.0, f64::max)
}

/// What the adversary holds against a plan.
pub fn objections(floor: &Floor<'_>, plan: usize) -> Vec<Objection> {
    falls(floor, plan).into_iter().collect()
}

fn falls(floor: &Floor<'_>, plan: usize) -> Option<Objection> {
    let find = floor.find?;
    let own = mean_stability(outcomes_of(&find.played, plan)?);
    let control = mean_stability(outcomes_of(&find.played, floor.control())?);
    let attack = &find.attack;
    let taken = floor.gain(plan, 0) - (own - control);
    let name = crate::plan::name(floor.objects, attack.target);
    let text = format!(
        "{} of {name} takes {taken:.2} of what it gains",
        attack.fault
    );
    let evidence = Evidence::Simulated {
        trials: 2 * DRAWS[2] as u32,
        plan: own,
        other: control,
        text: format!(
            "stability under it, and by waiting, of {} tried",
            attack.tried
        ),
    };
    let claim = Claim::FallsTo {
        fault: attack.fault.clone(),
        target: attack.target,
    };
    floor.objection(
        Critic::Adversary,
        plan,
        claim,
        taken.max(0.0),
        (text, evidence),
    )
}
