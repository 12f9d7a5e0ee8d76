//! Pods and their containers.

use super::meta::{Labels, Metadata};
use super::resources::{ResourceList, ResourceRequirements};
use super::selector::{LabelSelector, Requirement};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// `template:` of a workload.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodTemplateSpec {
    /// Labels and annotations of the pods.
    pub metadata: Metadata,
    /// Their spec.
    pub spec: PodSpec,
}

/// `spec:` of a pod.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Containers, at least one in a valid pod.
    pub containers: Vec<Container>,
    /// Run before `containers`, one after the other.
    pub init_containers: Vec<Container>,
    /// Bound to this node.
    pub node_name: Option<SmolStr>,
    /// Labels that a node must have.
    pub node_selector: Labels,
    /// Affinities.
    pub affinity: Affinity,
    /// Taints that are tolerated.
    pub tolerations: Vec<Toleration>,
    /// Spread over topology domains.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// PriorityClass.
    pub priority_class_name: Option<SmolStr>,
    /// Priority, resolved from the class.
    pub priority: Option<i32>,
    /// `PreemptLowerPriority` (default) or `Never`.
    pub preemption_policy: Option<SmolStr>,
    /// Seconds between SIGTERM and SIGKILL; 30 by default.
    pub termination_grace_period_seconds: Option<u32>,
    /// `Always` (default), `OnFailure`, `Never`.
    pub restart_policy: RestartPolicy,
    /// ServiceAccount.
    pub service_account_name: Option<SmolStr>,
    /// Shares the node's network.
    pub host_network: bool,
    /// DNS policy; `ClusterFirst` by default.
    pub dns_policy: Option<SmolStr>,
    /// Who places the pod; `default-scheduler` by default.
    pub scheduler_name: Option<SmolStr>,
    /// RuntimeClass.
    pub runtime_class_name: Option<SmolStr>,
    /// Gates that keep the pod from the scheduler.
    pub scheduling_gates: Vec<SchedulingGate>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Overhead of the runtime class.
    pub overhead: ResourceList,
    /// Requests and limits of the whole pod.
    pub resources: ResourceRequirements,
    /// Conditions that others set and that readiness waits for.
    pub readiness_gates: Vec<ReadinessGate>,
    /// Seconds from its start after which the pod fails.
    pub active_deadline_seconds: Option<u32>,
    /// Users of the containers that say nothing of their own.
    pub security_context: SecurityContext,
}

impl PodTemplateSpec {
    /// Whether pods of both run the same code with the same configuration: images, commands,
    /// arguments and environment are equal. A restart, other limits or other probes make a new
    /// revision of the same release.
    #[must_use]
    pub fn is_same_release(&self, other: &Self) -> bool {
        let same = |(mine, theirs): (&Container, &Container)| {
            mine.image == theirs.image
                && mine.command == theirs.command
                && mine.args == theirs.args
                && mine.env == theirs.env
                && mine.env_from == theirs.env_from
        };
        let (mine, theirs) = (&self.spec.containers, &other.spec.containers);
        mine.len() == theirs.len() && mine.iter().zip(theirs).all(same)
    }
}

/// What happens when a container ends.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes policy of that name"
)]
pub enum RestartPolicy {
    #[default]
    Always,
    OnFailure,
    Never,
}

/// `readinessGates:` entry.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadinessGate {
    /// Type of the condition.
    pub condition_type: SmolStr,
}

/// `securityContext:`, as far as users go.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// Refuses to run as root.
    pub run_as_non_root: Option<bool>,
    /// Number of the user.
    pub run_as_user: Option<i64>,
    /// Whether the container's own layer can only be read.
    pub read_only_root_filesystem: Option<bool>,
    /// Of a pod: the group that its volumes are given to.
    pub fs_group: Option<i64>,
}

/// `lifecycle:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Runs once the container is started.
    pub post_start: Option<LifecycleHandler>,
    /// Runs before the container is stopped.
    pub pre_stop: Option<LifecycleHandler>,
}

/// A hook.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifecycleHandler {
    /// A command.
    pub exec: Option<ExecAction>,
    /// HTTP GET.
    pub http_get: Option<HttpGet>,
    /// A pause.
    pub sleep: Option<SleepAction>,
}

/// `sleep:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SleepAction {
    /// Seconds.
    pub seconds: u32,
}

/// One gate.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulingGate {
    /// Name.
    pub name: SmolStr,
}

