//! `report.html`: the run on one page that needs nothing beside it.
//!
//! Styles and drawings are inline, nothing is fetched and nothing runs: the page has no
//! script. Every drawing has a label and its figures as a table; colour never stands alone.

mod debate;
mod evidence;
mod futures;
mod graph;
mod memory;
mod scale;
mod series;
mod svg;
mod timeline;
mod watch;

use crate::facts::Facts;
use crate::followup::{bad_news, follow_ups, good_news};
use crate::format::{clock, count, fixed, html as escape, html_lines, length_or_never};
use crate::objectives::{Course, courses};
use crate::phases::{Phase, phases};
use crate::story::Story;
use crate::summary::Summary;
use crate::text::Tone;
use crate::words;

const STYLE: &str = include_str!("page.css");

/// What every part of the page looks at.
struct View<'a> {
    story: &'a Story<'a>,
    summary: &'a Summary,
    facts: &'a Facts,
    courses: Vec<Course<'a>>,
    phases: Vec<Phase>,
    /// First and last second shown.
    span: (i64, i64),
}

/// The page.
#[must_use]
pub fn html(story: &Story<'_>, summary: &Summary, facts: &Facts) -> String {
    let courses = courses(story);
    let view = View {
        story,
        summary,
        facts,
        phases: phases(story, facts, &courses),
        courses,
        span: span(story),
    };
    let title = escape(&format!(
        "{} · {}",
        summary.scenario,
        words::ending(summary.outcome)
    ));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <style>\n{STYLE}</style></head>\n<body>\n{}<main>\n{}</main>\n{}</body></html>\n",
        head(&view),
        body(&view),
        foot(&view)
    )
}

/// The last two minutes of the past, and the run.
fn span(story: &Story<'_>) -> (i64, i64) {
    let from = story.first().max(-120);
    (from.min(story.end), story.end.max(from + 1))
}

fn body(view: &View<'_>) -> String {
    let users = series::promises(view)
        + &format!(
            "<div class=\"pair\">{}{}</div>",
            series::objectives(view),
            series::suspect(view)
        )
        + &series::heat(view);
    [
        section("timeline", "Timeline", &timeline::timeline(view)),
        section("users", "What users felt", &users),
        section("spread", "Where it happened", &graph::graph(view)),
        section(
            "cause",
            "What broke, and why we think so",
            &(cause(view) + &evidence::evidence(view)),
        ),
        section("plans", "What could be done", &futures::decisions(view)),
        section("done", "What was done", &done(view)),
        section("watch", "Did it do what was predicted", &watch::watch(view)),
        section("memory", "What was remembered", &memory::memory(view)),
        section("after", "What remains", &after(view)),
    ]
    .concat()
}

fn section(id: &str, title: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section id=\"{id}\"><h2>{title}</h2>\n{content}</section>\n")
}

/// A drawing or table with its caption and notes.
fn figure(title: &str, drawing: &str, notes: &str) -> String {
    let title = escape(title);
    format!(
        "<figure><figcaption>{title}</figcaption><div class=\"wide\">{drawing}</div>{notes}</figure>\n"
    )
}

/// Something to unfold.
fn details(title: &str, content: &str) -> String {
    format!("<details><summary>{title}</summary><div class=\"wide\">{content}</div></details>")
}

/// What the marks mean: class and word.
fn legend(keys: &[(&str, &str)]) -> String {
    let key = |(class, word): &(&str, &str)| {
        format!(
            "<li><svg class=\"key\" viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"{class}\" x=\"1\" y=\"1\" width=\"12\" height=\"12\" rx=\"3\"/></svg>{}</li>",
            escape(word)
        )
    };
    let keys: String = keys.iter().map(key).collect();
    format!("<ul class=\"legend\">{keys}</ul>")
}

/// A table; heads and cells are markup, escaped by who made them.
fn table(class: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: String = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{head}</th>"))
        .collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<td>{cell}</td>"))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<table class=\"{class}\"><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>"
    )
}

fn head(view: &View<'_>) -> String {
    let summary = view.summary;
    let tone = match words::ending_tone(summary.outcome) {
        Tone::Good => "good",
        Tone::Bad => "bad",
        _ => "poor",
    };
    format!(
        "<header><p class=\"brand\">AEGIS-K8s · run report</p><h1>{}</h1>\
         <p class=\"outcome\"><span class=\"stamp stamp-{tone}\">{}</span> {}</p>\n<dl class=\"tiles\">{}</dl></header>\n",
        escape(&summary.scenario),
        words::ending(summary.outcome),
        words::ending_meaning(summary.outcome),
        tiles(view)
    )
}

fn tiles(view: &View<'_>) -> String {
    let summary = view.summary;
    let met = match summary.objectives_met {
        Some(true) => "met",
        Some(false) => "missed",
        None => "unknown",
    };
    let confidence = summary
        .diagnosis
        .as_ref()
        .map(|diagnosis| diagnosis.confidence);
    let tiles = [
        ("SLO minutes lost", fixed(summary.slo_minutes_lost, 2)),
        ("objectives", met.into()),
        ("detected after", length_or_never(summary.ttd_s)),
        ("located after", length_or_never(summary.ttl_s)),
        ("mended after", length_or_never(summary.ttm_s)),
        ("confidence", words::figure(confidence)),
        ("commands applied", summary.commands.len().to_string()),
    ];
    let tile =
        |(word, value): &(&str, String)| format!("<div><dt>{word}</dt><dd>{value}</dd></div>");
    tiles.iter().map(tile).collect()
}

