//! Everything that the hypotheses of one incident have in common: the window, the
//! twin from before it, the load, the changes, the spread of each series.

use crate::baseline::{self, Baseline};
use crate::calibrate::Calibration;
use crate::forecast::LoadPath;
use crate::history::History;
use crate::likelihood::{Spread, Window};
use crate::onset::Onset;
use crate::seen::{self, SeenChange};
use crate::series::{Measure, Row, SeriesKey, SeriesSet, calls};
use crate::topology::Topology;
use crate::trial::{Trial, rows_of};
use crate::twin::Twin;
use crate::unmade::unmade;
use crate::words::Words;
use aegis_model::{
    ChangeRecord, Objective, Overlay, Plan, PlanSource, Symptom, SymptomKind, Target, Tick,
    WorkloadId,
};
use aegis_sim::Draws;
use std::sync::Arc;

/// Seconds per bin.
pub const BIN: u32 = 15;
/// Longest window that is compared, s.
const LONGEST: u32 = 240;
/// Seconds before the onset at which the window begins.
const BEFORE_ONSET: u32 = 60;
/// Seconds that a twin runs before its first bin: queues find their level.
const WARM_UP: u32 = 30;
/// Rounds of correcting a calibration by its own twin.
const REFINEMENTS: usize = 3;
/// Seconds before the onset in which a change may be the cause.
pub const CHANGES_BACK: u32 = 900;

/// An incident as it is put to the hypotheses.
#[derive(Debug, Clone)]
pub struct Case {
    /// The observed past.
    pub history: Arc<History>,
    /// Who calls whom.
    pub topology: Arc<Topology>,
    /// What is known of parameters.
    pub calibration: Arc<Calibration>,
    /// Objectives with their weights.
    pub objectives: Arc<Vec<(Objective, f64)>>,
    /// When it began: three quantiles.
    pub onset: [Tick; 3],
    /// The newest observation.
    pub now: Tick,
    /// The window that is compared.
    pub window: Arc<Window>,
    /// When its first bin begins.
    pub window_from: Tick,
    /// When its last bin ends.
    pub window_until: Tick,
    /// The twin that hypotheses are laid over.
    pub twin: Arc<Twin>,
    /// Load as it was observed, and its level after.
    pub load: Arc<LoadPath>,
    /// Changes that were seen, from some time before the onset on.
    pub changes: Arc<Vec<SeenChange>>,
    /// What the cluster says since it began.
    pub words: Arc<Words>,
    /// What is predicted without any fault, all changes replayed.
    pub undisturbed: Arc<Vec<Row>>,
    /// How likely the window is under it, nats.
    pub plain: f64,
    /// The window's harm alone, and how likely that is under it, nats.
    pub harm: (Arc<Window>, f64),
    /// Root of all draws: a digest of what was observed.
    pub root: u64,
}

/// How far back a case looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Ends the window that levels and parameters are learnt from.
    pub healthy_until: Tick,
    /// Nothing before it belongs to the case: an earlier incident was over then.
    pub since: Tick,
    /// When the case began, as it was seen when that was still in the window.
    pub onset: Option<[Tick; 3]>,
    /// What is compared.
    pub view: View,
}

/// Which part of the past hypotheses are compared over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The onset and the first minutes after it, however long ago: what tells causes apart. What comes later holds
    /// what was done about it, and changes from before it cannot be left out there.
    Onset,
    /// The same of what stands out and of the entries alone: before anything is missed one object shows a first sign,
    /// and as a window counts for so much in all, what its healthy neighbours show would drown it.
    FirstSigns,
    /// The newest minutes: what a plan did.
    Newest,
}

impl View {
    /// Calls from what is off within which series are compared.
    const fn hops(self) -> u32 {
        match self {
            Self::FirstSigns => 0,
            Self::Onset | Self::Newest => 2,
        }
    }
}

/// Objectives with weights that sum to 1, by requests.
#[must_use]
pub fn weighted(objectives: &[Objective], history: &History) -> Vec<(Objective, f64)> {
    let requests = |objective: &Objective| {
        let seen = history.all().iter().flat_map(|seen| &seen.samples.entries);
        seen.filter(|entry| entry.service == objective.service)
            .map(|entry| entry.requests.total)
            .sum::<f64>()
            .max(1.0)
    };
    let total: f64 = objectives.iter().map(requests).sum();
    objectives
        .iter()
        .map(|objective| (objective.clone(), requests(objective) / total))
        .collect()
}

