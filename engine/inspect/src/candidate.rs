//! A possible cause with what speaks for it.

use crate::containers::Container;
use crate::estate::Estate;
use aegis_faults::causes::{Cause, cause};
use aegis_model::inspection::Evidence;
use std::collections::BTreeMap;

/// How much an observation moves the odds of a cause, in nats: how much more often it is seen with
/// the cause than without. Four sizes are enough, and nobody tunes them per case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A component names the cause itself: the scheduler, a kubelet, the API server, the crashed
    /// process, a service manager. Such words without the cause: 1 in 400.
    Said,
    /// The documentation of a program or an image says that it cannot work as it is told to: 1 in 150.
    Documented,
    /// A field contradicts another object, so that it cannot work: 1 in 50.
    Proven,
    /// It fits, and other causes fit as well: 1 in 7.
    Fits,
    /// It is a little more common with the cause than without: 1 in 2.
    Hints,
    /// It would be expected with the cause, and is not there, or it speaks for another: 1 in 7 against.
    Doubts,
}

impl Weight {
    /// In nats.
    #[must_use]
    pub const fn nats(self) -> f64 {
        match self {
            Self::Said => 6.0,
            Self::Documented => 5.0,
            Self::Proven => 4.0,
            Self::Fits => 2.0,
            Self::Hints => 0.7,
            Self::Doubts => -2.0,
        }
    }
}

/// What a cause must explain to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Something that is wrong now: without it, it is an old event or an odd setting.
    Symptoms,
    /// Nothing: objects say by themselves that it cannot work, whether or not anybody has met it yet.
    Nothing,
}

/// A possible cause.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What.
    pub cause: &'static Cause,
    /// The object at fault, as it is shown.
    pub object: String,
    /// The field at fault.
    pub field: Option<String>,
    /// Who sets it again.
    pub actor: Option<String>,
    /// Workloads whose pods it hurts itself.
    pub hurts: Vec<usize>,
    /// Services that it makes unreachable itself, by name.
    pub services: Vec<String>,
    /// Nodes that it takes away itself.
    pub nodes: Vec<String>,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
    /// What speaks against it.
    pub against: Vec<Evidence>,
    /// Sum of its weights, in nats.
    pub nats: f64,
    /// What it must explain.
    pub wants: Wants,
    /// What fills the places of its texts.
    pub values: BTreeMap<&'static str, String>,
}

impl Candidate {
    /// A cause of the catalogue at an object. Nothing if the catalogue has no such cause.
    #[must_use]
    pub fn new(id: &str, object: String) -> Option<Self> {
        Some(Self {
            cause: cause(id)?,
            object,
            field: None,
            actor: None,
            hurts: Vec::new(),
            services: Vec::new(),
            nodes: Vec::new(),
            evidence: Vec::new(),
            against: Vec::new(),
            nats: 0.0,
            wants: Wants::Symptoms,
            values: BTreeMap::new(),
        })
    }

    /// A cause at a workload, which it hurts.
    #[must_use]
    pub fn at_workload(id: &str, estate: &Estate<'_>, at: usize) -> Option<Self> {
        let keeper = &estate.workloads[at];
        let mut candidate = Self::new(id, keeper.object.reference())?;
        candidate.hurts.push(at);
        candidate.name_workload(estate, at);
        Some(candidate)
    }

    /// A cause in a field of a container, read off what stands there alone: no symptom is asked for.
    #[must_use]
    pub fn at_container(
        estate: &Estate<'_>,
        one: &Container<'_>,
        (id, field): (&str, &str),
    ) -> Option<Self> {
        let found = Self::at_workload(id, estate, one.at)?
            .field(one.field(field))
            .value("container", one.name());
        Some(found.by_itself())
    }

    /// The same, as the documentation of its image has it.
    #[must_use]
    pub fn documented(
        estate: &Estate<'_>,
        one: &Container<'_>,
        place: (&str, &str),
        words: impl Into<String>,
    ) -> Option<Self> {
        let reference = estate.workloads[one.at].object.reference();
        let found = Self::at_container(estate, one, place)?;
        Some(found.seen(Weight::Documented, "object", reference, words))
    }

    fn name_workload(&mut self, estate: &Estate<'_>, at: usize) {
        let keeper = &estate.workloads[at];
        let pod = estate.pods_of(at);
        let pod = pod
            .clone()
            .find(|pod| !pod.is_ready())
            .or_else(|| pod.clone().next());
        let selector: Vec<String> = keeper
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        self.values.insert("labels", selector.join(","));
        if let Some(pod) = pod {
            self.values.insert("pod", pod.object.name.to_owned());
        }
    }

    /// With the field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// With something that fills a place of its texts.
    #[must_use]
    pub fn value(mut self, place: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(place, value.into());
        self
    }

    /// With an observation.
    #[must_use]
    pub fn seen(
        mut self,
        weight: Weight,
        source: &str,
        reference: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        let seen = Evidence {
            source: source.to_owned(),
            reference: reference.into(),
            text: text.into(),
        };
        self.nats += weight.nats();
        if weight == Weight::Doubts {
            self.against.push(seen);
        } else {
            self.evidence.push(seen);
        }
        self
    }

    /// Told although nothing is wrong yet.
    #[must_use]
    pub fn by_itself(mut self) -> Self {
        self.wants = Wants::Nothing;
        self
    }

    /// With a Service that it makes unreachable.
    #[must_use]
    pub fn cuts(mut self, service: &str) -> Self {
        self.services.push(service.to_owned());
        self
    }

    /// With more workloads that it hurts.
    #[must_use]
    pub fn hurting(mut self, workloads: impl IntoIterator<Item = usize>) -> Self {
        for at in workloads {
            if !self.hurts.contains(&at) {
                self.hurts.push(at);
            }
        }
        self
    }
}
