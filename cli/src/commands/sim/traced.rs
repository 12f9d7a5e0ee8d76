//! Spans, one export request of OTLP a line, as the OpenTelemetry Collector's file exporter writes them.

use super::told::unix;
use aegis_model::Tick;
use aegis_sim::{Draws, Purpose};
use aegis_telemetry::spans::{Sampled, request};
use aegis_world::{Watched, World};

/// Share of requests that leave a span.
const SHARE: f64 = 0.01;
/// Root of the draws of spans: they change nothing in the cluster.
const ROOT: u64 = 0x5350_414E;

/// Writes the spans of the interval that has passed; an edge whose spans are lost has none.
pub fn spans(world: &World, watched: &Watched, out: &mut String) {
    let edges: Vec<Sampled> = sampled(world, watched);
    let now = Tick(world.now().0);
    let draws = Draws::new(ROOT);
    let draw = |edge: u64, span: u64, purpose: u64| {
        draws.bits(Purpose::Span, (edge << 32) | (span << 8) | purpose, now)
    };
    let request = request(&edges, draw);
    if request["resourceSpans"]
        .as_array()
        .is_some_and(|spans| !spans.is_empty())
    {
        *out += &request.to_string();
        out.push('\n');
    }
}

fn sampled(world: &World, watched: &Watched) -> Vec<Sampled> {
    let objects = world.objects();
    let samples = watched.seen.samples.edges.iter();
    let told = samples.filter(|sample| sample.latency.is_some());
    let edges = told.filter_map(|sample| {
        let mut rows = watched.timing.edges.iter();
        let timing = rows.find(|row| (row.from, row.to) == (sample.from, sample.to))?;
        let caller = &objects.workloads[sample.from.index()].header.reference;
        Some(Sampled {
            namespace: caller.namespace.to_string(),
            source: caller.name.to_string(),
            destination: objects.services[sample.to.index()]
                .header
                .reference
                .name
                .to_string(),
            spans: (sample.attempts * SHARE).round().max(1.0) as u32,
            failing: sample.failures / sample.attempts.max(1.0),
            shares: timing.shares,
            until: unix(world) as f64,
            interval: watched.counted.interval,
        })
    });
    edges.collect()
}
