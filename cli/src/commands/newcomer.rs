//! `aegis` alone: the five commands that a newcomer needs.

use crate::exit::{Exit, Failure};
use crate::output::Terminal;

const FIRST: [(&str, &str); 5] = [
    (
        "aegis scenario list",
        "incidents on real applications, carried in the binary",
    ),
    (
        "aegis run online-boutique-oom",
        "play one: break the cluster, find out why, mend it, leave a report",
    ),
    (
        "aegis explain @last",
        "the numbers that decided, the plans that were not taken",
    ),
    (
        "aegis import FOLDER --out mine.yaml",
        "make a scenario of your own manifests or a cluster dump",
    ),
    ("aegis doctor", "what holds on this machine"),
];

pub fn run(terminal: &mut Terminal) -> Result<Exit, Failure> {
    let width = FIRST
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0);
    let title = terminal.out.bold("aegis");
    terminal.print(&format!(
        "{title}: an offline AI SRE that practises on a simulated Kubernetes cluster\n\n"
    ))?;
    for (command, about) in FIRST {
        let padded = terminal.out.cyan(&format!("{command:width$}"));
        terminal.print(&format!("  {padded}   {about}\n"))?;
    }
    terminal.print("\n`aegis --help` lists everything.\n")?;
    terminal.finish()
}
