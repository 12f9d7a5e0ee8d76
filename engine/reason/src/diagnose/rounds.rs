//! Rounds of trials: a few draws for many candidates, then many for a few.
//!
//! Sizes are searched coarsely and then drawn around the best by importance
//! sampling: a draw's weight is its prior density over the density that it was
//! drawn from, so that the mean over draws stays the mean over the prior.

use super::candidate::{Candidate, Cause};
use super::growth::Growth;
use crate::case::{BIN, Case};
use crate::trial::Trial;
use aegis_faults::{Laying, overlay};
use aegis_model::{Hypothesis, Outcome, Overlay, Subject, Tick};
use aegis_sim::{Draws, Purpose};

/// One draw of what a candidate leaves open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theta {
    /// When it began.
    pub onset: Tick,
    /// Quantile of its size, 0..=1.
    pub size: f64,
    /// From its onset to its first sign, s, besides the time in which it ripens.
    pub delay: f64,
    /// Bins by which its prediction may be put off.
    pub slack: u32,
    /// Draw of the cluster's parameters.
    pub draw: u64,
    /// ln(prior density / density it was drawn from).
    pub log_weight: f64,
}

impl Theta {
    /// The same, begun so many bins later.
    const fn put_off(self, bins: u32) -> Self {
        let late = bins * BIN;
        Self {
            onset: self.onset.after(late),
            delay: (self.delay - late as f64).max(0.5),
            ..self
        }
    }
}

/// What a candidate's trials gave.
#[derive(Debug, Clone)]
pub struct Rolled {
    /// The candidate.
    pub candidate: Candidate,
    /// Draws with their log likelihoods, nats.
    pub draws: Vec<(Theta, f64)>,
    /// For a change: how likely the harm in the window is without it, nats.
    pub without: Vec<f64>,
    /// Its own share of the posterior, 0..=1, whatever name it is called by; 0 until it is weighed.
    pub share: f64,
}

/// One round: trials in order, and whose each is.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// Candidates of the round.
    pub candidates: Vec<Candidate>,
    /// By trial: candidate, draw; `None` is the candidate's contrast without its change.
    pub entries: Vec<(usize, Option<Theta>)>,
}

/// Draws of the last round.
pub const LAST_DRAWS: usize = 12;
/// Candidates that go on after the first and the second round.
pub const GO_ON: [usize; 2] = [10, 6];
/// Candidates that go on whatever they lack: a leader needs a rival.
const FEWEST: usize = 3;
/// Candidates, the likeliest by their signs, that are tried in three sizes at first; the others in one.
const SIZED: usize = 24;
/// Bins by which a first trial may be put off.
const SLACK: u32 = 3;
/// Delays beside the best that are tried in the second round, s.
const BESIDE: [f64; 5] = [-14.0, -7.0, 0.0, 7.0, 14.0];
/// Spread of the proposal around the best size, in quantiles.
const AROUND: f64 = 0.08;
/// The same where the size was read off the window.
const READ_OFF: f64 = 0.03;
/// Most spread of the proposal around the best delay, s: two thirds of a scrape.
const AROUND_DELAY: f64 = 10.0;
/// Part for which the sign matrix counts beside the trials, which see most of the same.
const SIGNS: f64 = 0.25;
/// Nats behind the best from which a candidate is lost: later rounds look closer at when and how large, and gain less.
const LOST: f64 = 12.0;
/// Nats that a hidden cause loses at most which tells no more than nothing laid.
const IDLE: f64 = 3.0;
/// Share of draws that come from the whole prior.
const WHOLE: f64 = 0.3;

impl Round {
    /// The first round: three sizes, laid some time before the onset and then put off to where they fit; for a leak
    /// also what its rise says.
    #[must_use]
    pub fn first(case: &Case, candidates: Vec<Candidate>) -> Self {
        let thetas = |rank: usize, candidate: &Candidate| {
            let sizes: &[f64] = if has_size(candidate) && rank < SIZED {
                &[0.2, 0.5, 0.8]
            } else {
                &[0.5]
            };
            let lead = lead(candidate);
            let read = Growth::of(case, candidate).map(|growth| (growth.size, growth.delay, 0));
            let usual = sizes.iter().map(|size| (*size, lead, SLACK));
            usual
                .chain(read)
                .map(|(size, delay, slack)| Theta {
                    slack: if candidate.since.is_some() { 0 } else { slack },
                    ..theta(case, candidate, size, delay, 0)
                })
                .collect()
        };
        Self::indexed(candidates, thetas)
    }

