//! The API server: documents in, typed rows out, and a record of who changed what.
//!
//! A write either takes effect whole or is refused with a reason in the API
//! server's words. Rows of deleted objects stay, marked as removed.

pub(crate) mod admission;
mod adopt;
mod adoption;
mod bare;
mod complete;
mod create;
mod delete;
mod dependents;
mod document;
mod error;
pub mod events;
mod eviction;
mod finalizers;
mod given;
mod mirror;
mod namespaces;
pub mod nodes;
mod owned;
mod owners;
pub mod pods;
mod redefine;
mod services;
pub mod storage;
mod templates;
mod update;
mod validate;

pub use admission::of_controller as admit_controlled;
pub use admission::settle_quotas;
pub use adopt::adopt;
pub use adoption::adopt_replica_set;
pub use complete::decode as decode_base64;
pub use create::create;
pub use create::{REVISION, insert_replica_set};
pub use delete::{cron_job_of, forget_replica_set};
pub use delete::{delete, delete_by, delete_workload};
pub use dependents::{Propagation, finish_foreground};
pub use document::{identify, without_nulls};
pub use error::{ApiError, Invalid, resource};
pub use eviction::{EvictionRefused, drain, evict, is_drained, stop_drain, uncordon};
pub use eviction::{budgets_of, evictable};
pub use mirror::{MIRROR, is_critical, is_mirror};
pub use namespaces::collect as collect_namespaces;
pub use templates::{
    CONTROLLER_REVISION_HASH, POD_TEMPLATE_HASH, hash as template_hash, previous_template,
};
pub use update::pod_deletion_cost;
pub use update::{scale, update};

use crate::cluster::Cluster;
use crate::workings::Slot;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Header;
use aegis_model::{ChangeRecord, ObjectChange};
use alloc::sync::Arc;
use smol_str::{SmolStr, format_smolstr};

/// Whether a write enters the record of changes, and under which name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    /// `user:deployer`, `cronjob:nightly`, `aegis`.
    Recorded(&'a str),
    /// Nobody: what was there at the start, what a hidden mechanism does, what controllers do.
    Unrecorded,
}

/// The row of the existing object of that name.
#[must_use]
pub fn find<P>(cluster: &Cluster<P>, object: &ObjectRef) -> Option<Slot> {
    cluster.workings.index.find(&cluster.objects, object)
}

/// Makes a write.
///
/// # Errors
/// Where the API server would refuse it; then nothing has changed.
pub fn apply<P>(
    cluster: &mut Cluster<P>,
    change: &ObjectChange,
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    match change {
        ObjectChange::Create { document } => create(cluster, document.clone(), actor).map(|_| ()),
        ObjectChange::Update { object, fields } => update(cluster, object, fields, actor),
        ObjectChange::Delete { object, .. } => delete(cluster, object, actor),
        ObjectChange::Exec {
            object,
            on,
            procedure,
            ..
        } => {
            crate::repair::reachable(cluster, *on, *procedure)?;
            keep_record(cluster, actor, object, || change.clone());
            Ok(())
        }
    }
}

/// The order in which documents of a set are created, so that an owner precedes what it owns.
#[must_use]
pub fn creation_rank(kind: &Kind) -> u8 {
    match kind {
        Kind::Namespace => 0,
        Kind::PriorityClass => 1,
        Kind::Node => 2,
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::CronJob => 4,
        Kind::ReplicaSet | Kind::Job => 5,
        Kind::Pod => 6,
        Kind::Service
        | Kind::HorizontalPodAutoscaler
        | Kind::NetworkPolicy
        | Kind::PodDisruptionBudget => 7,
        // Claims find their class when controllers first look.
        Kind::StorageClass => 8,
        _ => 3,
    }
}

/// `metadata.uid`: as the document has it, else made of the canonical number.
#[must_use]
pub fn uid(header: &Header) -> SmolStr {
    match header.doc["metadata"]["uid"].as_str() {
        Some(given) if !given.is_empty() => given.into(),
        _ => uid_of(header.number),
    }
}

/// The uid that the simulator gives to the object of that canonical number.
#[must_use]
pub fn uid_of(number: u32) -> SmolStr {
    format_smolstr!("00000000-0000-4000-8000-{number:012x}")
}

fn keep_record<P>(
    cluster: &mut Cluster<P>,
    actor: Actor<'_>,
    object: &ObjectRef,
    change: impl FnOnce() -> ObjectChange,
) {
    if let Actor::Recorded(name) = actor {
        let at = cluster.clock;
        cluster.objects.changes.push(ChangeRecord {
            at,
            actor: name.into(),
            object: object.clone(),
            change: Arc::new(change()),
        });
    }
}
