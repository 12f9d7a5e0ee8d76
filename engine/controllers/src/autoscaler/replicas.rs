//! The replica calculator: from metrics of pods to a number of pods.
//!
//! Source: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go.

use super::Desk;
use crate::metrics_server::WINDOW;
use crate::owned::is_selected;
use crate::spinning;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::PodMetrics;
use aegis_model::kubernetes::{Kind, MetricSpec, ResourceMetric, RestartPolicy};
use aegis_model::objects::{ConditionStatus, Measured, Pod, PodPhase};
use aegis_model::{PodId, Quantity, Tick, WorkloadId};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

/// Deviation from the target that is let be.
const TOLERANCE: f64 = 0.1;
/// Seconds after a pod's start in which its CPU counts only once it is ready.
const CPU_INITIALIZATION: u32 = 300;
/// Seconds after a pod's start in which a change to not ready counts as never having been ready.
const INITIAL_READINESS: u32 = 30;
const NO_METRICS: &str = "did not receive metrics for targeted pods (pods might be unready)";

/// What one metric asks for.
pub(super) struct Proposal {
    pub replicas: u32,
    /// As Kubernetes names the metric.
    pub metric: String,
    /// What it is now.
    pub measured: Measured,
}

/// Why a metric asks for nothing.
pub(super) struct Failure {
    /// Reason of condition and Event.
    pub reason: &'static str,
    /// Message.
    pub error: String,
    /// What the count of all metrics says before it: `failed to get cpu resource metric value`.
    pub outer: String,
}

/// What a resource metric is held against.
#[derive(Clone, Copy)]
enum Goal {
    /// Percent of the requests.
    Utilization(u64),
    /// Millicores or bytes per pod.
    Average(u64),
}

/// What one metric asks for.
pub(super) fn propose<P>(
    cluster: &Cluster<P>,
    desk: &Desk,
    metric: &MetricSpec,
    position: usize,
) -> Result<Proposal, Failure> {
    let (given, reason, words) = match metric.kind.as_str() {
        "Resource" => (&metric.resource, "FailedGetResourceMetric", "resource"),
        "ContainerResource" => (
            &metric.container_resource,
            "FailedGetContainerResourceMetric",
            "container resource",
        ),
        other => return Err(no_such_api(cluster, desk, other, position)),
    };
    let outer = match &metric.container_resource {
        Some(of) => format!("failed to get {} container metric value", of.name),
        None => {
            let name = metric.resource.as_ref().map_or("", |of| &of.name);
            format!("failed to get {name} resource metric value")
        }
    };
    let failure = |error: String| Failure {
        reason,
        error,
        outer,
    };
    let Some(resource) = given else {
        return Err(failure("the metric names no resource".into()));
    };
    let Some(goal) = goal(resource) else {
        let error = "invalid resource metric source: neither a utilization target nor a value target was set";
        return Err(failure(error.into()));
    };
    let name = &resource.name;
    let (metric, what) = match goal {
        Goal::Utilization(_) => (
            format!("{name} {words} utilization (percentage of request)"),
            "utilization",
        ),
        Goal::Average(_) => (format!("{name} {words}"), "usage"),
    };
    match calculate(cluster, desk, resource, goal) {
        Ok((replicas, measured)) => Ok(Proposal {
            replicas,
            metric,
            measured,
        }),
        Err(error) => Err(failure(format!("failed to get {name} {what}: {error}"))),
    }
}

fn goal(resource: &ResourceMetric) -> Option<Goal> {
    let target = &resource.target;
    if let Some(average) = target.average_value {
        return Some(Goal::Average(match resource.name.as_str() {
            "cpu" => average.millicores().0,
            _ => average.bytes().0,
        }));
    }
    let percent = target.average_utilization?;
    Some(Goal::Utilization(u64::from(percent)))
}

/// There is no API for custom or external metrics.
fn no_such_api<P>(cluster: &Cluster<P>, desk: &Desk, kind: &str, position: usize) -> Failure {
    let header = &cluster.objects.autoscalers[desk.id.index()].header;
    let metric = &header.doc["spec"]["metrics"][position][kind.to_lowercase()];
    let name = metric["metric"]["name"].as_str().unwrap_or_default();
    let namespace = &header.reference.namespace;
    let custom = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
    match kind {
        "Pods" => Failure {
            reason: "FailedGetPodsMetric",
            error: format!("unable to get metric {name}: {custom}"),
            outer: "failed to get pods metric value".to_string(),
        },
        "Object" => {
            let target = &metric["describedObject"];
            let text = |key: &str| target[key].as_str().unwrap_or_default();
            Failure {
                reason: "FailedGetObjectMetric",
                error: format!(
                    "unable to get metric {name}: {} on {namespace} {}/{custom}",
                    text("kind"),
                    text("name")
                ),
                outer: "failed to get object metric value".to_string(),
            }
        }
        _ => Failure {
            reason: "FailedGetExternalMetric",
            error: format!(
                "unable to get external metric {namespace}/{name}/{}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get {name}.external.metrics.k8s.io)",
                go_selector(&metric["metric"]["selector"])
            ),
            outer: format!("failed to get {name} external metric value"),
        },
    }
}

