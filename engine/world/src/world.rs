//! The world and its seconds.

use crate::acts;
use crate::founded::Founded;
use crate::gap::Gap;
use crate::load::{Drift, Load};
use crate::noise::{Noise, Spell};
use crate::pipes::{Late, Pipe};
use crate::reveal::{Cause, Revelation};
use crate::schedule::Schedule;
use crate::truth::Truth;
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Pod, Workload};
use aegis_model::{Behaviour, Objects, Overlay, ServiceId, Tick};
use aegis_sim::conduct::Conductor;
use aegis_sim::infer::{Wiring, infer};
use aegis_sim::workings::{EntryLoad, EntryMeter, NodeGroup, Pin};
use aegis_sim::{Cluster, Draws, Journal};
use std::sync::Arc;

/// What a world is made of, beside its cluster.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// True behaviour by workload id. Its `service_cv2` is 1 where nothing is known; the gap then draws it.
    pub behaviours: Vec<Option<Behaviour>>,
    /// What users send.
    pub loads: Vec<Load>,
    /// What will happen.
    pub schedule: Schedule,
    /// How it differs from what a twin assumes.
    pub gap: Gap,
    /// What observing it adds.
    pub noise: Noise,
    /// When that is otherwise; the later in the list the stronger.
    pub spells: Vec<Spell>,
    /// What carries telemetry.
    pub pipes: Vec<Pipe>,
    /// Age of metrics and logs when they are seen, s.
    pub delay: u32,
    /// Use that is pinned.
    pub pins: Vec<Pin>,
    /// The same by name, for workloads that come later.
    pub usage: Vec<Usage>,
    /// Groups of nodes that an autoscaler may grow and shrink.
    pub node_groups: Vec<NodeGroup>,
    /// Root of all its draws.
    pub seed: u64,
}

/// Use that is pinned for the pods of a workload of that name.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// The workload.
    pub object: aegis_model::kubernetes::ObjectRef,
    /// Cores per pod.
    pub cpu: f64,
    /// Bytes per pod.
    pub memory: f64,
}

/// A true cluster with what is hidden in it and what will happen to it.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) cluster: Cluster<Truth>,
    pub(crate) overlay: Overlay,
    pub(crate) schedule: Arc<Schedule>,
    /// Entries of the schedule that have happened.
    pub(crate) passed: usize,
    /// Acts that come again, and ends of acts: by tick, in order of arrival.
    pub(crate) due: Vec<(Tick, acts::Due)>,
    /// Time 0.
    pub(crate) origin: Tick,
    pub(crate) loads: Vec<Load>,
    drifts: Vec<Drift>,
    /// Rates that were set by an act and override the curve.
    pub(crate) rates: Vec<Option<f64>>,
    pub(crate) wiring: Wiring,
    pub(crate) noise: Noise,
    pub(crate) spells: Arc<Vec<Spell>>,
    pub(crate) pipes: Arc<Vec<Pipe>>,
    pub(crate) late: Late,
    pub(crate) roots: Roots,
    pub(crate) causes: Vec<Cause>,
    /// Faults that have begun.
    pub(crate) begun: Vec<crate::begin::Begun>,
    pub(crate) skipped: Vec<String>,
    /// What happened in the last tick.
    pub(crate) journal: Journal,
    pub(crate) gap: Gap,
    /// Workloads whose behaviour is decided.
    pub(crate) furnished: usize,
    /// Pods whose pinned use was looked for.
    pub(crate) pinned: usize,
    usage: Arc<Vec<Usage>>,
    /// Nodes that were looked at for what befalls a zone.
    pub(crate) nodes: usize,
}

/// Draws that share nothing with each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roots {
    pub hidden: Draws,
    pub physics: Draws,
    pub load: Draws,
    pub observation: Draws,
}

impl Roots {
    const fn new(seed: u64) -> Self {
        let root = Draws::new(seed);
        Self {
            hidden: root.derive(1),
            physics: root.derive(2),
            load: root.derive(3),
            observation: root.derive(4),
        }
    }
}

/// What of the future a fork keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    /// All that is scheduled.
    AsScheduled,
    /// Nothing more happens; what has begun goes on.
    Nothing,
}

