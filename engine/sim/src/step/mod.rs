//! The parts of a second, one file per Kubernetes component.

pub mod kubelet;
pub mod metrics;
pub mod resources;
pub mod traffic;
