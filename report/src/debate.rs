//! The debate of a round, as a story tells it: what was said of plans, what was amended, what critics preferred.
//!
//! An objection that rests on nothing is told as such; it had no weight.

use crate::format::{clock, fixed};
use crate::names::Names;
use crate::round::Round;
use crate::text::{Line, Text, Tone};
use crate::words;
use aegis_model::debate::{Closing, Critic};
use aegis_model::{
    Amendment, Attack, Debated, Evidence, Hearing, HearingResult, Objection, Plan, RunEvent, Tick,
};

/// Objections shown at the end of a run; `explain` shows all.
const FEW: usize = 6;

/// What was said, in order.
#[derive(Debug, Default)]
pub struct Debate<'a> {
    /// Objections, as they were raised.
    pub objections: Vec<&'a Objection>,
    /// Amendments, as they were drafted.
    pub amendments: Vec<&'a Amendment>,
    /// What became of them.
    pub hearings: Vec<&'a Hearing>,
    /// What the adversary found.
    pub attacks: Vec<&'a Attack>,
    /// The end, and votes.
    pub debated: Option<&'a Debated>,
}

impl<'a> Debate<'a> {
    /// Whether such an event is part of a debate.
    pub(crate) fn belongs(event: &RunEvent) -> bool {
        matches!(
            event,
            RunEvent::Objected(_)
                | RunEvent::Amended(_)
                | RunEvent::Heard(_)
                | RunEvent::Attacked(_)
                | RunEvent::Debated(_)
        )
    }

    pub(crate) fn read(&mut self, event: &'a RunEvent) {
        match event {
            RunEvent::Objected(objection) => self.objections.push(objection),
            RunEvent::Amended(amendment) => self.amendments.push(amendment),
            RunEvent::Heard(hearing) => self.hearings.push(hearing),
            RunEvent::Attacked(attack) => self.attacks.push(attack),
            RunEvent::Debated(debated) => self.debated = Some(debated),
            _ => {}
        }
    }

    /// Whether anything was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objections.is_empty() && self.attacks.is_empty() && self.debated.is_none()
    }

    /// The amended plan of that id.
    pub(crate) fn plan(&self, id: &str) -> Option<&'a Plan> {
        let mut amendments = self.amendments.iter();
        let found = amendments.find(|amendment| amendment.to.id == id)?;
        Some(&found.to)
    }

    fn hearing(&self, plan: &str) -> Option<&'a Hearing> {
        self.hearings
            .iter()
            .find(|hearing| hearing.plan == plan)
            .copied()
    }
}

/// A critic, as a person would call them.
#[must_use]
pub const fn critic(critic: Critic) -> &'static str {
    match critic {
        Critic::Safety => "safety",
        Critic::Capacity => "capacity",
        Critic::Cost => "cost",
        Critic::Diagnosis => "diagnosis",
        Critic::Adversary => "adversary",
    }
}

/// What an objection rests on, in words.
#[must_use]
pub fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Simulated {
            trials,
            plan,
            other,
            text,
        } => format!(
            "{text}: {} and {} over {trials} trials",
            fixed(*plan, 2),
            fixed(*other, 2)
        ),
        Evidence::Observed { text } => text.clone(),
        Evidence::Word => "rests on nothing, so it has no weight".into(),
    }
}

/// What the adversary found, in words; `origin` is the run's zero.
#[must_use]
pub fn attack(attack: &Attack, names: &Names, origin: Tick) -> String {
    let [own, control] = attack.stability;
    format!(
        "{} on {} at {} leaves it stability {} ({} by waiting), the worst of {} tried",
        words::fault(&attack.fault),
        names.short(attack.target),
        clock(attack.from.since(origin)),
        fixed(own, 2),
        fixed(control, 2),
        attack.tried
    )
}

/// Why a debate was over, in words.
#[must_use]
pub const fn closing(closing: Closing) -> &'static str {
    match closing {
        Closing::NothingNew => "nobody had anything new to say",
        Closing::Rounds => "all rounds were held",
        Closing::Budget => "its budget of trials was used up",
    }
}

