//! What users send.

use aegis_model::{Seconds, ServiceId};
use aegis_sim::{Draws, Purpose};

/// Load at an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The Service that users reach.
    pub to: ServiceId,
    /// Its port; 0 is its first.
    pub port: u16,
    /// Requests per second over time.
    pub curve: Curve,
    /// Coefficient of variation of a slow random factor, ≥ 0.
    pub cv: f64,
}

/// Requests per second over the seconds since time 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// The same all the time.
    Constant(f64),
    /// A sine wave.
    Diurnal {
        /// Mean rate.
        mean: f64,
        /// Height of the wave as a share of the mean, 0..=1.
        amplitude: f64,
        /// Length of the wave, s, > 0.
        period: Seconds,
        /// How far into the wave time 0 is, s.
        phase: Seconds,
    },
    /// A higher rate for a while.
    Burst {
        /// Rate outside.
        base: f64,
        /// Rate inside.
        peak: f64,
        /// When it begins, s.
        at: Seconds,
        /// How long it is, s.
        lasts: Seconds,
        /// After which time it comes again, s, > `lasts`.
        every: Option<Seconds>,
    },
    /// A rate from each second on, in order of time; before the first the first. A trace is one.
    Steps(Vec<(Seconds, f64)>),
}

impl Curve {
    /// Requests per second `t` seconds after time 0; before it, as at time 0.
    #[must_use]
    pub fn at(&self, t: Seconds) -> f64 {
        let t = t.max(0.0);
        match self {
            Self::Constant(rate) => *rate,
            Self::Diurnal {
                mean,
                amplitude,
                period,
                phase,
            } => {
                let turns = (t + phase) / period.max(1.0);
                mean * (1.0 + amplitude * libm::sin(2.0 * core::f64::consts::PI * turns))
            }
            Self::Burst {
                base,
                peak,
                at,
                lasts,
                every,
            } => {
                let inside = since_burst(t - at, *every).is_some_and(|passed| passed < *lasts);
                if inside { *peak } else { *base }
            }
            Self::Steps(steps) => {
                let passed = steps.partition_point(|(at, _)| *at <= t);
                steps
                    .get(passed.saturating_sub(1))
                    .map_or(0.0, |(_, rate)| *rate)
            }
        }
    }
}

/// Seconds since the latest burst began; `None` before the first.
fn since_burst(since: Seconds, every: Option<Seconds>) -> Option<Seconds> {
    match every {
        _ if since < 0.0 => None,
        Some(every) if every > 0.0 => Some(since - every * libm::floor(since / every)),
        _ => Some(since),
    }
}

/// Time over which the slow factor forgets itself, s.
const MEMORY: Seconds = 60.0;

/// A slow random factor on a load: the exponential of a first-order autoregression, mean 1.
#[derive(Debug, Clone, Copy)]
pub struct Drift {
    /// σ of the logarithm.
    sigma: f64,
    /// The autoregression, in units of σ.
    state: f64,
}

impl Drift {
    /// A factor with this coefficient of variation, at a draw from its long run.
    pub fn new(cv: f64, draws: Draws, key: u64) -> Self {
        Self {
            sigma: libm::sqrt(libm::log1p(cv * cv)),
            state: draws
                .derive(START)
                .normal(Purpose::Load, key, aegis_model::Tick(0)),
        }
    }

    /// The factor of the next second.
    pub fn step(&mut self, draws: Draws, key: u64, now: aegis_model::Tick) -> f64 {
        if self.sigma == 0.0 {
            return 1.0;
        }
        let keep = libm::exp(-1.0 / MEMORY);
        let shock = draws.normal(Purpose::Load, key, now);
        self.state = keep * self.state + libm::sqrt(1.0 - keep * keep) * shock;
        libm::exp(self.sigma * self.state - 0.5 * self.sigma * self.sigma)
    }
}

/// Label of the draws by which drifts start.
const START: u64 = 1;
