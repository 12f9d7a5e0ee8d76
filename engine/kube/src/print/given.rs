//! Objects that a control plane makes by itself and that nobody writes: the account and the root certificate
//! of each namespace (without its contents), the Service of the API server, and the revisions of StatefulSets
//! and DaemonSets.
//!
//! Source: pkg/controller/serviceaccount; pkg/controller/certificates/rootcacertpublisher;
//! pkg/controller/history.

use super::{Context, ident, meta};
use aegis_model::TemplateId;
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{ConditionStatus, Node, Workload, WorkloadSpec};
use aegis_model::units::Tick;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `default` ServiceAccounts and `kube-root-ca.crt` ConfigMaps of namespaces that have none of their own.
pub fn of_namespaces(cx: &Context<'_>) -> Vec<Value> {
    let objects = cx.objects;
    let plain = || objects.plain.iter().filter(|row| row.header.exists());
    let mut names: BTreeSet<&str> = BTreeSet::from(NAMESPACES);
    // Every pod lies where its workload lies, or lay.
    let working = objects.workloads.iter().filter(|row| !row.pods.is_empty());
    names.extend(working.map(|row| row.header.reference.namespace.as_str()));
    let headers = plain()
        .map(|row| &row.header)
        .chain(objects.workloads.iter().map(|row| &row.header))
        .chain(objects.services.iter().map(|row| &row.header))
        .chain(objects.claims.iter().map(|row| &row.header));
    for header in headers.filter(|header| header.exists()) {
        let reference = &header.reference;
        match reference.kind {
            Kind::Namespace => names.insert(&reference.name),
            _ => names.insert(&reference.namespace),
        };
    }
    names.remove("");
    for row in plain().filter(|row| row.header.deletion.is_some()) {
        if row.header.reference.kind == Kind::Namespace {
            names.remove(row.header.reference.name.as_str());
        }
    }
    let accounts = holders(cx, &Kind::ServiceAccount, "default");
    let roots = holders(cx, &Kind::ConfigMap, ROOT);
    let mut out = Vec::new();
    for namespace in names {
        if !accounts.contains(namespace) {
            let metadata = metadata(cx, namespace, "default");
            out.push(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}));
        }
        if !roots.contains(namespace) {
            out.push(json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": metadata(cx, namespace, ROOT),
                "data": {"ca.crt": ""},
            }));
        }
    }
    out
}

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// PriorityClasses that every cluster has: value and description.
/// Source: pkg/apis/scheduling/v1/helpers.go `SystemPriorityClasses`.
const PRIORITIES: [(&str, i64, &str); 2] = [
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their node.",
    ),
];

/// The namespaces and PriorityClasses of every cluster, and the role of its administrators, unless somebody
/// wrote them. Source: pkg/controlplane/controller/systemnamespaces; pkg/registry/scheduling/rest;
/// plugin/pkg/auth/authorizer/rbac/bootstrappolicy.
pub fn of_cluster(cx: &Context<'_>) -> Vec<Value> {
    let bare = |name: &str| {
        let mut metadata = metadata(cx, "", name);
        if let Some(fields) = metadata.as_object_mut() {
            fields.remove("namespace");
        }
        metadata
    };
    let namespaces = NAMESPACES.iter().map(|name| {
        let mut metadata = bare(name);
        metadata["labels"] = json!({"kubernetes.io/metadata.name": name});
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": metadata,
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        })
    });
    let priorities = PRIORITIES.iter().map(|(name, value, description)| {
        let mut metadata = bare(name);
        metadata["generation"] = 1.into();
        json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": metadata,
            "value": value,
            "description": description,
            "preemptionPolicy": "PreemptLowerPriority",
        })
    });
    let all = namespaces.chain(priorities).chain(roles(&bare));
    all.filter(|object| !is_written(cx, object)).collect()
}

