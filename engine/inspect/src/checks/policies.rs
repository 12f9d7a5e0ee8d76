//! Objects that do nothing, or the wrong thing: autoscalers, budgets, webhooks, jobs, finalizers.

use super::Case;
use crate::candidate::{
    Candidate, Weight,
    Weight::{Fits, Hints, Proven, Said},
};
use crate::doc::{has, items, number, text, texts};
use crate::estate::{Estate, Object};
use aegis_model::bundle::Origin;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let home = |object: &Object<'_>| estate.is_home(object.namespace);
    let mut found = Vec::new();
    found.extend(
        estate
            .of_kind("HorizontalPodAutoscaler")
            .filter(home)
            .filter_map(|one| autoscaler(estate, &one)),
    );
    found.extend(
        estate
            .of_kind("PodDisruptionBudget")
            .filter(home)
            .filter_map(|one| budget(&one, estate.bundle.origin)),
    );
    found.extend(
        estate
            .of_kind("CronJob")
            .filter(home)
            .filter_map(|one| cron_job(&one)),
    );
    found.extend(
        estate
            .of_kind("Job")
            .filter(home)
            .filter_map(|one| job(&one)),
    );
    for kind in [
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ] {
        found.extend(estate.of_kind(kind).filter_map(|one| webhook(estate, &one)));
    }
    found.extend(
        estate
            .objects
            .iter()
            .filter(|one| home(one))
            .filter_map(|one| finalizer(estate, one)),
    );
    if !estate.knows_pods() {
        found.extend((0..estate.workloads.len()).filter_map(|at| stuck(estate, at)));
    }
    found
}

fn autoscaler(estate: &Estate<'_>, hpa: &Object<'_>) -> Option<Candidate> {
    let (kind, name) = (
        text(hpa.doc, "/spec/scaleTargetRef/kind"),
        text(hpa.doc, "/spec/scaleTargetRef/name"),
    );
    let gone =
        estate.knows(kind, hpa.namespace) && estate.find(kind, hpa.namespace, name).is_none();
    let blind = items(hpa.doc, "/status/conditions").find(|condition| {
        matches!(text(condition, "/type"), "ScalingActive" | "AbleToScale")
            && text(condition, "/status") == "False"
            && text(condition, "/reason") != "ScalingDisabled"
    });
    let unasked = estate
        .workload_named(hpa.namespace, name)
        .filter(|_| estate.bundle.origin == Origin::Settled && blind.is_none())
        .and_then(|at| unrequested(hpa, estate.workloads[at].pod_spec));
    let (weight, words) = match (gone, blind) {
        (true, _) => (Proven, format!("its target {kind} {name} does not exist")),
        (false, Some(condition)) => {
            let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
            (Said, format!("{reason}: {message}"))
        }
        (false, None) => (Proven, unasked?),
    };
    Some(
        Candidate::new("autoscaler_broken", hpa.reference())?
            .field("spec.scaleTargetRef")
            .seen(weight, "object", hpa.reference(), words),
    )
}

/// A resource that an autoscaler watches as a share of its request, and that a container does not
/// request: the share cannot be computed.
fn unrequested(hpa: &Object<'_>, pod: &serde_json::Value) -> Option<String> {
    let watched = items(hpa.doc, "/spec/metrics")
        .filter(|metric| text(metric, "/resource/target/type") == "Utilization")
        .map(|metric| text(metric, "/resource/name"))
        .find(|name| !name.is_empty())
        .or_else(|| has(hpa.doc, "/spec/targetCPUUtilizationPercentage").then_some("cpu"))?;
    let asks = |container: &serde_json::Value| {
        ["requests", "limits"]
            .iter()
            .any(|list| has(container, &format!("/resources/{list}/{watched}")))
    };
    let silent = items(pod, "/containers").find(|container| !asks(container))?;
    Some(format!(
        "it scales by the share of requested {watched}, and container {} requests none",
        text(silent, "/name")
    ))
}

