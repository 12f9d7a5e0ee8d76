//! Chaos Mesh resources as faults of the catalogue.
//!
//! Read as their documentation defines the fields (chaos-mesh.org, `api/v1alpha1`): `selector`, `mode`, `duration`, and what
//! each kind says of its action. A resource becomes entries of `chaos`, a Schedule one for each of its times, a Workflow one
//! for each chaos among its templates. What of a resource is not simulated is said, and never passed over in silence.

use crate::amount::Length;
use crate::format::{Act, ChaosEntry};
use aegis_faults::Parameter;
use aegis_kube::Document;
use serde_json::{Map, Value};

/// What a resource comes to.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Read {
    /// The faults.
    pub entries: Vec<ChaosEntry>,
    /// What is not simulated, in words.
    pub left_out: Vec<String>,
}

/// Whether a document is a resource of Chaos Mesh.
#[must_use]
pub fn is_chaos(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    version.starts_with("chaos-mesh.org/")
}

/// Longest chain of templates that is followed.
const DEEPEST: u32 = 8;
/// Most times of a Schedule.
const MOST_TIMES: u32 = 200;

/// The faults of a resource that is applied `at`, in a run that lasts until `end`.
#[must_use]
pub fn read(document: &Value, at: Length, end: Length, manifests: &[Document]) -> Read {
    let mut reader = Reader {
        manifests,
        namespace: text(&document["metadata"]["namespace"]).unwrap_or("default"),
        end,
        read: Read::default(),
    };
    let kind = text(&document["kind"]).unwrap_or_default();
    reader.resource(kind, &document["spec"], at, None);
    reader.read
}

struct Reader<'a> {
    manifests: &'a [Document],
    namespace: &'a str,
    end: Length,
    read: Read,
}

/// A fault of the catalogue and its sizes, as a resource asks for it.
struct Asked {
    fault: &'static str,
    sizes: Vec<(&'static str, String)>,
    lasts: Lasts,
}

/// How long an action acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasts {
    /// As long as the resource says.
    Duration,
    /// It happens once.
    Once,
}

fn asked(fault: &'static str, sizes: Vec<(&'static str, String)>) -> Asked {
    Asked {
        fault,
        sizes,
        lasts: Lasts::Duration,
    }
}

