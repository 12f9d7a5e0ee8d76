//! What is worth a line while a run goes on: one per event, the crowd of symptoms in a few.

use aegis_model::{RunEvent, Stamped, Symptom};
use aegis_report::{Line, Names, Tone, line};

/// Severity from which a symptom is worth a line.
const NOTABLE: f64 = 0.5;

/// Symptoms of one scrape that get a line each, the most severe first.
const SHOWN: usize = 3;

/// Turns events into lines.
#[derive(Debug, Default)]
pub struct Lines {
    names: Names,
    came: Vec<Stamped>,
    gone: Vec<Stamped>,
}

impl Lines {
    /// Names of objects as far as they are known.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The lines that an event completes.
    pub fn take(&mut self, stamped: &Stamped) -> Vec<Line> {
        if let RunEvent::Observed(delta) = &stamped.event {
            self.names.read(delta);
        }
        match &stamped.event {
            RunEvent::SymptomSeen(symptom) => self.keep(stamped, symptom),
            RunEvent::SymptomGone(symptom) => self.keep(stamped, symptom),
            _ => {
                let mut lines = self.rest();
                lines.extend(line(stamped, &self.names));
                return lines;
            }
        }
        Vec::new()
    }

    fn keep(&mut self, stamped: &Stamped, symptom: &Symptom) {
        if symptom.severity < NOTABLE {
            return;
        }
        match stamped.event {
            RunEvent::SymptomGone(_) => self.gone.push(stamped.clone()),
            _ => self.came.push(stamped.clone()),
        }
    }

    /// Lines for what is still kept back.
    pub fn rest(&mut self) -> Vec<Line> {
        let (came, gone) = (
            std::mem::take(&mut self.came),
            std::mem::take(&mut self.gone),
        );
        let mut lines = self.few(came, "symptoms");
        lines.extend(self.few(gone, "symptoms over"));
        lines
    }

    /// The most severe ones, and how many more there were.
    fn few(&self, mut kept: Vec<Stamped>, what: &str) -> Vec<Line> {
        kept.sort_by(|a, b| severity(b).total_cmp(&severity(a)));
        let shown = kept.iter().take(SHOWN);
        let mut lines: Vec<Line> = shown.filter_map(|one| line(one, &self.names)).collect();
        if kept.len() > SHOWN {
            let more = format!("{:24}and {} more {what}", "", kept.len() - SHOWN);
            lines.push(Line::of(Tone::Faint, more));
        }
        lines
    }
}

fn severity(stamped: &Stamped) -> f64 {
    match &stamped.event {
        RunEvent::SymptomSeen(symptom) | RunEvent::SymptomGone(symptom) => symptom.severity,
        _ => 0.0,
    }
}
