//! LegionGraph: Sentinel's nodes with nine plans, and a debate over them before one is chosen.
//!
//! The domain and the nodes are Sentinel's; what differs is the blueprint. Absent: worlds, scenarios, clocks.

mod counsel;
mod debate;

use crate::executor::{Graph, GraphError, Limits, Trials, node};
use crate::sentinel::{Node, Sentinel, around_the_race};
use aegis_reason::Genome;
use aegis_reason::debate::TRIALS;
use std::sync::Arc;

/// The graph of an engine with these parameters.
///
/// # Errors
/// A defect of its shape; a test holds that there is none.
pub fn graph(genome: &Genome) -> Result<Arc<Graph<Sentinel>>, GraphError> {
    use Node::{Argue, Convene, Counsel, Durability, Hear, Probe, Question, Shadow, Vote};
    around_the_race("legion", genome)
        .with(node(Shadow, debate::shadow).to([Shadow, Convene]))
        .with(node(Convene, debate::convene).to([Question, Counsel, Durability]))
        .with(node(Counsel, counsel::counsel).to([Question]))
        .with(node(Question, debate::question).to([Probe, Vote]))
        .with(node(Probe, debate::probe).to([Probe, Argue]))
        .with(node(Argue, debate::argue).to([Hear, Vote]))
        .with(node(Hear, debate::hear).to([Question]))
        .with(node(Vote, debate::vote).to([Durability]))
        .allowance(
            Convene,
            [Counsel, Question, Probe, Argue, Hear],
            of_a_debate(),
        )
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