/// How telling it is that a budget's own numbers allow no disruption of its pods, whatever their
/// health; nothing where they do. Of one pod alone it is what charts come with.
fn by_design(pdb: &Object<'_>, expected: i64, origin: Origin) -> Option<Weight> {
    let written = |field: &str| {
        let value = pdb.doc.pointer(&format!("/spec/{field}"))?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some(text)
    };
    let none = matches!(written("maxUnavailable").as_deref(), Some("0" | "0%"));
    let all = written("minAvailable").is_some_and(|least| {
        least == "100%" || least.parse::<i64>().is_ok_and(|least| least >= expected)
    });
    let more = written("minAvailable")
        .is_some_and(|least| least.parse::<i64>().is_ok_and(|least| least > expected));
    match (none || all, expected, origin) {
        (true, 1, Origin::Settled) if more => Some(Proven),
        (true, 2.., Origin::Settled) => Some(Proven),
        (true, 2.., Origin::Collected) => Some(Hints),
        _ => None,
    }
}

fn forbids_all(
    pdb: &Object<'_>,
    (expected, allowed): (i64, i64),
    weight: Weight,
) -> Option<Candidate> {
    let field = match has(pdb.doc, "/spec/maxUnavailable") {
        true => "spec.maxUnavailable",
        false => "spec.minAvailable",
    };
    let words = format!(
        "none of its {expected} pods may ever be disrupted: no node with one can be drained"
    );
    Some(
        Candidate::new("disruption_budget_blocks", pdb.reference())?
            .field(field)
            .seen(weight, "object", pdb.reference(), words)
            .seen(
                Fits,
                "object",
                pdb.reference(),
                format!("status.disruptionsAllowed is {allowed}"),
            ),
    )
}

fn budget(pdb: &Object<'_>, origin: Origin) -> Option<Candidate> {
    let allowed = number(pdb.doc, "/status/disruptionsAllowed")?;
    let expected = number(pdb.doc, "/status/expectedPods").unwrap_or(0);
    if let Some(weight) = by_design(pdb, expected, origin) {
        return forbids_all(pdb, (expected, allowed), weight);
    }
    let healthy = number(pdb.doc, "/status/currentHealthy").unwrap_or(0);
    // All pods are well and still none may go: it blocks every drain, by its own numbers.
    (allowed == 0 && expected > 0 && healthy >= expected).then(|| {
        Some(
            Candidate::new("disruption_budget_blocks", pdb.reference())?
                .field("spec.minAvailable")
                .seen(
                    Hints,
                    "object",
                    pdb.reference(),
                    format!("{healthy} of {expected} pods are healthy, and none may be disrupted"),
                ),
        )
    })?
}

fn cron_job(cron: &Object<'_>) -> Option<Candidate> {
    let fields = text(cron.doc, "/spec/schedule").split_whitespace().count();
    let odd = has(cron.doc, "/spec/schedule")
        && fields != 5
        && !text(cron.doc, "/spec/schedule").starts_with('@');
    odd.then(|| {
        let words = format!("the schedule has {fields} fields, not five");
        let found = Candidate::new("cron_job_broken", cron.reference())?
            .field("spec.schedule")
            .seen(Proven, "object", cron.reference(), words);
        Some(match has(cron.doc, "/status/lastScheduleTime") {
            true => found,
            false => found.seen(Hints, "object", cron.reference(), "it has never run"),
        })
    })?
}

fn job(job: &Object<'_>) -> Option<Candidate> {
    let failed = items(job.doc, "/status/conditions").find(|condition| {
        text(condition, "/type") == "Failed" && text(condition, "/status") == "True"
    })?;
    let words = format!("{}: {}", text(failed, "/reason"), text(failed, "/message"));
    if let Some(found) = mistyped(job, &words) {
        return Some(found);
    }
    Some(
        Candidate::new("job_failed", job.reference())?
            .field("status.conditions[type=Failed]")
            .seen(Said, "object", job.reference(), words),
    )
}

