//! Whether practice helps: a memory is filled on some worlds, then others are played with it and without it,
//! each world both ways. While it is measured, the memory is read and not written.

use aegis_memory::{Memory, MemoryError};
use aegis_model::recall::Remembers;
use aegis_model::{Cue, Stamped};
use aegis_report::objectives::{Course as Missed, courses};
use aegis_report::{Facts, Story, measure};
use aegis_runner::artifacts::facts_without_control;
use aegis_runner::practice::{self, hindsight::Decision};
use aegis_runner::run::{Company, Order, Remembering, RunError, no_model, run};
use aegis_scenario::bundled;
use aegis_scenario::load::{Loaded, load};
use serde::Serialize;
use std::collections::BTreeMap;

/// Two-sided 97.5 % points of Student's t with 1, 2, … degrees of freedom; 1.96 beyond.
/// Source: NIST/SEMATECH e-Handbook 1.3.6.7.2.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// Why it could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum PracticeError {
    /// The memory says no.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A run fails.
    #[error("{scenario}, seed {seed}: {why}")]
    Run {
        /// Of which scenario.
        scenario: String,
        /// On which seed.
        seed: u64,
        /// Why.
        why: RunError,
    },
    /// A scenario is not carried by the program, or is refused.
    #[error("there is no scenario `{0}` that can be played")]
    Scenario(String),
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Worlds {
    /// Names of bundled scenarios; `NAME@KIND/OBJECT` lets its faults befall another object.
    pub scenarios: Vec<String>,
    /// Seeds.
    pub seeds: Vec<u64>,
}

/// What a run came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// Whether the first diagnosis after the onset was right, 0 or 1.
    pub first_right: f64,
    /// Diagnoses after the onset whose leader was wrong.
    pub wrong: f64,
    /// Confidence of the right cause in the first diagnosis after the onset, 0..=1.
    pub confidence: f64,
    /// Minutes in which an objective was missed.
    pub lost: f64,
}

/// One world played both ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// With no memory.
    pub without: Score,
    /// With the memory.
    pub with: Score,
}

/// A mean difference, with minus without, and its 95 % interval over paired worlds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The mean without.
    pub without: f64,
    /// The mean with.
    pub with: f64,
    /// The mean of the differences.
    pub mean: f64,
    /// Half the width of its interval; `null` for fewer than two worlds.
    pub half: Option<f64>,
}

fn loaded(name: &str) -> Result<Loaded, PracticeError> {
    let unknown = || PracticeError::Scenario(name.to_owned());
    let (own, target) = match name.split_once('@') {
        Some((own, target)) => (own, Some(target)),
        None => (name, None),
    };
    let found = bundled::find(own).ok_or_else(unknown)?;
    let text = target.map_or_else(|| found.text.to_owned(), |target| moved(found.text, target));
    load(found.path, &text, &bundled::file).map_err(|_| unknown())
}

