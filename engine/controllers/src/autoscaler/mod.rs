//! The horizontal pod autoscaler (pkg/controller/podautoscaler), autoscaling/v2, CPU and memory.
//!
//! Each object is synced every 15 s from its creation on. Metrics other than
//! resources have no API here, and fail as they do in a cluster without one. A
//! `ContainerResource` metric reads the whole pod's use against the container's
//! request, because use is simulated per pod.

mod behavior;
mod replicas;

use super::conditions::{self, Saying};
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, resource};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::Slot;
use aegis_model::kubernetes::{HorizontalPodAutoscalerSpec, Kind, ObjectRef, ScaleTargetRef};
use aegis_model::objects::{ConditionStatus, Severity};
use aegis_model::{AutoscalerId, Overlay, WorkloadId};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

const SOURCE: Source = Source::of("horizontal-pod-autoscaler");
/// Seconds between two syncs of one object.
const PERIOD: u32 = 15;

/// Syncs the autoscalers whose time has come.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    let now = cluster.clock;
    for id in (0..cluster.objects.autoscalers.len()).map(AutoscalerId::from) {
        let exists = cluster.objects.autoscalers[id.index()].header.exists();
        if exists && cluster.workings.control.autoscalers[id.index()].next <= now {
            cluster.workings.control.autoscalers[id.index()].next = now.after(PERIOD);
            sync(cluster, id, journal);
        }
    }
}

/// An autoscaler on the controller's desk.
struct Desk {
    id: AutoscalerId,
    spec: Arc<HorizontalPodAutoscalerSpec>,
    target: WorkloadId,
    /// `spec.replicas` of the target.
    current: u32,
    min: u32,
}

/// What the controller wants, and why.
struct Decision {
    replicas: u32,
    reason: String,
}

fn sync<P>(cluster: &mut Cluster<P>, id: AutoscalerId, journal: &mut Journal) {
    let Some(desk) = open(cluster, id, journal) else {
        return;
    };
    say(
        cluster,
        id,
        "AbleToScale",
        ConditionStatus::True,
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
    );
    cluster.workings.control.autoscalers[id.index()].strays =
        replicas::strays(cluster, desk.target);
    behavior::record_first(cluster, &desk);
    let decision = decide(cluster, &desk, journal);
    let row = &mut cluster.objects.autoscalers[id.index()];
    row.current = desk.current;
    let Some(decision) = decision else {
        return;
    };
    row.desired = decision.replicas;
    if decision.replicas != desk.current {
        rescale(cluster, &desk, &decision, journal);
    }
}

/// Finds what is scaled, and says so where it cannot be.
fn open<P>(cluster: &mut Cluster<P>, id: AutoscalerId, journal: &mut Journal) -> Option<Desk> {
    let row = &cluster.objects.autoscalers[id.index()];
    let spec = row.spec.clone();
    let target = &spec.scale_target_ref;
    let kind = Kind::from(target.kind.as_str());
    let namespace = &row.header.reference.namespace;
    let reference = ObjectRef::new(kind, namespace, &target.name);
    if let Some(group) = foreign_group(target, &reference.kind) {
        let kind = &target.kind;
        let error = format!("no matches for kind \"{kind}\" in group \"{group}\"");
        cluster.workings.control.autoscalers[id.index()].target = None;
        fail_to_open(cluster, id, &error, journal);
        return None;
    }
    let found = match api::find(cluster, &reference) {
        Some(Slot::Workload(workload)) => Some(workload),
        _ => None,
    };
    cluster.workings.control.autoscalers[id.index()].target = found;
    let scale = found.and_then(|workload| {
        let replicas = cluster.objects.workloads[workload.index()].spec.replicas();
        replicas.map(|current| (workload, current))
    });
    let Some((target, current)) = scale else {
        fail_to_open(cluster, id, &not_found(&reference), journal);
        return None;
    };
    Some(Desk {
        id,
        min: spec.min_replicas.unwrap_or(1),
        spec,
        target,
        current,
    })
}

/// The group that a reference names, where it is not that of a kind which the API server serves; its version
/// does not matter (horizontal.go `reconcileAutoscaler`, RESTMappings of the group and kind).
fn foreign_group<'a>(target: &'a ScaleTargetRef, kind: &Kind) -> Option<&'a str> {
    let scaled = matches!(
        kind,
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet
    );
    if !scaled || target.api_version.is_empty() {
        return None;
    }
    let named = target.api_version.split_once('/');
    let group = named.map_or("", |(group, _)| group);
    let plural = resource(kind);
    let served = plural.split_once('.').map_or("", |(_, group)| group);
    (group != served).then_some(group)
}