impl Case {
    /// Opens the case of the symptoms, ready for hypotheses.
    #[must_use]
    pub fn open(
        history: &History,
        topology: &Topology,
        calibration: &Arc<Calibration>,
        objectives: &[Objective],
        symptoms: &[Symptom],
        past: Past,
    ) -> Option<Self> {
        let put = Self::put(history, topology, calibration, objectives, symptoms, past);
        put.map(|case| case.rehearsed(past.healthy_until))
    }

    /// Puts the case; nothing is played. Enough for [`Case::refined`].
    #[must_use]
    pub fn put(
        history: &History,
        topology: &Topology,
        calibration: &Arc<Calibration>,
        objectives: &[Objective],
        symptoms: &[Symptom],
        Past {
            healthy_until,
            since,
            onset: known,
            view,
        }: Past,
    ) -> Option<Self> {
        let now = history.latest()?.at;
        let set = series(history, topology, objectives, symptoms, view)?;
        let baseline = Baseline::learn(set.clone(), history, healthy_until);
        // What began before the window cannot be told from what began with it.
        let earliest = Tick(now.0.saturating_sub(LONGEST - BEFORE_ONSET));
        let from = healthy_until.max(since).max(earliest);
        let onset = known
            .filter(|known| known[1] < earliest)
            .unwrap_or_else(|| onset(&baseline, history, from, now));
        let until = window_end(history, onset[0], now, view)?;
        let from = window_start(history, onset[0], until)?;
        let observed = history.between(from, until);
        let before = history.at_or_before(from)?;
        let mut bins = vec![set.read(
            &observed.first()?.samples,
            &observed.first()?.objects,
            &before.objects,
        )];
        bins.extend(baseline::bins(&set, observed));
        let twin = warmed_up(history, calibration, from)?;
        let root = digest(history, until);
        let window = Arc::new(Window {
            spreads: spreads(&baseline),
            drivers: drivers(&set, topology),
            set,
            bins,
            onset: (onset[1].elapsed(from) / BIN) as usize,
        });
        Some(Self {
            history: Arc::new(history.clone()),
            topology: Arc::new(topology.clone()),
            calibration: Arc::clone(calibration),
            objectives: Arc::new(weighted(objectives, history)),
            onset,
            now,
            window: Arc::clone(&window),
            harm: (window, f64::NEG_INFINITY),
            plain: f64::NEG_INFINITY,
            window_from: from,
            window_until: until,
            twin,
            load: Arc::new(LoadPath::observed(history)),
            changes: Arc::new(seen::changes(
                history,
                Tick(onset[0].0.saturating_sub(CHANGES_BACK)),
                now,
            )),
            words: Arc::new(Words::of(history, healthy_until, since, now)),
            undisturbed: Arc::new(Vec::new()),
            root,
        })
    }

    /// The same with what its twin scatters in health, and what it predicts of the window.
    #[must_use]
    pub fn rehearsed(mut self, healthy_until: Tick) -> Self {
        self.widen(healthy_until);
        self.undisturbed = Arc::new(rows_of(&self.trial(Overlay::none(), 0, None)));
        self.plain = self.window.log_likelihood(&self.undisturbed);
        let harm = self.window.harm();
        let plain = harm.log_likelihood(&self.undisturbed);
        self.harm = (Arc::new(harm), plain);
        self
    }

    /// A trial over the window: this overlay, this draw of parameters, all changes but one.
    #[must_use]
    pub fn trial(&self, overlay: Overlay, draw: u64, without: Option<usize>) -> Trial {
        let draws = Draws::new(self.root);
        Trial {
            twin: self.twin_without(without),
            behaviours: Arc::new(self.calibration.draw_unseen(draws, draw)),
            changes: Arc::new(self.replayed(without)),
            overlay,
            load: Arc::clone(&self.load),
            plan: Arc::new(wait()),
            decide: self.window_until,
            until: self.window_until,
            window: Some((Arc::clone(&self.window), self.window_from)),
            slack: 0,
            objectives: Arc::clone(&self.objectives),
            stream: draws
                .derive(draw)
                .bits(aegis_sim::Purpose::Prior, draw, Tick(0)),
        }
    }

