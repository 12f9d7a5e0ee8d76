//! Images that the registry does not have under their name, or has for some alone.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven},
};
use crate::doc::{items, text};
use crate::estate::Estate;
use aegis_images::{Image, is_official, nearest};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    let judge = |at: usize| {
        let lists = ["initContainers", "containers"];
        let pod = estate.workloads[at].pod_spec;
        lists.into_iter().find_map(|list| {
            let pointer = format!("/{list}");
            items(pod, &pointer).find_map(|one| unknown(estate, at, list, one))
        })
    };
    all.filter_map(judge).collect()
}

/// When the kubelet asks the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pull {
    Always,
    IfNotPresent,
    Never,
}

/// Source: pkg/apis/core/v1/defaults.go.
fn pull_of(container: &Value, tag: Option<&str>) -> Pull {
    match text(container, "/imagePullPolicy") {
        "Always" => Pull::Always,
        "Never" => Pull::Never,
        "" if tag.is_none_or(|tag| tag == "latest") => Pull::Always,
        _ => Pull::IfNotPresent,
    }
}

/// What the registry plainly does not give, at the field that asks for the image.
fn absent(
    estate: &Estate<'_>,
    at: usize,
    id: &str,
    (field, image): (String, &str),
    words: String,
) -> Option<Candidate> {
    let reference = estate.workloads[at].object.reference();
    let made = Candidate::at_workload(id, estate, at)?
        .field(field)
        .value("value", image)
        .seen(Proven, "object", reference, words);
    Some(made.by_itself())
}

fn unknown(estate: &Estate<'_>, at: usize, list: &str, container: &Value) -> Option<Candidate> {
    let image = text(container, "/image");
    let place = format!(
        "spec.template.spec.{list}[name={}]",
        text(container, "/name")
    );
    let digestless = image.split('@').next().unwrap_or(image);
    let plain = digestless
        .trim_start_matches("docker.io/")
        .trim_start_matches("library/");
    let made = |id: &str, field: &str, words: String| {
        absent(estate, at, id, (format!("{place}.{field}"), image), words)
    };
    if let Some(other) = built_for(estate, plain).filter(|_| !chooses_nodes(estate, at)) {
        let words =
            format!("{image} is built for {other} alone, and nothing keeps the pod on such nodes");
        return made("image_architecture_wrong", "image", words);
    }
    if let Some((_, digest)) = image
        .split_once("@sha256:")
        .filter(|(_, digest)| is_no_digest(digest))
    {
        let words = format!("no manifest has the digest {digest}");
        return made("image_missing", "image", words);
    }
    if plain.contains('/') {
        return None;
    }
    let (name, tag) = match plain.split_once(':') {
        Some((name, tag)) => (name, Some(tag)),
        None => (plain, None),
    };
    let pull = pull_of(container, tag);
    if name.is_empty() || image.contains(['@', '$', '<', '{']) {
        return None;
    }
    if is_official(name) {
        // Nobody builds these: on a node that never ran one it is not there.
        let words =
            format!("imagePullPolicy is Never, and nothing has brought {image} to the nodes");
        return (pull == Pull::Never).then(|| {
            let found = made("image_missing", "imagePullPolicy", words)?;
            let reference = estate.workloads[at].object.reference();
            Some(found.seen(
                Proven,
                "object",
                reference,
                "nothing of the container can start: ErrImageNeverPull",
            ))
        })?;
    }
    // A slip of one that is published is told of elsewhere.
    (pull == Pull::Always && nearest(&Image::of(image)).is_none())
        .then(|| unlisted(estate, at, &place, image))?
}

/// A name without a folder that is no official image, pulled each time: somebody may build it under that
/// name before it is applied, so that anything else that is wrong is the better answer.
fn unlisted(estate: &Estate<'_>, at: usize, place: &str, image: &str) -> Option<Candidate> {
    let words = format!(
        "{image} is no official image of Docker Hub, as which a name without a folder is pulled each time"
    );
    let found = Candidate::at_workload("image_missing", estate, at)?
        .field(format!("{place}.image"))
        .value("value", image)
        .seen(
            Fits,
            "object",
            estate.workloads[at].object.reference(),
            words,
        );
    Some(found.by_itself())
}

/// Folders of Docker Hub that hold the official images of one processor alone, and names of images of
/// another system, with the label and the values of nodes that run them. Source:
/// github.com/docker-library/official-images, "Architectures other than amd64?".
const OTHERS: &[(&str, &str, &str, &[&str])] = &[
    ("arm32v5/", "ARM", ARCH, &["arm", "arm64"]),
    ("arm32v6/", "ARM", ARCH, &["arm", "arm64"]),
    ("arm32v7/", "ARM", ARCH, &["arm", "arm64"]),
    ("arm64v8/", "arm64", ARCH, &["arm64"]),
    ("mips64le/", "mips64le", ARCH, &["mips64le"]),
    ("ppc64le/", "ppc64le", ARCH, &["ppc64le"]),
    ("riscv64/", "riscv64", ARCH, &["riscv64"]),
    ("s390x/", "s390x", ARCH, &["s390x"]),
    ("mcr.microsoft.com/windows", "Windows", SYSTEM, &["windows"]),
    (
        "mcr.microsoft.com/dotnet/framework",
        "Windows",
        SYSTEM,
        &["windows"],
    ),
];
const ARCH: &str = "/metadata/labels/kubernetes.io~1arch";
const SYSTEM: &str = "/metadata/labels/kubernetes.io~1os";

/// What an image is built for, where no node of the cluster is such.
fn built_for(estate: &Estate<'_>, image: &str) -> Option<&'static str> {
    let (_, what, label, values) = OTHERS
        .iter()
        .find(|(beginning, ..)| image.starts_with(beginning))?;
    let mut nodes = estate.of_kind("Node");
    let runs = nodes.any(|node| values.contains(&text(node.doc, label)));
    (!runs).then_some(*what)
}

/// Whether a pod says which nodes it is for.
fn chooses_nodes(estate: &Estate<'_>, at: usize) -> bool {
    let pod = estate.workloads[at].pod_spec;
    let words = [
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "agentpool",
        "cloud.google.com/",
    ];
    let chosen = [
        pod.pointer("/nodeSelector"),
        pod.pointer("/affinity/nodeAffinity"),
    ];
    let named = |one: &Value| words.iter().any(|word| one.to_string().contains(word));
    chosen.into_iter().flatten().any(named)
}

/// Whether a digest is not of its length, or one letter again and again: no SHA-256 that anybody has
/// seen is.
fn is_no_digest(digest: &str) -> bool {
    let mut letters: Vec<char> = digest.chars().collect();
    letters.dedup();
    letters.len() == 1 || digest.len() != 64
}
