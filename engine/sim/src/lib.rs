//! The physics of a simulated Kubernetes cluster.
//!
//! Values in, values out: no IO, no clock, no threads, no global state. Same
//! inputs, same bytes out, on every machine. [`tick`] shows the order of a second.
#![no_std]

extern crate alloc;

pub mod api;
pub mod cluster;
pub mod conduct;
pub mod draws;
pub mod infer;
pub mod journal;
pub mod loss;
pub mod observe;
pub mod reach;
pub mod step;
pub mod tick;
pub mod workings;

pub use aegis_solver as solver;
pub use cluster::Cluster;
pub use draws::{Draws, Purpose};
pub use journal::Journal;
pub use tick::tick;
pub use workings::Workings;
