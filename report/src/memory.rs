//! What was remembered in a run, why, and what the memory held back.

use crate::format::{clock, fixed};
use crate::story::Story;
use crate::text::{Align, Text, Tone, cell};
use crate::words;
use aegis_model::recall::{Arm, Blame, Deed, Stage, Standing};
use aegis_model::{Recalled, RunEvent};
use std::collections::BTreeMap;

/// Beliefs that are told, at most: those that say most.
const BELIEFS: usize = 5;

/// Something that came to mind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What kind of thing: `incident`, `rule`, `belief`, `forbidden`, `worst`, `precursor`, `document`, `lost`.
    pub kind: &'static str,
    /// What.
    pub what: String,
    /// Why it came to mind.
    pub why: String,
}

/// What came to mind at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recollection {
    /// When, s since the run's start.
    pub t: i64,
    /// On what occasion.
    pub occasion: &'static str,
    /// Things, in the order in which they matter.
    pub items: Vec<Item>,
}

/// What the memory held back.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldBack {
    /// The cause and the object.
    pub what: String,
    /// When it would have been surest, s since the run's start.
    pub t: i64,
    /// Its confidence then, had it not been held back, 0..=0.99.
    pub would_be: f64,
    /// Whether it was forbidden or on parole.
    pub standing: Standing,
}

/// All that came to mind in a run, in order.
#[must_use]
pub fn recollections(story: &Story<'_>) -> Vec<Recollection> {
    let of = |stamped: &aegis_model::Stamped| match &stamped.event {
        RunEvent::Remembered { cue, recalled } => Some(Recollection {
            t: stamped.t,
            occasion: match cue.stage {
                Stage::Onset => "something was off",
                Stage::Opening => "an incident opened",
                Stage::Settled => "it had shown what of it lasts",
            },
            items: items(recalled),
        }),
        _ => None,
    };
    story.events.iter().filter_map(of).collect()
}

/// What was held back in a run, each once, as it would have been at its surest.
#[must_use]
pub fn held_back(story: &Story<'_>) -> Vec<HeldBack> {
    let mut surest: BTreeMap<String, HeldBack> = BTreeMap::new();
    for stamped in story.events {
        let RunEvent::Withheld { hypotheses } = &stamped.event else {
            continue;
        };
        for one in hypotheses {
            let name = story.names.short(one.target);
            let what = format!("{} · {name}", words::fault(&one.cause.fault));
            let found = HeldBack {
                what: what.clone(),
                t: stamped.t,
                would_be: one.would_be,
                standing: one.standing,
            };
            let known = surest.entry(what).or_insert_with(|| found.clone());
            if found.would_be > known.would_be {
                *known = found;
            }
        }
    }
    surest.into_values().collect()
}

fn items(recalled: &Recalled) -> Vec<Item> {
    let item = |kind, what: String, why: &str| Item {
        kind,
        what,
        why: why.to_owned(),
    };
    let mut items: Vec<Item> = Vec::new();
    items.extend(
        recalled
            .failed
            .iter()
            .map(|why| item("lost", "not all could be asked".into(), why)),
    );
    let bans = recalled.forbidden.iter();
    items.extend(bans.map(|ban| item("forbidden", placed(&ban.cause), &ban.why)));
    let rules = recalled.rules.iter();
    items.extend(rules.map(|rule| {
        let what = format!("{}: {}", placed(&rule.cause), done(&rule.deeds));
        item("rule", what, &rule.why)
    }));
    if recalled.arm == Arm::HeldOut {
        let why = "one incident in ten goes without, so that their worth can be measured";
        items.push(item("rule", "rules are left out".into(), why));
    }
    items.extend(recalled.episodes.iter().map(|one| {
        let cause = one
            .cause
            .as_ref()
            .map_or_else(|| "cause unknown".into(), placed);
        let what = format!(
            "{cause}; {}; {}",
            done(&one.deeds),
            words::ending(one.ending)
        );
        item("incident", what, &one.why)
    }));
    let mut beliefs: Vec<_> = recalled.beliefs.iter().collect();
    beliefs.sort_by(|a, b| (b.confirmed + b.refuted).total_cmp(&(a.confirmed + a.refuted)));
    let beliefs = beliefs.into_iter().take(BELIEFS);
    items.extend(beliefs.map(|one| item("belief", placed(&one.cause), &one.why)));
    items.extend(
        recalled
            .worst
            .iter()
            .map(|one| item("worst", placed(&one.cause), &one.why)),
    );
    let precursor = recalled.precursor.iter();
    items.extend(precursor.map(|one| {
        let bound = fixed(one.bound * 100.0, 0);
        item(
            "precursor",
            format!("at least {bound} % become incidents"),
            &one.why,
        )
    }));
    let passages = recalled.passages.iter();
    items.extend(passages.map(|one| {
        item(
            "document",
            format!("{} #{}", one.origin, one.number),
            &one.why,
        )
    }));
    items
}

fn placed(cause: &Blame) -> String {
    format!("{} of a {:?}", words::fault(&cause.fault), cause.role).to_lowercase()
}

fn done(deeds: &[Deed]) -> String {
    if deeds.is_empty() {
        return "nothing was done".into();
    }
    let one =
        |deed: &Deed| format!("{} {:?}", deed.kind.replace('_', " "), deed.role).to_lowercase();
    deeds.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What is said of a cause that was held back.
#[must_use]
pub fn standing(one: &HeldBack) -> String {
    let would_be = fixed(one.would_be, 2);
    match one.standing {
        Standing::Forbidden => format!("forbidden; would be {would_be} at {}", clock(one.t)),
        Standing::Paroled => format!("on parole, at {would_be} at {}", clock(one.t)),
    }
}

/// The memory's part of an explanation; nothing where the run had none.
pub(crate) fn explain(text: &mut Text, story: &Story<'_>) {
    for recollection in recollections(story) {
        text.title(&format!(
            "What was remembered at {}: {}",
            clock(recollection.t),
            recollection.occasion
        ));
        if recollection.items.is_empty() {
            text.say("  nothing came to mind");
            continue;
        }
        let heads = ["", "what", "why"].map(|head| (Tone::Faint, head.into()));
        let mut rows = vec![heads.to_vec()];
        let items = recollection.items.into_iter();
        rows.extend(items.map(|item| vec![cell(item.kind), cell(item.what), cell(item.why)]));
        text.table(&[Align::Left, Align::Left, Align::Left], &rows);
    }
    let held = held_back(story);
    if held.is_empty() {
        return;
    }
    text.title("What was held back");
    for one in &held {
        text.say(format!("  {}: {}", one.what, standing(one)));
    }
}
