//! `aegis graph show`.

use crate::args::{Graph, GraphName};
use crate::exit::{Exit, Failure, Said};
use crate::output::Terminal;
use aegis_graphs::executor::mermaid;
use aegis_graphs::{legion, sentinel};

pub fn run(command: &Graph, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let Graph::Show(args) = command;
    let graph = match args.name {
        GraphName::Sentinel => sentinel::graph(&aegis_reason::Genome::default()),
        GraphName::Legion => legion::graph(&aegis_reason::Genome::default()),
    };
    let graph = graph.map_err(|error| {
        Failure::Said(Said {
            exit: Exit::Defect,
            message: error.to_string(),
            help: None,
        })
    })?;
    terminal.print(&mermaid(&graph))?;
    terminal.finish()
}
