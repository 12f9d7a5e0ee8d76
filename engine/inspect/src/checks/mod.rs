//! The checks: each looks at one thing and says what it finds, with evidence. None knows another.

mod access;
mod appetite;
mod bindings;
mod config_files;
mod containers;
mod crashes;
mod databases;
mod directives;
mod gateway_api;
mod gateways;
mod images;
mod isolation;
mod jobs;
mod manifests;
mod mounts;
mod names;
mod network;
mod nodes;
mod outside;
mod performance;
mod policies;
mod ports;
mod probes;
mod programs;
mod quotas;
mod registries;
mod rollouts;
mod scheduling;
mod services;
mod storage;
mod unused;

use crate::candidate::Candidate;
use crate::estate::Estate;
use crate::symptoms::Picture;

/// What checks look at.
#[derive(Debug)]
pub struct Case<'a> {
    /// The objects.
    pub estate: Estate<'a>,
    /// What is wrong.
    pub picture: Picture,
}

/// A check.
pub struct Check {
    /// What it looks at, in a word.
    pub name: &'static str,
    /// What it finds.
    pub find: fn(&Case<'_>) -> Vec<Candidate>,
}

/// All checks.
pub const CHECKS: &[Check] = &[
    check("scheduling", scheduling::find),
    check("manifests", manifests::find),
    check("images", images::find),
    check("containers", containers::find),
    check("crashes", crashes::find),
    check("probes", probes::find),
    check("services", services::find),
    check("network", network::find),
    check("gateways", gateways::find),
    check("databases", databases::find),
    check("quotas", quotas::find),
    check("storage", storage::find),
    check("nodes", nodes::find),
    check("performance", performance::find),
    check("policies", policies::find),
    check("isolation", isolation::find),
    check("gateway_api", gateway_api::find),
    check("jobs", jobs::find),
    check("unused", unused::find),
    check("programs", programs::find),
    check("access", access::find),
    check("mounts", mounts::find),
    check("names", names::find),
    check("outside", outside::find),
    check("registries", registries::find),
    check("ports", ports::find),
    check("bindings", bindings::find),
    check("appetite", appetite::find),
    check("rollouts", rollouts::find),
    check("config_files", config_files::find),
];

const fn check(name: &'static str, find: fn(&Case<'_>) -> Vec<Candidate>) -> Check {
    Check { name, find }
}
