//! The twelve canonical transients, as data that any simulator of the model can play.

use crate::system::{Change, Service, Transient, What};
use aegis_model::behaviour::{Balance, Behaviour, Call, CallMode, Cancels, Need};
use aegis_model::ids::ServiceId;
use aegis_model::units::Bytes;

/// All twelve.
#[must_use]
pub fn all() -> Vec<Transient> {
    vec![
        step(),
        ramp(),
        spike(),
        crash(),
        retry_spike(100.0, 3),
        worker_blocking(),
        slow_callee(),
        a_loop(),
        throttling(),
        cold_start(),
        connection_skew(),
        drain(),
    ]
}

/// A service time of `milliseconds` of CPU, one core's worth of slots, plenty of workers.
fn behaviour(milliseconds: f64) -> Behaviour {
    Behaviour {
        cpu_per_request: milliseconds / 1000.0,
        latency: 0.0,
        cpu_idle: 0.0,
        service_cv2: 1.0,
        workers: 64,
        queue: 128,
        slots: 1,
        memory_base: Bytes(0),
        memory_per_request: Bytes(0),
        startup: 0.0,
        cold_factor: 1.0,
        warmup: 0.0,
        error_share: 0.0,
        calls: Vec::new(),
    }
}

fn service(behaviour: Behaviour, groups: &[u32]) -> Service {
    Service {
        behaviour,
        groups: groups.to_vec(),
        cpu: 1.0,
        quota: None,
    }
}

/// A call to a service, once per request, with a time-out and no second try.
fn call(to: u32, timeout: f64) -> Call {
    Call {
        to: Some(ServiceId(to)),
        host: None,
        port: 0,
        ratio: 1.0,
        mode: CallMode::Sequence,
        timeout,
        retries: 0,
        backoff: 0.1,
        retry_budget: None,
        breaker: None,
        cancels: Cancels::No,
        balance: Balance::Request,
        need: Need::Required,
        round_trip: 0.001,
    }
}

fn transient(name: &'static str, services: Vec<Service>, load: &[(f64, f64)]) -> Transient {
    Transient {
        name,
        services,
        entry: call(0, 30.0),
        load: load.to_vec(),
        changes: Vec::new(),
        seconds: 180,
        watch: 0,
    }
}

/// What changes, as second, service, group and what.
fn changes(of: &[(u32, usize, usize, What)]) -> Vec<Change> {
    let change = |&(second, service, group, what)| Change {
        second,
        service,
        group,
        what,
    };
    of.iter().map(change).collect()
}

/// From 40 % to 80 % of two pods, and back.
fn step() -> Transient {
    let load = [(60.0, 80.0), (60.0, 160.0), (120.0, 160.0), (120.0, 80.0)];
    transient("step", vec![service(behaviour(10.0), &[2])], &load)
}

/// Slowly up to 120 % of two pods, then down to half.
fn ramp() -> Transient {
    let load = [(0.0, 40.0), (120.0, 240.0), (120.0, 100.0)];
    transient("ramp", vec![service(behaviour(10.0), &[2])], &load)
}

/// Four times the load for 20 s: queues fill, and answers come too late.
fn spike() -> Transient {
    let load = [(60.0, 100.0), (60.0, 400.0), (80.0, 400.0), (80.0, 100.0)];
    let services = vec![service(behaviour(10.0), &[2])];
    Transient {
        entry: call(0, 1.0),
        ..transient("spike", services, &load)
    }
}

/// One of three pods at 60 % is lost for half a minute with what it held.
fn crash() -> Transient {
    let lost = [
        (60, 0, 1, What::Kill),
        (60, 0, 1, What::Weight(0.0)),
        (90, 0, 1, What::Weight(1.0)),
    ];
    let services = vec![service(behaviour(10.0), &[2, 1])];
    Transient {
        changes: changes(&lost),
        ..transient("crash", services, &[(0.0, 180.0)])
    }
}

