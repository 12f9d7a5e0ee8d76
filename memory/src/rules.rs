//! Rules, counted from lessons.
//!
//! A rule says what mended a cause in incidents that look so. Its support is the number of distinct worlds
//! (family, seed, parameters), at most three of a family; older uses count less; it is ranked by the lower
//! Wilson bound of its share of successes.

use crate::alike;
use aegis_model::Signature;
use aegis_model::recall::{Blame, Deed, Rule};
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// z of a one-sided bound at 95 %.
const Z: f64 = 1.645;
/// Uses after which one counts half.
const HALF_LIFE: f64 = 50.0;
/// Worlds of one family that count, at most.
const PER_FAMILY: usize = 3;
/// Support below which a rule does not go first.
pub const ENOUGH: f64 = 5.0;

/// A lesson with where it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct Taught {
    /// What the incident looked like.
    pub signature: Signature,
    /// The cause.
    pub cause: Blame,
    /// What was done.
    pub deeds: Vec<Deed>,
    /// Whether it mended.
    pub mended: bool,
    /// The family, the seed, the parameters.
    pub world: (SmolStr, u64, SmolStr),
    /// What it weighs, 0..=1.
    pub weight: f64,
}

/// Lower bound of a share of `successes` in `uses` (Wilson 1927), 0..=1; 0 without uses.
#[must_use]
pub fn wilson(successes: f64, uses: f64) -> f64 {
    if uses <= 0.0 {
        return 0.0;
    }
    let (p, z2) = (successes / uses, Z * Z);
    let spread = Z * libm::sqrt((p * (1.0 - p) + z2 / (4.0 * uses)) / uses);
    ((p + z2 / (2.0 * uses) - spread) / (1.0 + z2 / uses)).max(0.0)
}

/// Counts of one pattern.
#[derive(Debug, Default, Clone)]
struct Count {
    uses: f64,
    successes: f64,
    worlds: BTreeMap<SmolStr, BTreeSet<(u64, SmolStr)>>,
    seen: f64,
    alike: f64,
}

impl Count {
    /// Takes a lesson in; lessons come newest first.
    fn take(&mut self, lesson: &Taught, alike: f64) {
        let (family, seed, genome) = &lesson.world;
        let worlds = self.worlds.entry(family.clone()).or_default();
        let world = (*seed, genome.clone());
        if !worlds.contains(&world) {
            if worlds.len() >= PER_FAMILY {
                return;
            }
            worlds.insert(world);
        }
        let weight = lesson.weight * libm::exp2(-self.seen / HALF_LIFE);
        self.seen += 1.0;
        self.uses += weight;
        self.successes += if lesson.mended { weight } else { 0.0 };
        self.alike = self.alike.max(alike);
    }
}

/// Rules for an incident that looks so, the best first: those with enough support whose bound is no less
/// than the mean share of success of every other thing that was tried against the cause. `lessons` come
/// newest first.
#[must_use]
pub fn rules(signature: &Signature, lessons: &[Taught]) -> Vec<Rule> {
    let counts = counted(signature, lessons);
    let mut rules: Vec<Rule> = counts
        .iter()
        .filter(|(key, count)| count.uses >= ENOUGH && beats_others(key, count, &counts))
        .map(|(key, count)| rule(key, count))
        .collect();
    rules.sort_by(|a, b| b.bound.total_cmp(&a.bound).then(a.id.cmp(&b.id)));
    rules
}

type Key = (Blame, Vec<Deed>);

/// Counts of every pattern over the lessons of incidents that look so.
fn counted(signature: &Signature, lessons: &[Taught]) -> BTreeMap<Key, Count> {
    let mut counts: BTreeMap<Key, Count> = BTreeMap::new();
    for lesson in lessons {
        let alike = alike::signatures(signature, &lesson.signature);
        if alike >= alike::SAME && !lesson.deeds.is_empty() {
            let key = (lesson.cause.clone(), lesson.deeds.clone());
            counts.entry(key).or_default().take(lesson, alike);
        }
    }
    counts
}

/// A pattern with how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The pattern, as a rule.
    pub rule: Rule,
    /// Whether it has the support, and the bound, to go first.
    pub goes_first: bool,
    /// What incidents of its cause cost where rules went first: one's own.
    pub used: Cost,
    /// The same where they were left out, to measure what rules are worth.
    pub held_out: Cost,
}

/// What some incidents cost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// How many incidents.
    pub incidents: u32,
    /// Mean of the minutes in which an objective was missed; 0 without incidents.
    pub lost: f64,
}

impl Cost {
    /// Of incidents that cost so many minutes.
    #[must_use]
    pub fn of(lost: &[f64]) -> Self {
        Self {
            incidents: lost.len() as u32,
            lost: lost.iter().sum::<f64>() / lost.len().max(1) as f64,
        }
    }
}