/// A selector as Go prints the API's type.
fn go_selector(selector: &Value) -> String {
    if selector.is_null() {
        return "nil".to_string();
    }
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(key, value)| format!("{key}: {},", value.as_str().unwrap_or("")));
    let labels: String = labels.collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    )
}

/// Pods of the target, grouped by what their metrics are worth.
#[derive(Default)]
struct Groups {
    /// Use of pods that count.
    metered: Vec<(PodId, u64)>,
    unready: Vec<PodId>,
    missing: Vec<PodId>,
}

fn calculate<P>(
    cluster: &Cluster<P>,
    desk: &Desk,
    resource: &ResourceMetric,
    goal: Goal,
) -> Result<(u32, Measured), String> {
    let pods = selected(cluster, desk);
    let is_measured = |pod: &PodId| cluster.workings.control.pod_metrics(*pod).is_some();
    if !pods.iter().any(is_measured) {
        let name = &resource.name;
        return Err(format!(
            "unable to get metrics for resource {name}: no metrics returned from resource metrics API"
        ));
    }
    let groups = group(cluster, &pods, resource);
    if groups.metered.is_empty() {
        return Err(NO_METRICS.to_string());
    }
    let requests = match goal {
        Goal::Utilization(_) => requests(cluster, &pods, resource)?,
        Goal::Average(_) => Vec::new(),
    };
    let (ratio, value) = ratio(&groups.metered, &requests, goal)?;
    let used: u64 = groups.metered.iter().map(|(_, used)| used).sum();
    let mean = used / groups.metered.len() as u64;
    let measured = Measured { value, mean };
    let replicas = count(desk, groups, &requests, goal, ratio)?;
    Ok((replicas, measured))
}

/// Pods that the target's selector finds: among its own, and among those that nothing controls.
fn selected<P>(cluster: &Cluster<P>, desk: &Desk) -> Vec<PodId> {
    let row = &cluster.objects.workloads[desk.target.index()];
    let selector = row.spec.selector();
    let is_own = |pod: &PodId| selector.is_none_or(|s| is_selected(cluster, *pod, s));
    let strays = &cluster.workings.control.autoscalers[desk.id.index()].strays;
    let own = row.pods.iter().copied().filter(is_own);
    own.chain(strays.iter().copied()).collect()
}

/// Pods of the target's namespace that it does not own and that its selector finds.
pub(super) fn strays<P>(cluster: &Cluster<P>, target: WorkloadId) -> Vec<PodId> {
    let row = &cluster.objects.workloads[target.index()];
    let Some(selector) = row.spec.selector() else {
        return Vec::new();
    };
    let is_meant = |id: &PodId| {
        let pod = &cluster.objects.pods[id.index()];
        pod.namespace == row.header.reference.namespace && selector.matches(&pod.labels)
    };
    let orphans = cluster.workings.control.orphans.iter().copied();
    let others = cluster.objects.workloads.enumerate();
    let others = others.filter(|(index, other)| {
        *index != target.index()
            && !other.pods.is_empty()
            && other.header.reference.kind != Kind::Pod
            && other.header.reference.namespace == row.header.reference.namespace
            && selector.matches(&other.spec.template().metadata.labels)
    });
    let others = others.flat_map(|(_, other)| other.pods.iter().copied());
    orphans.chain(others).filter(is_meant).collect()
}

/// Source: `groupPods`; terminating and failed pods are left out.
fn group<P>(cluster: &Cluster<P>, pods: &[PodId], metric: &ResourceMetric) -> Groups {
    let resource = metric.name.as_str();
    let mut groups = Groups::default();
    for id in pods {
        let pod = &cluster.objects.pods[id.index()];
        if pod.deletion.is_some() || pod.phase == PodPhase::Failed {
            continue;
        }
        if pod.phase == PodPhase::Pending {
            groups.unready.push(*id);
            continue;
        }
        let Some(metrics) = cluster.workings.control.pod_metrics(*id) else {
            groups.missing.push(*id);
            continue;
        };
        if resource == "cpu" && is_unready(pod, &metrics, cluster.clock) {
            groups.unready.push(*id);
        } else if resource == "cpu" {
            let used = spinning::of_container(cluster, *id, &metric.container, metrics.cpu);
            groups.metered.push((*id, used));
        } else {
            groups.metered.push((*id, metrics.memory));
        }
    }
    groups
}

