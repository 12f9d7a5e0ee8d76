//! Runs every command that the documentation shows.
//!
//! In README.md and docs/, a line `$ aegis …` inside a block that opens with `console` is run by the
//! built binary, a page at a time and from top to bottom, in an empty folder that has `scenarios`
//! beside it. It must end with 0, or with N where the line closes with `# exit N`. A line that ends
//! in a backslash goes on. What a command prints is not compared: transcripts may be shortened.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Debug, PartialEq, Eq)]
struct Example {
    line: usize,
    command: String,
    exit: i32,
}

/// The commands of a page.
fn examples(page: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        match line.trim() {
            "```console" => inside = true,
            fence if fence.starts_with("```") => inside = false,
            said if inside && said.starts_with("$ aegis") => {
                let mut command = said[2..].to_owned();
                while command.ends_with('\\') {
                    command.pop();
                    command += lines.next().map_or("", |(_, line)| line.trim());
                }
                found.push(example(index + 1, &command));
            }
            _ => {}
        }
    }
    found
}

fn example(line: usize, command: &str) -> Example {
    let (command, exit) = command.rsplit_once("# exit ").unwrap_or((command, "0"));
    Example {
        line,
        command: command.trim().to_owned(),
        exit: exit.trim().parse().expect("`# exit N` names a number"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn pages(folder: &Path, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            pages(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "md") {
            found.insert(path);
        }
    }
    Ok(())
}

/// An empty folder for the commands of one page.
fn folder(page: usize) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("docs-{page}"));
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&folder)?,
    }
    symlink(root().join("scenarios"), folder.join("scenarios"))?;
    Ok(folder)
}

/// What is wrong with an example, if anything is.
fn run(example: &Example, folder: &Path) -> io::Result<Option<String>> {
    let binary = Path::new(env!("CARGO_BIN_EXE_aegis"));
    let beside = binary.parent().unwrap_or(folder).display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &example.command])
        .current_dir(folder)
        .env("PATH", format!("{beside}:{path}"))
        .env("AEGIS_DATA_DIR", folder.join("data"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()?;
    let wrong = output.status.code() != Some(example.exit);
    Ok(wrong.then(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("{}, expected exit {}\n{said}", output.status, example.exit)
    }))
}

#[test]
fn every_command_in_the_documentation_works() -> io::Result<()> {
    let mut found = BTreeSet::from([root().join("README.md")]);
    pages(&root().join("docs"), &mut found)?;
    let (mut ran, mut wrong) = (0, Vec::new());
    for (number, page) in found.iter().enumerate() {
        let examples = examples(&fs::read_to_string(page)?);
        let folder = folder(number)?;
        for example in &examples {
            ran += 1;
            if let Some(what) = run(example, &folder)? {
                let place = format!("{}:{}", page.display(), example.line);
                wrong.push(format!("{place}: {}\n{what}", example.command));
            }
        }
    }
    println!("{ran} commands of {} pages", found.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 0, "the documentation shows no command");
    Ok(())
}

#[test]
fn commands_are_told_from_what_they_print() {
    let page = "$ aegis outside\n```console\n$ aegis a \\\n    --b 'c d'\nsaid\n$ ls\n$ aegis run x # exit 1\n```\n```\n$ aegis no\n```\n";
    let expected = [(3, "aegis a --b 'c d'", 0), (7, "aegis run x", 1)];
    let expected = expected.map(|(line, command, exit)| Example {
        line,
        command: command.to_owned(),
        exit,
    });
    assert_eq!(examples(page), expected);
}
