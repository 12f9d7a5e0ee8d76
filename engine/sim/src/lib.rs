//! The physics of a simulated Kubernetes cluster.
//!
//! Values in, values out: no IO, no clock, no threads, no global state. Same
//! inputs, same bytes out, on every machine. [`tick`] shows the order of a second.
#![no_std]

extern crate alloc;

pub mod conduct;
pub mod loss;
pub mod observe;
mod pool;
pub mod step;
pub mod tick;

pub use aegis_cluster::{Cluster, Draws, Journal, Purpose, Workings};
pub use aegis_cluster::{
    acting, api, by_hand, cluster, dns, draws, journal, reach, repair, workings,
};
pub use aegis_infer as infer;
pub use aegis_solver as solver;
pub use tick::tick;
