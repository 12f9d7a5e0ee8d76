//! How candidates compare: a posterior over causes, from their priors, what was seen, and what of
//! the symptoms each explains. Symptoms that a cause leaves unexplained count for another.

use crate::candidate::{Candidate, Wants};
use crate::estate::Estate;
use crate::symptoms::{Picture, Symptom};
use std::collections::BTreeSet;

/// A symptom at the cause's own object, in nats: with the cause it is there, without it 1 in 3.
const OWN: f64 = 1.0;
/// A symptom at a caller: many causes have it.
const CALLER: f64 = 0.4;
/// Symptoms of a kind that count: they hang together, so more of them say no more.
const COUNTED: usize = 3;
/// A cause that explains nothing that is wrong: old events, odd policies, cordoned nodes.
const IDLE: f64 = -4.0;
/// `unknown`: what a cause must beat, prior and all. One field that cannot work and one symptom do.
const UNKNOWN: f64 = 1.0;
/// No cause is surer than this.
const SUREST: f64 = 0.99;

/// A candidate with its place.
#[derive(Debug)]
pub struct Weighed {
    /// The candidate.
    pub candidate: Candidate,
    /// Prior and evidence, in nats.
    pub nats: f64,
    /// Its probability, 0..=0.99.
    pub confidence: f64,
    /// Symptoms that it explains itself, then at callers.
    pub explains: (usize, usize),
}

/// Orders candidates, most probable first; `unknown` takes its share and is not listed.
#[must_use]
pub fn weigh(candidates: Vec<Candidate>, estate: &Estate<'_>, picture: &Picture) -> Vec<Weighed> {
    let mut weighed: Vec<Weighed> = candidates
        .into_iter()
        .map(|candidate| weighed(candidate, estate, picture))
        .collect();
    weighed.sort_by(|one, other| {
        let by_place = || {
            (one.candidate.cause.id, &one.candidate.object)
                .cmp(&(other.candidate.cause.id, &other.candidate.object))
        };
        other.nats.total_cmp(&one.nats).then_with(by_place)
    });
    let mut known = BTreeSet::new();
    weighed.retain(|one| known.insert((one.candidate.cause.id, one.candidate.object.clone())));
    share(&mut weighed);
    weighed
}

fn weighed(candidate: Candidate, estate: &Estate<'_>, picture: &Picture) -> Weighed {
    let explains = explained(&candidate, estate, picture);
    let alone = candidate.wants == Wants::Nothing
        || candidate.hurts.is_empty()
            && candidate.services.is_empty()
            && candidate.nodes.is_empty();
    let (own, callers) = (explains.0.min(COUNTED), explains.1.min(COUNTED));
    let idle = if explains == (0, 0) && !alone {
        IDLE
    } else {
        0.0
    };
    let nats = libm::log(candidate.cause.prior)
        + candidate.nats
        + OWN * count(own)
        + CALLER * count(callers)
        + idle;
    Weighed {
        candidate,
        nats,
        confidence: 0.0,
        explains,
    }
}

#[expect(clippy::cast_precision_loss, reason = "three at most")]
fn count(of: usize) -> f64 {
    of as f64
}

fn explained(candidate: &Candidate, estate: &Estate<'_>, picture: &Picture) -> (usize, usize) {
    let mut services: BTreeSet<&str> = candidate.services.iter().map(String::as_str).collect();
    let mut upstream = BTreeSet::new();
    for at in &candidate.hurts {
        services.extend(estate.services_of(*at).iter().map(|service| service.name));
        upstream.extend(picture.upstream(*at).into_keys());
    }
    let hurt = |at: &usize| candidate.hurts.contains(at);
    let mut found = (0, 0);
    for symptom in &picture.symptoms {
        let (own, near) = match symptom {
            Symptom::Down(at) | Symptom::Alerts(at) => (hurt(at), upstream.contains(at)),
            Symptom::NoEndpoints(service) | Symptom::Unreachable(service) => {
                (services.contains(service.as_str()), false)
            }
            Symptom::Complains { from, of } => (hurt(of), hurt(from) || upstream.contains(of)),
            Symptom::Misses { from, service } => (services.contains(service.as_str()), hurt(from)),
            Symptom::NodeDown(node) | Symptom::CutOff(node) => {
                (candidate.nodes.contains(node), false)
            }
        };
        found.0 += usize::from(own);
        found.1 += usize::from(near && !own);
    }
    found
}

fn share(weighed: &mut [Weighed]) {
    let most = weighed.iter().map(|one| one.nats).fold(UNKNOWN, f64::max);
    let weight = |nats: f64| libm::exp(nats - most);
    let total: f64 = weight(UNKNOWN) + weighed.iter().map(|one| weight(one.nats)).sum::<f64>();
    for one in weighed {
        one.confidence = (weight(one.nats) / total).min(SUREST);
    }
}

/// Whether a candidate is more probable than `unknown`.
#[must_use]
pub fn beats_unknown(one: &Weighed) -> bool {
    one.nats > UNKNOWN
}
