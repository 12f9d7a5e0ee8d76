//! A folder of its own for each test, and the binary run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with nothing around it: no settings, no home, no runs.
pub struct Place {
    folder: TempDir,
}

/// What a command left.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file")
    }

    /// The binary with arguments that no space divides, ready to be run.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
        command
            .args(line.split_whitespace())
            .current_dir(self.path())
            .env_clear();
        command
            .env("HOME", self.path().join("home"))
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &str) -> Answer {
        Answer::of(self.command(line).output().expect("the binary runs"))
    }

    pub fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Answer {
        let mut command = self.command(line);
        Answer::of(
            command
                .envs(variables.iter().copied())
                .output()
                .expect("the binary runs"),
        )
    }

    /// With a text on standard input.
    pub fn feed(&self, line: &str, text: &str) -> Answer {
        let mut command = self.command(line);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        // It may end before it has read all of it.
        let _ = pipe.write_all(text.as_bytes());
        drop(pipe);
        Answer::of(child.wait_with_output().expect("it ends"))
    }
}

impl Answer {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    #[track_caller]
    pub fn ends(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(
                self.out.contains(word),
                "`{word}` is not on standard output: {self:#?}"
            );
        }
        self
    }

    #[track_caller]
    pub fn complains(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(
                self.err.contains(word),
                "`{word}` is not on standard error: {self:#?}"
            );
        }
        assert!(!self.err.contains("defect of aegis"), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
