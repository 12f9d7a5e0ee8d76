//! A scrape's page.

use crate::family::Family;
use crate::scrape::Scrape;
use crate::sheet::Sheet;
use crate::text::{Format, line, write_head, write_sample};
use crate::totals::Totals;
use crate::{cadvisor, requests, state};

/// What a scrape would show: the last interval's gauges, and counters since the first scrape read.
#[derive(Debug, Default, Clone)]
pub struct Exposition {
    totals: Totals,
    families: Vec<Family>,
}

impl Exposition {
    /// Reads a scrape.
    pub fn observe(&mut self, scrape: &Scrape<'_>) {
        self.totals.add(scrape);
        let mut sheet = Sheet::default();
        state::families(scrape.list, &mut sheet);
        cadvisor::families(scrape, &self.totals, &mut sheet);
        requests::families(scrape, &self.totals, &mut sheet);
        self.families = sheet.families();
    }

    /// Reads a scrape that does not arrive: its counters go on, and it shows nothing.
    pub fn miss(&mut self, scrape: &Scrape<'_>) {
        self.totals.add(scrape);
        self.families.clear();
    }

    /// The families of the last scrape that have samples.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The page of the last scrape.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let mut out = String::new();
        for family in &self.families {
            write_head(&mut out, family, format);
            for sample in &family.samples {
                write_sample(&mut out, family.name, sample, None, format);
            }
        }
        end(out, format)
    }
}

/// The closing line.
pub(crate) fn end(mut out: String, format: Format) -> String {
    if format == Format::OpenMetrics {
        line(&mut out, "# EOF");
    }
    out
}
