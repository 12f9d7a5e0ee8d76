//! Rehearsals of two real applications: what they name, what they prove, that they repeat.

use aegis_kube::{Document, read};
use aegis_rehearse::compare::compare;
use aegis_rehearse::harden::proposals;
use aegis_rehearse::pairs::{Faults, Pair, pairs};
use aegis_rehearse::play::{GiveUp, untreated};
use aegis_rehearse::rehearsal::{Place, Rehearsal, Sole};
use aegis_rehearse::rehearse::{Order, rehearse};
use aegis_rehearse::show::{html, markdown, sarif, text};
use aegis_rehearse::stage::{Basis, Setting, Stage, Watched};
use aegis_scenario::import::adopt;
use aegis_scenario::load::Loaded;
use serde_json::{Value, json};
use std::sync::Arc;

const SEED: u64 = 1;

fn documents(application: &str) -> Vec<Document> {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/../../scenarios/manifests/{application}.yaml");
    let text = std::fs::read_to_string(path).expect("a bundled manifest");
    read(&format!("{application}.yaml"), &text).expect("manifests")
}

fn loaded(application: &str) -> Loaded {
    adopt(application, documents(application)).expect("manifests that the API server takes")
}

fn only(faults: &[&str]) -> Faults {
    Faults::Only(faults.iter().map(|id| (*id).to_owned()).collect())
}

fn order<'a>(loaded: &'a Loaded, faults: &[&str], budget: usize) -> Order<'a> {
    Order {
        loaded,
        seed: SEED,
        budget,
        faults: only(faults),
    }
}

fn rehearsed(loaded: &Loaded, faults: &[&str], budget: usize) -> Rehearsal {
    rehearse(&order(loaded, faults, budget), &|_| {}).expect("a rehearsal")
}

/// Every one of these is named as the only replica, and its loss is one that users feel.
#[track_caller]
fn names(application: &str, expected: &[&str]) {
    let rehearsal = rehearsed(&loaded(application), &["pod_kill", "zone_loss"], 50);
    for name in expected {
        let point = rehearsal.single_points.iter().find(|point| {
            point.sole == Sole::OneReplica && point.object.ends_with(&format!("/{name}"))
        });
        let point =
            point.unwrap_or_else(|| panic!("{name} is missing: {:#?}", rehearsal.single_points));
        let (fault, lost) = point.shown_by.clone().unwrap_or_default();
        assert!(lost > 0.2, "{name}: {fault} costs {lost}");
        assert!(point.place.is_some(), "{name} has a manifest");
    }
}

#[test]
fn online_boutique_names_its_single_points() {
    let expected = [
        "frontend",
        "productcatalogservice",
        "currencyservice",
        "cartservice",
        "redis-cart",
    ];
    names("online-boutique", &expected);
}

#[test]
fn sock_shop_names_its_single_points() {
    names("sock-shop", &["front-end", "catalogue", "catalogue-db"]);
}

/// The pair of a finding.
fn pair<'a>(pairs: &'a [Pair], fault: &str, target: &str) -> &'a Pair {
    let mut all = pairs.iter();
    let found = all.find(|pair| pair.fault == fault && pair.object.to_string() == target);
    found.expect("the pair of a finding")
}

#[test]
fn every_hardening_shown_cuts_the_damage_when_it_is_run_again() {
    let loaded = loaded("online-boutique");
    let faults = ["cpu_hog", "memory_leak"];
    let rehearsal = rehearsed(&loaded, &faults, 180);
    let base = Setting {
        loaded: &loaded,
        seed: SEED,
        basis: Basis::Own,
        tunings: &[],
    };
    let stage = Stage::settle(&base, Watched::ByNobody).expect("a cluster");
    let objects = stage.world.objects();
    let pairs = pairs(&loaded, objects, &only(&faults));
    let mut proven = 0;
    for finding in &rehearsal.findings {
        for shown in &finding.hardenings {
            assert!(shown.after < shown.before, "{shown:?}");
            let ids: Vec<_> = objects
                .workloads
                .enumerate()
                .filter(|(_, row)| shown.objects.contains(&row.header.reference.to_string()))
                .map(|(id, _)| id.into())
                .collect();
            let proposal = proposals(&loaded, objects, &ids)
                .into_iter()
                .find(|one| one.commands() == shown.kubectl)
                .expect("the proposal that was shown");
            let patched = proposal.applied(&loaded).expect("manifests");
            let setting = Setting {
                loaded: &patched,
                basis: Basis::As(&loaded, &stage.objectives),
                tunings: &proposal.tunings(),
                ..base
            };
            let stage = Stage::settle(&setting, Watched::ByNobody).expect("a cluster");
            let laid = &pair(&pairs, &finding.fault, &finding.target).laid;
            let again = untreated(&stage, laid, GiveUp::Never).loss.minutes();
            assert!(
                (again - shown.after).abs() < 0.01,
                "{again} after {shown:?}"
            );
            proven += 1;
        }
    }
    assert!(proven > 0, "nothing hardens: {:#?}", rehearsal.findings);
}

