//! The arguments: what clap reads.

mod memory;

pub use memory::*;

mod model;

pub use model::{Llm, PromptName, Prompts, RenderPrompt};

use crate::exit;
use aegis_runner::settings::{COLOR, DATA_DIR, JSON_LOGS, LOG};
use aegis_scenario::amount::Length;
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
    /// Plays an incident: breaks the cluster, finds out why, mends it, leaves a report
    Run(RunScenario),
    /// Incidents to practise on: those that the binary carries, and your own
    #[command(subcommand)]
    Scenario(Scenario),
    /// What can break: the catalogue of faults
    #[command(subcommand)]
    Faults(Faults),
    /// The cluster alone, with nobody acting: its objects after a while
    Sim(Sim),
    /// Whether NetworkPolicies let one pod reach another
    Reach(Reach),
    /// What is wrong with a cluster, read off a support bundle or a dump of it: the cause, and what ends it
    Diagnose(Diagnose),
    /// How a support bundle is collected: a shell script that asks a cluster with kubectl
    Bundle(Bundle),
    /// How well it does on cases with known answers, counted
    Eval(Eval),
    /// What breaks a cluster worst, what mends it, and what would harden it: every fault that fits its manifests
    Rehearse(Rehearse),
    /// A scenario made of manifests: files, folders, Helm's output, dumps of a cluster
    Import(Import),
    /// What was run before
    #[command(subcommand)]
    Runs(Runs),
    /// What a run came to: text, a page, a narrative for a post-mortem
    Report(Report),
    /// What decided in a run, in numbers; or what an error code means
    Explain(Explain),
    /// Plays a run again and compares every byte
    Replay(Replay),
    /// Whether a run's record holds: its chain, its repetition, that nothing was done unshown
    Audit(Audit),
    /// How the engine thinks, as a graph
    #[command(subcommand)]
    Graph(Graph),
    /// What is remembered from run to run: incidents, bans, beliefs, texts
    #[command(subcommand)]
    Memory(Memory),
    /// What a language model is asked, and how: the templates of its prompts
    #[command(subcommand)]
    Prompts(Prompts),
    /// What holds here: settings with their origin, data folder, terminal, versions
    Doctor(Format),
    /// The version
    Version(Format),
    /// Completions for a shell
    Completions(Completions),
    /// The engine over a tape on standard input, with nothing else at hand
    #[command(hide = true)]
    BlindReplay,
}

/// Which graph thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The whole logic
    Sentinel,
    /// Nine plans and a debate
    Legion,
    /// Watches and does nothing
    Noop,
}

/// Whether a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Approve {
    /// Plans are applied at once
    Auto,
    /// A person is asked first
    Ask,
}

/// `aegis run`.
#[derive(Debug, Args)]
pub struct RunScenario {
    /// A name, a file, or - for standard input
    pub scenario: String,
    /// Who acts: sentinel, legion (nine plans and a debate), or noop (nobody)
    #[arg(
        long,
        value_name = "MODE",
        default_value = "sentinel",
        hide_possible_values = true
    )]
    pub mode: Mode,
    /// The seed of all that is random; the scenario's own without it
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Whether a plan is applied at once (auto) or only after a yes (ask): on the terminal, or without one by
    /// `aegis runs approve`, for which the run waits
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub approve: Approve,
    /// A plan that cannot be taken back needs no approval of its own
    #[arg(long)]
    pub allow_irreversible: bool,
    /// When the logs are on the disk: at each step (step), forced there (sync), when the run rests (exit)
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "step",
        hide_possible_values = true
    )]
    pub durability: Durability,
    /// Parameters of the engine, as JSON: {"schema": "aegis.dev/genome/v1", "genes": {NAME: VALUE}}
    #[arg(long, value_name = "FILE")]
    pub genome: Option<PathBuf>,
    /// A language model that may name causes and plans, which are then tried like all others: off, ollama,
    /// the address of a server with OpenAI's interface, or replay:RUN (the answers that were given in a run)
    #[arg(long, value_name = "WHO", default_value = "off", value_parser = Llm::parse)]
    pub llm: Llm,
    /// The model of that server; the first that it has without it
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// How long one answer of it is waited for, further tries included
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    pub llm_timeout: u32,
    /// The folder for what the run leaves, new or empty; one in the data folder without it
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The folder of a memory to look into and to leave the incidents in; or none
    #[arg(long, value_name = "DIR|none", default_value = "none")]
    pub memory: String,
    #[command(flatten)]
    pub recalled_by: RecalledBy,
    #[command(flatten)]
    pub format: Format,
}

