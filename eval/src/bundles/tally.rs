//! Outcomes counted: as a whole, by cause, by fold, and what was taken for what.

use super::{Label, Labels, Names, Outcome, PUBLISHED, Row};
use crate::reliability::{Reliability, reliability};
use crate::share::{Hit, Share, thousandths, wilson};
use serde::Serialize;
use std::collections::BTreeMap;

/// Folds.
const FOLDS: u64 = 5;

/// All counts of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// [`crate::SCHEMA`].
    pub schema: &'static str,
    /// `bundles`.
    pub suite: &'static str,
    /// Labels whose bundle is not there.
    pub skipped: usize,
    /// Cause and object right at first.
    pub a1: Share,
    /// Among the first three.
    pub a3: Share,
    /// The cause alone, first finding.
    pub cause: Share,
    /// The object alone, first finding.
    pub object: Share,
    /// Mean time of a case, s.
    pub seconds: f64,
    /// Longest time of a case, s.
    pub longest: f64,
    /// A@1 and A@3 by application.
    pub by_system: BTreeMap<String, (Share, Share)>,
    /// A@1 and A@3 by cause.
    pub by_cause: BTreeMap<String, (Share, Share)>,
    /// Causes that were taken for another.
    pub confusion: Vec<Confused>,
    /// Cases parted by cause and faulty object, so that equal pairs never straddle.
    pub folds: Vec<Fold>,
    /// Lower 95 % bound of A@1 where each pair of cause and object counts as one observation.
    pub pooled_lower95: f64,
    /// Whether confidences hold.
    pub reliability: Reliability,
    /// What others published, over all cases of a system and with queries of a live cluster.
    pub published: &'static [Row],
}

/// A cause that was taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confused {
    /// What it is.
    pub is: String,
    /// What was said, `nothing` where nothing was.
    pub said: String,
    /// How often.
    pub count: usize,
}

/// A part of the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fold {
    /// Pairs of cause and object in it.
    pub groups: usize,
    /// Cause and object right at first.
    pub a1: Share,
}

/// Counts outcomes.
#[must_use]
pub fn tally(outcomes: &[Outcome], labels: &Labels, names: &Names) -> Scores {
    let share = |of: fn(&Outcome) -> Hit| {
        let mut share = Share::default();
        outcomes.iter().for_each(|one| share.count(of(one)));
        share
    };
    let times = outcomes.iter().map(|one| one.seconds);
    let said: Vec<(f64, Hit)> = outcomes
        .iter()
        .filter(|one| !one.said.0.is_empty())
        .map(|one| (one.said.2, one.first))
        .collect();
    let groups = groups(outcomes, labels);
    Scores {
        schema: crate::SCHEMA,
        suite: "bundles",
        skipped: labels.len().saturating_sub(outcomes.len()),
        a1: share(|one| one.first),
        a3: share(|one| one.third),
        cause: share(|one| one.cause),
        object: share(|one| one.object),
        seconds: thousandths(times.clone().sum::<f64>() / outcomes.len().max(1) as f64),
        longest: thousandths(times.fold(0.0, f64::max)),
        by_system: by(outcomes, labels, |label| &label.system),
        by_cause: by(outcomes, labels, |label| &label.root_cause),
        confusion: confusion(outcomes, labels, names),
        folds: folds(&groups),
        pooled_lower95: thousandths(pooled(&groups)),
        reliability: reliability(&said),
        published: PUBLISHED,
    }
}

fn by(
    outcomes: &[Outcome],
    labels: &Labels,
    key: fn(&Label) -> &String,
) -> BTreeMap<String, (Share, Share)> {
    let mut found: BTreeMap<String, (Share, Share)> = BTreeMap::new();
    for one in outcomes {
        let row = found.entry(key(&labels[&one.case]).clone()).or_default();
        row.0.count(one.first);
        row.1.count(one.third);
    }
    found
}

fn confusion(outcomes: &[Outcome], labels: &Labels, names: &Names) -> Vec<Confused> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for one in outcomes.iter().filter(|one| one.first == Hit::No) {
        let said = match one.said.0.as_str() {
            "" => "nothing".to_owned(),
            id if one.cause == Hit::Yes => format!("{} at another object", names.of(id)),
            id => names.of(id),
        };
        *counts
            .entry((labels[&one.case].root_cause.clone(), said))
            .or_default() += 1;
    }
    let rows = counts
        .into_iter()
        .map(|((is, said), count)| Confused { is, said, count });
    rows.collect()
}

/// Outcomes by cause and faulty object.
fn groups<'a>(outcomes: &[Outcome], labels: &'a Labels) -> BTreeMap<(&'a str, &'a str), Share> {
    let mut found: BTreeMap<(&str, &str), Share> = BTreeMap::new();
    for one in outcomes {
        let label = &labels[&one.case];
        let key = (label.root_cause.as_str(), label.fault_object.as_str());
        found.entry(key).or_default().count(one.first);
    }
    found
}

fn folds(groups: &BTreeMap<(&str, &str), Share>) -> Vec<Fold> {
    let empty = Fold {
        groups: 0,
        a1: Share::default(),
    };
    let mut folds = vec![empty; FOLDS as usize];
    for ((cause, object), share) in groups {
        let fold = &mut folds[(hash(cause, object) % FOLDS) as usize];
        fold.groups += 1;
        fold.a1.hits += share.hits;
        fold.a1.of += share.of;
    }
    folds
}

/// Cases of one pair hang together: a pair is one observation, with the share of its cases.
fn pooled(groups: &BTreeMap<(&str, &str), Share>) -> f64 {
    let of = groups.len() as f64;
    let mean = groups.values().map(|share| share.share()).sum::<f64>() / of.max(1.0);
    wilson(mean, of)
}

/// FNV-1a, 64 bits: the same parts on every machine.
fn hash(cause: &str, object: &str) -> u64 {
    let bytes = cause.bytes().chain([0]).chain(object.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, first: bool, said: &str) -> Outcome {
        Outcome {
            case: name.to_owned(),
            first: first.into(),
            third: true.into(),
            cause: first.into(),
            object: Hit::Yes,
            said: (said.to_owned(), "Deployment/shop/cart".to_owned(), 0.9),
            seconds: 0.1,
        }
    }

    #[test]
    fn cases_are_counted_and_what_was_taken_for_what_is_told() {
        let label = |cause: &str| Label {
            system: "shop".to_owned(),
            root_cause: cause.to_owned(),
            fault_object: "app/cart".to_owned(),
        };
        let labels: Labels = [("a", "oom"), ("b", "oom"), ("c", "port"), ("d", "port")]
            .map(|(name, cause)| (name.to_owned(), label(cause)))
            .into();
        let outcomes = [
            case("a", true, "oom"),
            case("b", false, "port"),
            case("c", true, "port"),
        ];
        let scores = tally(&outcomes, &labels, &Names::default());
        assert_eq!((scores.a1.hits, scores.a1.of, scores.skipped), (2, 3, 1));
        assert_eq!(scores.a3.hits, 3);
        let confused = Confused {
            is: "oom".to_owned(),
            said: "port".to_owned(),
            count: 1,
        };
        assert_eq!(scores.confusion, [confused]);
        assert_eq!(
            scores.folds.iter().map(|fold| fold.groups).sum::<usize>(),
            2
        );
        assert!(scores.pooled_lower95 < scores.a1.share());
    }
}
