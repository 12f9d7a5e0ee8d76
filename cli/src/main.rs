//! The `aegis` command: arguments in, results on standard output, the rest on standard error.
//!
//! A command lives in a file of [`commands`] and gives an [`Exit`] or a [`Failure`]; this file alone
//! turns them into words and a code. Nothing is decided or simulated here.

mod args;
mod commands;
mod exit;
mod folder;
mod input;
mod interrupt;
mod logging;
mod output;
mod paint;
mod problems;
mod table;
mod told;

use aegis_runner::settings::{Settings, SettingsError, Sources};
use args::{Cli, Command};
use clap::{CommandFactory, FromArgMatches};
use exit::{Exit, Failure};
use output::Terminal;
use paint::Paint;
use std::process::ExitCode;

fn main() -> ExitCode {
    exit::report_panics();
    let exit = exit::guarded(|| {
        let (mut terminal, json) = (Terminal::guess(), &mut logging::Logs::Text);
        run(&mut terminal, json).unwrap_or_else(|failure| tell(&terminal, *json, failure))
    });
    exit.into()
}

/// Everything between the arguments and the exit code.
fn run(terminal: &mut Terminal, logs: &mut logging::Logs) -> Result<Exit, Failure> {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return said_by_clap(terminal, &error),
    };
    let Some(command) = cli.command else {
        return commands::newcomer::run(terminal);
    };
    // These two must work whatever is set, and start at once.
    match command {
        Command::Version(args) => return commands::version::run(&args, terminal),
        Command::Completions(args) => return commands::completions::run(&args, terminal),
        // It must not so much as look at settings.
        Command::BlindReplay => return commands::replay::blind_half(terminal),
        _ => {}
    }
    let sources = Sources::gather(cli.everywhere.flags()).map_err(SettingsError::from)?;
    let settings = Settings::resolve(&sources)?;
    terminal.paint_as(settings.color.value);
    *logs = logging::begin(&settings, terminal.err);
    dispatch(command, &commands::Context { sources, settings }, terminal)
}

fn dispatch(
    command: Command,
    context: &commands::Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match command {
        Command::Version(args) => commands::version::run(&args, terminal),
        Command::Completions(args) => commands::completions::run(&args, terminal),
        Command::Doctor(args) => commands::doctor::run(&args, context, terminal),
        Command::Explain(args) => commands::explain::run(&args, context, terminal),
        Command::Scenario(command) => commands::scenario::run(&command, terminal),
        Command::Faults(command) => commands::faults::run(&command, terminal),
        Command::Sim(args) => commands::sim::run(&args, terminal),
        Command::Reach(args) => commands::reach::run(&args, terminal),
        Command::Diagnose(args) => commands::diagnose::run(&args, terminal),
        Command::Bundle(args) => commands::bundle::run(&args, terminal),
        Command::Eval(args) => commands::eval::run(&args, terminal),
        Command::Rehearse(args) => commands::rehearse::run(&args, terminal),
        Command::Import(args) => commands::import::run(&args, terminal),
        Command::Report(args) => commands::report::run(&args, context, terminal),
        Command::Runs(command) => commands::runs::run(&command, context, terminal),
        Command::Run(args) => commands::run::run(&args, context, terminal),
        Command::Replay(args) => commands::replay::run(&args, context, terminal),
        Command::Audit(args) => commands::audit::run(&args, context, terminal),
        Command::Prompts(command) => commands::prompts::run(&command, context, terminal),
        Command::Graph(command) => commands::graph::run(&command, terminal),
        Command::Memory(command) => commands::memory::run(&command, context, terminal),
        Command::BlindReplay => commands::replay::blind_half(terminal),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

/// Help and version go to standard output, wrong usage to standard error.
fn said_by_clap(terminal: &mut Terminal, error: &clap::Error) -> Result<Exit, Failure> {
    let text = |paint| match paint {
        Paint::Ansi => error.render().ansi().to_string(),
        Paint::Plain => error.render().to_string(),
    };
    if error.use_stderr() {
        output::to_stderr(&text(terminal.err));
        return Ok(Exit::Usage);
    }
    terminal.print(&text(terminal.out))?;
    terminal.finish()
}

/// Says why a command failed, and gives its code.
fn tell(terminal: &Terminal, logs: logging::Logs, failure: Failure) -> Exit {
    match failure {
        Failure::ClosedPipe => Exit::Done,
        Failure::Told(exit) => exit,
        Failure::Said(said) => {
            match logs {
                logging::Logs::Json => tracing::error!(help = said.help, "{}", said.message),
                logging::Logs::Text => output::to_stderr(&said.render(terminal.err)),
            }
            said.exit
        }
    }
}
