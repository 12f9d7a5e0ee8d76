//! A run told in order: its observations, its symptoms, and one round per diagnosis.
//!
//! Everything that this crate makes is a projection of a story. Any prefix of a log is a
//! story: what has not happened is `None` or empty.

use crate::fold::fold;
use crate::names::Names;
use crate::round::Round;
use aegis_model::event::EVENT_SCHEMA;
use aegis_model::observation::LogCount;
use aegis_model::{
    ChangeRecord, Ending, Hypothesis, Objective, Objects, ObservationDelta, Plan, RunContext,
    RunEvent, Samples, Signature, Stamped, Symptom, Tick, Verdict,
};

/// A run, borrowed from its events. Times are seconds since the run's start.
#[derive(Debug)]
pub struct Story<'a> {
    /// The events themselves.
    pub events: &'a [Stamped],
    /// What the engine was told; `None` where the log was cut before its first event.
    pub context: Option<&'a RunContext>,
    /// Tick of the run's zero.
    pub origin: Tick,
    /// Time of the last event.
    pub end: i64,
    /// Names of objects.
    pub names: Names,
    /// Objects as they were last seen.
    pub objects: Objects,
    /// Scrapes, oldest first.
    pub scrapes: Vec<Scrape<'a>>,
    /// The record of changes, oldest first; see [`Story::changes`].
    pub record: Vec<&'a ChangeRecord>,
    /// Symptoms as they came.
    pub symptoms: Vec<(i64, &'a Symptom)>,
    /// Incidents: when opened, change point, signature, and how closed.
    pub incidents: Vec<Incident<'a>>,
    /// Calibration: healthy seconds, error, notes.
    pub calibration: Option<(u32, f64, &'a [String])>,
    /// Rounds of diagnosis and decision.
    pub rounds: Vec<Round<'a>>,
    /// Remarks with their time.
    pub notes: Vec<(i64, &'a str)>,
    /// How it ended, and which objectives were met; `None` where the run was cut.
    pub ended: Option<(Ending, &'a [bool])>,
    /// Whether the log has another shape than this crate knows.
    pub other_schema: bool,
}

/// One scrape.
#[derive(Debug, Clone, Copy)]
pub struct Scrape<'a> {
    /// When.
    pub t: i64,
    /// Metrics of the interval that ended then.
    pub samples: &'a Samples,
    /// Log templates with counts.
    pub logs: &'a [LogCount],
}

/// One incident.
#[derive(Debug, Clone, Copy)]
pub struct Incident<'a> {
    /// When it was opened.
    pub opened: i64,
    /// Where the change point was put.
    pub onset: i64,
    /// What it looks like.
    pub signature: &'a Signature,
    /// When and how it was closed.
    pub closed: Option<(i64, Ending)>,
}

impl<'a> Story<'a> {
    /// Reads events in order.
    #[must_use]
    pub fn tell(events: &'a [Stamped]) -> Self {
        let mut story = Self::empty(events, fold(events).objects);
        for stamped in events {
            story.end = stamped.t;
            story.read(stamped);
        }
        story
    }

    fn empty(events: &'a [Stamped], objects: Objects) -> Self {
        Self {
            events,
            context: None,
            origin: Tick(0),
            end: 0,
            names: Names::default(),
            objects,
            scrapes: Vec::new(),
            record: Vec::new(),
            symptoms: Vec::new(),
            incidents: Vec::new(),
            calibration: None,
            rounds: Vec::new(),
            notes: Vec::new(),
            ended: None,
            other_schema: false,
        }
    }

    fn read(&mut self, stamped: &'a Stamped) {
        let t = stamped.t;
        match &stamped.event {
            RunEvent::Started {
                schema,
                context,
                origin,
            } => self.start(schema, context, *origin),
            RunEvent::Observed(delta) => self.observe(t, delta),
            RunEvent::SymptomSeen(symptom) => self.symptoms.push((t, symptom)),
            RunEvent::IncidentOpened { signature, onset } => self.open(t, signature, *onset),
            RunEvent::Calibrated {
                healthy,
                error,
                notes,
            } => self.calibration = Some((*healthy, *error, notes)),
            RunEvent::Noted { note } => self.notes.push((t, note)),
            RunEvent::IncidentClosed { ending } => self.close(t, *ending),
            RunEvent::Ended { ending, met } => self.ended = Some((*ending, met)),
            event => self.think(t, event),
        }
    }

    fn start(&mut self, schema: &str, context: &'a RunContext, origin: Tick) {
        self.context = Some(context);
        self.origin = origin;
        self.other_schema = schema != EVENT_SCHEMA;
    }

    fn observe(&mut self, t: i64, delta: &'a ObservationDelta) {
        self.names.read(delta);
        self.record.extend(&delta.changes);
        self.scrapes.push(Scrape {
            t,
            samples: &delta.samples,
            logs: &delta.logs,
        });
    }

    fn open(&mut self, t: i64, signature: &'a Signature, onset: Tick) {
        let onset = onset.since(self.origin);
        self.incidents.push(Incident {
            opened: t,
            onset,
            signature,
            closed: None,
        });
    }

    fn close(&mut self, t: i64, ending: Ending) {
        if let Some(incident) = self.incidents.last_mut() {
            incident.closed = Some((t, ending));
        }
    }

    /// Takes an event of diagnosis and decision into its round.
    fn think(&mut self, t: i64, event: &'a RunEvent) {
        let fresh = self.rounds.last().is_none_or(|last| last.is_over(event));
        if Round::belongs(event) && fresh {
            let next = match event {
                RunEvent::Diagnosed { .. } => Round::default(),
                _ => self.rounds.last().map_or_else(Round::default, Round::again),
            };
            self.rounds.push(Round { t, ..next });
        }
        if let Some(round) = self.rounds.last_mut() {
            round.read(t, event);
        }
    }

    /// What users were promised.
    #[must_use]
    pub fn objectives(&self) -> &'a [Objective] {
        self.context.map_or(&[], |context| &context.objectives)
    }

    /// Second at which the first scrape's interval began; 0 without a scrape.
    #[must_use]
    pub fn first(&self) -> i64 {
        let first = self.scrapes.first();
        first.map_or(0, |scrape| {
            scrape.t - scrape.samples.interval.max(0.0) as i64
        })
    }

    /// Changes made while the cluster was watched: position in the record, second, entry.
    /// What stood there before anyone looked is no change.
    pub fn changes(&self) -> impl Iterator<Item = (u32, i64, &'a ChangeRecord)> + '_ {
        let first = self.first();
        let entries = self.record.iter().enumerate();
        entries
            .map(|(position, entry)| (position as u32, entry.at.since(self.origin), *entry))
            .filter(move |(_, t, _)| *t >= first)
    }

    /// Rounds in which hypotheses were rolled.
    pub fn diagnoses(&self) -> impl DoubleEndedIterator<Item = (i64, &'a [Hypothesis])> + '_ {
        let rounds = self.rounds.iter();
        rounds.filter_map(|round| Some((round.diagnosed?, round.hypotheses)))
    }

    /// The diagnosis that the run comes to, and when it was made: the last one; where the run or its incident ended mended
    /// and the plan that was applied last stands, the one that this plan was drafted on. What is looked at after that
    /// is a world that is mended, and says nothing of what had been wrong.
    #[must_use]
    pub fn conclusion(&self) -> Option<(i64, &'a [Hypothesis])> {
        let mended = matches!(self.ended, Some((Ending::Mended, _)));
        let applied = self
            .rounds
            .iter()
            .rposition(|round| round.applied.is_some());
        let standing = applied.filter(|last| {
            let round = &self.rounds[*last];
            (mended || self.was_mended(round.t)) && round.stands()
        });
        let until = standing.map_or(self.rounds.len(), |last| last + 1);
        let diagnosed = |round: &Round<'a>| Some((round.diagnosed?, round.hypotheses));
        self.rounds[..until].iter().rev().find_map(diagnosed)
    }

    /// Whether the incident of a time was closed as mended.
    fn was_mended(&self, t: i64) -> bool {
        let mut incidents = self.incidents.iter().rev();
        let of = incidents.find(|incident| incident.opened <= t);
        let closed = of.and_then(|incident| incident.closed);
        matches!(closed, Some((_, Ending::Mended)))
    }

    /// The leading hypothesis of the run's conclusion.
    #[must_use]
    pub fn top(&self) -> Option<&'a Hypothesis> {
        self.conclusion()?.1.first()
    }

    /// The last round in which a plan was chosen.
    #[must_use]
    pub fn decisive(&self) -> Option<(&Round<'a>, &'a Plan, &'a Verdict)> {
        self.rounds.iter().rev().find_map(|round| {
            let (_, verdict) = round.verdict?;
            let chosen = verdict.choice.as_ref()?;
            Some((round, round.plan(chosen)?, verdict))
        })
    }

    /// Every kubectl command that was applied, undo included, in order.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.rounds.iter().flat_map(Round::commands).collect()
    }
}
