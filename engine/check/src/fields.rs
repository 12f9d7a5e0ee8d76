//! Fields that a kind does not have: warnings, with what may have been meant.
//!
//! Lists of fields are those of the API reference for 1.34 (a test compares them with
//! its types). Parts without a list here are not looked into.

use super::findings::Findings;
use super::item;
use aegis_kube::error::Problem;
use aegis_kube::spelling::nearest;
use aegis_model::FieldPath;
use serde_json::Value;

/// Fields by shape, each with the shape of its value, or of its items, behind a colon.
const SHAPES: &[(&str, &str)] = &[
    (
        "Deployment",
        "apiVersion kind metadata:Meta spec:DeploymentSpec status",
    ),
    (
        "ReplicaSet",
        "apiVersion kind metadata:Meta spec:ReplicaSetSpec status",
    ),
    (
        "StatefulSet",
        "apiVersion kind metadata:Meta spec:StatefulSetSpec status",
    ),
    (
        "DaemonSet",
        "apiVersion kind metadata:Meta spec:DaemonSetSpec status",
    ),
    ("Pod", "apiVersion kind metadata:Meta spec:PodSpec status"),
    (
        "Service",
        "apiVersion kind metadata:Meta spec:ServiceSpec status",
    ),
    ("Node", "apiVersion kind metadata:Meta spec:NodeSpec status"),
    (
        "HorizontalPodAutoscaler",
        "apiVersion kind metadata:Meta spec:AutoscalerSpec status",
    ),
    (
        "PodDisruptionBudget",
        "apiVersion kind metadata:Meta spec:BudgetSpec status",
    ),
    (
        "NetworkPolicy",
        "apiVersion kind metadata:Meta spec:NetworkPolicySpec status",
    ),
    (
        "ConfigMap",
        "apiVersion kind metadata:Meta binaryData data immutable",
    ),
    (
        "Secret",
        "apiVersion kind metadata:Meta data immutable stringData type",
    ),
    ("Namespace", "apiVersion kind metadata:Meta spec status"),
    (
        "Meta",
        "annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName generation labels managedFields name namespace ownerReferences resourceVersion selfLink uid",
    ),
    ("LabelSelector", "matchExpressions matchLabels"),
    (
        "DeploymentSpec",
        "minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector:LabelSelector strategy:DeploymentStrategy template:PodTemplate",
    ),
    (
        "ReplicaSetSpec",
        "minReadySeconds replicas selector:LabelSelector template:PodTemplate",
    ),
    (
        "StatefulSetSpec",
        "minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas revisionHistoryLimit selector:LabelSelector serviceName template:PodTemplate updateStrategy volumeClaimTemplates",
    ),
    (
        "DaemonSetSpec",
        "minReadySeconds revisionHistoryLimit selector:LabelSelector template:PodTemplate updateStrategy",
    ),
    ("DeploymentStrategy", "rollingUpdate:RollingUpdate type"),
    ("RollingUpdate", "maxSurge maxUnavailable"),
    ("PodTemplate", "metadata:Meta spec:PodSpec"),
    (
        "PodSpec",
        "activeDeadlineSeconds affinity:Affinity automountServiceAccountToken containers:Container dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers:Container nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations:Toleration topologySpreadConstraints:SpreadConstraint volumes:Volume",
    ),
    ("Affinity", "nodeAffinity podAffinity podAntiAffinity"),
    (
        "Container",
        "args command env:EnvVar envFrom image imagePullPolicy lifecycle:Lifecycle livenessProbe:Probe name ports:ContainerPort readinessProbe:Probe resizePolicy resources:Resources restartPolicy restartPolicyRules securityContext startupProbe:Probe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts:VolumeMount workingDir",
    ),
    (
        "ContainerPort",
        "containerPort hostIP hostPort name protocol",
    ),
    ("EnvVar", "name value valueFrom:EnvSource"),
    (
        "EnvSource",
        "configMapKeyRef fieldRef fileKeyRef resourceFieldRef secretKeyRef",
    ),
    ("Lifecycle", "postStart preStop stopSignal"),
    ("Resources", "claims limits requests"),
    (
        "Probe",
        "exec failureThreshold grpc httpGet:HttpGet initialDelaySeconds periodSeconds successThreshold tcpSocket terminationGracePeriodSeconds timeoutSeconds",
    ),
    ("HttpGet", "host httpHeaders path port scheme"),
    (
        "VolumeMount",
        "mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr",
    ),
    (
        "Volume",
        "awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc flexVolume flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi name nfs persistentVolumeClaim photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume",
    ),
    ("Toleration", "effect key operator tolerationSeconds value"),
    (
        "SpreadConstraint",
        "labelSelector:LabelSelector matchLabelKeys maxSkew minDomains nodeAffinityPolicy nodeTaintsPolicy topologyKey whenUnsatisfiable",
    ),
    (
        "ServiceSpec",
        "allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports:ServicePort publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type",
    ),
    (
        "ServicePort",
        "appProtocol name nodePort port protocol targetPort",
    ),
    (
        "AutoscalerSpec",
        "behavior maxReplicas metrics:MetricSpec minReplicas scaleTargetRef",
    ),
    (
        "MetricSpec",
        "containerResource external object pods resource type",
    ),
    (
        "BudgetSpec",
        "maxUnavailable minAvailable selector:LabelSelector unhealthyPodEvictionPolicy",
    ),
    (
        "NetworkPolicySpec",
        "egress:EgressRule ingress:IngressRule podSelector:LabelSelector policyTypes",
    ),
    ("IngressRule", "from:Peer ports:PolicyPort"),
    ("EgressRule", "ports:PolicyPort to:Peer"),
    (
        "Peer",
        "ipBlock namespaceSelector:LabelSelector podSelector:LabelSelector",
    ),
    ("PolicyPort", "endPort port protocol"),
    (
        "NodeSpec",
        "configSource externalID podCIDR podCIDRs providerID taints:Taint unschedulable",
    ),
    ("Taint", "effect key timeAdded value"),
];

fn shape(name: &str) -> Option<&'static str> {
    let found = SHAPES.iter().find(|(known, _)| *known == name);
    found.map(|(_, fields)| *fields)
}

/// Fields of a shape with the shape of their values; empty where that has no list.
fn fields(shape: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    shape
        .split(' ')
        .map(|field| field.split_once(':').unwrap_or((field, "")))
}

/// Looks for fields that the object's kind does not have; kinds that are not simulated have no list.
pub fn unknown(object: &Value, findings: &mut Findings) {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    if aegis_kube::versions::is_simulated(version, kind) {
        walk(object, kind, &FieldPath::default(), findings);
    }
}

fn walk(value: &Value, name: &str, path: &FieldPath, findings: &mut Findings) {
    let Some(shape) = shape(name) else { return };
    match value {
        Value::Array(items) => {
            for (index, found) in items.iter().enumerate() {
                walk(found, name, &item(path, index), findings);
            }
        }
        Value::Object(entries) => {
            for (key, inner) in entries {
                match fields(shape).find(|(field, _)| field == key) {
                    Some((_, of)) => walk(inner, of, &path.key(key), findings),
                    None => stranger(key, shape, path, findings),
                }
            }
        }
        _ => {}
    }
}

fn stranger(key: &str, shape: &'static str, path: &FieldPath, findings: &mut Findings) {
    let help = nearest(key, fields(shape).map(|(field, _)| field));
    let problem = Problem::UnknownField {
        path: path.key(key),
    };
    findings.push(
        problem,
        help.map(|field| format!("did you mean `{field}`?")),
    );
}
