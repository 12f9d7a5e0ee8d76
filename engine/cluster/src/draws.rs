//! Random draws without a stream: each is a hash of what it is for.
//!
//! A draw depends on (root, purpose, key of the entity, tick) alone, so that a
//! new draw in one place never moves another, and forks need no generator.
//! The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood:
//! Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).

use aegis_model::{Objects, PodId, Tick};

/// The root of all draws of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    root: u64,
}

/// What a draw is for. The number is part of the hash: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Which of equally good nodes a pod is bound to.
    SchedulerTie = 1,
    /// How long an image takes to pull.
    ImagePull = 2,
    /// How long a container takes to start.
    Startup = 3,
    /// A pod's own factor on memory.
    PodMemory = 4,
    /// A pod's own factor on CPU.
    PodCpu = 5,
    /// Whether a probe that may fail does.
    Probe = 6,
    /// Phase of a node's metrics.
    MetricsPhase = 7,
    /// Noise of a counted metric.
    MetricNoise = 8,
    /// Whether a sample is missing.
    MetricMissing = 9,
    /// Slow factor on the load.
    Load = 10,
    /// Suffix of a name.
    Name = 11,
    /// A hidden factor of the world.
    Hidden = 12,
    /// Sampling of spans.
    Span = 13,
    /// A draw from a hypothesis' prior.
    Prior = 14,
    /// A future's added fault.
    Future = 15,
    /// Log lines.
    Log = 16,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Draws {
    /// Draws from `root`.
    #[must_use]
    pub const fn new(root: u64) -> Self {
        Self { root }
    }

    /// Draws that share nothing with these: for another purpose or another member of an ensemble.
    #[must_use]
    pub const fn derive(self, label: u64) -> Self {
        Self {
            root: mix(self.root.wrapping_add(GOLDEN) ^ mix(label.wrapping_mul(GOLDEN))),
        }
    }

    /// 64 random bits.
    #[must_use]
    pub const fn bits(self, purpose: Purpose, key: u64, at: Tick) -> u64 {
        let a = mix(self.root ^ (purpose as u64).wrapping_mul(GOLDEN));
        let b = mix(a ^ key.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        mix(b ^ (at.0 as u64).wrapping_mul(0xA076_1D64_78BD_642F))
    }

    /// Uniform in [0, 1).
    #[must_use]
    pub fn uniform(self, purpose: Purpose, key: u64, at: Tick) -> f64 {
        (self.bits(purpose, key, at) >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Standard normal (Box and Muller 1958).
    #[must_use]
    pub fn normal(self, purpose: Purpose, key: u64, at: Tick) -> f64 {
        let u = 1.0 - self.uniform(purpose, key, at);
        let v = self.derive(0x6E6F_726D).uniform(purpose, key, at);
        libm::sqrt(-2.0 * libm::log(u)) * libm::cos(2.0 * core::f64::consts::PI * v)
    }

    /// Log-normal with median 1 and the given σ of the logarithm.
    #[must_use]
    pub fn log_normal(self, sigma: f64, purpose: Purpose, key: u64, at: Tick) -> f64 {
        libm::exp(sigma * self.normal(purpose, key, at))
    }
}

/// The stable key of a pod for draws: its workload and its ordinal in it, never a name.
#[must_use]
pub fn pod_key(objects: &Objects, pod: PodId) -> u64 {
    let row = &objects.pods[pod.index()];
    (u64::from(row.workload.0) << 32) | u64::from(row.ordinal)
}
