//! Whether everything that a scenario names is there.

use crate::amount::Length;
use crate::diagnostic::{Code, Finding, child};
use crate::format::{
    Act, ChaosEntry, Deleted, Noise, NoiseEntry, Objectives, RemedyAction, ServiceWords,
};
use crate::load::Loaded;
use crate::names;
use crate::objects::{Index, WORKLOADS, template};
use aegis_kube::spelling::nearest;
use aegis_model::FieldPath;
use aegis_model::kubernetes::Kind;

/// Everything named that is not there.
#[must_use]
pub fn findings(loaded: &Loaded) -> Vec<Finding> {
    let mut index = Index::new(&loaded.manifests);
    for node in &loaded.nodes {
        index.add(node);
    }
    for entry in &loaded.scenario.spec.chaos {
        if let Act::Apply(document) = &entry.act {
            index.add(document);
        }
    }
    let mut check = Check {
        loaded,
        index,
        findings: Vec::new(),
    };
    check.observed();
    check.nodes();
    check.services();
    check.traffic();
    check.chaos();
    check.objectives();
    check.truth();
    check.remedy();
    check.expect();
    check.findings
}

struct Check<'a> {
    loaded: &'a Loaded,
    index: Index<'a>,
    findings: Vec<Finding>,
}

fn spec(word: &str) -> FieldPath {
    FieldPath::default().key("spec").key(word)
}

