//! What is slow, and where it begins: series before and after, along the call graph.
//!
//! A delay of a pod's packets moves the median of all its answers; a busy callee moves it as well,
//! so the one with no slow callee of its own is where it begins. CPU tells the two apart.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Doubts, Fits, Hints, Proven, Said},
};
use aegis_model::bundle::MetricSeries;
use std::collections::{BTreeMap, BTreeSet};

/// How a measure moved: its level at first, and its high level later.
#[derive(Debug, Clone, Copy)]
struct Move {
    before: f64,
    after: f64,
}

/// The measures of a subject.
#[derive(Debug, Default, Clone, Copy)]
struct Moves {
    median: Option<Move>,
    tail: Option<Move>,
    cpu: Option<Move>,
    throttled: Option<Move>,
    retransmits: Option<Move>,
}

/// Share of the window that counts as before. Bundles begin in health, if only just.
const BEFORE: f64 = 0.2;
/// Quantile of what came later that counts as its high level: an incident may be a part of it.
const HIGH: f64 = 0.8;
/// From this ratio of medians on, in nats, a service is slow: 1.4 times.
const SLOW: f64 = 0.35;
/// Milliseconds added to both sides: below that nobody notices.
const MILLISECONDS: f64 = 5.0;
/// CPU and throttling together, in nats, from which a pod is overloaded: fifty times.
const BUSY: f64 = 4.0;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let moves = gather(&case.estate.bundle.series);
    let workloads: BTreeMap<usize, Moves> = moves
        .iter()
        .filter_map(|(subject, moves)| Some((case.estate.meant_by(subject)?, *moves)))
        .collect();
    let mut found: Vec<Candidate> = workloads
        .iter()
        .filter_map(|(at, moves)| busy(case, *at, moves))
        .collect();
    let overloaded: BTreeSet<usize> = found
        .iter()
        .flat_map(|candidate| candidate.hurts.clone())
        .collect();
    let slow: BTreeMap<usize, f64> = workloads
        .iter()
        .filter_map(|(at, moves)| Some((*at, slowness(moves)?)))
        .collect();
    let slowed = slow.iter().filter_map(|(at, size)| {
        let callees = case.picture.callees(*at);
        let explained = callees
            .iter()
            .any(|callee| explains(&workloads, *at, *callee, &slow) || overloaded.contains(callee));
        delayed(
            case,
            *at,
            *size,
            &workloads[at],
            explained,
            overloaded.contains(at),
        )
    });
    found.extend(slowed);
    found.extend(by_node(case, &moves, &slow));
    found
}

fn gather(series: &[MetricSeries]) -> BTreeMap<&str, Moves> {
    let mut found: BTreeMap<&str, Moves> = BTreeMap::new();
    for one in series.iter().filter(|one| !one.subject.is_empty()) {
        let measure = one.measure.to_ascii_lowercase();
        let moves = found.entry(&one.subject).or_default();
        let latency = ["latency", "duration", "response_time"]
            .iter()
            .any(|word| measure.contains(word));
        let place = match measure.as_str() {
            _ if latency && measure.contains("50") => &mut moves.median,
            _ if latency && ["90", "95", "99"].iter().any(|rank| measure.contains(rank)) => {
                &mut moves.tail
            }
            name if name.contains("cfs") || name.contains("throttl") => &mut moves.throttled,
            name if name.contains("retran") => &mut moves.retransmits,
            name if name.contains("cpu") => &mut moves.cpu,
            _ => continue,
        };
        *place = moved(&one.samples, latency);
    }
    found
}

/// How a series moved; nothing if there are too few samples. A latency of 0 is no answer at all.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a length"
)]
fn moved(samples: &[f64], latency: bool) -> Option<Move> {
    let cut = ((samples.len() as f64 * BEFORE) as usize)
        .max(3)
        .min(samples.len());
    let clean = |part: &[f64]| {
        let mut part: Vec<f64> = part
            .iter()
            .copied()
            .filter(|one| one.is_finite() && (!latency || *one > 0.0))
            .collect();
        part.sort_by(f64::total_cmp);
        part
    };
    let (early, late) = (clean(&samples[..cut]), clean(&samples[cut..]));
    if early.len() < 2 || late.len() < 3 {
        return None;
    }
    let high = ((late.len() as f64 * HIGH) as usize).min(late.len() - 1);
    Some(Move {
        before: early[early.len() / 2],
        after: late[high],
    })
}

fn ratio(one: Option<Move>, floor: f64) -> f64 {
    one.map_or(0.0, |one| {
        libm::log((one.after + floor) / (one.before + floor))
    })
}

fn slowness(moves: &Moves) -> Option<f64> {
    let median = ratio(moves.median, MILLISECONDS);
    (median > SLOW).then(|| median + 0.2 * ratio(moves.tail, MILLISECONDS))
}

fn rise(moves: &Moves) -> f64 {
    moves
        .median
        .map_or(0.0, |median| (median.after - median.before).max(0.0))
}

