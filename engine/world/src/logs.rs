//! Log lines, as templates with their mean count in an interval.

use aegis_model::ailment::Writer;
use aegis_model::observation::{EdgeSample, LogCount};
use aegis_model::{Laid, Mechanism, Objects, Samples, ServiceId, Subject, WorkloadId};
use smol_str::{SmolStr, format_smolstr};

/// Lines of one template that a workload is expected to have written.
pub struct Line {
    /// Whose log.
    pub workload: WorkloadId,
    /// What tells it from the other lines of the workload.
    pub key: u32,
    /// Mean number of lines.
    pub mean: f64,
    template: SmolStr,
}

impl Line {
    /// The count that was seen.
    pub fn counted(self, count: u32) -> LogCount {
        LogCount {
            workload: self.workload,
            template: self.template,
            count,
        }
    }
}

/// Lines per second that a component writes unasked.
const UNASKED: f64 = 0.4;

/// What components in trouble say of it, in the interval that `exact` covers. Each state has a line of its own, and
/// who writes it: the component, or its callers.
pub fn complaints(objects: &Objects, exact: &Samples, laid: &[&Laid]) -> Vec<Line> {
    let of_one = |(position, laid): (usize, &&Laid)| -> Vec<Line> {
        let Mechanism::Ailing(ailment, _) = laid.mechanism else {
            return Vec::new();
        };
        let (writer, template) = ailment.line();
        let line = |(workload, mean): (WorkloadId, f64)| Line {
            workload,
            key: (1 << 20) + position as u32,
            mean,
            template: SmolStr::new_static(template),
        };
        let writers = match writer {
            Writer::Callers => calling(objects, exact, laid.subject),
            Writer::Itself => failing(objects, exact, laid.subject),
            Writer::Unasked => subjects(objects, laid.subject)
                .into_iter()
                .map(|workload| (workload, UNASKED * exact.interval))
                .collect(),
        };
        writers.into_iter().map(line).collect()
    };
    laid.iter().enumerate().flat_map(of_one).collect()
}

/// Callers of a subject, with the attempts of theirs that failed.
fn calling(objects: &Objects, exact: &Samples, subject: Subject) -> Vec<(WorkloadId, f64)> {
    let own = subjects(objects, subject);
    let behind = |to: ServiceId| {
        let endpoints = objects.services[to.index()].endpoints.iter();
        let mut owners = endpoints.map(|endpoint| objects.pods[endpoint.pod.index()].workload);
        owners.any(|workload| own.contains(&workload))
    };
    let concerned = |edge: &&EdgeSample| match subject {
        Subject::Service(to) => edge.to == to,
        Subject::Edge(from, to) => (edge.from, edge.to) == (from, to),
        Subject::Cluster => true,
        _ => behind(edge.to),
    };
    let edges = exact.edges.iter().filter(|edge| edge.failures > 0.0);
    edges
        .filter(concerned)
        .map(|edge| (edge.from, edge.failures))
        .collect()
}

/// The subject's own workloads, with the requests that they failed.
fn failing(objects: &Objects, exact: &Samples, subject: Subject) -> Vec<(WorkloadId, f64)> {
    let own = subjects(objects, subject);
    let samples = exact.services.iter();
    samples
        .filter(|sample| own.contains(&sample.workload) && sample.requests.errors > 0.0)
        .map(|sample| (sample.workload, sample.requests.errors))
        .collect()
}

/// Workloads whose pods a subject means.
fn subjects(objects: &Objects, subject: Subject) -> Vec<WorkloadId> {
    let of_pods = |wanted: &dyn Fn(&aegis_model::objects::Pod) -> bool| {
        let mut found: Vec<WorkloadId> = (objects.pods.iter())
            .filter(|pod| pod.is_active() && wanted(pod))
            .map(|pod| pod.workload)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    match subject {
        Subject::Workload(workload) => vec![workload],
        Subject::Pod(pod) => vec![objects.pods[pod.index()].workload],
        Subject::Node(node) => of_pods(&|pod| pod.node == Some(node)),
        Subject::Service(_) | Subject::Edge(..) | Subject::Cluster => Vec::new(),
    }
}

/// A caller logs each attempt that fails, a server each request that it fails.
pub fn lines(objects: &Objects, exact: &Samples) -> Vec<Line> {
    let failed_calls = exact
        .edges
        .iter()
        .filter(|edge| edge.failures > 0.0)
        .map(|edge| {
            let callee = &objects.services[edge.to.index()].header.reference.name;
            Line {
                workload: edge.from,
                key: edge.to.0 + 1,
                mean: edge.failures,
                template: format_smolstr!("error calling {callee}: <*>"),
            }
        });
    let failed_requests = exact
        .services
        .iter()
        .filter(|sample| sample.requests.errors > 0.0);
    let failed_requests = failed_requests.map(|sample| Line {
        workload: sample.workload,
        key: 0,
        mean: sample.requests.errors,
        template: SmolStr::new_static("request failed with status <*>"),
    });
    failed_calls.chain(failed_requests).collect()
}
