//! `aegis explain RUN|CODE`: what decided in a run; what an error code means and what to do.

use super::Context;
use crate::args::{Explain, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::paint::toned;
use crate::table::table;
use crate::told::Told;
use aegis_kube::spelling::nearest;
use aegis_report::why_not;
use serde_json::{Value, json};
use std::path::Path;

/// A code with its explanation, whichever crate it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    code: &'static str,
    title: &'static str,
    text: &'static str,
}

fn entries() -> Vec<Entry> {
    let kube = aegis_kube::codes::codes().iter();
    let kube = kube.map(|entry| Entry {
        code: entry.code,
        title: entry.title,
        text: entry.text,
    });
    let scenario = aegis_scenario::Code::ALL.iter();
    let scenario = scenario.map(|code| Entry {
        code: code.id(),
        title: code.title(),
        text: code.about(),
    });
    kube.chain(scenario).collect()
}

pub fn run(args: &Explain, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let Some(subject) = &args.subject else {
        return codes(&entries(), args.format.output, terminal);
    };
    // A folder may be called like a code.
    if looks_like_a_code(subject) && !Path::new(subject).is_dir() {
        return codes(&[find(subject)?], args.format.output, terminal);
    }
    let run = context.store().resolve(subject).map_err(Failure::from);
    let told =
        Told::read(&run.map_err(|failure| failure.help("`aegis explain` lists all codes"))?)?;
    let story = told.story();
    let text = match &args.why_not {
        Some(asked) => why_not(&story, asked).map_err(|error| Failure::usage(error.to_string()))?,
        None => aegis_report::explain(&story),
    };
    terminal.print(&toned(&text, terminal.out))?;
    terminal.finish()
}

/// One code as a page, several as a list.
fn codes(entries: &[Entry], format: TextOrJson, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let text = match (format, entries) {
        (TextOrJson::Json, _) => return all_as_json(entries, terminal),
        (TextOrJson::Text, [one]) => page(one, terminal),
        (TextOrJson::Text, several) => list(several),
    };
    terminal.print(&text)?;
    terminal.finish()
}

/// `AEG-…`, or a letter and some digits.
fn looks_like_a_code(subject: &str) -> bool {
    full(subject).starts_with("AEG-")
}

/// Letters of either case; `k2` is enough.
fn find(code: &str) -> Result<Entry, Failure> {
    let entries = entries();
    let wanted = full(code);
    if let Some(entry) = entries.iter().find(|entry| entry.code == wanted) {
        return Ok(*entry);
    }
    let near = nearest(&wanted, entries.iter().map(|entry| entry.code));
    let help = near.map_or_else(
        || "`aegis explain` lists all codes".to_owned(),
        |near| format!("did you mean {near}? `aegis explain` lists all codes"),
    );
    Err(Failure::usage(format!("no error has the code `{code}`")).help(help))
}

/// A code as it is printed, `AEG-K002`, from what a person types.
fn full(code: &str) -> String {
    let code = code.to_ascii_uppercase();
    let short = code.trim_start_matches("AEG-");
    let digits = short.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = short.strip_suffix(digits).unwrap_or_default();
    match digits.parse::<u16>() {
        Ok(number) if letters.len() == 1 => format!("AEG-{letters}{number:03}"),
        _ => code,
    }
}

fn page(entry: &Entry, terminal: &Terminal) -> String {
    let head = terminal
        .out
        .bold(&format!("{}: {}", entry.code, entry.title));
    format!("{head}\n\n{}\n", wrapped(entry.text, 80))
}

fn list(entries: &[Entry]) -> String {
    let row = |entry: &Entry| [entry.code.to_owned(), entry.title.to_owned()];
    table(
        ["CODE", "MEANING"],
        &entries.iter().map(row).collect::<Vec<_>>(),
    )
}

fn all_as_json(entries: &[Entry], terminal: &mut Terminal) -> Result<Exit, Failure> {
    let codes: Vec<Value> = entries
        .iter()
        .map(|entry| json!({"code": entry.code, "title": entry.title, "text": entry.text}))
        .collect();
    terminal.print_json(&json!({"schema": "aegis.dev/codes/v1", "codes": codes}))?;
    terminal.finish()
}

/// Words in lines of at most `width` letters.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_all_crates_are_unique() {
        let entries = entries();
        let codes: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), entries.len());
    }

    #[test]
    fn a_code_may_be_written_short() {
        for code in ["AEG-K002", "aeg-k002", "k002", "K2"] {
            assert_eq!(find(code).map(|entry| entry.code), Ok("AEG-K002"));
        }
        assert!(find("K999").is_err());
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrapped("a bb  ccc dddd", 6), "a bb\nccc\ndddd");
    }
}
