//! The families of one scrape, in the order in which they were first named.

use crate::family::{Family, Kind};
use std::collections::BTreeMap;

/// Families under way.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    families: Vec<Family>,
    places: BTreeMap<&'static str, usize>,
}

impl Sheet {
    /// The family of that name; made where there is none yet.
    pub fn family(&mut self, kind: Kind, name: &'static str, help: &'static str) -> &mut Family {
        let place = *self.places.entry(name).or_insert(self.families.len());
        if place == self.families.len() {
            self.families.push(Family::new(kind, name, help));
        }
        &mut self.families[place]
    }

    /// A gauge of that name.
    pub fn gauge(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.family(Kind::Gauge, name, help)
    }

    /// A counter of that name; its samples end in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.family(Kind::Counter, name, help)
    }

    /// A histogram of that name.
    pub fn histogram(&mut self, name: &'static str, help: &'static str) -> &mut Family {
        self.family(Kind::Histogram, name, help)
    }

    /// The families that have samples.
    pub fn families(self) -> Vec<Family> {
        let mut families = self.families;
        families.retain(|family| !family.samples.is_empty());
        families
    }
}