impl World {
    /// A world at the tick at which its manifests arrived; that is its time 0 unless it is settled.
    #[must_use]
    pub fn new(founded: Founded, parts: Parts) -> Self {
        let mut cluster = founded.cluster;
        furnish(&mut cluster, &parts);
        let furnished = cluster.objects.workloads.len();
        let roots = Roots::new(parts.seed);
        let drift = |(key, load): (usize, &Load)| {
            let cv =
                libm::sqrt(load.cv * load.cv + parts.gap.load_drift() * parts.gap.load_drift());
            Drift::new(cv, roots.load, key as u64)
        };
        Self {
            wiring: Wiring::of(&cluster),
            origin: cluster.clock,
            nodes: cluster.objects.nodes.len(),
            cluster,
            overlay: Overlay::none(),
            schedule: Arc::new(parts.schedule.in_order()),
            passed: 0,
            due: Vec::new(),
            drifts: parts.loads.iter().enumerate().map(drift).collect(),
            rates: vec![None; parts.loads.len()],
            loads: parts.loads,
            noise: parts.noise,
            spells: Arc::new(parts.spells),
            pipes: Arc::new(parts.pipes),
            late: Late::of(parts.delay),
            roots,
            causes: Vec::new(),
            begun: Vec::new(),
            skipped: Vec::new(),
            journal: Journal::default(),
            gap: parts.gap,
            furnished,
            pinned: 0,
            usage: Arc::new(parts.usage),
        }
    }

