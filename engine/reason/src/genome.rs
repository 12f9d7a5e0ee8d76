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
    slow_burn "detect.slow_burn" = 1.2 in 1.0..=10.0, "Burn rate of both slow windows that opens a ticket.";
    deviation "detect.deviation" = 5.0 in 2.0..=12.0, "Healthy standard deviations beyond which a series is a symptom.";
    prior_unknown "diagnose.prior_unknown" = 0.05 in 0.001..=0.5, "Prior of a cause that is in no catalogue.";
    prior_none "diagnose.prior_none" = 0.1 in 0.001..=0.5, "Prior of no fault at all.";
    model_gap "diagnose.model_gap" = 0.1 in 0.01..=1.0, "Least standard deviation of model against world, in log units.";
    budget "diagnose.budget" = 4_000_000.0 in 1_000.0..=1_000_000_000.0, "Simulated work of one diagnosis at most, service-ticks.";
    class_nats "diagnose.class_nats" = 1.0 in 0.1..=5.0, "Hypotheses within so many nats are one class.";
    refute_nats "reflect.refute_nats" = 5.0 in 1.0..=20.0, "A hypothesis so many nats below the best rival may be refuted.";
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