fn not_found(target: &ObjectRef) -> String {
    let plural = resource(&target.kind);
    let (kind, group) = plural.split_once('.').unwrap_or((&plural, ""));
    format!("{kind}/scale.{group} \"{}\" not found", target.name)
}

fn fail_to_open<P>(cluster: &mut Cluster<P>, id: AutoscalerId, error: &str, journal: &mut Journal) {
    report(
        cluster,
        id,
        Severity::Warning,
        "FailedGetScale",
        error,
        journal,
    );
    let message =
        format!("the HPA controller was unable to get the target's current scale: {error}");
    let status = ConditionStatus::False;
    say(
        cluster,
        id,
        "AbleToScale",
        status,
        "FailedGetScale",
        &message,
    );
}

fn say<P>(
    cluster: &mut Cluster<P>,
    id: AutoscalerId,
    kind: &'static str,
    status: ConditionStatus,
    reason: &'static str,
    message: &str,
) {
    let now = cluster.clock;
    let saying = Saying {
        kind,
        status,
        reason,
        message,
    };
    let row = &mut cluster.objects.autoscalers[id.index()];
    conditions::set_in_place(&mut row.conditions, &saying, now);
}

fn report<P>(
    cluster: &mut Cluster<P>,
    id: AutoscalerId,
    severity: Severity,
    reason: &str,
    message: &str,
    journal: &mut Journal,
) {
    let object = cluster.objects.autoscalers[id.index()]
        .header
        .reference
        .clone();
    record(cluster, journal, severity, reason, message, &object, SOURCE);
}

/// `None` where no metric says anything.
fn decide<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) -> Option<Decision> {
    let at_once = |replicas: u32, reason: &str| {
        Some(Decision {
            replicas,
            reason: reason.to_string(),
        })
    };
    if !(desk.min..=desk.spec.max_replicas).contains(&desk.current) {
        // Metrics are not read, and the status shows none.
        cluster.objects.autoscalers[desk.id.index()]
            .metrics
            .fill(None);
    }
    if desk.current == 0 && desk.min != 0 {
        say(
            cluster,
            desk.id,
            "ScalingActive",
            ConditionStatus::False,
            "ScalingDisabled",
            "scaling is disabled since the replica count of the target is zero",
        );
        return at_once(0, "");
    }
    if desk.current > desk.spec.max_replicas {
        let reason = "Current number of replicas above Spec.MaxReplicas";
        return at_once(desk.spec.max_replicas, reason);
    }
    if desk.current < desk.min {
        return at_once(
            desk.min,
            "Current number of replicas below Spec.MinReplicas",
        );
    }
    if let Some(error) = ambiguity(cluster, desk) {
        refuse(cluster, desk, &error, journal);
        return None;
    }
    let (wanted, metric) = from_metrics(cluster, desk, journal)?;
    let reason = if wanted > desk.current {
        format!("{metric} above target")
    } else {
        "All metrics below target".to_string()
    };
    let replicas = behavior::normalise(cluster, desk, wanted);
    Some(Decision { replicas, reason })
}

/// What is wrong where other autoscalers select the target's pods too.
/// Source: horizontal.go `validateAndParseSelector`; an autoscaler counts from its first sync on.
fn ambiguity<P>(cluster: &Cluster<P>, desk: &Desk) -> Option<String> {
    let own = &cluster.objects.workloads[desk.target.index()];
    let namespace = &own.header.reference.namespace;
    let strays = &cluster.workings.control.autoscalers[desk.id.index()].strays;
    let selects_own = |target: &WorkloadId| {
        let selector = cluster.objects.workloads[target.index()].spec.selector();
        let all = own.pods.iter().chain(strays);
        let mut pods = all.map(|pod| &cluster.objects.pods[pod.index()]);
        pods.any(|pod| selector.is_some_and(|selector| selector.matches(&pod.labels)))
    };
    let rows = cluster.objects.autoscalers.enumerate();
    let mut names: Vec<String> = rows
        .filter(|(_, row)| row.header.exists() && row.header.reference.namespace == *namespace)
        .filter(|(index, _)| {
            let target = cluster.workings.control.autoscalers[*index].target;
            target.is_some_and(|target| selects_own(&target))
        })
        .map(|(_, row)| format!("{namespace}/{}", row.header.reference.name))
        .collect();
    names.sort_unstable();
    (names.len() > 1).then(|| {
        let selector = own.spec.selector().map(ToString::to_string);
        format!(
            "pods by selector {} are controlled by multiple HPAs: [{}]",
            selector.unwrap_or_default(),
            names.join(" ")
        )
    })
}

