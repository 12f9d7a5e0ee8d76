//! The numbers and events that decided, and why something else did not.

use crate::debate;
use crate::format::{clock, fixed, length};
use crate::memory;
use crate::round::Round;
use crate::story::Story;
use crate::text::{Align, Cell, Line, Text, Tone, cell};
use crate::words;
use aegis_model::{Hypothesis, Plan, PlanScore};
use thiserror::Error;

/// Difference in log evidence beyond which a rival is out, nats.
const DECISIVE: f64 = 5.0;

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExplainError {
    /// No plan and no hypothesis of the run is called that.
    #[error("no plan or hypothesis `{asked}` in this run; there were: {known}")]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What there is, comma-separated.
        known: String,
    },
}

/// The numbers and events that decided, round by round.
#[must_use]
pub fn explain(story: &Story<'_>) -> Text {
    let mut text = Text::default();
    twin(&mut text, story);
    if story.rounds.is_empty() {
        text.say("No diagnosis was asked for: nothing paged.");
    }
    for (number, round) in story.rounds.iter().enumerate() {
        text.title(&format!("Decision {} at {}", number + 1, clock(round.t)));
        evidence(&mut text, round, story);
        scores(&mut text, round);
        debate::whole(&mut text, round, &story.names, story.origin);
        choice(&mut text, round);
        watched(&mut text, round);
        reflected(&mut text, round);
    }
    memory::explain(&mut text, story);
    text
}

fn twin(text: &mut Text, story: &Story<'_>) {
    let Some((healthy, error, notes)) = story.calibration else {
        return;
    };
    text.title("The twin");
    let basis = match healthy {
        0 => "priors alone: there was no healthy past".into(),
        seconds => format!("{} of healthy past", length(i64::from(seconds))),
    };
    text.say(format!(
        "  calibrated on {basis}; off by {} % there",
        fixed(error * 100.0, 1)
    ));
    notes.iter().for_each(|note| text.say(format!("  {note}")));
}

fn evidence(text: &mut Text, round: &Round<'_>, story: &Story<'_>) {
    if round.hypotheses.is_empty() {
        return text.say("  no hypothesis was rolled");
    }
    let heads = ["", "prior", "log Z", "confidence", "class", "onset"];
    let mut rows = vec![heads.map(|head| (Tone::Faint, head.into())).to_vec()];
    rows.extend(
        round
            .hypotheses
            .iter()
            .map(|one| hypothesis_row(one, story)),
    );
    let align = [
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
    ];
    text.table(&align, &rows);
    text.push(Line::of(
        Tone::Faint,
        format!(
            "  {} candidates screened out, {} service-ticks of work in all",
            round.screened, round.service_ticks
        ),
    ));
}

fn hypothesis_row(one: &Hypothesis, story: &Story<'_>) -> Vec<Cell> {
    let confidence = if one.refuted {
        "refuted".into()
    } else {
        fixed(one.confidence, 2)
    };
    vec![
        cell(words::hypothesis(one, &story.names)),
        cell(fixed(one.prior, 3)),
        cell(one.evidence.map_or_else(|| "–".into(), |z| fixed(z, 1))),
        cell(confidence),
        cell(one.class.to_string()),
        cell(if one.onset == aegis_model::Tick(0) {
            "–".into()
        } else {
            clock(one.onset.since(story.origin))
        }),
    ]
}

fn scores(text: &mut Text, round: &Round<'_>) {
    if round.table().is_empty() {
        return;
    }
    let heads = [
        "plan",
        "stability",
        "resilience",
        "cost",
        "risk",
        "score",
        "lasts",
        "mean loss",
    ];
    let mut rows = vec![heads.map(|head| (Tone::Faint, head.into())).to_vec()];
    rows.extend(round.table().iter().map(score_row));
    let mut align = vec![Align::Left];
    align.extend([Align::Right; 7]);
    text.table(&align, &rows);
}

