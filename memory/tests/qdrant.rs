//! A Qdrant server as the second store of vectors: the same suite, the same recall, and what comes of its loss.
//!
//! Its own gRPC interface is served in this process over exact neighbours; `AEGIS_TEST_QDRANT_URL` names a real
//! server for the test that is ignored without one.

mod kit;
mod served;
mod suite;

use aegis_memory::embed::{Embedder, SPACE};
use aegis_memory::vectors::{Address, Qdrant};
use aegis_memory::{Item, Kind, Memory, MemoryError, Record, Vectors};
use aegis_model::outcome::Finding;
use aegis_model::{Cue, Role, SignaturePart, SymptomKind};
use kit::{claimed, cue, leak, record, rolled_back};
use served::Served;

fn connected(url: &str, identity: &str) -> Qdrant {
    let address: Address = url.parse().expect("an address");
    Qdrant::connect(&address, None, identity).expect("it answers")
}

fn on(memory: Memory, served: &Served) -> Memory {
    let store = connected(&served.url(), memory.identity());
    memory
        .searched_on(Box::new(store))
        .expect("it is brought into step")
}

#[test]
fn the_store_on_a_server_conforms() {
    let served = Served::start();
    suite::conforms(&connected(&served.url(), "one"));
    let names = served.engine.names();
    assert_eq!(names.len(), 2, "a collection for each space: {names:?}");
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("aegis1-aegis-hash-"))
    );
    assert_eq!(served.engine.indexed(&names[0]), ["memory", "kind", "id"]);
}

#[test]
#[ignore = "needs a Qdrant server at AEGIS_TEST_QDRANT_URL"]
fn a_real_server_conforms() {
    let url = std::env::var("AEGIS_TEST_QDRANT_URL").expect("qdrant://HOST:6334");
    let identity = format!("test-{}", std::process::id());
    let store = connected(&url, &identity);
    suite::conforms(&store);
    let newer = aegis_memory::Space {
        version: SPACE.version + 1,
        ..SPACE
    };
    for space in [SPACE, newer] {
        let ids = store.ids(&space).expect("it answers");
        store.remove(&space, &ids).expect("removed");
    }
}

/// Incidents of many looks, some of them others'.
fn keep_many(memory: &Memory) {
    use SymptomKind::{Errors, Latency, NotReady, OomKilled, Restarts};
    for seed in 0..60_u64 {
        let mut one = if seed % 3 == 0 {
            rolled_back(seed)
        } else {
            record(seed)
        };
        for bit in 0..3 {
            let kind = [Errors, Latency, NotReady, OomKilled, Restarts][(seed as usize + bit) % 5];
            let role = [Role::Store, Role::Cache, Role::Leaf][(seed as usize / 5 + bit) % 3];
            if seed >> bit & 1 == 1 {
                one.signature.0.push(SignaturePart {
                    kind,
                    role,
                    rank: 2,
                });
            }
        }
        memory.keep(&one).expect("it is kept");
    }
    memory
        .keep(&claimed(99, leak(), Finding::Refuted))
        .expect("it is kept");
    let runbook = "Carts are OOMKilled: raise the limit or roll back.";
    memory.add_text("runbook.md", runbook).expect("it is kept");
}

fn cues() -> Vec<Cue> {
    let mut late = cue();
    late.signature.0.push(SignaturePart {
        kind: SymptomKind::Latency,
        role: Role::Leaf,
        rank: 3,
    });
    let mut short = cue();
    short.signature.0.truncate(2);
    vec![cue(), late, short]
}

#[test]
fn a_memory_recalls_the_same_from_the_file_and_from_a_server() {
    let served = Served::start();
    let (own, other) = (
        Memory::transient().expect("it opens"),
        on(Memory::transient().expect("it opens"), &served),
    );
    keep_many(&own);
    keep_many(&other);
    let ids = |memory: &Memory| -> Vec<Record> { memory.records().expect("readable") };
    let source = |mut record: Record| {
        record.source = "".into();
        record.id = "".into();
        record
    };
    let same = ids(&own)
        .into_iter()
        .map(source)
        .eq(ids(&other).into_iter().map(source));
    assert!(same, "the same incidents");
    for cue in cues() {
        let (mut a, mut b) = (
            own.recall(&cue).expect("it answers"),
            other.recall(&cue).expect("it answers"),
        );
        assert!(!a.passages.is_empty(), "the runbook is near");
        // An episode's id has the memory in it that wrote it.
        let bare = |recalled: &mut aegis_model::Recalled| {
            recalled
                .episodes
                .iter_mut()
                .for_each(|one| one.id = "".into());
        };
        bare(&mut a);
        bare(&mut b);
        assert_eq!(a, b);
    }
    assert_eq!(other.lost(), None);
}

