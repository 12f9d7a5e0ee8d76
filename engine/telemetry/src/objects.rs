//! Families of what the API server shows, as kube-state-metrics has them.
//!
//! Names, labels and meanings: kube-state-metrics, docs/metrics. Objects that are gone have no samples.

use crate::families::Labels;
use crate::family::{Family, Kind};
use aegis_model::Objects;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::{
    ConditionStatus, ContainerState, ContainerStatus, Pod, PodPhase, Workload, WorkloadSpec,
};

const PHASES: [PodPhase; 5] = [
    PodPhase::Pending,
    PodPhase::Running,
    PodPhase::Succeeded,
    PodPhase::Failed,
    PodPhase::Unknown,
];

const STATUSES: [(ConditionStatus, &str); 3] = [
    (ConditionStatus::True, "true"),
    (ConditionStatus::False, "false"),
    (ConditionStatus::Unknown, "unknown"),
];

/// All families of objects, in a fixed order.
pub(crate) fn shown(objects: &Objects) -> Vec<Family> {
    let mut families = vec![
        node_conditions(objects),
        pod_phase(objects),
        pod_ready(objects),
        restarts(objects),
        waiting(objects),
        last_terminated(objects),
    ];
    families.extend(WORKLOADS.iter().map(|row| workload_family(objects, row)));
    families.extend(autoscalers(objects));
    families
}

/// 1 where it holds, else 0, as kube-state-metrics spells a state.
fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn node_conditions(objects: &Objects) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "kube_node_status_condition",
        "The condition of a cluster node.",
    );
    for node in objects.nodes.iter().filter(|node| node.header.exists()) {
        for condition in &node.conditions {
            for (status, name) in STATUSES {
                let labels = vec![
                    ("node", node.header.reference.name.to_string()),
                    ("condition", condition.kind.to_string()),
                    ("status", name.to_owned()),
                ];
                family.add(labels, flag(condition.status == status));
            }
        }
    }
    family
}

fn pods(objects: &Objects) -> impl Iterator<Item = &Pod> {
    objects.pods.iter().filter(|pod| pod.exists())
}

fn pod_labels(pod: &Pod, more: &[(&'static str, &str)]) -> Labels {
    let own = [
        ("namespace", pod.namespace.to_string()),
        ("pod", pod.name.to_string()),
    ];
    let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
    own.into_iter().chain(more).collect()
}

fn pod_phase(objects: &Objects) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "kube_pod_status_phase",
        "The pods current phase.",
    );
    for pod in pods(objects) {
        for phase in PHASES {
            let labels = pod_labels(pod, &[("phase", phase.as_str())]);
            family.add(labels, flag(pod.phase == phase));
        }
    }
    family
}

fn pod_ready(objects: &Objects) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "kube_pod_status_ready",
        "Describes whether the pod is ready to serve requests.",
    );
    for pod in pods(objects) {
        for (status, name) in STATUSES {
            let labels = pod_labels(pod, &[("condition", name)]);
            family.add(labels, flag(pod.conditions.ready.status == status));
        }
    }
    family
}

/// Containers of a pod with their names; init containers, which stand first in the statuses, are left out.
fn containers<'a>(objects: &'a Objects, pod: &'a Pod) -> Vec<(&'a str, &'a ContainerStatus)> {
    let Some(template) = objects.templates.get(pod.template.index()) else {
        return Vec::new();
    };
    let spec = &template.spec.spec;
    let statuses = pod.containers.iter().skip(spec.init_containers.len());
    let names = spec
        .containers
        .iter()
        .map(|container| container.name.as_str());
    names.zip(statuses).collect()
}

/// Runs over every container that is shown.
fn each_container(objects: &Objects, mut see: impl FnMut(&Pod, &str, &ContainerStatus)) {
    for pod in pods(objects) {
        for (name, status) in containers(objects, pod) {
            see(pod, name, status);
        }
    }
}

fn restarts(objects: &Objects) -> Family {
    let mut family = Family::new(
        Kind::Counter,
        "kube_pod_container_status_restarts",
        "The number of container restarts per container.",
    );
    each_container(objects, |pod, name, status| {
        let labels = pod_labels(pod, &[("container", name)]);
        family.add(labels, f64::from(status.restarts));
    });
    family
}

