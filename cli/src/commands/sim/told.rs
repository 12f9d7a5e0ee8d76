//! What a cluster tells while it is played: metrics, to a file.

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

/// Plays so many seconds from time 0, and writes what was asked for.
pub fn play(loaded: &Loaded, world: &mut World, length: u32, args: &Sim) -> Result<(), Failure> {
    start(loaded, world, |_| {});
    let Some(path) = &args.metrics_out else {
        world.advance(length);
        return Ok(());
    };
    let recording = record(loaded, world, length);
    let format = format(args.metrics_format, path);
    deliver_file(&recording.text(format), path)
}

/// As it is asked for; else by the end of the file's name.
fn format(asked: Option<MetricsFormat>, path: &Path) -> Format {
    let end = path.extension().and_then(|end| end.to_str());
    match (asked, end) {
        (Some(MetricsFormat::Prometheus), _) | (None, Some("prom" | "txt")) => Format::Prometheus,
        _ => Format::OpenMetrics,
    }
}

/// Scrapes by their rhythm, and once at the end.
fn record(loaded: &Loaded, world: &mut World, length: u32) -> Recording {
    let observe = &loaded.scenario.spec.observe;
    let (interval, delay) = (observe.scrape.whole().max(1), observe.delay.whole());
    let mut recording = Recording::default();
    let mut left = length;
    while left > 0 {
        let step = interval.min(left);
        world.advance(step);
        left -= step;
        let watched = world.watch();
        scrape(&mut recording, world, &watched, left >= delay);
    }
    recording
}

/// Keeps a scrape, unless it is lost on its way or comes after the end.
fn scrape(recording: &mut Recording, world: &World, watched: &Watched, comes: bool) {
    let list = list(world.objects(), world.now(), EPOCH);
    let scrape = Scrape {
        at: (EPOCH.0 + i64::from(world.now().0)) as f64,
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

fn serving(template: &PodTemplateSpec) -> Option<&str> {
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
