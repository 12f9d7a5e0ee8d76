//! What every store of vectors must do.

use aegis_memory::embed::{Embedder, SPACE};
use aegis_memory::{Item, Kind, MemoryError, Space, Vectors};

fn item(id: &str, kind: Kind, text: &str) -> Item {
    Item {
        id: id.into(),
        kind,
        vector: Embedder.text(text),
    }
}

/// Holds that a store, which is empty, does all that is asked of one.
pub fn conforms(store: &dyn Vectors) {
    nothing_is_found_in_nothing(store);
    the_nearest_comes_first_and_kinds_are_kept_apart(store);
    the_same_id_is_replaced(store);
    many_are_found_exactly(store);
    spaces_are_never_mixed(store);
    what_does_not_fit_is_refused(store);
    what_is_removed_is_gone(store);
}

fn ids(store: &dyn Vectors, kind: Kind, text: &str, count: usize) -> Vec<String> {
    let hits = store
        .nearest(&SPACE, kind, &Embedder.text(text), count)
        .expect("it answers");
    for pair in hits.windows(2) {
        assert!(pair[0].score >= pair[1].score - 1e-6, "the nearest first");
    }
    hits.into_iter().map(|hit| hit.id.to_string()).collect()
}

fn nothing_is_found_in_nothing(store: &dyn Vectors) {
    assert_eq!(store.count(&SPACE).expect("it answers"), 0);
    assert!(ids(store, Kind::Text, "anything", 5).is_empty());
    store.remove(&SPACE, &["nobody".into()]).expect("no error");
}

fn the_nearest_comes_first_and_kinds_are_kept_apart(store: &dyn Vectors) {
    let items = [
        item("carts", Kind::Text, "carts are killed for memory"),
        item("tls", Kind::Text, "certificates expire at the ingress"),
        item("episode", Kind::Episode, "carts are killed for memory"),
    ];
    store.put(&SPACE, &items).expect("kept");
    assert_eq!(
        ids(store, Kind::Text, "memory of carts", 5),
        ["carts", "tls"]
    );
    assert_eq!(ids(store, Kind::Text, "ingress certificates", 1), ["tls"]);
    assert_eq!(ids(store, Kind::Episode, "memory of carts", 5), ["episode"]);
    let exact = store
        .nearest(&SPACE, Kind::Text, &items[0].vector, 1)
        .expect("it answers");
    assert!((exact[0].score - 1.0).abs() < 1e-4, "{exact:?}");
}

fn the_same_id_is_replaced(store: &dyn Vectors) {
    let before = store.count(&SPACE).expect("it answers");
    let again = item("tls", Kind::Text, "disks fill up with logs");
    store.put(&SPACE, &[again]).expect("kept");
    assert_eq!(store.count(&SPACE).expect("it answers"), before);
    assert_eq!(ids(store, Kind::Text, "full disks", 1), ["tls"]);
}

fn many_are_found_exactly(store: &dyn Vectors) {
    let text = |n: usize| format!("service {n} of cluster {} fails by cause {}", n % 7, n * n);
    let items: Vec<Item> = (0..300)
        .map(|n| item(&format!("many-{n}"), Kind::Text, &text(n)))
        .collect();
    store.put(&SPACE, &items).expect("kept");
    for n in [0, 17, 299] {
        assert_eq!(ids(store, Kind::Text, &text(n), 1), [format!("many-{n}")]);
    }
    assert_eq!(ids(store, Kind::Text, &text(1), 50).len(), 50);
    let all = store.ids(&SPACE).expect("it answers");
    assert_eq!(all.len() as u64, store.count(&SPACE).expect("it answers"));
    assert!(all.iter().any(|id| id == "many-299"));
}

fn spaces_are_never_mixed(store: &dyn Vectors) {
    let newer = Space {
        version: SPACE.version + 1,
        ..SPACE
    };
    let vector = Embedder.text("carts are killed for memory");
    let found = store
        .nearest(&newer, Kind::Text, &vector, 5)
        .expect("it answers");
    assert!(found.is_empty());
    let other = item("newer", Kind::Text, "carts are killed for memory");
    store.put(&newer, &[other]).expect("kept");
    assert_eq!(store.count(&newer).expect("it answers"), 1);
    assert!(!ids(store, Kind::Text, "carts are killed", 50).contains(&"newer".to_owned()));
}

fn what_does_not_fit_is_refused(store: &dyn Vectors) {
    let short = Item {
        id: "short".into(),
        kind: Kind::Text,
        vector: vec![1.0; 3],
    };
    let wrong = |why| matches!(why, MemoryError::Length { found: 3, .. });
    assert!(store.put(&SPACE, &[short]).is_err_and(wrong));
    let asked = store.nearest(&SPACE, Kind::Text, &[1.0; 3], 1);
    assert!(asked.is_err_and(wrong));
}

fn what_is_removed_is_gone(store: &dyn Vectors) {
    let before = store.count(&SPACE).expect("it answers");
    store
        .remove(&SPACE, &["carts".into(), "nobody".into()])
        .expect("removed");
    assert_eq!(store.count(&SPACE).expect("it answers"), before - 1);
    assert!(
        !ids(store, Kind::Text, "carts are killed for memory", 400).contains(&"carts".to_owned())
    );
}
