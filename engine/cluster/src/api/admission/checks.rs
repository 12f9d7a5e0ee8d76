//! The checks of the Pod Security Standards, one by one, in the order in which their findings are told.
//!
//! Each reads a pod as documents have it and gives its finding in upstream's words. Source:
//! k8s.io/pod-security-admission/policy, `check_*.go`; versions below the first that a check is
//! here given with are not told apart.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

/// A level of the standards that demands something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// No known way out of the container.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    /// As in the label.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// One check.
#[derive(Clone, Copy)]
pub(super) struct Check {
    /// The lowest level that makes it.
    pub(super) level: Level,
    /// Whether a stricter check stands in its place at the restricted level.
    pub(super) overridden: bool,
    /// Minor version since which it is made.
    pub(super) since: u32,
    /// What is wrong with a pod of this metadata and spec; `None` where nothing is.
    pub(super) test: fn(&Value, &Value) -> Option<String>,
}

const fn baseline(since: u32, test: fn(&Value, &Value) -> Option<String>) -> Check {
    Check {
        level: Level::Baseline,
        overridden: false,
        since,
        test,
    }
}

const fn replaced(check: Check) -> Check {
    Check {
        overridden: true,
        ..check
    }
}

const fn restricted(since: u32, test: fn(&Value, &Value) -> Option<String>) -> Check {
    Check {
        level: Level::Restricted,
        overridden: false,
        since,
        test,
    }
}

/// Baseline first, then restricted, each in the order of upstream's ids.
pub(super) const CHECKS: [Check; 18] = [
    baseline(0, app_armor),
    replaced(baseline(0, default_capabilities)),
    baseline(0, host_namespaces),
    replaced(baseline(0, host_paths)),
    baseline(0, host_ports),
    baseline(34, probe_hosts),
    baseline(0, privileged),
    baseline(0, proc_mount),
    baseline(0, selinux),
    replaced(baseline(19, seccomp)),
    baseline(0, sysctls),
    baseline(0, windows),
    restricted(8, escalation),
    restricted(22, capabilities),
    restricted(0, volume_types),
    restricted(0, non_root),
    restricted(23, root_user),
    restricted(19, seccomp_required),
];

/// Init containers, containers, ephemeral ones.
fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .filter_map(|list| spec[list].as_array())
        .flatten()
}

/// `securityContext` of a pod or a container; null where there is none.
fn context(of: &Value) -> &Value {
    &of["securityContext"]
}

