//! Random numbers: a hash of a seed and a counter.

/// A stream of draws. Equal seeds give equal streams.
#[derive(Debug, Clone)]
pub(crate) struct Draw {
    seed: u64,
    count: u64,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self {
            seed: mix(seed ^ 0x5851_f42d_4c95_7f2d),
            count: 0,
        }
    }

    /// Uniform in 0..1, never 0.
    pub fn uniform(&mut self) -> f64 {
        self.count += 1;
        let bits = mix(self
            .seed
            .wrapping_add(self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(self.uniform())
    }

    /// A positive value with this mean and squared coefficient of variation: shifted
    /// exponential up to 1, two phases with balanced means above.
    pub fn spread(&mut self, mean: f64, cv2: f64) -> f64 {
        if cv2 <= 1.0 {
            let part = libm::sqrt(cv2);
            return mean * (1.0 - part) + self.exponential(mean * part);
        }
        let slow = 0.5 * (1.0 - libm::sqrt((cv2 - 1.0) / (cv2 + 1.0)));
        let share = if self.chance(slow) { slow } else { 1.0 - slow };
        self.exponential(mean / (2.0 * share))
    }

    /// A whole number with this mean, one of its two neighbours.
    pub fn whole(&mut self, mean: f64) -> u32 {
        let floor = mean as u32;
        floor + u32::from(self.chance(mean - f64::from(floor)))
    }
}

/// The finaliser of splitmix64.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
