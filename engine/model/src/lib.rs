//! Types, invariants and conversions that every crate shares.
//!
//! Nothing here computes: what a cluster *does* lives in `aegis-sim`, what an
//! engine *thinks* in `aegis-reason`. A type stands here when two rooms of the
//! house pass it to each other.
#![no_std]

extern crate alloc;

pub mod behaviour;
pub mod ids;
pub mod table;
pub mod units;

pub use behaviour::{Balance, Behaviour, Call, CallMode};
pub use ids::{NodeId, PodId, ReplicaSetId, ServiceId, WorkloadId};
pub use table::Table;
pub use units::{Bytes, Millicores, Seconds, Tick};
