//! How the workloads of a world behave: guessed from the manifests, made the
//! world's own by hidden factors, and set where a scenario says more.

use crate::format::{CallWords, Gap, ServiceWords, Spec};
use crate::resolve::Named;
use aegis_model::behaviour::{Balance, Cancels, Need};
use aegis_model::{Behaviour, Call, CallMode, Objects, Quantity};
use aegis_sim::infer::{Inferred, Pick};
use aegis_sim::{Draws, Purpose};

/// Time-out of a call that a scenario states without one, s: that of the outside.
const TIMEOUT: f64 = 30.0;
/// Back-off of a call that a scenario states without one, s.
const BACKOFF: f64 = 0.1;
/// Round trip within a zone where a scenario states none, s.
const ROUND_TRIP: f64 = 0.0005;

/// The true behaviour of each workload, by id. Gap `none` takes every guess at its
/// median; the others draw each from its prior. Words of the scenario are taken as they are.
#[must_use]
pub fn behaviours(
    objects: &Objects,
    inferred: &Inferred,
    spec: &Spec,
    draws: Draws,
) -> Vec<Option<Behaviour>> {
    let pick = match spec.physics.gap {
        Gap::None => Pick::Median,
        Gap::Medium | Gap::Large => Pick::Drawn(draws, Purpose::Hidden),
    };
    with_words(inferred.pick(pick), objects, spec)
}

/// The behaviour that a reader of the scenario would expect: guesses at their medians, words as they are.
#[must_use]
pub fn stated(objects: &Objects, inferred: &Inferred, spec: &Spec) -> Vec<Option<Behaviour>> {
    with_words(inferred.median(), objects, spec)
}

fn with_words(
    mut behaviours: Vec<Option<Behaviour>>,
    objects: &Objects,
    spec: &Spec,
) -> Vec<Option<Behaviour>> {
    for words in &spec.services {
        let place = Named(objects)
            .serving(&words.name)
            .and_then(|id| behaviours.get_mut(id.index()));
        if let Some(Some(behaviour)) = place {
            override_with(behaviour, words, objects);
        }
    }
    behaviours
}

fn override_with(behaviour: &mut Behaviour, words: &ServiceWords, objects: &Objects) {
    let seconds = [
        (words.cpu_per_request, &mut behaviour.cpu_per_request),
        (words.latency, &mut behaviour.latency),
        (words.startup, &mut behaviour.startup),
        (words.warmup, &mut behaviour.warmup),
    ];
    for (stated, value) in seconds {
        *value = stated.map_or(*value, |length| length.0);
    }
    for (stated, value) in [
        (words.workers, &mut behaviour.workers),
        (words.queue, &mut behaviour.queue),
        (words.cpu_slots, &mut behaviour.slots),
    ] {
        *value = stated.unwrap_or(*value);
    }
    for (stated, value) in [
        (words.cv2, &mut behaviour.service_cv2),
        (words.cold_factor, &mut behaviour.cold_factor),
        (
            words.error_share.map(|share| share.0),
            &mut behaviour.error_share,
        ),
        (
            words.cpu_idle.map(|cpu| cpu.millicores().cores()),
            &mut behaviour.cpu_idle,
        ),
    ] {
        *value = stated.unwrap_or(*value);
    }
    for (stated, value) in [
        (words.memory.base, &mut behaviour.memory_base),
        (words.memory.per_request, &mut behaviour.memory_per_request),
    ] {
        *value = stated.map_or(*value, Quantity::bytes);
    }
    if let Some(calls) = &words.calls {
        behaviour.calls = calls
            .iter()
            .map(|call| call_of(call, &behaviour.calls, objects))
            .collect();
    }
}

/// A stated call: what it does not say stays as guessed for that edge, or is assumed.
fn call_of(words: &CallWords, guessed: &[Call], objects: &Objects) -> Call {
    let to = Named(objects).service(&words.to);
    let known = guessed
        .iter()
        .find(|call| call.to.is_some() && call.to == to);
    let base = known.cloned().unwrap_or_else(|| assumed(to));
    Call {
        port: words.port.unwrap_or(base.port),
        ratio: words.ratio.unwrap_or(1.0),
        mode: words.mode.unwrap_or(base.mode),
        timeout: words.timeout.map_or(base.timeout, |length| length.0),
        retries: words.retries.unwrap_or(base.retries),
        backoff: words
            .backoff
            .map_or(base.backoff, |length| length.0.max(0.01)),
        retry_budget: words
            .retry_budget
            .map(|share| share.0)
            .or(base.retry_budget),
        breaker: words.breaker.map(|share| share.0).or(base.breaker),
        cancels: words.cancels.map_or(
            base.cancels,
            |yes| if yes { Cancels::Yes } else { Cancels::No },
        ),
        balance: words.balance.unwrap_or(base.balance),
        need: need(words, base.need),
        round_trip: words.round_trip.map_or(base.round_trip, |length| length.0),
        ..base
    }
}

const fn need(words: &CallWords, guessed: Need) -> Need {
    match (words.nobody_waits, words.optional) {
        (true, _) => Need::Async,
        (false, true) => Need::Optional,
        (false, false) => guessed,
    }
}

const fn assumed(to: Option<aegis_model::ServiceId>) -> Call {
    Call {
        to,
        host: None,
        port: 0,
        ratio: 1.0,
        mode: CallMode::Sequence,
        timeout: TIMEOUT,
        retries: 0,
        backoff: BACKOFF,
        retry_budget: None,
        breaker: None,
        cancels: Cancels::No,
        balance: Balance::Request,
        need: Need::Required,
        round_trip: ROUND_TRIP,
    }
}