    /// What was to happen and could not, with the reason.
    #[must_use]
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// What the API server shows.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.cluster.objects
    }

    /// The tick that comes next.
    #[must_use]
    pub const fn now(&self) -> Tick {
        self.cluster.clock
    }

    /// Time 0.
    #[must_use]
    pub const fn origin(&self) -> Tick {
        self.origin
    }

    /// Seconds since time 0; negative in the observed past.
    #[must_use]
    pub const fn time(&self) -> i64 {
        self.cluster.clock.since(self.origin)
    }

    /// What users got in the last second, exactly: for objectives, never for an observation.
    #[must_use]
    pub fn entries(&self) -> &[EntryMeter] {
        &self.cluster.workings.meters.entries
    }

    /// What happened in the last second.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Lets so many seconds pass.
    pub fn advance(&mut self, seconds: u32) {
        for _ in 0..seconds {
            acts::perform_due(self);
            self.second();
        }
    }

    /// One second in which nothing that is scheduled happens.
    pub(crate) fn second(&mut self) {
        self.send();
        self.pin_pods();
        self.take_in_nodes();
        self.wiring.follow(&mut self.cluster);
        self.journal.clear();
        aegis_sim::tick(
            &mut self.cluster,
            &self.overlay,
            &self.roots.physics,
            &mut self.journal,
        );
    }

    /// Sets the rates of the coming second.
    fn send(&mut self) {
        let time = self.time() as f64;
        let now = self.cluster.clock;
        for (index, load) in self.loads.iter().enumerate() {
            let rate = self.rates[index].unwrap_or_else(|| load.curve.at(time));
            let drift = self.drifts[index].step(self.roots.load, index as u64, now);
            self.cluster.workings.load[index].rate = rate * drift;
        }
    }

    /// Decides how workloads behave that have come since the last call, as it was for the others. One that was made
    /// anew behaves as it did.
    pub(crate) fn adopt(&mut self) {
        let known = self.furnished;
        if self.cluster.objects.workloads.len() == known {
            return;
        }
        let inferred = infer(&self.cluster.objects);
        let pick = self.gap.pick(self.roots.hidden);
        for prior in inferred
            .workloads
            .iter()
            .filter(|prior| prior.workload.index() >= known)
        {
            let mut behaviour = prior.pick(pick);
            self.gap
                .bend(&mut behaviour, self.roots.hidden, u64::from(prior.number));
            if let Some(place) = self
                .cluster
                .workings
                .behaviours
                .get_mut(prior.workload.index())
                .filter(|place| place.is_none())
            {
                *place = Some(Arc::new(behaviour));
            }
        }
        self.pin_from(known);
        self.furnished = self.cluster.objects.workloads.len();
    }

    /// Pins the use of pods that controllers have made since, by their names.
    fn pin_pods(&mut self) {
        if self.cluster.objects.pods.len() == self.pinned {
            return;
        }
        let known = core::mem::replace(&mut self.pinned, self.cluster.objects.pods.len());
        let of_pods = |usage: &&Usage| usage.object.kind == Kind::Pod;
        let named: Vec<&Usage> = self.usage.iter().filter(of_pods).collect();
        if named.is_empty() {
            return;
        }
        let objects = &self.cluster.objects;
        let pin = |(index, pod): (usize, &Pod)| {
            let owner = &objects.workloads[pod.workload.index()].header.reference;
            let is_named = |usage: &&&Usage| {
                usage.object.name == pod.name && usage.object.namespace == pod.namespace
            };
            let usage = named.iter().find(is_named)?;
            (owner.kind != Kind::Pod).then(|| Pin {
                workload: pod.workload,
                cpu: usage.cpu,
                memory: usage.memory,
                adopted: Some(index.into()),
            })
        };
        let new: Vec<Pin> = objects
            .pods
            .enumerate()
            .skip(known)
            .filter_map(pin)
            .collect();
        if !new.is_empty() {
            Arc::make_mut(&mut self.cluster.workings.pins).extend(new);
        }
    }

    /// Pins the use of workloads that came since.
    fn pin_from(&mut self, known: usize) {
        let rows = self.cluster.objects.workloads.enumerate().skip(known);
        let pin = |(index, row): (usize, &Workload)| {
            let named = |usage: &&Usage| usage.object == row.header.reference;
            let usage = self.usage.iter().find(named)?;
            Some(Pin {
                workload: index.into(),
                cpu: usage.cpu,
                memory: usage.memory,
                adopted: None,
            })
        };
        let new: Vec<Pin> = rows.filter_map(pin).collect();
        if !new.is_empty() {
            Arc::make_mut(&mut self.cluster.workings.pins).extend(new);
        }
    }

    /// Moves a plan on as far as this second allows.
    pub fn conduct(&mut self, conductor: &mut Conductor) {
        conductor.step(&mut self.cluster);
    }

    /// Takes a plan back.
    ///
    /// # Errors
    /// The first change that the API server refuses to take back, in words.
    pub fn undo(&mut self, conductor: &Conductor) -> Result<(), String> {
        conductor.undo(&mut self.cluster)
    }

    /// A copy for hindsight. `noise` gives it a root of its own for all that is drawn from now on;
    /// what is hidden in its behaviour stays.
    #[must_use]
    pub fn fork(&self, ahead: Ahead, noise: Option<u64>) -> Self {
        let mut fork = self.clone();
        if ahead == Ahead::Nothing {
            fork.passed = fork.schedule.0.len();
            fork.due.retain(|(_, due)| due.is_under_way());
        }
        if let Some(seed) = noise {
            fork.roots = Roots {
                hidden: self.roots.hidden,
                ..Roots::new(seed)
            };
        }
        fork
    }

    /// A copy with another future: what was scheduled is dropped, what has begun goes on. For rehearsals, which
    /// settle a world once.
    #[must_use]
    pub fn with_schedule(&self, schedule: Schedule) -> Self {
        let mut fork = self.clone();
        fork.schedule = Arc::new(schedule.in_order());
        fork.passed = 0;
        fork
    }

    /// The truth. The run is over: there is no world after it.
    #[must_use]
    pub fn reveal(self) -> Revelation {
        let first = self.causes.iter().map(|cause| cause.from).min();
        Revelation {
            onset: first.map(|from| from.since(self.origin)),
            causes: self.causes,
            skipped: self.skipped,
        }
    }

    /// The load at an entry that a Service names: its own, or one of the same workload.
    pub(crate) fn load_at(&self, service: ServiceId) -> Option<usize> {
        let directory = aegis_sim::infer::Directory::new(&self.cluster.objects);
        let behind = directory.behind(service);
        let shares = |to: ServiceId| directory.behind(to).iter().any(|id| behind.contains(id));
        let exact = self.loads.iter().position(|load| load.to == service);
        exact.or_else(|| self.loads.iter().position(|load| shares(load.to)))
    }
}

/// Puts behaviour, loads and pins into the cluster.
fn furnish(cluster: &mut Cluster<Truth>, parts: &Parts) {
    let hidden = Roots::new(parts.seed).hidden;
    let workloads = cluster.objects.workloads.enumerate();
    let bent = |(index, row): (usize, &Workload)| {
        let mut behaviour = parts.behaviours.get(index).cloned().flatten()?;
        parts
            .gap
            .bend(&mut behaviour, hidden, u64::from(row.header.number));
        Some(Arc::new(behaviour))
    };
    let load = |load: &Load| EntryLoad {
        to: load.to,
        port: load.port,
        rate: load.curve.at(0.0),
    };
    cluster.workings.behaviours = workloads.map(bent).collect();
    cluster.workings.load = parts.loads.iter().map(load).collect();
    cluster.workings.pod_spread = parts.gap.pod_spread();
    cluster.workings.pins = Arc::new(parts.pins.clone());
    let named = cluster.objects.nodes.len() as u32;
    let autoscaler = &mut cluster.workings.node_autoscaler;
    autoscaler.groups = Arc::new(parts.node_groups.clone());
    autoscaler.named = named;
}
