//! How the binary ends when the world around it does.

use crate::kit::Place;
use std::fs::File;
use std::process::Stdio;

#[test]
fn a_closed_pipe_is_quiet() {
    for line in ["explain", "completions bash", "--help", ""] {
        let place = Place::new();
        let mut command = place.command(line);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let place = Place::new();
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let output = place
        .command("explain")
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"));
}