/// One thing that was said, in the order of the debate: who, of which plan, what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Round, from 1.
    pub round: u32,
    /// Who.
    pub who: &'static str,
    /// What, with the plan in words.
    pub what: String,
    /// What it rests on, or what came of it.
    pub why: String,
}

/// All that was said in a round's debate, in order.
#[must_use]
pub fn said(round: &Round<'_>, names: &Names, origin: Tick) -> Vec<Said> {
    let debate = &round.debate;
    let name = |id: &str| {
        let plan = round.plan(id);
        plan.map_or_else(|| id.to_owned(), |plan| plan.summary.clone())
    };
    let attacks = debate.attacks.iter().map(|one| Said {
        round: one.round,
        who: critic(Critic::Adversary),
        what: format!("against “{}”", name(&one.plan)),
        why: attack(one, names, origin),
    });
    let objections = debate.objections.iter().map(|one| Said {
        round: one.round,
        who: critic(one.critic),
        what: format!("of “{}”: {}", name(&one.plan), one.text),
        why: format!(
            "{}; weight {}",
            evidence(&one.evidence),
            fixed(one.weight(), 2)
        ),
    });
    let amendments = debate.amendments.iter().map(|one| Said {
        round: one.round,
        who: "planners",
        what: format!("answer {} with “{}”", critic(one.answers), one.to.summary),
        why: debate
            .hearing(&one.to.id)
            .map_or_else(|| "not heard".into(), heard),
    });
    let mut all: Vec<Said> = attacks.chain(objections).chain(amendments).collect();
    all.sort_by_key(|one| one.round);
    all
}

/// What became of an amended plan, in words.
#[must_use]
pub fn heard(hearing: &Hearing) -> String {
    let word = match hearing.result {
        HearingResult::Passed => "passed",
        HearingResult::Withdrawn => "withdrawn",
    };
    format!("{word}: {}", hearing.why)
}

/// Votes, in words.
#[must_use]
pub fn votes(round: &Round<'_>) -> Vec<String> {
    let debated = round.debate.debated.iter();
    let votes = debated.flat_map(|debated| &debated.votes);
    votes
        .map(|vote| {
            let plan = round.plan(&vote.plan);
            let plan = plan.map_or(vote.plan.as_str(), |plan| plan.summary.as_str());
            format!("{} votes for “{plan}” ({})", critic(vote.critic), vote.why)
        })
        .collect()
}

/// How a debate ended, in words.
#[must_use]
pub fn ended(debated: &Debated) -> String {
    format!(
        "{} of debate in {} trials; {}",
        crate::format::count(debated.rounds as usize, "round", "rounds"),
        debated.trials,
        closing(debated.closing)
    )
}

/// The debate for a terminal: the heaviest of what was said, the rest counted.
pub(crate) fn briefly(text: &mut Text, round: &Round<'_>, names: &Names, origin: Tick) {
    write(text, round, said(round, names, origin), FEW);
}

/// The whole debate.
pub(crate) fn whole(text: &mut Text, round: &Round<'_>, names: &Names, origin: Tick) {
    write(text, round, said(round, names, origin), usize::MAX);
}

fn write(text: &mut Text, round: &Round<'_>, said: Vec<Said>, most: usize) {
    if round.debate.is_empty() {
        return;
    }
    text.say("  Debate");
    let more = said.len().saturating_sub(most);
    for one in said.into_iter().take(most) {
        let head = format!("  {}  {:<10}", one.round, one.who);
        text.push(Line::of(Tone::Faint, head).plain(one.what));
        text.push(Line::of(
            Tone::Faint,
            format!("                {}", one.why),
        ));
    }
    if more > 0 {
        text.push(Line::of(
            Tone::Faint,
            format!("  and {more} more, which `aegis explain` shows"),
        ));
    }
    for vote in votes(round) {
        text.push(Line::of(Tone::Faint, format!("  {vote}")));
    }
    if let Some(debated) = round.debate.debated {
        text.push(Line::of(Tone::Faint, format!("  {}", ended(debated))));
    }
}
