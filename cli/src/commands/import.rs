//! `aegis import`: manifests, dumps, Helm output to a scenario.

use super::deliver;
use crate::args::Import;
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal, STDIN};
use crate::output::{Terminal, to_stderr};
use aegis_scenario::trace::{self, Table};
use aegis_scenario::{import, warn};
use std::path::Path;

pub fn run(args: &Import, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let reader = Reader::default();
    let refuse = |refusal, terminal: &Terminal| reader.refuse(refusal, terminal.err);
    if args.trace {
        return trace(args, &reader, terminal);
    }
    let documents = reader
        .manifests(&args.paths)
        .map_err(|refusal| refuse(refusal, terminal))?;
    if documents.is_empty() {
        return Err(Failure::usage(format!(
            "there are no manifests in {}",
            args.paths.join(", ")
        )));
    }
    if aegis_scenario::load::is_scenario(&documents) {
        let help = "`aegis scenario check` checks it, `aegis sim` plays it";
        return Err(Failure::usage("this is a scenario already").help(help));
    }
    let name = args.name.clone().unwrap_or_else(|| name_of(&args.paths));
    let loaded = import::adopt(&name, documents)
        .map_err(|problems| refuse(Refusal::Wrong(problems), terminal))?;
    reader.show(&loaded.warnings, terminal.err);
    reader.show(&warn::kinds(&loaded.manifests), terminal.err);
    deliver(&import::written(&loaded), args.out.as_deref(), terminal)
}

/// Tables of a cluster trace, as a scenario.
fn trace(args: &Import, reader: &Reader, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let read = reader
        .tables(&args.paths)
        .map_err(|refusal| reader.refuse(refusal, terminal.err))?;
    let tables: Vec<Table> = read
        .into_iter()
        .map(|named| Table {
            name: named.name,
            text: named.text,
        })
        .collect();
    let name = args.name.clone().unwrap_or_else(|| name_of(&args.paths));
    let imported = trace::import(&name, &tables)
        .map_err(|problems| reader.refuse(Refusal::Wrong(problems), terminal.err))?;
    to_stderr(&format!("{}\n", imported.summary));
    deliver(&imported.text, args.out.as_deref(), terminal)
}

/// The name of the only file or folder, as far as a name may have it.
fn name_of(paths: &[String]) -> String {
    let stem = match paths {
        [only] if only != "-" && only != STDIN => {
            Path::new(only).file_stem().and_then(|stem| stem.to_str())
        }
        _ => None,
    };
    let letters = stem.unwrap_or_default().to_ascii_lowercase();
    let words = letters
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    if name.is_empty() {
        "imported".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_scenario_is_named_after_its_file() {
        let name = |path: &str| name_of(&[path.to_owned()]);
        assert_eq!(name("deploy/My_App.v2.yaml"), "my-app-v2");
        assert_eq!(name("-"), "imported");
        assert_eq!(name("../.."), "imported");
    }
}
