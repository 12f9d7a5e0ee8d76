//! A writer is killed in the middle of writing, again and again: nothing that it was told is kept is lost,
//! and what is there is whole. Two processes write to one memory.
//!
//! 20 kills; `AEGIS_SOAK` set makes them 200.

mod kit;

use aegis_memory::Memory;
use kit::{cue, record, rolled_back};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Set in the environment of a writer: the folder to write to, and where its seeds begin.
const WRITER: &str = "AEGIS_TEST_WRITER";

/// Not a test of its own: what a child process runs. Writes until it is killed, and tells each id once it is
/// acknowledged.
#[test]
fn writer() {
    let Ok(task) = std::env::var(WRITER) else {
        return;
    };
    let (from, folder) = task.split_once(' ').expect("a number and a folder");
    let from: u64 = from.parse().expect("a number");
    let memory = Memory::open(Path::new(folder)).expect("it opens");
    let mut out = std::io::stdout().lock();
    writeln!(out).expect("the parent listens");
    for seed in from.. {
        let record = if seed % 3 == 0 {
            rolled_back(seed)
        } else {
            record(seed)
        };
        memory.keep(&record).expect("it is kept");
        memory
            .add_text(
                &format!("note {}", seed % 7),
                &format!("text {seed} of the writer"),
            )
            .expect("it is kept");
        writeln!(out, "kept {seed}").expect("the parent listens");
        out.flush().expect("the parent listens");
    }
}

fn start(folder: &Path, from: u64) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["writer", "--exact", "--nocapture", "--test-threads=1"])
        .env(WRITER, format!("{from} {}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Seeds that a writer was told are kept, until it was killed after this many.
fn killed_after(mut child: Child, count: usize, jitter: Duration) -> Vec<u64> {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let seed = |line: &str| {
        line.rsplit_once("kept ")
            .and_then(|(_, seed)| seed.parse::<u64>().ok())
    };
    let mut kept = Vec::new();
    while kept.len() < count {
        let line = lines.next().expect("it goes on").expect("text");
        kept.extend(seed(&line));
    }
    std::thread::sleep(jitter);
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    // What it said before it was killed was said after it was kept.
    kept.extend(lines.map_while(Result::ok).filter_map(|line| seed(&line)));
    kept
}

fn kept(memory: &Memory) -> BTreeSet<u64> {
    let mut out = Vec::new();
    memory.export(&mut out).expect("it is written");
    let text = String::from_utf8(out).expect("text");
    let episodes =
        text.lines().filter_map(
            |line| match aegis_memory::exchange::parse(line).expect("whole") {
                aegis_memory::exchange::Line::Episode(record) => Some(record.seed),
                _ => None,
            },
        );
    episodes.collect()
}

#[test]
fn nothing_acknowledged_is_lost_when_writers_are_killed() {
    let kills = if std::env::var_os("AEGIS_SOAK").is_some() {
        200
    } else {
        20
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut told = BTreeSet::new();
    for kill in 0..kills {
        let child = start(folder.path(), kill * 100_000);
        let jitter = Duration::from_micros(kill * 7_919 % 20_000);
        told.extend(killed_after(child, 1 + kill as usize % 4, jitter));
        let memory = Memory::open(folder.path()).expect("it is whole");
        let there = kept(&memory);
        let lost: Vec<_> = told.difference(&there).collect();
        assert!(lost.is_empty(), "lost after kill {kill}: {lost:?}");
        let recalled = memory.recall(&cue()).expect("it answers");
        assert!(!recalled.episodes.is_empty());
    }
    println!("{kills} kills, {} acknowledged, none lost", told.len());
}

#[test]
fn two_processes_share_a_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::open(folder.path()).expect("it opens");
    let (one, two) = (start(folder.path(), 0), start(folder.path(), 1_000_000));
    let of_two = std::thread::spawn(move || killed_after(two, 10, Duration::ZERO));
    let mut told: BTreeSet<u64> = killed_after(one, 10, Duration::ZERO).into_iter().collect();
    told.extend(of_two.join().expect("it ends"));
    let memory = Memory::open(folder.path()).expect("it is whole");
    assert!(told.is_subset(&kept(&memory)));
    assert!(told.len() >= 20);
}
