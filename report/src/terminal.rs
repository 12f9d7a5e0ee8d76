//! The end of a run on a terminal: what a tired engineer can act on.
//!
//! What broke, why we think so and what else was considered, the plans with their
//! futures, what was done, what it cost, whether objectives held. In this order.

use crate::advice;
use crate::debate;
use crate::facts::Facts;
use crate::format::{self, clock, count, fixed, percent};
use crate::objectives::{self, Course, Standing};
use crate::round::{Answer, Round};
use crate::story::Story;
use crate::summary::Summary;
use crate::text::{Align, Cell, Line, Text, Tone, cell};
use crate::words;
use aegis_model::outcome::FUTURES;
use aegis_model::{Hypothesis, PlanScore};

/// Hypotheses shown besides the leading one.
const RIVALS: usize = 4;

/// The end of a run, to be read.
#[must_use]
pub fn terminal(story: &Story<'_>, summary: &Summary, facts: &Facts) -> Text {
    let mut text = Text::default();
    head(&mut text, summary);
    what_broke(&mut text, story, facts);
    decisions(&mut text, story);
    advice::section(&mut text, story, summary.model.as_deref());
    done(&mut text, story);
    objectives_held(&mut text, story, summary);
    truth(&mut text, summary);
    text
}

fn head(text: &mut Text, summary: &Summary) {
    let tone = words::ending_tone(summary.outcome);
    let word = words::ending(summary.outcome).to_uppercase();
    let line = Line::of(tone, word)
        .add(Tone::Strong, format!("  {}", summary.scenario))
        .add(Tone::Faint, format!("  seed {}", summary.seed));
    text.push(line);
    text.say(words::ending_meaning(summary.outcome));
}

fn what_broke(text: &mut Text, story: &Story<'_>, facts: &Facts) {
    text.title("What broke");
    let Some((t, hypotheses)) = story.conclusion() else {
        return text.say("  Nothing was diagnosed.");
    };
    let Some((top, others)) = hypotheses.split_first() else {
        return text.say("  No hypothesis was left to name.");
    };
    leader(text, top, story, facts);
    text.push(Line::of(
        Tone::Faint,
        format!(
            "  since {}, diagnosed at {}",
            clock(top.onset.since(story.origin)),
            clock(t)
        ),
    ));
    rivals(text, others, story);
}

fn leader(text: &mut Text, top: &Hypothesis, story: &Story<'_>, facts: &Facts) {
    let name = words::hypothesis(top, &story.names);
    let confidence = format!("  confidence {}", fixed(top.confidence, 2));
    text.push(
        Line::of(Tone::Plain, "  ")
            .add(Tone::Strong, name)
            .plain(confidence),
    );
    if let Some(meaning) = facts.meaning(&top.fault) {
        text.say(format!("  {meaning}"));
    }
    if let Some(entry) = top.change.and_then(|n| story.record.get(n as usize)) {
        let at = clock(entry.at.since(story.origin));
        text.say(format!("  after: {} at {at}", words::change(entry)));
    }
    if let Some(actor) = &top.actor {
        text.say(format!("  {actor} makes this change again and again"));
    }
    points(text, "because", &top.supporting);
    points(text, "against", &top.against);
}

fn points(text: &mut Text, word: &str, points: &[String]) {
    for point in points {
        text.push(Line::of(Tone::Faint, format!("  {word:<9}")).plain(point));
    }
}

fn rivals(text: &mut Text, others: &[Hypothesis], story: &Story<'_>) {
    if others.is_empty() {
        return;
    }
    text.say("  also considered:");
    let rows: Vec<Vec<Cell>> = others
        .iter()
        .take(RIVALS)
        .map(|one| rival(one, story))
        .collect();
    text.table(&[Align::Right, Align::Left, Align::Left], &rows);
    if others.len() > RIVALS {
        let rest = count(others.len() - RIVALS, "less likely one", "less likely ones");
        text.push(Line::of(Tone::Faint, format!("  and {rest}")));
    }
}

