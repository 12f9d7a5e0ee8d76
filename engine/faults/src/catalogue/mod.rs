//! The rows, by what they break. Source letters in the rows: S SREGym, A AIOpsLab,
//! I ITBench, O Cloud-OpsBench, with the names they use.

mod dependency;
mod network;
mod nodes;
mod release;
mod resources;
mod settings;
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
];
