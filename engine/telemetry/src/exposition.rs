//! A scrape's page, and a whole run as one.

use crate::families::{Totals, measured};
use crate::family::{Family, Sample};
use crate::objects::shown;
use crate::text::{Format, line, write_head, write_sample};
use aegis_model::units::Seconds;
use aegis_model::{Objects, Samples};
use std::collections::BTreeMap;

/// What a scrape would show: the last interval's gauges, and counters since the first scrape read.
#[derive(Debug, Default, Clone)]
pub struct Exposition {
    totals: Totals,
    families: Vec<Family>,
}

impl Exposition {
    /// Reads a scrape.
    pub fn observe(&mut self, objects: &Objects, samples: &Samples) {
        self.totals.add(samples);
        self.families = shown(objects);
        self.families
            .extend(measured(objects, samples, &self.totals));
    }

    /// The families of the last scrape that have samples.
    pub fn families(&self) -> impl Iterator<Item = &Family> {
        let families = self.families.iter();
        families.filter(|family| !family.samples.is_empty())
    }

    /// The page of the last scrape.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let mut out = String::new();
        for family in self.families() {
            write_head(&mut out, family, format);
            for sample in &family.samples {
                write_sample(&mut out, family.name, sample, None, format);
            }
        }
        end(out, format)
    }
}

/// The page of one scrape alone; its counters hold that interval.
#[must_use]
pub fn prometheus_text(objects: &Objects, samples: &Samples) -> String {
    let mut exposition = Exposition::default();
    exposition.observe(objects, samples);
    exposition.text(Format::Prometheus)
}

fn end(mut out: String, format: Format) -> String {
    if format == Format::OpenMetrics {
        line(&mut out, "# EOF");
    }
    out
}

/// A run's metrics over time, for `promtool tsdb create-blocks-from openmetrics`: what belongs
/// to one set of labels stands together, in order of time.
#[derive(Debug, Default, Clone)]
pub struct Recording {
    exposition: Exposition,
    families: Vec<Recorded>,
}

/// A family over time.
#[derive(Debug, Clone)]
struct Recorded {
    head: Family,
    places: BTreeMap<Vec<(&'static str, String)>, usize>,
    groups: Vec<Group>,
}

/// The samples of one set of labels, `le` apart, by the time of their scrape.
type Group = Vec<(Seconds, Vec<Sample>)>;

impl Recording {
    /// Reads a scrape of that time, s; times must grow.
    pub fn observe(&mut self, at: Seconds, objects: &Objects, samples: &Samples) {
        self.exposition.observe(objects, samples);
        for family in self
            .exposition
            .families
            .iter()
            .filter(|f| !f.samples.is_empty())
        {
            let known = self
                .families
                .iter()
                .position(|f| f.head.name == family.name);
            let place = known.unwrap_or_else(|| {
                self.families.push(Recorded::new(family));
                self.families.len() - 1
            });
            self.families[place].keep(at, &family.samples);
        }
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
                self.groups.push(Group::new());
            }
            add(&mut self.groups[place], at, sample.clone());
        }
    }

    fn write(&self, out: &mut String, format: Format) {
        write_head(out, &self.head, format);
        let scrapes = self.groups.iter().flatten();
        for (at, samples) in scrapes {
            for sample in samples {
                write_sample(out, self.head.name, sample, Some(*at), format);
            }
        }
    }
}

fn add(group: &mut Group, at: Seconds, sample: Sample) {
    match group.last_mut() {
        Some((last, samples)) if *last == at => samples.push(sample),
        _ => group.push((at, vec![sample])),
    }
}
