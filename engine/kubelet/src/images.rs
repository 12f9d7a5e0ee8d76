//! Images: how large they are, how long a pull takes.

use aegis_model::Bytes;
use aegis_shell::{image_family, is_plainly_absent};

/// Compressed sizes of common images, MiB; rounded from their pages on Docker Hub.
const SIZES: [(&str, u64); 26] = [
    ("pause", 1),
    ("busybox", 2),
    ("alpine", 4),
    ("hello-world", 1),
    ("coredns", 18),
    ("etcd", 55),
    ("nginx", 70),
    ("httpd", 60),
    ("haproxy", 45),
    ("envoy", 60),
    ("redis", 45),
    ("memcached", 35),
    ("mongo", 260),
    ("mysql", 180),
    ("mariadb", 120),
    ("postgres", 150),
    ("rabbitmq", 100),
    ("kafka", 350),
    ("zookeeper", 110),
    ("elasticsearch", 600),
    ("grafana", 130),
    ("prometheus", 110),
    ("ubuntu", 30),
    ("debian", 50),
    ("python", 360),
    ("node", 380),
];
/// Where nothing is known.
const USUAL: u64 = 90;

/// Size of an image as pulled.
pub(super) fn size(image: &str) -> Bytes {
    let family = image_family(image);
    let known = SIZES.iter().find(|(name, _)| *name == family);
    Bytes::mebi(known.map_or(USUAL, |(_, mebi)| *mebi))
}

/// Median rate of a pull with unpacking, bytes per second.
const RATE: f64 = 40.0 * 1024.0 * 1024.0;
/// Time of a pull beside its bytes: resolving, authenticating, s.
const OVERHEAD: f64 = 0.6;
/// Spread of pulls: σ of the logarithm.
pub(super) const SPREAD: f64 = 0.25;

/// Median time of a pull, s.
pub(super) fn pull_time(size: Bytes) -> f64 {
    OVERHEAD + size.0 as f64 / RATE
}

/// Whether an image's registry has no address: RFC 2606 keeps `.invalid` free of any.
pub(super) fn is_of_unknown_registry(image: &str) -> bool {
    let host = image.split_once('/').map_or("", |(host, _)| host);
    let host = host.split(':').next().unwrap_or(host);
    host == "invalid" || host.ends_with(".invalid")
}

/// Whether a name says that there is no such image: `nginx:does-not-exist`, `registry.invalid/app`.
pub(super) fn is_plainly_missing(image: &str) -> bool {
    is_of_unknown_registry(image)
        || is_plainly_absent(image)
        || is_beyond_published(image)
        || is_misspelt(image)
        || is_plainly_wrong(image)
}

/// Whether a tag of nginx is far beyond those that were ever published, as in the documentation's example
/// of a rollout that fails.
fn is_beyond_published(image: &str) -> bool {
    const MINORS: u32 = 100;
    let minor = image.strip_prefix("nginx:1.");
    minor
        .and_then(|minor| minor.parse().ok())
        .is_some_and(|minor: u32| minor >= MINORS)
}

/// Newest major versions of official images, with room for those to come. Sources: their tags.
const NEWEST: [(&str, u32); 16] = [
    ("nginx", 2),
    ("redis", 12),
    ("postgres", 24),
    ("mysql", 14),
    ("mariadb", 16),
    ("mongo", 14),
    ("httpd", 4),
    ("busybox", 3),
    ("alpine", 5),
    ("python", 4),
    ("node", 40),
    ("memcached", 4),
    ("rabbitmq", 8),
    ("haproxy", 6),
    ("traefik", 6),
    ("tomcat", 16),
];

/// Whether a tag of an official image has a version far beyond those that there are.
fn is_plainly_wrong(image: &str) -> bool {
    let (name, tag) = split(image);
    let Some(tag) = tag else {
        return false;
    };
    let digits: alloc::string::String = tag
        .trim_start_matches('v')
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let family = official(name);
    let newest = NEWEST.iter().find(|(known, _)| Some(*known) == family);
    newest.is_some_and(|(_, newest)| digits.parse().is_ok_and(|major: u32| major > *newest))
}

/// The name of an image of Docker's official library, whether it is one or not.
fn official(name: &str) -> Option<&str> {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    (!name.contains('/')).then_some(name)
}

/// Official images whose names are misspelt most.
const MISSPELT: [&str; 14] = [
    "nginx",
    "busybox",
    "alpine",
    "redis",
    "postgres",
    "mysql",
    "mariadb",
    "mongo",
    "httpd",
    "ubuntu",
    "debian",
    "python",
    "memcached",
    "rabbitmq",
];

