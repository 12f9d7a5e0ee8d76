//! The parts of a second, one file per Kubernetes component.

pub mod autoscaler;
mod conditions;
pub mod controllers;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod drain;
pub mod endpoints;
pub mod kubelet;
pub mod metrics;
pub mod metrics_server;
pub mod node_lifecycle;
pub mod overlay;
mod owned;
pub mod replica_set;
pub mod resources;
mod revisions;
pub mod scheduler;
pub mod stateful_set;
pub mod traffic;