/// The roles that face users. Those of `admin`, `edit` and `view` are gathered from others, which are not
/// printed: their rules are left out.
fn roles(bare: &impl Fn(&str) -> Value) -> Vec<Value> {
    let role = |name: &str| {
        let mut metadata = bare(name);
        metadata["annotations"] = json!({"rbac.authorization.kubernetes.io/autoupdate": "true"});
        metadata["labels"] = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": metadata,
        })
    };
    let mut all = role("cluster-admin");
    all["rules"] = json!([
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]);
    let gathered = ["admin", "edit", "view"].map(|name| {
        let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
        let mut one = role(name);
        one["aggregationRule"] =
            json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
        one["rules"] = json!([]);
        one
    });
    [all].into_iter().chain(gathered).collect()
}

fn is_written(cx: &Context<'_>, object: &Value) -> bool {
    let mut rows = cx.objects.plain.iter().map(|row| &row.header);
    rows.any(|header| {
        header.exists()
            && object["kind"] == header.reference.kind.as_str()
            && object["metadata"]["name"] == header.reference.name.as_str()
    })
}

/// Namespaces in which an object of that kind and name was written.
fn holders<'a>(cx: &Context<'a>, kind: &Kind, name: &str) -> BTreeSet<&'a str> {
    let rows = cx.objects.plain.iter().map(|row| &row.header);
    let of = rows.filter(|header| {
        header.exists() && header.reference.kind == *kind && header.reference.name == name
    });
    of.map(|header| header.reference.namespace.as_str())
        .collect()
}

/// Name of the ConfigMap with the certificate of the API server's authority.
const ROOT: &str = "kube-root-ca.crt";

/// The Service of the API server, with its address and its slice, unless somebody wrote it.
/// Source: pkg/controlplane/controller/kubernetesservice; its address is the first of the range, its server
/// listens on the control plane's port 6443.
pub fn api_server(cx: &Context<'_>) -> Vec<Value> {
    let known = cx.objects.services.iter().any(|row| {
        let reference = &row.header.reference;
        row.header.exists() && reference.namespace == "default" && reference.name == API_SERVER
    });
    if known {
        return Vec::new();
    }
    let labelled = |kind: &str, labels: Value| {
        let mut metadata = metadata(cx, "default", API_SERVER);
        metadata["uid"] = ident::named(&[kind, API_SERVER]).into();
        metadata["labels"] = labels;
        metadata
    };
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": labelled("Service", json!({"component": "apiserver", "provider": "kubernetes"})),
        "spec": {
            "clusterIP": FIRST,
            "clusterIPs": [FIRST],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    });
    let port = json!({"name": "https", "port": 6443, "protocol": "TCP"});
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": labelled("EndpointSlice", json!({"kubernetes.io/service-name": API_SERVER})),
        "addressType": "IPv4",
        "endpoints": [{"addresses": [CONTROL_PLANE], "conditions": {"ready": true}}],
        "ports": [port],
    });
    let endpoints = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": labelled("Endpoints", json!({"endpointslice.kubernetes.io/skip-mirror": "true"})),
        "subsets": [{"addresses": [{"ip": CONTROL_PLANE}], "ports": [port]}],
    });
    vec![service, slice, endpoints]
}

/// Name of the API server's Service.
const API_SERVER: &str = "kubernetes";
/// First address of the range of Services.
const FIRST: &str = "10.96.0.1";
/// Where the API server listens: no node of the cluster, as where the control plane is somebody else's.
const CONTROL_PLANE: &str = "172.16.0.1";

fn metadata(cx: &Context<'_>, namespace: &str, name: &str) -> Value {
    let uid = ident::named(&[namespace, name]);
    json!({
        "name": name,
        "namespace": namespace,
        "uid": uid,
        "resourceVersion": "1",
        "creationTimestamp": cx.epoch.rfc3339(Tick(0)),
    })
}

/// Seconds for which a kubelet's lease holds, and between its renewals (pkg/kubelet, NodeLeaseDurationSeconds 40).
const LEASE: (u32, u32) = (40, 10);
/// Seconds after its last sign of life that a node counts as unknown (node-monitor-grace-period).
const GRACE: u32 = 50;

