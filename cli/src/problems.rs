//! Shows what is wrong with a file, pointing at the place.
//!
//! With colour: a drawing of the lines (miette). Without: `file:line:column: error[CODE]: …`, a line
//! that editors and CI understand, and the help below.

use crate::output::to_stderr;
use crate::paint::{Paint, harmless};
use aegis_kube::{Diagnostic, Severity};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// Texts by name, to point into.
pub type Texts = BTreeMap<String, String>;

/// How many are shown; the rest is counted.
const SHOWN: usize = 20;

/// Longest line that is drawn, bytes; a dump without line breaks is not.
const DRAWN: usize = 400;

/// Shows problems on standard error.
pub fn show(problems: &[Diagnostic], texts: &Texts, paint: Paint) {
    to_stderr(&render(problems, texts, paint));
}

/// In the order in which they are best read: errors first, and of these what is wrong with the
/// documents themselves (a misspelt kind) before what follows from it (no such object).
pub fn in_order(problems: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut order: Vec<&Diagnostic> = problems.iter().collect();
    order.sort_by_key(|problem| {
        (
            Reverse(problem.severity),
            !problem.code.starts_with("AEG-K"),
            problem.file.as_str(),
            problem.line,
        )
    });
    order
}

/// Problems as a person reads them.
pub fn render(problems: &[Diagnostic], texts: &Texts, paint: Paint) -> String {
    let order = in_order(problems);
    let shown = order
        .iter()
        .take(SHOWN)
        .map(|problem| one(problem, texts, paint));
    let mut text: String = shown.collect();
    if problems.len() > SHOWN {
        text += &format!("… and {} more\n", problems.len() - SHOWN);
    }
    text
}

fn one(problem: &Diagnostic, texts: &Texts, paint: Paint) -> String {
    let drawn = match (paint, texts.get(&problem.file)) {
        (Paint::Ansi, Some(text)) if drawable(text, problem) => draw(problem, text),
        _ => None,
    };
    drawn.unwrap_or_else(|| plain(problem, paint))
}

fn plain(problem: &Diagnostic, paint: Paint) -> String {
    let word = match problem.severity {
        Severity::Error => paint.red(&format!("error[{}]", problem.code)),
        Severity::Warning => paint.yellow(&format!("warning[{}]", problem.code)),
    };
    let message = indented(&problem.message);
    let help = indented(&problem.help);
    format!(
        "{}{word}: {message}\n  {} {help}\n",
        place(problem),
        paint.cyan("help:")
    )
}

fn place(problem: &Diagnostic) -> String {
    match (problem.file.as_str(), problem.line) {
        ("", _) => String::new(),
        (file, 0) => format!("{}: ", harmless(file)),
        (file, line) => format!("{}:{line}:{}: ", harmless(file), problem.column),
    }
}

/// Lines after the first are set in.
fn indented(text: &str) -> String {
    harmless(text).trim_end().replace('\n', "\n    ")
}

/// Whether the line is short enough to be drawn.
fn drawable(text: &str, problem: &Diagnostic) -> bool {
    let at = problem.span.start;
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    let start = before.rfind('\n').map_or(0, |start| start + 1);
    let end = after.find('\n').map_or(text.len(), |end| at + end);
    problem.line > 0 && end - start <= DRAWN
}

fn draw(problem: &Diagnostic, text: &str) -> Option<String> {
    let source = NamedSource::new(harmless(&problem.file), harmless(text)).with_language("yaml");
    let mut drawn = String::new();
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_context_lines(1);
    handler
        .render_report(&mut drawn, &Drawing { problem, source })
        .ok()?;
    Some(drawn.trim_start_matches('\n').to_owned() + "\n")
}

/// A problem as miette wants it.
#[derive(Debug)]
struct Drawing<'a> {
    problem: &'a Diagnostic,
    source: NamedSource<String>,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&self.problem.message))
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(self.problem.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(harmless(&self.problem.help)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.problem.span;
        let length = span.end.saturating_sub(span.start).max(1);
        let label = LabeledSpan::new(None, span.start, length);
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_kube::Span;

    fn problem(severity: Severity) -> Diagnostic {
        Diagnostic {
            code: "AEG-S014",
            severity,
            message: "unknown service `frontent`".into(),
            help: "did you mean `frontend`?".into(),
            file: "a.yaml".into(),
            line: 2,
            column: 6,
            span: Span { start: 8, end: 16 },
        }
    }

    fn texts(text: &str) -> Texts {
        Texts::from([("a.yaml".to_owned(), text.to_owned())])
    }

    #[test]
    fn without_colour_a_line_that_editors_understand() {
        let problems = [problem(Severity::Warning), problem(Severity::Error)];
        let expected = "a.yaml:2:6: error[AEG-S014]: unknown service `frontent`\n  help: did you mean `frontend`?\n\
                        a.yaml:2:6: warning[AEG-S014]: unknown service `frontent`\n  help: did you mean `frontend`?\n";
        assert_eq!(render(&problems, &Texts::new(), Paint::Plain), expected);
    }

    #[test]
    fn with_colour_the_place_is_drawn() {
        let drawn = render(
            &[problem(Severity::Error)],
            &texts("x: 1\nto: frontent\n"),
            Paint::Ansi,
        );
        assert!(
            drawn.contains("a.yaml:2:") && drawn.contains("did you mean"),
            "{drawn}"
        );
        assert!(drawn.contains("frontent") && drawn.contains('─'), "{drawn}");
    }

    #[test]
    fn lines_without_an_end_are_not_drawn() {
        let drawn = render(
            &[problem(Severity::Error)],
            &texts(&"x".repeat(5000)),
            Paint::Ansi,
        );
        assert!(drawn.len() < 300, "{drawn}");
    }

    #[test]
    fn ten_thousand_problems_are_counted_and_not_shown() {
        let problems = vec![problem(Severity::Error); 10_000];
        let text = render(&problems, &Texts::new(), Paint::Plain);
        assert_eq!(text.lines().count(), 2 * SHOWN + 1);
        assert!(text.ends_with("… and 9980 more\n"));
    }

    #[test]
    fn messages_cannot_steer_the_terminal() {
        let mut problem = problem(Severity::Error);
        problem.message = "\x1b[2J".into();
        assert!(!render(&[problem], &Texts::new(), Paint::Plain).contains('\x1b'));
    }
}
