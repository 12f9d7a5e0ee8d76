//! One self-contained page: styles inline, no script, nothing fetched, colour never alone.

use super::words::{diagnosis, few, head, minutes, outcome, short, shown_by, sole};
use crate::rehearsal::{Finding, Hardening, Rehearsal, SinglePoint};
use aegis_report::format::html as escape;

const STYLE: &str = include_str!("page.css");

/// The page of a rehearsal.
#[must_use]
pub fn html(rehearsal: &Rehearsal) -> String {
    let title = escape(&format!("Rehearsal of {}", rehearsal.name));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <style>\n{STYLE}</style></head>\n<body><main>\n<h1>{title}</h1><p>{}</p>\n{}{}{}</main></body></html>\n",
        escape(&head(rehearsal)),
        findings(rehearsal),
        points(&rehearsal.single_points),
        details(rehearsal),
    )
}

fn row(cells: &[String]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td>{cell}</td>"))
        .collect();
    format!("<tr>{cells}</tr>\n")
}

fn headed(caption: &str, heading: &[&str], rows: &str) -> String {
    let heading: String = heading
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    format!(
        "<h2>{caption}</h2><div class=\"wide\"><table><thead><tr>{heading}</tr></thead>\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn findings(rehearsal: &Rehearsal) -> String {
    let dearest = rehearsal
        .findings
        .first()
        .map_or(1.0, |one| one.untreated_slo_minutes.max(1e-9));
    let line = |one: &Finding| {
        let bar = |value: f64, class: &str| {
            let share = (value / dearest * 100.0).clamp(0.0, 100.0);
            format!(
                "<span class=\"bar {class}\" style=\"width:{share:.0}%\"></span> {}",
                minutes(value)
            )
        };
        row(&[
            format!("<a href=\"#f{0}\">{0}</a>", one.rank),
            escape(&one.fault),
            escape(&short(&one.target)),
            bar(one.untreated_slo_minutes, "lost"),
            one.sentinel
                .as_ref()
                .map_or("–".to_owned(), |treated| bar(treated.slo_minutes, "kept")),
            escape(&outcome(one)),
            escape(&few(&one.breaks, 4)),
        ])
    };
    let rows: String = rehearsal.findings.iter().map(line).collect();
    let heading = [
        "#",
        "Fault",
        "At",
        "SLO minutes lost",
        "With Sentinel",
        "Outcome",
        "Breaks",
    ];
    headed("What breaks worst", &heading, &rows)
}

fn points(points: &[SinglePoint]) -> String {
    let line = |point: &SinglePoint| {
        row(&[
            escape(&short(&point.object)),
            sole(point.sole).to_owned(),
            escape(&point.words),
            escape(&shown_by(point)),
        ])
    };
    let rows: String = points.iter().map(line).collect();
    headed(
        "Single points of failure",
        &["Object", "Why", "In words", "Shown by"],
        &rows,
    )
}

fn details(rehearsal: &Rehearsal) -> String {
    let all = rehearsal.findings.iter().map(detail);
    format!("<h2>One by one</h2>\n{}", all.collect::<String>())
}

fn detail(one: &Finding) -> String {
    let place = one.place.as_ref().map_or(String::new(), |place| {
        format!("<p>{}:{}</p>", escape(&place.file), place.line)
    });
    let treated = one.sentinel.as_ref().map_or(String::new(), |treatment| {
        let plan = treatment.plan.join("\n");
        format!(
            "<p>Diagnosis: {}</p><pre>{}</pre>",
            escape(&diagnosis(treatment)),
            escape(&plan)
        )
    });
    let hardened: String = one.hardenings.iter().map(hardening).collect();
    format!(
        "<details id=\"f{0}\"><summary>{0}. {1} at {2}: {3} SLO minutes</summary><p>{4}</p>{place}{treated}{hardened}</details>\n",
        one.rank,
        escape(&one.fault),
        escape(&short(&one.target)),
        minutes(one.untreated_slo_minutes),
        escape(&one.summary),
    )
}

fn hardening(one: &Hardening) -> String {
    format!(
        "<p>Hardened: {} → {} SLO minutes by {}</p><pre>{}</pre>",
        minutes(one.before),
        minutes(one.after),
        escape(&one.summary),
        escape(&one.kubectl.join("\n"))
    )
}
