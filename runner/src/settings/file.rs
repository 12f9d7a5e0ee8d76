//! `aegis.toml`: a flat table of settings.

use super::KEYS;
use aegis_kube::spelling::nearest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A settings file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// The file.
    pub path: PathBuf,
    /// Its values as text, by the name of the setting.
    pub values: BTreeMap<&'static str, String>,
}

/// Why a settings file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// It cannot be opened.
    #[error("{}: cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It is not TOML, or holds what is no setting.
    #[error("{}:{line}: {what}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
}

impl SettingsFile {
    /// Reads the text of a settings file.
    ///
    /// # Errors
    /// Broken TOML, a setting that nobody knows, or a value that is neither text, number nor flag.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let wrong = |at: usize, what: String| FileError::Wrong {
            path: path.to_owned(),
            line: line_of(text, at),
            what,
        };
        let table = DeTable::parse(text).map_err(|error| {
            wrong(
                error.span().map_or(0, |span| span.start),
                error.message().to_owned(),
            )
        })?;
        let mut values = BTreeMap::new();
        for (name, value) in table.get_ref() {
            let key = known(name.get_ref()).map_err(|what| wrong(name.span().start, what))?;
            values.insert(
                key,
                scalar(value).map_err(|what| wrong(value.span().start, what))?,
            );
        }
        Ok(Self {
            path: path.to_owned(),
            values,
        })
    }
}

fn known(name: &str) -> Result<&'static str, String> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Ok(key.name);
    }
    let names = KEYS.iter().map(|key| key.name);
    Err(match nearest(name, names.clone()) {
        Some(near) => format!("unknown setting `{name}`; did you mean `{near}`?"),
        None => format!(
            "unknown setting `{name}`; there are {}",
            names.collect::<Vec<_>>().join(", ")
        ),
    })
}

fn scalar(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        _ => Err("a text, a whole number, true or false belongs here".to_owned()),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        SettingsFile::parse("aegis.toml".as_ref(), text)
            .expect_err("an error")
            .to_string()
    }

    #[test]
    fn values_are_read_by_name() {
        let file = SettingsFile::parse("x".as_ref(), "# mine\nlog = \"info\"\njson_logs = true\n");
        let values = file.expect("a settings file").values;
        assert_eq!(
            values,
            BTreeMap::from([("json_logs", "true".to_owned()), ("log", "info".to_owned())])
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert_eq!(
            error("\nlogs = 'x'"),
            "aegis.toml:2: unknown setting `logs`; did you mean `log`?"
        );
        assert!(error("zebra = 1").contains("there are data_dir, color"));
        assert_eq!(
            error("log = []"),
            "aegis.toml:1: a text, a whole number, true or false belongs here"
        );
        assert!(error("log = 'a'\nlog = = 'b'").starts_with("aegis.toml:2: "));
    }
}
