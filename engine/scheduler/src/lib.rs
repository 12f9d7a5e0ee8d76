//! kube-scheduler: pods that wait get a node, or are told why not.
//!
//! With no pod waiting a step costs one look at an empty set. Otherwise the
//! nodes are laid out flat once per step ([`board`]), rules that look at nodes
//! alone are asked once per template, and each pod then costs one pass over the
//! nodes. Sums of requests per node are kept as pods come and go (see
//! [`aegis_cluster::workings::Scheduler`]). All pods that can be placed are placed in
//! one tick; one whose volumes are still to be bound keeps its place until they
//! are ([`volumes`]). Not simulated: extenders, profiles, dynamic resources.
#![no_std]

extern crate alloc;

mod affinity;
mod board;
mod capacity;
mod equals;
mod fit;
mod images;
mod limits;
pub mod message;
mod placement;
mod preemption;
mod queue;
mod rehearsal;
mod score;
mod selection;
mod spread;
mod volumes;

pub use rehearsal::Rehearsal;

use aegis_cluster::api;
use aegis_cluster::api::pods::PodConditionKind;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::News;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{ConditionStatus, Severity};
use aegis_model::{NodeId, Overlay, PodId};
use board::Board;
use message::Refusal;
use placement::{Found, Search};
use volumes::PodVolumes;

/// What may help a pod that goes nowhere for its claims.
const STORAGE: News = News {
    node: false,
    freed: false,
    bound: false,
    gates: false,
    storage: true,
};
/// `source.component` of its Events.
const COMPONENT: &str = "default-scheduler";

/// Places the pods that wait.
pub fn step<P: Clone>(
    cluster: &mut Cluster<P>,
    _overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    for (pod, node) in volumes::settled(cluster, journal) {
        bind(cluster, journal, pod, node);
    }
    if queue::refresh(cluster) == queue::Ready::No {
        return;
    }
    let mut search = Search::new(Board::of(cluster));
    while let Some(pod) = queue::pop(cluster) {
        attempt(cluster, draws, journal, &mut search, pod);
    }
}

/// One attempt to place one pod.
fn attempt<P>(
    cluster: &mut Cluster<P>,
    draws: &Draws,
    journal: &mut Journal,
    search: &mut Search,
    pod: PodId,
) {
    if is_anothers(cluster, pod) {
        return queue::park(cluster, pod, News::default());
    }
    if !api::pods::gates(&cluster.objects, pod).is_empty() {
        return hold_at_gate(cluster, pod);
    }
    if lacks_resource_claim(cluster, pod) {
        return queue::park(cluster, pod, STORAGE);
    }
    let nodes = search.board.rows.len();
    if names_conflict(cluster, pod) {
        let message = message::refused_everywhere(nodes, CONFLICT);
        return fail(cluster, journal, pod, &message, News::default());
    }
    let volumes = match volumes::of(cluster, pod) {
        Ok(volumes) => volumes,
        Err(reason) => {
            let message = message::refused_everywhere(nodes, &reason);
            return fail(cluster, journal, pod, &message, STORAGE);
        }
    };
    let waiting = volumes.clone().filter(PodVolumes::are_waiting);
    search.volumes = volumes;
    match search.find(cluster, *draws, pod) {
        Found::Row(row) => {
            let node = search.board.rows[row].node;
            match waiting {
                Some(volumes) => volumes::reserve(cluster, pod, node, &volumes),
                None => bind(cluster, journal, pod, node),
            }
            search.count_bound(cluster, pod, row);
        }
        Found::Nowhere(refusals) => {
            let preemption = preemption::make_room(cluster, journal, search, pod, &refusals);
            let message = message::failure(nodes, &refusals, &preemption);
            fail(cluster, journal, pod, &message, helped_by(&refusals));
        }
    }
}

