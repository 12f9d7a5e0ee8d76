//! Types, invariants and conversions that every crate shares.
//!
//! Nothing here computes: what a cluster *does* lives in `aegis-sim`, what an
//! engine *thinks* in `aegis-reason`. A type stands here when two rooms of the
//! house pass it to each other.
#![no_std]

extern crate alloc;

pub mod behaviour;
pub mod change;
pub mod ids;
pub mod kubernetes;
pub mod objects;
pub mod overlay;
pub mod path;
pub mod quantity;
pub mod table;
pub mod units;

pub use behaviour::{Balance, Behaviour, Call, CallMode};
pub use change::{ChangeRecord, FieldChange, ObjectChange};
pub use ids::{
    AutoscalerId, BudgetId, Doc, NodeId, PlainId, PodId, PolicyId, ReplicaSetId, ServiceId,
    TemplateId, WorkloadId,
};
pub use objects::Objects;
pub use overlay::{Laid, Mechanism, Overlay, Subject};
pub use path::FieldPath;
pub use quantity::Quantity;
pub use table::Table;
pub use units::{Bytes, Millicores, Seconds, Tick};
