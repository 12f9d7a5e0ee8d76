//! Reads a scenario: its own document, the manifests behind it, what it includes.
//!
//! No file is opened here: whoever calls gives texts by name.

use crate::amount::Length;
use crate::chaos_mesh;
use crate::check;
use crate::diagnostic::{Code, Finding, Side, child};
use crate::format::{Act, Rate, Scenario};
use crate::references;
use aegis_kube::{Diagnostic, Document, ReadError, Severity, Span};
use aegis_model::FieldPath;
use serde_json::Value;
use std::collections::BTreeMap;

/// Gives the text of a file by its path; `None` where there is none.
pub type Files<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A scenario with all that it is made of.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Its own document, for places; plain manifests have none.
    pub document: Option<Document>,
    /// Manifests in order: included ones first, then those in the file itself; patched.
    pub manifests: Vec<Document>,
    /// Node documents that are made: stated ones, or by the rule.
    pub nodes: Vec<Value>,
    /// Traces of load by file: seconds and requests per second, in order of time.
    pub traces: BTreeMap<String, Vec<(f64, f64)>>,
    /// What is no error.
    pub warnings: Vec<Diagnostic>,
    /// Why manifests are not among these: the API server would refuse them.
    pub refused: Vec<Diagnostic>,
}

/// What becomes of manifests that the API server would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusals {
    /// They are errors, and nothing is built.
    Stop,
    /// They are left out and told, as `kubectl apply` goes on with the others.
    SetAside,
}

/// Whether a text holds a `Scenario`, rather than plain manifests.
#[must_use]
pub fn is_scenario(documents: &[Document]) -> bool {
    documents.iter().any(is_ours)
}

fn is_ours(document: &Document) -> bool {
    document.kind() == "Scenario" || document.api_version().starts_with("aegis.dev/")
}

/// Reads the scenario in `text`. `name` is the path that errors name and that
/// `include` is relative to.
///
/// # Errors
/// All that is wrong, with places; nothing has been built by then.
pub fn load(name: &str, text: &str, files: &Files<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    read(name, text, files, Refusals::Stop)
}

/// The same with what the API server takes of the manifests; what it refuses is told in
/// [`Loaded::refused`].
///
/// # Errors
/// What is wrong beside, and all that is refused where nothing of it is taken.
pub fn load_taken(name: &str, text: &str, files: &Files<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loaded = read(name, text, files, Refusals::SetAside)?;
    crate::draft::set_refused_aside(&mut loaded)?;
    Ok(loaded)
}

fn read(
    name: &str,
    text: &str,
    files: &Files<'_>,
    refusals: Refusals,
) -> Result<Loaded, Vec<Diagnostic>> {
    let documents = aegis_kube::read(name, text).map_err(|errors| shown(&errors))?;
    let (ours, manifests): (Vec<_>, Vec<_>) = documents.into_iter().partition(is_ours);
    let document = only(name, ours)?;
    let mut scenario = parse(&document)?;
    let mut parts = Parts {
        name,
        document: &document,
        files,
        errors: Vec::new(),
    };
    let mut all = parts.included(&scenario);
    all.extend(manifests);
    let all = parts.patched(all, &scenario);
    let traces = parts.traces(&scenario);
    let mut errors = parts.errors;
    let routed = crate::ingress::resolve(&mut scenario.spec.traffic, &all);
    errors.extend(routed.iter().map(|finding| locate(&document, finding)));
    let (all, chaos) = experiments(&mut scenario, all);
    let nodes = crate::nodes::documents(scenario.spec.cluster.as_ref(), &all);
    let loaded = Loaded {
        scenario,
        document: Some(document),
        manifests: all,
        nodes,
        traces,
        warnings: Vec::new(),
        refused: Vec::new(),
    };
    if errors.is_empty() {
        errors = loaded.located(&references::findings(&loaded));
    }
    let loaded = match refusals {
        Refusals::Stop => loaded,
        Refusals::SetAside => without_invalid(loaded),
    };
    errors.extend(loaded.located(&chaos));
    finish(loaded, errors)
}

/// Resources of Chaos Mesh become faults: those among the manifests at 0, those that `chaos` applies at their time (the
/// object is made as well). Gives the other manifests, and what is not simulated.
fn experiments(scenario: &mut Scenario, all: Vec<Document>) -> (Vec<Document>, Vec<Finding>) {
    let (found, rest): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|document| chaos_mesh::is_chaos(&document.value));
    let end = scenario.spec.duration;
    let applied = scenario
        .spec
        .chaos
        .iter()
        .filter_map(|entry| match &entry.act {
            Act::Apply(document) if chaos_mesh::is_chaos(document) => Some((document, entry.at)),
            _ => None,
        });
    let given = found.iter().map(|document| (&*document.value, Length(0.0)));
    let read = |(document, at): (&Value, Length)| chaos_mesh::read(document, at, end, &rest);
    let reads: Vec<chaos_mesh::Read> = given.chain(applied).map(read).collect();
    let root = FieldPath::default();
    let mut left_out = Vec::new();
    for read in reads {
        scenario.spec.chaos.extend(read.entries);
        let said = read.left_out.into_iter().map(|what| {
            let message = format!("not simulated of a Chaos Mesh resource: {what}");
            Finding::new(Code::KindNotSimulated, &root, what, message)
        });
        left_out.extend(said);
    }
    (rest, left_out)
}

