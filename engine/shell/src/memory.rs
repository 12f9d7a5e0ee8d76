//! Memory that the text of a program plainly takes: `bytearray(200 * 1024 * 1024)`, `"x" * 10**8`,
//! either of them in a loop over `range(50)` that keeps what it makes.

/// Calls that give a block of so many bytes.
const BLOCKS: [&str; 3] = ["bytearray(", "Buffer.alloc(", "numpy.zeros("];
/// Less is no matter: an interpreter takes as much by itself.
const LEAST: u64 = 1 << 20;

/// Bytes that a program takes and keeps, as far as its text says; `None` where it says nothing of the kind.
pub(super) fn taken(text: &str) -> Option<u64> {
    let blocks: u64 = BLOCKS.iter().map(|call| blocks(text, call)).sum();
    let once = blocks.saturating_add(repeated(text));
    let bytes = once.saturating_mul(rounds(text));
    (bytes >= LEAST).then_some(bytes)
}

/// The sum over all places where a call stands.
fn blocks(text: &str, call: &str) -> u64 {
    let places = text.match_indices(call);
    let sizes = places.filter_map(|(at, _)| value(&text[at + call.len()..]));
    sizes.fold(0, u64::saturating_add)
}

/// Texts and lists that are repeated: `"x" * 1024`, `[0] * 1000`.
fn repeated(text: &str) -> u64 {
    let mut sum = 0_u64;
    for (at, _) in text.match_indices('*') {
        let before = text[..at].trim_end();
        let is_power = text[at + 1..].starts_with('*') || before.ends_with('*');
        let Some(size) = unit(before).filter(|_| !is_power) else {
            continue;
        };
        let times = value(&text[at + 1..]).unwrap_or(0);
        sum = sum.saturating_add(size.saturating_mul(times));
    }
    sum
}

/// Bytes of the literal that a text ends with: of a string its length, of a list eight for each item.
fn unit(before: &str) -> Option<u64> {
    match before.chars().next_back()? {
        quote @ ('"' | '\'') => {
            let inner = &before[..before.len() - 1];
            let from = inner.rfind(quote)?;
            Some(((inner.len() - from - 1) as u64).max(1))
        }
        ']' => {
            let inner = &before[before.rfind('[')? + 1..before.len() - 1];
            Some(8 * inner.split(',').count() as u64)
        }
        _ => None,
    }
}

/// How often a loop keeps what it makes; 1 without one.
fn rounds(text: &str) -> u64 {
    let keeps = text.contains("append(") || text.contains("+=") || text.contains("] for ");
    let range = text.find("range(").filter(|_| keeps);
    let rounds = range.and_then(|at| value(&text[at + "range(".len()..]));
    rounds.unwrap_or(1)
}

/// The whole number that a sum of literals at the head of a text comes to: `1024 * 1024`, `10**6`, `1 << 20`.
fn value(text: &str) -> Option<u64> {
    let mut sum = Sum {
        rest: text.as_bytes(),
        depth: 0,
    };
    sum.shifted()
}

struct Sum<'a> {
    rest: &'a [u8],
    depth: u32,
}

impl Sum<'_> {
    fn take(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_ascii_start();
        let found = self.rest.starts_with(word.as_bytes());
        if found {
            self.rest = &self.rest[word.len()..];
        }
        found
    }

    fn shifted(&mut self) -> Option<u64> {
        let mut value = self.added()?;
        while self.take("<<") {
            let by = u32::try_from(self.added()?).ok()?;
            value = value.checked_mul(2_u64.checked_pow(by)?)?;
        }
        Some(value)
    }

    fn added(&mut self) -> Option<u64> {
        let mut value = self.multiplied()?;
        while self.take("+") {
            value = value.checked_add(self.multiplied()?)?;
        }
        Some(value)
    }

    fn multiplied(&mut self) -> Option<u64> {
        let mut value = self.power()?;
        while self.take("*") {
            value = value.checked_mul(self.power()?)?;
        }
        Some(value)
    }

    fn power(&mut self) -> Option<u64> {
        let base = self.atom()?;
        if !self.take("**") {
            return Some(base);
        }
        base.checked_pow(u32::try_from(self.power()?).ok()?)
    }

    fn atom(&mut self) -> Option<u64> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        if self.take("(") {
            let value = self.shifted()?;
            return self.take(")").then_some(value);
        }
        let mut value: Option<u64> = None;
        while let [digit, rest @ ..] = self.rest {
            match digit {
                b'0'..=b'9' => {
                    let next = value.unwrap_or(0).checked_mul(10)?;
                    value = Some(next.checked_add(u64::from(digit - b'0'))?);
                }
                b'_' if value.is_some() => {}
                _ => break,
            }
            self.rest = rest;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::taken;

    #[test]
    fn what_a_program_takes_is_read_off_its_literals() {
        let mib = 1 << 20;
        for (text, bytes) in [
            ("x = bytearray(180 * 1024 * 1024)", Some(180 * mib)),
            ("x = bytearray(200 << 20)", Some(200 * mib)),
            (
                "data = []; [data.append(\" \" * 10**6) for _ in range(200)]",
                Some(200_000_000),
            ),
            ("s = 'x' * 1024 * 1024 * 50", Some(50 * mib)),
            ("a = [0] * 10_000_000", Some(80_000_000)),
            (
                "for i in range(10):\n  l.append(bytearray(10*1024*1024))",
                Some(100 * mib),
            ),
            ("print('=' * 80)", None),
            ("y = 2 ** 30", None),
            ("print(6 * 7)", None),
            ("x = bytearray(n)", None),
        ] {
            assert_eq!(taken(text), bytes, "{text}");
        }
    }
}
