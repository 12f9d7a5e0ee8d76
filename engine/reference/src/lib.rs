//! A request-level simulator that the physics is held against.
//!
//! Discrete events, one request at a time: arrivals, queues for workers, processor
//! sharing, quotas, calls, time-outs, retries. It has the parameter types of the
//! traffic model in common with the solver and no other code, so that an error in
//! one is not an error in both.
//!
//! Limits: rates are constant within a second; CPU comes before latency, and both
//! before the calls; a network's round trip is charged on the way to the callee.

mod draw;
mod pod;
mod run;
pub mod system;
pub mod transients;

pub use run::{Series, run};
pub use system::{Change, Service, Transient, What};