/// A Job that gave up as its command names a program that is not there.
fn mistyped(job: &Object<'_>, said: &str) -> Option<Candidate> {
    let container = items(job.doc, "/spec/template/spec/containers").next()?;
    let words = |list: &str| -> Vec<smol_str::SmolStr> {
        let words = items(container, list).filter_map(serde_json::Value::as_str);
        words.map(Into::into).collect()
    };
    let script = aegis_shell::read(
        &words("/command"),
        &words("/args"),
        text(container, "/image"),
    );
    let aegis_shell::Usually::Ends(code @ (126 | 127)) = script.usually else {
        return None;
    };
    let name = text(container, "/name");
    let why = format!("its command ends with {code}: there is no such program");
    Some(
        Candidate::new("command_wrong", job.reference())?
            .field(format!(
                "spec.template.spec.containers[name={name}].command"
            ))
            .value("container", name)
            .seen(Said, "object", job.reference(), said)
            .seen(Proven, "object", job.reference(), why),
    )
}

/// Whether a refusal is of a webhook whose backend is not there: then the webhook is at fault.
pub(super) fn is_backendless(estate: &Estate<'_>, refusal: &str) -> bool {
    refusal.contains("failed calling webhook")
        && [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ]
        .iter()
        .any(|kind| {
            let mut all = estate.of_kind(kind);
            all.any(|hook| webhook(estate, &hook).is_some() && names(&hook, refusal))
        })
}

/// Whether a refusal names a webhook of a configuration.
fn names(hook: &Object<'_>, refusal: &str) -> bool {
    items(hook.doc, "/webhooks").any(|one| refusal.contains(text(one, "/name")))
}

fn webhook(estate: &Estate<'_>, hook: &Object<'_>) -> Option<Candidate> {
    let broken = items(hook.doc, "/webhooks").find_map(|one| {
        let (namespace, name) = (
            text(one, "/clientConfig/service/namespace"),
            text(one, "/clientConfig/service/name"),
        );
        let strict = text(one, "/failurePolicy") != "Ignore";
        let service = estate.find("Service", namespace, name);
        let gone = !name.is_empty() && estate.knows("Service", namespace) && service.is_none();
        let endpoints = estate.find("Endpoints", namespace, name);
        let empty = endpoints.is_some_and(|found| {
            !items(found.doc, "/subsets").any(|subset| items(subset, "/addresses").next().is_some())
        });
        (strict && (gone || empty)).then(|| (format!("{namespace}/{name}"), gone))
    })?;
    let words = match broken {
        (name, true) => {
            format!("its Service {name} does not exist, and its failure refuses requests")
        }
        (name, false) => {
            format!("its Service {name} has no endpoint, and its failure refuses requests")
        }
    };
    Some(
        Candidate::new("webhook_backend_missing", hook.reference())?
            .field("webhooks[].clientConfig.service")
            .value("value_kind", hook.kind.to_ascii_lowercase())
            .seen(Proven, "object", hook.reference(), words)
            .seen(
                Fits,
                "object",
                hook.reference(),
                "new objects of its rules are refused",
            ),
    )
}

/// A rollout that says itself why it does not go on, where no pod was collected to say it.
fn stuck(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let said = items(keeper.object.doc, "/status/conditions").find(|condition| {
        let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
        let refused = kind == "ReplicaFailure" && status == "True";
        refused || matches!(kind, "Progressing" | "Available") && status == "False"
    })?;
    let words = format!("{}: {}", text(said, "/reason"), text(said, "/message"));
    Some(
        Candidate::at_workload("rollout_stuck", estate, at)?
            .field("status.conditions")
            .seen(Proven, "object", keeper.object.reference(), words),
    )
}

fn finalizer(estate: &Estate<'_>, object: &Object<'_>) -> Option<Candidate> {
    let weight = match estate.bundle.origin {
        Origin::Settled => Proven,
        Origin::Collected => Fits,
    };
    let settled = estate.bundle.origin == Origin::Settled;
    let waits = has(object.doc, "/metadata/deletionTimestamp") && (object.kind != "Pod" || settled);
    let names: Vec<&str> = items(object.doc, "/metadata/finalizers")
        .filter_map(|one| one.as_str())
        .collect();
    let ours = texts(object.doc, "/metadata/annotations").any(|(key, _)| key == "bundle/partial");
    (waits && !names.is_empty() && !ours).then(|| {
        Some(
            Candidate::new("finalizer_stuck", object.reference())?
                .field("metadata.finalizers")
                .seen(
                    weight,
                    "object",
                    object.reference(),
                    format!("it is to be deleted and waits for {}", names.join(", ")),
                ),
        )
    })?
}
