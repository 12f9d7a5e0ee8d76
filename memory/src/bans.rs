//! Echo rejection across incidents: what was refuted may not be blamed in the next ones that look alike.
//!
//! A strike forbids a fault at a place for 5 incidents of its class, further strikes for 10 and 20. While it
//! is forbidden it is still rolled; what would have led twice (≥ 0.6) goes on parole, within the second such incident
//! already: it may be blamed once more. Confirmation, by evidence or by truth, lifts the ban; so does a person.

use crate::alike;
use crate::record::Record;
use aegis_model::outcome::Finding;
use aegis_model::recall::{Blame, Forbidden, LED, Stage, Standing, TWICE};
use aegis_model::{Cue, Signature};
use serde::{Deserialize, Serialize};

/// Incidents that the first, second, and every further strike forbids for.
const TERMS: [u32; 3] = [5, 10, 20];
/// What cannot be forbidden.
const FREE: [&str; 2] = ["unknown", "no_fault"];

/// A ban.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ban {
    /// What the incident is known by in which it was refuted: its class.
    pub signature: Signature,
    /// What it looked like when it opened.
    #[serde(default)]
    pub first: Signature,
    /// The fault and the place.
    pub cause: Blame,
    /// Times it was refuted.
    pub strikes: u32,
    /// Incidents of its class for which it still holds; 0 once it is served.
    pub left: u32,
    /// Times that it would have led since.
    pub would_have_led: u32,
    /// Whether it holds.
    pub standing: Standing,
}

/// What an incident does to a ban.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It stands, perhaps changed.
    Stands,
    /// It is lifted and forgotten.
    Lifted,
}

/// Whether a fault can be forbidden at all.
#[must_use]
pub fn can_be(cause: &Blame) -> bool {
    !FREE.contains(&cause.fault.as_str())
}

impl Ban {
    /// The first strike.
    #[must_use]
    pub fn new(record: &Record, cause: Blame) -> Self {
        Self {
            signature: record.signature.clone(),
            first: record.first.clone(),
            cause,
            strikes: 1,
            left: TERMS[0],
            would_have_led: 0,
            standing: Standing::Forbidden,
        }
    }

    /// Whether an incident that is over is of its class, or held its cause back: what it was forbidden in counts.
    #[must_use]
    pub fn covers(&self, record: &Record) -> bool {
        let mut withheld = record.withheld.iter();
        withheld.any(|(cause, _)| *cause == self.cause)
            || alike::signatures(&self.signature, &record.signature) >= alike::SAME
    }

    /// Whether an incident is of its class. One that has just opened has not shown all of itself: what began
    /// alike, or may yet become alike, is taken for one of the class until it has.
    #[must_use]
    pub fn holds_for(&self, cue: &Cue) -> bool {
        let seen = &cue.signature;
        match cue.stage {
            Stage::Settled => alike::signatures(&self.signature, seen) >= alike::SAME,
            Stage::Onset | Stage::Opening => {
                let first = if self.first.0.is_empty() {
                    &self.signature
                } else {
                    &self.first
                };
                alike::signatures(first, seen) >= alike::SAME
                    || alike::contained(seen, &self.signature) >= alike::MAY_BECOME
            }
        }
    }

    /// Takes a further incident of its class in.
    pub fn take(&mut self, record: &Record) -> Next {
        if record.cause.as_ref() == Some(&self.cause) {
            return Next::Lifted;
        }
        let claim = record.claims.iter().find(|claim| claim.cause == self.cause);
        if claim.is_some_and(|claim| claim.finding == Finding::Refuted) {
            self.strike();
            return Next::Stands;
        }
        if claim.is_some() {
            // The one use that parole gives is used up.
            self.standing = Standing::Forbidden;
            self.would_have_led = 0;
        }
        self.left = self.left.saturating_sub(1);
        let mut withheld = record.withheld.iter();
        let led = withheld.any(|(cause, would_be)| *cause == self.cause && *would_be >= LED);
        if led && self.standing == Standing::Forbidden {
            self.would_have_led += 1;
            if self.would_have_led >= TWICE {
                self.standing = Standing::Paroled;
            }
        }
        Next::Stands
    }

    fn strike(&mut self) {
        self.strikes += 1;
        let term = (self.strikes as usize).clamp(1, TERMS.len()) - 1;
        (self.left, self.would_have_led) = (TERMS[term], 0);
        self.standing = Standing::Forbidden;
    }

    /// As the engine gets it; `None` once it is served.
    #[must_use]
    pub fn forbidden(&self) -> Option<Forbidden> {
        let Self { strikes, left, .. } = self;
        let times = match strikes {
            1 => "once".to_owned(),
            many => format!("{many} times"),
        };
        let why = match self.standing {
            Standing::Forbidden => format!(
                "{} was refuted {times} in incidents like this, and is forbidden for {left} more",
                self.cause.fault
            ),
            Standing::Paroled => format!(
                "{} was refuted {times} in incidents like this and would have led twice since: on parole",
                self.cause.fault
            ),
        };
        (self.left > 0).then(|| Forbidden {
            cause: self.cause.clone(),
            left: *left,
            strikes: *strikes,
            would_have_led: self.would_have_led,
            standing: self.standing,
            why,
        })
    }
}