fn score_row(score: &PlanScore) -> Vec<Cell> {
    let figures = [
        score.stability,
        score.resilience,
        score.cost,
        score.risk,
        score.score,
    ];
    let mut row = vec![cell(score.plan.as_str())];
    row.extend(figures.iter().map(|figure| cell(fixed(*figure, 3))));
    row.push(cell(if score.durable { "yes" } else { "no" }));
    row.push(cell(
        mean(&score.losses).map_or_else(|| "–".into(), |mean| fixed(mean, 3)),
    ));
    row
}

fn mean(values: &[f64]) -> Option<f64> {
    let number = values.len() as f64;
    (number > 0.0).then(|| values.iter().sum::<f64>() / number)
}

fn choice(text: &mut Text, round: &Round<'_>) {
    let Some((t, verdict)) = round.verdict else {
        return text.say("  nothing was decided");
    };
    let choice = verdict.choice.as_deref().unwrap_or("wait");
    let line = Line::of(Tone::Plain, format!("  {} ", clock(t))).add(Tone::Strong, choice);
    text.push(line.plain(format!(": {}", verdict.why)));
}

fn watched(text: &mut Text, round: &Round<'_>) {
    if round.watched.is_empty() {
        return;
    }
    let outside = round
        .watched
        .iter()
        .filter(|bin| bin.loss > bin.bound)
        .count();
    let above = round
        .watched
        .iter()
        .filter(|bin| bin.loss > bin.control)
        .count();
    text.say(format!(
        "  watched {} bins: {outside} above the 95 % bound, {above} above the control's median",
        round.watched.len()
    ));
    if let Some((t, why, _)) = round.undone {
        text.push(Line::of(
            Tone::Bad,
            format!("  {} taken back: {why}", clock(t)),
        ));
    }
    if let Some((t, why)) = round.declined {
        text.push(Line::of(Tone::Warn, format!("  {} kept: {why}", clock(t))));
    }
}

fn reflected(text: &mut Text, round: &Round<'_>) {
    if let Some((t, reflection)) = round.reflection {
        let finding = words::finding(reflection.finding);
        text.say(format!("  {} {finding}: {}", clock(t), reflection.why));
    }
}

/// Why a plan (id or the start of one) or a hypothesis (fault id, or fault and object) was not taken.
///
/// # Errors
/// [`ExplainError::Unknown`] where the run had nothing of that name; it lists what there was.
pub fn why_not(story: &Story<'_>, asked: &str) -> Result<Text, ExplainError> {
    let mut text = Text::default();
    for round in story.rounds.iter().rev() {
        for plan in round.all_plans().filter(|plan| is_plan(plan, asked)) {
            why_not_plan(&mut text, plan, round);
        }
        for one in round
            .hypotheses
            .iter()
            .filter(|one| is_hypothesis(one, asked, story))
        {
            why_not_hypothesis(&mut text, one, round, story);
        }
        if !text.0.is_empty() {
            return Ok(text);
        }
    }
    Err(ExplainError::Unknown {
        asked: asked.into(),
        known: known(story),
    })
}

fn is_plan(plan: &Plan, asked: &str) -> bool {
    !asked.is_empty() && plan.id.starts_with(asked)
}

/// `memory_leak`, or `memory_leak cartservice`, or `memory_leak Deployment/default/cartservice`.
fn is_hypothesis(one: &Hypothesis, asked: &str, story: &Story<'_>) -> bool {
    let mut words = asked.split_whitespace();
    let target = story.names.target(one.target);
    words.next().is_some_and(|fault| one.fault == fault)
        && words.all(|word| target.name == word || target.to_string() == word)
}

fn known(story: &Story<'_>) -> String {
    let plans = story.rounds.iter().flat_map(|round| round.plans);
    let plans = plans.map(|plan| plan.id.to_string());
    let hypotheses = story.rounds.iter().flat_map(|round| round.hypotheses);
    let hypotheses =
        hypotheses.map(|one| format!("{} {}", one.fault, story.names.short(one.target)));
    let mut known: Vec<String> = Vec::new();
    for name in plans.chain(hypotheses) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    if known.is_empty() {
        "none".into()
    } else {
        known.join(", ")
    }
}