fn cause(view: &View<'_>) -> String {
    let Some(top) = view.story.top() else {
        return String::new();
    };
    let name = escape(&words::hypothesis(top, &view.story.names));
    let mut out = format!("<p class=\"lead\"><strong>{name}</strong></p>");
    if let Some(meaning) = view.facts.meaning(&top.fault) {
        out += &format!("<p>{}</p>", escape(meaning));
    }
    if let Some(entry) = top.change.and_then(|n| view.story.record.get(n as usize)) {
        let at = clock(entry.at.since(view.story.origin));
        out += &format!(
            "<p>It followed a change at {at}: <code>{}</code></p>",
            escape(&words::change(entry))
        );
    }
    if let Some(actor) = &top.actor {
        out += &format!(
            "<p>{} makes this change again and again.</p>",
            escape(actor)
        );
    }
    out + &truth(view)
}

fn truth(view: &View<'_>) -> String {
    let Some(truth) = &view.summary.truth else {
        return String::new();
    };
    let causes = truth.truth.causes.iter();
    let causes: Vec<String> = causes
        .map(|cause| format!("{} · {}", words::fault(&cause.fault), cause.object))
        .collect();
    let (class, word) = match truth.diagnosis_right {
        Some(true) => ("good", "The diagnosis is right."),
        Some(false) => ("bad", "The diagnosis is wrong."),
        None => ("poor", "Nothing was diagnosed."),
    };
    let causes = if causes.is_empty() {
        "nothing".into()
    } else {
        causes.join(", ")
    };
    format!(
        "<p class=\"truth truth-{class}\">{word} What it really was, opened after the run: {}.</p>",
        escape(&causes)
    )
}

fn done(view: &View<'_>) -> String {
    let rounds = view.story.rounds.iter();
    let items: String = rounds.map(done_in).collect();
    let cost = &view.summary.cost;
    let cost = format!(
        "<p class=\"note\">Cost: {} extra pod-seconds, {} extra node-seconds, {} requests turned away.</p>",
        fixed(cost.pod_s, 0),
        fixed(cost.node_s, 0),
        fixed(cost.shed_requests, 0)
    );
    if items.is_empty() {
        return format!("<p class=\"none\">Nothing was changed.</p>{cost}");
    }
    format!("<ol class=\"done\">{items}</ol>{cost}")
}

fn done_in(round: &crate::Round<'_>) -> String {
    let command = |t: i64, text: &str| {
        format!(
            "<li><time>{}</time><pre><code>{}</code></pre></li>\n",
            clock(t),
            html_lines(text)
        )
    };
    let remark = |t: i64, class: &str, text: &str| {
        format!(
            "<li><time>{}</time><span class=\"{class}\">{}</span></li>\n",
            clock(t),
            escape(text)
        )
    };
    let mut out: String = round
        .steps
        .iter()
        .map(|step| command(step.t, step.kubectl))
        .collect();
    if let Some((t, conduct)) = round.conduct {
        out += &remark(t, "plain", &words::conduct(conduct));
    }
    if let Some((t, why, commands)) = round.undone {
        out += &remark(t, "is-bad", &format!("taken back: {why}"));
        out.extend(commands.iter().map(|text| command(t, text)));
    }
    if let Some((t, why)) = round.declined {
        out += &remark(t, "is-poor", &format!("kept: {why}"));
    }
    if let Some((t, reflection)) = round.reflection {
        let (fault, _) = &reflection.hypothesis;
        let finding = words::finding(reflection.finding);
        let text = format!("{} {finding}: {}", words::fault(fault), reflection.why);
        out += &remark(t, "plain", &text);
    }
    out
}

fn after(view: &View<'_>) -> String {
    let lists = [
        ("Went well", good_news(view.story, view.summary)),
        ("Went badly", bad_news(view.story, view.summary)),
        ("Follow-ups", follow_ups(view.story, view.summary)),
    ];
    let list = |(title, points): &(&str, Vec<String>)| {
        let items = points
            .iter()
            .map(|point| format!("<li>{}</li>", escape(point)));
        let items: String = items.collect();
        let items = if items.is_empty() {
            "<li class=\"none\">nothing to note</li>".into()
        } else {
            items
        };
        format!("<div><h3>{title}</h3><ul>{items}</ul></div>")
    };
    let lists: String = lists.iter().map(list).collect();
    format!("<div class=\"three\">{lists}</div>{}", notes(view))
}

fn notes(view: &View<'_>) -> String {
    if view.story.notes.is_empty() {
        return String::new();
    }
    let notes = view.story.notes.iter();
    let rows: Vec<Vec<String>> = notes
        .map(|(t, note)| vec![clock(*t), escape(note)])
        .collect();
    details(
        &count(rows.len(), "remark", "remarks"),
        &table("", &["time", "remark"], &rows),
    )
}

fn foot(view: &View<'_>) -> String {
    let summary = view.summary;
    let facts = [
        format!("seed {}", summary.seed),
        format!("AEGIS {}", summary.versions.aegis),
        format!("genome {}", summary.versions.genome),
        format!("clock {}", summary.clock),
        format!("twin error {}", words::figure(summary.twin_error)),
        format!("events {}", summary.events_blake3),
    ];
    let facts: Vec<String> = facts.iter().map(|fact| escape(fact)).collect();
    format!("<footer>{}</footer>\n", facts.join(" · "))
}
