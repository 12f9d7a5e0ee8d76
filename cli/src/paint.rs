//! Colour, or none.

use aegis_report::{Text, Tone};

/// Whether escape sequences may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// With colour.
    Ansi,
    /// Without.
    Plain,
}

impl Paint {
    /// What is wrong.
    pub fn red(self, text: &str) -> String {
        self.code("1;31", text)
    }

    /// What may be wrong.
    pub fn yellow(self, text: &str) -> String {
        self.code("1;33", text)
    }

    /// What is well.
    pub fn green(self, text: &str) -> String {
        self.code("32", text)
    }

    /// What helps.
    pub fn cyan(self, text: &str) -> String {
        self.code("36", text)
    }

    /// What matters.
    pub fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    /// What may be skipped.
    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    fn code(self, code: &str, text: &str) -> String {
        match self {
            Self::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// A text of the report, with the looks of its meaning.
pub fn toned(text: &Text, paint: Paint) -> String {
    if paint == Paint::Plain {
        return text.to_string();
    }
    let line = |line: &aegis_report::Line| {
        let spans = line.0.iter().map(|span| tone(span.tone, &span.text, paint));
        spans.collect::<String>() + "\n"
    };
    text.0.iter().map(line).collect()
}

fn tone(tone: Tone, text: &str, paint: Paint) -> String {
    match tone {
        Tone::Plain => text.to_owned(),
        Tone::Title | Tone::Strong => paint.bold(text),
        Tone::Faint => paint.dim(text),
        Tone::Good => paint.green(text),
        Tone::Warn => paint.yellow(text),
        Tone::Bad => paint.red(text),
        Tone::Command => paint.cyan(text),
    }
}

/// Text of a stranger, without what a terminal would obey. Its bytes keep their places.
pub fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && !matches!(letter, '\n' | '\t') {
            safe.extend(std::iter::repeat_n('?', letter.len_utf8()));
        } else {
            safe.push(letter);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_strangers_do_nothing() {
        let text = "a\x1b[2Jb\u{9b}c\td\n";
        let safe = harmless(text);
        assert_eq!(safe, "a?[2Jb??c\td\n");
        assert_eq!(safe.len(), text.len());
    }
}