    /// The second round: a little earlier and later, sizes to either side of the best.
    #[must_use]
    pub fn second(case: &Case, best: &[Rolled]) -> Self {
        let thetas = |index: usize, candidate: &Candidate| {
            let best = best[index].best().copied();
            let (size, delay) = best.map_or((0.5, delay_at(candidate, 0.5)), |theta| {
                (theta.size, theta.delay)
            });
            let sizes = if has_size(candidate) {
                vec![(size - 0.15).max(0.02), size, (size + 0.15).min(0.98)]
            } else {
                vec![0.5]
            };
            let near = |by: &f64| (delay + by).max(0.5);
            let delays: Vec<f64> = match (candidate.since, sizes.len()) {
                (Some(_), _) => vec![delay],
                (None, 1) => BESIDE.iter().map(near).collect(),
                (None, _) => BESIDE[1..4].iter().map(near).collect(),
            };
            let pair = |delay: &f64| {
                let at = |size: &f64| theta(case, candidate, *size, *delay, 1);
                sizes.iter().map(at).collect::<Vec<_>>()
            };
            delays.iter().flat_map(pair).collect()
        };
        Self::indexed(
            best.iter().map(|rolled| rolled.candidate.clone()).collect(),
            thetas,
        )
    }

    /// The last round: draws of everything, around the best.
    #[must_use]
    pub fn last(case: &Case, best: &[Rolled]) -> Self {
        let draws = Draws::new(case.root).derive(0x6C61_7374);
        let thetas = |index: usize, candidate: &Candidate| {
            let middle = best[index].best().copied().unwrap_or(theta(
                case,
                candidate,
                0.5,
                delay_at(candidate, 0.5),
                0,
            ));
            (0..LAST_DRAWS as u64)
                .map(|draw| proposal(case, draws, candidate, middle, draw))
                .collect()
        };
        Self::indexed(
            best.iter().map(|rolled| rolled.candidate.clone()).collect(),
            thetas,
        )
    }

    fn indexed(
        candidates: Vec<Candidate>,
        thetas: impl Fn(usize, &Candidate) -> Vec<Theta>,
    ) -> Self {
        let mut entries = Vec::new();
        for (index, candidate) in candidates.iter().enumerate() {
            entries.extend(
                thetas(index, candidate)
                    .into_iter()
                    .map(|theta| (index, Some(theta))),
            );
            if needs_contrast(candidate) {
                entries.push((index, None));
            }
        }
        Self {
            candidates,
            entries,
        }
    }

    /// The trials of the round.
    #[must_use]
    pub fn trials(&self, case: &Case) -> Vec<Trial> {
        self.entries
            .iter()
            .map(|(index, theta)| trial(case, &self.candidates[*index], *theta))
            .collect()
    }

    /// What the trials gave, by candidate.
    #[must_use]
    pub fn collect(self, outcomes: &[Outcome]) -> Vec<Rolled> {
        let mut all: Vec<Rolled> = self
            .candidates
            .into_iter()
            .map(|candidate| Rolled {
                candidate,
                draws: Vec::new(),
                without: Vec::new(),
                share: 0.0,
            })
            .collect();
        for ((index, theta), outcome) in self.entries.into_iter().zip(outcomes) {
            let log = outcome.log_likelihood.unwrap_or(f64::NEG_INFINITY);
            match theta {
                Some(theta) => all[index].draws.push((theta.put_off(outcome.put_off), log)),
                None => all[index].without.push(log),
            }
        }
        all
    }
}

/// Whether leaving its change out must make things worse for it to be a cause.
fn needs_contrast(candidate: &Candidate) -> bool {
    matches!(candidate.cause, Cause::Change(_) | Cause::Load(_))
}

fn has_size(candidate: &Candidate) -> bool {
    candidate.is_laid()
        && candidate
            .fault
            .is_some_and(|fault| !fault.parameters.is_empty())
}

fn theta(case: &Case, candidate: &Candidate, size: f64, delay: f64, draw: u64) -> Theta {
    Theta {
        onset: onset(case, candidate, 1, ripening(candidate, size) + delay),
        size,
        delay,
        slack: 0,
        draw,
        log_weight: 0.0,
    }
}

/// When a candidate began: at its change, or at the change point less a delay, s.
fn onset(case: &Case, candidate: &Candidate, point: usize, delay: f64) -> Tick {
    candidate
        .since
        .unwrap_or_else(|| Tick(case.onset[point].0.saturating_sub(delay as u32)))
}

/// Mean delay from onset to first sign that the catalogue declares, s; at least a scrape.
fn declared(candidate: &Candidate) -> f64 {
    candidate
        .fault
        .map_or(f64::from(BIN), |fault| f64::from(fault.delay.max(BIN)))
}

