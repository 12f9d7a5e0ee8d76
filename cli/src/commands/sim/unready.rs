//! Pods that are not ready, with the reason that Kubernetes gives.

use crate::paint::harmless;
use serde_json::Value;
use std::collections::BTreeMap;

/// Pods that are listed; the rest is counted.
const LISTED: usize = 20;

/// What a person wants to know of a cluster at a glance, from its `v1 List`: pods that are not
/// ready, and controllers that cannot make theirs.
pub fn report(list: &Value, seconds: u32) -> String {
    let items = list["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let told = Told::of(items);
    let pods: Vec<&Value> = items.iter().filter(|item| item["kind"] == "Pod").collect();
    let mut lines: Vec<String> = pods
        .iter()
        .filter_map(|pod| Some(line(pod, &reason(pod, &told)?)))
        .collect();
    let ready = pods.len() - lines.len();
    let podless = items.iter().filter(|item| is_short(item));
    lines.extend(podless.filter_map(|item| Some(line(item, &told.last(item)?))));
    let mut text = format!(
        "after {seconds} s: {ready} of {} pods ready or done\n",
        pods.len()
    );
    lines.iter().take(LISTED).for_each(|line| text += line);
    if lines.len() > LISTED {
        text += &format!("  … and {} more\n", lines.len() - LISTED);
    }
    text
}

/// Whether a controller has fewer pods than it wants.
fn is_short(item: &Value) -> bool {
    let (has, wants) = match item["kind"].as_str() {
        Some("ReplicaSet" | "StatefulSet") => {
            (&item["status"]["replicas"], &item["spec"]["replicas"])
        }
        Some("DaemonSet") => (
            &item["status"]["currentNumberScheduled"],
            &item["status"]["desiredNumberScheduled"],
        ),
        _ => return false,
    };
    has.as_u64().unwrap_or(0) < wants.as_u64().unwrap_or(0)
}

/// The last warning about each object.
struct Told<'a>(BTreeMap<[&'a str; 3], String>);

impl<'a> Told<'a> {
    fn of(items: &'a [Value]) -> Self {
        let warnings = items
            .iter()
            .filter(|item| item["kind"] == "Event" && item["type"] == "Warning");
        let keyed = warnings.filter_map(|event| {
            let about = &event["involvedObject"];
            Some((key(&about["kind"], about), words(event)?))
        });
        Self(keyed.collect())
    }

    fn last(&self, item: &Value) -> Option<String> {
        self.0.get(&key(&item["kind"], &item["metadata"])).cloned()
    }
}

fn key<'a>(kind: &'a Value, named: &'a Value) -> [&'a str; 3] {
    [kind, &named["namespace"], &named["name"]].map(|word| word.as_str().unwrap_or_default())
}

fn line(item: &Value, reason: &str) -> String {
    let word = |name: &str| {
        item["metadata"][name]
            .as_str()
            .unwrap_or("default")
            .to_owned()
    };
    harmless(&format!(
        "  {}/{}/{}: {}",
        item["kind"].as_str().unwrap_or_default(),
        word("namespace"),
        word("name"),
        reason.replace('\n', " ")
    )) + "\n"
}

/// Why a pod is not ready; `None` where it is, or is done.
fn reason(pod: &Value, told: &Told<'_>) -> Option<String> {
    let status = &pod["status"];
    let conditions = status["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let condition = |kind: &str| {
        conditions
            .iter()
            .find(|condition| condition["type"] == kind)
    };
    if status["phase"] == "Succeeded"
        || condition("Ready").is_some_and(|ready| ready["status"] == "True")
    {
        return None;
    }
    let containers = ["initContainerStatuses", "containerStatuses"].into_iter();
    let mut containers = containers.flat_map(|list| status[list].as_array().into_iter().flatten());
    let waits = |container: &Value| words(&container["state"]["waiting"]);
    let ended = |container: &Value| words(&container["state"]["terminated"]);
    let unscheduled = condition("PodScheduled").filter(|condition| condition["status"] == "False");
    let known = unscheduled
        .and_then(words)
        .or_else(|| {
            let waiting = containers
                .clone()
                .filter(|container| container["ready"] != true)
                .find_map(waits)?;
            // These two say no more than that something else holds the pod up.
            let by_another = ["ContainerCreating", "PodInitializing"].contains(&waiting.as_str());
            let cause = told.last(pod).filter(|_| by_another);
            Some(cause.map_or(waiting.clone(), |cause| format!("{waiting}: {cause}")))
        })
        .or_else(|| containers.find_map(ended))
        .or_else(|| condition("Ready").and_then(words));
    Some(known.unwrap_or_else(|| status["phase"].as_str().unwrap_or("no status").to_owned()))
}

/// `reason: message` of a state or condition.
fn words(of: &Value) -> Option<String> {
    let reason = of["reason"].as_str()?;
    match of["message"].as_str() {
        Some(message) if !message.is_empty() => Some(format!("{reason}: {message}")),
        _ => Some(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, status: &Value) -> Value {
        json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "status": status})
    }

    #[test]
    fn each_pod_that_is_not_ready_has_its_reason() {
        let ready =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        let done =
            json!({"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]});
        let crashing = json!({"phase": "Running", "containerStatuses": [{"ready": false,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}}]});
        let unscheduled = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]});
        let items = [
            pod("a", &ready),
            pod("b", &done),
            pod("c", &crashing),
            pod("d", &unscheduled),
        ];
        let text = report(&json!({"items": items}), 60);
        let expected = "after 60 s: 2 of 4 pods ready or done\n  \
                        Pod/shop/c: CrashLoopBackOff: back-off 10s\n  Pod/shop/d: Unschedulable: 0/3 nodes\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_holds_a_pod_or_its_controller_up_is_told_from_events() {
        let event = |kind: &str, name: &str, reason: &str| {
            json!({"kind": "Event", "type": "Warning", "reason": reason, "message": "not found",
                "involvedObject": {"kind": kind, "name": name, "namespace": "shop"}})
        };
        let creating = json!({"phase": "Pending", "containerStatuses": [{"ready": false,
            "state": {"waiting": {"reason": "ContainerCreating"}}}]});
        let set = json!({"kind": "ReplicaSet", "metadata": {"name": "b", "namespace": "shop"},
            "spec": {"replicas": 1}, "status": {"replicas": 0}});
        let items = [
            pod("a", &creating),
            set,
            event("Pod", "a", "FailedMount"),
            event("ReplicaSet", "b", "FailedCreate"),
        ];
        let text = report(&json!({"items": items}), 60);
        let expected = "after 60 s: 0 of 1 pods ready or done\n  \
                        Pod/shop/a: ContainerCreating: FailedMount: not found\n  \
                        ReplicaSet/shop/b: FailedCreate: not found\n";
        assert_eq!(text, expected);
    }
}