/// When the logs of a run are on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// When the run comes to rest
    Exit,
    /// At each step the kernel has them
    Step,
    /// At each step they are forced to the disk
    Sync,
}

/// `aegis replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// An id, the beginning of one, a folder, or @last
    pub run: String,
    /// Without the scenario: the engine alone, in a process of its own, over what it was shown
    #[arg(long, conflicts_with_all = ["steps", "at", "set"])]
    pub blind: bool,
    /// The steps that the engine took
    #[arg(long, conflicts_with_all = ["at", "set"])]
    pub steps: bool,
    /// What the engine knew once it had taken a step: its number, or a node as select or select:2 (its second turn)
    #[arg(long, value_name = "STEP")]
    pub at: Option<String>,
    /// From that step on otherwise, in a rebuilt world and a run of its own: select.plan=ID, or select.plan=wait
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Option<String>,
    /// The folder for the run that --set makes, new or empty; one in the data folder without it
    #[arg(long, value_name = "DIR", requires = "set")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// An id, the beginning of one, a folder, or @last
    pub run: String,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis graph`.
#[derive(Debug, Subcommand)]
pub enum Graph {
    /// A graph as mermaid draws it
    Show(ShowGraph),
}

/// The graphs that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphName {
    /// Three plans, the full logic
    Sentinel,
    /// Nine plans, argued over by critics
    Legion,
}

/// `aegis graph show`.
#[derive(Debug, Args)]
pub struct ShowGraph {
    /// Its name: sentinel, or legion
    #[arg(hide_possible_values = true)]
    pub name: GraphName,
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
    /// How the result looks: text, or json (one versioned object)
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
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

/// `aegis faults`.
#[derive(Debug, Subcommand)]
pub enum Faults {
    /// The rows of the catalogue
    List(ListFaults),
    /// One row: what it is made of, what betrays it, what ends it
    Show(ShowFault),
}

/// `aegis faults list`.
#[derive(Debug, Args)]
pub struct ListFaults {
    /// Only those with this text in their id, summary or source
    pub text: Option<String>,
    /// Only of a section: plain, workload, scheduling, storage, application, network, control-plane, correlated
    #[arg(long, value_name = "SECTION")]
    pub section: Option<String>,
    /// Only those composed of a mechanism, as PacketLoss, or of changes, as patch
    #[arg(long, value_name = "MECHANISM")]
    pub mechanism: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis faults show`.
#[derive(Debug, Args)]
pub struct ShowFault {
    /// Its id
    pub id: String,
    /// A scenario that plays it on a bundled application, to run or to start from
    #[arg(long)]
    pub scenario: bool,
    #[command(flatten)]
    pub format: Format,
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
    /// Whether scenarios do what they claim
    Test(TestScenarios),
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
    /// How the result looks: yaml, as it was written, or json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "yaml",
        hide_possible_values = true
    )]
    pub output: YamlOrJson,
}

