//! The run on one line of time: phases, objectives, and what happened, numbered.

use super::scale::{Scale, time_axis};
use super::svg::{Anchor, Box4, Svg, cut};
use super::{View, figure, legend, table};
use crate::format::{clock, count, html, length, one_line};
use crate::lines::NOTABLE;
use crate::measure::PAGE;
use crate::objectives::Standing;
use crate::phases::Stage;
use crate::words;
use aegis_model::Symptom;

/// Marks drawn and listed at most.
const MOST: usize = 40;

const WIDTH: f64 = 1136.0;
const LEFT: f64 = 112.0;

/// Something that happened.
struct Mark {
    t: i64,
    row: usize,
    class: &'static str,
    what: String,
}

const ROWS: [&str; 3] = ["changes", "symptoms", "actions"];

/// The timeline.
pub(super) fn timeline(view: &View<'_>) -> String {
    let marks = marks(view);
    let courses = view.courses.len() as f64;
    let bottom = 54.0 + courses * 18.0 + ROWS.len() as f64 * 30.0;
    let mut svg = Svg::new(WIDTH, bottom + 24.0);
    let x = Scale::new(view.span.0 as f64, view.span.1 as f64, LEFT, WIDTH - 32.0);
    time_axis(&mut svg, &x, view.span, 30.0, bottom);
    phases(&mut svg, view, &x, bottom);
    standings(&mut svg, view, &x);
    draw_marks(&mut svg, &marks, &x, 62.0 + courses * 18.0);
    let drawing = svg.finish("Timeline of the run: phases, objectives, changes, symptoms, actions");
    figure("What happened when", &drawing, &(keys() + &list(&marks)))
}

fn phases(svg: &mut Svg, view: &View<'_>, x: &Scale, bottom: f64) {
    svg.text("row", (LEFT - 10.0, 20.0), Anchor::End, "phase");
    for phase in &view.phases {
        let (from, to) = (x.at(phase.from as f64), x.at(phase.to as f64));
        let class = stage_class(phase.stage);
        let tip = format!(
            "{} for {}",
            phase.stage.word(),
            length(phase.to - phase.from)
        );
        svg.rect(
            &format!("wash {class}"),
            Box4(from, 30.0, to - from, bottom - 30.0),
            &tip,
        );
        svg.round(
            &format!("phase {class}"),
            Box4(from, 6.0, to - from, 20.0),
            3.0,
            &tip,
        );
        let room = ((to - from) / 6.6) as usize;
        if phase.stage.word().len() <= room {
            let middle = f64::midpoint(from, to);
            svg.text(
                "on-phase",
                (middle, 20.0),
                Anchor::Middle,
                phase.stage.word(),
            );
        }
    }
}

/// The class of a phase.
pub(super) fn stage_class(stage: Stage) -> &'static str {
    match stage {
        Stage::Undetected => "undetected",
        Stage::Deciding => "deciding",
        Stage::Applying => "applying",
        Stage::Recovering => "recovering",
    }
}

fn standings(svg: &mut Svg, view: &View<'_>, x: &Scale) {
    for (row, course) in view.courses.iter().enumerate() {
        let top = 40.0 + row as f64 * 18.0;
        let name = view.story.names.service(course.objective.service).name;
        svg.text(
            "row",
            (LEFT - 10.0, top + 9.0),
            Anchor::End,
            &cut(&name, 16),
        );
        for pair in course.points.windows(2) {
            let (from, to) = (x.at(pair[0].t as f64), x.at(pair[1].t as f64));
            let (class, word) = match pair[1].standing {
                Standing::Met => ("met", "met"),
                Standing::Missed => ("missed", "missed"),
                Standing::Unknown => ("unseen", "no requests seen"),
            };
            let tip = format!("{} objective {word}", clock(pair[1].t));
            // Neighbours overlap a little, so that no seam shows between them.
            svg.rect(class, Box4(from, top, to - from + 0.4, 10.0), &tip);
        }
    }
}

fn draw_marks(svg: &mut Svg, marks: &[Mark], x: &Scale, top: f64) {
    for (row, name) in ROWS.iter().enumerate() {
        let y = top + row as f64 * 30.0;
        svg.text("row", (LEFT - 10.0, y + 4.0), Anchor::End, name);
        svg.line("grid", (LEFT, y), (WIDTH - 32.0, y));
    }
    let mut last = [f64::NEG_INFINITY; ROWS.len()];
    for (number, mark) in marks.iter().enumerate() {
        let y = top + mark.row as f64 * 30.0;
        // Marks of one second stand beside each other.
        let at = x.at(mark.t as f64).max(last[mark.row] + 17.0);
        last[mark.row] = at;
        let tip = format!("{} {}", clock(mark.t), mark.what);
        svg.circle(&format!("mark {}", mark.class), (at, y), 8.0, &tip);
        let class = format!("number {}", mark.class);
        svg.text(
            &class,
            (at, y + 3.4),
            Anchor::Middle,
            &(number + 1).to_string(),
        );
    }
}