fn rival(one: &Hypothesis, story: &Story<'_>) -> Vec<Cell> {
    let why = match one.against.first() {
        Some(why) => format!("but {why}"),
        None => String::new(),
    };
    let confidence = if one.refuted {
        (Tone::Bad, "refuted".into())
    } else {
        cell(fixed(one.confidence, 2))
    };
    let name = words::hypothesis(one, &story.names);
    vec![confidence, cell(name), (Tone::Faint, why)]
}

/// The decisions that were acted on, and the last one; the others are counted.
fn decisions(text: &mut Text, story: &Story<'_>) {
    let decided = story
        .rounds
        .iter()
        .filter(|round| !round.table().is_empty());
    let decided: Vec<&Round<'_>> = decided.collect();
    let is_shown = |position: usize, round: &Round<'_>| {
        !round.steps.is_empty() || position + 1 == decided.len()
    };
    let mut others = 0;
    for (position, round) in decided.iter().enumerate() {
        if is_shown(position, round) {
            plans(text, round, story);
        } else {
            others += 1;
        }
    }
    if others > 0 {
        let others = count(others, "more decision", "more decisions");
        let line = format!("  and {others} by which nothing was changed");
        text.push(Line::of(Tone::Faint, line));
    }
}

fn plans(text: &mut Text, round: &Round<'_>, story: &Story<'_>) {
    let table = round.table();
    if table.is_empty() {
        return;
    }
    text.title(&format!(
        "Plans at {}, tried in the twin's futures",
        clock(round.t)
    ));
    let mut rows = vec![heads()];
    rows.extend(table.iter().map(|score| plan_row(score, round)));
    let mut align = vec![Align::Left];
    align.extend([Align::Right; 7]);
    align.push(Align::Left);
    text.table(&align, &rows);
    if let Some([next, worst]) = round.added {
        let added = format!("  likely next adds {next}; worst historical adds {worst}");
        text.push(Line::of(Tone::Faint, added));
    }
    debate::briefly(text, round, &story.names, story.origin);
    decision(text, round);
}

fn heads() -> Vec<Cell> {
    let futures = FUTURES.iter().map(|future| words::future_briefly(*future));
    let heads = ["plan"]
        .into_iter()
        .chain(futures)
        .chain(["cost", "resil.", "risk", "score", ""]);
    heads.map(|head| (Tone::Faint, head.to_owned())).collect()
}

fn plan_row(score: &PlanScore, round: &Round<'_>) -> Vec<Cell> {
    let is_chosen = round.choice() == Some(&score.plan);
    let tone = if is_chosen { Tone::Strong } else { Tone::Plain };
    let mut row = vec![(tone, score.plan.to_string())];
    let figures = [score.cost, score.resilience, score.risk, score.score];
    let figures = score.futures.iter().chain(&figures);
    row.extend(figures.map(|figure| (tone, fixed(*figure, 2))));
    let name = round.plan(&score.plan).map(|plan| plan.summary.clone());
    let remark = Some(remark(score, is_chosen)).filter(|text| !text.is_empty());
    let texts: Vec<String> = name.into_iter().chain(remark).collect();
    row.push((tone, texts.join(": ")));
    row
}

fn remark(score: &PlanScore, is_chosen: bool) -> String {
    match (&score.rejected, &score.dominated_by) {
        _ if is_chosen => "chosen".into(),
        (Some(why), _) => why.clone(),
        (None, Some(by)) => format!("dominated by {by}"),
        (None, None) if !score.durable => "does not last".into(),
        (None, None) => String::new(),
    }
}

fn decision(text: &mut Text, round: &Round<'_>) {
    let Some((t, verdict)) = round.verdict else {
        return;
    };
    let word = verdict.choice.as_deref().unwrap_or("wait");
    let line = Line::of(Tone::Plain, format!("  {} decided: ", clock(t)));
    text.push(
        line.add(Tone::Strong, word)
            .plain(format!("; {}", verdict.why)),
    );
    match round.approval {
        Answer::NotAsked => {}
        Answer::Waiting => text.say("  approval was asked for and not given"),
        Answer::Granted => text.say("  approval was given"),
        Answer::Refused => text.say("  approval was refused: nothing was applied"),
    }
}

