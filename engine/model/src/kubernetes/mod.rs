//! Kubernetes' API types, as far as the simulator reads them.
//!
//! Shapes and field names are those of the API reference for 1.34, so that a
//! typed value is read straight from a document with serde. What is not typed
//! here stays in the document (see [`crate::objects::Object`]): nothing is lost.
//! Defaults of the API server are applied where a field is read, by methods.

mod autoscaling;
mod batch;
mod meta;
mod node;
mod pod;
mod policy;
mod qos;
mod resources;
mod selector;
mod service;
mod storage;
mod workload;

pub use autoscaling::*;
pub use batch::*;
pub use meta::*;
pub use node::*;
pub use pod::*;
pub use policy::*;
pub use qos::Qos;
pub use resources::*;
pub use selector::*;
pub use service::*;
pub use storage::*;
pub use workload::*;

/// Parameters of the kernel that a pod may set without the node's leave. Source: Kubernetes' page "Using sysctls in a
/// Kubernetes Cluster", the safe set of 1.34.
pub const SAFE_SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];