/// Every pattern that was ever tried, in the class of incidents in which it has most support, the best first.
/// `lessons` come newest first.
#[must_use]
pub fn all(lessons: &[Taught]) -> Vec<Standing> {
    let mut classes: Vec<&Signature> = Vec::new();
    for lesson in lessons {
        let is_of = |class: &&Signature| alike::signatures(class, &lesson.signature) >= alike::SAME;
        if !classes.iter().any(is_of) {
            classes.push(&lesson.signature);
        }
    }
    let mut best: BTreeMap<Key, Standing> = BTreeMap::new();
    for class in classes {
        let counts = counted(class, lessons);
        for (key, count) in &counts {
            let found = Standing {
                rule: rule(key, count),
                goes_first: count.uses >= ENOUGH && beats_others(key, count, &counts),
                used: Cost::default(),
                held_out: Cost::default(),
            };
            let known = best.entry(key.clone()).or_insert_with(|| found.clone());
            if found.rule.uses > known.rule.uses {
                *known = found;
            }
        }
    }
    let mut all: Vec<Standing> = best.into_values().collect();
    all.sort_by(|a, b| {
        b.rule
            .bound
            .total_cmp(&a.rule.bound)
            .then(a.rule.id.cmp(&b.rule.id))
    });
    all
}

fn beats_others(key: &Key, own: &Count, all: &BTreeMap<Key, Count>) -> bool {
    let bound = wilson(own.successes, own.uses);
    let mut others = all
        .iter()
        .filter(|(other, _)| other.0 == key.0 && other.1 != key.1);
    others.all(|(_, other)| bound >= other.successes / other.uses.max(1e-9))
}

fn rule((cause, deeds): &Key, count: &Count) -> Rule {
    let bound = wilson(count.successes, count.uses);
    let text = format!("{cause:?} {deeds:?}");
    let worlds: usize = count.worlds.values().map(BTreeSet::len).sum();
    Rule {
        id: SmolStr::new(&blake3::hash(text.as_bytes()).to_hex()[..12]),
        cause: cause.clone(),
        deeds: deeds.clone(),
        uses: count.uses,
        successes: count.successes,
        bound,
        score: count.alike,
        why: format!(
            "mended {:.1} of {:.1} in {worlds} worlds of {} kinds, at least {:.0} %",
            count.successes,
            count.uses,
            count.worlds.len(),
            bound * 100.0
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::{Role, SignaturePart, SymptomKind};

    fn lesson(family: &str, seed: u64, mended: bool) -> Taught {
        Taught {
            signature: Signature(vec![SignaturePart {
                kind: SymptomKind::OomKilled,
                role: Role::Middle,
                rank: 1,
            }]),
            cause: Blame {
                fault: "memory_leak".into(),
                role: Role::Middle,
            },
            deeds: vec![Deed {
                kind: "roll_back".into(),
                role: Role::Middle,
            }],
            mended,
            world: (family.into(), seed, "default".into()),
            weight: 1.0,
        }
    }

    #[test]
    fn wilson_is_the_textbook_s() {
        // 10 of 10 and 5 of 10 at z = 1.645, as any calculator of Wilson's interval gives them.
        assert!((wilson(10.0, 10.0) - 0.787).abs() < 1e-3);
        assert!((wilson(5.0, 10.0) - 0.269).abs() < 2e-3);
        assert_eq!(wilson(0.0, 0.0), 0.0);
    }

    #[test]
    fn one_family_alone_makes_no_rule_and_two_do() {
        let one: Vec<Taught> = (0..50).map(|seed| lesson("a", seed, true)).collect();
        let own = &one[0].signature.clone();
        assert!(
            rules(own, &one).is_empty(),
            "three worlds of one family count"
        );
        let two: Vec<Taught> = (0..50)
            .flat_map(|seed| [lesson("a", seed, true), lesson("b", seed, true)])
            .collect();
        let found = rules(own, &two);
        assert_eq!(found.len(), 1);
        assert!(found[0].uses > 5.0 && found[0].bound > 0.6, "{found:?}");
    }

    #[test]
    fn every_pattern_is_listed_with_whether_it_goes_first() {
        let mut lessons: Vec<Taught> = (0..3)
            .flat_map(|seed| ["a", "b"].map(|family| lesson(family, seed, true)))
            .collect();
        let mut other = lesson("c", 1, false);
        other.deeds[0].kind = "restart_rollout".into();
        other.signature.0.clear();
        lessons.push(other);
        let found = all(&lessons);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.rule.deeds[0].kind.as_str(), one.goes_first))
            .collect();
        assert_eq!(
            told,
            [("roll_back", true)],
            "what looks like nothing is of no class"
        );
        let mut third = lesson("c", 1, false);
        third.deeds[0].kind = "restart_rollout".into();
        lessons.push(third);
        assert_eq!(all(&lessons).len(), 2);
        assert!(!all(&lessons)[1].goes_first);
    }

    #[test]
    fn what_fails_is_no_better_than_what_mends() {
        let mut lessons: Vec<Taught> = (0..3)
            .flat_map(|seed| ["a", "b"].map(|family| lesson(family, seed, false)))
            .collect();
        let own = lessons[0].signature.clone();
        let mut other = lesson("c", 1, true);
        other.deeds[0].kind = "restart_rollout".into();
        lessons.push(other);
        assert!(rules(&own, &lessons).is_empty());
    }
}
