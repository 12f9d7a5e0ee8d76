//! A text to pieces with one document each.
//!
//! A line that starts with `---` or `...` and a blank always parts YAML documents
//! (YAML 1.2, 9.1.2), so an error in one piece does not hide those in others.

use crate::place::Span;

/// The pieces that hold more than comments, blank lines and directives.
pub fn split(text: &str) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut piece = Span { start: 0, end: 0 };
    for line in text.split_inclusive('\n') {
        let start = piece.end;
        let end = start + line.len();
        if is_marker(line, "---") {
            pieces.push(piece);
            piece = Span { start, end };
        } else if is_marker(line, "...") {
            pieces.push(piece);
            piece = Span { start: end, end };
        } else {
            piece.end = end;
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| has_content(&text[piece.start..piece.end]));
    pieces
}

fn is_marker(line: &str, marker: &str) -> bool {
    let rest = line.strip_prefix(marker);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn has_content(piece: &str) -> bool {
    piece.lines().any(|line| {
        let line = line.strip_prefix("---").unwrap_or(line).trim_start();
        !line.is_empty() && !line.starts_with(['#', '%'])
    })
}

#[cfg(test)]
mod tests {
    use super::split;

    fn pieces(text: &str) -> Vec<&str> {
        let spans = split(text);
        spans.iter().map(|s| &text[s.start..s.end]).collect()
    }

    #[test]
    fn documents_are_parted_at_markers() {
        assert_eq!(pieces("a: 1\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
        assert_eq!(pieces("---\n# only\n---\n\n--- {c: 3}\n"), ["--- {c: 3}\n"]);
        assert_eq!(
            pieces("%YAML 1.2\n---\na: 1\n...\nb: 2"),
            ["---\na: 1\n", "b: 2"]
        );
        assert_eq!(pieces("a: ---x\n----\n"), ["a: ---x\n----\n"]);
        assert!(pieces("").is_empty());
    }
}
