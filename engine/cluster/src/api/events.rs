//! Events: recorded, and counted where an equal one is there already.
//!
//! Kubernetes' clients aggregate by object, reason, message and source
//! (client-go tools/record/events_cache.go); so does this.

use crate::cluster::Cluster;
use crate::journal::{Journal, JournalEvent};
use crate::workings::fnv1a;
use aegis_model::NodeId;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{EventRow, Pod, Severity};
use alloc::string::ToString;
use smol_str::SmolStr;

/// Who reports an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// `source.component`: `kubelet`, `deployment-controller`, …
    pub component: &'static str,
    /// `source.host`, for kubelets.
    pub host: Option<NodeId>,
}

impl Source {
    /// A component of the control plane.
    #[must_use]
    pub const fn of(component: &'static str) -> Self {
        Self {
            component,
            host: None,
        }
    }

    /// The kubelet of a node.
    #[must_use]
    pub const fn kubelet(node: NodeId) -> Self {
        Self {
            component: "kubelet",
            host: Some(node),
        }
    }
}

/// The name of a pod as an object.
#[must_use]
pub fn pod_ref(pod: &Pod) -> ObjectRef {
    ObjectRef::new(Kind::Pod, &pod.namespace, &pod.name)
}

/// Says which part of an object an Event in that row is about: `spec.containers{c}`.
pub fn point_at<P>(cluster: &mut Cluster<P>, row: usize, field: &str) {
    let event = &mut cluster.objects.events[row];
    if event.field != field {
        event.field = field.into();
    }
}

/// Records an Event now: in the journal as it is, in the objects aggregated; returns its row.
pub fn record<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    severity: Severity,
    reason: &str,
    message: &str,
    object: &ObjectRef,
    source: Source,
) -> usize {
    journal.events.push(JournalEvent {
        severity,
        reason: reason.into(),
        message: message.to_string(),
        object: object.clone(),
    });
    let now = cluster.clock;
    if let Some(row) = equal(cluster, reason, message, object, source) {
        let event = &mut cluster.objects.events[row];
        event.count += 1;
        event.last = now;
        return row;
    }
    cluster
        .workings
        .index
        .events
        .push(hash(object, reason, message));
    cluster.objects.events.push(EventRow {
        severity,
        reason: reason.into(),
        message: message.into(),
        object: object.clone(),
        component: source.component.into(),
        host: source.host,
        first: now,
        last: now,
        count: 1,
        field: SmolStr::default(),
    })
}

pub(super) fn hash(object: &ObjectRef, reason: &str, message: &str) -> u32 {
    fnv1a(&[&object.name, reason, message])
}

fn equal<P>(
    cluster: &Cluster<P>,
    reason: &str,
    message: &str,
    object: &ObjectRef,
    source: Source,
) -> Option<usize> {
    let events = &cluster.objects.events;
    let mut rows = cluster
        .workings
        .index
        .events
        .rows(hash(object, reason, message));
    rows.find(|row| {
        let event = &events[*row];
        event.object == *object
            && event.reason == reason
            && *event.message == *message
            && event.component == source.component
            && event.host == source.host
    })
}
