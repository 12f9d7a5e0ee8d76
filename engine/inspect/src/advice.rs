//! What Kubernetes takes and an operator would not want: said where nothing is wrong, and never an alarm.
//!
//! Sources: Kubernetes' pages "Pod Security Standards", "Good practices for Kubernetes Secrets", "Role Based
//! Access Control Good Practices", "Configuration Best Practices".

use crate::containers::{Container, of_workload};
use crate::doc::{has, items, number, text};
use crate::estate::{Estate, Object};
use aegis_images::is_official;
use aegis_model::bundle::{Bundle, Origin};
use serde::Serialize;
use serde_json::{Value, json};

/// A piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// `Kind/namespace/name`, or `Kind/name`.
    pub object: String,
    /// The field.
    pub field: String,
    /// What is not wanted about it, in a sentence.
    pub text: String,
    /// The command that changes it.
    pub kubectl: String,
    /// The command that takes the change back; empty where the first one changes nothing.
    pub undo: String,
}

/// Pieces that are given at most.
pub const MOST: usize = 12;

/// What is to be said of plain manifests in which nothing is wrong, the gravest first.
#[must_use]
pub fn advice(bundle: &Bundle) -> Vec<Advice> {
    if bundle.origin != Origin::Settled {
        return Vec::new();
    }
    let estate = Estate::of(bundle);
    let mut found = Vec::new();
    found.extend(estate.objects.iter().filter_map(role));
    found.extend(
        estate
            .objects
            .iter()
            .filter_map(|one| binding(&estate, one)),
    );
    found.extend(
        estate
            .of_kind("NetworkPolicy")
            .filter_map(|one| open_to_all(&one)),
    );
    found.extend(
        estate
            .of_kind("PodDisruptionBudget")
            .filter_map(|one| undrainable(&one)),
    );
    found.extend(
        estate
            .of_kind("StatefulSet")
            .filter_map(|one| nameless(&estate, &one)),
    );
    let all = 0..estate.workloads.len();
    found.extend(all.clone().filter_map(|at| of_the_host(&estate, at)));
    found.extend(all.clone().filter_map(|at| all_at_once(&estate, at)));
    for look in [
        powerful,
        unlisted,
        plain_secret,
        unlimited,
        unpinned,
        unprobed,
    ] {
        let containers = all.clone().flat_map(|at| of_workload(&estate, at));
        found.extend(containers.filter_map(|one| look(&estate, &one)));
    }
    found.truncate(MOST);
    found
}

/// A change of an object by JSON Patch, and its reverse.
fn patch(object: &Object<'_>, there: &Value, back: &Value) -> (String, String) {
    let space = match object.namespace {
        "" => String::new(),
        namespace => format!(" -n {namespace}"),
    };
    let command = |patch: &Value| {
        let kind = object.kind.to_ascii_lowercase();
        format!(
            "kubectl{space} patch {kind}/{} --type=json -p '{patch}'",
            object.name
        )
    };
    (command(&json!([there])), command(&json!([back])))
}

fn say(
    object: &Object<'_>,
    field: impl Into<String>,
    text: impl Into<String>,
    commands: (String, String),
) -> Advice {
    Advice {
        object: object.reference(),
        field: field.into(),
        text: text.into(),
        kubectl: commands.0,
        undo: commands.1,
    }
}

