//! Scenario to cluster to scenario: no field of a manifest is lost on the way.

use aegis_kube::print::{EPOCH, list};
use aegis_kube::yaml;
use aegis_model::Quantity;
use aegis_scenario::build::build;
use aegis_scenario::load::load_taken;
use aegis_scenario::{Loaded, bundled, import, load};
use aegis_world::World;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every scenario of the project: name and text.
fn scenarios() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/tests/cases")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of cases") {
            let path = entry.expect("an entry").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(end) if end == "yaml" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let texts = files.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("a case is text");
        (path.display().to_string(), text)
    });
    let bundled = bundled::SCENARIOS.iter();
    texts
        .chain(bundled.map(|one| (one.path.to_owned(), one.text.to_owned())))
        .collect()
}

fn world(name: &str, loaded: &Loaded) -> World {
    build(loaded, 1).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"))
}

fn printed(world: &World) -> Vec<Value> {
    let list = list(world.objects(), world.now(), EPOCH);
    list["items"].as_array().cloned().unwrap_or_default()
}

fn name_of(item: &Value) -> String {
    let text = |value: &Value, missing: &str| value.as_str().unwrap_or(missing).to_owned();
    let meta = &item["metadata"];
    let (kind, namespace) = (text(&item["kind"], ""), text(&meta["namespace"], "default"));
    format!("{kind}/{namespace}/{}", text(&meta["name"], ""))
}

fn by_name(items: Vec<Value>) -> BTreeMap<String, Value> {
    items
        .into_iter()
        .map(|item| (name_of(&item), item))
        .collect()
}

/// Whether both are the same quantity: the API server writes it in its own form.
fn same_amount(given: &Value, printed: &Value, path: &str) -> bool {
    let holders = [
        "resources",
        "capacity",
        "hard",
        "limits",
        "overhead",
        "sizeLimit",
        "average",
        "divisor",
        "min",
        "max",
        "default",
        "allocatable",
    ];
    let amount = |value: &Value| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        text.parse::<Quantity>().ok()
    };
    let same = amount(given).is_some_and(|given| amount(printed) == Some(given));
    same && holders.iter().any(|holder| path.contains(holder))
}

/// What `given` says and `printed` does not, with its path.
fn lost(given: &Value, printed: &Value, path: &str, out: &mut Vec<String>) {
    match (given, printed) {
        (Value::Object(given), Value::Object(printed)) => {
            for (key, value) in given {
                let inner = format!("{path}.{key}");
                match printed.get(key) {
                    // The server's: what was asked before the run began counts as asked at its first second.
                    Some(_) if key == "deletionTimestamp" => {}
                    // A known gap: a pod that a dump shows on its way out is made anew, with a uid of its own.
                    Some(_) if key == "uid" && given.contains_key("deletionTimestamp") => {}
                    // Those of a role that gathers others' are the controller's.
                    Some(_) if key == "rules" && given.contains_key("aggregationRule") => {}
                    Some(other) => lost(value, other, &inner, out),
                    None if value.is_null() => {}
                    // What can only be written is read as `data`.
                    None if key == "stringData" => {}
                    // A field whose gate is off is dropped on create (HPAConfigurableTolerance, alpha in 1.34).
                    None if key == "tolerance" && path.contains(".spec.behavior.") => {}
                    // The same of ContainerRestartRules.
                    None if key.starts_with("restartPolicy") && path.ends_with(']') => {}
                    None => out.push(format!("{inner}: {value} is gone")),
                }
            }
        }
        (Value::Array(given), Value::Array(printed)) if given.len() <= printed.len() => {
            for (index, (one, other)) in given.iter().zip(printed).enumerate() {
                lost(one, other, &format!("{path}[{index}]"), out);
            }
        }
        _ if given == printed || same_amount(given, printed, path) => {}
        _ => out.push(format!("{path}: {given} became {printed}")),
    }
}

/// All that the manifests of a scenario say and the cluster that is founded on them does not.
fn lost_by(name: &str, loaded: &Loaded) -> Vec<String> {
    let items = by_name(printed(&world(name, loaded)));
    let mut out = Vec::new();
    for manifest in &loaded.manifests {
        let object = name_of(&manifest.value);
        match items.get(&object) {
            Some(item) => lost(&manifest.value, item, &object, &mut out),
            None => out.push(format!("{object} is gone")),
        }
    }
    out
}

#[test]
fn a_cluster_says_all_that_its_manifests_say() {
    let mut manifests = 0;
    for (name, text) in scenarios() {
        let loaded = load_taken(&name, &text, &bundled::file)
            .unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        assert_eq!(lost_by(&name, &loaded), Vec::<String>::new(), "{name}");
        manifests += loaded.manifests.len();
    }
    assert!(manifests > 1500, "{manifests}");
}

