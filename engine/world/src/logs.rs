//! Log lines, as templates with their mean count in an interval.

use aegis_model::observation::LogCount;
use aegis_model::{Objects, Samples, WorkloadId};
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
