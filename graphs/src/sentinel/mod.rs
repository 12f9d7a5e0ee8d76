//! SentinelGraph: observe, diagnose, plan, shadow, select, apply, watch, reflect.
//!
//! Each node is a function over the state and what came in; none performs
//! anything. Absent: worlds, scenarios, clocks. The graph ends when the input
//! says that the run is over.

pub(crate) mod act;
pub(crate) mod advice;
pub(crate) mod ahead;
mod aside;
pub(crate) mod budget;
pub(crate) mod diagnose;
mod domain;
mod ending;
pub(crate) mod observe;
pub(crate) mod plan;
pub(crate) mod recall;

pub use aside::{Aside, Belief, Why};
pub use domain::{
    Ahead, Came, Change, Effect, Fate, Incident, Input, Pick, Progress, Recognised, Sentinel,
    Standing, State, Write,
};
pub use ending::ending;

use crate::executor::{Blueprint, Graph, GraphError, Limits, node};
use aegis_reason::Genome;
use core::fmt;
use std::sync::Arc;

/// Super-steps that a run may take: two years of scrapes each 15 s, or two months with a diagnosis at each.
pub(crate) const STEPS: u32 = 10_000_000;

/// The nodes, in the order in which an incident passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Asks for the next look at the cluster.
    Observe,
    /// Symptoms; whether to go on watching or to open a case.
    Assess,
    /// Asks the memory about an incident that opens.
    Recall,
    /// Opens the case: window, twin, candidates, first screen.
    Open,
    /// The first round of trials.
    Coarse,
    /// The second.
    Narrow,
    /// The last: confidence.
    Weigh,
    /// What an incident says of its earlier diagnosis.
    Reflect,
    /// Drafts plans, and their risk.
    Plan,
    /// Rounds of the tournament.
    Shadow,
    /// Opens a debate.
    Convene,
    /// Hears what a language model's critics say in words.
    Counsel,
    /// Opens a round of it: what the critics want to know.
    Question,
    /// Their trials are in; the adversary asks on.
    Probe,
    /// Objections and amendments.
    Argue,
    /// What becomes of amended plans.
    Hear,
    /// Each critic says what it prefers.
    Vote,
    /// Whether plans last.
    Durability,
    /// Chooses.
    Select,
    /// Plays the winner again on fresh draws.
    Confirm,
    /// Hands the plan over.
    Apply,
    /// Compares what comes with what was predicted.
    Watch,
    /// Whether to take the plan back.
    Undo,
    /// It was taken back.
    Undone,
    /// Asks a language model for causes.
    Consult,
    /// Asks it for plans.
    Propose,
    /// Takes its words on a reflection.
    Word,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Observe => "observe",
            Self::Assess => "assess",
            Self::Recall => "recall",
            Self::Open => "open",
            Self::Coarse => "coarse",
            Self::Narrow => "narrow",
            Self::Weigh => "weigh",
            Self::Reflect => "reflect",
            Self::Plan => "plan",
            Self::Shadow => "shadow",
            Self::Convene => "convene",
            Self::Counsel => "counsel",
            Self::Question => "question",
            Self::Probe => "probe",
            Self::Argue => "argue",
            Self::Hear => "hear",
            Self::Vote => "vote",
            Self::Durability => "durability",
            Self::Select => "select",
            Self::Confirm => "confirm",
            Self::Apply => "apply",
            Self::Watch => "watch",
            Self::Undo => "undo",
            Self::Undone => "undone",
            Self::Consult => "consult",
            Self::Propose => "propose",
            Self::Word => "word",
        };
        f.write_str(name)
    }
}

/// The graph of an engine with these parameters.
///
/// # Errors
/// A defect of its shape; a test holds that there is none.
pub fn graph(genome: &Genome) -> Result<Arc<Graph<Sentinel>>, GraphError> {
    use Node::{Durability, Shadow};
    around_the_race("sentinel", genome)
        .with(node(Shadow, plan::shadow).to([Shadow, Durability]))
        .build()
}

/// What all graphs of this domain have: the way to the race of plans, which each of them runs in its own manner, and
/// the way from the question whether plans last.
pub(crate) fn around_the_race(name: &'static str, genome: &Genome) -> Blueprint<Sentinel> {
    use Node::{
        Apply, Assess, Coarse, Confirm, Consult, Durability, Narrow, Observe, Open, Plan, Propose,
        Recall, Reflect, Select, Shadow, Undo, Undone, Watch, Weigh, Word,
    };
    Blueprint::new(name, "1", Observe)
        .with(node(Observe, observe::observe).to([Assess]))
        .with(
            node(Assess, observe::assess)
                .to([Observe, Recall, Open, Watch, Consult])
                .exits(),
        )
        .with(node(Recall, recall::recall).to([Recall, Open, Consult, Observe, Watch]))
        .with(node(Open, diagnose::open).to([Observe, Coarse]))
        .with(node(Coarse, diagnose::coarse).to([Narrow]))
        .with(node(Narrow, diagnose::narrow).to([Weigh]))
        .with(node(Weigh, diagnose::weigh).to([Reflect, Plan, Propose]))
        .with(node(Reflect, diagnose::reflect).to([Open, Plan, Propose, Word, Observe]))
        .with(node(Plan, plan::draft).to([Observe, Shadow]))
        .with(node(Durability, plan::durability).to([Select]))
        .with(node(Select, plan::select).to([Observe, Confirm]))
        .with(node(Confirm, plan::confirm).to([Apply]))
        .with(node(Apply, act::apply).to([Apply, Observe]))
        .with(node(Watch, act::watch).to([Observe, Open, Undo, Consult, Word]))
        .with(node(Undo, act::undo).to([Observe, Open, Undone, Consult]))
        .with(node(Undone, act::undone).to([Observe]))
        .with(node(Consult, advice::consult).to([Open]))
        .with(node(Propose, advice::propose).to([Plan]))
        .with(node(Word, advice::word).to([Observe, Propose, Open]))
        .allowance(Open, [Coarse, Narrow], budget::limits(genome))
        .limits(Limits {
            steps: Some(STEPS),
            ..Limits::default()
        })
}