/// How long before the onset a candidate is laid first, s: so that its first sign comes at the onset or before, and
/// not before the window's second bin.
fn lead(candidate: &Candidate) -> f64 {
    let bin = f64::from(BIN);
    (declared(candidate) + bin).max(f64::from(SLACK) * bin)
}

/// The time in which what a candidate uses up is used up, s; 0 where nothing is.
fn ripening(candidate: &Candidate, quantile: f64) -> f64 {
    let Some(fault) = candidate.fault else {
        return 0.0;
    };
    match fault.ailment(&sizes(candidate, quantile)) {
        Some((ailment, seconds)) if ailment.ripens() => seconds,
        _ => 0.0,
    }
}

/// The delay below which a share `quantile` (0..1) lies, s: delays are exponential with the declared mean.
fn delay_at(candidate: &Candidate, quantile: f64) -> f64 {
    -libm::log(1.0 - quantile.clamp(0.0, 0.99)) * declared(candidate)
}

/// A draw from the mixture of the whole prior and the neighbourhood of the best, in size and delay.
/// A leak that is faster began later: its limit is met at the same time.
fn proposal(case: &Case, draws: Draws, candidate: &Candidate, middle: Theta, draw: u64) -> Theta {
    let at = Tick(draw as u32);
    let growth = Growth::of(case, candidate);
    let spread = if growth.is_some() { READ_OFF } else { AROUND };
    let (size, by_size) = if has_size(candidate) {
        around(draws, at, middle.size, spread)
    } else {
        (0.5, 0.0)
    };
    let best = (middle.size, middle.delay);
    let near = growth.map_or(middle.delay, |growth| {
        growth.delay_at(candidate, best, size)
    });
    let (delay, by_delay) = if candidate.since.is_none() {
        around_delay(draws, at, near, declared(candidate))
    } else {
        (0.0, 0.0)
    };
    Theta {
        onset: onset(
            case,
            candidate,
            (draw % 3) as usize,
            ripening(candidate, size) + delay,
        ),
        size,
        delay,
        slack: 0,
        draw: draw + 1,
        log_weight: by_size + by_delay,
    }
}

/// A quantile near `middle`, sometimes from the whole prior, with ln(prior density / proposal density).
/// What falls beyond 0 and 1 is reflected there.
fn around(draws: Draws, at: Tick, middle: f64, spread: f64) -> (f64, f64) {
    let whole = draws.uniform(Purpose::Prior, 1, at) < WHOLE;
    let drawn = if whole {
        draws.uniform(Purpose::Prior, 2, at)
    } else {
        let near = libm::fabs(middle + spread * draws.normal(Purpose::Prior, 3, at));
        (if near > 1.0 { 2.0 - near } else { near }).clamp(0.0, 1.0)
    };
    let near = bell(drawn, middle, spread)
        + bell(drawn, -middle, spread)
        + bell(drawn, 2.0 - middle, spread);
    let density = WHOLE + (1.0 - WHOLE) * near;
    (drawn, -libm::log(density))
}

/// The same for a delay, s, whose prior is exponential with a mean.
fn around_delay(draws: Draws, at: Tick, middle: f64, mean: f64) -> (f64, f64) {
    let spread = AROUND_DELAY.min(0.5 * mean);
    let whole = draws.uniform(Purpose::Prior, 5, at) < WHOLE;
    let drawn = if whole {
        -libm::log(1.0 - draws.uniform(Purpose::Prior, 6, at).min(0.999)) * mean
    } else {
        // Reflected at 0: the density of what falls below is added to what lies above.
        libm::fabs(middle + spread * draws.normal(Purpose::Prior, 7, at))
    };
    let prior = libm::exp(-drawn / mean) / mean;
    let near = bell(drawn, middle, spread) + bell(drawn, -middle, spread);
    let density = WHOLE * prior + (1.0 - WHOLE) * near;
    (drawn, libm::log(prior.max(1e-12) / density))
}

/// The normal density.
fn bell(x: f64, mean: f64, sigma: f64) -> f64 {
    let z = (x - mean) / sigma;
    libm::exp(-0.5 * z * z) / (sigma * libm::sqrt(2.0 * core::f64::consts::PI))
}

/// Sizes of a fault's parameters at a quantile; further parameters at quantiles of their own.
#[must_use]
pub fn sizes(candidate: &Candidate, quantile: f64) -> Vec<f64> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let parameters = candidate.fault.map_or(&[][..], |fault| fault.parameters);
    let at = |(index, parameter): (usize, &aegis_faults::Parameter)| {
        let shifted = quantile + GOLDEN * index as f64;
        parameter.at(if index == 0 {
            quantile
        } else {
            shifted - libm::floor(shifted)
        })
    };
    parameters.iter().enumerate().map(at).collect()
}