fn name_of(container: &Value) -> String {
    text(&container["name"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    names.join(", ")
}

fn number_of(count: usize, one: &'static str, several: &'static str) -> &'static str {
    if count == 1 { one } else { several }
}

/// `container "a"`, `containers "a", "b"`.
fn named(names: &[String]) -> String {
    format!(
        "{} {}",
        number_of(names.len(), "container", "containers"),
        quoted(names)
    )
}

/// Names of the containers for which something holds.
fn those(spec: &Value, holds: impl Fn(&Value) -> bool) -> Vec<String> {
    containers(spec).filter(|c| holds(c)).map(name_of).collect()
}

/// The pod and the containers of which something holds: `pod and container "a"`; `None` for none.
fn setters(spec: &Value, holds: impl Fn(&Value) -> bool) -> Option<String> {
    let pod = holds(context(spec)).then(|| "pod".to_string());
    let found = those(spec, |container| holds(context(container)));
    let several = (!found.is_empty()).then(|| named(&found));
    let all: Vec<String> = pod.into_iter().chain(several).collect();
    (!all.is_empty()).then(|| all.join(" and "))
}

fn told(reason: &str, detail: &str) -> Option<String> {
    Some(format!("{reason} ({detail})"))
}

/// Whether the pod has user namespaces of its own: 1.34 then allows root and other mounts of /proc.
fn has_own_users(spec: &Value) -> bool {
    spec["hostUsers"] == false
}

fn app_armor(metadata: &Value, spec: &Value) -> Option<String> {
    let kind = |context: &Value| text(&context["appArmorProfile"]["type"]);
    let bad = |context: &Value| {
        let kind = kind(context);
        !matches!(kind.as_str(), "" | "RuntimeDefault" | "Localhost")
    };
    let contexts = core::iter::once(context(spec)).chain(containers(spec).map(context));
    let kinds: BTreeSet<String> = contexts.filter(|c| bad(c)).map(kind).collect();
    let marks = annotations(metadata);
    let on = (!marks.is_empty()).then(|| number_of(marks.len(), "annotation", "annotations"));
    let who: Vec<String> = setters(spec, bad)
        .into_iter()
        .chain(on.map(ToString::to_string))
        .collect();
    let values: Vec<String> = kinds.into_iter().chain(marks).collect();
    let reason = number_of(
        values.len(),
        "forbidden AppArmor profile",
        "forbidden AppArmor profiles",
    );
    if who.is_empty() {
        return None;
    }
    let who = who.join(" and ");
    told(
        reason,
        &format!(
            "{who} must not set AppArmor profile type to {}",
            quoted(&values)
        ),
    )
}

/// Annotations that set a profile which is not allowed, as `key="value"`.
fn annotations(metadata: &Value) -> Vec<String> {
    let given = metadata["annotations"].as_object().into_iter().flatten();
    let profiles =
        given.filter(|(key, _)| key.starts_with("container.apparmor.security.beta.kubernetes.io/"));
    let values = profiles.map(|(key, value)| (key, text(value)));
    let bad = values.filter(|(_, value)| {
        !value.is_empty() && value != "runtime/default" && !value.starts_with("localhost/")
    });
    bad.map(|(key, value)| format!("{key}={value:?}")).collect()
}

/// What a container adds to its capabilities.
fn added(container: &Value) -> impl Iterator<Item = String> {
    let list = context(container)["capabilities"]["add"].as_array();
    list.into_iter().flatten().map(text)
}

/// The containers that add a capability which is not allowed, and those capabilities.
fn adding(spec: &Value, allowed: &[&str]) -> (Vec<String>, BTreeSet<String>) {
    let strange = |name: &String| !allowed.contains(&name.as_str());
    let found = those(spec, |container| {
        added(container).any(|name| strange(&name))
    });
    let capabilities = containers(spec).flat_map(added).filter(strange).collect();
    (found, capabilities)
}

const USUAL: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn added_in_words(found: &[String], capabilities: &BTreeSet<String>) -> String {
    format!(
        "{} must not include {} in securityContext.capabilities.add",
        named(found),
        quoted(capabilities)
    )
}

fn default_capabilities(_: &Value, spec: &Value) -> Option<String> {
    let (found, capabilities) = adding(spec, &USUAL);
    if found.is_empty() {
        return None;
    }
    told(
        "non-default capabilities",
        &added_in_words(&found, &capabilities),
    )
}

fn capabilities(_: &Value, spec: &Value) -> Option<String> {
    if spec["os"]["name"] == "windows" {
        return None;
    }
    let keeps = |container: &Value| {
        let dropped = context(container)["capabilities"]["drop"].as_array();
        !dropped.into_iter().flatten().any(|name| name == "ALL")
    };
    let missing = those(spec, keeps);
    let (found, capabilities) = adding(spec, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !missing.is_empty() {
        let who = named(&missing);
        details.push(format!(
            "{who} must set securityContext.capabilities.drop=[\"ALL\"]"
        ));
    }
    if !found.is_empty() {
        details.push(added_in_words(&found, &capabilities));
    }
    if details.is_empty() {
        return None;
    }
    told("unrestricted capabilities", &details.join("; "))
}

fn host_namespaces(_: &Value, spec: &Value) -> Option<String> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"];
    let used = shared.into_iter().filter(|key| spec[*key] == true);
    let used: Vec<String> = used.map(|key| format!("{key}=true")).collect();
    if used.is_empty() {
        return None;
    }
    told("host namespaces", &used.join(", "))
}

fn volumes(spec: &Value) -> impl Iterator<Item = &Value> {
    spec["volumes"].as_array().into_iter().flatten()
}

fn host_paths(_: &Value, spec: &Value) -> Option<String> {
    let found = volumes(spec).filter(|volume| volume["hostPath"].is_object());
    let found: Vec<String> = found.map(name_of).collect();
    if found.is_empty() {
        return None;
    }
    let word = number_of(found.len(), "volume", "volumes");
    told("hostPath volumes", &format!("{word} {}", quoted(&found)))
}

const ALLOWED_VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
const OTHER_VOLUMES: [&str; 20] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
];

/// The type of a volume that is not allowed. One without any type is an empty directory.
fn strange_type(volume: &Value) -> Option<&'static str> {
    let has = |key: &str| volume.get(key).is_some();
    let typed = volume.as_object().is_some_and(|fields| fields.len() > 1);
    if !typed || ALLOWED_VOLUMES.into_iter().any(has) {
        return None;
    }
    let known = OTHER_VOLUMES.into_iter().chain(["storageos"]);
    Some(known.into_iter().find(|key| has(key)).unwrap_or("unknown"))
}