/// The scenario in `text` alone: nothing that it includes is read.
///
/// # Errors
/// What is wrong with its own document.
pub fn scenario_of(name: &str, text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let documents = aegis_kube::read(name, text).map_err(|errors| shown(&errors))?;
    parse(&only(
        name,
        documents.into_iter().filter(is_ours).collect(),
    )?)
}

fn finish(mut loaded: Loaded, mut errors: Vec<Diagnostic>) -> Result<Loaded, Vec<Diagnostic>> {
    errors.extend(shown(&aegis_check::check_all(&loaded.manifests)));
    errors.extend(crate::nodes::beyond_bounds(&loaded.manifests));
    let (errors, warnings) = sorted(errors);
    loaded.warnings = warnings;
    if errors.is_empty() {
        loaded.manifests = aegis_check::last_of_each(loaded.manifests);
        Ok(loaded)
    } else {
        Err(errors)
    }
}

/// Without the manifests that are no objects of Kubernetes 1.34 as they stand.
pub(crate) fn without_invalid(mut loaded: Loaded) -> Loaded {
    let manifests = std::mem::take(&mut loaded.manifests);
    for manifest in manifests {
        let (errors, _) = sorted(shown(&aegis_check::check(&manifest)));
        if errors.is_empty() {
            loaded.manifests.push(manifest);
        } else {
            loaded.refused.extend(errors);
        }
    }
    loaded
}

/// Errors, and what is none.
pub(crate) fn sorted(all: Vec<Diagnostic>) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    all.into_iter()
        .partition(|one| one.severity == Severity::Error)
}

impl Loaded {
    /// Findings of the scenario's own document with their places.
    #[must_use]
    pub fn located(&self, findings: &[Finding]) -> Vec<Diagnostic> {
        match &self.document {
            Some(document) => findings
                .iter()
                .map(|finding| locate(document, finding))
                .collect(),
            None => findings.iter().map(nowhere).collect(),
        }
    }
}

/// Errors of reading, ready to be shown.
#[must_use]
pub fn shown(errors: &[ReadError]) -> Vec<Diagnostic> {
    errors.iter().map(ReadError::diagnostic).collect()
}

fn only(name: &str, mut ours: Vec<Document>) -> Result<Document, Vec<Diagnostic>> {
    let extra: Vec<_> = ours
        .iter()
        .skip(1)
        .map(|document| {
            let message = "a second scenario in one file";
            locate(
                document,
                &Finding::new(Code::Documents, &FieldPath::default(), "Scenario", message),
            )
        })
        .collect();
    match (ours.is_empty(), extra.is_empty()) {
        (false, true) => Ok(ours.swap_remove(0)),
        (false, false) => Err(extra),
        (true, _) => {
            let finding = Finding::new(
                Code::Documents,
                &FieldPath::default(),
                name,
                "no document of kind Scenario",
            );
            Err(vec![Diagnostic {
                file: name.to_owned(),
                ..nowhere(&finding)
            }])
        }
    }
}

/// The scenario in its document.
fn parse(document: &Document) -> Result<Scenario, Vec<Diagnostic>> {
    let findings = check::words_of(&document.value);
    if !findings.is_empty() {
        return Err(findings
            .iter()
            .map(|finding| locate(document, finding))
            .collect());
    }
    serde_json::from_value((*document.value).clone()).map_err(|error| {
        let path = FieldPath::default().key("spec");
        vec![locate(
            document,
            &Finding::new(Code::WrongValue, &path, "", error.to_string()),
        )]
    })
}

/// A finding at its place.
pub(crate) fn locate(document: &Document, finding: &Finding) -> Diagnostic {
    let (key, value) = document.spans_of(&finding.path);
    let span = match finding.side {
        Side::Key => key.unwrap_or(value),
        Side::Value => value,
    };
    let span = first_line(document.source().text(), span);
    let place = document.source().place(span.start);
    Diagnostic {
        file: place.file.to_string(),
        line: place.line,
        column: place.column,
        span,
        ..nowhere(finding)
    }
}

