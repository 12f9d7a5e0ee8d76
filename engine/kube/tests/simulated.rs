//! Clusters that were really simulated, printed in the middle of their incidents.

mod api_types;

use aegis_check::check;
use aegis_kube::print::{EPOCH, list, wide};
use aegis_kube::{read, yaml};
use aegis_scenario::{build, bundled, load};
use serde_json::Value;
use std::collections::BTreeSet;

/// The cluster of a bundled scenario, some seconds after its start.
fn printed(scenario: &str, seconds: u32) -> (Value, String) {
    let bundled = bundled::find(scenario).expect("it is bundled");
    let loaded = load(bundled.path, bundled.text, &bundled::file).expect("it loads");
    let mut world = build::build(&loaded, 7).expect("it is founded");
    build::start(&loaded, &mut world, |_| {});
    world.advance(seconds);
    let (objects, now) = (world.objects(), world.now());
    (list(objects, now, EPOCH), wide(objects, now))
}

fn items(list: &Value) -> &[Value] {
    list["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

const SCENARIOS: [(&str, u32); 6] = [
    ("online-boutique-oom", 400),
    ("online-boutique-bad-image", 400),
    ("online-boutique-drain", 260),
    ("sock-shop-probe", 400),
    ("sock-shop-netpol", 300),
    ("sock-shop-wrong-selector", 300),
];

#[test]
fn what_is_printed_passes_through_the_types_of_the_api() {
    let mut kinds = BTreeSet::new();
    for (scenario, seconds) in SCENARIOS {
        let (list, _) = printed(scenario, seconds);
        let mut uids = BTreeSet::new();
        for item in items(&list) {
            let back = api_types::through_types(item);
            assert_eq!(back.as_ref(), Some(item), "{scenario}");
            assert!(
                uids.insert(item["metadata"]["uid"].to_string()),
                "{scenario}: {item:#}"
            );
            kinds.insert(item["kind"].to_string());
        }
    }
    assert!(kinds.len() >= 9, "{kinds:?}");
}

#[test]
fn what_is_printed_is_read_and_let_through() {
    for (scenario, seconds) in SCENARIOS {
        let (list, _) = printed(scenario, seconds);
        let text = yaml::to_string(&list);
        let documents = read("dump.yaml", &text).expect("it reads");
        assert_eq!(documents.len(), items(&list).len());
        for (document, item) in documents.iter().zip(items(&list)) {
            assert_eq!(&*document.value, item);
            let problems: Vec<String> = check(document).iter().map(ToString::to_string).collect();
            assert_eq!(problems, Vec::<String>::new(), "{scenario}");
        }
    }
}

#[test]
fn incidents_show_in_the_words_of_kubectl() {
    let words = [
        ("online-boutique-bad-image", 400, "ImagePullBackOff"),
        ("online-boutique-drain", 260, "SchedulingDisabled"),
    ];
    for (scenario, seconds, word) in words {
        let (_, table) = printed(scenario, seconds);
        assert!(table.contains(word), "{scenario}\n{table}");
    }
}