fn volume_types(_: &Value, spec: &Value) -> Option<String> {
    let strange = volumes(spec).filter(|volume| strange_type(volume).is_some());
    let found: Vec<String> = strange.map(name_of).collect();
    let types: BTreeSet<String> = volumes(spec)
        .filter_map(strange_type)
        .map(ToString::to_string)
        .collect();
    if found.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {} {}",
        number_of(found.len(), "volume", "volumes"),
        quoted(&found),
        number_of(found.len(), "uses", "use"),
        number_of(
            types.len(),
            "restricted volume type",
            "restricted volume types"
        ),
        quoted(&types)
    );
    told("restricted volume types", &detail)
}

/// Ports of the node that a container takes.
fn ports(container: &Value) -> impl Iterator<Item = String> {
    let list = container["ports"].as_array().into_iter().flatten();
    let taken = list.filter_map(|port| port["hostPort"].as_u64());
    taken.filter(|port| *port != 0).map(|port| port.to_string())
}

fn host_ports(_: &Value, spec: &Value) -> Option<String> {
    let found = those(spec, |container| ports(container).next().is_some());
    let taken: BTreeSet<String> = containers(spec).flat_map(ports).collect();
    if found.is_empty() {
        return None;
    }
    let list: Vec<String> = taken.iter().cloned().collect();
    let detail = format!(
        "{} {} {} {}",
        named(&found),
        number_of(found.len(), "uses", "use"),
        number_of(taken.len(), "hostPort", "hostPorts"),
        list.join(", ")
    );
    told("hostPort", &detail)
}

/// Hosts that the probes and hooks of a container name.
fn hosts(container: &Value) -> Vec<String> {
    let probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    let hooks = ["postStart", "preStop"];
    let handlers = probes
        .into_iter()
        .map(|key| &container[key])
        .chain(hooks.into_iter().map(|key| &container["lifecycle"][key]));
    let hosts = handlers.flat_map(|handler| {
        ["httpGet", "tcpSocket"]
            .into_iter()
            .map(|way| text(&handler[way]["host"]))
    });
    hosts.filter(|host| !host.is_empty()).collect()
}

fn probe_hosts(_: &Value, spec: &Value) -> Option<String> {
    let found: BTreeSet<String> = those(spec, |c| !hosts(c).is_empty()).into_iter().collect();
    let named_hosts: BTreeSet<String> = containers(spec).flat_map(hosts).collect();
    if found.is_empty() {
        return None;
    }
    let found: Vec<String> = found.into_iter().collect();
    let detail = format!(
        "{} {} {} {}",
        named(&found),
        number_of(found.len(), "uses", "use"),
        number_of(
            named_hosts.len(),
            "probe or lifecycle host",
            "probe or lifecycle hosts"
        ),
        quoted(&named_hosts)
    );
    told("probe or lifecycle host", &detail)
}

fn privileged(_: &Value, spec: &Value) -> Option<String> {
    let found = those(spec, |container| context(container)["privileged"] == true);
    if found.is_empty() {
        return None;
    }
    let who = named(&found);
    told(
        "privileged",
        &format!("{who} must not set securityContext.privileged=true"),
    )
}

fn proc_mount(_: &Value, spec: &Value) -> Option<String> {
    if has_own_users(spec) {
        return None;
    }
    let kind = |container: &Value| text(&context(container)["procMount"]);
    let bad = |kind: &str| !matches!(kind, "" | "Default");
    let found = those(spec, |container| bad(&kind(container)));
    let kinds: BTreeSet<String> = containers(spec)
        .map(kind)
        .filter(|kind| bad(kind))
        .collect();
    if found.is_empty() {
        return None;
    }
    let detail = format!(
        "{} must not set securityContext.procMount to {}",
        named(&found),
        quoted(&kinds)
    );
    told("procMount", &detail)
}

