//! What pods name and do not find, and what they are told to run.

use super::words::{LISTED, TEMPLATED, assumed, by_change, contain, field, part, rises, undo};
use crate::betrayal::{Betrayal, Turn};
use crate::fault::TargetKind::Workload;
use crate::fault::{Act, Candidacy, Expressed, Fault, Harms, Lasting, On, Section, Show};
use crate::mistakes;
use crate::step::{Place, Step};
use aegis_model::Mechanism;
use aegis_model::SymptomKind as Seen;

/// A template of which no new pod starts; the old ones serve on.
const NO_START: Fault = Fault {
    section: Section::Workload,
    targets: &[Workload],
    signs: &[
        rises(Seen::CannotStart, On::Subject),
        rises(Seen::NotReady, On::Subject),
    ],
    harms: Harms::NextPod,
    remedies: &[undo(Act::RevertChange), undo(Act::RollBack)],
    frequency: by_change(0.1),
    ..LISTED
};

/// A template of which new containers start and end.
const CRASHES: Fault = Fault {
    signs: &[
        rises(Seen::Restarts, On::Subject),
        rises(Seen::NotReady, On::Subject),
    ],
    ..NO_START
};

const SETTINGS: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "$name-settings", "namespace": "$ns"}, "data": {"ADDRESS": "store:27017", "LEVEL": "info"}}"#;
const FROM_SETTINGS: &str = r#"{"envFrom": [{"configMapRef": {"name": "$name-settings"}}], "volumeMounts": null, "workingDir": null}"#;
const SECRET: &str = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "$name-credentials", "namespace": "$ns"}, "type": "Opaque", "data": {"password": "aHVudGVyMg=="}}"#;
const FROM_SECRET: &str = r#"{"envFrom": [{"secretRef": {"name": "$name-credentials"}}]}"#;

