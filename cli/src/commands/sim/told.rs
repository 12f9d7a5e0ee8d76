//! What a cluster tells while it is played: metrics, log lines, spans, each to its file.

use super::{logged, traced};
use crate::args::{MetricsFormat, Sim};
use crate::commands::deliver_file;
use crate::exit::Failure;
use aegis_kube::print::{EPOCH, list};
use aegis_model::kubernetes::PodTemplateSpec;
use aegis_scenario::Loaded;
use aegis_scenario::build::start;
use aegis_sim::infer::recognise::main_container;
use aegis_telemetry::{Format, Recording, Scrape};
use aegis_world::{Arrival, Watched, World};
use std::path::Path;

/// What is kept of a run, as far as it was asked for.
struct Kept {
    metrics: Option<Recording>,
    logs: Option<String>,
    spans: Option<String>,
}

/// Plays so many seconds from time 0, and writes what was asked for.
pub fn play(loaded: &Loaded, world: &mut World, length: u32, args: &Sim) -> Result<(), Failure> {
    start(loaded, world, |_| {});
    let mut kept = Kept {
        metrics: args.metrics_out.as_ref().map(|_| Recording::default()),
        logs: args.logs_out.as_ref().map(|_| String::new()),
        spans: args.spans_out.as_ref().map(|_| String::new()),
    };
    if kept.metrics.is_none() && kept.logs.is_none() && kept.spans.is_none() {
        world.advance(length);
        return Ok(());
    }
    kept.follow(loaded, world, length);
    kept.deliver(args)
}

impl Kept {
    /// Looks at the cluster by the rhythm of scrapes, and once at the end. What is still on its way
    /// then is not kept.
    fn follow(&mut self, loaded: &Loaded, world: &mut World, length: u32) {
        let observe = &loaded.scenario.spec.observe;
        let (interval, delay) = (observe.scrape.whole().max(1), observe.delay.whole());
        let mut left = length;
        while left > 0 {
            let step = interval.min(left);
            self.seconds(world, step);
            left -= step;
            let watched = world.watch();
            self.keep(world, &watched, left >= delay);
        }
    }

    fn seconds(&mut self, world: &mut World, seconds: u32) {
        let Some(logs) = &mut self.logs else {
            return world.advance(seconds);
        };
        for _ in 0..seconds {
            world.advance(1);
            logged::components(world, logs);
        }
    }

    fn keep(&mut self, world: &World, watched: &Watched, comes: bool) {
        if let Some(recording) = &mut self.metrics {
            scrape(recording, world, watched, comes);
        }
        if !comes {
            return;
        }
        if let Some(logs) = &mut self.logs {
            logged::applications(world, watched, logs);
        }
        if let Some(spans) = &mut self.spans {
            traced::spans(world, watched, spans);
        }
    }

    fn deliver(&self, args: &Sim) -> Result<(), Failure> {
        if let (Some(path), Some(recording)) = (&args.metrics_out, &self.metrics) {
            let format = format(args.metrics_format, path);
            deliver_file(&recording.text(format), path)?;
        }
        if let (Some(path), Some(lines)) = (&args.logs_out, &self.logs) {
            deliver_file(lines, path)?;
        }
        if let (Some(path), Some(lines)) = (&args.spans_out, &self.spans) {
            deliver_file(lines, path)?;
        }
        Ok(())
    }
}

/// As it is asked for; else by the end of the file's name.
fn format(asked: Option<MetricsFormat>, path: &Path) -> Format {
    let end = path.extension().and_then(|end| end.to_str());
    match (asked, end) {
        (Some(MetricsFormat::Prometheus), _) | (None, Some("prom" | "txt")) => Format::Prometheus,
        _ => Format::OpenMetrics,
    }
}

/// Seconds from 1970 to now.
pub fn unix(world: &World) -> i64 {
    EPOCH.0 + i64::from(world.now().0)
}

/// Keeps a scrape, unless it is lost on its way or comes after the end.
fn scrape(recording: &mut Recording, world: &World, watched: &Watched, comes: bool) {
    let list = list(world.objects(), world.now(), EPOCH);
    let scrape = Scrape {
        at: unix(world) as f64,
        list: &list,
        objects: &watched.seen.objects,
        counted: &watched.counted,
        shown: &watched.seen.samples,
        timing: &watched.timing,
        serving,
    };
    if comes && watched.metrics != Arrival::Nothing {
        recording.observe(&scrape);
    } else {
        recording.miss(&scrape);
    }
}

/// The container to which a pod's use is put down.
pub fn serving(template: &PodTemplateSpec) -> Option<&str> {
    main_container(template).map(|container| container.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_says_the_format_unless_it_is_asked_for() {
        let of = |asked, name: &str| format(asked, Path::new(name));
        assert_eq!(of(None, "run.om"), Format::OpenMetrics);
        assert_eq!(of(None, "run"), Format::OpenMetrics);
        assert_eq!(of(None, "run.prom"), Format::Prometheus);
        assert_eq!(of(None, "run.txt"), Format::Prometheus);
        assert_eq!(
            of(Some(MetricsFormat::OpenMetrics), "run.txt"),
            Format::OpenMetrics
        );
        assert_eq!(
            of(Some(MetricsFormat::Prometheus), "run.om"),
            Format::Prometheus
        );
    }
}
