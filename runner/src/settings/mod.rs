//! Settings: flag > environment `AEGIS_*` > `aegis.toml` > default, each with its origin.
//!
//! [`KEYS`] is the list of everything that can be set; [`Sources`] holds what was found where;
//! [`Settings::resolve`] decides, without touching the world. A setting that nobody knows is an
//! error in a file and a warning in the environment (another tool may own the variable).

mod example;
mod file;
mod gather;
mod resolve;

pub use example::env_example;
pub use file::{FileError, SettingsFile};
pub use gather::Folders;
pub use resolve::{SettingsError, Sources};

use std::fmt;
use std::path::PathBuf;

/// One thing that can be set.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in `aegis.toml`.
    pub name: &'static str,
    /// Its variable in the environment.
    pub env: &'static str,
    /// Its flag.
    pub flag: &'static str,
    /// What may be set.
    pub form: &'static str,
    /// The default, in words.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// Where runs are kept.
pub const DATA_DIR: Key = Key {
    name: "data_dir",
    env: "AEGIS_DATA_DIR",
    flag: "--data-dir",
    form: "a folder; it is made when something is first written",
    default: "$XDG_DATA_HOME/aegis, or ~/.local/share/aegis",
    about: "Where runs are kept.",
};

/// Colour.
pub const COLOR: Key = Key {
    name: "color",
    env: "AEGIS_COLOR",
    flag: "--color",
    form: "auto, always or never",
    default: "auto: on a terminal, unless NO_COLOR is set",
    about: "Whether output is coloured.",
};

/// What is logged.
pub const LOG: Key = Key {
    name: "log",
    env: "AEGIS_LOG",
    flag: "--log",
    form: "off, error, warn, info, debug or trace; also per module, as aegis_runner=debug",
    default: "warn",
    about: "What is logged to standard error.",
};

/// How it is logged.
pub const JSON_LOGS: Key = Key {
    name: "json_logs",
    env: "AEGIS_JSON_LOGS",
    flag: "--json-logs",
    form: "true or false",
    default: "false",
    about: "Whether logs are JSON, one object a line.",
};

/// Everything that can be set, in the order in which it is shown.
pub const KEYS: [&Key; 4] = [&DATA_DIR, &COLOR, &LOG, &JSON_LOGS];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Env(String),
    /// A settings file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where runs are kept.
    pub data_dir: Setting<PathBuf>,
    /// Whether output is coloured.
    pub color: Setting<Color>,
    /// What is logged, a filter of `tracing-subscriber`.
    pub log: Setting<String>,
    /// How it is logged.
    pub json_logs: Setting<LogFormat>,
}

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub key: &'static Key,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Settings {
    /// Every setting as it is shown, in the order of [`KEYS`].
    #[must_use]
    pub fn rows(&self) -> [Row; KEYS.len()] {
        let json = matches!(self.json_logs.value, LogFormat::Json);
        [
            row(
                &DATA_DIR,
                self.data_dir.value.display().to_string(),
                &self.data_dir.origin,
            ),
            row(
                &COLOR,
                self.color.value.word().to_owned(),
                &self.color.origin,
            ),
            row(&LOG, self.log.value.clone(), &self.log.origin),
            row(&JSON_LOGS, json.to_string(), &self.json_logs.origin),
        ]
    }
}

fn row(key: &'static Key, value: String, origin: &Origin) -> Row {
    let origin = origin.clone();
    Row { key, value, origin }
}
