//! What will happen, hidden until it does.

use aegis_faults::Fault;
use aegis_model::kubernetes::{Kind, Labels, ObjectRef};
use aegis_model::{ObjectChange, ServiceId, Target, WorkloadId};
use aegis_sim::api::Propagation;
use smol_str::SmolStr;
use std::sync::Arc;

/// Everything that is to happen.
#[derive(Debug, Default, Clone)]
pub struct Schedule(pub Vec<Entry>);

/// One thing that is to happen.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Seconds after time 0.
    pub at: u32,
    /// What.
    pub act: Act,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Act {
    /// A fault of the catalogue begins.
    Fault {
        /// Which.
        fault: &'static Fault,
        /// What it acts on.
        target: Target,
        /// Its sizes, in the fault's order; what is missing is at its default.
        parameters: Vec<f64>,
        /// Seconds that it lasts; `None` until it is mended.
        lasts: Option<u32>,
        /// Who makes the change, for a fault that comes by one.
        actor: SmolStr,
    },
    /// What a fault needs of an application that few have is put there.
    Stage {
        /// Which fault.
        fault: &'static Fault,
        /// What it will act on.
        target: Target,
        /// Who makes the changes.
        actor: SmolStr,
    },
    /// Somebody changes an object.
    Change {
        /// What is changed.
        change: Change,
        /// Who.
        actor: SmolStr,
        /// Seconds after which the same comes again.
        every: Option<u32>,
    },
    /// Users send more, or less: the load's own curve no longer counts.
    Load {
        /// The entry.
        to: ServiceId,
        /// Requests per second from then on.
        rate: f64,
    },
}

/// A change of objects.
#[derive(Debug, Clone)]
pub enum Change {
    /// A write; values before it are read when it is made. An object that is created though it
    /// exists is replaced.
    Write(Arc<ObjectChange>),
    /// A patch that does not apply to its object: why.
    Rejected(String),
    /// Objects are deleted, and what they own as is said.
    Delete(Deletion, Propagation),
}

/// Which objects are deleted; those that exist when it happens.
#[derive(Debug, Clone)]
pub enum Deletion {
    /// One object.
    Object(ObjectRef),
    /// The pods of a workload.
    PodsOf(WorkloadId),
    /// All of a kind that carry these labels.
    Selected(Kind, Labels),
}

impl Schedule {
    /// The same in order of time; what happens at one time keeps its order.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.0.sort_by_key(|entry| entry.at);
        self
    }
}
