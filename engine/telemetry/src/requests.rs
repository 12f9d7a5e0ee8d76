//! Rate, errors, duration: of every workload, and of every edge as its caller sees it.
//!
//! Simulated requests flow; counted ones are whole. Every count is rounded by itself, so that
//! none falls, and a histogram ends at the sum of its requests by code.

use crate::family::{Family, Labels};
use crate::scrape::Scrape;
use crate::sheet::Sheet;
use crate::text::number;
use crate::totals::{Requests, Totals};
use aegis_model::observation::BUCKETS;
use aegis_model::{Objects, ServiceId, WorkloadId};

/// Adds all of them; what is missing from the scrape is left out.
pub(crate) fn families(scrape: &Scrape<'_>, totals: &Totals, sheet: &mut Sheet) {
    for sample in &scrape.shown.services {
        let labels = workload_labels(scrape.objects, sample.workload);
        let (Some(labels), Some(total)) = (labels, totals.served.get(&sample.workload)) else {
            continue;
        };
        counted(
            sheet.counter(
                "http_requests",
                "Requests that ended, by status code (500 stands for every failure).",
            ),
            &labels,
            total,
        );
        timed(
            sheet.histogram(
                "http_request_duration_seconds",
                "Time from arrival to answer in seconds.",
            ),
            &labels,
            total,
        );
        sheet
            .gauge(
                "http_requests_in_flight",
                "Mean number of requests being served in the scrape interval.",
            )
            .add(labels, sample.in_flight);
    }
    calls(scrape, totals, sheet);
}

/// Users at entries, then every caller.
fn calls(scrape: &Scrape<'_>, totals: &Totals, sheet: &mut Sheet) {
    let users = scrape
        .shown
        .entries
        .iter()
        .map(|sample| (None, sample.service));
    let callers = scrape
        .shown
        .edges
        .iter()
        .map(|sample| (Some(sample.from), sample.to));
    for (from, to) in users.chain(callers) {
        let labels = edge_labels(scrape.objects, from, to);
        let (Some(labels), Some(total)) = (labels, totals.calls.get(&(from, to))) else {
            continue;
        };
        counted(
            sheet.counter("http_client_requests", "Attempts as their callers saw them end, retries included, by status code (500 stands for every failure)."),
            &labels,
            total,
        );
        timed(
            sheet.histogram(
                "http_client_request_duration_seconds",
                "Time until an attempt ended at its caller in seconds.",
            ),
            &labels,
            total,
        );
    }
}

fn workload_labels(objects: &Objects, id: WorkloadId) -> Option<Labels> {
    let reference = &objects.workloads.get(id.index())?.header.reference;
    Some(vec![
        ("namespace", reference.namespace.to_string()),
        ("service", reference.name.to_string()),
    ])
}

/// Who called whom; users are called so.
fn edge_labels(objects: &Objects, from: Option<WorkloadId>, to: ServiceId) -> Option<Labels> {
    let source = match from {
        Some(id) => objects
            .workloads
            .get(id.index())?
            .header
            .reference
            .name
            .to_string(),
        None => "users".to_owned(),
    };
    let to = &objects.services.get(to.index())?.header.reference;
    Some(vec![
        ("source", source),
        ("namespace", to.namespace.to_string()),
        ("destination", to.name.to_string()),
    ])
}

fn with(labels: &Labels, key: &'static str, value: &str) -> Labels {
    let mut labels = labels.clone();
    labels.push((key, value.to_owned()));
    labels
}

fn counted(family: &mut Family, labels: &Labels, total: &Requests) {
    for (code, count) in [("200", total.good), ("500", total.failed)] {
        let labels = with(labels, "code", code);
        family.add(labels.clone(), whole(count));
        family.add_part("_created", labels, total.since);
    }
}

fn timed(family: &mut Family, labels: &Labels, total: &Requests) {
    let all = whole(total.good) + whole(total.failed);
    let mut below = 0.0;
    for (bound, count) in BUCKETS.iter().zip(&total.buckets) {
        below += count;
        let labels = with(labels, "le", &number(*bound));
        family.add_part("_bucket", labels, whole(below).min(all));
    }
    family.add_part("_bucket", with(labels, "le", "+Inf"), all);
    family.add_part("_count", labels.clone(), all);
    family.add_part("_sum", labels.clone(), total.sum);
    family.add_part("_created", labels.clone(), total.since);
}

/// A count as a counter has it.
fn whole(count: f64) -> f64 {
    (count + 0.5).floor()
}