    /// A trial of what users would feel had a change not been made, or had no more arrived than before: its outcome
    /// says how likely the harm in the window is then.
    #[must_use]
    pub fn without(&self, change: Option<usize>) -> Trial {
        Trial {
            window: Some((Arc::clone(&self.harm.0), self.window_from)),
            ..self.trial(Overlay::none(), 0, change)
        }
    }

    /// The twin; one that never saw a change, where the change was made before it starts.
    fn twin_without(&self, change: Option<usize>) -> Arc<Twin> {
        let start = self.twin.clock();
        let older = change
            .map(|position| &self.changes[position])
            .filter(|change| change.at < start);
        let unmade = || {
            let all = self.history.all();
            let newest = all.iter().rposition(|seen| seen.at <= start)?;
            let mut seen = all[..=newest].to_vec();
            seen[newest] = Arc::new(unmade(&all[newest], &older?.change)?);
            Twin::from_history(&seen, &self.calibration).map(Arc::new)
        };
        unmade().unwrap_or_else(|| Arc::clone(&self.twin))
    }

    /// Mean distance between the undisturbed prediction and what was seen before the onset, in log
    /// units (about the relative error), over the amounts; 0 without such bins.
    #[must_use]
    pub fn twin_error(&self) -> f64 {
        let healthy = (self.onset[0].elapsed(self.window_from) / BIN) as usize;
        let mut errors = Vec::new();
        for (seen, expected) in self
            .window
            .bins
            .iter()
            .zip(self.undisturbed.iter())
            .take(healthy)
        {
            for (series, key) in self.window.set.keys.iter().enumerate() {
                let measured =
                    matches!(key.measure, Measure::Rate | Measure::Latency | Measure::Cpu);
                if let (true, Some(seen), Some(expected)) =
                    (measured, seen[series], expected[series])
                {
                    errors.push((seen - expected).abs());
                }
            }
        }
        errors.iter().sum::<f64>() / errors.len().max(1) as f64
    }

    /// Changes after the twin's start, as the twin plays them.
    fn replayed(&self, without: Option<usize>) -> Vec<ChangeRecord> {
        let start = self.twin.clock();
        let keep = |(position, change): (usize, &SeenChange)| {
            (Some(position) != without && change.at >= start).then(|| ChangeRecord {
                at: change.at,
                actor: change.actor.clone().unwrap_or_else(|| "unknown".into()),
                object: aegis_faults::betrayal::object(&change.change).unwrap_or_else(|| {
                    aegis_model::kubernetes::ObjectRef::new("Cluster".into(), "", "")
                }),
                change: Arc::clone(&change.change),
            })
        };
        self.changes.iter().enumerate().filter_map(keep).collect()
    }

    /// Adds to each series' variance what healthy draws of the parameters scatter.
    fn widen(&mut self, healthy_until: Tick) {
        const DRAWS: u64 = 4;
        let Some(healthy) = self.healthy_case(healthy_until) else {
            return;
        };
        let rolls: Vec<Vec<Row>> = (0..DRAWS)
            .map(|draw| {
                let mut trial = healthy.trial(Overlay::none(), draw, None);
                let drawn = self.calibration.draw(Draws::new(self.root), draw);
                trial.behaviours = Arc::new(drawn);
                rows_of(&trial)
            })
            .collect();
        let mut window = (*self.window).clone();
        for (series, spread) in window.spreads.iter_mut().enumerate() {
            let error = |(bin, row): (usize, &Row)| {
                Some(row[series]? - healthy.window.bins.get(bin)?[series]?)
            };
            let errors: Vec<f64> = rolls
                .iter()
                .flat_map(|rows| rows.iter().enumerate().filter_map(error))
                .collect();
            if !errors.is_empty() {
                spread.variance += errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
            }
        }
        self.window = Arc::new(window);
    }

