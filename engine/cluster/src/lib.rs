//! A cluster's state, and the API server's own rules over it.
//!
//! [`Cluster`] is [`aegis_model::Objects`] (what the API server shows) and [`Workings`] (what nobody
//! can read). [`api`] is the one way to change an object; [`reach`] says what a NetworkPolicy lets
//! through; [`dns`] what a pod's look-up of a name finds; [`rules`] what selectors and taints mean. What acts on this state, second by second, is
//! in the crates above: kubelet, scheduler, controllers, and the tick of `aegis-sim`.
#![no_std]

extern crate alloc;

pub mod acting;
pub mod api;
pub mod cluster;
pub mod cron;
pub mod draws;
pub mod journal;
pub mod rbac;
pub mod repair;
pub mod rules;
pub mod volumes;
pub mod workings;

pub use aegis_network::{by_hand, dns, reach};
pub use cluster::Cluster;
pub use draws::{Draws, Purpose};
pub use journal::Journal;
pub use workings::Workings;
