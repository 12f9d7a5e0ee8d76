//! What outcomes come to: shares with bounds, a matrix of confusions, how sure answers are.

use super::cases::{Answer, Outcome};
use crate::SCHEMA;
use crate::reliability::{Reliability, reliability};
use crate::share::{Hit, Share, thousandths};
use aegis_faults::Act;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// First answer right, and one of the first three.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Named {
    /// The first.
    pub top1: Share,
    /// One of three.
    pub top3: Share,
}

impl Named {
    fn count(&mut self, answer: Answer) {
        self.top1.count(Hit::from(answer == Answer::First));
        self.top3.count(Hit::from(answer != Answer::Wrong));
    }
}

/// Figures of one fault.
#[derive(Debug, Default, Clone, Serialize)]
pub struct OfFault {
    /// Diagnosis.
    pub named: Named,
    /// Over at the end.
    pub mended: Share,
    /// Cases that users did not feel.
    pub unfelt: usize,
    /// What else was said, and how often.
    pub confused_with: BTreeMap<String, usize>,
}

/// What the suite came to.
#[derive(Debug, Clone, Serialize)]
pub struct Scores {
    /// Version of the shape.
    pub schema: &'static str,
    /// `faults`.
    pub suite: &'static str,
    /// Cases that users feel with nobody acting: what the figures below are of.
    pub felt: usize,
    /// Cases that they do not feel; left out.
    pub unfelt: usize,
    /// Diagnosis.
    pub named: Named,
    /// Seconds from onset to a right diagnosis that stays: median and 90th percentile.
    pub located_s: Option<(i64, i64)>,
    /// Over at the end, 20 minutes into the play.
    pub mended: Share,
    /// The same of those that something ends which the engine may do: not only what people do outside of the API.
    pub mended_in_reach: Share,
    /// Those in which an objective lost more than with nobody acting.
    pub made_worse: Share,
    /// Controls in which nothing was applied.
    pub left_alone: Share,
    /// SLO minutes lost with nobody acting and with Sentinel, sums.
    pub slo_minutes: (f64, f64),
    /// How sure the leaders were.
    pub reliability: Reliability,
    /// What simpler minds say at the same moment.
    pub baselines: BTreeMap<&'static str, Named>,
    /// By fault.
    pub faults: BTreeMap<String, OfFault>,
    /// Clusters that were drawn anew, as theirs were sick with nothing laid: application, seed, seed instead.
    pub redrawn: BTreeSet<(String, u64, u64)>,
}

/// The scores of outcomes.
#[must_use]
pub fn tally(outcomes: &[Outcome]) -> Scores {
    let (controls, faulty): (Vec<&Outcome>, Vec<&Outcome>) = outcomes
        .iter()
        .partition(|one| one.case.fault == "no_fault");
    let (felt, unfelt): (Vec<&Outcome>, Vec<&Outcome>) =
        faulty.iter().copied().partition(|one| one.felt);
    let in_reach: Vec<&Outcome> = felt
        .iter()
        .copied()
        .filter(|one| is_in_reach(one))
        .collect();
    let share = |of: &[&Outcome], is: fn(&Outcome) -> bool| {
        let mut share = Share::default();
        of.iter().for_each(|one| share.count(Hit::from(is(one))));
        share
    };
    let named = |of: fn(&Outcome) -> Answer| {
        let mut named = Named::default();
        felt.iter().for_each(|one| named.count(of(one)));
        named
    };
    let answers: Vec<(f64, Hit)> = felt
        .iter()
        .filter_map(|one| Some((one.said.first()?.2, Hit::from(one.answer == Answer::First))))
        .collect();
    let sum = |of: fn(&Outcome) -> f64| thousandths(felt.iter().map(|one| of(one)).sum());
    Scores {
        schema: SCHEMA,
        suite: "faults",
        felt: felt.len(),
        unfelt: unfelt.len(),
        named: named(|one| one.answer),
        located_s: quantiles(felt.iter().filter_map(|one| one.located_s).collect()),
        mended: share(&felt, |one| one.mended),
        mended_in_reach: share(&in_reach, |one| one.mended),
        made_worse: share(&felt, |one| one.worse),
        left_alone: share(&controls, |one| one.commands.is_empty()),
        slo_minutes: (sum(|one| one.untreated), sum(|one| one.treated)),
        reliability: reliability(&answers),
        baselines: BTreeMap::from([
            ("blame-last-change", named(|one| one.last_change)),
            ("blame-loudest", named(|one| one.loudest)),
            ("sign-matrix", named(|one| one.signs)),
        ]),
        faults: by_fault(&faulty),
        redrawn: redrawn(outcomes),
    }
}

/// Whether something ends the fault, keeps it small or outgrows it that the engine may do.
fn is_in_reach(one: &Outcome) -> bool {
    let fault = aegis_faults::by_id(&one.case.fault);
    let remedies = fault.map_or(&[][..], |fault| fault.remedies);
    let mut acts = remedies.iter().map(|remedy| remedy.act);
    acts.any(|act| !matches!(act, Act::Repair | Act::ClearFinalizers))
}

fn redrawn(outcomes: &[Outcome]) -> BTreeSet<(String, u64, u64)> {
    let cases = outcomes.iter().map(|one| &one.case);
    cases
        .filter(|case| case.ground != case.seed)
        .map(|case| (case.application.clone(), case.seed, case.ground))
        .collect()
}

fn by_fault(faulty: &[&Outcome]) -> BTreeMap<String, OfFault> {
    let mut all: BTreeMap<String, OfFault> = BTreeMap::new();
    for one in faulty {
        let row = all.entry(one.case.fault.clone()).or_default();
        if !one.felt {
            row.unfelt += 1;
            continue;
        }
        row.named.count(one.answer);
        row.mended.count(Hit::from(one.mended));
        if one.answer != Answer::First {
            let said = one
                .said
                .first()
                .map_or("nothing", |(fault, ..)| fault.as_str());
            *row.confused_with.entry(said.to_owned()).or_default() += 1;
        }
    }
    all
}

fn quantiles(mut seconds: Vec<i64>) -> Option<(i64, i64)> {
    seconds.sort_unstable();
    let at = |share: f64| {
        let last = seconds.len().checked_sub(1)?;
        seconds.get((share * last as f64).round() as usize).copied()
    };
    Some((at(0.5)?, at(0.9)?))
}
