//! The rows, by what they break. Source letters in the rows: S SREGym, A AIOpsLab,
//! I ITBench, O Cloud-OpsBench, with the names they use.

mod admission;
mod dependency;
mod machines;
mod network;
mod nodes;
mod placement;
mod references;
mod release;
mod resources;
mod settings;
mod state;
mod storage;
mod templates;
mod wires;
mod words;

use crate::fault::Fault;

/// All sections.
pub const SECTIONS: &[&[Fault]] = &[
    resources::ROWS,
    nodes::ROWS,
    dependency::ROWS,
    network::ROWS,
    release::ROWS,
    settings::ROWS,
    references::ROWS,
    templates::ROWS,
    placement::ROWS,
    admission::ROWS,
    storage::ROWS,
    state::ROWS,
    wires::ROWS,
    machines::ROWS,
];