/// Whether a pod's CPU is not to be trusted yet.
fn is_unready(pod: &Pod, metrics: &PodMetrics, now: Tick) -> bool {
    let Some(started) = pod.started else {
        return true;
    };
    let ready = &pod.conditions.ready;
    let not_ready = ready.status == ConditionStatus::False;
    if started.after(CPU_INITIALIZATION) > now {
        not_ready || metrics.at < ready.since.after(WINDOW)
    } else {
        not_ready && started.after(INITIAL_READINESS) > ready.since
    }
}

/// Requests per pod: of all containers, or of the one that the metric names; what the pod asks for as a whole
/// goes before its containers (replica_calculator.go `calculatePodLevelRequests`).
fn requests<P>(
    cluster: &Cluster<P>,
    pods: &[PodId],
    metric: &ResourceMetric,
) -> Result<Vec<(PodId, u64)>, String> {
    let request = |id: &PodId| {
        let pod = &cluster.objects.pods[id.index()];
        let spec = &cluster.objects.templates[pod.template.index()].spec.spec;
        let sidecars = (spec.init_containers.iter())
            .filter(|c| c.restart_policy == Some(RestartPolicy::Always));
        let units = |amount: Quantity| match metric.name.as_str() {
            "cpu" => amount.millicores().0,
            _ => amount.bytes().0,
        };
        let whole = spec.resources.requests.get(&metric.name);
        if let Some(amount) = whole.filter(|_| metric.container.is_empty()) {
            return Ok((*id, units(amount)));
        }
        let mut sum = 0;
        for container in spec.containers.iter().chain(sidecars) {
            if !metric.container.is_empty() && metric.container != container.name {
                continue;
            }
            let Some(amount) = container.resources.request(&metric.name) else {
                return Err(format!(
                    "missing request for {} in container {} of Pod {}",
                    metric.name, container.name, pod.name
                ));
            };
            sum += units(amount);
        }
        Ok((*id, sum))
    };
    pods.iter().map(request).collect()
}

/// Use over goal, and what was measured; integers are divided as upstream does.
fn ratio(
    metered: &[(PodId, u64)],
    requests: &[(PodId, u64)],
    goal: Goal,
) -> Result<(f64, u64), String> {
    let used: u64 = metered.iter().map(|(_, used)| used).sum();
    match goal {
        Goal::Utilization(target) => {
            let requested: u64 = metered.iter().map(|(pod, _)| of(requests, *pod)).sum();
            if requested == 0 {
                return Err("no metrics returned matched known pods".to_string());
            }
            let percent = used * 100 / requested;
            Ok((percent as f64 / target as f64, percent))
        }
        Goal::Average(target) => {
            let mean = used / metered.len() as u64;
            Ok((mean as f64 / target as f64, mean))
        }
    }
}

fn of(amounts: &[(PodId, u64)], pod: PodId) -> u64 {
    let place = amounts.iter().find(|(other, _)| *other == pod);
    place.map_or(0, |(_, amount)| *amount)
}

fn is_tolerated(ratio: f64) -> bool {
    (1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&ratio)
}

fn times(ratio: f64, pods: usize) -> u32 {
    libm::ceil(ratio * pods as f64) as u32
}

/// Unready and missing pods are filled in against the direction, and may only damp it.
fn count(
    desk: &Desk,
    groups: Groups,
    requests: &[(PodId, u64)],
    goal: Goal,
    first: f64,
) -> Result<u32, String> {
    let grows_with_unready = !groups.unready.is_empty() && first > 1.0;
    if !grows_with_unready && groups.missing.is_empty() {
        return Ok(if is_tolerated(first) {
            desk.current
        } else {
            times(first, groups.metered.len())
        });
    }
    let mut filled = groups.metered;
    for pod in groups.missing {
        if first < 1.0 {
            filled.push((pod, assumed(requests, goal, pod)));
        } else if first > 1.0 {
            filled.push((pod, 0));
        }
    }
    if grows_with_unready {
        filled.extend(groups.unready.into_iter().map(|pod| (pod, 0)));
    }
    let (second, _) = ratio(&filled, requests, goal)?;
    let flips = (first < 1.0 && second > 1.0) || (first > 1.0 && second < 1.0);
    if is_tolerated(second) || flips {
        return Ok(desk.current);
    }
    let wanted = times(second, filled.len());
    let backwards =
        (second < 1.0 && wanted > desk.current) || (second > 1.0 && wanted < desk.current);
    Ok(if backwards { desk.current } else { wanted })
}

/// What a pod without metrics is taken to use when pods are to be removed.
fn assumed(requests: &[(PodId, u64)], goal: Goal, pod: PodId) -> u64 {
    match goal {
        Goal::Utilization(target) => of(requests, pod) * target.max(100) / 100,
        Goal::Average(target) => target,
    }
}
