//! A small run, made up: a leak in one service of eight, found, mended, watched; with a
//! decoy change, rivals, three plans in three futures. Its figures are plausible, not simulated.
#![allow(dead_code, reason = "each test takes the parts that it needs")]

mod cluster;
mod thought;

pub use cluster::*;
pub use thought::*;

use aegis_model::event::EVENT_SCHEMA;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{
    Ending, LatencyTarget, Mode, Objective, RunContext, RunEvent, ServiceId, Stamped, Tick,
};
use aegis_report::{Cause, Facts, Truth, Versions};

/// Tick of the run's zero.
pub const ORIGIN: u32 = 1000;
/// When the leak begins, s.
pub const ONSET: i64 = 180;
/// When the first page comes.
pub const PAGE: i64 = 225;
/// When the plan is applied.
pub const APPLY: i64 = 255;
/// The first scrape that is good again.
pub const GOOD: i64 = 375;
/// When the run ends.
pub const END: i64 = 720;

/// A tick of the run.
pub fn tick(t: i64) -> Tick {
    Tick(u32::try_from(i64::from(ORIGIN) + t).expect("within the run"))
}

/// Events in the making.
#[derive(Default)]
pub struct Log(pub Vec<Stamped>);

impl Log {
    /// Adds an event.
    pub fn add(&mut self, t: i64, event: RunEvent) {
        let n = self.0.len() as u64;
        self.0.push(Stamped { n, t, event });
    }
}

/// What users are promised: 99.5 % and p99 ≤ 800 ms at the frontend.
pub fn context() -> RunContext {
    RunContext {
        objectives: vec![Objective {
            service: ServiceId(0),
            availability: 0.995,
            latency: Some(LatencyTarget {
                share: 0.99,
                below: 0.8,
            }),
            window: 300,
        }],
        ..RunContext::default()
    }
}

/// A whole run that ends `mended`.
pub fn mended() -> Vec<Stamped> {
    let mut log = Log::default();
    log.add(
        -300,
        RunEvent::Started {
            schema: EVENT_SCHEMA.into(),
            context: context(),
            origin: Tick(ORIGIN),
        },
    );
    for t in (-285..=END).step_by(15) {
        log.add(t, RunEvent::Observed(scrape(t)));
        think(&mut log, t);
    }
    log.add(
        END,
        RunEvent::Ended {
            ending: Ending::Mended,
            met: vec![true],
        },
    );
    log.0
}

/// A run in which nothing is wrong.
pub fn healthy() -> Vec<Stamped> {
    let mut log = Log::default();
    let started = mended().swap_remove(0);
    log.add(started.t, started.event);
    for t in (-285..=150).step_by(15) {
        log.add(t, RunEvent::Observed(scrape(t)));
    }
    let met = vec![true];
    let ending = Ending::Healthy;
    log.add(150, RunEvent::Ended { ending, met });
    log.0
}

/// What the runner adds.
pub fn facts() -> Facts {
    let cart = ObjectRef::new(Kind::Deployment, "default", "cartservice");
    Facts {
        scenario: "boutique-oom".into(),
        mode: Mode::Sentinel,
        seed: 7,
        onset: Some(ONSET),
        harm: Some(false),
        truth: Some(Truth {
            causes: vec![Cause {
                fault: "memory_leak".into(),
                object: cart,
                field: None,
            }],
            also_right: Vec::new(),
            users_affected: Some(true),
        }),
        clock: "paused".into(),
        model: None,
        memory: None,
        resumed_from: None,
        versions: Versions {
            aegis: "0.1.0".into(),
            genome: "default".into(),
            prompts: None,
        },
        events_blake3: "ab".repeat(32),
        faults: vec![(
            "memory_leak".into(),
            "A container's memory grows until its limit kills it.".into(),
        )],
    }
}
