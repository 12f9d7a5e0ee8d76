//! The file: made, opened, migrated, copied, and refused where it is not ours.

mod kit;

use aegis_memory::embed::Embedder;
use aegis_memory::memory::FILE;
use aegis_memory::{Embeds, Memory, MemoryError, Onset, Record, Space};
use aegis_model::outcome::Finding;
use aegis_model::recall::{Arm, Stage, Standing};
use aegis_model::{Cue, Role, Signature, SignaturePart, SymptomKind};
use kit::{blame, claimed, cue, leak, leaking, rolled_back};

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
fn what_rules_are_worth_is_what_incidents_cost_with_them_and_without() {
    let memory = Memory::transient().expect("it opens");
    for seed in 0..20 {
        let held_out = seed % 5 == 0;
        let record = Record {
            arm: if held_out { Arm::HeldOut } else { Arm::Used },
            lost: if held_out { 4.0 } else { 1.5 },
            ..rolled_back(seed)
        };
        memory.keep(&record).expect("it is kept");
    }
    let rules = memory.all_rules().expect("readable");
    let (used, held_out) = (rules[0].used, rules[0].held_out);
    assert_eq!((used.incidents, held_out.incidents), (16, 4));
    assert!((used.lost - 1.5).abs() < 1e-12 && (held_out.lost - 4.0).abs() < 1e-12);
}

/// An embedder that puts everything into a narrow cone, as some models do: whatever it is given lies near.
struct Cone;

impl Embeds for Cone {
    fn embed(&self, texts: &[&str]) -> Result<(Space, Vec<Vec<f32>>), String> {
        let (space, vectors) = Embedder.embed(texts)?;
        let aside = |vector: Vec<f32>| {
            let (own, common) = (0.6_f32, 0.8);
            let own = vector.into_iter().map(|number| own * number);
            own.chain([common]).collect()
        };
        let space = Space {
            embedder: "cone".into(),
            dimensions: space.dimensions + 1,
            ..space
        };
        Ok((space, vectors.into_iter().map(aside).collect()))
    }

    fn name(&self) -> &'static str {
        "cone"
    }
}

#[test]
fn what_is_near_is_measured_by_what_an_embedder_gives_to_texts_that_have_nothing_in_common() {
    for embedder in [Box::new(Embedder) as Box<dyn Embeds>, Box::new(Cone)] {
        let name = embedder.name().to_owned();
        let memory = Memory::transient()
            .expect("it opens")
            .embedding_by(embedder);
        for (origin, text) in [
            (
                "carts.md",
                "A container that is OOMKilled, killed for memory: roll back what makes it restart.",
            ),
            (
                "canteen.md",
                "On Thursdays the canteen serves fish; vegetables are always there too.",
            ),
        ] {
            memory.add_text(origin, text).expect("it is kept");
        }
        let recalled = memory.recall(&cue()).expect("it answers");
        let origins: Vec<&str> = recalled
            .passages
            .iter()
            .map(|passage| passage.origin.as_str())
            .collect();
        assert_eq!(origins, ["carts.md"], "{name}: {:?}", recalled.passages);
    }
}

/// What it looks like when the leak begins to be seen, and nothing is missed yet.
fn begins() -> Signature {
    Signature(vec![SignaturePart {
        kind: SymptomKind::Memory,
        role: Role::Middle,
        rank: 1,
    }])
}

#[test]
fn an_onset_is_answered_by_what_mended_the_incidents_that_onsets_like_it_became() {
    let memory = Memory::transient().expect("it opens");
    let at_onset = Cue {
        stage: Stage::Onset,
        signature: begins(),
        ..cue()
    };
    let mut onset = Onset {
        source: "".into(),
        log: "".into(),
        at: 45,
        signature: begins(),
        followed: true,
        acted: false,
        incidents: Vec::new(),
    };
    for seed in 0..12 {
        let record = rolled_back(seed);
        memory.keep(&record).expect("it is kept");
        onset.log = record.log.clone();
        memory.keep_onset(&onset).expect("it is kept");
    }
    let recalled = memory.recall(&at_onset).expect("it answers");
    assert!(
        recalled.rules.is_empty(),
        "nothing says what these onsets became"
    );
    onset.incidents.push(0);
    for seed in 0..12 {
        onset.log = rolled_back(seed).log;
        memory.keep_onset(&onset).expect("it is kept");
    }
    let recalled = memory.recall(&at_onset).expect("it answers");
    assert_eq!(recalled.rules.len(), 1);
    assert_eq!(recalled.rules[0].cause, leak());
    let precursor = recalled.precursor.expect("seen before");
    assert!(precursor.bound > 0.8, "{precursor:?}");
    let other = Cue {
        signature: leaking(),
        ..at_onset
    };
    let recalled = memory.recall(&other).expect("it answers");
    assert!(recalled.rules.is_empty(), "no onset looked like that");
}

#[test]
fn a_blame_is_kept_by_its_place() {
    let memory = Memory::transient().expect("it opens");
    let store = blame("memory_leak", Role::Store);
    memory
        .keep(&claimed(1, store, Finding::Refuted))
        .expect("it is kept");
    assert_eq!(kit::ban_on_leak(&memory), None, "another place");
}
