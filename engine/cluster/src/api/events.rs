//! Events: recorded, counted where an equal one is there already, told together where many are alike, and
//! held back where one source says too much about one object.
//!
//! Kubernetes' clients do so before anything reaches the API server (client-go tools/record/events_cache.go).
//! The scheduler's events come through a newer library that does none of it but counting.

use crate::cluster::Cluster;
use crate::journal::{Journal, JournalEvent};
use crate::workings::fnv1a;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{EventRow, Pod, Severity};
use aegis_model::{NodeId, Tick};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use smol_str::SmolStr;

/// Events that differ in their message alone are told together from so many messages on.
/// Source: events_cache.go `defaultAggregateMaxEvents`.
const ALIKE: usize = 10;
/// Seconds for which a message counts as one of those. Source: `defaultAggregateIntervalInSeconds`.
const ALIKE_WITHIN: u32 = 600;
/// What stands before a message for several.
const COMBINED: &str = "(combined from similar events): ";
/// Events that a source may send about an object at once. Source: `defaultSpamBurst`.
const BURST: f32 = 25.0;
/// Seconds until it may send one more. Source: `defaultSpamQPS`.
const REFILL: f32 = 300.0;

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

    /// Whether its events pass through the older library.
    fn is_correlated(self) -> bool {
        self.component != "default-scheduler"
    }
}

/// How much a source may still say about an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// The row of its first event.
    event: u32,
    /// Events that it may send now.
    left: f32,
    /// When that was counted.
    at: Tick,
}

/// Something that is to be told.
#[derive(Debug, Clone, Copy)]
struct Occurrence<'a> {
    severity: Severity,
    reason: &'a str,
    message: &'a str,
    object: &'a ObjectRef,
    source: Source,
}

/// The name of a pod as an object.
#[must_use]
pub fn pod_ref(pod: &Pod) -> ObjectRef {
    ObjectRef::new(Kind::Pod, &pod.namespace, &pod.name)
}

/// Says which part of an object an Event in that row is about: `spec.containers{c}`.
pub fn point_at<P>(cluster: &mut Cluster<P>, row: Option<usize>, field: &str) {
    let event = row.and_then(|row| cluster.objects.events.get_mut(row));
    if let Some(event) = event.filter(|event| event.field != field) {
        event.field = field.into();
    }
}

/// Records an Event now: in the journal as it is, in the objects as clients correlate them. Gives its
/// row; `None` where it was held back.
pub fn record<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    severity: Severity,
    reason: &str,
    message: &str,
    object: &ObjectRef,
    source: Source,
) -> Option<usize> {
    journal.events.push(JournalEvent {
        severity,
        reason: reason.into(),
        message: message.to_string(),
        object: object.clone(),
    });
    let told = Occurrence {
        severity,
        reason,
        message,
        object,
        source,
    };
    if !source.is_correlated() || !is_one_of_many(cluster, &told) {
        return keep(cluster, &told, message);
    }
    let message = format!("{COMBINED}{message}");
    keep(cluster, &told, &message)
}

/// Whether so many alike were told of late that this one is told with them.
fn is_one_of_many<P>(cluster: &Cluster<P>, told: &Occurrence<'_>) -> bool {
    let now = cluster.clock;
    let events = &cluster.objects.events;
    let recent = alike(cluster, told).map(|row| &events[row]);
    let recent = recent
        .filter(|event| now.elapsed(event.last) <= ALIKE_WITHIN && !is_combined(&event.message));
    let mut messages: BTreeSet<&str> = recent.map(|event| &*event.message).collect();
    messages.insert(told.message);
    messages.len() >= ALIKE
}

fn is_combined(message: &str) -> bool {
    message.starts_with(COMBINED)
}

/// Rows that differ from it in their message alone, newest first.
fn alike<'a, P>(
    cluster: &'a Cluster<P>,
    told: &'a Occurrence<'_>,
) -> impl Iterator<Item = usize> + 'a {
    let rows = cluster
        .workings
        .index
        .events
        .rows(hash_of(told.object, told.reason));
    rows.filter(move |row| {
        let event = &cluster.objects.events[*row];
        event.object == *told.object
            && event.reason == told.reason
            && event.severity == told.severity
            && is_from(event, told.source)
    })
}

fn is_from(event: &EventRow, source: Source) -> bool {
    event.component == source.component && event.host == source.host
}

/// Counts the Event in the row that it belongs to, or makes one.
fn keep<P>(cluster: &mut Cluster<P>, told: &Occurrence<'_>, message: &str) -> Option<usize> {
    let events = &cluster.objects.events;
    let combined = is_combined(message);
    let row = alike(cluster, told).find(|row| {
        let known = &events[*row].message;
        (combined && is_combined(known)) || **known == *message
    });
    let allowed = !told.source.is_correlated() || may_say(cluster, told);
    match row {
        Some(row) if allowed => count(cluster, row, message),
        Some(row) => {
            let held = &mut cluster.workings.index.held_back;
            *Arc::make_mut(held).entry(row as u32).or_default() += 1;
        }
        None if allowed => return Some(insert(cluster, told, message)),
        None => return None,
    }
    row.filter(|_| allowed)
}

/// Counts one more in a row, with those that were held back before it.
fn count<P>(cluster: &mut Cluster<P>, row: usize, message: &str) {
    let held = &mut cluster.workings.index.held_back;
    let more = match held.contains_key(&(row as u32)) {
        true => Arc::make_mut(held).remove(&(row as u32)).unwrap_or(0),
        false => 0,
    };
    let event = &mut cluster.objects.events[row];
    event.count += 1 + more;
    event.last = cluster.clock;
    if *event.message != *message {
        event.message = message.into();
    }
}

fn insert<P>(cluster: &mut Cluster<P>, told: &Occurrence<'_>, message: &str) -> usize {
    let now = cluster.clock;
    let index = &mut cluster.workings.index;
    index.events.push(hash_of(told.object, told.reason));
    cluster.objects.events.push(EventRow {
        severity: told.severity,
        reason: told.reason.into(),
        message: message.into(),
        object: told.object.clone(),
        field: SmolStr::default(),
        component: told.source.component.into(),
        host: told.source.host,
        first: now,
        last: now,
        count: 1,
    })
}

/// Takes one from what the source may say about the object.
fn may_say<P>(cluster: &mut Cluster<P>, told: &Occurrence<'_>) -> bool {
    let now = cluster.clock;
    let hash = fnv1a(&[
        told.source.component,
        told.object.kind.as_str(),
        &told.object.name,
    ]);
    let events = &cluster.objects.events;
    let index = &mut cluster.workings.index;
    let known = index.sources.rows(hash).find(|row| {
        let first = events.get(index.allowances[*row].event as usize);
        first.is_some_and(|event| event.object == *told.object && is_from(event, told.source))
    });
    let Some(row) = known else {
        index.sources.push(hash);
        index.allowances.push(Allowance {
            event: events.len() as u32,
            left: BURST - 1.0,
            at: now,
        });
        return true;
    };
    let allowance = &mut index.allowances[row];
    let waited = now.elapsed(allowance.at) as f32;
    allowance.left = (allowance.left + waited / REFILL).min(BURST);
    allowance.at = now;
    let allowed = allowance.left >= 1.0;
    if allowed {
        allowance.left -= 1.0;
    }
    allowed
}

/// Under what an Event is found: its object and its reason.
pub(super) fn hash_of(object: &ObjectRef, reason: &str) -> u32 {
    fnv1a(&[&object.name, reason])
}
