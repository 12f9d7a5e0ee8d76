//! Pods without a node: which of the pod's demands leaves none, computed over the nodes as they are
//! and compared with what the scheduler said.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{items, quantity, text, texts};
use crate::estate::{Object, Pod};
use crate::labels::{Labels, affinity_takes, node_selector_takes, untolerated};
use aegis_model::bundle::Origin;
use aegis_shell::is_plainly_absent;
use serde_json::Value;

/// A node, as the pod sees it.
struct View<'a> {
    node: Object<'a>,
    selector: bool,
    affinity: bool,
    cordoned: bool,
    taints: Vec<&'a Value>,
}

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        let pods = estate.pods_of(at);
        let mut waiting = pods.filter(|pod| pod.node.is_empty() && pod.phase == "Pending");
        if let Some(pod) = waiting.next() {
            found.extend(unplaced(case, at, pod));
            found.extend(unscheduled(case, at));
        }
        found.extend(nowhere(case, at));
    }
    found
}

/// A scheduler of another name, which nobody runs in these manifests.
fn unscheduled(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let name = text(keeper.pod_spec, "/schedulerName");
    let runs = estate.workloads.iter().any(|one| one.object.name == name);
    if estate.bundle.origin != Origin::Settled || matches!(name, "" | "default-scheduler") || runs {
        return None;
    }
    let words = format!("it waits for scheduler {name}, which nobody runs");
    Some(
        Candidate::at_workload("scheduler_down", estate, at)?
            .field("spec.template.spec.schedulerName")
            .value("value", name)
            .seen(Proven, "object", keeper.object.reference(), words)
            .seen(
                Fits,
                "object",
                keeper.object.reference(),
                "the pod has no node, and no word of a scheduler",
            ),
    )
}

/// A pod for a node whose name says that there is none.
fn nowhere(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let named = match keeper.object.kind {
        "Pod" => None,
        _ => Some(text(keeper.pod_spec, "/nodeName")),
    };
    let name = named.unwrap_or_else(|| text(keeper.object.doc, "/spec/nodeName"));
    let settled = estate.bundle.origin == Origin::Settled;
    let gone = settled && estate.find("Node", "", name).is_none();
    if !gone || !is_plainly_absent(name) {
        return None;
    }
    let words = format!("spec.nodeName is {name}, and there is no such node");
    let found = Candidate::at_workload("node_selector_wrong", estate, at)?
        .field("spec.template.spec.nodeName")
        .value("value", name)
        .seen(Fits, "object", keeper.object.reference(), words);
    Some(found)
}

fn unplaced(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let said = last_word(case, pod);
    let spec = pod.object.doc.pointer("/spec").unwrap_or(&Value::Null);
    let views: Vec<View<'_>> = estate
        .of_kind("Node")
        .map(|node| view(node, spec))
        .collect();
    let make = |id: &str| {
        let candidate = Candidate::at_workload(id, estate, at)?;
        Some(match &said {
            Some(message) => candidate.seen(Said, "event", pod.object.reference(), message.clone()),
            None => candidate,
        })
    };
    let message = said.as_deref().unwrap_or("");
    let mut found = Vec::new();
    if !views.is_empty() {
        found.extend(by_nodes(&make, &views, spec));
    }
    found.extend(by_words(&make, message, spec));
    found
}

/// What the scheduler said last of a pod: of its events, or in its condition.
fn last_word(case: &Case<'_>, pod: &Pod<'_>) -> Option<String> {
    let object = &pod.object;
    let events = case.estate.warnings("Pod", object.namespace, object.name);
    let event = events
        .filter(|event| event.reason == "FailedScheduling")
        .max_by_key(|event| event.last);
    let condition = items(object.doc, "/status/conditions").find(|condition| {
        text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False"
    });
    event
        .map(|event| event.message.clone())
        .or_else(|| condition.map(|condition| text(condition, "/message").to_owned()))
        .filter(|message| !message.is_empty())
}

fn view<'a>(node: Object<'a>, spec: &Value) -> View<'a> {
    let labels: Labels<'_> = texts(node.doc, "/metadata/labels").collect();
    View {
        node,
        selector: node_selector_takes(spec, &labels),
        affinity: affinity_takes(spec, node.name, &labels),
        cordoned: node.doc.pointer("/spec/unschedulable") == Some(&Value::Bool(true)),
        taints: untolerated(spec, node.doc),
    }
}

