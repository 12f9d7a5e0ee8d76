//! `aegis memory …`: what is remembered from run to run.

use super::Context;
use crate::args::{Embeddings, Kept, Memory as Command, MemoryAt, RecalledBy, TextOrJson, Vectors};
use crate::exit::{Exit, Failure, Said};
use crate::output::{Terminal, to_stderr};
use crate::table::table;
use aegis_memory::exchange::{Imported, Purpose};
use aegis_memory::{Memory, MemoryError, Record};
use aegis_model::recall::{Blame, Deed};
use aegis_runner::embedding::Served;
use aegis_runner::log::verify;
use aegis_runner::store::{Artifact, RunStore};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub fn run(command: &Command, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(
            args.what,
            &open(&args.at, context)?,
            args.format.output,
            terminal,
        ),
        Command::Show(args) => show(&args.id, &open(&args.at, context)?, terminal),
        Command::Add(args) => add(&args.files, &open(&args.at, context)?, terminal),
        Command::Embed(args) => {
            let memory = open(&args.at, context)?;
            let made = memory.embed().map_err(|why| told(&why))?;
            terminal.print(&format!("{made} parts have vectors now\n"))?;
            warn_of_loss(&memory);
            terminal.finish()
        }
        Command::Find(args) => {
            let words = args.words.join(" ");
            find(
                &words,
                &open(&args.at, context)?,
                args.format.output,
                terminal,
            )
        }
        Command::Export(args) => export(args.out.as_deref(), &open(&args.at, context)?, terminal),
        Command::Import(args) => {
            let purpose = if args.restore {
                Purpose::Restore
            } else {
                Purpose::Learn
            };
            import(
                &args.file,
                purpose,
                &mut open(&args.at, context)?,
                &context.store(),
                terminal,
            )
        }
        Command::Backup(args) => {
            open(&args.at, context)?
                .back_up(&args.out)
                .map_err(|why| told(&why))?;
            to_stderr(&format!("wrote {}\n", args.out.display()));
            terminal.finish()
        }
        Command::Pardon(args) => {
            let ban = open(&args.at, context)?
                .pardon(args.ban)
                .map_err(|why| told(&why))?;
            terminal.print(&format!("{} may be blamed again\n", blame(&ban.cause)))?;
            terminal.finish()
        }
        Command::Forget(args) => {
            let id = open(&args.at, context)?
                .forget(&args.id)
                .map_err(|why| told(&why))?;
            terminal.print(&format!("{id} is forgotten\n"))?;
            terminal.finish()
        }
    }
}

/// What is wrong with a memory, as a user is told. A server that does not answer was asked for and is missing.
pub fn told(why: &MemoryError) -> Failure {
    let (exit, help) = match why {
        MemoryError::Server(_) => (
            Exit::Missing,
            Some("without --vectors the memory's own file is searched; it gives the same"),
        ),
        MemoryError::Embedder(_) => (
            Exit::Missing,
            Some("without --embeddings the built-in embedder is asked, which needs no server"),
        ),
        _ => (Exit::Usage, None),
    };
    Failure::Said(Said {
        exit,
        message: why.to_string(),
        help: help.map(str::to_owned),
    })
}

fn open(at: &MemoryAt, context: &Context) -> Result<Memory, Failure> {
    let folder = at.memory.clone();
    let folder = folder.unwrap_or_else(|| home(context));
    let memory = Memory::open(&folder).map_err(|why| told(&why))?;
    searched_by(memory, &at.by)
}

/// Where a key for a vector server is read from.
#[cfg(feature = "qdrant")]
const QDRANT_KEY: &str = "QDRANT_API_KEY";
/// Where a key for an embedder beyond this machine is read from.
const EMBEDDER_KEY: &str = "OPENAI_API_KEY";

/// The memory with the vectors and the embedder that were asked for.
pub fn searched_by(memory: Memory, by: &RecalledBy) -> Result<Memory, Failure> {
    let memory = match &by.embeddings {
        Embeddings::Builtin => memory,
        Embeddings::Server(base) => {
            let key = std::env::var(EMBEDDER_KEY).ok();
            let key = key.filter(|_| base.starts_with("https://"));
            let embedder = Served::at(base, by.embeddings_model.clone(), key);
            let embedder = embedder.map_err(|why| told(&MemoryError::Embedder(why)))?;
            memory.embedding_by(Box::new(embedder))
        }
    };
    match &by.vectors {
        Vectors::Embedded => Ok(memory),
        #[cfg(feature = "qdrant")]
        Vectors::Qdrant(address) => {
            let key = std::env::var(QDRANT_KEY).ok();
            let key = key.filter(|_| address.keeps_secrets());
            aegis_memory::vectors::Qdrant::connect(address, key, memory.identity())
                .and_then(|store| memory.searched_on(Box::new(store)))
                .map_err(|why| told(&why))
        }
    }
}

