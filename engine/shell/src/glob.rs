//! Patterns of `case`: `*`, `?`, `[a-z]`, `[!0-9]`.

/// Whether a text fits a pattern as a whole.
pub(super) fn fits(pattern: &[u8], text: &[u8]) -> bool {
    // Where the last `*` stood, and how much of the text it was last taken to stand for.
    let (mut star, mut at, mut on) = (None, 0, 0);
    while on < text.len() {
        match step(&pattern[at..], text[on]) {
            Step::Star => {
                star = Some((at + 1, on));
                at += 1;
            }
            Step::Fits(length) => {
                at += length;
                on += 1;
            }
            Step::Differs => {
                let Some((after, from)) = star else {
                    return false;
                };
                star = Some((after, from + 1));
                (at, on) = (after, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}

/// What the head of a pattern makes of a character.
enum Step {
    Star,
    /// It fits; so much of the pattern is used up.
    Fits(usize),
    Differs,
}

fn step(pattern: &[u8], c: u8) -> Step {
    let of = |fits: bool, length: usize| match fits {
        true => Step::Fits(length),
        false => Step::Differs,
    };
    match pattern {
        [] => Step::Differs,
        [b'*', ..] => Step::Star,
        [b'?', ..] => Step::Fits(1),
        [b'\\', escaped, ..] => of(*escaped == c, 2),
        [b'[', rest @ ..] => match bracket(rest) {
            Some((set, length)) => of(is_in(set, c), length + 1),
            None => of(c == b'[', 1),
        },
        [literal, ..] => of(*literal == c, 1),
    }
}

/// What stands between brackets, and how long it is with the closing one. A `]` that comes first is part of it.
fn bracket(rest: &[u8]) -> Option<(&[u8], usize)> {
    let first = usize::from(rest.first().is_some_and(|c| matches!(c, b'!' | b'^')));
    let end = rest.iter().skip(first + 1).position(|c| *c == b']')? + first + 1;
    Some((&rest[..end], end + 1))
}

fn is_in(set: &[u8], c: u8) -> bool {
    let (negated, mut set) = match set {
        [b'!' | b'^', rest @ ..] => (true, rest),
        set => (false, set),
    };
    let mut found = false;
    while let [low, rest @ ..] = set {
        (found, set) = match rest {
            [b'-', high, rest @ ..] => (found || (*low..=*high).contains(&c), rest),
            rest => (found || *low == c, rest),
        };
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_as_a_shell_has_them() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*.yaml", "a.b.yaml", true),
            ("?", "1", true),
            ("?", "12", false),
            ("[0-9]", "7", true),
            ("[!0-9]", "7", false),
            ("[0-9]*", "7x", true),
            ("[]x]", "]", true),
            ("[", "[", true),
            ("web-?", "web-0", true),
            ("", "", true),
            ("", "a", false),
        ] {
            let found = fits(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, wanted, "{pattern} {text}");
        }
    }
}
