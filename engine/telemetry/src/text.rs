//! The two text formats.
//!
//! Prometheus text format 0.0.4 and OpenMetrics 1.0 differ in how a counter's family is
//! named, in what a help text escapes, in the spelling of a bucket's bound, and in the
//! closing line. Sources: prometheus.io "Exposition formats"; the OpenMetrics specification.

use crate::family::{Family, Kind, Labels, Sample};
use aegis_model::units::Seconds;
use std::fmt::Write;

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`.
    Prometheus,
    /// `application/openmetrics-text; version=1.0.0`.
    OpenMetrics,
}

/// A label's value: backslash, quote and line feed are escaped.
#[must_use]
pub fn escape_label(value: &str) -> String {
    escape(value, &['\\', '"'])
}

/// A help text: OpenMetrics escapes quotes too.
#[must_use]
pub fn escape_help(text: &str, format: Format) -> String {
    match format {
        Format::Prometheus => escape(text, &['\\']),
        Format::OpenMetrics => escape(text, &['\\', '"']),
    }
}

fn escape(text: &str, marked: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            c if marked.contains(&c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A value as Go's and Python's parsers read it.
#[must_use]
pub fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        String::from(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        value.to_string()
    }
}

/// A bucket's upper bound: OpenMetrics wants a float to look like one.
#[must_use]
pub fn bound(value: f64, format: Format) -> String {
    let text = number(value);
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
    if format == Format::OpenMetrics && is_whole {
        text + ".0"
    } else {
        text
    }
}

/// Name after `# HELP` and `# TYPE`.
fn family_name(family: &Family, format: Format) -> String {
    match (format, family.kind) {
        (Format::Prometheus, Kind::Counter) => format!("{}_total", family.name),
        _ => family.name.into(),
    }
}

/// Writes the lines that open a family.
pub(crate) fn write_head(out: &mut String, family: &Family, format: Format) {
    let name = family_name(family, format);
    let help = escape_help(family.help, format);
    let kind = family.kind.as_str();
    line(out, &format!("# HELP {name} {help}"));
    line(out, &format!("# TYPE {name} {kind}"));
    if let (Format::OpenMetrics, Some(unit)) = (format, family.unit()) {
        line(out, &format!("# UNIT {name} {unit}"));
    }
}

/// Writes a sample, with the time of its scrape where one is given.
pub(crate) fn write_sample(
    out: &mut String,
    name: &str,
    sample: &Sample,
    at: Option<Seconds>,
    format: Format,
) {
    if sample.is_created() && format == Format::Prometheus {
        return;
    }
    let series = series(name, sample.suffix, &sample.labels, format);
    line(out, &stamped(&series, sample.value, at, format));
}

/// A series as a sample's line opens: its name and labels.
pub(crate) fn series(name: &str, suffix: &str, labels: &Labels, format: Format) -> String {
    format!("{name}{suffix}{}", braced(labels, format))
}

/// A sample's line.
pub(crate) fn stamped(series: &str, value: f64, at: Option<Seconds>, format: Format) -> String {
    let time = at.map_or_else(String::new, |at| time(at, format));
    format!("{series} {}{time}", number(value))
}

/// Milliseconds in Prometheus' text, seconds in OpenMetrics.
fn time(at: Seconds, format: Format) -> String {
    match format {
        Format::Prometheus => format!(" {}", (at * 1000.0) as i64),
        Format::OpenMetrics => format!(" {}", number(at)),
    }
}

fn braced(labels: &Labels, format: Format) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs = labels.iter().map(|(key, value)| {
        let value = match (*key, value.parse()) {
            ("le", Ok(upper)) => bound(upper, format),
            _ => escape_label(value),
        };
        format!("{key}=\"{value}\"")
    });
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

pub(crate) fn line(out: &mut String, text: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_labels_are_escaped() {
        assert_eq!(escape_label("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
        assert_eq!(escape_help("\"x\"", Format::Prometheus), "\"x\"");
        assert_eq!(escape_help("\"x\"", Format::OpenMetrics), "\\\"x\\\"");
    }

    #[test]
    fn numbers_are_those_of_the_format() {
        assert_eq!(number(f64::INFINITY), "+Inf");
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(0.25), "0.25");
        assert_eq!(bound(1.0, Format::Prometheus), "1");
        assert_eq!(bound(1.0, Format::OpenMetrics), "1.0");
        assert_eq!(bound(f64::INFINITY, Format::OpenMetrics), "+Inf");
    }
}
