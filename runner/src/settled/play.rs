//! Manifests played on a cluster of a size for them, and what an operator would collect of it.

use super::texts::Texts;
use aegis_kube::print::{EPOCH, list};
use aegis_kube::{Diagnostic, Document};
use aegis_model::Quantity;
use aegis_model::bundle::{Bundle, Unread};
use aegis_scenario::amount::Length;
use aegis_scenario::build::build;
use aegis_scenario::format::{ServiceWords, Start};
use aegis_scenario::{Loaded, import, warn};
use aegis_telemetry::bundle::{event, read_part};
use aegis_world::World;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rounds in which documents that the API server refuses are left out.
const ROUNDS: usize = 6;
/// CPU of the largest node, cores: what most machines of clouds have at most. A pod that asks for more
/// waits for ever in most clusters.
const LARGEST_CPU: i128 = 16;
/// Memory of the largest node.
const LARGEST_MEMORY: i128 = 64 << 30;
/// Nodes that are added at most for what the largest node cannot take.
const MOST_ADDED: usize = 64;

/// Plays what was read for so many seconds; what is refused on the way is noted there.
pub fn play(texts: &mut Texts, seconds: u32) -> Bundle {
    let mut bundle = Bundle::default();
    for _ in 0..ROUNDS {
        if texts.documents.is_empty() {
            return bundle;
        }
        match world(&texts.documents) {
            Ok((loaded, mut world)) => {
                world.advance(seconds);
                collect(&texts.documents, &world, &mut bundle);
                assume(&loaded, &mut bundle);
                bundle.assumed.extend(assumed_nodes(&texts.documents));
                return bundle;
            }
            Err(problems) if texts.drop_at(&problems) > 0 => {}
            Err(problems) => {
                let unread = problems.into_iter().map(|problem| Unread {
                    file: format!("{}:{}", problem.file, problem.line),
                    why: problem.message,
                });
                bundle.unread.extend(unread);
                return bundle;
            }
        }
    }
    bundle
}

fn world(documents: &[Document]) -> Result<(Loaded, World), Vec<Diagnostic>> {
    let mut told: Vec<Document> = documents.iter().map(telling).collect();
    told.extend(usual_classes(documents));
    let mut loaded = import::adopt("manifests", told)?;
    loaded.scenario.spec.start = Some(Start::Applied);
    few(&mut loaded.nodes, documents);
    bounded(&mut loaded.nodes);
    roomy(&mut loaded.nodes, documents);
    loaded.scenario.spec.services = documents.iter().filter_map(quick).collect();
    let world = build(&loaded, loaded.scenario.spec.seed)?;
    Ok((loaded, world))
}

/// The document with what makes it tell more: the last lines of containers become their termination
/// messages, where it does not say otherwise; a CronJob runs soon; images that nobody pulls are there.
fn telling(document: &Document) -> Document {
    let mut told = document.clone();
    let value = Arc::make_mut(&mut told.value);
    let template = template_of(value);
    for list in ["containers", "initContainers"] {
        let containers = value.pointer_mut(&format!("{template}/{list}"));
        for container in containers
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Value::Object(fields) = container {
                fields
                    .entry("terminationMessagePolicy")
                    .or_insert_with(|| json!("FallbackToLogsOnError"));
                // Who never pulls has brought the image to the nodes.
                if fields.get("imagePullPolicy") == Some(&json!("Never")) {
                    fields.insert("imagePullPolicy".to_owned(), json!("IfNotPresent"));
                }
            }
        }
    }
    if value["kind"] == "CronJob" && value["spec"]["suspend"] != true {
        value["spec"]["schedule"] = json!("*/5 * * * *");
    }
    told
}

/// What nobody said of a program does not decide whether its manifests work: it answers soon after its
/// start. A command that sleeps first does so all the same.
const STARTUP: Length = Length(2.0);

fn quick(document: &Document) -> Option<ServiceWords> {
    let keeps = [
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Pod",
        "ReplicaSet",
    ];
    if !keeps.contains(&document.kind()) {
        return None;
    }
    Some(ServiceWords {
        name: document.value["metadata"]["name"].as_str()?.to_owned(),
        startup: Some(STARTUP),
        ..ServiceWords::default()
    })
}

/// CPU of a node at least, cores, and its memory: a program that asks for nothing takes something.
const LEAST_CPU: i128 = 4;
const LEAST_MEMORY: i128 = 16 << 30;