/// `aegis scenario check`.
#[derive(Debug, Args)]
pub struct CheckScenarios {
    /// Files, names, or - for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// Also what is inferred from the manifests, and why: calls, costs, capacities
    #[arg(long, conflicts_with = "output")]
    pub explain: bool,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis scenario test`.
#[derive(Debug, Args)]
pub struct TestScenarios {
    /// Files, names, or - for standard input
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// The seed of all that is random; the scenario's own without it
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
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

/// How a cluster is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SimFormat {
    /// A `v1 List`, as kubectl get -o yaml
    Yaml,
    /// The same as JSON
    Json,
    /// Tables, as kubectl get -o wide
    Wide,
}

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricsFormat {
    /// OpenMetrics 1.0
    #[value(name = "openmetrics")]
    OpenMetrics,
    /// Prometheus' text format, 0.0.4
    Prometheus,
}

/// `aegis sim`.
#[derive(Debug, Args)]
pub struct Sim {
    /// A name, a file, a folder of manifests, or - for standard input
    pub scenario: String,
    /// How long it is played, as 90s or 10m; the scenario's duration without it
    #[arg(long = "for", value_name = "TIME", value_parser = crate::commands::sim::parse_length)]
    pub length: Option<Length>,
    /// How the objects are shown: yaml or json (a `v1 List`), or wide (tables), as kubectl does
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "yaml",
        hide_possible_values = true
    )]
    pub output: SimFormat,
    /// Where the metrics of the run are written, with times: OpenMetrics, or Prometheus' text where
    /// the name ends in .prom or .txt
    #[arg(long, value_name = "FILE")]
    pub metrics_out: Option<PathBuf>,
    /// Format of the metrics whatever their file is called: openmetrics, or prometheus
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "metrics_out",
        hide_possible_values = true
    )]
    pub metrics_format: Option<MetricsFormat>,
    /// Where log lines of components and applications are written, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub logs_out: Option<PathBuf>,
    /// Where spans are written, 1 % of requests, as OTLP's JSON, an export request a line
    #[arg(long, value_name = "FILE")]
    pub spans_out: Option<PathBuf>,
    /// The seed of all that is random; the scenario's own without it
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Transport protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// SCTP
    Sctp,
}

/// `aegis diagnose`.
#[derive(Debug, Args)]
pub struct Diagnose {
    /// A support bundle (a folder, .tar.gz, .tar.zst), what kubectl get -o yaml or json gave, or - for standard input
    pub path: String,
    /// The application's namespace; the one that the bundle names without it
    #[arg(short, long, value_name = "NS")]
    pub namespace: Option<String>,
    /// Only causes at this object: kind/name, or kind/namespace/name
    #[arg(long, value_name = "KIND/NAME")]
    pub object: Option<String>,
    /// Names of objects, addresses and hosts replaced, each everywhere by the same word
    #[arg(long)]
    pub anonymize: bool,
    /// Ends with 1 if a cause was found
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis bundle`.
#[derive(Debug, Args)]
pub struct Bundle {
    /// Prints a POSIX shell script that collects a bundle with kubectl, without values of Secrets
    #[arg(long)]
    pub print_script: bool,
}

/// What is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Support bundles with labels
    Bundles,
    /// Faults of the catalogue on bundled applications
    Faults,
    /// Bundled scenarios, with a memory filled on others and without
    Practice,
    /// Agents beside each other on the bundled scenarios
    Smoke,
}

/// Who acts in a play of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Agent {
    /// Three plans
    Sentinel,
    /// Nine plans and a debate
    Legion,
    /// Nobody
    Noop,
}

