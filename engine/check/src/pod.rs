//! Specs of pods.

use super::findings::Findings;
use super::{container, item, names, selector};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{
    Container, PodAffinity, PodSpec, Toleration, TopologySpreadConstraint,
};
use std::collections::BTreeSet;

/// A pod's spec at `path`.
pub fn spec(spec: &PodSpec, path: &FieldPath, findings: &mut Findings) {
    spec_with_claims(spec, &[], path, findings);
}

/// A pod's spec whose volumes may come from claims of its StatefulSet too.
pub fn spec_with_claims(
    spec: &PodSpec,
    claims: &[String],
    path: &FieldPath,
    findings: &mut Findings,
) {
    if spec.containers.is_empty() {
        findings.required(&path.key("containers"), "");
    }
    containers(spec, path, findings);
    volumes(spec, claims, path, findings);
    names::labels(&spec.node_selector, &path.key("nodeSelector"), findings);
    for (index, toleration) in spec.tolerations.iter().enumerate() {
        tolerates(toleration, &item(&path.key("tolerations"), index), findings);
    }
    let constraints = path.key("topologySpreadConstraints");
    for (index, constraint) in spec.topology_spread_constraints.iter().enumerate() {
        let at = item(&constraints, index);
        spreads(constraint, &at, findings);
        let pair = |one: &TopologySpreadConstraint| {
            (one.topology_key.clone(), one.when_unsatisfiable.clone())
        };
        let mut before = spec.topology_spread_constraints[..index].iter();
        if before.any(|other| pair(other) == pair(constraint)) {
            let (key, way) = pair(constraint);
            let value = format!("{{topologyKey: {key}, whenUnsatisfiable: {way}}}");
            findings.duplicate(&at, value);
        }
    }
    gates(spec, path, findings);
    let at = path.key("affinity");
    pod_affinity(
        &spec.affinity.pod_affinity,
        &at.key("podAffinity"),
        findings,
    );
    pod_affinity(
        &spec.affinity.pod_anti_affinity,
        &at.key("podAntiAffinity"),
        findings,
    );
    let policy = spec.dns_policy.as_deref().unwrap_or_default();
    let policies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    findings.one_of(&path.key("dnsPolicy"), policy, &policies);
}

fn containers(spec: &PodSpec, path: &FieldPath, findings: &mut Findings) {
    let lists = [
        (&spec.containers, "containers"),
        (&spec.init_containers, "initContainers"),
    ];
    let mut seen = BTreeSet::new();
    for (list, key) in lists {
        for (index, found) in list.iter().enumerate() {
            let at = item(&path.key(key), index);
            container::container(found, &at, findings);
            if key == "initContainers" {
                container::init(found, &at, findings);
            }
            if !found.name.is_empty() && !seen.insert(&found.name) {
                findings.duplicate(&at.key("name"), found.name.as_str());
            }
        }
    }
}

fn volumes(spec: &PodSpec, claims: &[String], path: &FieldPath, findings: &mut Findings) {
    let declared = spec.volumes.iter().map(|volume| volume.name.as_str());
    findings.unique(declared.clone(), |index| {
        item(&path.key("volumes"), index).key("name")
    });
    for (index, name) in declared.clone().enumerate() {
        names::label(
            name,
            &item(&path.key("volumes"), index).key("name"),
            findings,
        );
    }
    let known: Vec<&str> = declared.chain(claims.iter().map(String::as_str)).collect();
    mounts(&spec.containers, &known, &path.key("containers"), findings);
    mounts(
        &spec.init_containers,
        &known,
        &path.key("initContainers"),
        findings,
    );
}

