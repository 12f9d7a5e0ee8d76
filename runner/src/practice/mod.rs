//! From a run that is over to what is remembered of it: one record per incident, one onset per alarm.
//!
//! Everything is read off the run's events. What was really wrong comes beside them, for practice runs; a
//! live run has none, and then only what the evidence confirmed is known.

pub mod hindsight;

use aegis_memory::{Claim, KnownBy, Lesson, Memory, MemoryError, Onset, Record};
use aegis_model::kubernetes::ObjectRef;
use aegis_model::outcome::{Ending, Finding};
use aegis_model::recall::{Blame, Deed};
use aegis_model::{
    Action, Cue, Hypothesis, Plan, Recalled, Role, RunEvent, Signature, Stamped, Target,
};
use aegis_reason::{remembered, risk};
use aegis_report::objectives::{Course, courses};
use aegis_report::{Facts, Story};
use hindsight::Decision;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Seconds after an onset within which an incident follows it.
const FOLLOWS: i64 = 600;
/// What a lesson weighs that no world has confirmed.
const LIVE: f64 = 0.3;

/// What a run leaves in a memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Practice {
    /// Its incidents.
    pub records: Vec<Record>,
    /// Its onsets.
    pub onsets: Vec<Onset>,
}

/// What is remembered of a run, given its events, what they do not say, and the worlds of its decisions, in
/// their order; without these hindsight teaches nothing.
#[must_use]
pub fn practice(events: &[Stamped], facts: &Facts, decisions: &[Decision]) -> Practice {
    let story = Story::tell(events);
    let mut reader = Reader {
        story: &story,
        facts,
        cue: Cue::default(),
        recalled: None,
        incident: None,
        plans: &[],
        decisions: decisions.iter(),
        records: Vec::new(),
    };
    for stamped in events {
        reader.read(stamped);
    }
    reader.close(story.ended.map_or(Ending::Cancelled, |(ending, _)| ending));
    Practice {
        onsets: onsets(events, &reader),
        records: reader.records,
    }
}

/// Keeps it all; how many incidents were new.
///
/// # Errors
/// What the memory reports.
pub fn keep(memory: &Memory, practice: &Practice) -> Result<usize, MemoryError> {
    let mut new = 0;
    for record in &practice.records {
        new += usize::from(memory.keep(record)? == aegis_memory::write::Kept::New);
    }
    practice
        .onsets
        .iter()
        .try_for_each(|onset| memory.keep_onset(onset))?;
    Ok(new)
}

/// An incident while it is read.
#[derive(Debug, Default)]
struct Incident {
    at: i64,
    signature: Signature,
    first: Signature,
    claims: Vec<Claim>,
    withheld: BTreeMap<Blame, f64>,
    hypotheses: Vec<Hypothesis>,
    /// Plans that were begun: id, what it answers, what was done of it.
    begun: Vec<(SmolStr, Option<Blame>, Vec<Deed>)>,
    undone: Vec<SmolStr>,
    /// What would have done better, and by how much.
    better: Vec<(Vec<Deed>, f64)>,
}