pub const ROWS: &[Fault] = &[
    Fault {
        id: "configuration_key_missing",
        candidacy: Candidacy::InDumps,
        summary: "A key of a ConfigMap is gone that a container takes a variable from.",
        stage: &[
            Step::Apply(SETTINGS),
            Step::Make(mistakes::variable_from_settings),
        ],
        steps: &[Step::Patch(
            Place::Named("ConfigMap", "$name-settings"),
            r#"{"data": {"ADDRESS": null}}"#,
        )],
        betrayed_by_change: &[field(&["ConfigMap"], "data", Turn::Any)],
        shows: &[Show::Waiting("CreateContainerConfigError")],
        source: "S configmap_drift",
        ..NO_START
    },
    Fault {
        id: "configuration_lost",
        candidacy: Candidacy::InDumps,
        summary: "The ConfigMap from which a container takes its variables is deleted.",
        stage: &[
            Step::Apply(SETTINGS),
            Step::Patch(Place::Container, FROM_SETTINGS),
        ],
        steps: &[Step::Delete(Place::Named("ConfigMap", "$name-settings"))],
        betrayed_by_change: &[Betrayal::Deleted("ConfigMap")],
        shows: &[Show::Waiting("CreateContainerConfigError")],
        source: "S missing_configmap",
        ..NO_START
    },
    Fault {
        id: "secret_missing",
        candidacy: Candidacy::InDumps,
        summary: "A Secret that a container needs is gone.",
        stage: &[
            Step::Apply(SECRET),
            Step::Patch(Place::Container, FROM_SECRET),
        ],
        steps: &[Step::Delete(Place::Named("Secret", "$name-credentials"))],
        betrayed_by_change: &[Betrayal::Deleted("Secret")],
        shows: &[Show::Waiting("CreateContainerConfigError")],
        source: "O MissingSecretBinding",
        ..NO_START
    },
    Fault {
        id: "service_account_missing",
        summary: "Pods are to run as an account that nobody made.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"serviceAccountName": "$name-robot"}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "spec.serviceAccountName", Turn::Any)],
        signs: &[rises(Seen::Unschedulable, On::Subject)],
        shows: &[Show::Event("FailedCreate", "serviceaccount")],
        source: "O MissingServiceAccount",
        ..NO_START
    },
    Fault {
        id: "rbac_role_lost",
        summary: "An init container asks the API server as an account that lost its right to.",
        stage: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "$name-reader", "namespace": "$ns"}}"#,
            ),
            Step::Apply(
                r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "$name-reader", "namespace": "$ns"}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]}"#,
            ),
            Step::Apply(
                r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "$name-reader", "namespace": "$ns"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "$name-reader"}, "subjects": [{"kind": "ServiceAccount", "name": "$name-reader", "namespace": "$ns"}]}"#,
            ),
            Step::Apply(SETTINGS),
            Step::Patch(
                Place::PodSpec,
                r#"{"serviceAccountName": "$name-reader", "initContainers": [{"name": "fetch-settings", "image": "bitnami/kubectl:1.34", "command": ["sh", "-c", "kubectl get configmap $name-settings -n $ns"]}]}"#,
            ),
        ],
        steps: &[Step::Delete(Place::Named("RoleBinding", "$name-reader"))],
        betrayed_by_change: &[
            Betrayal::Deleted("RoleBinding"),
            field(&["Role", "RoleBinding"], "rules", Turn::Any),
        ],
        shows: &[Show::Waiting("CrashLoopBackOff")],
        source: "S rbac_misconfiguration",
        ..CRASHES
    },
    Fault {
        id: "image_architecture_wrong",
        candidacy: Candidacy::InDumps,
        summary: "The image was built for another kind of CPU.",
        parts: &[part(|_| Mechanism::ExitsAtStart(255), Lasting::Revision)],
        steps: &[Step::Make(mistakes::other_architecture)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        shows: &[Show::Waiting("CrashLoopBackOff")],
        frequency: by_change(0.02),
        source: "I unsupported-architecture #23, #57",
        ..CRASHES
    },
    Fault {
        id: "image_pull_secret_missing",
        candidacy: Candidacy::InDumps,
        summary: "The image lies in a registry that wants a credential which the pods do not have.",
        parts: &[part(|_| Mechanism::ImageMissing, Lasting::Revision)],
        steps: &[Step::Make(mistakes::private_registry)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        shows: &[Show::Waiting("ImagePullBackOff")],
        frequency: by_change(0.05),
        source: "O MissingImagePullSecret",
        ..NO_START
    },
    Fault {
        id: "image_registry_unresolved",
        candidacy: Candidacy::InDumps,
        summary: "The image's registry has a name that nobody answers to.",
        parts: &[part(|_| Mechanism::ImageMissing, Lasting::Revision)],
        steps: &[Step::Make(mistakes::unknown_registry)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        shows: &[Show::Waiting("ImagePullBackOff")],
        frequency: by_change(0.03),
        source: "O ImageRegistryDNSFailure",
        ..NO_START
    },
    Fault {
        id: "command_wrong",
        summary: "A container is told to run what is not in its image.",
        parts: &[part(|_| Mechanism::ExitsAtStart(127), Lasting::Change)],
        steps: &[Step::Patch(
            Place::Container,
            r#"{"command": ["/app/serve-http"]}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "containers[].command", Turn::Any)],
        shows: &[Show::Waiting("CrashLoopBackOff")],
        source: "S wrong_bin_usage; A wrong_bin_usage; I invalid-command #105",
        ..CRASHES
    },
    Fault {
        id: "init_container_stuck",
        summary: "An init container waits for what never comes.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"initContainers": [{"name": "wait-for-ledger", "image": "busybox:1.36", "command": ["sh", "-c", "until nslookup ledger-db; do sleep 2; done"]}]}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "initContainers", Turn::Any)],
        signs: &[rises(Seen::NotReady, On::Subject)],
        shows: &[Show::Waiting("PodInitializing")],
        source: "S init_container_dependency_hang; I hanging-init #45",
        ..NO_START
    },
    Fault {
        id: "init_container_fails",
        summary: "An init container ends with an error, again and again.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"initContainers": [{"name": "migrate", "image": "busybox:1.36", "command": ["sh", "-c", "echo no migration table; exit 1"]}]}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "initContainers", Turn::Any)],
        shows: &[Show::Waiting("CrashLoopBackOff")],
        source: "I crashing-init #59",
        ..CRASHES
    },
    Fault {
        id: "port_taken_in_pod",
        candidacy: Candidacy::InDumps,
        summary: "A sidecar listens on the port of the container beside it.",
        parts: &[part(|_| Mechanism::ExitsAtStart(1), Lasting::Revision)],
        steps: &[Step::Make(mistakes::greedy_sidecar)],
        betrayed_by_change: &[field(TEMPLATED, "spec.containers", Turn::Any)],
        shows: &[Show::Waiting("CrashLoopBackOff")],
        source: "S sidecar_port_conflict; O ServiceSidecarPortConflict",
        ..CRASHES
    },
    Fault {
        id: "host_port_conflict",
        section: Section::Scheduling,
        summary: "Pods want a port of the node that an agent on every node holds.",
        stage: &[Step::Apply(
            r#"{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "$name-agent", "namespace": "$ns"}, "spec": {"selector": {"matchLabels": {"agent": "$name"}}, "template": {"metadata": {"labels": {"agent": "$name"}}, "spec": {"containers": [{"name": "agent", "image": "registry.k8s.io/pause:3.10", "ports": [{"containerPort": 9100, "hostPort": 9100}]}]}}}}"#,
        )],
        steps: &[Step::Patch(
            Place::Container,
            r#"{"ports": [{"containerPort": 9100, "hostPort": 9100, "protocol": "TCP"}]}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "containers[].ports", Turn::Any)],
        signs: &[rises(Seen::Unschedulable, On::Subject)],
        shows: &[Show::Event("FailedScheduling", "free ports")],
        frequency: by_change(0.03),
        source: "S service_port_conflict",
        ..NO_START
    },
    Fault {
        id: "security_context_forbidden",
        summary: "Pods may not run as root, and are told to.",
        steps: &[Step::Patch(
            Place::Container,
            r#"{"securityContext": {"runAsNonRoot": true, "runAsUser": 0}}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "securityContext", Turn::Any)],
        shows: &[Show::Waiting("CreateContainerConfigError")],
        frequency: by_change(0.05),
        source: "Kubernetes, security context; k8sgpt security analyzer",
        ..NO_START
    },
    Fault {
        id: "operator_user_negative",
        summary: "An operator writes a user id that no container can run as.",
        section: Section::ControlPlane,
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"securityContext": {"runAsUser": 0, "runAsNonRoot": true}}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "spec.securityContext", Turn::Any)],
        shows: &[Show::Waiting("CreateContainerConfigError")],
        frequency: by_change(0.02),
        source: "S operator_misoperation security_context_fault; A the same",
        ..NO_START
    },
    Fault {
        id: "secret_rotated_stale",
        expressed: Expressed::State,
        summary: "A credential was rotated; pods that took the old one from their environment are refused.",
        stage: &[
            Step::Apply(SECRET),
            Step::Patch(Place::Container, FROM_SECRET),
        ],
        parts: &[part(
            |_| Mechanism::Ailing(aegis_model::Ailment::CredentialRefused, 1.0),
            Lasting::Pod,
        )],
        steps: &[Step::Patch(
            Place::Named("Secret", "$name-credentials"),
            r#"{"data": {"password": "aHVudGVyMw=="}}"#,
        )],
        betrayed_by_change: &[field(&["Secret"], "data", Turn::Any)],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        shows: &[Show::Log("authentication")],
        harms: Harms::Users,
        remedies: &[undo(Act::RestartRollout), contain(Act::DeletePods)],
        frequency: assumed(0.1),
        source: "S secret_rotation_stale_env; I corrupted-secret #63",
        ..NO_START
    },
];