fn why_not_plan(text: &mut Text, plan: &Plan, round: &Round<'_>) {
    text.title(&format!("{}: {}", plan.id, plan.summary));
    let table = round.table();
    let find = |id: &str| table.iter().find(|score| score.plan == id);
    if round.choice() == Some(&plan.id) {
        return text.say("  It was chosen.");
    }
    let Some(own) = find(&plan.id) else {
        return text
            .say("  It was drafted and never shadowed: the run was cut, or a budget was used up.");
    };
    if let Some(why) = &own.rejected {
        text.say(format!("  {why}"));
    }
    if let Some(by) = &own.dominated_by {
        text.say(format!(
            "  {by} is at least as good in every aim and better in one"
        ));
    }
    if !own.durable {
        text.say("  it does not last: in the twin a second trigger undoes it");
    }
    let chosen = round.choice().map_or("wait", |id| id.as_str());
    if let Some(chosen) = find(chosen) {
        compare(text, own, chosen);
    }
    if let Some((_, verdict)) = round.verdict {
        text.say(format!("  the verdict: {}", verdict.why));
    }
}

/// Both plans' figures, and how often draw by draw the chosen one lost less.
fn compare(text: &mut Text, own: &PlanScore, chosen: &PlanScore) {
    let figures = |score: &PlanScore| {
        [
            score.stability,
            score.resilience,
            score.cost,
            score.risk,
            score.score,
        ]
        .map(|figure| cell(fixed(figure, 3)))
    };
    let heads = ["", "stability", "resilience", "cost", "risk", "score"];
    let mut rows = vec![heads.map(|head| (Tone::Faint, head.to_owned())).to_vec()];
    for (score, word) in [(own, "this one"), (chosen, "chosen")] {
        let mut row = vec![cell(word)];
        row.extend(figures(score));
        rows.push(row);
    }
    let mut align = vec![Align::Left];
    align.extend([Align::Right; 5]);
    text.table(&align, &rows);
    let pairs = own.losses.iter().zip(&chosen.losses);
    let better = pairs.clone().filter(|(own, chosen)| chosen < own).count();
    let number = pairs.count();
    if number > 0 {
        text.say(format!(
            "  the chosen one lost less in {better} of {number} equal draws"
        ));
    }
}

fn why_not_hypothesis(text: &mut Text, one: &Hypothesis, round: &Round<'_>, story: &Story<'_>) {
    text.title(&words::hypothesis(one, &story.names));
    let Some(top) = round.hypotheses.first() else {
        return;
    };
    if std::ptr::eq(top, one) {
        return text.say(format!(
            "  It leads, with confidence {}.",
            fixed(one.confidence, 2)
        ));
    }
    if one.refuted {
        text.say("  it was refuted in this incident, and stays out until the incident closes");
    }
    if one.class == top.class {
        text.say("  the window cannot tell it from the leader: they count as one");
    }
    if let (Some(own), Some(leader)) = (one.evidence, top.evidence) {
        let behind = leader - own;
        let word = if behind >= DECISIVE {
            "far behind"
        } else {
            "close to"
        };
        text.say(format!(
            "  its log evidence is {} nats below the leader's: {word} it",
            fixed(behind, 1)
        ));
    }
    text.say(format!(
        "  prior {}, confidence {}; the leader's {} and {}",
        fixed(one.prior, 3),
        fixed(one.confidence, 2),
        fixed(top.prior, 3),
        fixed(top.confidence, 2)
    ));
    one.against
        .iter()
        .for_each(|point| text.say(format!("  against it: {point}")));
    one.supporting
        .iter()
        .for_each(|point| text.say(format!("  for it: {point}")));
}
