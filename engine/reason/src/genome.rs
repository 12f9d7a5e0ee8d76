//! Every numeric parameter of the engine, by name, with its range and meaning.
//!
//! Values are those of the design's reviewed starting point unless a decision
//! record says otherwise.

use smol_str::SmolStr;

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gene {
    /// Name, `part.parameter`.
    pub name: &'static str,
    /// Value where nothing else is said.
    pub default: f64,
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// What it does.
    pub meaning: &'static str,
}

macro_rules! genes {
    ($($field:ident $name:literal = $default:literal in $low:literal ..= $high:literal, $meaning:literal;)*) => {
        /// All parameters, in order of the steps that read them.
        pub const GENES: &[Gene] = &[$(Gene { name: $name, default: $default, low: $low, high: $high, meaning: $meaning },)*];

        /// The parameters' values.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Genome {
            $(#[doc = $meaning] pub $field: f64,)*
        }

        impl Default for Genome {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Genome {
            /// Name and value of each parameter.
            #[must_use]
            pub fn to_pairs(&self) -> Vec<(SmolStr, f64)> {
                vec![$((SmolStr::new_static($name), self.$field),)*]
            }

            /// Values by name, clamped to their ranges; names that are not known change nothing.
            #[must_use]
            pub fn from_pairs(pairs: &[(SmolStr, f64)]) -> Self {
                let mut genome = Self::default();
                for (name, value) in pairs {
                    match name.as_str() {
                        $($name => genome.$field = value.clamp($low, $high),)*
                        _ => {}
                    }
                }
                genome
            }
        }
    };
}
genes! {
    fast_burn "detect.fast_burn" = 2.0 in 1.0..=20.0, "Burn rate of both fast windows that pages.";
    slow_burn "detect.slow_burn" = 1.05 in 1.0..=10.0, "Burn rate of both slow windows that opens a ticket.";
    deviation "detect.deviation" = 5.0 in 2.0..=12.0, "Healthy standard deviations beyond which a series is a symptom.";
    prior_unknown "diagnose.prior_unknown" = 0.05 in 0.001..=0.5, "Prior of a cause that is in no catalogue.";
    prior_none "diagnose.prior_none" = 0.1 in 0.001..=0.5, "Prior of no fault at all.";
    model_gap "diagnose.model_gap" = 0.1 in 0.01..=1.0, "Least standard deviation of model against world, in log units.";
    budget "diagnose.budget" = 4_000_000.0 in 1_000.0..=1_000_000_000.0, "Simulated work of one diagnosis at most, service-ticks.";
    right_0 "diagnose.right_0" = 0.0 in 0.0..=1.0, "Share of leaders that are right where the posterior is near 0.";
    right_40 "diagnose.right_40" = 0.4 in 0.0..=1.0, "The same where it is 0.4.";
    right_60 "diagnose.right_60" = 0.6 in 0.0..=1.0, "The same where it is 0.6.";
    right_80 "diagnose.right_80" = 0.8 in 0.0..=1.0, "The same where it is 0.8.";
    right_90 "diagnose.right_90" = 0.9 in 0.0..=1.0, "The same where it is 0.9.";
    right_97 "diagnose.right_97" = 0.97 in 0.0..=1.0, "The same where it is 0.97.";
    right_100 "diagnose.right_100" = 1.0 in 0.0..=1.0, "The same where it is 1.";
    class_nats "diagnose.class_nats" = 1.0 in 0.1..=5.0, "Hypotheses within so many nats are one class.";
    refute_nats "reflect.refute_nats" = 2.0 in 0.5..=20.0, "A hypothesis so many nats below the best rival may be refuted.";
    lambda_up "risk.lambda_up" = 0.6 in 0.1..=1.0, "Decay of risk per hop against calls.";
    lambda_down "risk.lambda_down" = 0.3 in 0.0..=1.0, "Decay of risk per hop along calls.";
    knowledge_decay "risk.knowledge_decay" = 0.2 in 0.0..=0.9, "How fast unchecked steps lose what is known.";
    weight_worst "shadow.weight_worst" = 0.6 in 0.0..=1.0, "Weight of the worst future in resilience.";
    chance_follows "shadow.chance_follows" = 0.2 in 0.0..=1.0, "Chance that a further fault follows within the horizon.";
    weight_stability "select.stability" = 0.45 in 0.0..=1.0, "Weight of stability.";
    weight_cost "select.cost" = 0.10 in 0.0..=1.0, "Weight of low cost.";
    weight_resilience "select.resilience" = 0.30 in 0.0..=1.0, "Weight of resilience.";
    weight_risk "select.risk" = 0.15 in 0.0..=1.0, "Weight of low risk.";
    margin "select.margin" = 0.01 in 0.0..=0.2, "Least gain over waiting.";
    margin_risk "select.margin_risk" = 0.5 in 0.0..=2.0, "Gain demanded per unit of risk.";
    margin_cost "select.margin_cost" = 0.2 in 0.0..=2.0, "Gain demanded per unit of cost.";
    tie "select.tie" = 0.01 in 0.0..=0.1, "Scores so near the best are ties.";
}

impl Genome {
    /// Confidence that a posterior share deserves, 0..=1: a monotone map, linear between its knots, which is learnt
    /// from how often leaders were right (isotonic regression over learning seeds, docs/diagnosis.md).
    #[must_use]
    pub fn confidence(&self, posterior: f64) -> f64 {
        let knots = [
            (0.0, self.right_0),
            (0.4, self.right_40),
            (0.6, self.right_60),
            (0.8, self.right_80),
            (0.9, self.right_90),
            (0.97, self.right_97),
            (1.0, self.right_100),
        ];
        let (mut below, mut right) = knots[0];
        for (at, value) in knots {
            let value = value.max(right);
            if posterior < at {
                let part = (posterior - below) / (at - below);
                return right + part * (value - right);
            }
            (below, right) = (at, value);
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_never_falls_while_the_posterior_rises() {
        let wild = Genome {
            right_0: 0.1,
            right_60: 0.2,
            right_80: 0.9,
            ..Genome::default()
        };
        for genome in [Genome::default(), wild] {
            let shares = (0..=100).map(|share| genome.confidence(f64::from(share) / 100.0));
            let all: Vec<f64> = shares.collect();
            assert!(all.windows(2).all(|pair| pair[0] <= pair[1]), "{all:?}");
            assert!(all.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }
}