struct Reader<'a> {
    story: &'a Story<'a>,
    facts: &'a Facts,
    cue: Cue,
    recalled: Option<&'a Recalled>,
    incident: Option<Incident>,
    plans: &'a [Plan],
    decisions: std::slice::Iter<'a, Decision>,
    records: Vec<Record>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, stamped: &'a Stamped) {
        match &stamped.event {
            RunEvent::Remembered { cue, recalled } => {
                self.cue = cue.clone();
                self.recalled = Some(recalled);
                if let Some(incident) = &mut self.incident {
                    incident.signature = cue.signature.clone();
                }
            }
            RunEvent::IncidentOpened { .. } => {
                self.incident = Some(Incident {
                    at: stamped.t,
                    signature: self.cue.signature.clone(),
                    first: self.cue.signature.clone(),
                    ..Incident::default()
                });
            }
            RunEvent::Planned { plans } => self.plans = plans,
            RunEvent::IncidentClosed { ending } => self.close(*ending),
            event => self.think(event),
        }
    }

    fn think(&mut self, event: &RunEvent) {
        let placed = |target| self.place(target);
        match event {
            RunEvent::Diagnosed { hypotheses, .. } => {
                if let Some(incident) = &mut self.incident {
                    incident.hypotheses.clone_from(hypotheses);
                }
            }
            RunEvent::Withheld { hypotheses } => {
                let Some(incident) = &mut self.incident else {
                    return;
                };
                for one in hypotheses {
                    let known = incident.withheld.entry(one.cause.clone()).or_insert(0.0);
                    *known = known.max(one.would_be);
                }
            }
            RunEvent::Reflected(reflection) => {
                let (fault, target) = &reflection.hypothesis;
                let claim = Claim {
                    cause: Blame {
                        fault: fault.clone(),
                        role: placed(*target),
                    },
                    finding: reflection.finding,
                };
                if let Some(incident) = &mut self.incident {
                    incident.claims.push(claim);
                }
            }
            event => self.act(event),
        }
    }

    fn act(&mut self, event: &RunEvent) {
        match event {
            RunEvent::ApplyStarted { plan } => {
                let answers = self
                    .plans
                    .iter()
                    .find(|one| one.id == *plan)
                    .and_then(|one| one.answers.clone());
                let cause = answers.map(|(fault, target)| Blame {
                    fault,
                    role: self.place(target),
                });
                let better = self.better(plan);
                if let Some(incident) = &mut self.incident {
                    incident.begun.push((plan.clone(), cause, Vec::new()));
                    incident.better.extend(better);
                }
            }
            RunEvent::StepApplied { plan, action, .. } => {
                let deed = self.deed(action);
                let begun = self.incident.iter_mut().flat_map(|one| &mut one.begun);
                let own = begun.filter(|(id, ..)| id == plan);
                if let Some((.., deeds)) = own.last() {
                    deeds.push(deed);
                }
            }
            RunEvent::Undone { plan, .. } => {
                if let Some(incident) = &mut self.incident {
                    incident.undone.push(plan.clone());
                }
            }
            _ => {}
        }
    }

    /// What hindsight says would have done better than a plan that is being handed over.
    fn better(&mut self, plan: &SmolStr) -> Vec<(Vec<Deed>, f64)> {
        let Some(decision) = self.decisions.next().filter(|one| one.plan == *plan) else {
            return Vec::new();
        };
        let regrets = hindsight::regrets(decision, self.plans, self.story.objectives());
        let teaching = regrets.iter().filter(|regret| regret.teaches);
        let deeds = |plan: &Plan| {
            let steps = plan.steps.iter();
            steps.map(|step| self.deed(&step.action)).collect()
        };
        teaching
            .map(|regret| (deeds(&regret.plan), regret.foreseeable))
            .collect()
    }

    /// The place of an object in the call graph.
    fn place(&self, target: Target) -> Role {
        let known = self.cue.roles.iter().find(|(of, _)| *of == target);
        match (known, target) {
            (Some((_, role)), _) => *role,
            (None, Target::Node(_)) => Role::Node,
            (None, _) => Role::Other,
        }
    }

    fn deed(&self, action: &Action) -> Deed {
        let target = risk::target(action, &self.story.objects);
        Deed {
            kind: remembered::kind(action),
            role: self.place(target),
        }
    }

    /// The incident is over: what is known of it becomes a record.
    fn close(&mut self, ending: Ending) {
        let (Some(incident), Some(recalled)) = (self.incident.take(), self.recalled.take()) else {
            return;
        };
        let (cause, known_by) = self.cause(&incident);
        let stands = |plan: &SmolStr| !incident.undone.contains(plan);
        let standing = incident.begun.iter().filter(|(plan, ..)| stands(plan));
        let deeds: Vec<Deed> = standing.flat_map(|(.., deeds)| deeds.clone()).collect();
        let lessons = lessons(&incident, cause.as_ref(), known_by, ending);
        let after = self.records.last().and_then(|last| last.cause.clone());
        let parameters = self.parameters(&incident, cause.as_ref());
        self.records.push(Record {
            id: SmolStr::default(),
            source: SmolStr::default(),
            family: family(&self.facts.scenario),
            seed: self.facts.seed,
            genome: SmolStr::new(&self.facts.versions.genome),
            log: SmolStr::new(&self.facts.events_blake3),
            number: self.records.len() as u32,
            shape: shape(&self.cue),
            claims: claims(&incident),
            withheld: incident.withheld.clone().into_iter().collect(),
            lost: courses(self.story).iter().map(Course::lost).sum::<f64>() / 60.0,
            signature: incident.signature,
            first: incident.first,
            cause,
            known_by,
            ending,
            deeds,
            parameters,
            after,
            arm: recalled.arm,
            lessons,
        });
    }

    /// The cause, as the truth tells it, or else as the evidence does.
    fn cause(&self, incident: &Incident) -> (Option<Blame>, KnownBy) {
        let mut claims = incident.claims.iter();
        let confirmed = claims.find(|claim| claim.finding == Finding::Confirmed);
        let Some(truth) = &self.facts.truth else {
            return match confirmed {
                Some(claim) => (Some(claim.cause.clone()), KnownBy::Evidence),
                None => (None, KnownBy::Nothing),
            };
        };
        if self.facts.onset.is_none_or(|onset| incident.at < onset) {
            return (None, KnownBy::Nothing);
        }
        let all = truth.causes.iter().chain(&truth.also_right);
        let right: Vec<Blame> = all
            .map(|cause| self.blame(&cause.fault, &cause.object))
            .collect();
        let named = confirmed.filter(|claim| right.contains(&claim.cause));
        let leading = incident.hypotheses.first().map(|leader| Blame {
            fault: leader.fault.clone(),
            role: self.place(leader.target),
        });
        let cause = named
            .map(|claim| claim.cause.clone())
            .or_else(|| leading.filter(|leading| right.contains(leading)))
            .or_else(|| right.first().filter(|_| truth.causes.len() == 1).cloned());
        let known_by = if cause.is_some() {
            KnownBy::Truth
        } else {
            KnownBy::Nothing
        };
        (cause, known_by)
    }

    fn blame(&self, fault: &SmolStr, object: &ObjectRef) -> Blame {
        Blame {
            fault: fault.clone(),
            role: self.place(aegis_reason::resolve(&self.story.objects, object)),
        }
    }

    /// Sizes of the cause as they were estimated.
    fn parameters(&self, incident: &Incident, cause: Option<&Blame>) -> Vec<f64> {
        let own = incident.hypotheses.iter().find(|one| {
            cause.is_some_and(|cause| {
                one.fault == cause.fault && self.place(one.target) == cause.role
            })
        });
        own.map_or_else(Vec::new, |own| own.parameters.clone())
    }
}