    /// Corrects a calibration by what its own twin gets wrong over the health before the case:
    /// rates by call ratios, CPU by cost, times by own time, memory by what is held at rest.
    #[must_use]
    pub fn refined(&self, healthy_until: Tick) -> Calibration {
        let mut calibration = (*self.calibration).clone();
        for _ in 0..REFINEMENTS {
            let mut case = self.clone();
            case.calibration = Arc::new(calibration.clone());
            let Some(healthy) = case.healthy_case(healthy_until) else {
                return calibration;
            };
            let predicted = rows_of(&healthy.trial(Overlay::none(), 0, None));
            let error = |key: SeriesKey| mean_error(&healthy.window, &predicted, key);
            let Some(latest) = self.history.latest() else {
                return calibration;
            };
            calibration.correct(&self.topology, &latest.objects, error);
        }
        calibration
    }

    /// The same case over the last two minutes of health.
    fn healthy_case(&self, until: Tick) -> Option<Self> {
        const HEALTHY: u32 = 120;
        let from = Tick(until.0.saturating_sub(HEALTHY));
        let observed = self.history.between(from, until);
        let start = Tick(from.0.saturating_sub(WARM_UP));
        let position = self
            .history
            .all()
            .iter()
            .rposition(|seen| seen.at <= start)?;
        let set = &self.window.set;
        let before = self.history.at_or_before(from)?;
        let mut bins = vec![set.read(
            &observed.first()?.samples,
            &observed.first()?.objects,
            &before.objects,
        )];
        bins.extend(baseline::bins(set, observed));
        let mut case = self.clone();
        case.twin = Arc::new(Twin::from_history(
            &self.history.all()[..=position],
            &self.calibration,
        )?);
        case.window = Arc::new(Window {
            onset: bins.len(),
            bins,
            ..(*self.window).clone()
        });
        case.window_from = before.at;
        case.now = until;
        case.window_until = until;
        Some(case)
    }
}

