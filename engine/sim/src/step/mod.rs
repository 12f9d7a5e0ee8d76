//! The parts of a second, one file per component; those of Kubernetes have crates of their own.

pub mod metrics;
pub mod node_autoscaler;
pub mod overlay;
pub mod repairs;
pub mod resources;
pub mod traffic;

pub use aegis_controllers as controllers;
pub use aegis_controllers::{metrics_server, node_lifecycle};
pub use aegis_kubelet as kubelet;
pub use aegis_scheduler as scheduler;
