//! The parts of a second, one file per Kubernetes component.

pub mod kubelet;
