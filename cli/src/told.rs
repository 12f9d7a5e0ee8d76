//! A stored run as the report tells it: its events, verified on the way, and what they do not say.

use crate::commands::version::VERSION;
use crate::exit::Failure;
use aegis_model::{Mode, RunEvent, Stamped};
use aegis_report::{Facts, Story, Summary, Versions, summary};
use aegis_runner::log::{Hash, LogError, read_events};
use aegis_runner::store::{Artifact, Run};

/// A run that was read.
pub struct Told {
    /// Its events.
    pub events: Vec<Stamped>,
    /// What they do not say.
    pub facts: Facts,
    /// `summary.json`, where the run has ended.
    stored: Option<Summary>,
}

impl Told {
    /// Reads a run.
    pub fn read(run: &Run) -> Result<Self, Failure> {
        let path = run.path(Artifact::Events);
        let unread = |error: LogError| {
            let what = format!("{}: {error}", path.display());
            Failure::usage(what)
                .help("the run is not as it was left, or it was stopped while it wrote")
        };
        let (events, head) = read_events(&path).map_err(unread)?;
        let stored = run.summary()?.map(serde_json::from_value).transpose();
        let summary = run.path(Artifact::Summary);
        let stored =
            stored.map_err(|error| Failure::usage(format!("{}: {error}", summary.display())))?;
        let facts = facts(run, stored.as_ref(), &events, head)?;
        Ok(Self {
            events,
            facts,
            stored,
        })
    }

    /// The events as a story.
    pub fn story(&self) -> Story<'_> {
        Story::tell(&self.events)
    }

    /// `summary.json`, where the run has ended.
    pub const fn stored(&self) -> Option<&Summary> {
        self.stored.as_ref()
    }

    /// What the run came to: as it was summed up at its end, or as far as it got.
    pub fn summary(&self, story: &Story<'_>) -> Summary {
        self.stored
            .clone()
            .unwrap_or_else(|| summary(story, &self.facts))
    }
}

/// What the runner knew, from the summary, or as much as is known without one.
fn facts(
    run: &Run,
    stored: Option<&Summary>,
    events: &[Stamped],
    head: Hash,
) -> Result<Facts, Failure> {
    let Some(stored) = stored else {
        let scenario = run.meta()?.map(|meta| meta.scenario).unwrap_or_default();
        return Ok(unfinished(scenario, events, head));
    };
    Ok(Facts {
        scenario: stored.scenario.clone(),
        mode: stored.mode,
        seed: stored.seed,
        onset: stored.onset_s,
        harm: stored.harm,
        truth: stored.truth.as_ref().map(|truth| truth.truth.clone()),
        clock: stored.clock.clone(),
        model: stored.model.clone(),
        memory: stored.memory.clone(),
        resumed_from: stored.run.resumed_from.clone(),
        versions: stored.versions.clone(),
        events_blake3: head.to_string(),
        faults: meanings(),
    })
}

fn unfinished(scenario: String, events: &[Stamped], head: Hash) -> Facts {
    let started = events.iter().find_map(|stamped| match &stamped.event {
        RunEvent::Started { context, .. } => Some(context.mode),
        _ => None,
    });
    Facts {
        scenario,
        mode: started.unwrap_or(Mode::Noop),
        seed: 0,
        onset: None,
        harm: None,
        truth: None,
        clock: "paused".into(),
        model: None,
        memory: None,
        resumed_from: None,
        versions: Versions {
            aegis: VERSION.to_owned(),
            ..Versions::default()
        },
        events_blake3: head.to_string(),
        faults: meanings(),
    }
}

/// What the catalogue says of each fault.
fn meanings() -> Vec<(smol_str::SmolStr, String)> {
    aegis_faults::all()
        .map(|fault| (fault.id.into(), fault.summary.to_owned()))
        .collect()
}
