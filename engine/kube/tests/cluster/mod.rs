//! A cluster in the middle of its life, made by hand: one object of each kind, and pods in each state.
#![allow(dead_code, reason = "each test file uses a part")]

use aegis_kube::read;
use aegis_model::ids::{NodeId, PodId, ReplicaSetId, TemplateId, WorkloadId};
use aegis_model::kubernetes::{
    DaemonSetSpec, DeploymentSpec, HorizontalPodAutoscalerSpec, Labels, Metadata,
    NetworkPolicySpec, NodeCapacity, NodeSpec, ObjectRef, PodDisruptionBudgetSpec, PodTemplateSpec,
    ServiceSpec, StatefulSetSpec,
};
use aegis_model::objects::*;
use aegis_model::units::Tick;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the cluster stands.
pub const NOW: Tick = Tick(600);

const EXTRA: &str = include_str!("extra.yaml");

/// Builds rows in order of first appearance.
#[derive(Default)]
pub struct Builder {
    pub objects: Objects,
    next: u32,
}

fn typed<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("a typed value")
}

impl Builder {
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn header(&mut self, doc: &Value, reference: ObjectRef) -> Header {
        let meta: Metadata = doc.get("metadata").map(typed).unwrap_or_default();
        Header {
            reference,
            labels: Arc::new(meta.labels),
            annotations: Arc::new(meta.annotations),
            number: self.number(),
            generation: 1,
            created: Tick(0),
            deletion: None,
            removed: None,
            doc: Arc::new(doc.clone()),
        }
    }

    /// Adds a document of a manifest.
    pub fn add(&mut self, doc: &Value, reference: ObjectRef) {
        let header = self.header(doc, reference);
        let spec = doc.get("spec").cloned().unwrap_or_else(|| json!({}));
        let objects = &mut self.objects;
        match doc["kind"].as_str().unwrap_or_default() {
            "Node" => _ = objects.nodes.push(node(header, doc)),
            "Service" => {
                _ = objects.services.push(Service {
                    header,
                    spec: Arc::new(typed::<ServiceSpec>(&spec)),
                    endpoints: Arc::default(),
                });
            }
            "NetworkPolicy" => {
                _ = objects.policies.push(NetworkPolicy {
                    header,
                    spec: Arc::new(typed::<NetworkPolicySpec>(&spec)),
                });
            }
            "PodDisruptionBudget" => {
                _ = objects.budgets.push(DisruptionBudget {
                    header,
                    spec: Arc::new(typed::<PodDisruptionBudgetSpec>(&spec)),
                    expected: 3,
                    healthy: 2,
                    desired: 2,
                    allowed: 0,
                    conditions: Vec::new(),
                });
            }
            "HorizontalPodAutoscaler" => {
                _ = objects.autoscalers.push(autoscaler(header, typed(&spec)));
            }
            "Deployment" => self.workload(
                header,
                WorkloadSpec::Deployment(typed::<DeploymentSpec>(&spec)),
                &spec["template"],
            ),
            "StatefulSet" => self.workload(
                header,
                WorkloadSpec::StatefulSet(typed::<StatefulSetSpec>(&spec)),
                &spec["template"],
            ),
            "DaemonSet" => self.workload(
                header,
                WorkloadSpec::DaemonSet(typed::<DaemonSetSpec>(&spec)),
                &spec["template"],
            ),
            "Pod" => self.workload(
                header,
                WorkloadSpec::Pod(typed::<PodTemplateSpec>(doc)),
                doc,
            ),
            _ => {
                _ = objects.plain.push(Plain {
                    header,
                    status: aegis_model::Doc::default(),
                });
            }
        }
    }

    fn workload(&mut self, header: Header, spec: WorkloadSpec, template: &Value) {
        let index = self.objects.templates.len();
        self.objects.templates.push(Template {
            spec: Arc::new(typed(template)),
            doc: Arc::new(json!({"metadata": template["metadata"], "spec": template["spec"]})),
            hash: format!("hash{index}").into(),
            admitted_from: None,
        });
        let status = WorkloadStatus {
            observed_generation: 1,
            replicas: 2,
            updated: 2,
            ready: 1,
            available: 1,
            unavailable: 1,
            desired: 2,
            conditions: vec![condition("Available", "MinimumReplicasAvailable")],
            ..WorkloadStatus::default()
        };
        let owner = WorkloadId::from(self.objects.workloads.len());
        let deployment = matches!(spec, WorkloadSpec::Deployment(_));
        let name = format!("{}-hash{index}", header.reference.name);
        let reference = ObjectRef::new("ReplicaSet".into(), &header.reference.namespace, &name);
        self.objects.workloads.push(Workload {
            header,
            spec: Arc::new(spec),
            template: TemplateId::from(index),
            revision: 1,
            pods: Arc::default(),
            history: Default::default(),
            next_ordinal: 0,
            status: status.clone(),
        });
        if deployment {
            let header = self.header(&Value::Null, reference);
            self.objects.replica_sets.push(ReplicaSet {
                header,
                owner,
                template: TemplateId::from(index),
                revision: 1,
                replicas: 2,
                status,
            });
        }
    }

