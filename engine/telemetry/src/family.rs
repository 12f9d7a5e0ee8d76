//! A metric family: a name with its meaning and its samples.

/// A sample's labels, in the order in which they are printed.
pub type Labels = Vec<(&'static str, String)>;

/// What a family counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows, until what counts starts anew; its samples end in `_total`.
    Counter,
    /// Counts by upper bound; its samples end in `_bucket`, `_sum`, `_count`.
    Histogram,
}

/// A family with its samples of one scrape.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Name, without the suffix of a counter or histogram.
    pub name: &'static str,
    /// What it means, and in which unit.
    pub help: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// Samples, in order of the ids of their objects.
    pub samples: Vec<Sample>,
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What follows the family's name: empty, `_total`, `_bucket`, `_sum`, `_count`, `_created`.
    pub suffix: &'static str,
    /// Labels in the order in which they are printed.
    pub labels: Labels,
    /// Value.
    pub value: f64,
}

impl Kind {
    /// As after `# TYPE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

impl Sample {
    /// Whether it says when counting began, which only OpenMetrics tells.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.suffix == "_created"
    }
}

impl Family {
    /// The unit that the name ends in, as OpenMetrics states it.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        let units = ["seconds", "bytes"].into_iter();
        let mut ends = units.filter(|unit| self.name.ends_with(&format!("_{unit}")));
        ends.next()
    }

    /// A family without samples.
    #[must_use]
    pub const fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind,
            samples: Vec::new(),
        }
    }

    /// Adds a sample of a gauge, or of a counter with its suffix.
    pub fn add(&mut self, labels: Labels, value: f64) {
        let suffix = if self.kind == Kind::Counter {
            "_total"
        } else {
            ""
        };
        self.samples.push(Sample {
            suffix,
            labels,
            value,
        });
    }

    /// Adds a sample with a suffix of its own.
    pub fn add_part(&mut self, suffix: &'static str, labels: Labels, value: f64) {
        self.samples.push(Sample {
            suffix,
            labels,
            value,
        });
    }
}
