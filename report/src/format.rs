//! Numbers, times and hostile text, for people.
//!
//! Text from a cluster is data: nothing in it may move a cursor, open a tag or end a comment.

/// `mm:ss` since the run's start, minutes unbounded; negative in the observed past.
#[must_use]
pub fn clock(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let size = seconds.unsigned_abs();
    format!("{sign}{:02}:{:02}", size / 60, size % 60)
}

/// A length of time: `41 s`, `3 min 23 s`, `2 h 05 min`.
#[must_use]
pub fn length(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    match size {
        0..60 => format!("{size} s"),
        60..3600 if size.is_multiple_of(60) => format!("{} min", size / 60),
        60..3600 => format!("{} min {} s", size / 60, size % 60),
        _ => format!("{} h {:02} min", size / 3600, size % 3600 / 60),
    }
}

/// A length of time that is missing where the thing did not happen.
#[must_use]
pub fn length_or_never(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "never".into(), length)
}

/// A number with that many decimals; what is no number is said so, and no zero is negative.
#[must_use]
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "n/a".into();
    }
    let text = format!("{value:.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero {
        text.trim_start_matches('-').into()
    } else {
        text
    }
}

/// A share as percent with as many decimals as tell it from 100 %, at most three.
#[must_use]
pub fn percent(share: f64) -> String {
    let decimals = match (1.0 - share).abs() {
        rest if rest < 0.001 && rest > 0.0 => 3,
        rest if rest < 0.01 && rest > 0.0 => 2,
        rest if rest < 0.1 && rest > 0.0 => 1,
        _ => 0,
    };
    let number = fixed(share * 100.0, decimals);
    let short = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number.as_str(),
    };
    format!("{short} %")
}

/// Seconds as `250 ms` or `1.20 s`.
#[must_use]
pub fn latency(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{} ms", fixed(seconds * 1000.0, 0))
    } else {
        format!("{} s", fixed(seconds, 2))
    }
}

/// `1 plan`, `2 plans`.
#[must_use]
pub fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}

/// Text on one line without control characters, so that it cannot steer a terminal or leave a comment.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Control characters, line separators, and what turns the direction of writing.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text within HTML or SVG, in content and in quoted attributes.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Text within `<pre>`: as [`html`], line feeds kept.
#[must_use]
pub fn html_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(html).collect();
    lines.join("\n")
}

/// A command of several lines on one.
#[must_use]
pub fn one_line(command: &str) -> String {
    let lines: Vec<&str> = command.lines().map(str::trim_end).collect();
    lines.join(" ⏎ ")
}

/// Text within markdown: nothing in it is markup, nor ends a table's cell.
#[must_use]
pub fn markdown(text: &str) -> String {
    const MARKUP: &str = "\\`*_[]|#~$!";
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if MARKUP.contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Code within markdown: fenced by more backticks than it holds.
#[must_use]
pub fn markdown_code(text: &str) -> String {
    let text = clean(text);
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted)
        .map(str::len)
        .max()
        .unwrap_or_default()
}

/// Text within a quoted label of a mermaid diagram.
#[must_use]
pub fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '`' => out.push_str("#96;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_on_a_watch() {
        assert_eq!(clock(242), "04:02");
        assert_eq!(clock(-90), "-01:30");
        assert_eq!(length(41), "41 s");
        assert_eq!(length(203), "3 min 23 s");
        assert_eq!(length(120), "2 min");
        assert_eq!(length(7500), "2 h 05 min");
        assert_eq!(length_or_never(None), "never");
    }

    #[test]
    fn numbers_keep_what_matters() {
        assert_eq!(percent(0.995), "99.5 %");
        assert_eq!(percent(0.9995), "99.95 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.25), "25 %");
        assert_eq!(latency(0.8), "800 ms");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(f64::NAN, 2), "n/a");
    }

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(html("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(markdown("a|b_c"), "a\\|b\\_c");
        assert_eq!(markdown_code("a`b"), "``a`b``");
        assert_eq!(mermaid("a\"];b"), "a#quot;];b");
    }
}