/// Says that the vector server was lost on the way.
pub fn warn_of_loss(memory: &Memory) {
    if let Some(why) = memory.lost() {
        to_stderr(&format!(
            "warning: {why}; the memory's own file was searched, and the server gets what it lacks the next time\n"
        ));
    }
}

/// Where the memory is if nothing else is said.
fn home(context: &Context) -> PathBuf {
    context.settings.data_dir.value.join("memory")
}

fn blame(cause: &Blame) -> String {
    format!("{} of a {}", cause.fault, role(cause))
}

fn role(cause: &Blame) -> String {
    format!("{:?}", cause.role).to_lowercase()
}

fn list(
    what: Kept,
    memory: &Memory,
    format: TextOrJson,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let rows = match what {
        Kept::Episodes => json!(memory.records().map_err(|why| told(&why))?),
        Kept::Bans => {
            let bans = memory.bans().map_err(|why| told(&why))?;
            let rows = bans.iter().map(|(id, ban)| json!({"id": id, "ban": ban}));
            rows.collect()
        }
        Kept::Beliefs => json!(memory.all_beliefs().map_err(|why| told(&why))?),
        Kept::Rules => json!(memory.all_rules().map_err(|why| told(&why))?),
        Kept::Texts => json!(memory.texts().map_err(|why| told(&why))?),
    };
    match format {
        TextOrJson::Json => terminal.print_json(&json!({
            "schema": "aegis.dev/memory-list/v1",
            "memory": memory.identity(),
            "digest": memory.digest().map_err(|why| told(&why))?,
            "items": rows,
        }))?,
        TextOrJson::Text if rows.as_array().is_none_or(Vec::is_empty) => {
            to_stderr("Nothing of that is remembered.\n");
        }
        TextOrJson::Text => terminal.print(&text(what, memory)?)?,
    }
    terminal.finish()
}

fn text(what: Kept, memory: &Memory) -> Result<String, Failure> {
    Ok(match what {
        Kept::Episodes => {
            let records = memory.records().map_err(|why| told(&why))?;
            let row = |record: &Record| {
                [
                    record.id.to_string(),
                    record.cause.as_ref().map_or("-".into(), blame),
                    word(&json!(record.known_by)),
                    word(&json!(record.ending)),
                    format!("{:.1}", record.lost),
                    deeds(record),
                ]
            };
            let heads = ["ID", "CAUSE", "KNOWN BY", "ENDED", "MINUTES LOST", "DONE"];
            table(heads, &records.iter().map(row).collect::<Vec<_>>())
        }
        Kept::Bans => {
            let bans = memory.bans().map_err(|why| told(&why))?;
            let row = |(id, ban): &(i64, aegis_memory::bans::Ban)| {
                let standing = if ban.left == 0 {
                    "served".to_owned()
                } else {
                    word(&json!(ban.standing))
                };
                [
                    id.to_string(),
                    blame(&ban.cause),
                    ban.strikes.to_string(),
                    ban.left.to_string(),
                    standing,
                ]
            };
            let rows: Vec<_> = bans.iter().map(row).collect();
            table(
                ["BAN", "CAUSE", "STRIKES", "INCIDENTS LEFT", "STANDING"],
                &rows,
            )
        }
        Kept::Beliefs => {
            let beliefs = memory.all_beliefs().map_err(|why| told(&why))?;
            let row = |belief: &aegis_model::recall::Belief| {
                [
                    blame(&belief.cause),
                    format!("{:.1}", belief.confirmed),
                    format!("{:.1}", belief.refuted),
                ]
            };
            let rows: Vec<_> = beliefs.iter().map(row).collect();
            table(["CAUSE", "CONFIRMED", "REFUTED"], &rows)
        }
        Kept::Rules => rules(memory)?,
        Kept::Texts => {
            let texts = memory.texts().map_err(|why| told(&why))?;
            let row = |text: &aegis_memory::texts::Text| {
                let begin: String = text.body.chars().take(60).collect();
                [
                    text.id.to_string(),
                    text.origin.clone(),
                    text.number.to_string(),
                    begin,
                ]
            };
            let rows: Vec<_> = texts.iter().map(row).collect();
            table(["ID", "ORIGIN", "PART", "BEGINS"], &rows)
        }
    })
}

fn rules(memory: &Memory) -> Result<String, Failure> {
    let rules = memory.all_rules().map_err(|why| told(&why))?;
    let row = |standing: &aegis_memory::rules::Standing| {
        let rule = &standing.rule;
        [
            rule.id.to_string(),
            blame(&rule.cause),
            done(&rule.deeds),
            format!("{:.1}", rule.uses),
            format!("{:.1}", rule.successes),
            format!("{:.0} %", rule.bound * 100.0),
            if standing.goes_first { "yes" } else { "no" }.to_owned(),
            cost(standing.used),
            cost(standing.held_out),
        ]
    };
    let rows: Vec<_> = rules.iter().map(row).collect();
    let heads = [
        "RULE",
        "CAUSE",
        "DOES",
        "USES",
        "MENDED",
        "AT LEAST",
        "GOES FIRST",
        "LOST WITH",
        "WITHOUT",
    ];
    Ok(table(heads, &rows))
}