/// What the next start of a cluster makes anew: identities, times, what is observed or derived.
const OF_THE_RUN: [&str; 4] = ["uid", "resourceVersion", "creationTimestamp", "generation"];

fn without(mut item: Value, keys: &[&str]) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.retain(|key, _| !keys.contains(&key.as_str()));
        for inner in fields.values_mut() {
            *inner = without(inner.take(), keys);
        }
    }
    if let Some(inner) = item.as_array_mut() {
        for one in inner {
            *one = without(one.take(), keys);
        }
    }
    item
}

/// The objects that a user or a controller asked for, without their status.
fn asked_for(world: &World) -> BTreeMap<String, Value> {
    let derived = |item: &Value| {
        let kind = item["kind"].as_str().unwrap_or_default();
        [
            "Event",
            "Endpoints",
            "EndpointSlice",
            "Lease",
            "VolumeAttachment",
        ]
        .contains(&kind)
    };
    let items = printed(world).into_iter().filter(|item| !derived(item));
    let plain = items.map(|mut item| {
        if let Some(fields) = item.as_object_mut() {
            fields.remove("status");
        }
        let mut item = without(item, &OF_THE_RUN);
        if let Some(meta) = item["metadata"].as_object_mut() {
            meta.remove("deletionTimestamp");
        }
        item
    });
    by_name(plain.collect())
}

#[test]
fn a_printed_cluster_reads_back_as_itself() {
    let mut objects = 0;
    for (name, text) in scenarios() {
        let loaded = load_taken(&name, &text, &bundled::file).expect("it loads");
        let mut first = world(&name, &loaded);
        first.advance(30);
        let dump = list(first.objects(), first.now(), EPOCH);
        let documents = aegis_kube::read("dump", &yaml::to_string(&dump)).expect("it reads");
        let again =
            import::adopt("dump", documents).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        let (before, after) = (asked_for(&first), asked_for(&world(&name, &again)));
        objects += before.len();
        for (object, item) in &before {
            assert_eq!(after.get(object), Some(item), "{name}: {object}");
        }
    }
    assert!(objects > 3000, "{objects}");
}

/// One document of each kind with more fields than anybody uses at once.
const FULL: &str = include_str!("lossless/full.yaml");

/// The document without the optional fields that `drops` picks, one after the other.
fn pruned(document: &Value, drops: &[u16]) -> Value {
    let mut document = document.clone();
    for drop in drops {
        let mut paths = Vec::new();
        optional("", &document, &mut paths);
        let Some(path) = paths.get(usize::from(*drop) % paths.len().max(1)) else {
            break;
        };
        let (parent, key) = path.rsplit_once('/').expect("a path has a parent");
        let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.map(|fields: &mut Map<String, Value>| fields.remove(key));
    }
    document
}

/// Paths of fields below `spec` that nobody has to give.
fn optional(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                let within = path.starts_with("/spec/");
                if within && !path.contains("elector") && !path.ends_with("/name") {
                    out.push(path.clone());
                }
                optional(&path, inner, out);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                optional(&format!("{path}/{index}"), inner, out);
            }
        }
        _ => {}
    }
}

/// A scenario of these documents, where the API server takes them.
fn scenario_of(documents: &[Value]) -> Option<Loaded> {
    let header = json!({
        "apiVersion": "aegis.dev/v1", "kind": "Scenario", "metadata": {"name": "pruned"},
        "spec": {"start": "applied", "cluster": {"nodes": [{"count": 1, "cpu": "4", "memory": "8Gi"}]}},
    });
    let all: Vec<Value> = [header].iter().chain(documents).cloned().collect();
    let loaded = load("pruned.yaml", &yaml::documents(&all), &|_| None).ok()?;
    build(&loaded, 1).is_ok().then_some(loaded)
}

#[test]
fn a_document_with_every_field_is_taken() {
    let documents = aegis_kube::read("full.yaml", FULL).expect("it reads");
    let values: Vec<Value> = documents.iter().map(|one| (*one.value).clone()).collect();
    let loaded = scenario_of(&values).expect("the API server takes it");
    assert_eq!(lost_by("full", &loaded), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_part_of_it_is_given_is_kept(which in any::<usize>(), drops in prop::collection::vec(any::<u16>(), 0..8)) {
        let documents = aegis_kube::read("full.yaml", FULL).expect("it reads");
        let document = pruned(&documents[which % documents.len()].value, &drops);
        if let Some(loaded) = scenario_of(std::slice::from_ref(&document)) {
            prop_assert_eq!(lost_by("pruned", &loaded), Vec::<String>::new());
        }
    }
}
