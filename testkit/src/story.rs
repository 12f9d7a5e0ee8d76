//! A scenario in, a transcript out: what a run came to, held against what a reader expects in order.

use crate::pair::differing;
use crate::play::{Recording, bytes, read, replay};
use crate::transcript::transcript;
use aegis_model::{Approval, Conduct, Ending, Ruling, RunEvent};
use aegis_report::Story;
use aegis_runner::artifacts::audit::unshown;
use aegis_runner::run::{Company, Order, run};
use smol_str::SmolStr;
use std::time::Instant;

/// Who is asked before a plan is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nobody.
    Nobody,
    /// Someone who grants everything.
    Granter,
    /// Someone who refuses everything.
    Refuser,
}

/// A run as a user orders it.
#[derive(Debug, Clone, Copy)]
pub struct Play<'a> {
    /// The scenario, as `aegis run FILE` would get it; what it includes is looked for beside the bundled ones.
    pub scenario: &'a str,
    /// Who is asked.
    pub asked: Asked,
    /// Parameters of the engine that are not at their default.
    pub genes: &'a [(&'static str, f64)],
}

/// A run that is over, as it is told.
pub struct Told {
    /// The run.
    pub recording: Recording,
    /// How it ended.
    pub ending: Ending,
    /// Whether every objective was met at its end.
    pub met: bool,
    /// What a terminal shows of it.
    pub lines: Vec<String>,
}

/// Plays a scenario with a mind of its own.
///
/// # Panics
/// It is refused, the run breaks off, or it has no end.
#[must_use]
pub fn told(play: &Play<'_>) -> Told {
    let recording = recorded(play);
    let last = recording.events.last().map(|stamped| &stamped.event);
    let Some(RunEvent::Ended { ending, met }) = last else {
        panic!("the run has no end, but {last:?}");
    };
    Told {
        ending: *ending,
        met: met.iter().all(|met| *met),
        lines: transcript(&recording.events),
        recording,
    }
}

fn recorded(play: &Play<'_>) -> Recording {
    let loaded = read("scenarios/smoke/a-turn.yaml", play.scenario);
    let started = Instant::now();
    let (mut events, mut inputs) = (Vec::new(), Vec::new());
    let genes = play.genes.iter();
    let order = Order {
        approval: match play.asked {
            Asked::Nobody => Approval::Auto,
            Asked::Granter | Asked::Refuser => Approval::Ask,
        },
        genome: genes
            .map(|(name, value)| (SmolStr::new_static(name), *value))
            .collect(),
        ..Order::of(&loaded)
    };
    let mut company = Company {
        tell: &mut |event| {
            events.push(event.clone());
            Ok(())
        },
        note: &mut |input| {
            inputs.push(input.clone());
            Ok(())
        },
        ask: &mut |_, _| Some(Ruling::plain(play.asked == Asked::Granter)),
        advise: &mut aegis_runner::run::no_model,
        stop: &|| false,
        memory: None,
    };
    let played = run(&order, &mut company).unwrap_or_else(|why| panic!("{why}"));
    Recording {
        events,
        inputs,
        decisions: played.decisions,
        world: played.world,
        context: played.context,
        wall: started.elapsed(),
    }
}

impl Told {
    /// Every kubectl command that was applied, undo included.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        Story::tell(&self.recording.events).commands()
    }

    /// What has no line of its own in the way of an incident: symptoms come and go in dozens.
    fn plot(&self) -> impl Iterator<Item = &str> {
        let noise = ["  symptom  ", "  gone  ", "more symptom", "telemetry"];
        let lines = self.lines.iter().map(String::as_str);
        lines.filter(move |line| noise.iter().all(|word| !line.contains(word)))
    }

    /// Holds that these words stand in the transcript, each in a line after the one before.
    ///
    /// # Panics
    /// They do not; the message is the transcript.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        let mut lines = self.plot();
        for word in words {
            assert!(
                lines.any(|line| line.contains(word)),
                "`{word}` is missing, or too early\n{self}"
            );
        }
        self
    }

    /// Holds that none of these words stands anywhere in the transcript.
    ///
    /// # Panics
    /// One does; the message is the transcript.
    #[track_caller]
    pub fn never_says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(
                !self.plot().any(|line| line.contains(word)),
                "`{word}`\n{self}"
            );
        }
        self
    }

    /// Holds that it ended so.
    ///
    /// # Panics
    /// It did not; the message is the transcript.
    #[track_caller]
    pub fn ends(&self, ending: Ending) -> &Self {
        assert_eq!(self.ending, ending, "{self}");
        self
    }

    /// Holds what every run must keep to, whatever turn it takes: its outcome is the one that the definitions give,
    /// nothing was applied that was not shown, and the engine says the same again from its tape alone.
    ///
    /// # Panics
    /// One of these does not hold.
    #[track_caller]
    pub fn holds(&self) -> &Self {
        assert_eq!(self.ending, self.by_definition(), "by its events\n{self}");
        assert_eq!(unshown(&self.recording.events), Vec::<String>::new());
        let again = replay(&self.recording).unwrap_or_else(|why| panic!("{why}\n{self}"));
        let (first, again) = (self.recording.bytes(), bytes(&again));
        let text = String::from_utf8_lossy;
        let (first, again) = (text(&first), text(&again));
        for (number, (a, b)) in first.lines().zip(again.lines()).enumerate() {
            assert!(a == b, "from the tape: {}", differing(number + 1, a, b));
        }
        assert_eq!(first.len(), again.len());
        self
    }

    /// The outcome as the table of words defines it, from what was told alone.
    fn by_definition(&self) -> Ending {
        let fate = Fates::of(&self.recording);
        match () {
            () if fate.last == Some(Fate::Refused) && fate.standing == 0 => Ending::Refused,
            () if fate.standing > 0 && self.met => Ending::Mended,
            () if fate.last == Some(Fate::Undone) && !self.met => Ending::Undone,
            () if !self.met => Ending::Unresolved,
            () if fate.paged => Ending::Waited,
            () => Ending::Healthy,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Applied,
    Undone,
}

/// What became of a run's plans.
#[derive(Debug, Default)]
struct Fates {
    standing: i64,
    last: Option<Fate>,
    paged: bool,
}

impl Fates {
    fn of(recording: &Recording) -> Self {
        let mut fates = Self::default();
        for stamped in &recording.events {
            fates.take(&stamped.event);
        }
        fates
    }

    fn take(&mut self, event: &RunEvent) {
        match event {
            RunEvent::SymptomSeen(symptom) => self.paged |= symptom.severity >= 1.0,
            RunEvent::ApprovalGiven { granted: false, .. } => self.last = Some(Fate::Refused),
            RunEvent::ApplyStarted { .. } => {
                (self.standing, self.last) = (self.standing + 1, Some(Fate::Applied));
            }
            // Its first step was not possible; where it had left something, an undo or its refusal follows.
            RunEvent::ApplyEnded {
                conduct: Conduct::Refused { step: 0, .. },
                ..
            } => self.standing -= 1,
            RunEvent::Undone { .. } => {
                (self.standing, self.last) = (self.standing - 1, Some(Fate::Undone));
            }
            _ => {}
        }
    }
}

impl core::fmt::Display for Told {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.plot().try_for_each(|line| writeln!(f, "{line}"))
    }
}
