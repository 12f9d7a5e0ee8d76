//! Base systems, languages and tools: what they run without a command ends at once, as it reads an input
//! that is closed or prints its usage. Sources: `CMD` and `ENTRYPOINT` of their Dockerfiles.

use super::{Entry, Known, User, row};

const SHELL: Entry = Entry::Ends("a shell without input has nothing to do");
const INTERPRETER: Entry = Entry::Ends("an interpreter without input has nothing to do");
const USAGE: Entry = Entry::Ends("without arguments it prints its usage");
const DONE: Entry = Entry::Ends("it prints a text, and is done");

/// The rows.
pub const ROWS: &[Known] = &[
    row(&[
        "busybox",
        "alpine",
        "ubuntu",
        "debian",
        "centos",
        "fedora",
        "rockylinux",
        "almalinux",
        "amazonlinux",
        "oraclelinux",
        "archlinux",
        "bash",
        "buildpack-deps",
        "golang",
        "rust",
        "gcc",
        "opensuse/leap",
        "quay.io/centos/centos",
        "rockylinux/rockylinux",
        "public.ecr.aws/amazonlinux/amazonlinux",
    ])
    .entry(SHELL)
    .user(User::Root),
    row(&[
        "nvidia/cuda",
        "tensorflow/tensorflow",
        "pytorch/pytorch",
        "continuumio/miniconda3",
        "continuumio/anaconda3",
        "mcr.microsoft.com/dotnet/sdk",
        "mcr.microsoft.com/azure-cli",
        "google/cloud-sdk",
        "nicolaka/netshoot",
        "praqma/network-multitool",
    ])
    .entry(SHELL),
    row(&[
        "python",
        "node",
        "ruby",
        "perl",
        "openjdk",
        "eclipse-temurin",
        "amazoncorretto",
        "php",
        "pypy",
        "elixir",
        "erlang",
        "julia",
        "r-base",
        "swift",
        "groovy",
        "clojure",
    ])
    .entry(INTERPRETER)
    .user(User::Root),
    row(&[
        "maven",
        "gradle",
        "composer",
        "bitnami/kubectl",
        "rancher/kubectl",
        "curlimages/curl",
        "alpine/git",
        "alpine/helm",
        "alpine/curl",
        "amazon/aws-cli",
        "hashicorp/terraform",
        "liquibase/liquibase",
        "flyway/flyway",
        "registry.k8s.io/kubectl",
    ])
    .entry(USAGE),
    row(&["hello-world", "docker/whalesay"]).entry(DONE),
];
