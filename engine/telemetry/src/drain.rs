//! Template mining of log lines: Drain, as published (He, Zhu, Zheng, Lyu: "Drain: An Online Log
//! Parsing Approach with Fixed Depth Tree", ICWS 2017), with the depth and similarity given there.
//!
//! A line goes down a tree of fixed depth by its number of tokens and its first tokens, then joins
//! the most similar group of the leaf, or founds one. Groups keep `<*>` where their lines differ.

use std::collections::BTreeMap;

/// Depth of the tree, root and leaves included, as published.
pub const DEPTH: usize = 4;
/// Share of equal tokens from which a line joins a group, as published for most data sets.
pub const SIMILARITY: f64 = 0.4;
/// Children of a node at most; what does not fit goes by the wildcard, as published.
pub const MAX_CHILDREN: usize = 100;
/// What stands for a variable part.
pub const WILDCARD: &str = "<*>";
/// Tokens of a line that are looked at: the rest of a very long line says no more.
const MAX_TOKENS: usize = 60;

/// Groups of lines that say the same.
#[derive(Debug, Default)]
pub struct Drain {
    root: BTreeMap<usize, Node>,
    groups: Vec<Vec<String>>,
}

#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<String, Node>,
    groups: Vec<usize>,
}

impl Drain {
    /// The group of a line, a new one if it is like none before.
    pub fn group(&mut self, line: &str) -> usize {
        let tokens: Vec<String> = line
            .split_whitespace()
            .take(MAX_TOKENS)
            .map(masked)
            .collect();
        let leaf = leaf(&mut self.root, &tokens);
        let best = leaf
            .groups
            .iter()
            .map(|group| (similarity(&self.groups[*group], &tokens), *group))
            .max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
        match best {
            Some((likeness, group)) if likeness >= SIMILARITY => {
                widen(&mut self.groups[group], &tokens);
                group
            }
            _ => {
                leaf.groups.push(self.groups.len());
                self.groups.push(tokens);
                self.groups.len() - 1
            }
        }
    }

    /// What the lines of a group have in common.
    #[must_use]
    pub fn template(&self, group: usize) -> String {
        self.groups
            .get(group)
            .map(|tokens| tokens.join(" "))
            .unwrap_or_default()
    }
}

fn leaf<'a>(root: &'a mut BTreeMap<usize, Node>, tokens: &[String]) -> &'a mut Node {
    let mut node = root.entry(tokens.len()).or_default();
    for token in tokens.iter().take(DEPTH - 2) {
        let known = node.children.contains_key(token);
        let full = node.children.len() >= MAX_CHILDREN;
        let key = if token.contains(WILDCARD) || (full && !known) {
            WILDCARD
        } else {
            token
        };
        node = node.children.entry(key.to_owned()).or_default();
    }
    node
}

#[expect(clippy::cast_precision_loss, reason = "a few dozen tokens")]
fn similarity(group: &[String], tokens: &[String]) -> f64 {
    let equal = group
        .iter()
        .zip(tokens)
        .filter(|(one, other)| one == other)
        .count();
    equal as f64 / tokens.len().max(1) as f64
}

fn widen(group: &mut [String], tokens: &[String]) {
    for (kept, token) in group.iter_mut().zip(tokens) {
        if kept != token {
            WILDCARD.clone_into(kept);
        }
    }
}

/// A token without what plainly varies: numbers, addresses, ids.
fn masked(token: &str) -> String {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let long_hex = token.len() >= 8 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits > 0 && (digits * 3 >= token.len() || long_hex || digits >= 6) {
        WILDCARD.to_owned()
    } else {
        token.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Drain;

    #[test]
    fn lines_that_differ_in_their_variables_share_a_template() {
        let mut drain = Drain::default();
        let first = drain.group("dial tcp 10.0.0.1:8080: connect: connection refused");
        let second = drain.group("dial tcp 10.9.3.7:8080: connect: connection refused");
        let other = drain.group("user bob logged in");
        assert_eq!(first, second);
        assert_ne!(first, other);
        assert_eq!(
            drain.template(first),
            "dial tcp <*> connect: connection refused"
        );
    }

    #[test]
    fn words_that_vary_become_variables() {
        let mut drain = Drain::default();
        let one = drain.group("order of alice failed with status bad");
        assert_eq!(one, drain.group("order of bob failed with status worse"));
        assert_eq!(drain.template(one), "order of <*> failed with status <*>");
    }
}