/// The cluster is made for what its manifests ask for: there is no room for a second replica of all. What is shown
/// against the loss of a zone says so, and holds with all nodes that the zone then has.
#[test]
fn the_loss_of_a_zone_is_hardened_against_where_nodes_are_full() {
    let loaded = loaded("online-boutique");
    let rehearsal = rehearsed(&loaded, &["zone_loss"], 120);
    assert!(!rehearsal.findings.is_empty(), "a zone is felt");
    for finding in &rehearsal.findings {
        let best = finding.hardenings.first();
        let best = best.unwrap_or_else(|| panic!("nothing hardens {}", finding.target));
        assert!(best.after < best.before / 2.0, "{best:?}");
        let commands = best.kubectl.join("\n");
        assert!(commands.contains("topologySpreadConstraints"), "{commands}");
        assert!(commands.contains("replicas"), "{commands}");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let loaded = loaded("sock-shop");
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let rehearsal = pool
            .expect("threads")
            .install(|| rehearsed(&loaded, &["pod_kill", "zone_loss"], 20));
        serde_json::to_string(&rehearsal).expect("JSON")
    };
    assert_eq!(bytes(1), bytes(2));
}

#[test]
fn sarif_has_what_its_schema_requires_and_every_form_is_whole() {
    let rehearsal = rehearsed(&loaded("sock-shop"), &["pod_kill", "zone_loss"], 30);
    let place = Place {
        file: "sock shop.yaml".into(),
        line: 1,
    };
    let log = sarif::sarif(&rehearsal, "0.1.0", &place);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert!(run["tool"]["driver"]["name"].is_string());
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(
        results.len(),
        rehearsal.findings.len() + rehearsal.single_points.len()
    );
    for result in results {
        assert!(result["message"]["text"].is_string(), "{result}");
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result}"
        );
        let levels = ["error", "warning", "note"];
        assert!(
            levels.iter().any(|level| result["level"] == *level),
            "{result}"
        );
        let physical = &result["locations"][0]["physicalLocation"];
        let uri = physical["artifactLocation"]["uri"]
            .as_str()
            .expect("a file");
        assert!(!uri.contains(' '), "{uri}");
        assert!(
            physical["region"]["startLine"]
                .as_u64()
                .is_some_and(|line| line > 0)
        );
    }
    let front = results.iter().find(|result| {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
            == "Deployment/sock-shop/front-end"
    });
    let front = front.expect("a result at the front end");
    assert!(front["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64() > Some(1));
    let page = html::html(&rehearsal);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(
        !page.contains("<script") && !page.contains("http"),
        "nothing is fetched"
    );
    assert!(markdown::rehearsal(&rehearsal).contains("| pod_kill |"));
    assert!(
        text::text(&rehearsal)
            .to_string()
            .contains("Single points of failure")
    );
}

/// Sock Shop with its front end and catalogue kept up by two replicas, spread, with a budget.
fn hardened() -> Loaded {
    let mut documents = documents("sock-shop");
    let mut budgets = String::new();
    for document in &mut documents {
        let name = document.reference().name;
        if document.kind() != "Deployment" || !["front-end", "catalogue"].contains(&name.as_str()) {
            continue;
        }
        let mut value = (*document.value).clone();
        let labels = json!({"name": name});
        value["spec"]["replicas"] = 2.into();
        value["spec"]["template"]["spec"]["topologySpreadConstraints"] = json!([{
            "maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": labels},
        }]);
        document.value = Arc::new(value);
        budgets += &format!(
            "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: sock-shop}}\n\
             spec: {{minAvailable: 1, selector: {{matchLabels: {{name: {name}}}}}}}\n"
        );
    }
    documents.extend(read("budgets.yaml", &budgets).expect("budgets"));
    adopt("sock-shop", documents).expect("manifests that the API server takes")
}

#[test]
fn a_comparison_finds_what_a_change_gives_up() {
    let (older, newer) = (hardened(), loaded("sock-shop"));
    let faults = ["zone_loss", "node_drain", "pod_kill"];
    let orders = (order(&older, &faults, 200), order(&newer, &faults, 200));
    let found = compare(&orders.0, &orders.1, &|_| {}).expect("a comparison");
    let given = |words: &str| {
        let mut all = found.given_up.iter();
        assert!(
            all.any(|one| one.contains(words)),
            "{words}: {:#?}",
            found.given_up
        );
    };
    given("Deployment/sock-shop/front-end: 1 replicas instead of 2");
    given("Deployment/sock-shop/front-end: no topologySpreadConstraints any more");
    given("PodDisruptionBudget/sock-shop/front-end is gone");
    let new = found.new_single_points.iter();
    let names: Vec<&str> = new.map(|point| point.object.as_str()).collect();
    assert!(
        names.contains(&"Deployment/sock-shop/front-end"),
        "{names:?}"
    );
    let same = compare(&orders.0, &orders.0, &|_| {}).expect("a comparison");
    assert_eq!(
        json!(same.changes),
        Value::Array(Vec::new()),
        "nothing changed"
    );
}
