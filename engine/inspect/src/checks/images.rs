//! Images that cannot be pulled: what the kubelet said of the last attempt.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Proven, Said},
};
use crate::doc::{items, text};

const WAITING: &[&str] = &[
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
];

/// Words of a failed pull, from the telling to the vague, and the cause they tell of.
const WORDS: &[(&str, &str)] = &[
    ("no such host", "image_registry_unresolved"),
    ("server misbehaving", "image_registry_unresolved"),
    ("name resolution", "image_registry_unresolved"),
    ("dial tcp: lookup", "image_registry_unresolved"),
    ("no match for platform", "image_architecture_wrong"),
    ("exec format error", "image_architecture_wrong"),
    ("failed to authorize", "image_pull_secret_missing"),
    ("unauthorized", "image_pull_secret_missing"),
    ("authentication required", "image_pull_secret_missing"),
    ("401", "image_pull_secret_missing"),
    ("403 forbidden", "image_pull_secret_missing"),
    ("insufficient_scope", "image_pull_secret_missing"),
    ("no basic auth credentials", "image_pull_secret_missing"),
    ("not found", "image_missing"),
    ("notfound", "image_missing"),
    ("manifest unknown", "image_missing"),
    ("invalid reference", "image_missing"),
    ("invalidimagename", "image_missing"),
    ("pull access denied", "image_missing"),
    ("i/o timeout", "image_registry_unresolved"),
    ("connection refused", "image_registry_unresolved"),
    ("deadline exceeded", "image_registry_unresolved"),
];

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        let mut pods = estate.pods_of(at);
        found.extend(pods.find_map(|pod| pulling(case, at, pod)));
    }
    found
}

fn pulling(case: &Case<'_>, at: usize, pod: &crate::estate::Pod<'_>) -> Option<Candidate> {
    let status = pod
        .statuses()
        .find(|status| WAITING.contains(&text(status, "/state/waiting/reason")))?;
    let (image, reason) = (
        text(status, "/image"),
        text(status, "/state/waiting/reason"),
    );
    let object = &pod.object;
    let failed = case
        .estate
        .warnings("Pod", object.namespace, object.name)
        .filter(|event| {
            event.message.contains("ull image") || event.message.contains("InvalidImageName")
        })
        .max_by_key(|event| event.last);
    let waiting = text(status, "/state/waiting/message");
    let said = failed.map_or(waiting, |event| event.message.as_str());
    let whole = format!("{reason} {said} {waiting}").to_ascii_lowercase();
    // The image's own name may hold such words; what counts stands after it.
    let plain = whole.replace(&image.to_ascii_lowercase(), "");
    let id = WORDS
        .iter()
        .find(|(words, _)| plain.contains(words))
        .map_or("image_missing", |(_, id)| id);
    let name = text(status, "/name");
    let candidate = Candidate::at_workload(id, &case.estate, at)?
        .field(format!("spec.template.spec.containers[name={name}].image"))
        .value("value", image)
        .seen(
            Proven,
            "object",
            object.reference(),
            format!("container {name} waits: {reason}"),
        );
    let candidate = if said.is_empty() {
        candidate
    } else {
        candidate.seen(Said, "event", object.reference(), said)
    };
    let secrets = items(object.doc, "/spec/imagePullSecrets").count();
    Some(if id == "image_pull_secret_missing" && secrets == 0 {
        candidate.seen(
            Proven,
            "object",
            object.reference(),
            "the pod names no imagePullSecrets",
        )
    } else {
        candidate
    })
}