/// Whether a callee is slow enough to account for a part of its caller's delay.
fn explains(
    workloads: &BTreeMap<usize, Moves>,
    caller: usize,
    callee: usize,
    slow: &BTreeMap<usize, f64>,
) -> bool {
    let (Some(mine), Some(theirs)) = (workloads.get(&caller), workloads.get(&callee)) else {
        return false;
    };
    slow.contains_key(&callee) && rise(theirs) >= 0.2 * rise(mine)
}

fn busy(case: &Case<'_>, at: usize, moves: &Moves) -> Option<Candidate> {
    let size = ratio(moves.cpu, 0.005) + ratio(moves.throttled, 0.02);
    let (cpu, throttled) = (moves.cpu?, moves.throttled);
    let held = throttled.is_some_and(|one| one.after > 0.1);
    if size < BUSY || !(held || cpu.after > 10.0 * cpu.before.max(0.01)) {
        return None;
    }
    let words = format!("CPU from {:.3} to {:.3} cores", cpu.before, cpu.after);
    let reference = case.estate.workloads[at].object.reference();
    let candidate = Candidate::at_workload("cpu_overload", &case.estate, at)?
        .field("spec.template.spec.containers[].resources.limits.cpu")
        .seen(Proven, "metric", reference.clone(), words);
    Some(match throttled {
        Some(one) if held => candidate.seen(
            Said,
            "metric",
            reference,
            format!(
                "throttled {:.2} s a second, before {:.2}",
                one.after, one.before
            ),
        ),
        _ => candidate.seen(Fits, "metric", reference, "far above its level before"),
    })
}

fn delayed(
    case: &Case<'_>,
    at: usize,
    size: f64,
    moves: &Moves,
    explained: bool,
    overloaded: bool,
) -> Option<Candidate> {
    let reference = case.estate.workloads[at].object.reference();
    let median = moves.median?;
    let words = format!(
        "median answer from {:.0} to {:.0} ms",
        median.before, median.after
    );
    let mut candidate = Candidate::at_workload("pod_network_delay", &case.estate, at)?
        .field("status")
        .seen(Fits, "metric", reference.clone(), words);
    // How far it is slowed is itself evidence: noise makes a service a little slower, a delay many times.
    candidate.nats += size.min(8.0);
    if explained {
        candidate = candidate.seen(
            Doubts,
            "metric",
            reference.clone(),
            "somebody whom it calls is slow, or busy",
        );
    } else {
        candidate = candidate.seen(
            Fits,
            "metric",
            reference.clone(),
            "nobody whom it calls is slow",
        );
    }
    if overloaded {
        candidate = candidate.seen(
            Doubts,
            "metric",
            reference.clone(),
            "its CPU is at its limit",
        );
    } else if moves.cpu.is_some() {
        candidate = candidate.seen(Hints, "metric", reference.clone(), "its CPU is as before");
    }
    let alerted = case.estate.bundle.alerts.iter().any(|alert| {
        case.estate.meant_by(&alert.service) == Some(at)
            && alert.text.to_ascii_lowercase().contains("latency")
    });
    Some(if alerted {
        candidate.seen(Fits, "alert", reference, "an alert on its latency fires")
    } else {
        candidate
    })
}

/// A node whose packets are late or lost: most of its services are slow, or it retransmits.
fn by_node(
    case: &Case<'_>,
    moves: &BTreeMap<&str, Moves>,
    slow: &BTreeMap<usize, f64>,
) -> Vec<Candidate> {
    let estate = &case.estate;
    let nodes = estate.of_kind("Node");
    let judged = nodes.filter_map(|node| {
        let here: BTreeSet<usize> = estate
            .pods
            .iter()
            .filter(|pod| pod.node == node.name && estate.is_home(pod.object.namespace))
            .filter_map(|pod| pod.workload)
            .collect();
        let slow_here = here.iter().filter(|at| slow.contains_key(at)).count();
        let elsewhere = slow.len() - slow_here;
        let retransmits = moves.get(node.name).and_then(|moves| moves.retransmits);
        let loses =
            retransmits.is_some_and(|one| one.after > 1.0 && one.after > 5.0 * one.before.max(0.1));
        let most = here.len() >= 3 && slow_here * 3 >= here.len() * 2 && slow_here > 2 * elsewhere;
        let id = match (loses, most) {
            (true, _) => "node_network_loss",
            (false, true) => "node_network_delay",
            (false, false) => return None,
        };
        let mut candidate = Candidate::new(id, node.reference())?
            .field("status")
            .hurting(here.iter().copied());
        candidate.nodes.push(node.name.to_owned());
        let words = format!(
            "{slow_here} of its {} services are slow, {elsewhere} elsewhere",
            here.len()
        );
        candidate = candidate.seen(
            if most { Said } else { Hints },
            "metric",
            node.reference(),
            words,
        );
        Some(match retransmits.filter(|_| loses) {
            Some(one) => candidate.seen(
                Said,
                "metric",
                node.reference(),
                format!(
                    "TCP retransmits from {:.2} to {:.2} a second",
                    one.before, one.after
                ),
            ),
            None => candidate,
        })
    });
    judged.collect()
}