    /// Adds a pod of the workload of that name.
    pub fn pod(&mut self, workload: &str, change: impl FnOnce(&mut Pod)) {
        let rows = self.objects.workloads.enumerate();
        let (index, owner) = rows
            .into_iter()
            .find(|(_, w)| w.header.reference.name == workload)
            .expect("a workload");
        let owner = owner.clone();
        let template = self.objects.templates[owner.template.index()].clone();
        let sets = self.objects.replica_sets.enumerate();
        let set = sets
            .into_iter()
            .find(|(_, s)| s.owner.index() == index)
            .map(|(i, _)| ReplicaSetId::from(i));
        let ordinal = owner.next_ordinal;
        self.objects.workloads[index].next_ordinal += 1;
        let count = template.spec.spec.init_containers.len();
        let containers = (0..count + template.spec.spec.containers.len())
            .map(|i| if i < count { finished() } else { running() });
        let name = match &*owner.spec {
            WorkloadSpec::Pod(_) => workload.to_owned(),
            WorkloadSpec::StatefulSet(_) => format!("{workload}-{ordinal}"),
            _ => format!("{workload}-{}-p{ordinal:04}", template.hash),
        };
        let number = self.number();
        let mut labels: Labels = template.spec.metadata.labels.clone();
        if set.is_some() {
            labels.insert("pod-template-hash".into(), template.hash.clone());
        }
        let mut pod = Pod {
            name: name.as_str().into(),
            namespace: owner.header.reference.namespace.clone(),
            labels: Arc::new(labels),
            number,
            workload: WorkloadId::from(index),
            ordinal,
            replica_set: set,
            template: owner.template,
            node: Some(NodeId(ordinal % 2)),
            nominated: None,
            gates: None,
            finalizers: None,
            made_for: None,
            edits: 0,
            priority: 0,
            created: Tick(10),
            started: Some(Tick(11)),
            phase: PodPhase::Running,
            reason: None,
            message: None,
            conditions: ready_conditions(),
            containers: containers.collect(),
            deletion: None,
            removed: None,
        };
        change(&mut pod);
        self.objects.pods.push(pod);
    }
}

fn node(header: Header, doc: &Value) -> Node {
    let capacity = json!({"capacity": {"cpu": "4", "memory": "16Gi", "pods": "110"}, "allocatable": {"cpu": "3900m", "memory": "15Gi", "pods": "110"}});
    Node {
        header,
        spec: Arc::new(doc.get("spec").map(typed::<NodeSpec>).unwrap_or_default()),
        capacity: Arc::new(typed::<NodeCapacity>(&capacity)),
        conditions: vec![
            condition("MemoryPressure", "KubeletHasSufficientMemory"),
            condition("Ready", "KubeletReady"),
        ],
    }
}

fn autoscaler(header: Header, spec: HorizontalPodAutoscalerSpec) -> Autoscaler {
    Autoscaler {
        header,
        metrics: vec![
            Some(Measured {
                value: 73,
                mean: 146,
            }),
            Some(Measured {
                value: 200_000_000,
                mean: 200_000_000,
            }),
        ],
        spec: Arc::new(spec),
        current: 2,
        desired: 3,
        last_scale: Some(Tick(300)),
        conditions: vec![condition("AbleToScale", "SucceededRescale")],
    }
}

pub fn condition(kind: &str, reason: &str) -> Condition {
    Condition {
        kind: kind.into(),
        status: ConditionStatus::True,
        reason: reason.into(),
        message: "as expected".into(),
        since: Tick(5),
        updated: Tick(500),
    }
}

pub fn running() -> ContainerStatus {
    ContainerStatus {
        state: ContainerState::Running { since: Tick(15) },
        last: None,
        ready: true,
        started: true,
        restarts: 0,
    }
}

pub fn ended(code: i32, reason: &str) -> Termination {
    Termination {
        exit_code: code,
        reason: reason.into(),
        started: Tick(100),
        finished: Tick(120),
        message: None,
    }
}

pub fn finished() -> ContainerStatus {
    ContainerStatus {
        state: ContainerState::Terminated(ended(0, "Completed")),
        last: None,
        ready: true,
        started: false,
        restarts: 0,
    }
}