fn refuse<P>(cluster: &mut Cluster<P>, desk: &Desk, error: &str, journal: &mut Journal) {
    let (id, status) = (desk.id, ConditionStatus::False);
    cluster.objects.autoscalers[id.index()].metrics.fill(None);
    for reason in ["AmbiguousSelector", "FailedComputeMetricsReplicas"] {
        report(cluster, id, Severity::Warning, reason, error, journal);
    }
    say(
        cluster,
        id,
        "ScalingActive",
        status,
        "AmbiguousSelector",
        error,
    );
}

/// The largest proposal of all metrics, and the metric that made it.
fn from_metrics<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    journal: &mut Journal,
) -> Option<(u32, String)> {
    let mut best: Option<(u32, String)> = None;
    let mut failures: Vec<replicas::Failure> = Vec::new();
    for (position, metric) in desk.spec.metrics.iter().enumerate() {
        let proposal = replicas::propose(cluster, desk, metric, position);
        let measured = proposal.as_ref().ok().map(|proposal| proposal.measured);
        let row = &mut cluster.objects.autoscalers[desk.id.index()];
        if let Some(place) = row.metrics.get_mut(position) {
            *place = measured;
        }
        match proposal {
            Ok(proposal) => {
                if best
                    .as_ref()
                    .is_none_or(|(most, _)| proposal.replicas > *most)
                {
                    best = Some((proposal.replicas, proposal.metric));
                }
            }
            Err(failure) => {
                let warning = Severity::Warning;
                let (reason, error) = (failure.reason, failure.error.clone());
                report(cluster, desk.id, warning, reason, &error, journal);
                failures.push(failure);
            }
        }
    }
    let blocked =
        |best: &Option<(u32, String)>| best.as_ref().is_none_or(|(most, _)| *most < desk.current);
    if let Some(first) = failures.first().filter(|_| blocked(&best)) {
        let counts = (failures.len(), desk.spec.metrics.len());
        fail(cluster, desk, first, counts, journal);
        return None;
    }
    let (_, metric) = best.as_ref()?;
    let message =
        format!("the HPA was able to successfully calculate a replica count from {metric}");
    let status = ConditionStatus::True;
    say(
        cluster,
        desk.id,
        "ScalingActive",
        status,
        "ValidMetricFound",
        &message,
    );
    best
}

/// Says that no replica count came out.
fn fail<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    first: &replicas::Failure,
    (failed, all): (usize, usize),
    journal: &mut Journal,
) {
    let message = format!(
        "the HPA was unable to compute the replica count: {}",
        first.error
    );
    let status = ConditionStatus::False;
    say(
        cluster,
        desk.id,
        "ScalingActive",
        status,
        first.reason,
        &message,
    );
    let error = format!(
        "invalid metrics ({failed} invalid out of {all}), first error is: {}: {}",
        first.outer, first.error
    );
    let reason = "FailedComputeMetricsReplicas";
    report(cluster, desk.id, Severity::Warning, reason, &error, journal);
}

fn rescale<P>(cluster: &mut Cluster<P>, desk: &Desk, decision: &Decision, journal: &mut Journal) {
    let size = decision.replicas;
    api::scale(cluster, desk.target, size);
    let message = format!("the HPA controller was able to update the target scale to {size}");
    let status = ConditionStatus::True;
    say(
        cluster,
        desk.id,
        "AbleToScale",
        status,
        "SucceededRescale",
        &message,
    );
    let message = format!("New size: {size}; reason: {}", decision.reason);
    let reason = "SuccessfulRescale";
    report(
        cluster,
        desk.id,
        Severity::Normal,
        reason,
        &message,
        journal,
    );
    behavior::record_scaling(cluster, desk, size);
    cluster.objects.autoscalers[desk.id.index()].last_scale = Some(cluster.clock);
}
