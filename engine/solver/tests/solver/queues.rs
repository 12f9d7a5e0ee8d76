//! Queue lengths, losses and transients against exact results.

use crate::rig::{Rig, calls, off, pod};
use aegis_solver::{Class, erlang};

const LONG: f64 = 1e6;

/// Mean number in M/M/c with service time 1 per server.
fn mmc(servers: u32, utilisation: f64) -> f64 {
    let load = f64::from(servers) * utilisation;
    let refused = erlang::blocking(servers as usize, load);
    let waits = refused / (1.0 - utilisation * (1.0 - refused));
    load + waits * utilisation / (1.0 - utilisation)
}

#[test]
fn queue_length_is_that_of_mmc() {
    let mut worst: f64 = 0.0;
    for servers in [1, 2, 3, 4, 8, 16, 32, 64] {
        for utilisation in [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95] {
            for service in [0.01, 0.1, 1.0] {
                let settle = 1.0 - libm::sqrt(utilisation);
                let seconds = 20.0 * service / (settle * settle * f64::from(servers));
                let mut rig = Rig::single(pod(servers, service), calls(LONG));
                let rate = utilisation * f64::from(servers) / service;
                rig.run(seconds as u32 + 30, rate);
                let error = off(rig.class(0).in_flight, mmc(servers, utilisation));
                worst = worst.max(error);
                assert!(
                    error < 0.02,
                    "c {servers} u {utilisation} S {service}: {error:.4}"
                );
            }
        }
    }
    println!("M/M/c queue length, worst {worst:.4}");
}

/// Share turned away by M/M/c/K, by summing its states.
fn mmck_loss(servers: u32, room: u32, load: f64) -> f64 {
    let (mut weight, mut sum) = (1.0, 1.0);
    for n in 1..=room {
        weight *= load * f64::from(servers) / f64::from(n.min(servers));
        sum += weight;
        if sum > 1e200 {
            (weight, sum) = (weight / sum, 1.0);
        }
    }
    weight / sum
}

#[test]
fn loss_formula_is_exact() {
    for (servers, room) in [
        (1, 1),
        (1, 10),
        (2, 40),
        (4, 4),
        (4, 100),
        (16, 32),
        (64, 768),
    ] {
        for load in [0.5, 0.9, 0.99, 1.0, 1.01, 1.2, 3.0] {
            let exact = mmck_loss(servers, room, load);
            let is = erlang::loss(servers as usize, f64::from(room - servers), load);
            assert!(
                (is - exact).abs() < 1e-8,
                "c {servers} K {room} r {load}: {is} {exact}"
            );
        }
    }
}

#[test]
fn loss_of_a_full_queue() {
    let mut worst: f64 = 0.0;
    for (servers, room) in [(1, 10), (1, 50), (2, 40), (4, 100), (16, 64)] {
        for load in [0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.2, 2.0] {
            let class = Class {
                workers: servers.max(room / 2),
                queue: room - servers.max(room / 2),
                ..pod(servers, 0.05)
            };
            let mut rig = Rig::single(class, calls(LONG));
            rig.run(1500, load * f64::from(servers) / 0.05);
            let flow = rig.class(0);
            let error = flow.shed / flow.offered - mmck_loss(servers, room, load);
            if error.abs() > worst.abs() {
                worst = error;
            }
            assert!(
                error.abs() < 0.04,
                "c {servers} K {room} r {load}: {error:.4}"
            );
        }
    }
    println!("M/M/c/K loss with overflow, worst {worst:.4}");
}

/// Mean number in M/M/c at each second, by following the probabilities of 0, 1, 2, …
/// requests. Loads are shares of what all servers can do.
fn mmc_transient(servers: u32, service: f64, loads: &[(u32, f64)]) -> Vec<f64> {
    let mut states = vec![0.0; 600];
    states[0] = 1.0;
    let mut means = Vec::new();
    for &(seconds, load) in loads {
        for _ in 0..seconds {
            states = forward(&states, servers, load, service);
            means.push(states.iter().enumerate().map(|(n, p)| n as f64 * p).sum());
        }
    }
    means
}

/// One second of a birth and death process, in small steps.
fn forward(states: &[f64], servers: u32, load: f64, service: f64) -> Vec<f64> {
    let most = f64::from(servers) / service;
    let steps = (most * (1.0 + load) * 8.0) as u32 + 1;
    let part = 1.0 / f64::from(steps);
    let ends = |n: usize| (n as f64 / service).min(most);
    let last = states.len() - 1;
    let mut now = states.to_vec();
    for _ in 0..steps {
        let mut next = now.clone();
        for n in 0..last {
            let net = part * (load * most * now[n] - ends(n + 1) * now[n + 1]);
            next[n] -= net;
            next[n + 1] += net;
        }
        now = next;
    }
    now
}