impl Check<'_> {
    fn find(&mut self, path: &FieldPath, text: &str) {
        if text.starts_with("Cluster/") {
            return;
        }
        if self.index.named(text).is_some() || self.index.makes(text) {
            return;
        }
        let message = format!("no object `{text}` is among the manifests");
        let mut finding = Finding::new(Code::UnknownObject, path, text, message);
        let known: Vec<_> = self.index.references().collect();
        let meant = names::object(text).and_then(|wanted| names::meant(&wanted, &known));
        if let Some(meant) = meant {
            finding = finding.help(format!("did you mean `{meant}`?"));
        }
        self.findings.push(finding);
    }

    fn service(&mut self, path: &FieldPath, text: &str, word: &str) {
        if self.index.service(text).is_some() {
            return;
        }
        let known = self.index.names_of(&Kind::Service);
        let help = match nearest(text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.contains(&text) => {
                "several namespaces have one: write namespace/name".into()
            }
            None => format!("Services: {}", known.join(", ")),
        };
        let message = format!("unknown service `{text}` in `{word}`");
        self.findings
            .push(Finding::new(Code::UnknownService, path, text, message).help(help));
    }

    fn time(&mut self, path: &FieldPath, at: Length) {
        let duration = self.loaded.scenario.spec.duration;
        if at.0 > duration.0 {
            let message = format!("{at} lies after the end at {duration}");
            self.findings.push(
                Finding::new(Code::Time, path, at.to_string(), message)
                    .help("make `duration` longer, or the time earlier"),
            );
        }
    }

    /// When noise holds, and what telemetry passes.
    fn observed(&mut self) {
        let scenario = &self.loaded.scenario;
        if let Noise::Entries(entries) = &scenario.spec.noise {
            for (position, entry) in entries.iter().enumerate() {
                self.spell(position, entry);
            }
        }
        for (position, passage) in scenario.spec.telemetry.iter().enumerate() {
            let path = child(&spec("telemetry"), position).key("through");
            self.find(&path, &passage.through);
            self.carrier(&path, &passage.through);
        }
    }

    fn spell(&mut self, position: usize, entry: &NoiseEntry) {
        let (Some(from), Some(until)) = (entry.from, entry.until) else {
            return;
        };
        if until <= from {
            let is_list = self
                .loaded
                .document
                .as_ref()
                .is_some_and(|document| document.value["spec"]["noise"].is_array());
            let here = if is_list {
                child(&spec("noise"), position)
            } else {
                spec("noise")
            };
            let message = format!("{until} is not after {from}, from which this noise holds");
            self.findings.push(
                Finding::new(Code::Time, &here.key("until"), until.to_string(), message)
                    .help("make `until` later than `from`"),
            );
        }
    }

    /// What carries telemetry has pods.
    fn carrier(&mut self, path: &FieldPath, text: &str) {
        let kind = names::object(text).map(|object| object.kind);
        let runs = |kind: &Kind| WORKLOADS.contains(kind) || *kind == Kind::Pod;
        if kind.as_ref().is_none_or(runs) {
            return;
        }
        let message = format!("`{text}` has no pods that telemetry could pass");
        self.findings.push(
            Finding::new(Code::WrongValue, path, text, message)
                .help("name a workload, as deployment/otel-collector"),
        );
    }

    fn nodes(&mut self) {
        let none = self.loaded.nodes.is_empty() && self.index.names_of(&Kind::Node).is_empty();
        if none {
            let path = spec("cluster").key("nodes");
            self.findings.push(
                Finding::new(Code::NoNodes, &path, "", "there is no node")
                    .help("state at least one group, as {count: 3, cpu: \"4\", memory: 16Gi}"),
            );
        }
        let stated = self.loaded.scenario.spec.cluster.iter();
        for (position, group) in stated.flat_map(|words| &words.nodes).enumerate() {
            let (least, most) = (group.min, group.max);
            let fits =
                least.unwrap_or(0) <= group.count && group.count <= most.unwrap_or(group.count);
            if !fits {
                let path = child(&spec("cluster").key("nodes"), position).key("count");
                let message = "`count` is not between `min` and `max`";
                let value = group.count.to_string();
                let finding = Finding::new(Code::WrongValue, &path, value, message);
                self.findings
                    .push(finding.help("min ≤ count ≤ max: it is the size at the start"));
            }
        }
    }

    fn services(&mut self) {
        let words = &self.loaded.scenario.spec.services;
        for (position, service) in words.iter().enumerate() {
            let here = child(&spec("services"), position);
            self.serving(&here.key("name"), service);
            for (position, call) in service.calls.iter().flatten().enumerate() {
                let path = child(&here.key("calls"), position).key("to");
                self.service(&path, &call.to, "spec.services.calls");
            }
        }
        for (position, usage) in self.loaded.scenario.spec.usage.iter().enumerate() {
            self.find(
                &child(&spec("usage"), position).key("workload"),
                &usage.workload,
            );
        }
    }

    /// A name in `services`: a workload's, or a Service's.
    fn serving(&mut self, path: &FieldPath, service: &ServiceWords) {
        let is_workload = |kind: &Kind| self.index.of_kind(kind, &service.name).is_some();
        if !WORKLOADS.iter().any(is_workload) {
            self.service(path, &service.name, "spec.services");
        }
    }

    fn traffic(&mut self) {
        for (position, traffic) in self.loaded.scenario.spec.traffic.iter().enumerate() {
            let path = child(&spec("traffic"), position).key("to");
            self.service(&path, &traffic.to, "spec.traffic");
        }
    }

    fn chaos(&mut self) {
        for (position, entry) in self.loaded.scenario.spec.chaos.iter().enumerate() {
            let path = child(&spec("chaos"), position);
            self.time(&path.key("at"), entry.at);
            self.timing(&path, entry);
            self.act(&path, entry);
        }
    }

    /// `for` is a word of faults, `every` one of changes.
    fn timing(&mut self, path: &FieldPath, entry: &ChaosEntry) {
        let is_fault = matches!(entry.act, Act::Fault { .. });
        let is_load = matches!(entry.act, Act::Load(_));
        let is_stage = matches!(entry.act, Act::Stage { .. });
        let refused = match (entry.lasts, entry.every) {
            (Some(_), _) if !is_fault => ("for", "of a change or load is not simulated yet"),
            (_, Some(_)) if is_fault || is_load || is_stage => {
                ("every", "of a fault or load is not simulated yet")
            }
            _ => return,
        };
        let here = path.key(refused.0);
        let finding = Finding::new(
            Code::NotSimulated,
            &here,
            refused.0,
            format!("`{here}` {}", refused.1),
        );
        self.findings.push(
            finding
                .of_key()
                .help("write a second entry for the other time"),
        );
    }

    fn act(&mut self, path: &FieldPath, entry: &ChaosEntry) {
        match &entry.act {
            Act::Fault {
                fault,
                target,
                parameters,
            } => {
                if let Some(target) = target {
                    self.find(&path.key("target"), target);
                }
                self.findings.extend(crate::faults::findings(
                    path,
                    fault,
                    target.as_deref(),
                    parameters,
                ));
            }
            Act::Stage { fault, target } => {
                if let Some(target) = target {
                    self.find(&path.key("target"), target);
                }
                let none = serde_json::Map::new();
                let found = crate::faults::findings(path, fault, target.as_deref(), &none);
                self.findings.extend(found);
            }
            Act::Patch(patch) => self.find(&path.key("patch").key("object"), &patch.object),
            Act::Apply(document) => {
                let here = path.key("apply");
                self.findings.extend(applied(&here, document));
            }
            Act::Delete {
                what: Deleted::Object(object),
                ..
            } => self.find(&path.key("delete"), object),
            Act::Delete {
                what: Deleted::Choice(choice),
                ..
            } => {
                if let Some(owner) = &choice.owner {
                    self.find(&path.key("delete").key("owner"), owner);
                }
            }
            Act::Load(load) => self.service(&path.key("load").key("to"), &load.to, "spec.chaos"),
        }
    }

    fn objectives(&mut self) {
        let Objectives::Stated(objectives) = &self.loaded.scenario.spec.objectives else {
            return;
        };
        for (position, objective) in objectives.iter().enumerate() {
            let path = child(&spec("objectives"), position).key("service");
            self.service(&path, &objective.service, "spec.objectives");
            self.entry(&path, &objective.service);
        }
    }

    /// An objective is about what users get: its Service must be one that they reach.
    fn entry(&mut self, path: &FieldPath, name: &str) {
        let Some(service) = self.index.service(name) else {
            return;
        };
        let traffic = &self.loaded.scenario.spec.traffic;
        let entries: Vec<_> = traffic
            .iter()
            .filter_map(|traffic| self.index.service(&traffic.to))
            .collect();
        if !entries.contains(&service) {
            let names: Vec<&str> = traffic.iter().map(|traffic| traffic.to.as_str()).collect();
            let help = match names.as_slice() {
                [] => "state `traffic`".to_owned(),
                names => format!("traffic goes to {}", names.join(", ")),
            };
            let message = format!("no traffic goes to `{name}`, so nothing can be promised there");
            self.findings
                .push(Finding::new(Code::NoTraffic, path, name, message).help(help));
        }
    }

    fn truth(&mut self) {
        let Some(truth) = &self.loaded.scenario.spec.truth else {
            return self.ambiguous();
        };
        for (word, causes) in [("causes", &truth.causes), ("alsoRight", &truth.also_right)] {
            for (position, cause) in causes.iter().enumerate() {
                let path = child(&spec("truth").key(word), position);
                self.find(&path.key("object"), &cause.object);
                self.findings
                    .extend(crate::faults::known(&path.key("fault"), &cause.fault));
            }
        }
    }

    /// Changes alone do not say which of them is wrong.
    fn ambiguous(&mut self) {
        let spec_ = &self.loaded.scenario.spec;
        let derived = spec_
            .chaos
            .iter()
            .any(|entry| matches!(entry.act, Act::Fault { .. } | Act::Load(_)));
        if derived || spec_.chaos.is_empty() || spec_.traffic.is_empty() || !spec_.expect.is_empty()
        {
            return;
        }
        let path = spec("chaos");
        let message = "which of these changes is wrong cannot be derived";
        let finding = Finding::new(Code::Truth, &path, "", message).of_key();
        self.findings.push(
            finding.help("state `truth: {causes: […]}`; an empty list where nothing is wrong"),
        );
    }

    fn remedy(&mut self) {
        for (position, step) in self.loaded.scenario.spec.remedy.iter().enumerate() {
            let path = child(&spec("remedy"), position);
            if let Some(at) = step.at {
                self.time(&path.key("at"), at);
            }
            self.remedy_action(&path, &step.action);
        }
    }

    fn remedy_action(&mut self, path: &FieldPath, action: &RemedyAction) {
        let (word, field, object) = remedied(action);
        let Some(object) = object else {
            return;
        };
        let here = field.map_or_else(|| path.key(word), |field| path.key(word).key(field));
        self.find(&here, object);
        match action {
            RemedyAction::SetResources { container, .. }
            | RemedyAction::SetImage { container, .. }
            | RemedyAction::SetEnv { container, .. }
            | RemedyAction::PatchProbe { container, .. } => {
                self.container(&path.key(word).key("container"), object, container);
            }
            RemedyAction::SetRetries { service, .. } => {
                self.find(&path.key(word).key("service"), service);
            }
            _ => {}
        }
    }

    fn container(&mut self, path: &FieldPath, workload: &str, name: &str) {
        let Some(template) = self
            .index
            .named(workload)
            .and_then(|(_, value)| template(value))
        else {
            return;
        };
        let names: Vec<_> = template
            .spec
            .containers
            .iter()
            .map(|container| container.name.as_str())
            .collect();
        if !names.contains(&name) {
            self.findings.push(
                Finding::new(
                    Code::UnknownContainer,
                    path,
                    name,
                    format!("`{workload}` has no container `{name}`"),
                )
                .help(format!("its containers: {}", names.join(", ")))
                .did_you_mean(names),
            );
        }
    }

    fn expect(&mut self) {
        for (position, expected) in self.loaded.scenario.spec.expect.iter().enumerate() {
            let path = child(&spec("expect"), position);
            self.time(&path.key("at"), expected.at);
            if expected.object.is_empty() == expected.reach.is_none() {
                let message = "an expectation is about an `object` or a `reach`: one of both";
                let finding = Finding::new(Code::ExactlyOne, &path, "", message);
                self.findings.push(finding.help("keep one of them"));
            }
            if expected.reach.is_some() {
                continue;
            }
            if expected.count.is_some() && expected.path.is_empty() {
                continue;
            }
            let field = expected.path.strip_prefix('.').unwrap_or(&expected.path);
            if let Err(error) = field.parse::<FieldPath>() {
                let here = path.key("path");
                self.findings.push(Finding::new(
                    Code::WrongValue,
                    &here,
                    &expected.path,
                    error.to_string(),
                ));
            }
        }
    }
}

