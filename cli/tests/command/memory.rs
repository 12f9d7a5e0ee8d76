//! `aegis memory`, and runs with one: what is remembered, shown, carried elsewhere, and forgotten.

use crate::kit::Place;
use serde_json::Value;

const OOM: &str = include_str!("../../../scenarios/smoke/online-boutique-oom.yaml");

/// The out-of-memory incident, cut short.
fn scenario(place: &Place) {
    let text = OOM.replace("duration: 20m", "duration: 8m");
    let lines = text.lines().filter(|line| !line.contains("{at: 9m"));
    let text: Vec<&str> = lines.collect();
    place.write(
        "oom.yaml",
        &text.join("\n").replace("../manifests", "manifests"),
    );
}

fn listed(place: &Place, what: &str) -> Value {
    let answer = place.run(&format!("memory list {what} --memory own -o json"));
    answer.ends(0);
    answer.json()
}

fn items(place: &Place, what: &str) -> Vec<Value> {
    let listed = listed(place, what);
    listed["items"].as_array().expect("a list").clone()
}

#[test]
fn a_run_leaves_its_incidents_and_the_next_one_says_what_it_remembers() {
    let place = Place::new();
    scenario(&place);
    let first = place.run("run oom.yaml --memory own --out one");
    assert!(matches!(first.code, Some(0 | 1)), "{first:#?}");
    first.complains(&["remember"]);
    let episodes = items(&place, "");
    assert!(!episodes.is_empty());
    place
        .run("memory list --memory own")
        .ends(0)
        .says(&["CAUSE", "KNOWN BY", "truth"]);
    let id = episodes[0]["id"].as_str().expect("an id");
    place
        .run(&format!("memory show {} --memory own", &id[..6]))
        .ends(0)
        .says(&[id]);
    for what in ["beliefs", "rules", "bans", "texts"] {
        let listed = listed(&place, what);
        assert_eq!(listed["schema"], "aegis.dev/memory-list/v1", "{what}");
    }
    let before = listed(&place, "")["digest"].clone();
    place
        .run("memory add oom.yaml --memory own")
        .ends(0)
        .says(&["parts"]);
    place
        .run("memory find cart memory --memory own")
        .ends(0)
        .says(&["oom.yaml"]);
    let with_text = listed(&place, "")["digest"].clone();
    assert_ne!(before, with_text);

    let again = place.run("run oom.yaml --memory own --seed 2 --out two");
    assert!(matches!(again.code, Some(0 | 1)), "{again:#?}");
    let summary: Value = serde_json::from_str(&place.read("two/summary.json")).expect("JSON");
    assert_eq!(
        summary["memory"], with_text,
        "the memory's hash before the run"
    );
    place.run("explain two").ends(0).says(&[
        "What was remembered",
        "an incident opened",
        "belief",
        "the cause",
    ]);
    let page = place.read("two/report.html");
    assert!(page.contains("What was remembered") && page.contains("why it came to mind"));
    place.run("audit two").ends(0);
    // Without a memory nothing is said of one.
    let page = place.run("run oom.yaml --out three");
    assert!(matches!(page.code, Some(0 | 1)), "{page:#?}");
    assert!(
        !place
            .read("three/report.html")
            .contains("What was remembered")
    );
}

#[test]
fn a_memory_is_carried_elsewhere_and_forgotten() {
    let place = Place::new();
    place.write(
        "runbook.md",
        "# Carts\n\nWhen carts are killed for memory, roll back.\n",
    );
    place
        .run("memory add runbook.md --memory own")
        .ends(0)
        .says(&["runbook.md: 1 parts"]);
    place
        .run("memory export --memory own --out all.jsonl")
        .ends(0);
    place
        .run("memory backup --memory own --out copy.sqlite")
        .ends(0)
        .complains(&["copy.sqlite"]);
    place
        .run("memory import all.jsonl --memory new --restore")
        .ends(0)
        .says(&["1 new"]);
    place.run("memory import all.jsonl --memory new").ends(0);
    place
        .run("memory find carts --memory new")
        .ends(0)
        .says(&["roll back"]);
    let texts = items(&place, "texts");
    let id = texts[0]["id"].as_str().expect("an id");
    place
        .run(&format!("memory forget {id} --memory own"))
        .ends(0)
        .says(&["forgotten"]);
    assert!(items(&place, "texts").is_empty());
    place
        .run("memory list --memory own")
        .ends(0)
        .complains(&["Nothing of that"]);
    place
        .run("memory forget nobody --memory own")
        .ends(2)
        .complains(&["no `nobody`"]);
    place
        .run("memory pardon 7 --memory own")
        .ends(2)
        .complains(&["ban 7"]);
    place.run("memory show nobody --memory own").ends(2);
    place.write("bad.jsonl", "{\"type\": \"memory\"\n");
    place
        .run("memory import bad.jsonl --memory own")
        .ends(2)
        .complains(&["bad.jsonl", "line 1"]);
    place
        .run("memory import nowhere.jsonl --memory own")
        .ends(2)
        .complains(&["cannot be read"]);
}

#[test]
fn servers_that_are_not_there_are_missing_and_wrong_addresses_are_wrong() {
    let place = Place::new();
    let vectors = place.run("memory list --memory own --vectors qdrant://127.0.0.1:1");
    vectors
        .ends(3)
        .complains(&["no Qdrant answers at", "the memory's own file is searched"]);
    let embeddings = place.run("memory find carts --memory own --embeddings http://127.0.0.1:1/v1");
    embeddings.ends(3).complains(&["embedder", "built-in"]);
    place
        .run("memory list --vectors qdrant://nowhere")
        .ends(2)
        .complains(&["qdrant://HOST:6334"]);
    place
        .run("memory list --embeddings nowhere")
        .ends(2)
        .complains(&["http://HOST:PORT/v1"]);
    let run =
        place.run("run online-boutique-oom --memory own --vectors qdrant://127.0.0.1:1 --out run");
    run.ends(3).complains(&["no Qdrant answers at"]);
    assert!(!place.path().join("run").exists(), "nothing was begun");
}

#[test]
fn a_run_that_is_gone_on_with_searches_its_memory_as_it_was_begun() {
    let place = Place::new();
    place.write("oom.yaml", &crate::resume::text());
    place.write("runbook.md", "# Carts\n\nOOMKilled: roll back.\n");
    place.run("memory add runbook.md --memory own").ends(0);
    // Nobody makes vectors there: each time that the memory is asked the run says so, and goes on.
    let with = "--embeddings http://127.0.0.1:1/v1 --embeddings-model some";
    let begun = format!("run oom.yaml --memory own {with} --approve ask --out waits");
    place.run(&begun).ends(4);
    let asked = |of: &str| -> Vec<Value> {
        let told = String::from_utf8(crate::resume::events(&place.path().join(of)));
        let told = told.expect("text");
        let events = told.lines().map(serde_json::from_str);
        let events = events.map(|event: Result<Value, _>| event.expect("JSON"));
        let asked = events.filter(|event| event["type"] == "remembered");
        asked.collect()
    };
    let before = asked("waits").len();
    let mut code = Some(4);
    while code == Some(4) {
        code = place.run("runs approve waits").code;
    }
    let after = asked("waits");
    assert!(
        after.len() > before,
        "it is asked again once it has settled"
    );
    for event in after {
        let failed = event["recalled"]["failed"].as_str().unwrap_or_default();
        assert!(failed.contains("embedder"), "{event}");
    }
}