/// Whether a name without a namespace is an official image's but for a slip: the official library is
/// closed, so nobody can have made it.
fn is_misspelt(image: &str) -> bool {
    let (name, _) = split(image);
    let Some(name) = official(name) else {
        return false;
    };
    MISSPELT
        .iter()
        .any(|known| *known != name && is_slip(name, known))
}

/// Whether two words differ by one letter that is more, less or other, or by two that are swapped.
fn is_slip(word: &str, known: &str) -> bool {
    let (word, known) = (word.as_bytes(), known.as_bytes());
    let same = word.iter().zip(known).take_while(|(a, b)| a == b).count();
    match (&word[same..], &known[same..]) {
        ([a, b, rest @ ..], [c, d, others @ ..]) if a == d && b == c && rest == others => true,
        ([_, rest @ ..], others) if rest == others => true,
        (rest, [_, others @ ..]) if rest == others => true,
        ([_, rest @ ..], [_, others @ ..]) => rest == others,
        _ => false,
    }
}

/// Images whose programs do not run as root. Sources: their Dockerfiles.
const NOT_ROOT: [&str; 14] = [
    "pause",
    "nginx-unprivileged",
    "prometheus",
    "grafana",
    "alertmanager",
    "node-exporter",
    "coredns",
    "kibana",
    "elasticsearch",
    "opensearch",
    "kube-state-metrics",
    "metrics-server",
    "keycloak",
    "jenkins",
];
/// Images whose programs run as root, as far as they say. Sources: their Dockerfiles.
const ROOT: [&str; 24] = [
    "nginx",
    "httpd",
    "busybox",
    "alpine",
    "ubuntu",
    "debian",
    "redis",
    "postgres",
    "mysql",
    "mariadb",
    "mongo",
    "node",
    "python",
    "golang",
    "ruby",
    "php",
    "perl",
    "openjdk",
    "tomcat",
    "wordpress",
    "centos",
    "fedora",
    "bash",
    "haproxy",
];

/// Whether an image is known to run as root. Of one that nobody knows it is not said.
pub(super) fn runs_as_root(image: &str) -> bool {
    let family = image_family(image);
    !NOT_ROOT.contains(&family) && ROOT.contains(&family) && !image.contains("bitnami")
}

/// Whether a container runtime would refuse the name. Repositories are lower case;
/// source: the distribution project's reference grammar.
pub(super) fn is_invalid(image: &str) -> bool {
    let (name, tag) = split(image);
    let repository_is_bad = name.is_empty()
        || name.contains("//")
        || name.ends_with('/')
        || path_of(name).chars().any(|c| !is_repository_character(c));
    repository_is_bad || tag.is_some_and(|tag| tag.is_empty() || tag.contains([' ', '/', ':']))
}

fn is_repository_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '/')
}

/// Name and tag; a digest is cut off.
fn split(image: &str) -> (&str, Option<&str>) {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((front, tag)) if !tag.contains('/') => (front, Some(tag)),
        _ => (name, None),
    }
}

/// The name without its registry, which may have a port and capitals.
fn path_of(name: &str) -> &str {
    match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_runtime_takes() {
        for (image, invalid) in [
            ("nginx", false),
            ("nginx:1.27", false),
            ("registry.example.com:5000/team/app:v1.2_3", false),
            ("gcr.io/a/b@sha256:abc", false),
            ("Nginx", true),
            ("nginx:", true),
            ("", true),
            ("my app:1", true),
            ("nginx:1:2", true),
            ("a//b", true),
        ] {
            assert_eq!(is_invalid(image), invalid, "{image}");
        }
    }

    #[test]
    fn names_that_no_registry_has() {
        for (image, missing) in [
            ("nginx:1.27", false),
            ("nginx:1.999", true),
            ("nginx:99.99", true),
            ("ngnix:latest", true),
            ("nginxx", true),
            ("redis:7-alpine", false),
            ("redis:latst-invalid", false),
            ("team/ngnix:1", false),
            ("node:22", false),
            ("mysql:8.4", false),
            ("mongo-express:1", false),
            ("python:3.12-slim", false),
            ("quay.io/nonexistent-org/app:1.0", true),
            ("docker.io/library/postgres:17", false),
        ] {
            assert_eq!(is_plainly_missing(image), missing, "{image}");
        }
    }

    #[test]
    fn larger_images_take_longer() {
        assert!(pull_time(size("busybox")) < 1.0);
        assert!(pull_time(size("docker.io/library/mongo:7")) > 5.0);
    }
}
