//! `aegis report RUN`: what a run came to, as text, page, narrative or object.

use super::{Context, deliver};
use crate::args::{Report, ReportFormat};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::paint::toned;
use crate::told::Told;

pub fn run(args: &Report, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let told = Told::read(&context.store().resolve(&args.run)?)?;
    let story = told.story();
    let summary = told.summary(&story);
    let text = match args.output {
        ReportFormat::Text => {
            let paint = if args.out.is_some() {
                crate::paint::Paint::Plain
            } else {
                terminal.out
            };
            toned(
                &aegis_report::terminal(&story, &summary, &told.facts),
                paint,
            )
        }
        ReportFormat::Html => aegis_report::html(&story, &summary, &told.facts),
        ReportFormat::Markdown => aegis_report::chronicle(&story, &summary, &told.facts),
        ReportFormat::Json => json(&summary)?,
    };
    deliver(&text, args.out.as_deref(), terminal)
}

fn json(summary: &aegis_report::Summary) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(summary);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::usage(format!("the summary is no JSON: {error}")))
}
