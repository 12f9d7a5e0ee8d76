//! Types, invariants and conversions that every crate shares.
//!
//! Nothing here computes: what a cluster *does* lives in `aegis-sim`, what an
//! engine *thinks* in `aegis-reason`. A type stands here when two rooms of the
//! house pass it to each other.
#![no_std]

extern crate alloc;

pub mod action;
pub mod ailment;
pub mod amount;
pub mod ask;
pub mod behaviour;
pub mod bundle;
pub mod calendar;
pub mod change;
pub mod debate;
pub mod diagnosis;
pub mod event;
pub mod ids;
pub mod inspection;
pub mod kubernetes;
pub mod objective;
pub mod objects;
pub mod observation;
pub mod outcome;
pub mod overlay;
pub mod path;
pub mod procedure;
pub mod quantity;
pub mod recall;
pub mod table;
pub mod units;

pub use action::{Action, Plan, PlanSource, PlanStep, Precondition, WaitFor};
pub use ailment::Ailment;
pub use amount::Amount;
pub use behaviour::{Balance, Behaviour, Call, CallMode};
pub use change::{ChangeRecord, FieldChange, ObjectChange};
pub use debate::{
    Amendment, Attack, Claim, Closing, Critic, Debated, Evidence, Hearing, HearingResult,
    Objection, Vote,
};
pub use diagnosis::{Hypothesis, Role, Signature, SignaturePart, Symptom, SymptomKind, Target};
pub use event::{ObservationDelta, RowDelta, RunEvent, Stamped};
pub use ids::{
    AutoscalerId, BudgetId, ClaimId, ClassId, Doc, NodeId, PlainId, PodId, PolicyId, ReplicaSetId,
    ServiceId, TemplateId, VolumeId, WorkloadId,
};
pub use objective::{
    Advisor, Approval, Irreversible, LatencyTarget, Mode, Objective, Ruling, RunContext,
};
pub use objects::Objects;
pub use observation::{Observation, Samples};
pub use outcome::{
    Conduct, Ending, Finding, Future, Outcome, PlanScore, Prediction, Reflection, Verdict,
};
pub use overlay::{Laid, Mechanism, Overlay, Subject};
pub use path::FieldPath;
pub use procedure::{Procedure, Software, Way};
pub use quantity::Quantity;
pub use recall::{Blame, Cue, Recalled, Remembers};
pub use table::Table;
pub use units::{Bytes, Millicores, Seconds, Tick};
