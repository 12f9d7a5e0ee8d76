//! How the program ends: documented codes, failures in words, and defects of ours.

use crate::paint::Paint;
use aegis_runner::settings::SettingsError;
use aegis_runner::store::StoreError;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

/// What a caller can tell from the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// An objective was missed, a test failed, a repetition differs.
    Missed = 1,
    /// Wrong usage or input.
    Usage = 2,
    /// Something that was asked for is missing.
    Missing = 3,
    /// Refused by policy or approval, or waiting for it.
    Refused = 4,
    /// A defect of ours.
    Defect = 70,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The codes, for the end of `--help`.
pub const CODES: &str = "\
Exit codes:
  0    done
  1    an objective was missed, a test failed, a repetition differs
  2    wrong usage or input
  3    something that was asked for is missing
  4    refused by policy or approval, or waiting for it
  70   a defect of aegis itself
  130  interrupted (Ctrl-C)";

/// Why a command did not do what was asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Whoever reads has gone, as in `aegis … | head -1`: nothing is left to do.
    ClosedPipe,
    /// It has been said already.
    Told(Exit),
    /// To be said.
    Said(Said),
}

/// A failure in words.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// The code.
    pub exit: Exit,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Failure {
    /// Wrong usage or input.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Said(Said {
            exit: Exit::Usage,
            message: message.into(),
            help: None,
        })
    }

    /// The same with what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Said(said) = &mut self {
            said.help = Some(help.into());
        }
        self
    }
}

impl Said {
    /// As a person reads it, with a line feed at its end.
    pub fn render(&self, paint: Paint) -> String {
        let help = self
            .help
            .as_ref()
            .map(|help| format!("  {} {help}\n", paint.cyan("help:")));
        format!(
            "{} {}\n{}",
            paint.red("error:"),
            self.message,
            help.unwrap_or_default()
        )
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Runs `work`; a panic inside is a defect.
pub fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Defect)
}

/// From now on a panic says that it is our fault, and how to report it.
pub fn report_panics() {
    panic::set_hook(Box::new(|info| crate::output::to_stderr(&defect(info))));
}

fn defect(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = info
        .location()
        .map(|place| format!(" ({}:{})", place.file(), place.line()));
    format!(
        "error: a defect of aegis itself: {}{}\n  \
         Nothing that you did should lead here. Please open an issue with these lines, the command, its input\n  \
         and what `aegis doctor` prints.\n",
        text.unwrap_or("no message"),
        place.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect_of_ours() {
        assert_eq!(guarded(|| panic!("expected by this test")), Exit::Defect);
        assert_eq!(guarded(|| Exit::Done), Exit::Done);
        assert_eq!(Exit::Defect as u8, 70);
    }

    #[test]
    fn help_stands_below_the_message() {
        let Failure::Said(said) = Failure::usage("no scenario `x`").help("aegis scenario list")
        else {
            panic!("said");
        };
        assert_eq!(
            said.render(Paint::Plain),
            "error: no scenario `x`\n  help: aegis scenario list\n"
        );
    }
}
