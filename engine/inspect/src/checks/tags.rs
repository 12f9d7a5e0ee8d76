//! Images that cannot be there by their names alone: places to be filled in, tags that no image of that name
//! has, slips of names that are published, hosts that nobody can have.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Proven},
};
use crate::containers::{Container, of_workload};
use crate::doc::text;
use crate::estate::Estate;
use aegis_images::{is_reserved, nearest, newest_major};

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| of_workload(estate, at).find_map(|one| absent(estate, &one)))
        .collect()
}

fn absent(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let reference = estate.workloads[one.at].object.reference();
    let image = text(one.doc, "/image");
    let made = |id: &str, weight, words: String| {
        let found = Candidate::at_container(estate, one, (id, "image"))?
            .value("value", image)
            .seen(weight, "object", reference.clone(), words);
        Some(found)
    };
    if is_placeholder(image) {
        let words = format!("{image} is a name to be filled in");
        return made("image_missing", Proven, words);
    }
    let read = one.image();
    let credited = one.pod.get("imagePullSecrets").is_some();
    if is_reserved(read.registry) && !credited {
        let words = format!(
            "{} has no address: RFC 2606 keeps such names for examples",
            read.registry
        );
        return made("image_registry_unresolved", Documented, words);
    }
    if let Some(near) = nearest(&read) {
        let words = format!("Docker Hub has {near}, and no {}", read.repository);
        return Some(made("image_missing", Documented, words)?.value("value_right", near));
    }
    let why = unpublished(one)?;
    made("image_missing", Documented, format!("{image} {why}"))
}

/// An image whose name says that somebody has to fill it in: `yourcompany/app`, `<registry>/app`.
fn is_placeholder(image: &str) -> bool {
    const WORDS: &[&str] = &["your", "changeme", "change-me", "replace-me", "replaceme"];
    let image = image.to_ascii_lowercase();
    let first = image.split(['/', ':']).next().unwrap_or_default();
    WORDS.iter().any(|word| first.starts_with(word)) || image.contains(['<', '>', '$'])
}

/// Words that tags of official images are made of, beside versions. Source: their pages.
const TAG_WORDS: &[&str] = &[
    "latest",
    "stable",
    "mainline",
    "alpine",
    "slim",
    "bookworm",
    "bullseye",
    "buster",
    "trixie",
    "sid",
    "jammy",
    "noble",
    "focal",
    "bionic",
    "xenial",
    "plucky",
    "questing",
    "perl",
    "otel",
    "rc",
    "edge",
    "lts",
    "current",
    "musl",
    "glibc",
    "uclibc",
    "management",
    "fpm",
    "apache",
    "cli",
    "zts",
    "jdk",
    "jre",
    "debian",
    "oracle",
    "oraclelinux",
    "ubi",
    "innovation",
    "unstable",
    "rolling",
    "devel",
    "testing",
    "oldstable",
    "stretch",
    "krypton",
    "jod",
    "iron",
    "hydrogen",
    "gallium",
    "ltsc",
    "windowsservercore",
    "nanoserver",
    "php",
    "onbuild",
    "experimental",
];

/// Official images whose tags are versions and these words alone.
const JUDGED: &[&str] = &[
    "nginx",
    "httpd",
    "redis",
    "memcached",
    "postgres",
    "mysql",
    "mariadb",
    "mongo",
    "busybox",
    "alpine",
    "python",
    "node",
    "golang",
    "php",
    "ruby",
    "rabbitmq",
    "tomcat",
    "haproxy",
    "ubuntu",
];

/// Why an official image has no such tag.
fn unpublished(one: &Container<'_>) -> Option<String> {
    let image = one.image();
    let judged = image.is_of_library() && image.digest.is_empty() && !image.tag.is_empty();
    if !judged {
        return None;
    }
    let tag = image.tag;
    if let Some(newest) = newest_major(image.repository) {
        let digits: String = tag.chars().take_while(char::is_ascii_digit).collect();
        if digits
            .parse()
            .is_ok_and(|major: u32| major > newest && !is_date(&digits))
        {
            return Some(format!(
                "is beyond the versions that there are: none begins with {digits}"
            ));
        }
    }
    if !JUDGED.contains(&image.repository) {
        return None;
    }
    let versioned = tag
        .strip_prefix('v')
        .filter(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
    if versioned.is_some() {
        return Some(
            "is none of the tags that this official image has: its versions have no v".to_owned(),
        );
    }
    (!is_tag(tag)).then(|| "is none of the tags that this official image has".to_owned())
}

/// `20240605`, `202406`: some images are tagged by days.
fn is_date(digits: &str) -> bool {
    digits.len() >= 6
}

fn is_tag(tag: &str) -> bool {
    let first = tag.split(['-', '_', '.']).next().unwrap_or(tag);
    first.bytes().any(|byte| byte.is_ascii_digit()) || TAG_WORDS.contains(&first)
}
