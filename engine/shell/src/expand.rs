//! Expands words: variables, sums, and the output of commands.

use super::files::Disk;
use super::words::{Part, Word};
use super::{Halt, Shell, glob};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use smol_str::SmolStr;

impl Shell {
    /// The words that a word stands for; without quotes, expansions are split at blanks.
    pub(super) fn expand(&mut self, word: &Word, disk: &mut Disk<'_>, depth: u32) -> Vec<SmolStr> {
        let text = self.expand_one(word, disk, depth);
        let plain = word.quoted || word.parts.iter().all(|part| matches!(part, Part::Text(_)));
        if plain {
            return alloc::vec![text];
        }
        text.split_whitespace().map(SmolStr::new).collect()
    }

    /// The text that a word stands for.
    pub(super) fn expand_one(&mut self, word: &Word, disk: &mut Disk<'_>, depth: u32) -> SmolStr {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                Part::Text(more) => text.push_str(more),
                Part::Variable(name, default) => text.push_str(&self.variable(name, default)),
                Part::Sum(sum) => text.push_str(&self.sum(sum).unwrap_or(0).to_string()),
                Part::Output(command) => text.push_str(&self.output_of(command, disk, depth)),
            }
        }
        text.into()
    }

    fn variable(&mut self, name: &str, default: &str) -> SmolStr {
        match name {
            "?" => return smol_str::format_smolstr!("{}", self.status),
            "$" => return "1".into(),
            "RANDOM" => return smol_str::format_smolstr!("{}", self.random()),
            _ => {}
        }
        let plain = name.split(['%', '#', ':', '/']).next().unwrap_or(name);
        let value = self.variables.get(plain).filter(|value| !value.is_empty());
        let value = value.cloned().unwrap_or_else(|| default.into());
        cut(&value, &name[plain.len()..])
    }

    /// The next of bash's random numbers, 0..=32767.
    fn random(&mut self) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) & 0x7fff
    }

    /// What a command prints, without the line's end; its own changes stay inside it.
    fn output_of(&mut self, command: &str, disk: &mut Disk<'_>, depth: u32) -> SmolStr {
        if depth == 0 {
            return SmolStr::default();
        }
        let ops = super::compile_text(command);
        let mut inner = self.clone();
        inner.output.clear();
        let (_, halt) = inner.go(&ops, 0, disk, depth - 1);
        self.status = match halt {
            Halt::Ended(status) => status,
            _ => 0,
        };
        inner.output.trim_end_matches('\n').into()
    }

    /// `1 + a * 2`; `None` where it is no sum of numbers.
    pub(super) fn sum(&mut self, text: &str) -> Option<i64> {
        let mut sum = Sum {
            text: text.as_bytes(),
            shell: self,
            depth: 0,
        };
        let value = sum.compared()?;
        sum.blank();
        sum.text.is_empty().then_some(value)
    }
}

/// A value without what a pattern fits at its head (`#`, `##`) or its tail (`%`, `%%`): the least, or the most.
fn cut(value: &SmolStr, how: &str) -> SmolStr {
    let ends = || (0..=value.len()).filter(|at| value.is_char_boundary(*at));
    let fits = |pattern: &str, text: &str| glob::fits(pattern.as_bytes(), text.as_bytes());
    let head = |pattern: &str, at: &usize| fits(pattern, &value[..*at]);
    let tail = |pattern: &str, at: &usize| fits(pattern, &value[*at..]);
    let found = if let Some(pattern) = how.strip_prefix("##") {
        ends()
            .rev()
            .find(|at| head(pattern, at))
            .map(|at| &value[at..])
    } else if let Some(pattern) = how.strip_prefix('#') {
        ends().find(|at| head(pattern, at)).map(|at| &value[at..])
    } else if let Some(pattern) = how.strip_prefix("%%") {
        ends().find(|at| tail(pattern, at)).map(|at| &value[..at])
    } else if let Some(pattern) = how.strip_prefix('%') {
        ends()
            .rev()
            .find(|at| tail(pattern, at))
            .map(|at| &value[..at])
    } else {
        None
    };
    found.map_or_else(|| value.clone(), SmolStr::new)
}

/// Reads a sum from left to right.
struct Sum<'a> {
    text: &'a [u8],
    shell: &'a mut Shell,
    depth: u32,
}

impl Sum<'_> {
    fn blank(&mut self) {
        self.text = self.text.trim_ascii_start();
    }

    fn take(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        self.blank();
        let found = operators
            .iter()
            .find(|one| self.text.starts_with(one.as_bytes()))?;
        self.text = &self.text[found.len()..];
        Some(found)
    }

    fn compared(&mut self) -> Option<i64> {
        let left = self.added()?;
        let Some(operator) = self.take(&["<=", ">=", "==", "!=", "<", ">"]) else {
            return Some(left);
        };
        let right = self.added()?;
        Some(i64::from(match operator {
            "<=" => left <= right,
            ">=" => left >= right,
            "==" => left == right,
            "!=" => left != right,
            "<" => left < right,
            _ => left > right,
        }))
    }

    fn added(&mut self) -> Option<i64> {
        let mut value = self.multiplied()?;
        while let Some(operator) = self.take(&["+", "-"]) {
            let right = self.multiplied()?;
            value = match operator {
                "+" => value.checked_add(right)?,
                _ => value.checked_sub(right)?,
            };
        }
        Some(value)
    }

    fn multiplied(&mut self) -> Option<i64> {
        let mut value = self.atom()?;
        while let Some(operator) = self.take(&["*", "/", "%"]) {
            let right = self.atom()?;
            value = match operator {
                "*" => value.checked_mul(right)?,
                "/" => value.checked_div(right)?,
                _ => value.checked_rem(right)?,
            };
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        if self.take(&["("]).is_some() {
            let value = self.compared()?;
            self.take(&[")"])?;
            return Some(value);
        }
        if self.take(&["-"]).is_some() {
            return self.atom()?.checked_neg();
        }
        self.take(&["$"]);
        let length = self
            .text
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric() || **c == b'_')
            .count();
        let (word, rest) = self.text.split_at(length);
        self.text = rest;
        let word = core::str::from_utf8(word)
            .ok()
            .filter(|word| !word.is_empty())?;
        match word.parse() {
            Ok(number) => Some(number),
            Err(_) => Some(self.shell.variable(word, "0").parse().unwrap_or(0)),
        }
    }
}
