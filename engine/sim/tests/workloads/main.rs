//! The API server and the controllers, told as stories: what is written, what happens when.
//!
//! A stand-in for kubelet and scheduler (see [`lab`]) binds pods at once, has them ready after
//! a fixed time, and lets them end when they are told to.
#![allow(
    clippy::needless_pass_by_value,
    reason = "a story reads better without references to literals"
)]

mod api;
mod autoscaler;
mod behavior;
mod daemon_set;
mod deployment;
mod disruption;
mod endpoints;
mod lab;
mod overlay;
mod replica_set;
#[path = "../stage/mod.rs"]
mod stage;
mod stateful_set;
mod whole;
