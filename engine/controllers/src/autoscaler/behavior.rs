//! What tames a recommendation: windows, rates, bounds.
//!
//! Source: horizontal.go `normalizeDesiredReplicas`, `normalizeDesiredReplicasWithBehaviors`.

use super::{Desk, say};
use aegis_cluster::cluster::Cluster;
use aegis_model::Tick;
use aegis_model::kubernetes::{ScalingBehavior, ScalingPolicy, ScalingRules};
use aegis_model::objects::ConditionStatus;
use alloc::vec::Vec;

/// Seconds over which the highest recommendation counts before pods are removed.
const DOWNSCALE_WINDOW: u32 = 300;
/// Longest window that the API server accepts; what is older is forgotten.
const LONGEST_WINDOW: u32 = 3600;
/// Longest period of a policy.
const LONGEST_PERIOD: u32 = 1800;
const HIGHEST: &str = "recent recommendations were higher than current one, applying the highest recent recommendation";
const LOWEST: &str =
    "recent recommendations were lower than current one, applying the lowest recent recommendation";
const TOO_FAST_UP: &str =
    "the desired replica count is increasing faster than the maximum scale rate";
const TOO_FAST_DOWN: &str =
    "the desired replica count is decreasing faster than the maximum scale rate";
const TOO_MANY: &str = "the desired replica count is more than the maximum replica count";
const TOO_FEW: &str = "the desired replica count is less than the minimum replica count";

/// A recommendation after a rule, with the rule's name and words.
struct Ruled {
    replicas: u32,
    reason: &'static str,
    message: &'static str,
}

impl Ruled {
    const fn new(replicas: u32, reason: &'static str, message: &'static str) -> Self {
        Self {
            replicas,
            reason,
            message,
        }
    }

    const fn within(replicas: u32) -> Self {
        let message = "the desired count is within the acceptable range";
        Self::new(replicas, "DesiredWithinRange", message)
    }
}

/// Remembers the size at the first sync as the first recommendation: nothing shrinks right away.
pub(super) fn record_first<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    let now = cluster.clock;
    let control = &mut cluster.workings.control.autoscalers[desk.id.index()];
    if control.recommendations.is_empty() {
        control.recommendations.push((now, desk.current));
    }
}

/// The number of pods after windows, rates and bounds; conditions say what limited it.
pub(super) fn normalise<P>(cluster: &mut Cluster<P>, desk: &Desk, wanted: u32) -> u32 {
    let behavior = desk.spec.behavior.as_ref().map(Rules::of);
    let stable = match &behavior {
        None => stabilise(cluster, desk, wanted),
        Some(rules) => rules.stabilise(cluster, desk, wanted),
    };
    remember(cluster, desk, wanted);
    let (reason, message) = if stable.replicas == wanted {
        ("ReadyForNewScale", "recommended size matches current size")
    } else {
        (stable.reason, stable.message)
    };
    let status = ConditionStatus::True;
    say(cluster, desk.id, "AbleToScale", status, reason, message);
    let limited = match &behavior {
        None => limit(desk, stable.replicas),
        Some(rules) => rules.limit(cluster, desk, stable.replicas),
    };
    let status = ConditionStatus::from(limited.replicas != stable.replicas);
    say(
        cluster,
        desk.id,
        "ScalingLimited",
        status,
        limited.reason,
        limited.message,
    );
    limited.replicas
}

fn remember<P>(cluster: &mut Cluster<P>, desk: &Desk, wanted: u32) {
    let now = cluster.clock;
    let control = &mut cluster.workings.control.autoscalers[desk.id.index()];
    control
        .recommendations
        .retain(|(at, _)| now.elapsed(*at) <= LONGEST_WINDOW);
    control.recommendations.push((now, wanted));
}

fn recommendations<P>(cluster: &Cluster<P>, desk: &Desk) -> Vec<(Tick, u32)> {
    let control = &cluster.workings.control.autoscalers[desk.id.index()];
    control.recommendations.clone()
}

/// Without `behavior`: the highest of the last five minutes.
fn stabilise<P>(cluster: &Cluster<P>, desk: &Desk, wanted: u32) -> Ruled {
    let now = cluster.clock;
    let recent = recommendations(cluster, desk)
        .into_iter()
        .filter(|(at, _)| now.elapsed(*at) <= DOWNSCALE_WINDOW);
    let highest = recent.map(|(_, size)| size).max().unwrap_or(0).max(wanted);
    Ruled::new(highest, "ScaleDownStabilized", HIGHEST)
}

/// Without `behavior`: at most twice the size, or 4.
fn limit(desk: &Desk, wanted: u32) -> Ruled {
    let (min, max) = (desk.min, desk.spec.max_replicas);
    let rate = (2 * desk.current).max(4);
    let most = if max > rate {
        Ruled::new(rate, "ScaleUpLimit", TOO_FAST_UP)
    } else {
        Ruled::new(max, "TooManyReplicas", TOO_MANY)
    };
    if wanted < min {
        Ruled::new(min, "TooFewReplicas", TOO_FEW)
    } else if wanted > most.replicas {
        most
    } else {
        Ruled::within(wanted)
    }
}

/// `behavior` with its defaults.
struct Rules {
    up: Direction,
    down: Direction,
}

/// Rules of one direction.
struct Direction {
    window: u32,
    select: Select,
    policies: Vec<ScalingPolicy>,
}

/// `selectPolicy`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Select {
    /// The policy that allows the largest change.
    Max,
    /// The policy that allows the smallest.
    Min,
    /// No change in this direction.
    Disabled,
}

