//! How a world differs from what any twin assumes.

use aegis_model::{Behaviour, Tick};
use aegis_sim::infer::Pick;
use aegis_sim::{Draws, Purpose};

/// How much. `None` is an ablation; every published figure is at `Medium`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Not at all.
    None,
    /// Service times of a variability of 0.5 to 4 (squared coefficient), pods 8 % apart, load
    /// drifting by 5 %.
    #[default]
    Medium,
    /// Variability of 0.25 to 8, pods 15 % apart, load drifting by 15 %.
    Large,
}

impl Gap {
    /// Range of the squared coefficient of variation of service times; `None` leaves it alone.
    const fn variability(self) -> Option<(f64, f64)> {
        match self {
            Self::None => None,
            Self::Medium => Some((0.5, 4.0)),
            Self::Large => Some((0.25, 8.0)),
        }
    }

    /// σ of the logarithm of pods' own factors.
    #[must_use]
    pub const fn pod_spread(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Medium => 0.08,
            Self::Large => 0.15,
        }
    }

    /// Coefficient of variation of the slow factor on every load.
    #[must_use]
    pub const fn load_drift(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Medium => 0.05,
            Self::Large => 0.15,
        }
    }

    /// Where true parameters are taken from their priors: at the median where there is no gap.
    #[must_use]
    pub const fn pick(self, draws: Draws) -> Pick {
        match self {
            Self::None => Pick::Median,
            Self::Medium | Self::Large => Pick::Drawn(draws, Purpose::Hidden),
        }
    }

    /// Draws the variability of a workload's service times, where nothing was said of it (it is 1).
    pub(crate) fn bend(self, behaviour: &mut Behaviour, draws: Draws, key: u64) {
        if let (Some((low, high)), true) = (self.variability(), behaviour.service_cv2 == 1.0) {
            let u = draws.uniform(Purpose::Hidden, key, Tick(1));
            behaviour.service_cv2 = low * libm::exp(u * libm::log(high / low));
        }
    }
}
