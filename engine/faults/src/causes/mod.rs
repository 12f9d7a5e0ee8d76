//! Causes that can be read off a cluster's dump, as data: what they do, how often they happen, what
//! ends them, and what to look at next.
//!
//! Where a cause is also a fault that can be simulated, both have the same id. Texts hold places in
//! braces that whoever finds the cause fills: `{kind}`, `{name}`, `{ns}`, `{pod}`, `{value}`, …

mod dependency;
mod manifest;
mod nodes;
mod performance;
mod policy;
mod probing;
mod quota;
mod routing;
mod scheduling;
mod starting;
mod storage;

/// A cause.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// Stable id.
    pub id: &'static str,
    /// How it does its damage, in one sentence.
    pub mechanism: &'static str,
    /// How often it is the cause, per cluster of a dozen services in a month: an order of
    /// magnitude, after the families' shares in the public benchmarks.
    pub prior: f64,
    /// What ends it, best first.
    pub fix: &'static [Step],
    /// A command, and what it would show.
    pub check: (&'static str, &'static str),
    /// Public benchmarks and tools that have it.
    pub source: &'static str,
}

/// A command and what takes it back; empty where it changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The command.
    pub kubectl: &'static str,
    /// What takes it back.
    pub undo: &'static str,
}

const fn step(kubectl: &'static str, undo: &'static str) -> Step {
    Step { kubectl, undo }
}

/// All sections.
pub const SECTIONS: &[&[Cause]] = &[
    scheduling::ROWS,
    starting::ROWS,
    probing::ROWS,
    routing::ROWS,
    quota::ROWS,
    storage::ROWS,
    dependency::ROWS,
    performance::ROWS,
    nodes::ROWS,
    policy::ROWS,
    manifest::ROWS,
];

/// All causes, in the order of the sections.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    SECTIONS.iter().flat_map(|section| section.iter())
}

/// The cause of that id.
#[must_use]
pub fn cause(id: &str) -> Option<&'static Cause> {
    causes().find(|cause| cause.id == id)
}

#[cfg(test)]
mod tests {
    use super::causes;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_rows_are_whole() {
        let ids: BTreeSet<_> = causes().map(|cause| cause.id).collect();
        assert_eq!(ids.len(), causes().count());
        for cause in causes() {
            assert!(cause.prior > 0.0 && cause.prior < 1.0, "{}", cause.id);
            assert!(
                !cause.fix.is_empty() && !cause.source.is_empty(),
                "{}",
                cause.id
            );
            assert!(cause.mechanism.ends_with('.'), "{}", cause.id);
        }
    }
}
