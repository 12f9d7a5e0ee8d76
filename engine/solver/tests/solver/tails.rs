//! Times in the pod against exact ones (exponential work) and simulated ones (other work).

use crate::md1;
use crate::rig::{Rig, calls, off, pod};
use aegis_solver::Class;
use aegis_solver::tail::Fitted;
use std::collections::BTreeSet;

/// The solver's time in a pod of `slots` cores at this utilisation, service time 0.01 s.
fn solved(slots: u32, utilisation: f64, cv2: f64) -> Fitted {
    let class = Class {
        cv2,
        ..pod(slots, 0.01)
    };
    let mut rig = Rig::single(class, calls(1e6));
    rig.run(60, utilisation * f64::from(slots) / 0.01);
    rig.class(0).time()
}

/// Times at which a request of M/M/c with processor sharing is done with these
/// probabilities, in service times: the tagged request and the number of others as a Markov chain.
fn exact_quantiles(servers: f64, utilisation: f64, at: &[f64]) -> Vec<f64> {
    const OTHERS: usize = 400;
    let arriving = utilisation * servers;
    let each = |others: usize| (servers / (others as f64 + 1.0)).min(1.0);
    let part = 0.1 / (arriving + servers + 1.0);
    let weights = stationary(servers, arriving, OTHERS);
    let mut alive = vec![1.0; OTHERS];
    let (mut time, mut found) = (0.0, Vec::new());
    while found.len() < at.len() {
        let left: f64 = alive.iter().zip(&weights).map(|(a, w)| a * w).sum();
        if left <= 1.0 - at[found.len()] {
            found.push(time);
            continue;
        }
        let before = alive.clone();
        for others in 0..OTHERS {
            let more = before[(others + 1).min(OTHERS - 1)];
            let fewer = if others > 0 { before[others - 1] } else { 0.0 };
            let rate = each(others);
            let flow = arriving * (more - before[others])
                + others as f64 * rate * (fewer - before[others])
                - rate * before[others];
            alive[others] += part * flow;
        }
        time += part;
    }
    found
}

fn stationary(servers: f64, arriving: f64, states: usize) -> Vec<f64> {
    let mut weights = vec![1.0];
    for n in 1..states {
        weights.push(weights[n - 1] * arriving / servers.min(n as f64));
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

const AT: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

#[test]
fn quantiles_of_processor_sharing() {
    let mut worst = [0.0_f64; 4];
    for slots in [1, 4] {
        for utilisation in [0.1, 0.3, 0.5, 0.7, 0.8, 0.9] {
            let time = solved(slots, utilisation, 1.0);
            let exact = exact_quantiles(f64::from(slots), utilisation, &AT);
            for (nth, (&at, exact)) in AT.iter().zip(exact).enumerate() {
                worst[nth] = worst[nth].max(off(time.quantile(at) / 0.01, exact));
            }
        }
    }
    println!("M/M/c-PS, c 1 and 4: p50, p90, p99, p999 off by {worst:.3?}");
    for (worst, bound) in worst.into_iter().zip([0.16, 0.13, 0.10, 0.06]) {
        assert!(worst < bound, "{worst} against {bound}");
    }
}

/// Uniform in 0..1 by a hash of a counter.
fn uniform(counter: &mut u64) -> f64 {
    *counter += 1;
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 1e-17
}

fn exponential(counter: &mut u64) -> f64 {
    -libm::log(uniform(counter))
}

/// Work of mean 1 and this squared coefficient of variation.
fn work(cv2: f64, counter: &mut u64) -> f64 {
    if cv2 == 0.0 {
        return 1.0;
    }
    if cv2 < 1.0 {
        let spread = libm::sqrt(cv2);
        return 1.0 - spread + spread * exponential(counter);
    }
    let slow = 0.5 * (1.0 - libm::sqrt((cv2 - 1.0) / (cv2 + 1.0)));
    let share = if uniform(counter) < slow {
        slow
    } else {
        1.0 - slow
    };
    exponential(counter) / (2.0 * share)
}

/// Times in M/G/1 with processor sharing, service time 1, sorted.
fn simulated(utilisation: f64, cv2: f64, requests: usize) -> Vec<f64> {
    let mut counter = (utilisation * 1000.0) as u64 * 1_000_003 + (cv2 * 10.0) as u64 * 7919;
    let mut inside: BTreeSet<(u64, u64)> = BTreeSet::new();
    let (mut now, mut shared) = (0.0, 0.0);
    let mut arrival = exponential(&mut counter) / utilisation;
    let mut times = Vec::with_capacity(requests);
    while times.len() < requests {
        let n = inside.len() as f64;
        let next = inside.first().map(|&(end, _)| f64::from_bits(end));
        let finish = next.map_or(f64::INFINITY, |end| now + (end - shared) * n);
        if arrival < finish {
            shared += if n > 0.0 { (arrival - now) / n } else { 0.0 };
            now = arrival;
            let end: f64 = shared + work(cv2, &mut counter);
            inside.insert((end.to_bits(), now.to_bits()));
            arrival = now + exponential(&mut counter) / utilisation;
        } else if let Some((end, came)) = inside.pop_first() {
            (now, shared) = (finish, f64::from_bits(end));
            times.push(now - f64::from_bits(came));
        }
    }
    times.drain(..requests / 20);
    times.sort_by(f64::total_cmp);
    times
}

fn moments(times: &[f64]) -> Fitted {
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let square = times.iter().map(|t| (t - mean) * (t - mean)).sum::<f64>() / times.len() as f64;
    Fitted::of(mean, square)
}

#[test]
fn variation_of_the_time_for_one_server() {
    let mut worst: f64 = 0.0;
    for cv2 in [0.0, 0.5, 1.0, 2.0] {
        for utilisation in [0.3, 0.5, 0.7, 0.8] {
            let is = solved(1, utilisation, cv2);
            let should = moments(&simulated(utilisation, cv2, 200_000));
            println!(
                "cs2 {cv2} u {utilisation}: cv2 {:.3} {:.3}; mean {:.3} {:.3}",
                is.cv2,
                should.cv2,
                is.mean * 100.0,
                should.mean
            );
            worst = worst.max((is.cv2 - should.cv2).abs() / should.cv2.max(1.0));
        }
    }
    println!("cv2 law, worst {worst:.3}");
    assert!(worst < 0.07, "{worst}");
}

#[test]
fn quantile_of_constant_work() {
    let mut worst: f64 = 0.0;
    for utilisation in [0.3, 0.5, 0.7, 0.8, 0.9, 0.95] {
        let exact = md1::quantile(utilisation, 0.99);
        let is = solved(1, utilisation, 0.0).quantile(0.99) / 0.01;
        println!(
            "M/D/1-PS u {utilisation} p99: {is:.3} {exact:.3}, off {:.3}",
            off(is, exact)
        );
        worst = worst.max(off(is, exact));
    }
    println!("M/D/1-PS p99, worst {worst:.3}");
    assert!(worst < 0.03, "{worst}");
}

#[test]
fn quantile_of_hyperexponential_work() {
    for utilisation in [0.3, 0.5, 0.7, 0.8, 0.9] {
        let times = simulated(utilisation, 4.0, 600_000);
        let exact = times[(0.9 * times.len() as f64) as usize];
        let is = solved(1, utilisation, 4.0).quantile(0.9) / 0.01;
        let error = off(is, exact);
        println!("cs2 4 u {utilisation} p90: {is:.3} {exact:.3}, off {error:.3}");
        assert!(error < 0.29, "u {utilisation}: {error}");
    }
}