impl Reader<'_> {
    fn leave_out(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.read.left_out.contains(&what) {
            self.read.left_out.push(what);
        }
    }

    fn resource(&mut self, kind: &str, spec: &Value, at: Length, until: Option<Length>) {
        match kind {
            "Schedule" => self.schedule(spec, at),
            "Workflow" => {
                let entry = text(&spec["entry"]).unwrap_or_default();
                self.template(spec, entry, at, DEEPEST);
            }
            _ => self.chaos(kind, spec, at, until),
        }
    }

    /// `spec.type` at each time of `spec.schedule`.
    fn schedule(&mut self, spec: &Value, at: Length) {
        let kind = text(&spec["type"]).unwrap_or_default();
        let cron = text(&spec["schedule"]).unwrap_or_default();
        let Some(period) = period(cron) else {
            self.leave_out(format!(
                "schedule `{cron}`: only `@every 30s` and `*/5 * * * *` are simulated"
            ));
            return;
        };
        for turn in 1..=MOST_TIMES {
            let at = Length(at.0 + period * f64::from(turn));
            if at.0 >= self.end.0 {
                break;
            }
            self.resource(kind, &spec[field_of(kind)], at, None);
        }
    }

    /// A template of a Workflow; gives when it is over.
    fn template(&mut self, spec: &Value, name: &str, at: Length, deep: u32) -> Length {
        let templates = spec["templates"].as_array().into_iter().flatten();
        let mut templates = templates.filter(|template| text(&template["name"]) == Some(name));
        let Some(template) = templates.next().filter(|_| deep > 0) else {
            self.leave_out(format!("template `{name}`"));
            return at;
        };
        let deadline = length(&template["deadline"]);
        let over = Length(at.0 + deadline.map_or(0.0, |length| length.0));
        let children = template["children"].as_array().into_iter().flatten();
        let children: Vec<&str> = children.filter_map(text).collect();
        match text(&template["templateType"]).unwrap_or_default() {
            "Serial" => children
                .iter()
                .fold(at, |at, child| self.template(spec, child, at, deep - 1)),
            "Parallel" => children
                .iter()
                .map(|child| self.template(spec, child, at, deep - 1))
                .fold(at, |last, over| if over.0 > last.0 { over } else { last }),
            "Suspend" => over,
            kind @ ("Task" | "StatusCheck") => {
                self.leave_out(format!("templates of type {kind}"));
                over
            }
            kind => {
                self.resource(kind, &template[field_of(kind)], at, deadline);
                over
            }
        }
    }

    fn chaos(&mut self, kind: &str, spec: &Value, at: Length, until: Option<Length>) {
        let Some(asked) = self.asked(kind, spec) else {
            return;
        };
        self.what_is_wider(spec);
        let targets = match asked.fault {
            "names_all_unresolved" => vec!["Cluster/cluster".to_owned()],
            "name_unresolved" => self.services(&spec["patterns"]),
            _ => self.workloads(&spec["selector"]),
        };
        if targets.is_empty() {
            self.leave_out(format!("{kind}: it selects nothing"));
        }
        let lasts = match asked.lasts {
            Lasts::Once => None,
            Lasts::Duration => length(&spec["duration"]).or(until),
        };
        for target in targets {
            let entry = ChaosEntry {
                at,
                lasts,
                actor: "chaos-mesh".to_owned(),
                every: None,
                act: Act::Fault {
                    fault: asked.fault.to_owned(),
                    target: Some(target),
                    parameters: sizes(&asked),
                },
            };
            self.read.entries.push(entry);
        }
    }

    /// What a selection says that a fault of all pods of a workload does not do.
    fn what_is_wider(&mut self, spec: &Value) {
        let mode = text(&spec["mode"]).unwrap_or("all");
        if mode != "all" {
            self.leave_out(format!(
                "mode `{mode}`: it acts on all pods that are selected"
            ));
        }
        for word in ["direction", "target", "externalTargets", "device"] {
            let is_layer = word == "target" && spec[word].is_string();
            if !spec[word].is_null() && !is_layer {
                self.leave_out(format!("`{word}`: it acts on all connections of the pods"));
            }
        }
        for word in [
            "containerNames",
            "scheduler",
            "path",
            "method",
            "port",
            "methods",
            "volumePath",
        ] {
            if !spec[word].is_null() {
                self.leave_out(format!("`{word}`"));
            }
        }
    }

    fn asked(&mut self, kind: &str, spec: &Value) -> Option<Asked> {
        match kind {
            "PodChaos" => self.of_pods(spec),
            "NetworkChaos" => self.of_network(spec),
            "StressChaos" => self.of_stress(spec),
            "IOChaos" | "IoChaos" => self.of_io(spec),
            "DNSChaos" => Some(of_names(spec)),
            "HTTPChaos" => self.of_http(spec),
            "TimeChaos" => Some(asked("pod_clock_off", vec![])),
            "KernelChaos" => Some(asked("system_call_fails", vec![])),
            "JVMChaos" => Some(asked("runtime_method_fails", vec![])),
            "BlockChaos" => Some(asked("disk_slow", delay(&spec["delay"]["latency"]))),
            other => {
                self.leave_out(format!("kind {other}"));
                None
            }
        }
    }

    fn of_pods(&mut self, spec: &Value) -> Option<Asked> {
        let once = |fault| Asked {
            lasts: Lasts::Once,
            ..asked(fault, vec![])
        };
        match text(&spec["action"]).unwrap_or_default() {
            "pod-kill" => Some(once("pod_kill")),
            "pod-failure" => Some(asked("container_kill", vec![])),
            "container-kill" => {
                self.leave_out("container-kill: the whole pod is killed");
                Some(once("pod_kill"))
            }
            other => {
                self.leave_out(format!("PodChaos action `{other}`"));
                None
            }
        }
    }

    fn of_network(&mut self, spec: &Value) -> Option<Asked> {
        let action = text(&spec["action"]).unwrap_or_default();
        let lost = |value: &Value| vec![("share", percent(value))];
        for word in ["jitter", "correlation", "reorder"] {
            if !spec["delay"][word].is_null() || !spec["loss"][word].is_null() {
                self.leave_out(format!("`{word}`"));
            }
        }
        match action {
            "delay" => Some(asked("pod_network_delay", delay(&spec["delay"]["latency"]))),
            "netem" if !spec["delay"].is_null() => {
                self.leave_out("netem: only its delay");
                Some(asked("pod_network_delay", delay(&spec["delay"]["latency"])))
            }
            "loss" | "netem" => Some(asked("pod_network_loss", lost(&spec["loss"]["loss"]))),
            // A packet whose checksum is wrong is dropped by who gets it.
            "corrupt" => Some(asked("pod_network_loss", lost(&spec["corrupt"]["corrupt"]))),
            "partition" => Some(asked("pod_network_partition", vec![])),
            other => {
                self.leave_out(format!("NetworkChaos action `{other}`"));
                None
            }
        }
    }

    fn of_stress(&mut self, spec: &Value) -> Option<Asked> {
        let (cpu, memory) = (&spec["stressors"]["cpu"], &spec["stressors"]["memory"]);
        if !cpu.is_null() && !memory.is_null() {
            self.leave_out("stressors.memory beside stressors.cpu");
        }
        if !cpu.is_null() {
            let load = cpu["load"].as_f64().unwrap_or(100.0) / 100.0;
            let cores = workers(cpu) * load;
            return Some(asked(
                "cpu_hog",
                vec![("cores", format!("{}m", (cores * 1000.0) as u64))],
            ));
        }
        let size = text(&memory["size"]).unwrap_or("256MB");
        let Some(bytes) = bytes(size) else {
            self.leave_out(format!("stressors.memory.size `{size}`"));
            return None;
        };
        let all = (bytes * workers(memory)) as u64;
        Some(asked("memory_stress", vec![("bytes", all.to_string())]))
    }

    fn of_io(&mut self, spec: &Value) -> Option<Asked> {
        let share = |value: &Value| match value.is_null() {
            true => "100%".to_owned(),
            false => percent(value),
        };
        match text(&spec["action"]).unwrap_or_default() {
            "latency" => Some(asked("disk_slow", delay(&spec["delay"]))),
            "fault" => Some(asked(
                "system_call_fails",
                vec![("share", share(&spec["percent"]))],
            )),
            "mistake" => Some(asked(
                "data_corrupted_silently",
                vec![("share", share(&spec["percent"]))],
            )),
            other => {
                self.leave_out(format!("IOChaos action `{other}`"));
                None
            }
        }
    }

    fn of_http(&mut self, spec: &Value) -> Option<Asked> {
        if spec["abort"] == true {
            return Some(asked("http_aborted", vec![("share", "100%".to_owned())]));
        }
        if !spec["delay"].is_null() {
            return Some(asked("pod_network_delay", delay(&spec["delay"])));
        }
        if !spec["replace"].is_null() || !spec["patch"].is_null() {
            return Some(asked(
                "responses_tampered",
                vec![("share", "100%".to_owned())],
            ));
        }
        self.leave_out("HTTPChaos without abort, delay, replace or patch");
        None
    }

    /// Workloads whose pods a selector means, as scenarios write them.
    fn workloads(&self, selector: &Value) -> Vec<String> {
        let namespaces: Vec<&str> = list(&selector["namespaces"]);
        let here = |document: &&Document| {
            let namespace = namespace(&document.value);
            match namespaces.is_empty() {
                true => namespace == self.namespace,
                false => namespaces.contains(&namespace),
            }
        };
        let matching = |document: &&Document| {
            let labels = &document.value["spec"]["template"]["metadata"]["labels"];
            let wanted = selector["labelSelectors"].as_object().into_iter().flatten();
            labels.is_object()
                && wanted
                    .into_iter()
                    .all(|(key, value)| labels.get(key) == Some(value))
        };
        self.manifests
            .iter()
            .filter(here)
            .filter(matching)
            .map(written)
            .collect()
    }

    /// Services whose names a pattern means; `*` stands for anything at its end.
    fn services(&self, patterns: &Value) -> Vec<String> {
        let patterns: Vec<&str> = list(patterns);
        let means = |name: &str| {
            patterns.iter().any(|pattern| {
                let short = pattern.split('.').next().unwrap_or_default();
                match short.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => name == short,
                }
            })
        };
        let services = self
            .manifests
            .iter()
            .filter(|document| document.kind() == "Service");
        services
            .filter(|document| means(text(&document.value["metadata"]["name"]).unwrap_or_default()))
            .map(written)
            .collect()
    }
}

