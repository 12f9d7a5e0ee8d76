//! The checks: each looks at one thing and says what it finds, with evidence. None knows another.

mod access;
mod appetite;
mod bindings;
mod config_files;
mod containers;
mod crashes;
mod credentials;
mod databases;
mod directives;
mod entry;
mod gateway_api;
mod gateways;
mod images;
mod isolation;
mod jobs;
mod listening;
mod manifests;
mod mounts;
mod names;
mod needs;
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
mod served;
mod services;
mod stalled;
mod storage;
mod tags;
mod texts;
mod unused;

use crate::candidate::Candidate;
use crate::estate::Estate;
use crate::symptoms::Picture;
use aegis_model::bundle::Origin;

/// What checks look at.
#[derive(Debug)]
pub struct Case<'a> {
    /// The objects.
    pub estate: Estate<'a>,
    /// What is wrong.
    pub picture: Picture,
}

/// Of what a check can say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Of everything.
    Anything,
    /// Of plain manifests alone, in which what is not there is not there.
    Manifests,
}

/// A check.
pub struct Check {
    /// What it looks at, in a word.
    pub name: &'static str,
    /// Of what it can say something.
    pub of: Of,
    /// What it finds.
    pub find: fn(&Case<'_>) -> Vec<Candidate>,
}

impl Check {
    /// What it finds where it applies.
    #[must_use]
    pub fn look(&self, case: &Case<'_>) -> Vec<Candidate> {
        match (self.of, case.estate.bundle.origin) {
            (Of::Manifests, Origin::Collected) => Vec::new(),
            _ => (self.find)(case),
        }
    }
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
    check("mounts", mounts::find),
    check("rollouts", rollouts::find),
    of_manifests("programs", programs::find),
    of_manifests("entry", entry::find),
    of_manifests("needs", needs::find),
    of_manifests("tags", tags::find),
    of_manifests("stalled", stalled::find),
    of_manifests("listening", listening::find),
    of_manifests("access", access::find),
    of_manifests("names", names::find),
    of_manifests("outside", outside::find),
    of_manifests("registries", registries::find),
    of_manifests("ports", ports::find),
    of_manifests("bindings", bindings::find),
    of_manifests("appetite", appetite::find),
    of_manifests("config_files", config_files::find),
    of_manifests("texts", texts::find),
    of_manifests("credentials", credentials::find),
];

const fn check(name: &'static str, find: fn(&Case<'_>) -> Vec<Candidate>) -> Check {
    let of = Of::Anything;
    Check { name, of, find }
}

const fn of_manifests(name: &'static str, find: fn(&Case<'_>) -> Vec<Candidate>) -> Check {
    let of = Of::Manifests;
    Check { name, of, find }
}