pub fn waiting(reason: &str) -> ContainerStatus {
    ContainerStatus {
        state: ContainerState::Waiting {
            reason: reason.into(),
            message: Some("why".into()),
        },
        last: None,
        ready: false,
        started: false,
        restarts: 0,
    }
}

fn ready_conditions() -> PodConditions {
    let holds = PodCondition {
        status: ConditionStatus::True,
        since: Tick(20),
        ..PodCondition::default()
    };
    PodConditions {
        scheduled: holds.clone(),
        sandbox: holds.clone(),
        initialized: holds.clone(),
        containers_ready: holds.clone(),
        ready: holds,
        others: Vec::new(),
        disruption: None,
    }
}

fn not_ready(pod: &mut Pod) {
    for condition in [
        &mut pod.conditions.ready,
        &mut pod.conditions.containers_ready,
    ] {
        condition.status = ConditionStatus::False;
        condition.reason = "ContainersNotReady".into();
        condition.message = Some("containers with unready status: [server]".into());
    }
}

/// Pods in each state that a person meets.
fn pods(builder: &mut Builder) {
    builder.pod("frontend", |_| {});
    builder.pod("frontend", |pod| {
        not_ready(pod);
        let last = Some(ended(137, "OOMKilled"));
        pod.containers[0] = ContainerStatus {
            last,
            restarts: 4,
            ..waiting("CrashLoopBackOff")
        };
    });
    builder.pod("cartservice", |pod| {
        not_ready(pod);
        pod.phase = PodPhase::Pending;
        pod.containers[0] = waiting("ImagePullBackOff");
    });
    builder.pod("cartservice", |pod| {
        pod.deletion = Some(Deletion {
            asked: Tick(590),
            deadline: Tick(620),
        });
    });
    builder.pod("loadgenerator", |pod| {
        not_ready(pod);
        pod.phase = PodPhase::Pending;
        pod.containers[0] = ContainerStatus {
            ready: false,
            ..running()
        };
        pod.containers[1] = waiting("PodInitializing");
        pod.conditions.initialized.status = ConditionStatus::False;
    });
    builder.pod("adservice", |pod| {
        pod.phase = PodPhase::Pending;
        (pod.node, pod.started) = (None, None);
        pod.conditions = PodConditions::default();
        pod.conditions.scheduled.reason = "Unschedulable".into();
        pod.conditions.scheduled.message =
            Some("0/2 nodes are available: 2 Insufficient cpu.".into());
        pod.containers.clear();
    });
    builder.pod("adservice", |pod| {
        pod.phase = PodPhase::Failed;
        pod.reason = Some("Evicted".into());
        pod.message = Some("The node was low on resource: memory. ".into());
        pod.conditions.disruption = Some(PodCondition {
            status: ConditionStatus::True,
            reason: "TerminationByKubelet".into(),
            ..PodCondition::default()
        });
        pod.containers[0].state = ContainerState::Terminated(ended(137, "Error"));
    });
    builder.pod("db", |_| {});
    builder.pod("agent", |_| {});
    builder.pod("once", |pod| {
        pod.phase = PodPhase::Succeeded;
        pod.containers[0] = ContainerStatus {
            ready: false,
            ..finished()
        };
    });
    builder.pod("frontend", |pod| pod.removed = Some(Tick(50)));
}

/// The cluster.
pub fn cluster() -> Objects {
    let mut builder = Builder::default();
    let shop = include_str!("../../../../scenarios/manifests/online-boutique.yaml");
    for text in [EXTRA, shop] {
        for document in read("test.yaml", text).expect("it reads") {
            builder.add(&document.value, document.reference());
        }
    }
    pods(&mut builder);
    let endpoints = vec![
        Endpoint {
            pod: PodId(0),
            ready: true,
            terminating: false,
        },
        Endpoint {
            pod: PodId(1),
            ready: false,
            terminating: false,
        },
    ];
    let services = builder.objects.services.enumerate();
    let frontend = services
        .into_iter()
        .find(|(_, s)| s.header.reference.name == "frontend")
        .map(|(i, _)| i);
    builder.objects.services[frontend.expect("frontend")].endpoints = Arc::new(endpoints);
    let name = builder.objects.pods[1].name.clone();
    builder.objects.events.push(EventRow {
        severity: Severity::Warning,
        reason: "BackOff".into(),
        message: "Back-off restarting failed container server".into(),
        object: ObjectRef::new("Pod".into(), "default", &name),
        component: "kubelet".into(),
        host: Some(NodeId(1)),
        first: Tick(130),
        last: Tick(590),
        count: 17,
        field: "spec.containers{server}".into(),
    });
    builder.objects
}
