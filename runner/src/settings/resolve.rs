//! Which of several sources speaks for a setting. Pure: what was found is given.

use super::file::SettingsFile;
use super::{COLOR, Color, DATA_DIR, FileError, Folders, JSON_LOGS, KEYS, Key, LOG, LogFormat};
use super::{Origin, Setting, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;

/// What was found, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Values of flags, by the name of the setting.
    pub flags: BTreeMap<&'static str, String>,
    /// Variables of the environment that start with `AEGIS_`.
    pub env: BTreeMap<String, String>,
    /// Settings files; the first that knows a setting speaks.
    pub files: Vec<SettingsFile>,
    /// Where this user keeps things.
    pub folders: Folders,
}

/// Why there are no settings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// A value has the wrong form.
    #[error("`{value}` is no value for {name}, set by {origin}: {form}")]
    WrongValue {
        /// The setting.
        name: &'static str,
        /// The value.
        value: String,
        /// What may be set.
        form: &'static str,
        /// Who set it.
        origin: Origin,
    },
    /// Neither a data folder nor a home is known.
    #[error("no folder for data is known: set AEGIS_DATA_DIR, XDG_DATA_HOME or HOME")]
    NoDataDir,
    /// A settings file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Sources {
    /// Variables named `AEGIS_…` that set nothing: often a slip of the pen.
    pub fn unknown_env(&self) -> impl Iterator<Item = &str> {
        let known = |name: &str| KEYS.iter().any(|key| key.env == name);
        self.env
            .keys()
            .map(String::as_str)
            .filter(move |name| !known(name))
    }

    /// The value that speaks, and where it stands.
    fn find(&self, key: &'static Key) -> Option<(String, Origin)> {
        if let Some(value) = self.flags.get(key.name) {
            return Some((value.clone(), Origin::Flag(key.flag)));
        }
        if let Some(value) = self.env.get(key.env).filter(|value| !value.is_empty()) {
            return Some((value.clone(), Origin::Env(key.env.to_owned())));
        }
        self.files.iter().find_map(|file| {
            let value = file.values.get(key.name)?;
            Some((value.clone(), Origin::File(file.path.clone())))
        })
    }
}

impl Settings {
    /// Decides every setting.
    ///
    /// # Errors
    /// A value of the wrong form, or no home to derive the data folder from.
    pub fn resolve(sources: &Sources) -> Result<Self, SettingsError> {
        Ok(Self {
            data_dir: data_dir(sources)?,
            color: color(sources)?,
            log: read(sources, &LOG, "warn".to_owned(), filter)?,
            json_logs: read(sources, &JSON_LOGS, LogFormat::Text, log_format)?,
        })
    }
}

/// The value of a key by `parse`, or the default.
fn read<T>(
    sources: &Sources,
    key: &'static Key,
    default: T,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Setting<T>, SettingsError> {
    let Some((text, origin)) = sources.find(key) else {
        return Ok(Setting {
            value: default,
            origin: Origin::Default,
        });
    };
    match parse(&text) {
        Some(value) => Ok(Setting { value, origin }),
        None => Err(SettingsError::WrongValue {
            name: key.name,
            value: text,
            form: key.form,
            origin,
        }),
    }
}

/// A path in a settings file counts from that file's folder, any other from where one stands.
fn data_dir(sources: &Sources) -> Result<Setting<PathBuf>, SettingsError> {
    let Some((text, origin)) = sources.find(&DATA_DIR) else {
        let value = sources.folders.data().ok_or(SettingsError::NoDataDir)?;
        return Ok(Setting {
            value,
            origin: Origin::Default,
        });
    };
    let path = sources.folders.expand(&text);
    let value = match &origin {
        Origin::File(file) => file
            .parent()
            .map_or(path.clone(), |folder| folder.join(&path)),
        _ => path,
    };
    Ok(Setting { value, origin })
}

/// `NO_COLOR` (<https://no-color.org>) speaks after the flag and `AEGIS_COLOR`, before files.
fn color(sources: &Sources) -> Result<Setting<Color>, SettingsError> {
    let found = read(sources, &COLOR, Color::Auto, color_word)?;
    let asked = matches!(found.origin, Origin::Flag(_) | Origin::Env(_));
    if sources.folders.no_color && !asked {
        let origin = Origin::Env("NO_COLOR".to_owned());
        return Ok(Setting {
            value: Color::Never,
            origin,
        });
    }
    Ok(found)
}

fn color_word(text: &str) -> Option<Color> {
    [Color::Auto, Color::Always, Color::Never]
        .into_iter()
        .find(|color| color.word() == text)
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "true" | "1" => Some(LogFormat::Json),
        "false" | "0" => Some(LogFormat::Text),
        _ => None,
    }
}