fn waiting(objects: &Objects) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "kube_pod_container_status_waiting_reason",
        "Describes the reason the container is currently in waiting state.",
    );
    each_container(objects, |pod, name, status| {
        if let ContainerState::Waiting { reason, .. } = &status.state {
            let labels = pod_labels(pod, &[("container", name), ("reason", reason)]);
            family.add(labels, 1.0);
        }
    });
    family
}

fn last_terminated(objects: &Objects) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "kube_pod_container_status_last_terminated_reason",
        "Describes the last reason the container was in terminated state.",
    );
    each_container(objects, |pod, name, status| {
        if let Some(last) = &status.last {
            let labels = pod_labels(pod, &[("container", name), ("reason", &last.reason)]);
            family.add(labels, 1.0);
        }
    });
    family
}

/// A family of workloads: kind, name, help, figure.
type WorkloadRow = (Sort, &'static str, &'static str, fn(&Workload) -> u32);

/// The kinds of workloads that have families.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Deployment,
    StatefulSet,
    DaemonSet,
}

const WORKLOADS: [WorkloadRow; 9] = [
    (
        Sort::Deployment,
        "kube_deployment_spec_replicas",
        "Number of desired pods for a deployment.",
        |w| w.spec.replicas().unwrap_or(0),
    ),
    (
        Sort::Deployment,
        "kube_deployment_status_replicas",
        "The number of replicas per deployment.",
        |w| w.status.replicas,
    ),
    (
        Sort::Deployment,
        "kube_deployment_status_replicas_available",
        "The number of available replicas per deployment.",
        |w| w.status.available,
    ),
    (
        Sort::Deployment,
        "kube_deployment_status_replicas_unavailable",
        "The number of unavailable replicas per deployment.",
        |w| w.status.unavailable,
    ),
    (
        Sort::Deployment,
        "kube_deployment_status_replicas_updated",
        "The number of updated replicas per deployment.",
        |w| w.status.updated,
    ),
    (
        Sort::StatefulSet,
        "kube_statefulset_replicas",
        "Number of desired pods for a StatefulSet.",
        |w| w.spec.replicas().unwrap_or(0),
    ),
    (
        Sort::StatefulSet,
        "kube_statefulset_status_replicas_ready",
        "The number of ready replicas per StatefulSet.",
        |w| w.status.ready,
    ),
    (
        Sort::DaemonSet,
        "kube_daemonset_status_desired_number_scheduled",
        "The number of nodes that should be running the daemon pod.",
        |w| w.status.desired,
    ),
    (
        Sort::DaemonSet,
        "kube_daemonset_status_number_ready",
        "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and ready.",
        |w| w.status.ready,
    ),
];

impl Sort {
    fn of(spec: &WorkloadSpec) -> Option<Self> {
        match spec {
            WorkloadSpec::Deployment(_) => Some(Self::Deployment),
            WorkloadSpec::StatefulSet(_) => Some(Self::StatefulSet),
            WorkloadSpec::DaemonSet(_) => Some(Self::DaemonSet),
            WorkloadSpec::ReplicaSet(_) | WorkloadSpec::Pod(_) => None,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
        }
    }
}

fn named(label: &'static str, reference: &ObjectRef) -> Labels {
    vec![
        ("namespace", reference.namespace.to_string()),
        (label, reference.name.to_string()),
    ]
}

fn workload_family(objects: &Objects, (sort, name, help, figure): &WorkloadRow) -> Family {
    let mut family = Family::new(Kind::Gauge, name, help);
    let shown = objects.workloads.iter().filter(|w| w.header.exists());
    for workload in shown.filter(|w| Sort::of(&w.spec) == Some(*sort)) {
        let labels = named(sort.label(), &workload.header.reference);
        family.add(labels, f64::from(figure(workload)));
    }
    family
}

fn autoscalers(objects: &Objects) -> [Family; 2] {
    let mut current = Family::new(
        Kind::Gauge,
        "kube_horizontalpodautoscaler_status_current_replicas",
        "Current number of replicas of pods managed by this autoscaler.",
    );
    let mut desired = Family::new(
        Kind::Gauge,
        "kube_horizontalpodautoscaler_status_desired_replicas",
        "Desired number of replicas of pods managed by this autoscaler.",
    );
    for row in objects.autoscalers.iter().filter(|row| row.header.exists()) {
        let labels = named("horizontalpodautoscaler", &row.header.reference);
        current.add(labels.clone(), f64::from(row.current));
        desired.add(labels, f64::from(row.desired));
    }
    [current, desired]
}