fn of_names(spec: &Value) -> Asked {
    match list(&spec["patterns"]).is_empty() {
        true => asked("names_all_unresolved", vec![]),
        false => asked("name_unresolved", vec![]),
    }
}

/// `PodChaos` stands under `podChaos`, `IOChaos` under `ioChaos`.
fn field_of(kind: &str) -> String {
    let end = kind.find("Chaos").unwrap_or(0);
    let (name, rest) = kind.split_at(end);
    let mut letters = name.chars();
    match name.chars().all(char::is_uppercase) {
        true => format!("{}{rest}", name.to_lowercase()),
        false => {
            let first: String = letters
                .next()
                .into_iter()
                .flat_map(char::to_lowercase)
                .collect();
            format!("{first}{}{rest}", letters.as_str())
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn list(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}

fn length(value: &Value) -> Option<Length> {
    text(value)?.parse().ok()
}

fn namespace(document: &Value) -> &str {
    text(&document["metadata"]["namespace"]).unwrap_or("default")
}

fn written(document: &Document) -> String {
    let name = text(&document.value["metadata"]["name"]).unwrap_or_default();
    let kind = document.kind().to_lowercase();
    format!("{kind}/{}/{name}", namespace(&document.value))
}

/// Seconds between the times of a schedule: `@every 30s`, or every so many minutes.
fn period(cron: &str) -> Option<f64> {
    if let Some(every) = cron.strip_prefix("@every ") {
        return every
            .parse()
            .ok()
            .map(|Length(seconds)| seconds)
            .filter(|seconds| *seconds >= 1.0);
    }
    let (minutes, rest) = cron.split_once(' ')?;
    let every: f64 = match minutes {
        "*" => 1.0,
        _ => minutes.strip_prefix("*/")?.parse().ok()?,
    };
    (rest == "* * * *" && every >= 1.0).then_some(every * 60.0)
}

fn delay(value: &Value) -> Vec<(&'static str, String)> {
    text(value)
        .map(|latency| ("delay", latency.to_owned()))
        .into_iter()
        .collect()
}

/// A percentage without its sign, as Chaos Mesh writes it.
fn percent(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{}%", text.trim_end_matches('%')),
        other => format!("{other}%"),
    }
}

fn workers(stressor: &Value) -> f64 {
    stressor["workers"].as_f64().unwrap_or(1.0)
}

/// `256MB`, `1GiB`: bytes.
fn bytes(size: &str) -> Option<f64> {
    let end = size
        .find(|c: char| !matches!(c, '0'..='9' | '.'))
        .unwrap_or(size.len());
    let number: f64 = size[..end].parse().ok()?;
    let unit = match size[end..].trim() {
        "" | "B" => 1.0,
        "KB" | "K" | "k" => 1e3,
        "KiB" | "Ki" => 1024.0,
        "MB" | "M" => 1e6,
        "MiB" | "Mi" => 1024.0 * 1024.0,
        "GB" | "G" => 1e9,
        "GiB" | "Gi" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number * unit)
}

/// Sizes as a scenario writes them, each within the range of its parameter.
fn sizes(asked: &Asked) -> Map<String, Value> {
    let parameters = aegis_faults::by_id(asked.fault).map_or(&[][..], |fault| fault.parameters);
    let bounded = |(name, text): &(&'static str, String)| {
        let parameter = parameters
            .iter()
            .find(|parameter| parameter.name == *name)?;
        let size = crate::faults::size(parameter, &Value::String(text.clone()))?;
        Some(((*name).to_owned(), within(parameter, size, text)))
    };
    asked.sizes.iter().filter_map(bounded).collect()
}

fn within(parameter: &Parameter, size: f64, text: &str) -> Value {
    if parameter.admits(size) {
        return text.into();
    }
    let near = size.clamp(parameter.low, parameter.high);
    crate::faults::shown(parameter, near).into()
}