/// One container.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Name, unique in the pod.
    pub name: SmolStr,
    /// Image.
    pub image: SmolStr,
    /// Entry point.
    pub command: Vec<SmolStr>,
    /// Arguments.
    pub args: Vec<SmolStr>,
    /// Environment; the last of equal names wins.
    pub env: Vec<EnvVar>,
    /// Whole ConfigMaps or Secrets as environment.
    pub env_from: Vec<EnvFrom>,
    /// Declared ports.
    pub ports: Vec<ContainerPort>,
    /// Requests and limits.
    pub resources: ResourceRequirements,
    /// Restarts the container when it fails.
    pub liveness_probe: Option<Probe>,
    /// Takes the pod out of Services when it fails.
    pub readiness_probe: Option<Probe>,
    /// Holds the other two back until it succeeds.
    pub startup_probe: Option<Probe>,
    /// `Always`, `IfNotPresent`, `Never`; default by tag.
    pub image_pull_policy: Option<SmolStr>,
    /// `Always` makes an init container a sidecar.
    pub restart_policy: Option<RestartPolicy>,
    /// Mounts.
    pub volume_mounts: Vec<VolumeMount>,
    /// Hooks.
    pub lifecycle: Lifecycle,
    /// Its user.
    pub security_context: SecurityContext,
    /// `File` (default) or `FallbackToLogsOnError`.
    pub termination_message_policy: Option<SmolStr>,
    /// Where it leaves a message; `/dev/termination-log` by default.
    pub termination_message_path: Option<SmolStr>,
}

/// A declared port.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// Name.
    pub name: Option<SmolStr>,
    /// Number, 1..=65535.
    pub container_port: u16,
    /// Port on the node, 0 for none.
    pub host_port: u16,
    /// Address of the node on which the port is taken; all of them where it says nothing.
    #[serde(rename = "hostIP")]
    pub host_ip: Option<SmolStr>,
    /// `TCP` by default.
    pub protocol: Option<SmolStr>,
}

/// One variable.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvVar {
    /// Name.
    pub name: SmolStr,
    /// Literal value.
    pub value: Option<SmolStr>,
    /// Or where it comes from.
    pub value_from: Option<EnvSource>,
}

/// `valueFrom:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvSource {
    /// A key of a ConfigMap.
    pub config_map_key_ref: Option<KeyRef>,
    /// A key of a Secret.
    pub secret_key_ref: Option<KeyRef>,
    /// A field of the pod.
    pub field_ref: Option<FieldRef>,
}

/// `fieldRef:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldRef {
    /// `metadata.name`, `spec.nodeName`, ….
    pub field_path: SmolStr,
}

/// A key of a ConfigMap or Secret.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyRef {
    /// Name of the object.
    pub name: SmolStr,
    /// Key.
    pub key: SmolStr,
    /// Whether its absence is tolerated.
    pub optional: bool,
}

/// `envFrom:` entry.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvFrom {
    /// What stands before each key in the name of its variable.
    pub prefix: SmolStr,
    /// A ConfigMap.
    pub config_map_ref: Option<NameRef>,
    /// A Secret.
    pub secret_ref: Option<NameRef>,
}

/// A named object in the same namespace.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NameRef {
    /// Name.
    pub name: SmolStr,
    /// Whether its absence is tolerated.
    pub optional: bool,
}

/// `volumeMounts:` entry.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount {
    /// Volume.
    pub name: SmolStr,
    /// Where.
    pub mount_path: SmolStr,
    /// Whether it can only be read.
    pub read_only: bool,
}

/// `volumes:` entry, as far as references go.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// Name.
    pub name: SmolStr,
    /// A ConfigMap.
    pub config_map: Option<ObjectSource>,
    /// A Secret.
    pub secret: Option<SecretVolume>,
    /// A claim.
    pub persistent_volume_claim: Option<ClaimRef>,
    /// A claim that is made for the pod and goes with it.
    pub ephemeral: Option<EphemeralVolume>,
    /// A folder that lives as long as the pod.
    pub empty_dir: Option<EmptyDir>,
    /// Several sources in one folder.
    pub projected: Option<Projected>,
    /// A path of the node.
    pub host_path: Option<HostPath>,
}

/// `hostPath:` volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostPath {
    /// Where on the node.
    pub path: SmolStr,
    /// What must be there, as `Directory`, or is made, as `DirectoryOrCreate`; nothing is looked at without.
    #[serde(rename = "type")]
    pub kind: Option<SmolStr>,
}

/// A ConfigMap, or a Secret in a projected volume, as files.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectSource {
    /// Name of the object.
    pub name: SmolStr,
    /// Whether its absence is tolerated.
    pub optional: bool,
    /// The keys that are wanted; all where none is named.
    pub items: Vec<KeyToPath>,
}

/// A key and the file that it becomes.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyToPath {
    /// Key.
    pub key: SmolStr,
    /// Path of the file.
    pub path: SmolStr,
}

/// `emptyDir:` volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmptyDir {
    /// `Memory` for a tmpfs.
    pub medium: Option<SmolStr>,
    /// What it may hold.
    pub size_limit: Option<crate::Quantity>,
}

/// `projected:` volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Projected {
    /// Sources.
    pub sources: Vec<Projection>,
}

/// One source of a projected volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Projection {
    /// A ConfigMap.
    pub config_map: Option<ObjectSource>,
    /// A Secret.
    pub secret: Option<ObjectSource>,
}

/// `ephemeral:` volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EphemeralVolume {
    /// The claim; all but its metadata is read from the document.
    pub volume_claim_template: super::VolumeClaimTemplate,
}