fn first_line(text: &str, span: Span) -> Span {
    let inside = text.get(span.start..span.end).unwrap_or_default();
    Span {
        end: inside.find('\n').map_or(span.end, |at| span.start + at),
        ..span
    }
}

/// A finding whose place nobody knows.
pub(crate) fn nowhere(finding: &Finding) -> Diagnostic {
    Diagnostic {
        code: finding.code.id(),
        severity: if finding.code.is_error() {
            Severity::Error
        } else {
            Severity::Warning
        },
        message: finding.message.clone(),
        help: finding
            .help
            .clone()
            .unwrap_or_else(|| format!("aegis explain {}", finding.code)),
        file: String::new(),
        line: 0,
        column: 0,
        span: Span::default(),
    }
}

/// `path` seen from the folder of `from`; `..` is resolved in the text.
#[must_use]
pub fn beside(from: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("." | "", _) => {}
            ("..", Some(last)) if !last.is_empty() && *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a scenario names, being gathered.
struct Parts<'a> {
    name: &'a str,
    document: &'a Document,
    files: &'a Files<'a>,
    errors: Vec<Diagnostic>,
}

impl Parts<'_> {
    fn text(&mut self, path: &FieldPath, file: &str) -> Option<String> {
        let full = beside(self.name, file);
        let text = (self.files)(&full);
        if text.is_none() {
            let message = format!("`{full}` cannot be read");
            let finding = Finding::new(Code::Include, path, file, message)
                .help("paths are relative to the file that names them");
            self.errors.push(locate(self.document, &finding));
        }
        text
    }

    fn included(&mut self, scenario: &Scenario) -> Vec<Document> {
        let path = FieldPath::default().key("spec").key("include");
        let mut all = Vec::new();
        for (position, file) in scenario.spec.include.iter().enumerate() {
            let here = child(&path, position);
            let Some(text) = self.text(&here, file) else {
                continue;
            };
            match aegis_kube::read(&beside(self.name, file), &text) {
                Ok(documents) => all.extend(self.manifests_only(&here, file, documents)),
                Err(errors) => self.errors.extend(shown(&errors)),
            }
        }
        all
    }

    fn manifests_only(
        &mut self,
        path: &FieldPath,
        file: &str,
        documents: Vec<Document>,
    ) -> Vec<Document> {
        if documents.iter().any(is_ours) {
            let finding =
                Finding::new(Code::Include, path, file, format!("`{file}` is a scenario"))
                    .help("manifests alone can be included");
            self.errors.push(locate(self.document, &finding));
        }
        documents
    }

    fn patched(&mut self, mut manifests: Vec<Document>, scenario: &Scenario) -> Vec<Document> {
        let path = FieldPath::default().key("spec").key("patches");
        for (position, patch) in scenario.spec.patches.iter().enumerate() {
            if let Err(finding) =
                crate::patches::apply(&mut manifests, patch, &child(&path, position))
            {
                self.errors.push(locate(self.document, &finding));
            }
        }
        manifests
    }

    fn traces(&mut self, scenario: &Scenario) -> BTreeMap<String, Vec<(f64, f64)>> {
        let path = FieldPath::default().key("spec").key("traffic");
        let mut traces = BTreeMap::new();
        for (position, traffic) in scenario.spec.traffic.iter().enumerate() {
            let Rate::Trace(file) = &traffic.rps else {
                continue;
            };
            let here = child(&path, position).key("rps").key("trace");
            let Some(text) = self.text(&here, file) else {
                continue;
            };
            match trace(&text) {
                Ok(rows) => drop(traces.insert(file.clone(), rows)),
                Err(why) => {
                    let finding =
                        Finding::new(Code::WrongValue, &here, file, format!("`{file}`: {why}"));
                    self.errors.push(locate(self.document, &finding));
                }
            }
        }
        traces
    }
}

/// Rows of `seconds,rate`; a first line that is no number is a heading.
fn trace(text: &str) -> Result<Vec<(f64, f64)>, String> {
    let mut rows: Vec<(f64, f64)> = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match row(line) {
            Some(row) if rows.last().is_none_or(|last| last.0 < row.0) => rows.push(row),
            Some(_) => return Err(format!("line {}: times must grow", number + 1)),
            None if number == 0 => {}
            None => {
                return Err(format!(
                    "line {}: `seconds,requests per second` belongs here",
                    number + 1
                ));
            }
        }
    }
    if rows.is_empty() {
        Err("it has no rows".into())
    } else {
        Ok(rows)
    }
}

fn row(line: &str) -> Option<(f64, f64)> {
    let (time, rate) = line.split_once(',')?;
    let (time, rate) = (time.trim().parse().ok()?, rate.trim().parse().ok()?);
    (time >= 0.0 && rate >= 0.0).then_some((time, rate))
}
