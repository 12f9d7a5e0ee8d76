//! `aegis scenario …` and `aegis import` on what is right.

use crate::kit::Place;

#[test]
fn the_bundled_scenarios_are_listed_and_chosen_by_label() {
    let place = Place::new();
    place
        .run("scenario list")
        .ends(0)
        .says(&["NAME", "online-boutique-oom", "sock-shop-control"]);
    let found = place
        .run("scenario list -l suite=smoke,application=sock-shop -o json")
        .ends(0)
        .json();
    let cards = found["scenarios"].as_array().expect("scenarios");
    assert!(cards.len() >= 6, "{found}");
    assert!(
        cards
            .iter()
            .all(|card| card["labels"]["application"] == "sock-shop")
    );
    place
        .run("scenario list -l suite=none")
        .ends(0)
        .complains(&["No scenario has these labels"]);
    place
        .run("scenario list -l suite")
        .ends(2)
        .complains(&["key=value"]);
}

#[test]
fn every_bundled_scenario_is_right_from_any_folder() {
    let place = Place::new();
    let found = place.run("scenario list -o json").json();
    for card in found["scenarios"].as_array().expect("scenarios") {
        let name = card["name"].as_str().expect("a name");
        place
            .run(&format!("scenario check {name}"))
            .ends(0)
            .says(&[name, "right"]);
    }
}

#[test]
fn a_bundled_scenario_can_be_copied_and_changed() {
    let place = Place::new();
    let shown = place.run("scenario show online-boutique-oom");
    place.write(
        "mine.yaml",
        &shown.ends(0).out.replace("seed: 7", "seed: 8"),
    );
    // Its manifests come from the binary: `include` names them from here.
    place.write("deep/folder/mine.yaml", &place.read("mine.yaml"));
    place.run("scenario check deep/folder/mine.yaml").ends(0);
    assert_eq!(
        place
            .run("scenario show -o json deep/folder/mine.yaml")
            .ends(0)
            .json()["spec"]["seed"],
        8
    );
}

#[test]
fn a_new_scenario_is_right_and_does_what_it_claims() {
    let place = Place::new();
    place
        .run("scenario new shop --out shop.yaml")
        .ends(0)
        .complains(&["wrote shop.yaml"]);
    place
        .run("scenario check shop.yaml")
        .ends(0)
        .says(&["shop.yaml: right"]);
    let text = place.read("shop.yaml");
    place
        .feed("scenario check -", &text)
        .ends(0)
        .says(&["-: right"]);
    let found = place.run("scenario test shop.yaml -o json").ends(0).json();
    let checks = found["scenarios"][0]["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), 3);
    assert!(
        checks.iter().all(|check| check["passed"] == true),
        "{found}"
    );
}

#[test]
fn a_scenario_that_does_not_do_what_it_claims_fails_its_test() {
    let place = Place::new();
    // The pods keep the label that the Service selects: nothing breaks.
    let harmless = place
        .run("scenario new shop")
        .out
        .replace("{app: shopp}", "{app: shop}");
    place.write("shop.yaml", &harmless);
    let answer = place.run("scenario test shop.yaml");
    answer
        .ends(1)
        .says(&["FAILED with nobody acting it misses them", "0.00 % failed"]);
}

#[test]
fn what_is_inferred_is_explained() {
    let answer = Place::new().run("scenario check --explain online-boutique-oom");
    answer.ends(0).says(&[
        "calls productcatalogservice",
        "PRODUCT_CATALOG_SERVICE_ADDR",
        "requests/s",
    ]);
}

#[test]
fn the_schema_is_json() {
    let schema = Place::new().run("scenario schema").ends(0).json();
    assert_eq!(schema["title"], "Scenario");
}

/// The manifests of the application behind a bundled scenario.
fn manifests(name: &str) -> String {
    let path = format!(
        "{}/../scenarios/manifests/{name}.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).expect("manifests")
}

#[test]
fn manifests_become_a_scenario_from_a_file_a_folder_and_standard_input() {
    let place = Place::new();
    let text = manifests("sock-shop");
    place.write("shop/all.yaml", &text);
    place.write("shop/README.md", "not for us");
    place.write("shop/values.yaml", "replicas: 2\n");
    place.run("import shop/all.yaml --out a.yaml").ends(0);
    place
        .run("import shop --name all --out b.yaml")
        .ends(0)
        .complains(&["skipped shop/values.yaml"]);
    let fed = place.feed("import - --name all", &text);
    assert_eq!(
        fed.ends(0).out,
        place.read("a.yaml"),
        "named after its file"
    );
    assert_eq!(place.read("a.yaml"), place.read("b.yaml"));
    place.run("scenario check a.yaml").ends(0);
    place
        .run("sim a.yaml --for 5m -o json")
        .ends(0)
        .complains(&["14 of 14 pods ready"]);
}

#[test]
fn a_chart_is_not_taken_for_manifests() {
    let place = Place::new();
    place.write("chart/Chart.yaml", "name: x\n");
    place
        .run("import chart")
        .ends(2)
        .complains(&["helm template NAME chart | aegis import -"]);
    place.write("kustom/base/kustomization.yaml", "resources: []\n");
    place
        .run("import kustom")
        .ends(2)
        .complains(&["kubectl kustomize kustom/base | aegis import -"]);
}

#[test]
fn a_folder_of_tables_is_a_trace() {
    let place = Place::new();
    place.write("cluster/machine_events/part.csv", "0,5,0,p,0.5,0.5\n");
    place.write(
        "cluster/task_events/part.csv",
        "0,2,7,0,5,1,user,3,9,0.125,0.0625,0.0004,0\n",
    );
    place
        .run("import --trace cluster --out traced.yaml")
        .ends(0)
        .complains(&["2 rows: 1 machine, 1 Deployment, 1 pod"]);
    place.run("scenario check traced.yaml").ends(0);
    place.write("packed/part.csv.gz", "");
    place
        .run("import --trace packed")
        .ends(2)
        .complains(&["there is no *.csv in packed", "gunzip"]);
}

#[test]
fn what_cannot_be_imported_is_said() {
    let place = Place::new();
    place.write("empty/x.md", "");
    place
        .run("import empty")
        .ends(2)
        .complains(&["there are no manifests in empty"]);
    let scenario = place.run("scenario new shop").out;
    place
        .feed("import -", &scenario)
        .ends(2)
        .complains(&["this is a scenario already"]);
    place
        .feed("import -", "kind: Pod\n")
        .ends(2)
        .complains(&["AEG-K0", "stdin:1:1"]);
}