/// Mean of observed less predicted over a window; `None` for a series that is not in it.
fn mean_error(window: &Window, predicted: &[Row], key: SeriesKey) -> Option<f64> {
    let series = window.set.keys.binary_search(&key).ok()?;
    let pair = |(seen, expected): (&Row, &Row)| Some(seen[series]? - expected[series]?);
    let errors: Vec<f64> = window.bins.iter().zip(predicted).filter_map(pair).collect();
    (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
}

/// The plan that does nothing.
#[must_use]
pub fn wait() -> Plan {
    Plan {
        id: "wait".into(),
        steps: Vec::new(),
        answers: None,
        source: PlanSource::Control,
        summary: "wait".into(),
    }
}

fn series(
    history: &History,
    topology: &Topology,
    objectives: &[Objective],
    symptoms: &[Symptom],
    view: View,
) -> Option<SeriesSet> {
    let objects = &history.latest()?.objects;
    let mut near: Vec<WorkloadId> = topology.entries.clone();
    let is_sign = |symptom: &&Symptom| {
        view != View::FirstSigns || symptom.kind != SymptomKind::TelemetryMissing
    };
    near.extend(
        symptoms
            .iter()
            .filter(is_sign)
            .flat_map(|symptom| topology.concerned(objects, symptom.subject)),
    );
    Some(SeriesSet::new(
        objects,
        objectives,
        &topology.near(&near, view.hops()),
        &calls(history.all().iter().map(|seen| &seen.samples)),
    ))
}

/// By series, the rates of a set that it follows: of a workload's rate the attempts at it, of its CPU, its errors and
/// its calls its own, of the errors of calls theirs.
fn drivers(set: &SeriesSet, topology: &Topology) -> Vec<Vec<usize>> {
    let of_key = |measure: Measure, workload: WorkloadId| {
        let subject = Target::Workload(workload);
        set.keys.binary_search(&SeriesKey { measure, subject }).ok()
    };
    let rate = |workload: WorkloadId| of_key(Measure::Rate, workload);
    let attempts = |id: WorkloadId| -> Vec<usize> {
        let is_at = |key: &SeriesKey| match key.measure {
            Measure::CallRate(to) => topology
                .behind
                .get(to.index())
                .is_some_and(|b| b.contains(&id)),
            _ => false,
        };
        let keys = set.keys.iter().enumerate();
        keys.filter(|(_, key)| is_at(key))
            .map(|(index, _)| index)
            .collect()
    };
    let of = |key: &SeriesKey| match (key.measure, key.subject) {
        (Measure::Rate, Target::Workload(id)) => attempts(id),
        (Measure::Cpu | Measure::Errors | Measure::CallRate(_), Target::Workload(id)) => {
            rate(id).into_iter().collect()
        }
        (Measure::CallErrors(to), Target::Workload(id)) => {
            of_key(Measure::CallRate(to), id).into_iter().collect()
        }
        _ => Vec::new(),
    };
    set.keys.iter().map(of).collect()
}

/// Three quantiles of the onset; the newest bin's beginning where nothing stands out.
fn onset(baseline: &Baseline, history: &History, from: Tick, now: Tick) -> [Tick; 3] {
    let observed = history.between(from, now);
    let Some(before) = history.at_or_before(from) else {
        return [now; 3];
    };
    let all: Vec<_> = std::iter::once(before).chain(observed).cloned().collect();
    let posterior = Onset::of(baseline, &baseline::bins(&baseline.set, &all));
    [0.1, 0.5, 0.9].map(|share| {
        let bin = posterior.quantile(share);
        bin.and_then(|bin| all.get(bin))
            .map_or(now, |seen| seen.at.max(from))
    })
}

/// The scrape at which the window ends.
fn window_end(history: &History, onset: Tick, now: Tick, view: View) -> Option<Tick> {
    let end = match view {
        View::Onset | View::FirstSigns => now.min(onset.after(LONGEST - BEFORE_ONSET)),
        View::Newest => now,
    };
    history.at_or_before(end).map(|seen| seen.at)
}

/// The twin that a window is played from: it starts early enough for its queues to find their level.
fn warmed_up(history: &History, calibration: &Calibration, from: Tick) -> Option<Arc<Twin>> {
    let start = Tick(from.0.saturating_sub(WARM_UP));
    let all = history.all();
    let position = all.iter().rposition(|seen| seen.at <= start).unwrap_or(0);
    Twin::from_history(&all[..=position], calibration).map(Arc::new)
}

/// The scrape at which the window begins: a minute before the onset, at most four before now.
fn window_start(history: &History, onset: Tick, now: Tick) -> Option<Tick> {
    let earliest = onset
        .0
        .saturating_sub(BEFORE_ONSET)
        .max(now.0.saturating_sub(LONGEST));
    let first = history.all().get(2)?.at;
    let start = history.at_or_before(Tick(earliest.max(first.0)))?.at;
    (start < now).then_some(start)
}

/// Spread of each series from its healthy level; memory is relative to a limit and so has a floor of its own.
fn spreads(baseline: &Baseline) -> Vec<Spread> {
    let of = |(key, level): (&SeriesKey, &Option<baseline::Level>)| {
        let floor = match key.measure {
            Measure::Memory => 0.03,
            Measure::EntryErrors
            | Measure::EntrySlow
            | Measure::Errors
            | Measure::CallErrors(_) => 0.5,
            _ => 0.1,
        };
        let deviation = level.map_or(0.3, |level| level.deviation);
        let phi = level
            .map_or(0.5, |level| level.autocorrelation)
            .max(if key.measure.is_condition() { 0.6 } else { 0.2 });
        Spread {
            variance: deviation * deviation + floor * floor,
            phi,
        }
    };
    baseline
        .set
        .keys
        .iter()
        .zip(&baseline.levels)
        .map(of)
        .collect()
}

/// A digest of what was observed at the entries up to a time: names are not part of it. The same window is put to
/// the same draws, whenever it is looked at.
fn digest(history: &History, until: Tick) -> u64 {
    let mix = |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x0000_0100_0000_01B3);
    let mut hash = 0xCBF2_9CE4_8422_2325;
    for seen in history.all().iter().filter(|seen| seen.at <= until) {
        hash = mix(hash, u64::from(seen.at.0));
        for entry in &seen.samples.entries {
            hash = mix(
                mix(hash, entry.requests.total.to_bits()),
                entry.requests.errors.to_bits(),
            );
        }
    }
    hash
}

/// The workloads that a target is about.
#[must_use]
pub fn workloads_of(case: &Case, target: Target) -> Vec<WorkloadId> {
    case.history.latest().map_or_else(Vec::new, |latest| {
        case.topology.concerned(&latest.objects, target)
    })
}