/// The overlay of a candidate at a draw; empty where nothing is laid.
#[must_use]
pub fn laid(candidate: &Candidate, theta: &Theta) -> Overlay {
    let Some(fault) = candidate.fault.filter(|_| candidate.is_laid()) else {
        return Overlay::none();
    };
    let parameters = sizes(candidate, theta.size);
    let on = |subject: Subject| {
        let laying = Laying {
            subject,
            parameters: &parameters,
            from: theta.onset,
            until: Tick::NEVER,
            template: candidate.template,
            held: candidate.held.as_ref(),
        };
        overlay(fault, &laying).0
    };
    let subjects = std::iter::once(candidate.subject).chain(candidate.beside.iter().copied());
    Overlay(subjects.flat_map(on).collect())
}

fn trial(case: &Case, candidate: &Candidate, theta: Option<Theta>) -> Trial {
    match (theta, candidate.cause) {
        (Some(theta), _) => Trial {
            slack: theta.slack,
            ..case.trial(laid(candidate, &theta), theta.draw, None)
        },
        (None, Cause::Change(position)) => case.without(Some(position)),
        (None, Cause::Load(service)) => {
            let mut trial = case.without(None);
            let before = case.load.mean(service, Tick(0), case.onset[0]);
            if let Some(rate) = before {
                trial.load = std::sync::Arc::new(case.load.held(service, rate, case.onset[0]));
            }
            trial
        }
        (None, Cause::Hidden) => case.trial(Overlay::none(), 0, None),
    }
}

impl Rolled {
    /// Nats by which what the cluster says and what is off speak for it, beside its trials.
    #[must_use]
    pub fn beside(&self) -> f64 {
        self.candidate.words + SIGNS * self.candidate.signs
    }

    /// The draw with the highest likelihood.
    #[must_use]
    pub fn best(&self) -> Option<&Theta> {
        self.draws
            .iter()
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(theta, _)| theta)
    }

    /// Its highest log likelihood less half a nat per free parameter and ln n: what the coarse rounds rank by.
    #[must_use]
    pub fn coarse(&self, case: &Case) -> f64 {
        let bins = case.window.bins.len();
        let best = self
            .draws
            .iter()
            .map(|(_, log)| *log)
            .fold(f64::NEG_INFINITY, f64::max);
        let free = if has_size(&self.candidate) { 1.0 } else { 0.0 };
        let contrast = self.contrast(case, best);
        best + contrast + self.beside() + libm::log(self.candidate.prior.max(1e-9))
            - 0.5 * free * libm::log(bins.max(2) as f64)
    }

    /// ln(1 − e^−Δ), Δ the nats lost without the cause. A change is one only if what users feel would be less likely
    /// without it: −∞ else. What is laid beside what was seen must tell more than the window with all changes and
    /// nothing laid: else a change explains what it is given credit for. Its words may still speak for it, or the
    /// change by itself, so that it loses [`IDLE`] at most.
    #[must_use]
    pub fn contrast(&self, case: &Case, with: f64) -> f64 {
        let told = |lost: f64| match lost {
            lost if lost <= 1e-9 => f64::NEG_INFINITY,
            lost => libm::log(-libm::expm1(-lost)),
        };
        let made = self.matters(case).map_or(0.0, told);
        if self.candidate.is_laid() {
            told(with - case.plain).max(made - IDLE)
        } else {
            made
        }
    }

    /// Nats by which the harm in the window is less likely without its change, or without more load.
    #[must_use]
    pub fn matters(&self, case: &Case) -> Option<f64> {
        let without = self.without.iter().copied().reduce(f64::max)?;
        Some(case.harm.1 - without)
    }
}

/// The best `count` of a round that are not lost, best first; equal ones in the order in which they came. A hypothesis
/// on trial goes on whatever its place.
#[must_use]
pub fn best(
    case: &Case,
    mut rolled: Vec<Rolled>,
    count: usize,
    on_trial: Option<&Hypothesis>,
) -> Vec<Rolled> {
    rolled.sort_by(|a, b| b.coarse(case).total_cmp(&a.coarse(case)));
    let top = rolled.first().map_or(0.0, |first| first.coarse(case));
    let near = |one: &Rolled| one.coarse(case) >= top - LOST;
    let near = rolled
        .iter()
        .take(count)
        .take_while(|one| near(one))
        .count();
    let behind = rolled.split_off(near.max(FEWEST).min(rolled.len()));
    let heard = |one: &Rolled| on_trial.is_some_and(|hypothesis| one.candidate.is_of(hypothesis));
    rolled.extend(behind.into_iter().filter(heard));
    rolled
}