fn policy(kind: &str, value: u32) -> ScalingPolicy {
    ScalingPolicy {
        kind: kind.into(),
        value,
        period_seconds: 15,
    }
}

impl Rules {
    /// Source: pkg/apis/autoscaling/v2/defaults.go.
    fn of(given: &ScalingBehavior) -> Self {
        let up = Vec::from([policy("Pods", 4), policy("Percent", 100)]);
        let down = Vec::from([policy("Percent", 100)]);
        Self {
            up: Direction::of(given.scale_up.as_ref(), 0, up),
            down: Direction::of(given.scale_down.as_ref(), DOWNSCALE_WINDOW, down),
        }
    }

    fn stabilise<P>(&self, cluster: &Cluster<P>, desk: &Desk, wanted: u32) -> Ruled {
        let now = cluster.clock;
        let (mut lowest, mut highest) = (wanted, wanted);
        for (at, size) in recommendations(cluster, desk) {
            let age = now.elapsed(at);
            if age < self.up.window {
                lowest = lowest.min(size);
            }
            if age < self.down.window {
                highest = highest.max(size);
            }
        }
        let replicas = desk.current.max(lowest).min(highest);
        if wanted >= desk.current {
            Ruled::new(replicas, "ScaleUpStabilized", LOWEST)
        } else {
            Ruled::new(replicas, "ScaleDownStabilized", HIGHEST)
        }
    }

    fn limit<P>(&self, cluster: &Cluster<P>, desk: &Desk, wanted: u32) -> Ruled {
        if wanted > desk.current {
            let rate = self.up.most(cluster, desk).max(desk.current);
            let most = if desk.spec.max_replicas > rate {
                Ruled::new(rate, "ScaleUpLimit", TOO_FAST_UP)
            } else {
                Ruled::new(desk.spec.max_replicas, "TooManyReplicas", TOO_MANY)
            };
            if wanted > most.replicas {
                return most;
            }
        }
        if wanted < desk.current {
            let rate = self.down.fewest(cluster, desk).min(desk.current);
            let fewest = if desk.min < rate {
                Ruled::new(rate, "ScaleDownLimit", TOO_FAST_DOWN)
            } else {
                Ruled::new(desk.min, "TooFewReplicas", TOO_FEW)
            };
            if wanted < fewest.replicas {
                return fewest;
            }
        }
        Ruled::within(wanted)
    }
}

impl Direction {
    fn of(given: Option<&ScalingRules>, window: u32, policies: Vec<ScalingPolicy>) -> Self {
        let Some(given) = given else {
            return Self {
                window,
                select: Select::Max,
                policies,
            };
        };
        Self {
            window: given.stabilization_window_seconds.unwrap_or(window),
            select: match given.select_policy.as_deref() {
                Some("Min") => Select::Min,
                Some("Disabled") => Select::Disabled,
                _ => Select::Max,
            },
            policies: if given.policies.is_empty() {
                policies
            } else {
                given.policies.clone()
            },
        }
    }

    /// The most pods that the rates allow.
    fn most<P>(&self, cluster: &Cluster<P>, desk: &Desk) -> u32 {
        let proposals = self.policies.iter().map(|policy| {
            let start = start_of(cluster, desk, policy.period_seconds);
            match policy.kind.as_str() {
                "Pods" => start + i64::from(policy.value),
                _ => {
                    let factor = 1.0 + f64::from(policy.value) / 100.0;
                    libm::ceil(start as f64 * factor) as i64
                }
            }
        });
        let most = match self.select {
            Select::Max => proposals.max(),
            Select::Min => proposals.min(),
            Select::Disabled => None,
        };
        most.map_or(desk.current, |size| u32::try_from(size).unwrap_or(0))
    }

    /// The fewest pods that the rates allow.
    fn fewest<P>(&self, cluster: &Cluster<P>, desk: &Desk) -> u32 {
        let proposals = self.policies.iter().map(|policy| {
            let start = start_of(cluster, desk, policy.period_seconds);
            match policy.kind.as_str() {
                "Pods" => start - i64::from(policy.value),
                _ => {
                    let factor = 1.0 - f64::from(policy.value) / 100.0;
                    (start as f64 * factor) as i64
                }
            }
        });
        let fewest = match self.select {
            Select::Max => proposals.min(),
            Select::Min => proposals.max(),
            Select::Disabled => None,
        };
        fewest.map_or(desk.current, |size| u32::try_from(size).unwrap_or(0))
    }
}

/// The size at the start of a period that ends now.
fn start_of<P>(cluster: &Cluster<P>, desk: &Desk, period: u32) -> i64 {
    let now = cluster.clock;
    let control = &cluster.workings.control.autoscalers[desk.id.index()];
    let changed = |events: &[(Tick, u32)]| -> i64 {
        let recent = events.iter().filter(|(at, _)| now.elapsed(*at) < period);
        recent.map(|(_, by)| i64::from(*by)).sum()
    };
    i64::from(desk.current) - changed(&control.ups) + changed(&control.downs)
}

/// Remembers a scaling for the rates; without `behavior` there are none.
pub(super) fn record_scaling<P>(cluster: &mut Cluster<P>, desk: &Desk, size: u32) {
    if desk.spec.behavior.is_none() {
        return;
    }
    let now = cluster.clock;
    let control = &mut cluster.workings.control.autoscalers[desk.id.index()];
    let events = if size > desk.current {
        &mut control.ups
    } else {
        &mut control.downs
    };
    events.retain(|(at, _)| now.elapsed(*at) <= LONGEST_PERIOD);
    events.push((now, size.abs_diff(desk.current)));
}