/// The first demand, in the order in which the scheduler filters, that leaves no node.
fn by_nodes(
    make: &dyn Fn(&str) -> Option<Candidate>,
    all: &[View<'_>],
    spec: &Value,
) -> Option<Candidate> {
    let views = pool(all);
    if !views.iter().any(|view| view.selector) {
        return unselected(make, &views, spec);
    }
    let fits: Vec<&View<'_>> = views
        .iter()
        .copied()
        .filter(|view| view.selector && view.affinity)
        .collect();
    if fits.is_empty() {
        return unmatched(make, &views, spec);
    }
    let open: Vec<&View<'_>> = fits.iter().copied().filter(|view| !view.cordoned).collect();
    if open.is_empty() {
        return cordoned(make, &fits);
    }
    open.iter()
        .all(|view| !view.taints.is_empty())
        .then(|| tainted(make, &open))?
}

fn unselected(
    make: &dyn Fn(&str) -> Option<Candidate>,
    views: &[&View<'_>],
    spec: &Value,
) -> Option<Candidate> {
    let (wanted, key) = missing_label(views, spec);
    let words = format!("none of {} nodes has {wanted}", views.len());
    Some(
        make("node_selector_wrong")?
            .field("spec.template.spec.nodeSelector")
            .seen(Proven, "object", "Node", words)
            .value("value", wanted)
            .value("value_key", key),
    )
}

fn unmatched(
    make: &dyn Fn(&str) -> Option<Candidate>,
    views: &[&View<'_>],
    spec: &Value,
) -> Option<Candidate> {
    let wanted = affinity_words(spec);
    let alone = !views.iter().any(|view| view.affinity);
    let words = if alone {
        format!("none of {} nodes matches {wanted}", views.len())
    } else {
        format!("no node matches both its nodeSelector and {wanted}")
    };
    Some(
        make("node_affinity_wrong")?
            .field("spec.template.spec.affinity.nodeAffinity")
            .seen(if alone { Proven } else { Fits }, "object", "Node", words)
            .value("value", wanted),
    )
}

fn cordoned(make: &dyn Fn(&str) -> Option<Candidate>, fits: &[&View<'_>]) -> Option<Candidate> {
    let names: Vec<&str> = fits.iter().map(|view| view.node.name).collect();
    let names = names.join(", ");
    let words = format!("every node that fits is cordoned: {names}");
    Some(
        make("node_cordoned")?
            .field("spec.template.spec")
            .seen(Proven, "object", "Node", words)
            .value("value_node", names.clone())
            .value("value", names),
    )
}

fn tainted(make: &dyn Fn(&str) -> Option<Candidate>, open: &[&View<'_>]) -> Option<Candidate> {
    let first = open.first()?;
    let taint = first.taints.first()?;
    let (key, effect) = (text(taint, "/key"), text(taint, "/effect"));
    let value = text(taint, "/value");
    let whole = format!("{key}={value}:{effect}");
    // A taint that a controller set for a node that is down is a consequence, not the cause.
    let weight = if key.starts_with("node.kubernetes.io/") {
        Fits
    } else {
        Proven
    };
    Some(
        make("taint_not_tolerated")?
            .field("spec.template.spec.tolerations")
            .seen(
                weight,
                "object",
                first.node.reference(),
                format!("every node that fits has a taint that the pod does not tolerate: {whole}"),
            )
            .value("value_key", key)
            .value("value_node", first.node.name)
            .value("value", whole),
    )
}

/// The nodes that count: a cordoned node of the control plane is not there for applications, so that
/// a pod which fits it alone fits nothing. If there are no others, all count.
fn pool<'a, 'b>(views: &'b [View<'a>]) -> Vec<&'b View<'a>> {
    let aside = |view: &View<'_>| view.cordoned && is_control_plane(view.node.doc);
    let workers: Vec<&View<'a>> = views.iter().filter(|view| !aside(view)).collect();
    if workers.is_empty() {
        views.iter().collect()
    } else {
        workers
    }
}

fn is_control_plane(node: &Value) -> bool {
    texts(node, "/metadata/labels").any(|(key, value)| {
        let by_key = key == "node-role.kubernetes.io/control-plane"
            || key == "node-role.kubernetes.io/master";
        by_key || (key == "kubernetes.io/role" && matches!(value, "master" | "control-plane"))
    })
}

/// The label that the pod asks for and no node has, and its key.
fn missing_label(views: &[&View<'_>], spec: &Value) -> (String, String) {
    let absent = texts(spec, "/nodeSelector").find(|(key, value)| {
        !views.iter().any(|view| {
            texts(view.node.doc, "/metadata/labels").any(|label| label == (*key, *value))
        })
    });
    let (key, value) = absent
        .or_else(|| texts(spec, "/nodeSelector").next())
        .unwrap_or_default();
    (format!("{key}={value}"), key.to_owned())
}

fn affinity_words(spec: &Value) -> String {
    const TERMS: &str =
        "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let mut words = Vec::new();
    for term in items(spec, TERMS) {
        for rule in items(term, "/matchExpressions") {
            let values: Vec<&str> = items(rule, "/values").filter_map(Value::as_str).collect();
            let (key, operator) = (text(rule, "/key"), text(rule, "/operator"));
            words.push(format!("{key} {operator} ({})", values.join(", ")));
        }
    }
    words.join(" and ")
}

/// What only the scheduler's words tell.
fn by_words(
    make: &dyn Fn(&str) -> Option<Candidate>,
    message: &str,
    spec: &Value,
) -> Vec<Candidate> {
    const WORDS: &[(&str, &str, &str)] = &[
        (
            "had untolerated taint",
            "taint_not_tolerated",
            "spec.template.spec.tolerations",
        ),
        (
            "didn't match pod anti-affinity rules",
            "anti_affinity_unsatisfiable",
            "spec.template.spec.affinity.podAntiAffinity",
        ),
        (
            "Insufficient cpu",
            "cpu_request_too_high",
            "spec.template.spec.containers[].resources.requests.cpu",
        ),
        (
            "Insufficient memory",
            "memory_request_too_high",
            "spec.template.spec.containers[].resources.requests.memory",
        ),
        (
            "didn't match pod affinity rules",
            "pod_affinity_unsatisfiable",
            "spec.template.spec.affinity.podAffinity",
        ),
        (
            "free ports",
            "host_port_conflict",
            "spec.template.spec.containers[].ports[].hostPort",
        ),
        (
            "didn't match pod topology spread constraints",
            "topology_spread_unsatisfiable",
            "spec.template.spec.topologySpreadConstraints",
        ),
        (
            "had volume node affinity conflict",
            "volume_node_affinity_conflict",
            "spec.template.spec.volumes",
        ),
    ];
    let found = WORDS.iter().filter(|(words, ..)| message.contains(words));
    let others = extended(make, message, spec).into_iter();
    found
        .filter_map(|(words, id, field)| {
            let candidate = make(id)?.field(*field).value("value", demand(id, spec));
            Some(weigh_share(candidate, message, words))
        })
        .chain(others)
        .collect()
}

/// A resource of which the scheduler has too little, that is neither CPU, memory nor disk.
fn extended(
    make: &dyn Fn(&str) -> Option<Candidate>,
    message: &str,
    spec: &Value,
) -> Option<Candidate> {
    let mut lacking = message.split("Insufficient ").skip(1).map(|rest| {
        let end = rest.find([',', ' ']).unwrap_or(rest.len());
        rest[..end].trim_end_matches('.')
    });
    let name = lacking.find(|name| name.contains('/'))?;
    let escaped = name.replace('/', "~1");
    let asks = items(spec, "/containers").find_map(|container| {
        let amount = container.pointer(&format!("/resources/requests/{escaped}"));
        let amount = amount.or_else(|| container.pointer(&format!("/resources/limits/{escaped}")));
        amount.map(|amount| amount.to_string().trim_matches('"').to_owned())
    });
    let words = format!("it asks for {} {name}", asks.unwrap_or_default());
    Some(
        make("extended_resource_missing")?
            .field(format!(
                "spec.template.spec.containers[].resources.requests.{name}"
            ))
            .value("value", name)
            .seen(Proven, "object", "Node", words),
    )
}

/// The more nodes a reason turned away, the more it counts.
fn weigh_share(candidate: Candidate, message: &str, words: &str) -> Candidate {
    let share = message.split(", ").filter_map(|part| {
        let count = part.rsplit(' ').find_map(|word| word.parse::<u32>().ok());
        let digits = part.split(' ').find_map(|word| word.parse::<u32>().ok());
        part.contains(words).then(|| digits.or(count).unwrap_or(1))
    });
    let turned_away: u32 = share.sum();
    match turned_away {
        0 | 1 => candidate,
        _ => candidate.seen(
            Fits,
            "event",
            "scheduler",
            format!("{turned_away} nodes: {words}"),
        ),
    }
}

fn demand(id: &str, spec: &Value) -> String {
    let resource = match id {
        "cpu_request_too_high" => "cpu",
        "memory_request_too_high" => "memory",
        _ => return String::from("its rule"),
    };
    let pointer = format!("/resources/requests/{resource}");
    let largest = items(spec, "/containers").max_by_key(|container| quantity(container, &pointer));
    largest
        .map(|container| text(container, &pointer).to_owned())
        .filter(|given| !given.is_empty())
        .unwrap_or_else(|| String::from("what it asks for"))
}