/// `aegis eval`.
#[derive(Debug, Args)]
pub struct Eval {
    /// What is evaluated: bundles, faults (the catalogue on bundled applications), practice (whether a memory helps), or
    /// smoke (agents beside each other)
    #[arg(default_value = "bundles", hide_possible_values = true)]
    pub suite: Suite,
    /// A folder or archive of support bundles, a folder for each case
    #[arg(long, value_name = "DIR")]
    pub bundles: Option<PathBuf>,
    /// Their labels: JSON, by case `root_cause` and `fault_object`
    #[arg(long, value_name = "FILE", requires = "bundles")]
    pub labels: Option<PathBuf>,
    /// What the labels call our causes: JSON, by id a name or a list of names
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Ends with 1 if the lower 95 % bound of the first answers, pooled, lies below this share
    #[arg(long, value_name = "SHARE")]
    pub fail_below: Option<f64>,
    /// Of faults: seeds, each of which gives every fault a target on every application; of smoke: seeds of every scenario
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seeds: u64,
    /// Of faults: the first of these seeds
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,
    /// Of faults: controls on every application and seed
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub controls: usize,
    /// Of smoke: agents, with commas; the first is compared with each of the others
    #[arg(
        long,
        value_name = "LIST",
        default_value = "legion,sentinel,noop",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub agents: Vec<Agent>,
    /// Of faults: which; all, or ids with commas
    #[arg(long, value_name = "all|LIST", default_value = "all")]
    pub faults: String,
    #[command(flatten)]
    pub practice: Practice,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis reach`.
#[derive(Debug, Args)]
pub struct Reach {
    /// A name, a file, a folder of manifests, or - for standard input
    pub scenario: String,
    /// Who opens the connection: namespace/pod, namespace/workload, or an address
    #[arg(long, value_name = "NS/POD")]
    pub from: String,
    /// To whom: the same, svc/namespace/name, or dns/name as the source looks it up
    #[arg(long, value_name = "NS/POD")]
    pub to: String,
    /// The port of the target, by number or by its name
    #[arg(long, value_name = "PORT")]
    pub port: String,
    /// The transport protocol: TCP, UDP or SCTP
    #[arg(
        long,
        value_name = "PROTOCOL",
        default_value = "TCP",
        ignore_case = true,
        hide_possible_values = true
    )]
    pub protocol: Protocol,
    /// After which time it is asked, as 90s or 10m; the scenario's duration without it
    #[arg(long = "for", value_name = "TIME", value_parser = crate::commands::sim::parse_length)]
    pub length: Option<Length>,
    #[command(flatten)]
    pub format: Format,
}

/// How a rehearsal looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RehearsalFormat {
    /// For the terminal
    Text,
    /// One versioned object
    Json,
    /// For a pull request
    Markdown,
    /// For code scanning, SARIF 2.1.0
    Sarif,
    /// One self-contained page
    Html,
}

/// `aegis rehearse`.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// Manifests: a file, a folder, or - for standard input; or a scenario, whose chaos is left out
    pub path: String,
    /// The manifests after a change: what it makes worse, on the same seed
    pub newer: Option<String>,
    /// Which faults: all, or ids with commas
    #[arg(long, value_name = "all|LIST", default_value = "all")]
    pub faults: String,
    /// Plays, at most
    #[arg(long, value_name = "TRIALS", default_value_t = aegis_rehearse::rehearse::BUDGET)]
    pub budget: usize,
    /// Ends with 1 if this holds, as 'slo_minutes_lost>5' or 'harm || unmended'
    #[arg(long, value_name = "EXPR")]
    pub fail_if: Option<String>,
    /// The seed of all that is random; the scenario's own without it
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How the result looks: text, json, markdown, sarif, html (one self-contained page)
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub output: RehearsalFormat,
    /// A folder in which all forms are left
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `aegis import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Files, folders, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// The files are tables of a cluster trace: Google's of 2011 and 2019, Alibaba's of 2017 and 2018
    #[arg(long)]
    pub trace: bool,
    /// Its name; that of the file or folder without it
    #[arg(long)]
    pub name: Option<String>,
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
    /// Goes on with a run that was killed, or that waits for a person
    Resume(ResumeRun),
    /// Approves the plan that a run waits for, and goes on with it
    Approve(AnswerRun),
    /// Refuses the plan that a run waits for, and goes on with it
    Refuse(AnswerRun),
    /// Stops a run: one that goes on in another process, or one at rest that is not over
    Cancel(ResumeRun),
    /// Removes runs
    Rm(RemoveRuns),
}

/// `aegis runs resume`, `aegis runs cancel`.
#[derive(Debug, Args)]
pub struct ResumeRun {
    /// An id, the beginning of one, a folder, or @last
    pub run: String,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis runs approve`, `aegis runs refuse`.
#[derive(Debug, Args)]
pub struct AnswerRun {
    /// An id, the beginning of one, a folder, or @last
    pub run: String,
    /// Why; it goes into the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only if the run still waits on this event, as `aegis runs show` names it
    #[arg(long, value_name = "N")]
    pub event: Option<u64>,
    #[command(flatten)]
    pub format: Format,
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

/// How a report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For the terminal
    Text,
    /// One self-contained page
    Html,
    /// The narrative for a post-mortem
    Markdown,
    /// The summary, versioned
    Json,
}

/// `aegis report`.
#[derive(Debug, Args)]
pub struct Report {
    /// An id, the beginning of one, a folder, or @last
    pub run: String,
    /// How it looks: text, html (one self-contained page), markdown (a narrative), json (the summary)
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub output: ReportFormat,
    /// Where it is written; standard output without it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `aegis explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A code, as AEG-K002, or a run, as @last; all codes without either
    #[arg(value_name = "RUN|CODE")]
    pub subject: Option<String>,
    /// Why this plan was not chosen, or this hypothesis not believed
    #[arg(long, value_name = "PLAN|HYPOTHESIS", requires = "subject")]
    pub why_not: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
