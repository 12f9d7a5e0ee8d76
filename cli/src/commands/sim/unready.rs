//! Pods that are not ready, with the reason that Kubernetes gives.

use crate::paint::harmless;
use serde_json::Value;

/// Pods that are listed; the rest is counted.
const LISTED: usize = 20;

/// What a person wants to know of a cluster at a glance, from its `v1 List`.
pub fn report(list: &Value, seconds: u32) -> String {
    let items = list["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let pods: Vec<&Value> = items.iter().filter(|item| item["kind"] == "Pod").collect();
    let unready: Vec<String> = pods
        .iter()
        .filter_map(|pod| Some(line(pod, &reason(pod)?)))
        .collect();
    let ready = pods.len() - unready.len();
    let mut text = format!(
        "after {seconds} s: {ready} of {} pods ready or done\n",
        pods.len()
    );
    unready.iter().take(LISTED).for_each(|line| text += line);
    if unready.len() > LISTED {
        text += &format!("  … and {} more\n", unready.len() - LISTED);
    }
    text
}

fn line(pod: &Value, reason: &str) -> String {
    let word = |name: &str| {
        pod["metadata"][name]
            .as_str()
            .unwrap_or("default")
            .to_owned()
    };
    harmless(&format!(
        "  Pod/{}/{}: {}",
        word("namespace"),
        word("name"),
        reason.replace('\n', " ")
    )) + "\n"
}

/// Why a pod is not ready; `None` where it is, or is done.
fn reason(pod: &Value) -> Option<String> {
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
            containers
                .clone()
                .filter(|container| container["ready"] != true)
                .find_map(waits)
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
}