/// The word of a remedy, the field in it that names an object, and the object. An
/// object that a fault makes (a policy) is looked for when the remedy is taken.
fn remedied(action: &RemedyAction) -> (&'static str, Option<&'static str>, Option<&str>) {
    use RemedyAction as A;
    match action {
        A::Scale { workload, .. } => ("scale", Some("workload"), Some(workload)),
        A::RestartRollout(object) => ("restartRollout", None, Some(object)),
        A::RollBack(object) => ("rollBack", None, Some(object)),
        A::PauseRollout(object) => ("pauseRollout", None, Some(object)),
        A::ResumeRollout(object) => ("resumeRollout", None, Some(object)),
        A::SetResources { workload, .. } => ("setResources", Some("workload"), Some(workload)),
        A::SetImage { workload, .. } => ("setImage", Some("workload"), Some(workload)),
        A::SetEnv { workload, .. } => ("setEnv", Some("workload"), Some(workload)),
        A::PatchAutoscaler { autoscaler, .. } => {
            ("patchAutoscaler", Some("autoscaler"), Some(autoscaler))
        }
        A::Cordon(object) => ("cordon", None, Some(object)),
        A::Uncordon(object) => ("uncordon", None, Some(object)),
        A::Drain(object) => ("drain", None, Some(object)),
        A::DeletePolicy(_) => ("deletePolicy", None, None),
        A::PatchProbe { workload, .. } => ("patchProbe", Some("workload"), Some(workload)),
        A::PatchService { service, .. } => ("patchService", Some("service"), Some(service)),
        A::LimitConcurrency { workload, .. } => {
            ("limitConcurrency", Some("workload"), Some(workload))
        }
        A::SetRetries { workload, .. } => ("setRetries", Some("workload"), Some(workload)),
        A::ShedTraffic { service, .. } => ("shedTraffic", Some("service"), Some(service)),
        A::Exec { on, .. } => ("exec", Some("on"), on.as_deref()),
        A::Wait(_) => ("wait", None, None),
    }
}

/// What an applied object must have to be one. What the API server says of it is heard when its time has come.
fn applied(path: &FieldPath, document: &serde_json::Value) -> Vec<Finding> {
    let text = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.is_empty());
    let parts = [
        ("apiVersion", text(&document["apiVersion"])),
        ("kind", text(&document["kind"])),
        ("metadata.name", text(&document["metadata"]["name"])),
    ];
    let missing = parts.iter().filter(|(_, there)| !there).map(|(word, _)| {
        Finding::new(
            Code::MissingField,
            path,
            *word,
            format!("`{path}.{word}` is missing"),
        )
        .help("an object has apiVersion, kind and metadata.name")
    });
    missing.collect()
}
