//! LegionGraph: Sentinel's nodes with nine plans, and a debate over them before one is chosen.
//!
//! The domain and the nodes are Sentinel's; what differs is the blueprint. Absent: worlds, scenarios, clocks.

mod debate;

use crate::executor::{Blueprint, Graph, GraphError, Limits, Trials, node};
use crate::sentinel::{
    Node, STEPS, Sentinel, act, advice, budget, diagnose, observe, plan, recall,
};
use aegis_reason::Genome;
use aegis_reason::debate::TRIALS;
use std::sync::Arc;

/// The graph of an engine with these parameters.
///
/// # Errors
/// A defect of its shape; a test holds that there is none.
pub fn graph(genome: &Genome) -> Result<Arc<Graph<Sentinel>>, GraphError> {
    use Node::{
        Apply, Argue, Assess, Coarse, Confirm, Consult, Convene, Durability, Hear, Narrow, Observe,
        Open, Plan, Probe, Propose, Question, Recall, Reflect, Select, Shadow, Undo, Undone, Vote,
        Watch, Weigh, Word,
    };
    Blueprint::new("legion", "1", Observe)
        .with(node(Observe, observe::observe).to([Assess]))
        .with(
            node(Assess, observe::assess)
                .to([Observe, Recall, Open, Watch, Consult])
                .exits(),
        )
        .with(node(Recall, recall::recall).to([Recall, Open, Consult]))
        .with(node(Open, diagnose::open).to([Observe, Coarse]))
        .with(node(Coarse, diagnose::coarse).to([Narrow]))
        .with(node(Narrow, diagnose::narrow).to([Weigh]))
        .with(node(Weigh, diagnose::weigh).to([Reflect, Plan, Propose]))
        .with(node(Reflect, diagnose::reflect).to([Plan, Propose, Word]))
        .with(node(Plan, plan::draft).to([Observe, Shadow]))
        .with(node(Shadow, debate::shadow).to([Shadow, Convene]))
        .with(node(Convene, debate::convene).to([Question, Durability]))
        .with(node(Question, debate::question).to([Probe, Vote]))
        .with(node(Probe, debate::probe).to([Probe, Argue]))
        .with(node(Argue, debate::argue).to([Hear, Vote]))
        .with(node(Hear, debate::hear).to([Question]))
        .with(node(Vote, debate::vote).to([Durability]))
        .with(node(Durability, plan::durability).to([Select]))
        .with(node(Select, plan::select).to([Observe, Confirm]))
        .with(node(Confirm, plan::confirm).to([Apply]))
        .with(node(Apply, act::apply).to([Apply, Observe]))
        .with(node(Watch, act::watch).to([Observe, Open, Undo, Consult, Word]))
        .with(node(Undo, act::undo).to([Observe, Open, Undone, Consult]))
        .with(node(Undone, act::undone).to([Observe]))
        .with(node(Consult, advice::consult).to([Open]))
        .with(node(Propose, advice::propose).to([Plan]))
        .with(node(Word, advice::word).to([Observe, Propose]))
        .allowance(Open, [Coarse, Narrow], budget::limits(genome))
        .allowance(Convene, [Question, Probe, Argue, Hear], of_a_debate())
        .limits(Limits {
            steps: Some(STEPS),
            ..Limits::default()
        })
        .build()
}

/// What one debate may cost.
fn of_a_debate() -> Limits {
    Limits {
        steps: None,
        service_ticks: None,
        trials: Some(Trials(TRIALS)),
    }
}
