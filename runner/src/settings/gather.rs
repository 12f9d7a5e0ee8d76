//! What the environment and the disk say about settings.

use super::file::{FileError, SettingsFile};
use super::resolve::Sources;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where this user keeps things (XDG base directories,
/// <https://specifications.freedesktop.org/basedir-spec/latest/>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, where it is absolute.
    pub data_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, where it is absolute.
    pub config_home: Option<PathBuf>,
    /// Whether `NO_COLOR` is set and not empty.
    pub no_color: bool,
}

impl Folders {
    /// From the environment.
    #[must_use]
    pub fn from_env() -> Self {
        let path = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        Self {
            home: path("HOME"),
            data_home: path("XDG_DATA_HOME"),
            config_home: path("XDG_CONFIG_HOME"),
            no_color: env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        }
    }

    /// The default data folder.
    #[must_use]
    pub fn data(&self) -> Option<PathBuf> {
        self.under(self.data_home.as_ref(), ".local/share")
            .map(|base| base.join("aegis"))
    }

    /// The settings file of this user, whether it exists or not.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        self.under(self.config_home.as_ref(), ".config")
            .map(|base| base.join("aegis/aegis.toml"))
    }

    fn under(&self, base: Option<&PathBuf>, fallback: &str) -> Option<PathBuf> {
        let home = || self.home.as_ref().map(|home| home.join(fallback));
        base.cloned().or_else(home)
    }

    /// A path in which a leading `~/` stands for the home.
    #[must_use]
    pub fn expand(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        }
    }
}

impl Sources {
    /// Reads the environment, `aegis.toml` of the current folder and that of the user.
    ///
    /// # Errors
    /// A settings file that exists and cannot be used.
    pub fn gather(flags: BTreeMap<&'static str, String>) -> Result<Self, FileError> {
        let folders = Folders::from_env();
        let candidates = [Some(PathBuf::from("aegis.toml")), folders.config_file()];
        let mut files = Vec::new();
        for path in candidates.iter().flatten() {
            files.extend(file(path)?);
        }
        Ok(Self {
            flags,
            env: variables(),
            files,
            folders,
        })
    }
}

fn variables() -> BTreeMap<String, String> {
    let text = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    text.filter(|(name, _)| name.starts_with("AEGIS_"))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

/// A settings file; none where there is none.
fn file(path: &Path) -> Result<Option<SettingsFile>, FileError> {
    match fs::read_to_string(path) {
        Ok(text) => SettingsFile::parse(path, &text).map(Some),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(FileError::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_folders_go_before_the_home() {
        let mut folders = Folders {
            home: Some("/home/kim".into()),
            ..Folders::default()
        };
        assert_eq!(
            folders.config_file(),
            Some("/home/kim/.config/aegis/aegis.toml".into())
        );
        folders.config_home = Some("/etc/kim".into());
        folders.data_home = Some("/var/kim".into());
        assert_eq!(
            folders.config_file(),
            Some("/etc/kim/aegis/aegis.toml".into())
        );
        assert_eq!(folders.data(), Some("/var/kim/aegis".into()));
    }

    #[test]
    fn a_settings_file_that_is_a_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(file(&folder.path().join("aegis.toml")), Ok(None));
        assert!(file(folder.path()).is_err());
    }
}
