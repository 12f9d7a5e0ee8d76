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
