//! Lists of exceptions that may only shrink: `name number` a line, `#` for remarks.
//!
//! An entry that is no longer needed is itself a breach, and so is one whose number could be
//! smaller: what has become better stays better.

use crate::finding::Finding;
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::Path;

/// A list of names with the number that each is allowed.
#[derive(Debug, Default)]
pub struct Exceptions {
    file: &'static str,
    allowed: BTreeMap<String, (usize, usize)>,
}

impl Exceptions {
    /// Reads a list from its file under the root.
    pub fn read(root: &Path, file: &'static str) -> anyhow::Result<Self> {
        let path = root.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        Self::parse(file, &text)
    }

    /// Reads a list from its text.
    pub fn parse(file: &'static str, text: &str) -> anyhow::Result<Self> {
        let mut allowed = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (name, number) = line
                .rsplit_once(' ')
                .context("an exception is `name number`")?;
            allowed.insert(name.trim().to_owned(), (number.parse()?, index + 1));
        }
        Ok(Self { file, allowed })
    }

    /// What is allowed to that name.
    pub fn allows(&self, name: &str) -> Option<usize> {
        self.allowed.get(name).map(|(number, _)| *number)
    }

    /// Entries that say more than is needed now; `needed` holds what breaks the rule today.
    pub fn slack(&self, needed: &BTreeMap<String, usize>) -> Vec<Finding> {
        let slack = self.allowed.iter().filter_map(|(name, (number, line))| {
            let what = match needed.get(name) {
                None => format!("`{name}` needs no exception any more"),
                Some(now) if now < number => {
                    format!("`{name}` is at {now}, the exception says {number}")
                }
                Some(_) => return None,
            };
            Some(Finding::at(self.file, *line, what, "shrink the list"))
        });
        slack.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Exceptions;
    use std::collections::BTreeMap;

    #[test]
    fn a_list_only_shrinks() -> anyhow::Result<()> {
        let list = Exceptions::parse("list", "# why\na 3\nb 3 # because\n\nc 3\n")?;
        assert_eq!(list.allows("b"), Some(3));
        assert_eq!(list.allows("d"), None);
        let needed = BTreeMap::from([("b".to_owned(), 2), ("c".to_owned(), 3)]);
        let slack: Vec<String> = list
            .slack(&needed)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            slack,
            [
                "list:2: `a` needs no exception any more; shrink the list",
                "list:3: `b` is at 2, the exception says 3; shrink the list",
            ]
        );
        Ok(())
    }

    #[test]
    fn a_line_without_a_number_is_an_error() {
        assert!(Exceptions::parse("list", "a").is_err());
        assert!(Exceptions::parse("list", "a b").is_err());
    }
}