/// Where the containers of a workload stand in its document.
fn place(object: &Object<'_>) -> &'static str {
    match object.kind {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    }
}

/// The pointer of a container in its workload's document.
fn pointer(estate: &Estate<'_>, one: &Container<'_>) -> String {
    let list = format!("/{}", one.list);
    let at = items(one.pod, &list).position(|other| core::ptr::eq(other, one.doc));
    format!(
        "{}{list}/{}",
        place(&estate.workloads[one.at].object),
        at.unwrap_or(0)
    )
}

/// The field of a path, as people write it.
fn field_of(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

fn role(object: &Object<'_>) -> Option<Advice> {
    let all = |rule: &Value, list: &str| items(rule, list).any(|one| one == "*");
    let brought = matches!(object.name, "cluster-admin" | "admin" | "edit" | "view")
        || object.name.starts_with("system:");
    let at = (!brought && matches!(object.kind, "Role" | "ClusterRole")).then(|| {
        items(object.doc, "/rules").position(|rule| all(rule, "/verbs") && all(rule, "/resources"))
    })??;
    let path = format!("/rules/{at}/verbs");
    let there = json!({"op": "replace", "path": path, "value": ["get", "list", "watch"]});
    let back = json!({"op": "replace", "path": path, "value": ["*"]});
    let words = "it lets whoever is bound to it do everything with everything";
    Some(say(
        object,
        field_of(&path),
        words,
        patch(object, &there, &back),
    ))
}

fn binding(estate: &Estate<'_>, object: &Object<'_>) -> Option<Advice> {
    let is_admin =
        object.kind == "ClusterRoleBinding" && text(object.doc, "/roleRef/name") == "cluster-admin";
    let account =
        items(object.doc, "/subjects").find(|one| text(one, "/kind") == "ServiceAccount")?;
    let used = estate
        .workloads
        .iter()
        .any(|keeper| text(keeper.pod_spec, "/serviceAccountName") == text(account, "/name"));
    (is_admin && (used || text(account, "/name") == "default")).then(|| {
        let words = format!("account {} of a workload may do everything in the whole cluster", text(account, "/name"));
        let commands = (
            format!("kubectl delete clusterrolebinding {}", object.name),
            format!("kubectl create clusterrolebinding {} --clusterrole=cluster-admin --serviceaccount={}:{}", object.name, text(account, "/namespace"), text(account, "/name")),
        );
        say(object, "roleRef.name", words, commands)
    })
}

/// A policy that is there to keep out, and lets everybody in.
fn open_to_all(policy: &Object<'_>) -> Option<Advice> {
    let everybody = |peer: &Value| {
        let any = |selector: &str| {
            peer.pointer(selector)
                .is_some_and(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
        };
        any("/namespaceSelector") && peer.get("podSelector").is_none_or(|_| any("/podSelector"))
            || text(peer, "/ipBlock/cidr") == "0.0.0.0/0"
                && items(peer, "/ipBlock/except").next().is_none()
    };
    let open = |rule: &Value| {
        let mut peers = items(rule, "/from").peekable();
        let none = peers.peek().is_none();
        items(rule, "/ports").next().is_none() && (none || peers.any(everybody))
    };
    let at = items(policy.doc, "/spec/ingress").position(open)?;
    let path = format!("/spec/ingress/{at}");
    let old = policy.doc.pointer(&path)?;
    let value = json!({"from": [{"podSelector": {}}]});
    let there = json!({"op": "replace", "path": path, "value": value});
    let back = json!({"op": "replace", "path": path, "value": old});
    let words = "its rule lets everybody in: it keeps nobody out";
    Some(say(
        policy,
        field_of(&path),
        words,
        patch(policy, &there, &back),
    ))
}

/// A budget of one pod that may not go: nodes with it cannot be drained.
fn undrainable(budget: &Object<'_>) -> Option<Advice> {
    let allowed = number(budget.doc, "/status/disruptionsAllowed")?;
    let expected = number(budget.doc, "/status/expectedPods")?;
    let field = match has(budget.doc, "/spec/minAvailable") {
        true => "/spec/minAvailable",
        false => "/spec/maxUnavailable",
    };
    let old = budget.doc.pointer(field)?;
    (allowed == 0 && expected == 1).then(|| {
        let value = if field.ends_with("minAvailable") {
            json!(0)
        } else {
            json!(1)
        };
        let there = json!({"op": "replace", "path": field, "value": value});
        let back = json!({"op": "replace", "path": field, "value": old});
        let words = "its only pod may never be disrupted: a drain of its node waits for ever";
        say(budget, field_of(field), words, patch(budget, &there, &back))
    })
}

/// A StatefulSet whose governing Service has an address of its own: its pods have no names.
fn nameless(estate: &Estate<'_>, set: &Object<'_>) -> Option<Advice> {
    let service = estate.find("Service", set.namespace, text(set.doc, "/spec/serviceName"))?;
    let old = text(service.doc, "/spec/clusterIP");
    (old != "None").then(|| {
        let words = format!(
            "it governs {} and is not headless: pods have no names of their own",
            set.reference()
        );
        let commands = (
            format!("kubectl -n {} delete service {} && kubectl -n {} create service clusterip {} --clusterip=None", set.namespace, service.name, set.namespace, service.name),
            format!("kubectl -n {} delete service {} && kubectl apply -f FILE", set.namespace, service.name),
        );
        say(&service, "spec.clusterIP", words, commands)
    })
}

fn of_the_host(estate: &Estate<'_>, at: usize) -> Option<Advice> {
    let keeper = &estate.workloads[at];
    let place = place(&keeper.object);
    let shares = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .find(|field| keeper.pod_spec.get(*field) == Some(&Value::Bool(true)));
    if let Some(field) = shares {
        let path = format!("{place}/{field}");
        let there = json!({"op": "replace", "path": path, "value": false});
        let back = json!({"op": "replace", "path": path, "value": true});
        let words = format!("{field}: its pods see what belongs to the node");
        return Some(say(
            &keeper.object,
            field_of(&path),
            words,
            patch(&keeper.object, &there, &back),
        ));
    }
    let wide = [
        "/",
        "/etc",
        "/var/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/var/lib/kubelet",
        "/root",
    ];
    let (position, volume) = items(keeper.pod_spec, "/volumes")
        .enumerate()
        .find(|(_, volume)| wide.contains(&text(volume, "/hostPath/path")))?;
    let path = format!("{place}/volumes/{position}");
    let value = json!({"name": text(volume, "/name"), "emptyDir": {}});
    let there = json!({"op": "replace", "path": path, "value": value});
    let back = json!({"op": "replace", "path": path, "value": volume});
    let words = format!(
        "it mounts {} of the node: whoever runs in it runs the node",
        text(volume, "/hostPath/path")
    );
    Some(say(
        &keeper.object,
        field_of(&path),
        words,
        patch(&keeper.object, &there, &back),
    ))
}

/// A rollout that takes all pods away before new ones are there.
fn all_at_once(estate: &Estate<'_>, at: usize) -> Option<Advice> {
    const FIELD: &str = "/spec/strategy/rollingUpdate/maxUnavailable";
    let keeper = &estate.workloads[at];
    let wanted = keeper.desired.filter(|wanted| *wanted > 1)?;
    let given = keeper.object.doc.pointer(FIELD)?;
    let all = given == "100%" || given.as_i64().is_some_and(|count| count >= wanted);
    (all && keeper.object.kind == "Deployment").then(|| {
        let there = json!({"op": "replace", "path": FIELD, "value": 1});
        let back = json!({"op": "replace", "path": FIELD, "value": given});
        let words = "a rollout takes all pods away at once";
        say(
            &keeper.object,
            field_of(FIELD),
            words,
            patch(&keeper.object, &there, &back),
        )
    })
}

fn powerful(estate: &Estate<'_>, one: &Container<'_>) -> Option<Advice> {
    const WIDE: &[&str] = &["ALL", "SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE"];
    let object = &estate.workloads[one.at].object;
    let path = format!("{}/securityContext", pointer(estate, one));
    if one.doc.pointer("/securityContext/privileged") == Some(&Value::Bool(true)) {
        let path = format!("{path}/privileged");
        let there = json!({"op": "replace", "path": path, "value": false});
        let back = json!({"op": "replace", "path": path, "value": true});
        let words = format!(
            "container {} is privileged: it may do on its node what root may",
            one.name()
        );
        return Some(say(
            object,
            field_of(&path),
            words,
            patch(object, &there, &back),
        ));
    }
    let added = one.doc.pointer("/securityContext/capabilities/add")?;
    let wide = added
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .find(|name| WIDE.contains(name))?;
    let path = format!("{path}/capabilities/add");
    let there = json!({"op": "remove", "path": path});
    let back = json!({"op": "add", "path": path, "value": added});
    let words = format!(
        "container {} has {wide}, which is nearly as much as root on its node",
        one.name()
    );
    Some(say(
        object,
        field_of(&path),
        words,
        patch(object, &there, &back),
    ))
}

/// A name without a folder that is no official image: no node can pull it, somebody must have brought it.
fn unlisted(estate: &Estate<'_>, one: &Container<'_>) -> Option<Advice> {
    let image = one.image();
    let object = &estate.workloads[one.at].object;
    (image.is_of_library() && !is_official(image.repository)).then(|| {
        let path = format!("{}/image", pointer(estate, one));
        let old = text(one.doc, "/image");
        let there = json!({"op": "replace", "path": path, "value": format!("REGISTRY/{old}")});
        let back = json!({"op": "replace", "path": path, "value": old});
        let words = format!("Docker Hub has no official image {}: nodes to which nobody has brought it cannot pull it", image.repository);
        say(object, field_of(&path), words, patch(object, &there, &back))
    })
}

/// A password that stands in the manifest. It is not shown.
fn plain_secret(estate: &Estate<'_>, one: &Container<'_>) -> Option<Advice> {
    const WORDS: &[&str] = &[
        "PASSWORD",
        "PASSWD",
        "SECRET",
        "TOKEN",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
    ];
    let (name, _) = one.variables().find(|(name, value)| {
        let upper = name.to_ascii_uppercase();
        WORDS.iter().any(|word| upper.ends_with(word)) && !value.is_empty() && !value.contains('$')
    })?;
    let object = &estate.workloads[one.at].object;
    let words = format!(
        "{name} stands in the manifest for everybody who may read it: it belongs into a Secret"
    );
    let space = if object.namespace.is_empty() {
        String::new()
    } else {
        format!(" -n {}", object.namespace)
    };
    let secret = format!("{}-env", object.name);
    let commands = (
        format!("kubectl{space} create secret generic {secret} --from-literal={name}=VALUE"),
        format!("kubectl{space} delete secret {secret}"),
    );
    Some(say(
        object,
        one.field(&format!("env[name={name}].value")),
        words,
        commands,
    ))
}

fn unlimited(estate: &Estate<'_>, one: &Container<'_>) -> Option<Advice> {
    let object = &estate.workloads[one.at].object;
    let limited = has(one.doc, "/resources/limits/memory");
    (one.list == "containers" && !limited).then(|| {
        let path = format!("{}/resources", pointer(estate, one));
        let old = one
            .doc
            .get("resources")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let mut value = old.clone();
        value["limits"]["memory"] = json!("256Mi");
        let there = json!({"op": "add", "path": path, "value": value});
        let back = json!({"op": "add", "path": path, "value": old});
        let words = format!(
            "container {} has no limit of memory: it may take what its node has",
            one.name()
        );
        say(
            object,
            format!("{}.limits.memory", field_of(&path)),
            words,
            patch(object, &there, &back),
        )
    })
}

fn unpinned(estate: &Estate<'_>, one: &Container<'_>) -> Option<Advice> {
    let object = &estate.workloads[one.at].object;
    let image = one.image();
    let floats = image.digest.is_empty() && matches!(image.tag, "" | "latest");
    floats.then(|| {
        let path = format!("{}/image", pointer(estate, one));
        let old = text(one.doc, "/image");
        let name = old.strip_suffix(":latest").unwrap_or(old);
        let there = json!({"op": "replace", "path": path, "value": format!("{name}:VERSION")});
        let back = json!({"op": "replace", "path": path, "value": old});
        let words = format!(
            "{old} is another image tomorrow: nobody knows what runs, nor what to go back to"
        );
        say(object, field_of(&path), words, patch(object, &there, &back))
    })
}

/// A server behind a Service that nobody asks whether it is ready.
fn unprobed(estate: &Estate<'_>, one: &Container<'_>) -> Option<Advice> {
    let object = &estate.workloads[one.at].object;
    let port = items(one.doc, "/ports").find_map(|port| number(port, "/containerPort"))?;
    let served = !estate.services_of(one.at).is_empty();
    let asked = has(one.doc, "/readinessProbe");
    (one.list == "containers" && served && !asked).then(|| {
        let path = format!("{}/readinessProbe", pointer(estate, one));
        let there = json!({"op": "add", "path": path, "value": {"tcpSocket": {"port": port}}});
        let back = json!({"op": "remove", "path": path});
        let words = format!(
            "container {} is sent requests before it listens: it has no readiness probe",
            one.name()
        );
        say(object, field_of(&path), words, patch(object, &there, &back))
    })
}