#[test]
fn memories_share_a_server_and_see_only_their_own() {
    let served = Served::start();
    let one = on(Memory::transient().expect("it opens"), &served);
    let two = on(Memory::transient().expect("it opens"), &served);
    one.add_text("a.md", "Carts are killed for memory.")
        .expect("kept");
    two.add_text("b.md", "Carts are killed for memory.")
        .expect("kept");
    for (memory, origin) in [(&one, "a.md"), (&two, "b.md")] {
        let found = memory.find_text("carts memory", 5).expect("it answers");
        let origins: Vec<&str> = found.iter().map(|one| one.text.origin.as_str()).collect();
        assert_eq!(origins, [origin]);
    }
    assert_eq!(served.engine.names().len(), 1);
}

#[test]
fn the_loss_of_the_server_is_said_and_nothing_is_lost_by_it() {
    let mut served = Served::start();
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Memory::open(folder.path()).expect("it opens");
    let memory = on(open(), &served);
    keep_many(&memory);
    let before = memory.recall(&cue()).expect("it answers");
    assert_eq!(before.failed, None);
    served.stop();
    let after = memory.recall(&cue()).expect("it answers");
    assert!(
        after
            .failed
            .as_ref()
            .is_some_and(|why| why.contains("vector server")),
        "{after:?}"
    );
    assert_eq!(
        (&after.episodes, &after.passages),
        (&before.episodes, &before.passages)
    );
    // Kept and forgotten while it is away.
    memory.keep(&rolled_back(500)).expect("it is kept");
    let gone = before.episodes[0].id.clone();
    memory.forget(&gone).expect("it is there");
    drop(memory);
    let again = Served::over(served.engine.clone(), served.address);
    let memory = on(open(), &again);
    let store = connected(&again.url(), memory.identity());
    let there = store.ids(&SPACE).expect("it answers");
    assert_eq!(
        there.len(),
        61 + 1 + 1 - 1,
        "all incidents and the runbook's part"
    );
    assert!(!there.contains(&gone));
    assert_eq!(memory.recall(&cue()).expect("it answers").failed, None);
}

#[test]
fn a_server_that_is_not_there_and_a_collection_that_is_another_s_are_said() {
    let mut served = Served::start();
    let item = Item {
        id: "one".into(),
        kind: Kind::Text,
        vector: Embedder.text("one"),
    };
    let store = connected(&served.url(), "one");
    store
        .put(&SPACE, std::slice::from_ref(&item))
        .expect("kept");
    served.engine.make(&served.engine.names()[0], 7);
    let fresh = connected(&served.url(), "one");
    let why = fresh.put(&SPACE, &[item]).expect_err("it does not fit");
    assert!(why.to_string().contains("256 numbers"), "{why}");
    served.stop();
    let address: Address = served.url().parse().expect("an address");
    let Err(why) = Qdrant::connect(&address, None, "one") else {
        panic!("nobody is there");
    };
    assert!(matches!(why, MemoryError::Server(_)));
    assert!(why.to_string().contains("no Qdrant answers at"), "{why}");
    for wrong in [
        "localhost:6334",
        "qdrant://localhost",
        "qdrant://:6334",
        "qdrant://h:port",
    ] {
        assert!(wrong.parse::<Address>().is_err(), "{wrong}");
    }
}

#[test]
fn an_import_is_brought_to_the_server() {
    let served = Served::start();
    let own = Memory::transient().expect("it opens");
    keep_many(&own);
    let mut export = Vec::new();
    own.export(&mut export).expect("written");
    let mut other = on(Memory::transient().expect("it opens"), &served);
    let learn = aegis_memory::exchange::Purpose::Learn;
    other
        .import(&mut export.as_slice(), learn, &|_| true)
        .expect("it is read");
    let found = other
        .find_text("carts are OOMKilled", 1)
        .expect("it answers");
    assert_eq!(found[0].text.origin, "runbook.md");
    let store = connected(&served.url(), other.identity());
    assert_eq!(store.count(&SPACE).expect("it answers"), 62);
}