/// Nodes that are large enough for what asks for nothing; those of the manifests stay as they are.
fn roomy(nodes: &mut [Value], documents: &[Document]) {
    if documents.iter().any(|document| document.kind() == "Node") {
        return;
    }
    for node in nodes {
        for list in ["capacity", "allocatable"] {
            for (name, least) in [("cpu", LEAST_CPU), ("memory", LEAST_MEMORY)] {
                let amount = &mut node["status"][list][name];
                let given = amount
                    .as_str()
                    .and_then(|text| text.parse::<Quantity>().ok());
                if given.is_some_and(|given| given.milli < least * 1000) {
                    *amount = json!(least.to_string());
                }
            }
        }
    }
}

/// Nodes no larger than machines are; more of them instead.
fn bounded(nodes: &mut Vec<Value>) {
    let read = |node: &Value, name: &str| {
        let text = node["status"]["capacity"][name].as_str()?;
        text.parse::<Quantity>().ok().map(|given| given.milli)
    };
    let Some(first) = nodes.first().cloned() else {
        return;
    };
    let cpu = read(&first, "cpu").unwrap_or(0);
    let memory = read(&first, "memory").unwrap_or(0);
    let times = (cpu / (LARGEST_CPU * 1000)).max(memory / (LARGEST_MEMORY * 1000));
    if times == 0 {
        return;
    }
    let added = usize::try_from(times).unwrap_or(MOST_ADDED) * nodes.len();
    for number in nodes.len()..(nodes.len() + added.min(MOST_ADDED)) {
        let mut node = nodes[number % nodes.len()].clone();
        let name = format!("node-{}", number + 1);
        node["metadata"]["labels"]["kubernetes.io/hostname"] = json!(name);
        node["metadata"]["name"] = json!(name);
        nodes.push(node);
    }
    for node in nodes {
        for list in ["capacity", "allocatable"] {
            let amounts = &mut node["status"][list];
            if cpu > LARGEST_CPU * 1000 {
                amounts["cpu"] = json!(LARGEST_CPU.to_string());
            }
            if memory > LARGEST_MEMORY * 1000 {
                amounts["memory"] = json!(LARGEST_MEMORY.to_string());
            }
        }
    }
}

/// Nodes of a cluster at most where it is only pods that keep apart which ask for more: most clusters
/// have no more, and what no cluster of that size can take is worth a word.
const FEW: usize = 5;
/// Nodes of a cluster at most where it is ports of the host that keep pods apart: what clusters have
/// when they are made with the defaults of installers and clouds.
const WITH_HOST_PORTS: usize = 3;

/// How many nodes are enough for pods that keep apart; nothing where none do.
fn enough(documents: &[Document]) -> Option<usize> {
    let holds = |one: &Document, words: &str| one.value.to_string().contains(words);
    let apart = documents.iter().any(|one| holds(one, "podAntiAffinity"));
    let counted =
        |one: &&Document| matches!(one.kind(), "Deployment" | "StatefulSet" | "ReplicaSet");
    let mut counted = documents.iter().filter(counted);
    match (apart, counted.any(|one| holds(one, "\"hostPort\""))) {
        (true, _) => Some(FEW),
        (false, true) => Some(WITH_HOST_PORTS),
        (false, false) => None,
    }
}

fn assumed_nodes(documents: &[Document]) -> Option<String> {
    let own = documents.iter().any(|document| document.kind() == "Node");
    let enough = enough(documents).filter(|_| !own)?;
    Some(format!(
        "pods that keep apart are taken to have {enough} nodes at most"
    ))
}

fn few(nodes: &mut Vec<Value>, documents: &[Document]) {
    let Some(enough) = enough(documents) else {
        return;
    };
    let own = documents.iter().any(|document| document.kind() == "Node");
    let times = nodes.len().div_ceil(enough);
    if own || !(2..=FEW).contains(&times) {
        return;
    }
    nodes.truncate(enough);
    for node in nodes {
        for list in ["capacity", "allocatable"] {
            for name in ["cpu", "memory"] {
                let amount = &mut node["status"][list][name];
                let given = amount
                    .as_str()
                    .and_then(|text| text.parse::<Quantity>().ok());
                if let Some(mut given) = given {
                    given.milli *= times as i128;
                    *amount = json!(given.to_string());
                }
            }
        }
    }
}

