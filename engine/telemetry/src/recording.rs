//! A run's metrics over time, for `promtool tsdb create-blocks-from openmetrics`.
//!
//! What belongs to one set of labels stands together, in order of time. OpenMetrics has a histogram
//! at its last scrape alone: the parser of prometheus-client (0.26) takes every bucket of a second
//! scrape but the first for a duplicate, and refuses the page. Prometheus' text has all of them.

use crate::exposition::{Exposition, end};
use crate::family::{Family, Kind, Labels, Sample};
use crate::scrape::Scrape;
use crate::text::{Format, line, series, stamped, write_head};
use aegis_model::units::Seconds;
use std::collections::BTreeMap;

/// The scrapes of a run.
#[derive(Debug, Default, Clone)]
pub struct Recording {
    exposition: Exposition,
    families: Vec<Recorded>,
    places: BTreeMap<&'static str, usize>,
}

/// A family over time.
#[derive(Debug, Clone)]
struct Recorded {
    head: Family,
    places: BTreeMap<Labels, usize>,
    groups: Vec<Group>,
}

/// What has one set of labels, `le` apart: its series, and their values at each scrape.
#[derive(Debug, Default, Clone)]
struct Group {
    series: Vec<(&'static str, Labels)>,
    points: Vec<Point>,
    created: Option<Sample>,
}

/// The values of a group's series at a scrape.
#[derive(Debug, Clone)]
struct Point {
    at: Seconds,
    values: Vec<f64>,
}

impl Recording {
    /// Reads a scrape; times must grow.
    pub fn observe(&mut self, scrape: &Scrape<'_>) {
        self.exposition.observe(scrape);
        for family in self.exposition.families() {
            let next = self.families.len();
            let place = *self.places.entry(family.name).or_insert(next);
            if place == next {
                self.families.push(Recorded::new(family));
            }
            self.families[place].keep(scrape.at, &family.samples);
        }
    }

    /// Reads a scrape that never arrives: what it counted is in the next one.
    pub fn miss(&mut self, scrape: &Scrape<'_>) {
        self.exposition.miss(scrape);
    }

    /// The run's page.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let mut out = String::new();
        for family in &self.families {
            family.write(&mut out, format);
        }
        end(out, format)
    }
}

impl Recorded {
    fn new(family: &Family) -> Self {
        Self {
            head: Family::new(family.kind, family.name, family.help),
            places: BTreeMap::new(),
            groups: Vec::new(),
        }
    }

    fn keep(&mut self, at: Seconds, samples: &[Sample]) {
        for sample in samples {
            let mut labels = sample.labels.clone();
            labels.retain(|(key, _)| *key != "le");
            let place = *self.places.entry(labels).or_insert(self.groups.len());
            if place == self.groups.len() {
                self.groups.push(Group::default());
            }
            self.groups[place].keep(at, sample);
        }
    }

    fn write(&self, out: &mut String, format: Format) {
        write_head(out, &self.head, format);
        let last_alone = format == Format::OpenMetrics && self.head.kind == Kind::Histogram;
        for group in &self.groups {
            let skipped = if last_alone {
                group.points.len().saturating_sub(1)
            } else {
                0
            };
            group.write(out, self.head.name, skipped, format);
        }
    }
}

impl Group {
    /// The series of a group come in the same order at each scrape.
    fn keep(&mut self, at: Seconds, sample: &Sample) {
        if sample.is_created() {
            self.created = Some(sample.clone());
            return;
        }
        if self.points.last().is_none_or(|point| point.at != at) {
            let values = Vec::with_capacity(self.series.len());
            self.points.push(Point { at, values });
        }
        let Some(point) = self.points.last_mut() else {
            return;
        };
        if point.values.len() == self.series.len() {
            self.series.push((sample.suffix, sample.labels.clone()));
        }
        point.values.push(sample.value);
    }

    fn write(&self, out: &mut String, name: &str, skipped: usize, format: Format) {
        let written =
            |(suffix, labels): &(&'static str, Labels)| series(name, suffix, labels, format);
        let series: Vec<String> = self.series.iter().map(written).collect();
        let points = self.points.iter().skip(skipped);
        for point in points {
            for (series, value) in series.iter().zip(&point.values) {
                line(out, &stamped(series, *value, Some(point.at), format));
            }
        }
        if let (Some(sample), Some(point), Format::OpenMetrics) =
            (&self.created, self.points.last(), format)
        {
            let series = crate::text::series(name, sample.suffix, &sample.labels, format);
            line(out, &stamped(&series, sample.value, Some(point.at), format));
        }
    }
}