fn mounts(list: &[Container], known: &[&str], path: &FieldPath, findings: &mut Findings) {
    for (position, found) in list.iter().enumerate() {
        for (index, mount) in found.volume_mounts.iter().enumerate() {
            let at = item(&item(path, position).key("volumeMounts"), index);
            if mount.name.is_empty() {
                findings.required(&at.key("name"), "");
            } else if !known.contains(&mount.name.as_str()) {
                findings.not_found(&at.key("name"), mount.name.as_str());
            }
            if mount.mount_path.is_empty() {
                findings.required(&at.key("mountPath"), "");
            }
        }
    }
}

fn tolerates(toleration: &Toleration, at: &FieldPath, findings: &mut Findings) {
    findings.one_of(
        &at.key("operator"),
        &toleration.operator,
        &["Equal", "Exists"],
    );
    findings.one_of(
        &at.key("effect"),
        &toleration.effect,
        &super::policy::EFFECTS,
    );
    if !toleration.key.is_empty() {
        names::label_key(&toleration.key, &at.key("key"), findings);
    }
    if toleration.key.is_empty() && toleration.operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        findings.invalid(&at.key("operator"), toleration.operator.as_str(), detail);
    }
    if toleration.operator == "Exists" && !toleration.value.is_empty() {
        let detail = "value must be empty when `operator` is 'Exists'";
        findings.invalid(&at.key("operator"), toleration.value.as_str(), detail);
    }
    if toleration.toleration_seconds.is_some() && toleration.effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        findings.invalid(&at.key("effect"), toleration.effect.as_str(), detail);
    }
}

fn spreads(constraint: &TopologySpreadConstraint, at: &FieldPath, findings: &mut Findings) {
    if constraint.max_skew == 0 {
        findings.invalid(&at.key("maxSkew"), 0, "must be greater than zero");
    }
    if constraint.topology_key.is_empty() {
        findings.required(&at.key("topologyKey"), "can not be empty");
    }
    let ways = ["DoNotSchedule", "ScheduleAnyway"];
    let way = constraint.when_unsatisfiable.as_str();
    if way.is_empty() {
        findings.required(&at.key("whenUnsatisfiable"), "");
    }
    findings.one_of(&at.key("whenUnsatisfiable"), way, &ways);
    if let Some(found) = &constraint.label_selector {
        selector::selector(found, &at.key("labelSelector"), findings);
    } else if !constraint.match_label_keys.is_empty() {
        let detail = "must not be specified when labelSelector is not set";
        findings.forbidden(&at.key("matchLabelKeys"), detail);
    }
    match constraint.min_domains {
        Some(0) => findings.invalid(&at.key("minDomains"), 0, "must be greater than zero"),
        Some(number) if way == "ScheduleAnyway" => {
            let detail =
                "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway";
            findings.invalid(&at.key("minDomains"), number, detail);
        }
        _ => {}
    }
}

/// Each gate stands once, and none on a pod that names its node.
fn gates(spec: &PodSpec, path: &FieldPath, findings: &mut Findings) {
    let at = path.key("schedulingGates");
    let names = spec.scheduling_gates.iter().map(|gate| gate.name.as_str());
    findings.unique(names, |index| item(&at, index));
    let named = spec
        .node_name
        .as_deref()
        .is_some_and(|name| !name.is_empty());
    if named && !spec.scheduling_gates.is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        findings.forbidden(&path.key("nodeName"), detail);
    }
}

fn pod_affinity(affinity: &PodAffinity, path: &FieldPath, findings: &mut Findings) {
    let required = path.key("requiredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in affinity.required.iter().enumerate() {
        if term.topology_key.is_empty() {
            let at = item(&required, index).key("topologyKey");
            findings.required(&at, "can not be empty");
        }
    }
    let preferred = path.key("preferredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in affinity.preferred.iter().enumerate() {
        let at = item(&preferred, index);
        if term.pod_affinity_term.topology_key.is_empty() {
            findings.required(
                &at.key("podAffinityTerm").key("topologyKey"),
                "can not be empty",
            );
        }
        if !(1..=100).contains(&term.weight) {
            findings.invalid(&at.key("weight"), term.weight, "must be in the range 1-100");
        }
    }
}