/// The leases by which kubelets say that they live. Of a silent one only what the node's conditions show is
/// known: it is shown as renewed until it counts as unknown.
pub fn leases(cx: &Context<'_>) -> Vec<Value> {
    let nodes = cx.objects.nodes.enumerate();
    let there = nodes.filter(|(_, node)| node.header.exists());
    there.map(|(_, node)| lease(cx, node)).collect()
}

fn lease(cx: &Context<'_>, node: &Node) -> Value {
    let name = node.header.reference.name.as_str();
    let ready = node.conditions.iter().find(|row| row.kind == "Ready");
    let silent = ready.filter(|row| row.status == ConditionStatus::Unknown);
    let seen = silent.map_or(cx.clock.0, |row| row.since.0.saturating_sub(GRACE));
    let renewed = cx.epoch.rfc3339(Tick(seen - seen % LEASE.1));
    let renewed = renewed.trim_end_matches('Z').to_owned() + ".000000Z";
    let mut metadata = metadata(cx, "kube-node-lease", name);
    metadata["creationTimestamp"] = cx.epoch.rfc3339(node.header.created).into();
    metadata["ownerReferences"] = json!([{
        "apiVersion": "v1",
        "kind": "Node",
        "name": name,
        "uid": meta::uid(&node.header),
    }]);
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE.0,
            "renewTime": renewed,
        },
    })
}

/// Revisions of the StatefulSets and DaemonSets: those that are kept, and those that pods still run.
pub fn revisions(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.workloads.iter();
    let keep = rows.filter(|row| {
        let kept = matches!(
            &*row.spec,
            WorkloadSpec::StatefulSet(_) | WorkloadSpec::DaemonSet(_)
        );
        kept && row.header.exists()
    });
    keep.flat_map(|row| of_workload(cx, row)).collect()
}

fn of_workload(cx: &Context<'_>, row: &Workload) -> Vec<Value> {
    let pods = row.pods.iter().filter_map(|id| {
        let pod = cx.objects.pods.get(id.index())?;
        pod.exists().then(|| cx.objects.revision(pod.template))
    });
    let known = row.history.iter().map(|(template, _)| *template);
    let live: BTreeSet<TemplateId> = pods.chain([row.template]).collect();
    let unknown = live
        .into_iter()
        .filter(|id| known.clone().all(|k| k != *id));
    let ordered = unknown.chain(known.clone());
    // A number grows with each change, and those of what came with a dump are not known.
    let mut last = 0;
    let mut numbered = Vec::new();
    for id in ordered {
        let given = row.history.iter().find(|(template, _)| *template == id);
        last = given.map_or(0, |(_, number)| *number).max(last + 1);
        numbered.push((id, last));
    }
    let printed = numbered.into_iter();
    printed
        .filter_map(|(id, number)| revision(cx, row, id, number))
        .collect()
}

fn revision(cx: &Context<'_>, row: &Workload, id: TemplateId, number: u32) -> Option<Value> {
    let template = cx.objects.templates.get(id.index())?;
    let owner = &row.header;
    let name = format!("{}-{}", owner.reference.name, template.hash);
    let kind = Kind::from("ControllerRevision");
    let given = cx.objects.plain.iter().any(|other| {
        let there = &other.header.reference;
        other.header.exists()
            && there.kind == kind
            && there.name == name
            && there.namespace == owner.reference.namespace
    });
    if given {
        return None;
    }
    let mut metadata = metadata(cx, &owner.reference.namespace, &name);
    metadata["creationTimestamp"] = cx.epoch.rfc3339(owner.created).into();
    metadata["labels"] = meta::labels_value(&template.spec.metadata.labels);
    let label = match &*row.spec {
        WorkloadSpec::DaemonSet(_) => "controller-revision-hash",
        _ => "controller.kubernetes.io/hash",
    };
    metadata["labels"][label] = template.hash.as_str().into();
    metadata["ownerReferences"] = meta::owner(owner);
    let mut patch = (*template.doc).clone();
    patch["$patch"] = "replace".into();
    Some(json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": {"spec": {"template": patch}},
        "revision": number,
    }))
}
