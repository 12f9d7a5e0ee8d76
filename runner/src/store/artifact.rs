//! The files that a run leaves.

/// A file of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artifact {
    /// Every event, chained.
    Events,
    /// The executor's inputs.
    Inputs,
    /// What a language model was asked and answered, where one was.
    Exchanges,
    /// Id, start, wall time, host, arguments.
    Meta,
    /// What became of it, for programs.
    Summary,
    /// The final cluster as a `v1 List`.
    Objects,
    /// The report, one self-contained page.
    Report,
    /// The narrative for a post-mortem.
    Chronicle,
    /// The call graph, mermaid.
    Topology,
    /// What was done, as kubectl, with its undo.
    PlanScript,
    /// The scenario with all that it includes, as it was read.
    Scenario,
}

impl Artifact {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Report,
        Self::Summary,
        Self::Chronicle,
        Self::PlanScript,
        Self::Topology,
        Self::Objects,
        Self::Events,
        Self::Inputs,
        Self::Scenario,
        Self::Exchanges,
        Self::Meta,
    ];

    /// Its name in the run's folder.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Events => "events.ndjson",
            Self::Inputs => "inputs.ndjson",
            Self::Exchanges => "exchanges.ndjson",
            Self::Meta => "meta.json",
            Self::Summary => "summary.json",
            Self::Objects => "objects.json",
            Self::Report => "report.html",
            Self::Chronicle => "chronicle.md",
            Self::Topology => "topology.mmd",
            Self::PlanScript => "plan.sh",
            Self::Scenario => "scenario.json",
        }
    }
}
