//! `aegis completions SHELL`.

use crate::args::{Cli, Completions};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use clap::CommandFactory;

pub fn run(args: &Completions, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "aegis", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    terminal.finish()
}
