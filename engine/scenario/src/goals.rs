//! Objectives: as stated, or by the rule.

use crate::format::{ObjectiveWords, Objectives, Spec, WINDOW};
use crate::resolve::Named;
use aegis_model::{LatencyTarget, Objective, Objects, Seconds, ServiceId};

/// Availability where a scenario states no objective.
pub const AVAILABILITY: f64 = 0.99;
/// By how much the 99th percentile may exceed its own baseline where none is stated.
pub const STRETCH: f64 = 3.0;
/// Share of requests of the default latency target.
const SHARE: f64 = 0.99;

/// The objectives of a run.
///
/// `baseline` gives the 99th percentile of an entry in the settled past, s; `None`
/// where it was not measured: then the default has no latency target. It is asked
/// for default objectives alone.
#[must_use]
pub fn objectives(
    spec: &Spec,
    objects: &Objects,
    baseline: &dyn Fn(ServiceId) -> Option<Seconds>,
) -> Vec<Objective> {
    match &spec.objectives {
        Objectives::Stated(list) => list
            .iter()
            .filter_map(|words| stated(words, objects))
            .collect(),
        Objectives::Default => entries(spec, objects)
            .into_iter()
            .map(|entry| by_rule(entry, baseline(entry)))
            .collect(),
    }
}

/// The Services that users send requests to, once each, in order.
#[must_use]
pub fn entries(spec: &Spec, objects: &Objects) -> Vec<ServiceId> {
    let mut entries = Vec::new();
    for traffic in &spec.traffic {
        if let Some(service) = Named(objects)
            .service(&traffic.to)
            .filter(|service| !entries.contains(service))
        {
            entries.push(service);
        }
    }
    entries
}

fn stated(words: &ObjectiveWords, objects: &Objects) -> Option<Objective> {
    let latency = words.latency.iter().next().and_then(|(name, below)| {
        Some(LatencyTarget {
            share: quantile(name)?,
            below: below.0,
        })
    });
    Some(Objective {
        service: Named(objects).service(&words.service)?,
        availability: words.availability.0,
        latency,
        window: words.window.whole(),
    })
}

/// `p99` is 0.99.
fn quantile(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p')?;
    digits.parse::<f64>().ok().map(|percent| percent / 100.0)
}

fn by_rule(service: ServiceId, baseline: Option<Seconds>) -> Objective {
    Objective {
        service,
        availability: AVAILABILITY,
        latency: baseline.map(|p99| LatencyTarget {
            share: SHARE,
            below: STRETCH * p99,
        }),
        window: WINDOW.whole(),
    }
}