/// StorageClasses that installers of clusters bring under these names.
/// Sources: the installation guides of clouds, kind, k3s, minikube and of the drivers.
const USUAL_CLASSES: &[&str] = &[
    "standard",
    "standard-rwo",
    "premium-rwo",
    "gp2",
    "gp3",
    "default",
    "managed",
    "managed-csi",
    "managed-premium",
    "azurefile",
    "azurefile-csi",
    "hostpath",
    "local-path",
    "longhorn",
    "do-block-storage",
    "linode-block-storage",
    "rook-ceph-block",
    "microk8s-hostpath",
];

/// The classes among these that claims name and no manifest brings.
fn usual_classes(documents: &[Document]) -> Vec<Document> {
    let brings = documents
        .iter()
        .any(|one| matches!(one.kind(), "StorageClass" | "PersistentVolume"));
    let named = |class: &&&str| {
        let words = format!("\"storageClassName\":\"{class}\"");
        documents
            .iter()
            .any(|one| one.value.to_string().contains(&words))
    };
    let text = |class: &&str| {
        format!(
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: {class}}}\n\
             provisioner: example.com/usual\nvolumeBindingMode: WaitForFirstConsumer\n"
        )
    };
    let classes = USUAL_CLASSES.iter().filter(|_| !brings).filter(named);
    classes
        .filter_map(|class| aegis_kube::read("usual classes", &text(class)).ok())
        .flatten()
        .collect()
}

fn collect(written: &[Document], world: &World, bundle: &mut Bundle) {
    let mut shown = list(world.objects(), world.now(), EPOCH);
    let items = shown["items"].as_array_mut().map(std::mem::take);
    for item in items.unwrap_or_default() {
        if item["kind"] == "Event" {
            bundle.events.extend(event(&item));
            continue;
        }
        if item["kind"] == "Pod" {
            logs(&item, bundle);
        }
        bundle.objects.push(as_written(item, written));
    }
    bundle.attempts = super::calls::attempts(&bundle.objects, world.objects());
    bundle.collected_at = Some(EPOCH.0 + i64::from(world.now().0));
}

/// What nobody can know from manifests.
fn assume(loaded: &Loaded, bundle: &mut Bundle) {
    let kinds = warn::kinds(&loaded.manifests);
    bundle.assumed = kinds.into_iter().map(|one| one.message).collect();
    bundle.assumed.push(
        "images are taken to exist and programs to work, but for what names and commands plainly say"
            .to_owned(),
    );
}

/// What containers that ended had written last, as their logs.
fn logs(pod: &Value, bundle: &mut Bundle) {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    for list in ["initContainerStatuses", "containerStatuses"] {
        for status in pod["status"][list].as_array().into_iter().flatten() {
            let container = status["name"].as_str().unwrap_or_default();
            let states = [("/state", "log"), ("/lastState", "previous.log")];
            for (state, ending) in states {
                let message = status
                    .pointer(&format!("{state}/terminated/message"))
                    .and_then(Value::as_str);
                if let Some(text) = message.filter(|text| !text.is_empty()) {
                    read_part(&format!("logs/{name}/{container}.{ending}"), text, bundle);
                }
            }
        }
    }
}

/// An object without what was changed to make it tell more.
fn as_written(mut item: Value, written: &[Document]) -> Value {
    let reference = aegis_kube::read::reference(&item);
    let mut written = written.iter();
    let Some(document) = written.find(|document| document.reference() == reference) else {
        return item;
    };
    let value = &document.value;
    if item["kind"] == "CronJob" {
        item["spec"]["schedule"] = value["spec"]["schedule"].clone();
    }
    // Who deletes an object of a file has it from a cluster in which it is being deleted.
    for field in ["deletionTimestamp", "finalizers"] {
        if !value["metadata"][field].is_null() {
            item["metadata"][field] = value["metadata"][field].clone();
        }
    }
    for list in ["containers", "initContainers"] {
        never_pulled(&mut item, value, &format!("{}/{list}", template_of(value)));
    }
    item
}

/// Where the spec of an object's pods is.
fn template_of(object: &Value) -> &'static str {
    match object["kind"].as_str() {
        Some("Pod") => "/spec",
        Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    }
}

/// Gives containers back that they are never pulled.
fn never_pulled(item: &mut Value, written: &Value, list: &str) {
    let policies = written.pointer(list).and_then(Value::as_array);
    let containers = item.pointer_mut(list).and_then(Value::as_array_mut);
    for (container, own) in containers
        .into_iter()
        .flatten()
        .zip(policies.into_iter().flatten())
    {
        if own["imagePullPolicy"] == "Never" {
            container["imagePullPolicy"] = json!("Never");
        }
    }
}
