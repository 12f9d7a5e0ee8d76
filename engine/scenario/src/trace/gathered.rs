//! What the tables of a trace say together: machines, and groups of equal pods with their times.

use std::collections::BTreeMap;

/// A cluster as a trace tells of it. Memory is a share of the largest machine's.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Machines by id: cores, memory.
    pub machines: BTreeMap<String, (f64, f64)>,
    /// Groups by name: a job, an application, a task of a batch job.
    pub groups: BTreeMap<String, Group>,
    /// The application of each container.
    pub members: BTreeMap<String, String>,
}

/// Pods that ask for the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Group {
    /// Pods, by what the trace calls them, with when each ended.
    pub pods: BTreeMap<String, Option<f64>>,
    /// Pods that are counted and not named.
    pub unnamed: u32,
    /// CPU that each asks for, cores.
    pub cpu: f64,
    /// Memory that each asks for.
    pub memory: f64,
    /// When the first came, s.
    pub from: Option<f64>,
    /// When all of them ended, s; of unnamed ones.
    pub until: Option<f64>,
    /// Priority, where there is one.
    pub priority: Option<i64>,
    /// CPU and memory that was used, summed, and the number of samples.
    pub used: (f64, f64, f64),
}

impl Gathered {
    /// The group of that name.
    pub fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }
}

impl Group {
    /// A pod asks for so much, from then on.
    pub fn asks(&mut self, cpu: f64, memory: f64, at: f64) {
        self.cpu = self.cpu.max(cpu);
        self.memory = self.memory.max(memory);
        self.from = Some(self.from.map_or(at, |from| from.min(at)));
    }

    /// A pod comes; one that ended and comes again has not ended.
    pub fn comes(&mut self, pod: &str) {
        self.pods.insert(pod.to_owned(), None);
    }

    /// A pod ends.
    pub fn ends(&mut self, pod: &str, at: f64) {
        if let Some(end) = self.pods.get_mut(pod) {
            *end = Some(at);
        }
    }

    /// A sample of what a pod used.
    pub fn uses(&mut self, cpu: f64, memory: f64) {
        self.used = (self.used.0 + cpu, self.used.1 + memory, self.used.2 + 1.0);
    }

    /// Number of pods.
    pub fn count(&self) -> u32 {
        self.unnamed + u32::try_from(self.pods.len()).unwrap_or(u32::MAX)
    }

    /// When all of them had ended; `None` while one runs on.
    pub fn end(&self) -> Option<f64> {
        if self.pods.is_empty() {
            return self.until;
        }
        let ends: Option<Vec<f64>> = self.pods.values().copied().collect();
        Some(ends?.into_iter().fold(0.0, f64::max))
    }

    /// Mean use of a pod, where there are samples.
    pub fn mean(&self) -> Option<(f64, f64)> {
        let (cpu, memory, samples) = self.used;
        (samples > 0.0).then(|| (cpu / samples, memory / samples))
    }
}