/// `secret:` volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretVolume {
    /// Name of the Secret.
    pub secret_name: SmolStr,
    /// Whether its absence is tolerated.
    pub optional: bool,
    /// The keys that are wanted; all where none is named.
    pub items: Vec<KeyToPath>,
}

/// `persistentVolumeClaim:` volume.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimRef {
    /// Name of the claim.
    pub claim_name: SmolStr,
}

/// A probe; defaults of pkg/apis/core/v1/defaults.go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Probe {
    /// HTTP GET; 200..=399 is success.
    pub http_get: Option<HttpGet>,
    /// A TCP connection.
    pub tcp_socket: Option<PortRef>,
    /// gRPC health check.
    pub grpc: Option<PortRef>,
    /// A command; exit code 0 is success.
    pub exec: Option<ExecAction>,
    /// Seconds from the container's start to the first probe.
    pub initial_delay_seconds: u32,
    /// Seconds between probes, ≥ 1.
    pub period_seconds: u32,
    /// Seconds until a probe fails, ≥ 1.
    pub timeout_seconds: u32,
    /// Successes in a row that make it pass.
    pub success_threshold: u32,
    /// Failures in a row that make it fail.
    pub failure_threshold: u32,
    /// Seconds that a failure leaves the container, in place of the pod's.
    pub termination_grace_period_seconds: Option<u32>,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            http_get: None,
            tcp_socket: None,
            grpc: None,
            exec: None,
            initial_delay_seconds: 0,
            period_seconds: 10,
            timeout_seconds: 1,
            success_threshold: 1,
            failure_threshold: 3,
            termination_grace_period_seconds: None,
        }
    }
}

/// `httpGet:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpGet {
    /// Path; `/` by default.
    pub path: Option<SmolStr>,
    /// Port.
    pub port: super::IntOrString,
}

/// `tcpSocket:` or `grpc:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PortRef {
    /// Port.
    pub port: super::IntOrString,
}

/// `exec:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecAction {
    /// Command and arguments.
    pub command: Vec<SmolStr>,
}

/// `affinity:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// To nodes.
    pub node_affinity: NodeAffinity,
    /// To pods.
    pub pod_affinity: PodAffinity,
    /// Away from pods.
    pub pod_anti_affinity: PodAffinity,
}

/// `nodeAffinity:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// Any of these terms must hold.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector>,
    /// Weighted wishes.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: Vec<PreferredNode>,
}

/// `nodeSelectorTerms:`, any of which must hold.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// Terms.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// One term, all of whose parts must hold; an empty one matches nothing.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// Over labels.
    pub match_expressions: Vec<Requirement>,
    /// Over `metadata.name`.
    pub match_fields: Vec<Requirement>,
}

/// A weighted term.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreferredNode {
    /// 1..=100.
    pub weight: u32,
    /// Term.
    pub preference: NodeSelectorTerm,
}

/// `podAffinity:` or `podAntiAffinity:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity {
    /// All must hold.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Vec<PodAffinityTerm>,
    /// Weighted wishes.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: Vec<WeightedPodAffinityTerm>,
}

/// One term.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinityTerm {
    /// Pods; absent selects none.
    pub label_selector: Option<LabelSelector>,
    /// Node label that makes a domain.
    pub topology_key: SmolStr,
    /// Namespaces; the pod's own where empty and no selector.
    pub namespaces: Vec<SmolStr>,
    /// Namespaces by label.
    pub namespace_selector: Option<LabelSelector>,
    /// Label keys whose values of the pod itself are asked for as well.
    pub match_label_keys: Vec<SmolStr>,
    /// Label keys whose values of the pod itself are excluded.
    pub mismatch_label_keys: Vec<SmolStr>,
}

/// A weighted term.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedPodAffinityTerm {
    /// 1..=100.
    pub weight: u32,
    /// Term.
    pub pod_affinity_term: PodAffinityTerm,
}

/// One toleration.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration {
    /// Taint key; empty with `Exists` tolerates all.
    pub key: SmolStr,
    /// `Equal` (default) or `Exists`.
    pub operator: SmolStr,
    /// Value for `Equal`.
    pub value: SmolStr,
    /// Effect; empty is all.
    pub effect: SmolStr,
    /// For `NoExecute`: seconds until eviction; absent is never.
    pub toleration_seconds: Option<i64>,
}

/// One spread constraint.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySpreadConstraint {
    /// Largest difference between domains, ≥ 1.
    pub max_skew: u32,
    /// Node label that makes a domain.
    pub topology_key: SmolStr,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    pub when_unsatisfiable: SmolStr,
    /// Pods that count.
    pub label_selector: Option<LabelSelector>,
    /// Fewer domains than this count as minimum 0.
    pub min_domains: Option<u32>,
    /// `Honor` (default) or `Ignore`.
    pub node_affinity_policy: Option<SmolStr>,
    /// `Honor` or `Ignore` (default).
    pub node_taints_policy: Option<SmolStr>,
    /// Label keys whose values are added to the selector.
    pub match_label_keys: Vec<SmolStr>,
}
