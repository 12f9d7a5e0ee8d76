//! Incidents to remember.
#![allow(dead_code, reason = "each test takes what it needs")]

use aegis_memory::{Claim, KnownBy, Lesson, Memory, Record};
use aegis_model::outcome::{Ending, Finding};
use aegis_model::recall::{Arm, Blame, Deed, Stage};
use aegis_model::{Cue, Role, Signature, SignaturePart, SymptomKind, Target, WorkloadId};

/// A fault at a place.
pub fn blame(fault: &str, role: Role) -> Blame {
    Blame {
        fault: fault.into(),
        role,
    }
}

/// What a leak at a middle service looks like.
pub fn leaking() -> Signature {
    let part = |kind, role, rank| SignaturePart { kind, role, rank };
    Signature(vec![
        part(SymptomKind::BurnRate, Role::Entry, 1),
        part(SymptomKind::Restarts, Role::Middle, 1),
        part(SymptomKind::OomKilled, Role::Middle, 1),
    ])
}

/// The question about it.
pub fn cue() -> Cue {
    Cue {
        stage: Stage::Opening,
        signature: leaking(),
        roles: vec![
            (Target::Workload(WorkloadId(0)), Role::Entry),
            (Target::Workload(WorkloadId(1)), Role::Middle),
        ],
    }
}

/// The leak, at its middle service.
pub fn leak() -> Blame {
    blame("memory_leak", Role::Middle)
}

/// An incident with nothing known of it, from a run of its own.
pub fn record(seed: u64) -> Record {
    Record {
        id: "".into(),
        source: "".into(),
        family: format!("family-{}", seed % 5).into(),
        seed,
        genome: "default".into(),
        log: format!("{seed:064x}").into(),
        number: 0,
        signature: leaking(),
        first: leaking(),
        shape: vec![(Role::Entry, 1), (Role::Middle, 1)],
        cause: None,
        known_by: KnownBy::Nothing,
        claims: Vec::new(),
        withheld: Vec::new(),
        ending: Ending::Unresolved,
        lost: 3.25,
        deeds: Vec::new(),
        parameters: vec![4.0 * 1_048_576.0, 0.1 + 0.2],
        after: None,
        arm: Arm::Used,
        lessons: Vec::new(),
    }
}

/// The same with a claim.
pub fn claimed(seed: u64, cause: Blame, finding: Finding) -> Record {
    let known = finding == Finding::Confirmed;
    Record {
        cause: known.then(|| cause.clone()),
        known_by: if known {
            KnownBy::Evidence
        } else {
            KnownBy::Nothing
        },
        claims: vec![Claim { cause, finding }],
        ..record(seed)
    }
}

/// The same with something withheld that would have been this sure.
pub fn withheld(seed: u64, cause: Blame, would_be: f64) -> Record {
    Record {
        withheld: vec![(cause, would_be)],
        ..record(seed)
    }
}

/// A lesson of rolling the leak back.
pub fn rolled_back(seed: u64) -> Record {
    let deeds = vec![Deed {
        kind: "roll_back".into(),
        role: Role::Middle,
    }];
    Record {
        lessons: vec![Lesson {
            cause: leak(),
            deeds: deeds.clone(),
            mended: true,
            gain: None,
            weight: 1.0,
        }],
        deeds,
        ending: Ending::Mended,
        ..claimed(seed, leak(), Finding::Confirmed)
    }
}

/// What of a memory forbids the leak now.
pub fn ban_on_leak(memory: &Memory) -> Option<aegis_model::recall::Forbidden> {
    let recalled = memory.recall(&cue()).expect("it answers");
    recalled
        .forbidden
        .into_iter()
        .find(|ban| ban.cause == leak())
}
