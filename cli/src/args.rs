//! The arguments: what clap reads.

use crate::exit;
use aegis_runner::settings::{COLOR, DATA_DIR, JSON_LOGS, LOG};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An offline AI SRE that practises on a simulated Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(name = "aegis", version, after_help = exit::CODES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub everywhere: Everywhere,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// Where runs are kept
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_parser = ["auto", "always", "never"])]
    color: Option<String>,
    /// What to log, as `debug` or `aegis_runner=debug,warn`
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Logs as JSON, one object a line
    #[arg(long, global = true)]
    json_logs: bool,
}

impl Everywhere {
    /// What the flags set, by the name of the setting.
    pub fn flags(self) -> BTreeMap<&'static str, String> {
        let json_logs = self.json_logs.then(|| "true".to_owned());
        let flags = [
            (DATA_DIR, self.data_dir),
            (COLOR, self.color),
            (LOG, self.log),
            (JSON_LOGS, json_logs),
        ];
        flags
            .into_iter()
            .filter_map(|(key, value)| Some((key.name, value?)))
            .collect()
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Incidents to practise on: those that the binary carries, and your own
    #[command(subcommand)]
    Scenario(Scenario),
    /// What was run before
    #[command(subcommand)]
    Runs(Runs),
    /// What an error code means
    Explain(Explain),
    /// What holds on this machine: settings and where they were set, folders, terminal, versions
    Doctor(Format),
    /// The version
    Version(Format),
    /// Completions for a shell
    Completions(Completions),
}

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    Text,
    /// One versioned object
    Json,
}

/// `-o`.
#[derive(Debug, Args)]
pub struct Format {
    /// How the result looks
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub output: TextOrJson,
}

/// `-o` of what is YAML by nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YamlOrJson {
    /// For people
    Yaml,
    /// For programs
    Json,
}

/// `aegis scenario`.
#[derive(Debug, Subcommand)]
pub enum Scenario {
    /// The scenarios that the binary carries
    List(ListScenarios),
    /// The text of a scenario
    Show(ShowScenario),
    /// What is wrong with scenarios, and where
    Check(CheckScenarios),
    /// A scenario to start from
    New(NewScenario),
    /// The JSON Schema of the kind Scenario, for editors
    Schema,
}

/// `aegis scenario list`.
#[derive(Debug, Args)]
pub struct ListScenarios {
    /// Only those with a label, as suite=smoke; several with commas
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_delimiter = ',')]
    pub selector: Vec<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis scenario show`.
#[derive(Debug, Args)]
pub struct ShowScenario {
    /// A name, a file, or - for standard input
    pub scenario: String,
    /// How the result looks
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    pub output: YamlOrJson,
}

/// `aegis scenario check`.
#[derive(Debug, Args)]
pub struct CheckScenarios {
    /// Files, names, or - for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis scenario new`.
#[derive(Debug, Args)]
pub struct NewScenario {
    /// Its name
    pub name: String,
    /// Where it is written; standard output without it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `aegis runs`.
#[derive(Debug, Subcommand)]
pub enum Runs {
    /// All runs, the oldest first
    List(Format),
    /// One run: what became of it, and the files that it left
    Show(ShowRun),
    /// Removes runs
    Rm(RemoveRuns),
}

/// `aegis runs show`.
#[derive(Debug, Args)]
pub struct ShowRun {
    /// An id, the beginning of one, a folder, or @last
    pub run: String,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis runs rm`.
#[derive(Debug, Args)]
pub struct RemoveRuns {
    /// Ids, beginnings of ids, folders, or @last
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<String>,
}

/// `aegis explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A code, as AEG-K002; all codes without one
    pub code: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
