//! The file: made, opened, migrated, copied, and refused where it is not ours.

mod kit;

use aegis_memory::memory::FILE;
use aegis_memory::{Memory, MemoryError};
use aegis_model::outcome::Finding;
use aegis_model::recall::Standing;
use kit::{blame, claimed, cue, leak, rolled_back};

#[test]
fn what_is_kept_is_there_the_next_time_and_recalled_with_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let memory = Memory::open(folder.path()).expect("it opens");
        (0..40).for_each(|seed| {
            memory.keep(&rolled_back(seed)).expect("it is kept");
        });
    }
    let memory = Memory::open(folder.path()).expect("it opens again");
    let recalled = memory.recall(&cue()).expect("it answers");
    assert_eq!(recalled.episodes.len(), 8);
    assert!(recalled.episodes[0].score > 0.99);
    assert!(recalled.episodes[0].why.contains("by signature"));
    assert!((recalled.known - 40.0).abs() < 1e-9);
    let belief = &recalled.beliefs[0];
    assert_eq!(belief.cause, leak());
    assert!((belief.confirmed - 40.0).abs() < 1e-9 && belief.refuted.abs() < 1e-9);
    assert_eq!(recalled.rules.len(), 1, "five families of three worlds");
    assert!(recalled.rules[0].bound > 0.8, "{}", recalled.rules[0].why);
    assert!((recalled.worst.expect("it cost").lost - 3.25).abs() < 1e-12);
    assert_eq!(recalled.transitions.len(), 1);
    assert_eq!(recalled.transitions[0].to, None);
}

#[test]
fn a_copy_made_while_it_is_open_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = Memory::open(&folder.path().join("own")).expect("it opens");
    memory
        .keep(&claimed(1, leak(), Finding::Refuted))
        .expect("it is kept");
    std::fs::create_dir(folder.path().join("copy")).expect("a folder");
    memory
        .back_up(&folder.path().join("copy").join(FILE))
        .expect("it is copied");
    let copy = Memory::open(&folder.path().join("copy")).expect("it opens");
    assert_eq!(copy.digest().ok(), memory.digest().ok());
    let ban = kit::ban_on_leak(&copy).expect("forbidden there too");
    assert_eq!(ban.standing, Standing::Forbidden);
}

#[test]
fn what_is_no_memory_of_ours_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE);
    std::fs::write(&path, "no database, but long enough to look like something").expect("written");
    assert!(matches!(
        Memory::open(folder.path()),
        Err(MemoryError::Sqlite(_))
    ));
    let left = std::fs::read_to_string(&path).expect("readable");
    assert!(left.starts_with("no database"));
    let newer = tempfile::tempdir().expect("a folder");
    Memory::open(newer.path()).expect("it opens");
    let db = rusqlite::Connection::open(newer.path().join(FILE)).expect("it opens");
    db.pragma_update(None, "user_version", 99).expect("written");
    drop(db);
    assert!(matches!(
        Memory::open(newer.path()),
        Err(MemoryError::Newer { found: 99, .. })
    ));
}

#[test]
fn what_is_forgotten_is_gone_with_all_that_was_read_off_it() {
    let memory = Memory::transient().expect("it opens");
    for seed in 0..3 {
        memory.keep(&rolled_back(seed)).expect("it is kept");
    }
    let episodes = memory.recall(&cue()).expect("it answers").episodes;
    for episode in &episodes {
        memory.forget(&episode.id).expect("it is there");
    }
    let recalled = memory.recall(&cue()).expect("it answers");
    assert!(recalled.episodes.is_empty() && recalled.beliefs.is_empty());
    assert!(recalled.transitions.is_empty() && recalled.worst.is_none());
    assert!(memory.forget("0123").is_err());
}

#[test]
fn a_text_is_found_by_its_meaning_and_replaced_by_its_newer_version() {
    let memory = Memory::transient().expect("it opens");
    let runbook = "Carts are killed for memory: roll the deployment back.\n\n".repeat(3)
        + &"A certificate at the ingress expires: renew the secret. ".repeat(30);
    let parts = memory.add_text("runbook.md", &runbook).expect("it is kept");
    assert!(parts > 1);
    let found = memory
        .find_text("cart OOM killed memory", 1)
        .expect("it answers");
    assert!(found[0].text.body.contains("Carts"));
    let found = memory
        .find_text("renew certificates", 1)
        .expect("it answers");
    assert!(found[0].text.body.contains("certificate"));
    memory
        .add_text("runbook.md", "Nothing is left of it.")
        .expect("it is kept");
    let found = memory
        .find_text("renew certificates", 5)
        .expect("it answers");
    assert_eq!(found.len(), 1);
}

#[test]
fn a_blame_is_kept_by_its_place() {
    let memory = Memory::transient().expect("it opens");
    let store = blame("memory_leak", aegis_model::Role::Store);
    memory
        .keep(&claimed(1, store, Finding::Refuted))
        .expect("it is kept");
    assert_eq!(kit::ban_on_leak(&memory), None, "another place");
}