fn marks(view: &View<'_>) -> Vec<Mark> {
    let mut marks = changes(view);
    marks.extend(symptoms(view));
    view.story
        .rounds
        .iter()
        .for_each(|round| actions(&mut marks, round));
    marks.retain(|mark| mark.t >= view.span.0);
    marks.sort_by_key(|mark| mark.t);
    marks.truncate(MOST);
    marks
}

/// A mark for each page, and one for the other notable symptoms of a scrape.
fn symptoms(view: &View<'_>) -> Vec<Mark> {
    let notable = view.story.symptoms.iter();
    let notable: Vec<_> = notable
        .filter(|(_, symptom)| symptom.severity >= NOTABLE)
        .collect();
    let mut marks = Vec::new();
    for scrape in notable.chunk_by(|a, b| a.0 == b.0) {
        let (pages, mut others): (Vec<_>, Vec<_>) = scrape
            .iter()
            .copied()
            .partition(|(_, symptom)| symptom.severity >= PAGE);
        marks.extend(
            pages
                .iter()
                .map(|(t, page)| mark(*t, "page", told(page, view))),
        );
        others.sort_by(|a, b| b.1.severity.total_cmp(&a.1.severity));
        if let Some((t, first)) = others.first() {
            marks.push(mark(
                *t,
                "ticket",
                crowd(told(first, view), others.len() - 1),
            ));
        }
    }
    marks
}

fn mark(t: i64, class: &'static str, what: String) -> Mark {
    Mark {
        t,
        row: 1,
        class,
        what,
    }
}

fn crowd(first: String, more: usize) -> String {
    match more {
        0 => first,
        more => format!(
            "{first}; and {}",
            count(more, "more symptom", "more symptoms")
        ),
    }
}

fn told(symptom: &Symptom, view: &View<'_>) -> String {
    let name = view.story.names.short(symptom.subject);
    let (kind, evidence) = (words::symptom(symptom.kind), &symptom.evidence);
    format!("{name} {kind}: {evidence}")
}

fn changes(view: &View<'_>) -> Vec<Mark> {
    let blamed = view.story.top().and_then(|top| top.change);
    let others = view
        .story
        .changes()
        .filter(|(_, _, entry)| entry.actor != "aegis");
    let mark = |(position, t, entry)| Mark {
        t,
        row: 0,
        class: if Some(position) == blamed {
            "blamed"
        } else {
            "decoy"
        },
        what: words::change(entry),
    };
    others.map(mark).collect()
}

fn actions(marks: &mut Vec<Mark>, round: &crate::Round<'_>) {
    let mut add = |t, class, what: String| {
        let row = 2;
        marks.push(Mark {
            t,
            row,
            class,
            what,
        });
    };
    for step in &round.steps {
        add(step.t, "act", one_line(step.kubectl));
    }
    if let Some((t, why, _)) = round.undone {
        add(t, "taken-back", format!("taken back: {why}"));
    }
    if let Some((t, verdict)) = round.verdict
        && verdict.choice.is_none()
    {
        add(t, "waited", format!("decided to wait: {}", verdict.why));
    }
}

fn keys() -> String {
    let phases = [
        ("undetected", "undetected"),
        ("deciding", "deciding"),
        ("applying", "applying"),
        ("recovering", "recovering"),
        ("met", "objective met"),
        ("missed", "objective missed"),
    ];
    let marks = [
        ("blamed", "change that the diagnosis names"),
        ("decoy", "other change"),
        ("page", "symptom that pages"),
        ("ticket", "other symptom"),
        ("act", "action"),
    ];
    legend(&phases) + &legend(&marks)
}

fn list(marks: &[Mark]) -> String {
    if marks.is_empty() {
        return "<p class=\"none\">Nothing happened that leaves a mark.</p>".into();
    }
    let rows: Vec<Vec<String>> = marks
        .iter()
        .enumerate()
        .map(|(number, mark)| {
            let number = format!("<span class=\"dot {}\">{}</span>", mark.class, number + 1);
            vec![number, html(&clock(mark.t)), html(&mark.what)]
        })
        .collect();
    table("", &["", "time", "what"], &rows)
}