fn done(text: &mut Text, story: &Story<'_>) {
    text.title("What was done");
    if story.commands().is_empty() {
        return text.say("  Nothing was changed.");
    }
    for round in &story.rounds {
        done_in(text, round, story);
    }
}

fn done_in(text: &mut Text, round: &Round<'_>, story: &Story<'_>) {
    for step in &round.steps {
        command(text, step.t, step.kubectl);
    }
    if let Some((t, conduct)) = round.conduct {
        text.push(Line::of(
            Tone::Faint,
            format!("  {}  {}", clock(t), words::conduct(conduct)),
        ));
    }
    if let Some((t, why, commands)) = round.undone {
        text.push(Line::of(
            Tone::Bad,
            format!("  {}  taken back: {why}", clock(t)),
        ));
        commands.iter().for_each(|one| command(text, t, one));
    }
    if let Some((t, why)) = round.declined {
        text.push(Line::of(Tone::Warn, format!("  {}  kept: {why}", clock(t))));
    }
    if let Some((t, reflection)) = round.reflection {
        let (fault, target) = &reflection.hypothesis;
        let name = story.names.short(*target);
        let finding = words::finding(reflection.finding);
        let why = &reflection.why;
        text.say(format!(
            "  {}  {} on {name} {finding}: {why}",
            clock(t),
            words::fault(fault)
        ));
    }
}

fn command(text: &mut Text, t: i64, command: &str) {
    let line = Line::of(Tone::Faint, format!("  {}  ", clock(t)));
    text.push(line.add(Tone::Command, format::one_line(command)));
}

fn objectives_held(text: &mut Text, story: &Story<'_>, summary: &Summary) {
    text.title("What users felt");
    for course in objectives::courses(story) {
        objective(text, &course, story);
    }
    let lost = fixed(summary.slo_minutes_lost, 2);
    text.say(format!(
        "  {lost} SLO minutes lost; {}",
        words::timing(summary)
    ));
    let cost = &summary.cost;
    text.say(format!(
        "  cost: {} extra pod-seconds, {} extra node-seconds, {} requests turned away",
        fixed(cost.pod_s, 0),
        fixed(cost.node_s, 0),
        fixed(cost.shed_requests, 0),
    ));
    if summary.harm == Some(true) {
        text.push(Line::of(
            Tone::Bad,
            "  An objective lost more than it would have with nothing done.",
        ));
    }
}

fn objective(text: &mut Text, course: &Course<'_>, story: &Story<'_>) {
    let (lowest, highest) = course.worst();
    let name = story.names.service(course.objective.service).name;
    let worst = [
        lowest.map(|share| format!("{} succeeded", percent(share))),
        highest.map(|p99| format!("p99 {}", format::latency(p99))),
    ];
    let worst: Vec<String> = worst.into_iter().flatten().collect();
    let (tone, word) = match course.points.last().map(|point| point.standing) {
        Some(Standing::Missed) => (Tone::Bad, "missed now"),
        Some(Standing::Met) => (Tone::Good, "met now"),
        _ => (Tone::Warn, "no requests seen"),
    };
    let line = Line::of(
        Tone::Plain,
        format!("  {name}: {} · ", words::objective(course.objective)),
    );
    let lost = format!(
        " · missed for {} s · worst minute: {}",
        fixed(course.lost(), 0),
        worst.join(", ")
    );
    text.push(line.add(tone, word).plain(lost));
}

fn truth(text: &mut Text, summary: &Summary) {
    let Some(truth) = &summary.truth else {
        return;
    };
    text.title("What it really was");
    if truth.truth.causes.is_empty() {
        text.say("  Nothing was wrong.");
    }
    for cause in &truth.truth.causes {
        let field = cause
            .field
            .as_ref()
            .map_or(String::new(), |field| format!(" {field}"));
        text.say(format!(
            "  {} · {}{field}",
            words::fault(&cause.fault),
            cause.object
        ));
    }
    match truth.diagnosis_right {
        Some(true) => text.push(Line::of(Tone::Good, "  The diagnosis is right.")),
        Some(false) => text.push(Line::of(Tone::Bad, "  The diagnosis is wrong.")),
        None => {}
    }
}
