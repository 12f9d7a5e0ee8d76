//! `aegis scenario show NAME`: its own text, which is written to be read.

use crate::args::{ShowScenario, YamlOrJson};
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal};
use crate::output::Terminal;

pub fn run(args: &ShowScenario, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let reader = Reader::default();
    let refuse = |refusal: Refusal, terminal: &Terminal| reader.refuse(refusal, terminal.err);
    match args.output {
        YamlOrJson::Yaml => {
            let named = reader
                .open(&args.scenario)
                .map_err(|refusal| refuse(refusal, terminal))?;
            terminal.print(&named.text)?;
        }
        YamlOrJson::Json => {
            let loaded = reader
                .scenario(&args.scenario)
                .map_err(|refusal| refuse(refusal, terminal))?;
            let value = loaded
                .document
                .map(|document| (*document.value).clone())
                .unwrap_or_default();
            terminal.print_json(&value)?;
        }
    }
    terminal.finish()
}