/// Mean minutes lost, over how many incidents.
fn cost(of: aegis_memory::rules::Cost) -> String {
    match of.incidents {
        0 => "-".to_owned(),
        count => format!("{:.2} of {count}", of.lost),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn deeds(record: &Record) -> String {
    done(&record.deeds)
}

fn done(deeds: &[Deed]) -> String {
    let texts: Vec<String> = deeds
        .iter()
        .map(|deed| format!("{} {:?}", deed.kind, deed.role).to_lowercase())
        .collect();
    texts.join(", ")
}

fn show(id: &str, memory: &Memory, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let records = memory.records().map_err(|why| told(&why))?;
    let texts = memory.texts().map_err(|why| told(&why))?;
    let record = records
        .iter()
        .find(|one| one.id.starts_with(id))
        .map(|one| json!(one));
    let text = texts
        .iter()
        .find(|one| one.id.starts_with(id))
        .map(|one| json!(one));
    let found = record.or(text);
    let found = found.ok_or_else(|| told(&MemoryError::Unknown(id.to_owned())))?;
    terminal.print_json(&found)?;
    terminal.finish()
}

fn add(files: &[PathBuf], memory: &Memory, terminal: &mut Terminal) -> Result<Exit, Failure> {
    for path in files {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|why| Failure::usage(format!("{shown} cannot be read: {why}")))?;
        let parts = memory.add_text(&shown, &text).map_err(|why| told(&why))?;
        terminal.print(&format!("{shown}: {parts} parts\n"))?;
    }
    warn_of_loss(memory);
    terminal.finish()
}

fn find(
    words: &str,
    memory: &Memory,
    format: TextOrJson,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let found = memory.find_text(words, 5).map_err(|why| told(&why))?;
    let left_out = memory.unembedded().map_err(|why| told(&why))?.len();
    if left_out > 0 {
        to_stderr(&format!(
            "{left_out} parts have no vectors of this embedder and are not found; `aegis memory embed` makes them\n"
        ));
    }
    warn_of_loss(memory);
    match format {
        TextOrJson::Json => terminal.print_json(&json!({
            "schema": "aegis.dev/memory-find/v1",
            "found": found,
        }))?,
        TextOrJson::Text => {
            for one in &found {
                let head = format!("{:.2}  {} #{}", one.score, one.text.origin, one.text.number);
                terminal.print(&format!("{head}\n{}\n\n", one.text.body.trim()))?;
            }
        }
    }
    terminal.finish()
}

fn export(out: Option<&Path>, memory: &Memory, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut lines = Vec::new();
    memory.export(&mut lines).map_err(|why| told(&why))?;
    match out {
        Some(path) => {
            aegis_runner::store::write_atomically(path, &lines)?;
            to_stderr(&format!("wrote {}\n", path.display()));
        }
        None => terminal.print(&String::from_utf8_lossy(&lines))?,
    }
    terminal.finish()
}

fn import(
    file: &Path,
    purpose: Purpose,
    memory: &mut Memory,
    runs: &RunStore,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let shown = file.display();
    let source =
        File::open(file).map_err(|why| Failure::usage(format!("{shown} cannot be read: {why}")))?;
    let here = heads(runs)?;
    let imported = memory
        .import(&mut BufReader::new(source), purpose, &|log| {
            here.contains(log)
        })
        .map_err(|why| Failure::usage(format!("{shown}: {why}")))?;
    terminal.print(&report(imported))?;
    terminal.finish()
}

fn report(imported: Imported) -> String {
    let Imported {
        new,
        known,
        unchecked,
        left_out,
    } = imported;
    let mut text = format!("{new} new, {known} known already");
    if unchecked > 0 {
        text += &format!("; {unchecked} whose run is not here weigh nothing");
    }
    if left_out > 0 {
        text += &format!("; {left_out} bans hold only where they were made");
    }
    text + "\n"
}

/// Heads of the event logs of the runs that are here, of those whose chain holds.
fn heads(runs: &RunStore) -> Result<BTreeSet<String>, Failure> {
    let all = runs.list()?;
    let heads = all
        .iter()
        .filter_map(|run| verify(&run.path(Artifact::Events)).ok());
    Ok(heads.map(|head| head.to_string()).collect())
}

/// What a run says of what it leaves.
pub fn kept(count: usize) -> String {
    let incidents = if count == 1 { "incident" } else { "incidents" };
    format!("remembered {count} {incidents}\n")
}