/// The largest difference from M/M/c in a transient, as a share of its peak.
fn transient_error(servers: u32, service: f64, loads: &[(u32, f64)]) -> f64 {
    let exact = mmc_transient(servers, service, loads);
    let mut rig = Rig::single(pod(servers, service), calls(LONG));
    let (mut error, mut second): (f64, usize) = (0.0, 0);
    for &(seconds, load) in loads {
        for _ in 0..seconds {
            rig.run(1, load * f64::from(servers) / service);
            error = error.max((rig.class(0).in_flight - exact[second]).abs());
            second += 1;
        }
    }
    error / exact.iter().copied().fold(0.0, f64::max)
}

#[test]
fn transient_of_an_overload() {
    let mut worst: f64 = 0.0;
    for (servers, service, longest) in [
        (1, 0.1, 60),
        (1, 0.3, 120),
        (1, 0.5, 200),
        (1, 1.0, 400),
        (1, 2.0, 400),
        (4, 0.5, 60),
        (4, 2.0, 200),
        (16, 2.0, 60),
    ] {
        for over in [5, 10, 20, 60, 120, 200, 400] {
            if over <= longest {
                let loads = [(60, 0.5), (over, 1.2), (2 * over, 0.6)];
                let error = transient_error(servers, service, &loads);
                println!("transient c {servers} S {service}, {over} s of overload: {error:.3}");
                worst = worst.max(error);
            }
        }
    }
    println!("transient of an overload, share of the peak, worst {worst:.3}");
    assert!(worst < 0.15, "{worst}");
}

#[test]
fn load_that_stops_and_comes_back() {
    let mut worst: f64 = 0.0;
    for (servers, service) in [(1, 0.1), (1, 0.5), (1, 1.0), (4, 0.5), (16, 2.0)] {
        for pause in [1, 5, 30] {
            let loads = [(60, 1.2), (pause, 0.0), (60, 0.8), (pause, 0.1), (60, 0.9)];
            let error = transient_error(servers, service, &loads);
            println!("pause c {servers} S {service}, {pause} s: {error:.3}");
            worst = worst.max(error);
        }
    }
    println!("load that stops and comes back, share of the peak, worst {worst:.3}");
    assert!(worst < 0.15, "{worst}");
}

/// A steady load gives a steady queue: iterations that are renewed once a tick settle.
#[test]
fn a_settled_queue_does_not_swing() {
    for servers in [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64] {
        for utilisation in [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] {
            for service in [0.01, 0.1, 1.0, 5.0] {
                let mut rig = Rig::single(pod(servers, service), calls(LONG));
                let rate = utilisation * f64::from(servers) / service;
                rig.run(20_000, rate);
                let (before, variation) = (rig.class(0).in_flight, rig.class(0).cv2);
                rig.run(1, rate);
                let flow = rig.class(0);
                let swing = off(flow.in_flight, before).max(off(flow.cv2, variation));
                assert!(
                    swing < 1e-6,
                    "c {servers} u {utilisation} S {service}: {swing}"
                );
            }
        }
    }
}

/// Throughput of a closed loop of `callers`, `think` apart, over one server: exact mean value analysis.
fn closed_loop(callers: u32, think: f64, service: f64) -> f64 {
    let (mut queue, mut rate) = (0.0, 0.0);
    for n in 1..=callers {
        let time = service * (1.0 + queue);
        rate = f64::from(n) / (think + time);
        queue = rate * time;
    }
    rate
}

#[test]
fn closed_loop_of_workers() {
    for callers in [2, 5, 10, 50] {
        for think in [0.01, 0.05, 0.2] {
            let class = Class {
                workers: callers,
                queue: 1_000_000,
                latency: think,
                slots: 1,
                ..pod(1, 0.01)
            };
            let mut rig = Rig::single(class, calls(LONG));
            rig.run(60, 1000.0);
            let exact = closed_loop(callers, think, 0.01);
            let is = rig.class(0).completed;
            println!("closed loop W {callers} think {think}: {is:.2} against {exact:.2}");
            assert!(
                off(is, exact) < 0.12,
                "W {callers} think {think}: {is} {exact}"
            );
        }
    }
}

#[test]
fn queue_for_workers_is_that_of_servers() {
    let mut worst: f64 = 0.0;
    for workers in [1, 4, 10, 50, 200] {
        for utilisation in [0.3, 0.6, 0.8, 0.9, 0.95] {
            let class = Class {
                workers,
                latency: 0.1,
                ..pod(1, 1e-6)
            };
            let mut rig = Rig::single(class, calls(LONG));
            rig.run(600, utilisation * f64::from(workers) / 0.1);
            let error = off(rig.class(0).in_flight, mmc(workers, utilisation));
            worst = worst.max(error);
            println!("W {workers} u {utilisation}: {error:.3}");
        }
    }
    println!("queue for workers, worst {worst:.3}");
    assert!(worst < 0.03, "{worst}");
}