/// Whether the pod waits for a ResourceClaim, or for the template of one, that does not exist: it does not
/// enter the queue before. Devices themselves are not simulated.
/// Source: pkg/scheduler/framework/plugins/dynamicresources `PreEnqueue`.
fn lacks_resource_claim<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let document = &cluster.objects.templates[row.template.index()].doc;
    let claims = document["spec"]["resourceClaims"].as_array();
    let kinds = [
        ("resourceClaimName", "ResourceClaim"),
        ("resourceClaimTemplateName", "ResourceClaimTemplate"),
    ];
    let mut named = claims.into_iter().flatten().flat_map(|claim| {
        let named = kinds.map(|(key, kind)| Some((kind, claim[key].as_str()?)));
        named.into_iter().flatten()
    });
    named.any(|(kind, name)| {
        let object = ObjectRef::new(Kind::from(kind), &row.namespace, name);
        api::find(cluster, &object).is_none()
    })
}

/// What NodeAffinity says of a pod whose terms name no node together.
const CONFLICT: &str = "pod affinity terms conflict";

fn names_conflict<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let template = cluster.objects.pods[pod.index()].template;
    aegis_cluster::rules::names_conflict(&cluster.objects.templates[template.index()].spec.spec)
}

/// Whether another scheduler is asked to place the pod.
fn is_anothers<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let named = spec.scheduler_name.as_deref().unwrap_or_default();
    !matches!(named, "" | COMPONENT)
}

/// A gated pod is not tried and gets no Event.
fn hold_at_gate<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let lifted = News {
        gates: true,
        ..News::default()
    };
    queue::park(cluster, pod, lifted);
    let message = "Scheduling is blocked due to non-empty scheduling gates";
    not_scheduled(cluster, pod, "SchedulingGated", message);
}

fn not_scheduled<P>(cluster: &mut Cluster<P>, pod: PodId, reason: &str, message: &str) {
    api::pods::set_condition(
        cluster,
        pod,
        PodConditionKind::Scheduled,
        ConditionStatus::False,
        reason,
        Some(message.into()),
    );
}

fn bind<P>(cluster: &mut Cluster<P>, journal: &mut Journal, pod: PodId, node: NodeId) {
    queue::forget(cluster, pod);
    api::pods::bind(cluster, pod, node);
    let next = cluster.clock.after(1);
    cluster.workings.pods.set_due(pod, next);
    let row = &cluster.objects.pods[pod.index()];
    let node_name = &cluster.objects.nodes[node.index()].header.reference.name;
    // Much cheaper than formatting, and said for every pod.
    let message = [
        "Successfully assigned ",
        &row.namespace,
        "/",
        &row.name,
        " to ",
        node_name,
    ];
    let message = message.concat();
    say(
        cluster,
        journal,
        Severity::Normal,
        "Scheduled",
        &message,
        pod,
    );
}

fn fail<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    pod: PodId,
    message: &str,
    helped_by: News,
) {
    let any_node = News {
        node: true,
        ..helped_by
    };
    queue::park(cluster, pod, any_node);
    say(
        cluster,
        journal,
        Severity::Warning,
        "FailedScheduling",
        message,
        pod,
    );
    not_scheduled(cluster, pod, "Unschedulable", message);
}

fn say<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    severity: Severity,
    reason: &str,
    message: &str,
    pod: PodId,
) {
    let object = api::events::pod_ref(&cluster.objects.pods[pod.index()]);
    let source = api::events::Source::of(COMPONENT);
    api::events::record(cluster, journal, severity, reason, message, &object, source);
}

/// What may let a pod fit that was refused for these reasons.
fn helped_by(refusals: &[Refusal]) -> News {
    let any = |wanted: fn(&Refusal) -> bool| refusals.iter().any(wanted);
    News {
        node: true,
        freed: any(|refusal| {
            matches!(
                refusal,
                Refusal::Fit(_)
                    | Refusal::Ports
                    | Refusal::Spread
                    | Refusal::VolumeInUse
                    | Refusal::VolumeLimit
                    | Refusal::PodAntiAffinity
                    | Refusal::ExistingAntiAffinity
            )
        }),
        bound: any(|refusal| matches!(refusal, Refusal::PodAffinity | Refusal::Spread)),
        storage: any(Refusal::is_of_volumes),
        ..News::default()
    }
}
