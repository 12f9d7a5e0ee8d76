//! Workloads that wait by their own words: suspended, gated, kept off all nodes, never due, never done.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits, Proven},
};
use crate::containers::of_workload;
use crate::doc::{has, items, number, text};
use crate::estate::{Estate, Object};
use crate::labels::{Labels, affinity_takes, node_selector_takes};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        let looks = [
            gated,
            out_of_time,
            on_no_node,
            idle,
            unconfined,
            unsettled,
            shared_claim,
            nothing_claimed,
        ];
        found.extend(looks.into_iter().find_map(|look| look(estate, at)));
    }
    found.extend(
        estate
            .of_kind("CronJob")
            .filter_map(|cron| never_due(&cron)),
    );
    found
}

fn made(
    estate: &Estate<'_>,
    at: usize,
    (id, field): (&str, &str),
    words: String,
) -> Option<Candidate> {
    let reference = estate.workloads[at].object.reference();
    let found = Candidate::at_workload(id, estate, at)?
        .field(field)
        .seen(Documented, "object", reference, words);
    Some(found)
}

/// A candidate that needs no symptom.
fn quiet(found: Candidate) -> Candidate {
    found.by_itself()
}

/// Pods that nobody lets the scheduler look at.
fn gated(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let pod = estate.workloads[at].pod_spec;
    let gate = items(pod, "/schedulingGates")
        .map(|one| text(one, "/name"))
        .next()?;
    let words = format!("the scheduler leaves it alone until somebody takes the gate {gate} away");
    let field = "spec.template.spec.schedulingGates";
    made(estate, at, ("misconfiguration", field), words)
}

/// A pod of a server with a deadline: the kubelet ends it, and nobody makes another.
fn out_of_time(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let seconds = number(keeper.pod_spec, "/activeDeadlineSeconds")?;
    let ended = estate
        .pods_of(at)
        .any(|pod| text(pod.object.doc, "/status/reason") == "DeadlineExceeded");
    let words = format!("it may run for {seconds} s, and does not end before: DeadlineExceeded");
    let field = "spec.template.spec.activeDeadlineSeconds";
    (!keeper.is_batch() && ended).then(|| made(estate, at, ("misconfiguration", field), words))?
}

/// A DaemonSet that no node may run: it has no pod, and says nothing.
fn on_no_node(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let mut nodes = estate.of_kind("Node").peekable();
    if keeper.object.kind != "DaemonSet" || nodes.peek().is_none() {
        return None;
    }
    let takes = |node: Object<'_>| {
        let labels: Labels<'_> = crate::doc::texts(node.doc, "/metadata/labels").collect();
        node_selector_takes(keeper.pod_spec, &labels)
            && affinity_takes(keeper.pod_spec, node.name, &labels)
    };
    if nodes.any(takes) {
        return None;
    }
    let (id, field) = match has(keeper.pod_spec, "/nodeSelector") {
        true => ("node_selector_wrong", "spec.template.spec.nodeSelector"),
        false => (
            "node_affinity_wrong",
            "spec.template.spec.affinity.nodeAffinity",
        ),
    };
    let words = "no node has the labels that it asks for: it is to have no pod at all".to_owned();
    Some(quiet(made(estate, at, (id, field), words)?))
}

/// A Job that is not to begin.
fn idle(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    if keeper.object.kind != "Job" {
        return None;
    }
    let (field, words) = match (
        keeper.object.doc.pointer("/spec/suspend"),
        number(keeper.object.doc, "/spec/parallelism"),
    ) {
        (Some(Value::Bool(true)), _) => ("spec.suspend", "spec.suspend is true: it makes no pod"),
        (_, Some(0)) => ("spec.parallelism", "spec.parallelism is 0: it makes no pod"),
        _ => return None,
    };
    Some(quiet(made(
        estate,
        at,
        ("misconfiguration", field),
        words.to_owned(),
    )?))
}

