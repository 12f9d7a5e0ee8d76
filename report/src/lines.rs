//! A run as lines: one per event that is worth it, the crowd of symptoms in a few, plans by what they do.

use crate::line::line;
use crate::names::Names;
use crate::text::{Line, Span, Tone};
use aegis_model::{RunEvent, Stamped, Symptom};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Severity from which a symptom is worth a line, 0..=1.
pub const NOTABLE: f64 = 0.5;

/// Symptoms that came with one scrape and get a line each, the most severe first; of those that went
/// one does.
const SHOWN: usize = 3;

/// Turns events into lines, in order.
#[derive(Debug, Default)]
pub struct Lines {
    names: Names,
    plans: BTreeMap<SmolStr, String>,
    came: Vec<Stamped>,
    gone: Vec<Stamped>,
}

impl Lines {
    /// Names of objects as far as they are known.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The lines that an event completes.
    pub fn take(&mut self, stamped: &Stamped) -> Vec<Line> {
        match &stamped.event {
            RunEvent::SymptomSeen(symptom) | RunEvent::SymptomGone(symptom) => {
                self.keep(stamped, symptom);
                return Vec::new();
            }
            RunEvent::Observed(delta) => self.names.read(delta),
            RunEvent::Planned { plans } => {
                let plans = plans.iter().filter(|plan| !plan.is_wait());
                self.plans
                    .extend(plans.map(|plan| (plan.id.clone(), plan.summary.clone())));
            }
            RunEvent::Amended(amendment) => {
                let to = &amendment.to;
                self.plans.insert(to.id.clone(), to.summary.clone());
            }
            _ => {}
        }
        let mut lines = self.rest();
        lines.extend(line(stamped, &self.names).map(|line| self.in_words(line)));
        lines
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

    /// Lines for what is still kept back; to be asked for after the last event.
    pub fn rest(&mut self) -> Vec<Line> {
        let came = std::mem::take(&mut self.came);
        let gone = std::mem::take(&mut self.gone);
        let mut lines = self.few(came, SHOWN, "symptoms");
        lines.extend(self.few(gone, 1, "over"));
        lines
    }

    /// The most severe ones, the last with how many more there were.
    fn few(&self, mut kept: Vec<Stamped>, most: usize, what: &str) -> Vec<Line> {
        kept.sort_by(|a, b| severity(b).total_cmp(&severity(a)));
        let more = kept.len().saturating_sub(most);
        kept.truncate(most);
        let mut lines: Vec<Line> = kept
            .iter()
            .filter_map(|one| line(one, &self.names))
            .collect();
        if let (1.., Some(last)) = (more, lines.last_mut()) {
            let text = format!("; and {more} more {what}");
            *last = std::mem::take(last).add(Tone::Faint, text);
        }
        lines
    }

    /// A plan's id says nothing to people: what it does stands for it.
    fn in_words(&self, line: Line) -> Line {
        let spans = line.0.into_iter().map(|span| Span {
            text: self.plans.iter().fold(span.text, |text, (id, summary)| {
                text.replace(id.as_str(), summary)
            }),
            tone: span.tone,
        });
        Line(spans.collect())
    }
}

fn severity(stamped: &Stamped) -> f64 {
    match &stamped.event {
        RunEvent::SymptomSeen(symptom) | RunEvent::SymptomGone(symptom) => symptom.severity,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::{Ending, SymptomKind, Target, Tick, WorkloadId};

    fn stamped(event: RunEvent) -> Stamped {
        Stamped { n: 0, t: 0, event }
    }

    fn seen(workload: u32, severity: f64) -> Stamped {
        stamped(RunEvent::SymptomSeen(Symptom {
            kind: SymptomKind::Errors,
            subject: Target::Workload(WorkloadId(workload)),
            severity,
            since: Tick(0),
            evidence: "high".into(),
        }))
    }

    #[test]
    fn a_crowd_of_symptoms_takes_three_lines_the_worst_first() {
        let mut lines = Lines::default();
        for (workload, severity) in [(1, 0.5), (2, 0.9), (3, 0.6), (4, 0.2), (5, 0.7), (6, 0.6)] {
            assert_eq!(lines.take(&seen(workload, severity)), []);
        }
        let ended = stamped(RunEvent::IncidentClosed {
            ending: Ending::Mended,
        });
        let told: Vec<String> = lines.take(&ended).iter().map(Line::to_string).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(
            told[0].contains("#2") && told[0].contains("0.9"),
            "{told:?}"
        );
        assert!(told[2].ends_with("; and 2 more symptoms"), "{told:?}");
        assert!(told[3].contains("mended") && lines.rest().is_empty());
    }
}
