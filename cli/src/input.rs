//! What a user names: a file, `-` for standard input, or a scenario that the binary carries.
//!
//! Every text that is read is kept, so that an error can point into it.

use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::to_stderr;
use crate::paint::Paint;
use crate::problems::{self, Texts};
use aegis_kube::spelling::nearest;
use aegis_kube::{Diagnostic, Document};
use aegis_runner::store::Source;
use aegis_scenario::load::{self, load, load_taken};
use aegis_scenario::{Loaded, bundled};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, stdin};
use std::path::Path;

/// What standard input is called in errors.
pub const STDIN: &str = "stdin";

/// How a scenario's text is read.
type Load = fn(&str, &str, &load::Files<'_>) -> Result<Loaded, Vec<Diagnostic>>;

/// Reads what a command is given.
#[derive(Debug, Default)]
pub struct Reader {
    texts: RefCell<Texts>,
}

/// A text with the name that errors give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its path; [`STDIN`] for standard input.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Why there is nothing to work with.
#[derive(Debug)]
pub enum Refusal {
    /// It cannot be read at all.
    Unread(Failure),
    /// It was read and is wrong.
    Wrong(Vec<Diagnostic>),
}

impl Reader {
    /// Reads and checks a scenario.
    pub fn scenario(&self, given: &str) -> Result<Loaded, Refusal> {
        self.scenario_by(given, load)
    }

    /// The same with what the API server takes of its manifests.
    pub fn scenario_taken(&self, given: &str) -> Result<Loaded, Refusal> {
        self.scenario_by(given, load_taken)
    }

    fn scenario_by(&self, given: &str, load: Load) -> Result<Loaded, Refusal> {
        let named = self.open(given)?;
        let from_disk = given == "-" || bundled::find(given).is_none() || Path::new(given).exists();
        let files = |path: &str| {
            if from_disk {
                self.file(path)
            } else {
                self.carried(path)
            }
        };
        load(&named.name, &named.text, &files).map_err(Refusal::Wrong)
    }

    /// The text that a user means.
    pub fn open(&self, given: &str) -> Result<Named, Refusal> {
        if given == "-" {
            // It can be read but once.
            if let Some(text) = self.texts.borrow().get(STDIN) {
                return Ok(Named {
                    name: STDIN.to_owned(),
                    text: text.clone(),
                });
            }
            return self.decoded(STDIN, read_all(stdin().lock()));
        }
        let path = Path::new(given);
        if path.is_file() || path.exists() && !path.is_dir() {
            return self.decoded(given, File::open(path).and_then(read_all));
        }
        match bundled::find(given) {
            Some(found) => Ok(self.keep(found.path, found.text)),
            None => Err(Refusal::Unread(unknown(given, path))),
        }
    }

    /// The documents of files, folders, standard input (`-`), in that order.
    pub fn manifests(&self, given: &[String]) -> Result<Vec<Document>, Refusal> {
        let mut documents = Vec::new();
        for path in given {
            let folder = Path::new(path);
            if folder.is_dir() {
                documents.extend(self.folder(folder)?);
            } else {
                let named = self.open(path)?;
                documents.extend(read(&named).map_err(Refusal::Wrong)?);
            }
        }
        Ok(documents)
    }

    fn folder(&self, folder: &Path) -> Result<Vec<Document>, Refusal> {
        let unread = |error: io::Error| {
            Failure::usage(format!("{} cannot be read: {error}", folder.display()))
        };
        let found = folder::look(folder, folder::MANIFESTS)
            .map_err(|error| Refusal::Unread(unread(error)))?;
        if let Some((path, made_by)) = found.recipes.first() {
            let what = format!("{} says how manifests are made; it is none", path.display());
            let within = path.parent().unwrap_or(folder).display();
            let help = format!("{made_by} {within} | aegis import -");
            return Err(Refusal::Unread(Failure::usage(what).help(help)));
        }
        let (mut documents, mut problems) = (Vec::new(), Vec::new());
        for path in &found.files {
            match read(&self.open(&path.display().to_string())?) {
                Ok(more) => documents.extend(more),
                Err(more) if more.iter().all(is_no_object) => said_skipped(path),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            Ok(documents)
        } else {
            Err(Refusal::Wrong(problems))
        }
    }

    /// Texts of tables: files, and every `*.csv` of folders.
    ///
    /// # Errors
    /// A path that cannot be read; a folder without tables.
    pub fn tables(&self, given: &[String]) -> Result<Vec<Named>, Refusal> {
        let mut tables = Vec::new();
        for path in given {
            let folder = Path::new(path);
            if !folder.is_dir() {
                tables.push(self.open(path)?);
                continue;
            }
            let found = folder::look(folder, folder::TABLES).map_err(|error| {
                Refusal::Unread(Failure::usage(format!("{path} cannot be read: {error}")))
            })?;
            if found.files.is_empty() {
                let what = format!("there is no *.csv in {path}");
                let help = "tables come packed as *.csv.gz: `gunzip` them first";
                return Err(Refusal::Unread(Failure::usage(what).help(help)));
            }
            for file in &found.files {
                tables.push(self.open(&file.display().to_string())?);
            }
        }
        Ok(tables)
    }

    /// The scenario that was read, with all that it includes, to be kept.
    pub fn source(&self, given: &str) -> Option<Source> {
        let named = self.open(given).ok()?;
        let texts = self.texts.borrow();
        let texts = texts
            .iter()
            .map(|(name, text)| (name.clone(), text.clone()));
        Some(Source::new(&named.name, texts.collect()))
    }

    /// The texts of a scenario that was kept, so that errors can point into them.
    pub fn kept(source: &Source) -> Self {
        let reader = Self::default();
        for (name, text) in &source.texts {
            reader.keep(name, text);
        }
        reader
    }

    /// BLAKE3 over all texts that were read, whatever they are called and wherever they lie.
    pub fn digest(&self) -> String {
        let texts = self.texts.borrow();
        let mut hashes: Vec<[u8; 32]> = texts
            .values()
            .map(|text| *blake3::hash(text.as_bytes()).as_bytes())
            .collect();
        hashes.sort_unstable();
        blake3::hash(&hashes.concat()).to_hex().to_string()
    }

    /// Problems on standard error, each pointing into its text.
    pub fn show(&self, problems: &[Diagnostic], paint: Paint) {
        problems::show(problems, &self.texts.borrow(), paint);
    }

    /// The failure behind a refusal; what is wrong is shown on the way.
    pub fn refuse(&self, refusal: Refusal, paint: Paint) -> Failure {
        match refusal {
            Refusal::Unread(failure) => failure,
            Refusal::Wrong(problems) => {
                self.show(&problems, paint);
                Failure::Told(Exit::Usage)
            }
        }
    }

    /// A file that a scenario names; the manifests that the binary carries are at hand everywhere.
    fn file(&self, path: &str) -> Option<String> {
        let read = File::open(path)
            .and_then(read_all)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match read {
            Some(text) => Some(self.keep(path, &text).text),
            None => self.carried(&carried_path(path)?),
        }
    }

    fn carried(&self, path: &str) -> Option<String> {
        let text = bundled::file(path)?;
        Some(self.keep(path, &text).text)
    }

    fn keep(&self, name: &str, text: &str) -> Named {
        self.texts
            .borrow_mut()
            .insert(name.to_owned(), text.to_owned());
        Named {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    fn decoded(&self, name: &str, read: io::Result<Vec<u8>>) -> Result<Named, Refusal> {
        let unread = |error: io::Error| {
            Refusal::Unread(Failure::usage(format!("{name} cannot be read: {error}")))
        };
        let text = String::from_utf8(read.map_err(unread)?);
        text.map(|text| self.keep(name, &text))
            .map_err(|error| Refusal::Wrong(not_text(name, error.as_bytes())))
    }
}

fn read(named: &Named) -> Result<Vec<Document>, Vec<Diagnostic>> {
    aegis_kube::read(&named.name, &named.text).map_err(|errors| load::shown(&errors))
}

/// Whether a document is something else than an object: a values file, a compose file.
fn is_no_object(problem: &Diagnostic) -> bool {
    problem.code == aegis_kube::codes::Code::NotAnObject.name()
}

fn said_skipped(path: &Path) {
    to_stderr(&format!(
        "skipped {}: it holds no Kubernetes object\n",
        path.display()
    ));
}

/// What is wrong with bytes that are no text.
fn not_text(name: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    let errors = aegis_kube::read_bytes(name, bytes)
        .err()
        .unwrap_or_default();
    load::shown(&errors)
}

/// All bytes, or one more than an input may have.
fn read_all(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(aegis_kube::read::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `…/manifests/online-boutique.yaml`, wherever it is asked for, as the binary carries it.
fn carried_path(path: &str) -> Option<String> {
    let end = path
        .rsplit_once("manifests/")
        .map(|(_, file)| format!("manifests/{file}"))?;
    let found = bundled::MANIFESTS
        .iter()
        .find(|carried| carried.path.ends_with(&format!("/{end}")))?;
    Some(found.path.to_owned())
}

fn unknown(given: &str, path: &Path) -> Failure {
    if path.is_dir() {
        return Failure::usage(format!(
            "{given} is a folder; a file or a scenario's name belongs here"
        ));
    }
    let looks_like_a_file = given.contains(['/', '\\']) || path.extension().is_some();
    if looks_like_a_file {
        return Failure::usage(format!("there is no file {given}"));
    }
    let names = bundled::SCENARIOS.iter().map(bundled::Bundled::name);
    let near = nearest(given, names).map(|near| format!("did you mean `{near}`? "));
    let help = format!(
        "{}`aegis scenario list` shows all names",
        near.unwrap_or_default()
    );
    Failure::usage(format!("there is no scenario and no file named `{given}`")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(given: &str) -> String {
        match Reader::default().open(given) {
            Err(Refusal::Unread(Failure::Said(said))) => said.render(Paint::Plain),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_bundled_scenario_loads_by_its_name() {
        for carried in bundled::SCENARIOS {
            let loaded = Reader::default()
                .scenario(carried.name())
                .map_err(|refusal| format!("{refusal:?}"));
            assert_eq!(
                loaded
                    .map(|loaded| loaded.scenario.metadata.name)
                    .as_deref(),
                Ok(carried.name())
            );
        }
    }

    #[test]
    fn what_is_not_there_is_said_as_what_it_looks_like() {
        assert!(refused("online-boutique-omm").contains("did you mean `online-boutique-oom`"));
        assert!(refused("a/b").starts_with("error: there is no file a/b"));
        assert!(refused("x.yaml").contains("no file"));
        assert!(refused("/").contains("is a folder"));
    }

    #[test]
    fn bundled_manifests_are_at_hand_everywhere() {
        let found = carried_path("/tmp/manifests/sock-shop.yaml");
        assert_eq!(found.as_deref(), Some("scenarios/manifests/sock-shop.yaml"));
        assert_eq!(carried_path("sock-shop.yaml"), None);
        assert_eq!(carried_path("manifests/other.yaml"), None);
    }
}