/// What was blamed and acted upon; what nothing came of is undecided.
fn claims(incident: &Incident) -> Vec<Claim> {
    let mut claims = incident.claims.clone();
    for cause in incident
        .begun
        .iter()
        .filter_map(|(_, cause, _)| cause.as_ref())
    {
        if !claims.iter().any(|claim| claim.cause == *cause) {
            claims.push(Claim {
                cause: cause.clone(),
                finding: Finding::Undecided,
            });
        }
    }
    claims
}

/// What the incident teaches: of what stands that it mended, of what was taken back that it did not.
fn lessons(
    incident: &Incident,
    cause: Option<&Blame>,
    known_by: KnownBy,
    ending: Ending,
) -> Vec<Lesson> {
    let Some(cause) = cause else {
        return Vec::new();
    };
    let weight = if known_by == KnownBy::Truth {
        1.0
    } else {
        LIVE
    };
    let lesson = |deeds: &Vec<Deed>, mended: bool, gain: Option<f64>| Lesson {
        cause: cause.clone(),
        deeds: deeds.clone(),
        mended,
        gain,
        weight,
    };
    let begun = incident.begun.iter();
    let done = begun.filter(|(.., deeds)| !deeds.is_empty());
    let done = done.map(|(plan, _, deeds)| {
        let mended = ending == Ending::Mended && !incident.undone.contains(plan);
        lesson(deeds, mended, None)
    });
    let better = incident.better.iter();
    let better = better.filter(|(deeds, _)| !deeds.is_empty());
    done.chain(better.map(|(deeds, gain)| lesson(deeds, true, Some(*gain))))
        .collect()
}