fn selinux(_: &Value, spec: &Value) -> Option<String> {
    let allowed = [
        "",
        "container_t",
        "container_init_t",
        "container_kvm_t",
        "container_engine_t",
    ];
    let options = |context: &Value| context["seLinuxOptions"].clone();
    let strange = |options: &Value| !allowed.contains(&text(&options["type"]).as_str());
    let set = |options: &Value, key: &str| !text(&options[key]).is_empty();
    let bad = |context: &Value| {
        let options = options(context);
        strange(&options) || set(&options, "user") || set(&options, "role")
    };
    let who = setters(spec, bad)?;
    let contexts = core::iter::once(context(spec)).chain(containers(spec).map(context));
    let all: Vec<Value> = contexts.map(options).collect();
    let strangers = all.iter().filter(|options| strange(options));
    let types: BTreeSet<String> = strangers.map(|options| text(&options["type"])).collect();
    let mut details = Vec::new();
    if !types.is_empty() {
        let word = number_of(types.len(), "type", "types");
        details.push(format!("{word} {}", quoted(&types)));
    }
    let found = ["user", "role"].into_iter();
    let found = found.filter(|key| all.iter().any(|options| set(options, key)));
    details.extend(found.map(|key| format!("{key} may not be set")));
    let details = details.join("; ");
    told(
        "seLinuxOptions",
        &format!("{who} set forbidden securityContext.seLinuxOptions: {details}"),
    )
}

/// `seccompProfile.type`; empty where there is none.
fn profile(context: &Value) -> String {
    text(&context["seccompProfile"]["type"])
}

fn seccomp(_: &Value, spec: &Value) -> Option<String> {
    let bad = |context: &Value| {
        !matches!(
            profile(context).as_str(),
            "" | "RuntimeDefault" | "Localhost"
        )
    };
    let who = setters(spec, bad)?;
    let contexts = core::iter::once(context(spec)).chain(containers(spec).map(context));
    let values: BTreeSet<String> = contexts.filter(|c| bad(c)).map(profile).collect();
    let values = quoted(&values);
    told(
        "seccompProfile",
        &format!("{who} must not set securityContext.seccompProfile.type to {values}"),
    )
}

fn seccomp_required(metadata: &Value, spec: &Value) -> Option<String> {
    if spec["os"]["name"] == "windows" {
        return None;
    }
    let wrong = seccomp(metadata, spec);
    if wrong.is_some() || !profile(context(spec)).is_empty() {
        return wrong;
    }
    let missing = those(spec, |container| profile(context(container)).is_empty());
    if missing.is_empty() {
        return None;
    }
    let who = named(&missing);
    let detail = format!(
        "pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
    );
    told("seccompProfile", &detail)
}

fn sysctls(_: &Value, spec: &Value) -> Option<String> {
    let set = context(spec)["sysctls"].as_array().into_iter().flatten();
    let names = set.map(|sysctl| text(&sysctl["name"]));
    let unsafe_ones: Vec<String> = names
        .filter(|name| !aegis_model::kubernetes::SAFE_SYSCTLS.contains(&name.as_str()))
        .collect();
    if unsafe_ones.is_empty() {
        return None;
    }
    told("forbidden sysctls", &unsafe_ones.join(", "))
}

fn windows(_: &Value, spec: &Value) -> Option<String> {
    let who = setters(spec, |context| {
        context["windowsOptions"]["hostProcess"] == true
    })?;
    told(
        "hostProcess",
        &format!("{who} must not set securityContext.windowsOptions.hostProcess=true"),
    )
}

fn escalation(_: &Value, spec: &Value) -> Option<String> {
    if spec["os"]["name"] == "windows" {
        return None;
    }
    let open = |container: &Value| context(container)["allowPrivilegeEscalation"] != false;
    let found = those(spec, open);
    if found.is_empty() {
        return None;
    }
    let who = named(&found);
    told(
        "allowPrivilegeEscalation != false",
        &format!("{who} must set securityContext.allowPrivilegeEscalation=false"),
    )
}

fn non_root(_: &Value, spec: &Value) -> Option<String> {
    const REASON: &str = "runAsNonRoot != true";
    if has_own_users(spec) {
        return None;
    }
    if let Some(who) = setters(spec, |context| context["runAsNonRoot"] == false) {
        let detail = format!("{who} must not set securityContext.runAsNonRoot=false");
        return told(REASON, &detail);
    }
    if context(spec)["runAsNonRoot"] == true {
        return None;
    }
    let silent = those(spec, |container| {
        !context(container)["runAsNonRoot"].is_boolean()
    });
    if silent.is_empty() {
        return None;
    }
    let who = named(&silent);
    told(
        REASON,
        &format!("pod or {who} must set securityContext.runAsNonRoot=true"),
    )
}

fn root_user(_: &Value, spec: &Value) -> Option<String> {
    if has_own_users(spec) {
        return None;
    }
    let who = setters(spec, |context| context["runAsUser"] == 0)?;
    told("runAsUser=0", &format!("{who} must not set runAsUser=0"))
}