/// Profiles that somebody must have put on the nodes, and settings of the kernel that kubelets forbid.
fn unconfined(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let pod = estate.workloads[at].pod_spec;
    let place = "spec.template.spec.securityContext";
    let named = |context: &Value, list: &str| {
        text(context, &format!("/securityContext/{list}/type")) == "Localhost"
    };
    for (list, what) in [
        ("seccompProfile", "seccomp"),
        ("appArmorProfile", "AppArmor"),
    ] {
        let by_container = of_workload(estate, at).find(|one| named(one.doc, list));
        let field = match &by_container {
            Some(one) => one.field(&format!("securityContext.{list}")),
            None => format!("{place}.{list}"),
        };
        if by_container.is_some() || named(pod, list) {
            let words =
                format!("it names a {what} profile of the node, and nothing has put one there");
            let found = made(estate, at, ("security_context_forbidden", &field), words)?;
            return Some(quiet(found));
        }
    }
    let unsafe_one = items(pod, "/securityContext/sysctls")
        .map(|one| text(one, "/name"))
        .find(|name| !aegis_model::kubernetes::SAFE_SYSCTLS.contains(name))?;
    let words =
        format!("{unsafe_one} is no safe sysctl: the kubelet refuses the pod (SysctlForbidden)");
    let field = format!("{place}.sysctls");
    Some(quiet(made(
        estate,
        at,
        ("security_context_forbidden", &field),
        words,
    )?))
}

/// An hour: longer than anybody waits for a pod that is ready.
const LONG: i64 = 3600;

/// A Deployment whose ready pods do not count for hours.
fn unsettled(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let seconds =
        number(keeper.object.doc, "/spec/minReadySeconds").filter(|seconds| *seconds >= LONG)?;
    let words =
        format!("a pod counts as available after {seconds} s: a rollout does not get on before");
    Some(quiet(made(
        estate,
        at,
        ("misconfiguration", "spec.minReadySeconds"),
        words,
    )?))
}

/// A StatefulSet whose claims ask for no storage: the API server refuses them, and its pods wait.
/// Source: pkg/apis/core/validation, `ValidatePersistentVolumeClaimSpec`.
fn nothing_claimed(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let claim = items(keeper.object.doc, "/spec/volumeClaimTemplates").find(|claim| {
        crate::doc::quantity(claim, "/spec/resources/requests/storage")
            .is_some_and(|asked| asked <= 0)
    })?;
    let words =
        "spec.resources[storage]: Invalid value: \"0\": must be greater than zero".to_owned();
    let field = format!(
        "spec.volumeClaimTemplates[{}].spec.resources.requests.storage",
        text(claim, "/metadata/name")
    );
    let found = made(estate, at, ("manifest_invalid", &field), words)?;
    Some(quiet(found.seen(
        Proven,
        "object",
        keeper.object.reference(),
        "no claim can be made of it",
    )))
}

/// Replicas that may not share a node and share a claim that one node alone may mount.
fn shared_claim(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    const TERMS: &str = "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let keeper = &estate.workloads[at];
    let apart = items(keeper.pod_spec, TERMS).any(|term| {
        text(term, "/topologyKey") == "kubernetes.io/hostname"
            && term
                .pointer("/labelSelector")
                .is_some_and(|selector| crate::labels::selects(selector, &keeper.labels))
    });
    let several = keeper.desired.unwrap_or(1) > 1 && keeper.object.kind == "Deployment";
    let claim = items(keeper.pod_spec, "/volumes")
        .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        .find(|name| !name.is_empty())?;
    let claimed = estate.find("PersistentVolumeClaim", keeper.object.namespace, claim)?;
    let mut modes = items(claimed.doc, "/spec/accessModes").filter_map(Value::as_str);
    let once = modes.all(|mode| matches!(mode, "ReadWriteOnce" | "ReadWriteOncePod"));
    if !(apart && several && once) {
        return None;
    }
    let words =
        format!("its replicas keep apart, and claim {claim} may be mounted by one node alone");
    let field = "spec.replicas";
    let found = made(estate, at, ("volume_attached_elsewhere", field), words)?;
    Some(found.seen(
        Proven,
        "object",
        claimed.reference(),
        "its access mode is ReadWriteOnce",
    ))
}

/// A schedule of a day that no month has.
fn never_due(cron: &Object<'_>) -> Option<Candidate> {
    let fields: Vec<&str> = text(cron.doc, "/spec/schedule")
        .split_whitespace()
        .collect();
    let [_, _, day, month, weekday] = fields.as_slice() else {
        return None;
    };
    let day: u32 = day.parse().ok()?;
    let month: u32 = month.parse().ok()?;
    let longest = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (day > longest && *weekday == "*").then(|| {
        let words = format!("month {month} has no day {day}: it never runs");
        Some(
            Candidate::new("cron_job_broken", cron.reference())?
                .field("spec.schedule")
                .seen(Documented, "object", cron.reference(), words)
                .seen(Fits, "object", cron.reference(), "it has never run"),
        )
    })?
}