/// A scenario whose faults befall another object: what else happens in it stays where it was.
fn moved(text: &str, target: &str) -> String {
    let line = |line: &str| {
        let place = line.find("target: ").filter(|_| line.contains("fault: "));
        let Some(begin) = place.map(|place| place + "target: ".len()) else {
            return line.to_owned();
        };
        let rest = &line[begin..];
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        format!("{}{target}{}", &line[..begin], &rest[end..])
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Plays worlds one after the other and keeps their incidents. How many were new.
///
/// # Errors
/// A run that fails, a memory that cannot be written.
pub fn learn(
    worlds: &Worlds,
    memory: &Memory,
    done: &dyn Fn(&str, u64),
) -> Result<usize, PracticeError> {
    let mut new = 0;
    for seed in &worlds.seeds {
        for name in &worlds.scenarios {
            let run = play(name, *seed, Some((memory, Remembers::ReadWrite)))?;
            let practised = practice::practice(&run.events, &run.facts, &run.decisions);
            new += practice::keep(memory, &practised)?;
            done(name, *seed);
        }
    }
    Ok(new)
}

/// Plays each world with the memory, which is only read, and without.
///
/// # Errors
/// A run that fails, a memory that cannot be read.
pub fn compare(
    worlds: &Worlds,
    memory: &Memory,
    done: &dyn Fn(&str, u64),
) -> Result<Vec<Pair>, PracticeError> {
    let mut pairs = Vec::new();
    for seed in &worlds.seeds {
        for name in &worlds.scenarios {
            let without = play(name, *seed, None)?;
            let with = play(name, *seed, Some((memory, Remembers::ReadOnly)))?;
            pairs.push(Pair {
                scenario: name.clone(),
                seed: *seed,
                without: result(&without),
                with: result(&with),
            });
            done(name, *seed);
        }
    }
    Ok(pairs)
}

struct Played {
    events: Vec<Stamped>,
    facts: Facts,
    decisions: Vec<Decision>,
}

fn play(
    name: &str,
    seed: u64,
    memory: Option<(&Memory, Remembers)>,
) -> Result<Played, PracticeError> {
    let loaded = loaded(name)?;
    let order = Order {
        seed,
        ..Order::of(&loaded)
    };
    let mut events: Vec<Stamped> = Vec::new();
    let recall = |cue: &Cue| match memory {
        Some((memory, _)) => memory.recall(cue).map_err(|why| why.to_string()),
        None => Ok(aegis_model::Recalled::default()),
    };
    let digest = memory.map(|(memory, _)| memory.digest()).transpose()?;
    let played = run(
        &order,
        &mut Company {
            tell: &mut |event| {
                events.push(event.clone());
                Ok(())
            },
            note: &mut |_| Ok(()),
            ask: &mut |_, _| Some(aegis_model::Ruling::plain(true)),
            advise: &mut no_model,
            stop: &|| false,
            memory: memory
                .zip(digest.as_deref())
                .map(|((_, mode), digest)| Remembering {
                    mode,
                    digest,
                    recall: &recall,
                }),
        },
    );
    let mut played = played.map_err(|why| PracticeError::Run {
        scenario: name.to_owned(),
        seed,
        why,
    })?;
    let decisions = std::mem::take(&mut played.decisions);
    let facts = facts_without_control(&order, played, &events);
    Ok(Played {
        events,
        facts,
        decisions,
    })
}

fn result(run: &Played) -> Score {
    let Played { events, facts, .. } = run;
    let story = Story::tell(events);
    let lost = courses(&story).iter().map(Missed::lost).sum::<f64>() / 60.0;
    let (Some(onset), Some(truth)) = (facts.onset, &facts.truth) else {
        return Score {
            lost,
            ..Score::default()
        };
    };
    let late: Vec<_> = story.diagnoses().filter(|(t, _)| *t >= onset).collect();
    let is_right = |one| measure::is_right(one, &story, truth);
    let led = late.iter().filter_map(|(_, hypotheses)| hypotheses.first());
    let right = late.first().and_then(|(_, hypotheses)| {
        let mut all = hypotheses.iter();
        all.find(|one| is_right(one)).map(|one| one.confidence)
    });
    let first = late.first().and_then(|(_, hypotheses)| hypotheses.first());
    Score {
        first_right: f64::from(u8::from(first.is_some_and(is_right))),
        wrong: led.filter(|one| !is_right(one)).count() as f64,
        confidence: right.unwrap_or(0.0),
        lost,
    }
}

/// A figure of a play.
type Figure = fn(&Score) -> f64;

/// The differences of every figure, by its name.
#[must_use]
pub fn differences(pairs: &[Pair]) -> BTreeMap<&'static str, Difference> {
    let figures: [(&'static str, Figure); 4] = [
        ("first_right", |one| one.first_right),
        ("wrong_diagnoses", |one| one.wrong),
        ("confidence_of_the_right_one", |one| one.confidence),
        ("slo_minutes_lost", |one| one.lost),
    ];
    let of = |(name, figure): (&'static str, Figure)| (name, difference(pairs, figure));
    figures.into_iter().map(of).collect()
}

fn difference(pairs: &[Pair], figure: fn(&Score) -> f64) -> Difference {
    let n = pairs.len().max(1) as f64;
    let mean = |of: &dyn Fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let gain = |pair: &Pair| figure(&pair.with) - figure(&pair.without);
    let middle = mean(&gain);
    let square: f64 = pairs
        .iter()
        .map(|pair| (gain(pair) - middle) * (gain(pair) - middle))
        .sum();
    let half = (pairs.len() > 1).then(|| {
        let t = T.get(pairs.len() - 2).copied().unwrap_or(1.96);
        t * (square / (n - 1.0) / n).sqrt()
    });
    Difference {
        without: mean(&|pair| figure(&pair.without)),
        with: mean(&|pair| figure(&pair.with)),
        mean: middle,
        half,
    }
}

/// The differences as a table.
#[must_use]
pub fn text(pairs: &[Pair]) -> String {
    let mut text = format!("{} worlds, each both ways\n", pairs.len());
    for (name, one) in differences(pairs) {
        let half = one
            .half
            .map_or_else(|| "-".to_owned(), |half| format!("± {half:.3}"));
        text += &format!(
            "  {name:<28} without {:.3}  with {:.3}  difference {:+.3} {half}\n",
            one.without, one.with, one.mean
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(without: f64, with: f64) -> Pair {
        let of = |wrong| Score {
            wrong,
            ..Score::default()
        };
        Pair {
            scenario: "a".into(),
            seed: 1,
            without: of(without),
            with: of(with),
        }
    }

    #[test]
    fn a_fault_is_moved_to_another_object_and_nothing_else_is() {
        let text = "a: {target: x}\n- {at: 3m, fault: f, target: deployment/cart, more: 1}\n- {fault: g, target: y}";
        assert_eq!(
            moved(text, "deployment/ad"),
            "a: {target: x}\n- {at: 3m, fault: f, target: deployment/ad, more: 1}\n- {fault: g, target: deployment/ad}"
        );
        let name = "online-boutique-oom@deployment/adservice";
        assert!(loaded(name).is_ok());
        assert!(loaded("online-boutique-nothing").is_err());
    }

    #[test]
    fn a_difference_is_paired() {
        let pairs = [pair(3.0, 2.0), pair(9.0, 8.0), pair(1.0, 0.0)];
        let found = differences(&pairs)["wrong_diagnoses"];
        assert!((found.mean + 1.0).abs() < 1e-12);
        assert!(found.half.is_some_and(|half| half < 1e-12), "{found:?}");
        let wide = differences(&[pair(0.0, 1.0), pair(0.0, 0.0)])["wrong_diagnoses"];
        // Mean 0.5, standard error 0.5, t 12.706.
        assert!((wide.half.unwrap_or(0.0) - 6.353).abs() < 1e-3, "{wide:?}");
        assert_eq!(differences(&pairs[..1])["wrong_diagnoses"].half, None);
    }
}
