//! `aegis bundle`: how a support bundle is collected where this binary is not.

use crate::args::Bundle;
use crate::exit::{Exit, Failure};
use crate::output::Terminal;

/// Collects a bundle with kubectl and a POSIX shell.
const SCRIPT: &str = include_str!("bundle.sh");

/// Prints the script.
pub fn run(args: &Bundle, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if !args.print_script {
        let what = "nothing is collected from here: this binary asks no cluster";
        return Err(Failure::usage(what).help("aegis bundle --print-script > collect.sh"));
    }
    terminal.print(SCRIPT)?;
    terminal.finish()
}