/// A level, or `module=level`, several with commas.
fn filter(text: &str) -> Option<String> {
    let level = |word: &str| {
        let word = word.rsplit('=').next().unwrap_or_default().trim();
        ["off", "error", "warn", "info", "debug", "trace"].contains(&word)
    };
    text.split(',').all(level).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let home = Some(PathBuf::from("/home/kim"));
        Sources {
            folders: Folders {
                home,
                ..Folders::default()
            },
            ..Sources::default()
        }
    }

    fn file(path: &str, text: &str) -> SettingsFile {
        SettingsFile::parse(path.as_ref(), text).expect("a settings file")
    }

    #[test]
    fn the_nearest_source_speaks() {
        let mut sources = sources();
        let shown = |sources: &Sources| {
            let data_dir = Settings::resolve(sources).expect("settings").data_dir;
            format!("{} ({})", data_dir.value.display(), data_dir.origin)
        };
        assert_eq!(shown(&sources), "/home/kim/.local/share/aegis (default)");
        sources
            .files
            .push(file("/a/aegis.toml", "data_dir = 'data'\n"));
        sources
            .files
            .push(file("/b/aegis.toml", "data_dir = '/never'\n"));
        assert_eq!(shown(&sources), "/a/data (/a/aegis.toml)");
        sources.env.insert("AEGIS_DATA_DIR".into(), "~/x".into());
        assert_eq!(shown(&sources), "/home/kim/x (environment AEGIS_DATA_DIR)");
        sources.flags.insert("data_dir", "here".into());
        assert_eq!(shown(&sources), "here (flag --data-dir)");
    }

    #[test]
    fn without_a_home_the_data_folder_must_be_named() {
        assert_eq!(
            Settings::resolve(&Sources::default()),
            Err(SettingsError::NoDataDir)
        );
    }

    #[test]
    fn no_color_yields_to_who_asks_for_colour() {
        let mut sources = sources();
        sources.folders.no_color = true;
        sources
            .files
            .push(file("/a/aegis.toml", "color = 'always'\n"));
        let color = |sources: &Sources| Settings::resolve(sources).expect("settings").color.value;
        assert_eq!(color(&sources), Color::Never);
        sources.env.insert("AEGIS_COLOR".into(), "always".into());
        assert_eq!(color(&sources), Color::Always);
    }

    #[test]
    fn a_wrong_value_names_who_set_it() {
        for (name, value) in [
            ("AEGIS_LOG", "loud"),
            ("AEGIS_COLOR", "red"),
            ("AEGIS_JSON_LOGS", "si"),
        ] {
            let mut sources = sources();
            sources.env.insert(name.into(), value.into());
            let error = Settings::resolve(&sources)
                .expect_err("no value")
                .to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn log_filters_are_levels_by_module() {
        for good in ["info", "aegis=debug,warn", "off"] {
            assert!(filter(good).is_some(), "{good}");
        }
        assert!(filter("aegis=").is_none());
    }

    #[test]
    fn a_slip_in_the_environment_is_seen() {
        let mut sources = sources();
        sources.env.insert("AEGIS_DATADIR".into(), "/x".into());
        sources.env.insert("AEGIS_LOG".into(), "info".into());
        assert_eq!(sources.unknown_env().collect::<Vec<_>>(), ["AEGIS_DATADIR"]);
    }
}