/// A spike that makes every attempt late, with retries: whether the failure stays is
/// decided by `base · (retries + 1)` against 200 requests/s.
#[must_use]
pub fn retry_spike(base: f64, retries: u32) -> Transient {
    let queue = Behaviour {
        workers: 16,
        queue: 984,
        ..behaviour(5.0)
    };
    let load = [(60.0, base), (60.0, 600.0), (90.0, 600.0), (90.0, base)];
    Transient {
        entry: Call {
            retries,
            ..call(0, 1.0)
        },
        ..transient("retry spike", vec![service(queue, &[1])], &load)
    }
}

/// Ten workers over a callee that slows down by 100 ms for a minute.
fn worker_blocking() -> Transient {
    let caller = Behaviour {
        workers: 10,
        queue: 100,
        slots: 4,
        calls: vec![call(1, 5.0)],
        ..behaviour(1.0)
    };
    let mut services = vec![service(caller, &[1]), service(behaviour(5.0), &[2])];
    services[0].cpu = 4.0;
    let slower = [(60, 1, 0, What::Delay(0.1)), (120, 1, 0, What::Delay(0.0))];
    Transient {
        changes: changes(&slower),
        ..transient("worker blocking", services, &[(0.0, 150.0)])
    }
}

/// A callee's CPU per request rises from 50 % to 90 % of its pod, for a minute.
fn slow_callee() -> Transient {
    let caller = Behaviour {
        calls: vec![call(1, 5.0)],
        ..behaviour(4.0)
    };
    let dearer = [(60, 1, 0, What::Cost(1.8)), (120, 1, 0, What::Cost(1.0))];
    let services = vec![service(caller, &[1]), service(behaviour(5.0), &[1])];
    Transient {
        changes: changes(&dearer),
        watch: 1,
        ..transient("slow callee", services, &[(0.0, 100.0)])
    }
}

/// Two services that call each other for half of their requests, under a step of load.
fn a_loop() -> Transient {
    let half_to = |to| Behaviour {
        calls: vec![Call {
            ratio: 0.5,
            ..call(to, 5.0)
        }],
        ..behaviour(5.0)
    };
    let services = vec![service(half_to(1), &[1]), service(half_to(0), &[1])];
    let load = [(60.0, 40.0), (60.0, 120.0), (120.0, 120.0), (120.0, 40.0)];
    transient("loop", services, &load)
}

/// Half a core of quota under four slots, from 40 % to 88 % of it.
fn throttling() -> Transient {
    let four = Behaviour {
        slots: 4,
        ..behaviour(20.0)
    };
    let mut services = vec![service(four, &[1])];
    (services[0].cpu, services[0].quota) = (4.0, Some(0.5));
    let load = [(60.0, 10.0), (60.0, 22.0), (120.0, 22.0), (120.0, 10.0)];
    transient("throttling", services, &load)
}

/// One of three pods at 50 % starts anew and needs five times the CPU, less each 10 s.
fn cold_start() -> Transient {
    let cold = [
        (60, 0, 1, What::Kill),
        (60, 0, 1, What::Cost(5.0)),
        (70, 0, 1, What::Cost(3.0)),
        (80, 0, 1, What::Cost(2.0)),
        (90, 0, 1, What::Cost(1.0)),
    ];
    let services = vec![service(behaviour(10.0), &[2, 1])];
    Transient {
        changes: changes(&cold),
        ..transient("cold start", services, &[(0.0, 150.0)])
    }
}

/// Two new pods get nothing, while two old ones are at 95 %, until callers reconnect.
fn connection_skew() -> Transient {
    let new = [(0, 0, 1, What::Weight(0.0)), (120, 0, 1, What::Weight(1.0))];
    let load = [(60.0, 120.0), (60.0, 190.0)];
    let services = vec![service(behaviour(10.0), &[2, 2])];
    Transient {
        changes: changes(&new),
        ..transient("connection skew", services, &load)
    }
}

/// One of four pods at 60 % is drained: it ends what it has, and then is gone.
fn drain() -> Transient {
    let slow = Behaviour {
        latency: 0.2,
        ..behaviour(10.0)
    };
    let drained = [(60, 0, 1, What::Weight(0.0)), (90, 0, 1, What::Kill)];
    let services = vec![service(slow, &[3, 1])];
    Transient {
        changes: changes(&drained),
        ..transient("drain", services, &[(0.0, 240.0)])
    }
}