fn family(scenario: &str) -> SmolStr {
    SmolStr::new(&blake3::hash(scenario.as_bytes()).to_hex()[..12])
}

fn shape(cue: &Cue) -> Vec<(Role, u32)> {
    let mut counts: BTreeMap<Role, u32> = BTreeMap::new();
    for (target, role) in &cue.roles {
        if matches!(target, Target::Workload(_)) {
            *counts.entry(*role).or_insert(0) += 1;
        }
    }
    counts.into_iter().collect()
}

fn pages(symptom: &aegis_model::Symptom) -> bool {
    symptom.kind == aegis_model::SymptomKind::BurnRate && symptom.severity >= 1.0
}

/// Times at which something was off that had not been, and nothing paged yet: what it looked like, and what followed
/// within ten minutes. A scrape that was missed says nothing of the cluster.
fn onsets(events: &[Stamped], reader: &Reader<'_>) -> Vec<Onset> {
    let after = After::of(events);
    let mut onsets: Vec<Onset> = Vec::new();
    let mut off: Vec<(aegis_model::SymptomKind, Target)> = Vec::new();
    let mut open = false;
    for stamped in events {
        match &stamped.event {
            RunEvent::SymptomSeen(symptom) => {
                let key = (symptom.kind, symptom.subject);
                let known = off.contains(&key);
                off.push(key);
                let alerts = open || after.paged.contains(&stamped.t);
                let is_gap = symptom.kind == aegis_model::SymptomKind::TelemetryMissing;
                if known || alerts || is_gap {
                    continue;
                }
                let part = aegis_model::SignaturePart {
                    kind: symptom.kind,
                    role: reader.place(symptom.subject),
                    rank: 1,
                };
                match onsets.last_mut().filter(|last| last.at == stamped.t) {
                    Some(last) if last.signature.0.contains(&part) => {}
                    Some(last) => last.signature.0.push(part),
                    None => onsets.push(after.onset(stamped.t, part, reader)),
                }
            }
            RunEvent::SymptomGone(symptom) => {
                off.retain(|key| *key != (symptom.kind, symptom.subject));
            }
            RunEvent::IncidentOpened { .. } => open = true,
            RunEvent::IncidentClosed { .. } => open = false,
            _ => {}
        }
    }
    for onset in &mut onsets {
        onset.signature.0.sort_unstable();
    }
    onsets
}

/// When what an onset may become came in a run, s.
struct After {
    paged: Vec<i64>,
    applied: Vec<i64>,
    opened: Vec<i64>,
}

impl After {
    fn of(events: &[Stamped]) -> Self {
        let times = |of: fn(&RunEvent) -> bool| -> Vec<i64> {
            let of = events.iter().filter(|stamped| of(&stamped.event));
            of.map(|stamped| stamped.t).collect()
        };
        Self {
            paged: times(|event| matches!(event, RunEvent::SymptomSeen(seen) if pages(seen))),
            applied: times(|event| matches!(event, RunEvent::ApplyStarted { .. })),
            opened: times(|event| matches!(event, RunEvent::IncidentOpened { .. })),
        }
    }

    fn onset(&self, at: i64, part: aegis_model::SignaturePart, reader: &Reader<'_>) -> Onset {
        let soon = |t: &&i64| (at..at + FOLLOWS).contains(*t);
        let paged = self.paged.iter().find(soon);
        let acted = self.applied.iter().find(soon);
        let opened = self.opened.iter().enumerate();
        let became = opened.filter(|(_, t)| soon(t));
        Onset {
            source: SmolStr::default(),
            log: SmolStr::new(&reader.facts.events_blake3),
            at,
            signature: Signature(vec![part]),
            followed: paged.is_some(),
            acted: acted.is_some_and(|acted| paged.is_none_or(|paged| acted < paged)),
            incidents: became.map(|(position, _)| position as u32).collect(),
        }
    }
}
