//! The rules, a file per subject. A rule looks at the tree and says what breaks it, no more.

pub mod absent;
pub mod settings;
pub mod sizes;
pub mod supply;
pub mod walls;

use crate::finding::Finding;
use crate::tree::Tree;

#[cfg(test)]
mod tests;

/// A rule.
pub type Rule = fn(&Tree) -> Vec<Finding>;

/// All of them, with the name under which `tidy` reports them.
pub const RULES: &[(&str, Rule)] = &[
    ("rooms", walls::rooms),
    ("may use", walls::may_use),
    ("no oracle", walls::no_oracle),
    ("no effect by dependency", walls::no_effectful_crates),
    ("no_std", walls::no_std),
    ("absent words", absent::words),
    ("absent imports", absent::imports),
    ("unsafe", absent::unsafe_code),
    ("panics", absent::panics),
    ("opening", sizes::opening),
    ("file length", sizes::files),
    ("function length", sizes::functions),
    ("crate length", sizes::crates),
    ("lints", settings::lints),
    ("clippy settings", settings::clippy),
    ("links", settings::links),
    ("licences", supply::licences),
    ("sources", supply::sources),
    ("duplicate versions", supply::duplicates),
    ("graph size", supply::graph),
];

/// What every rule says, in order of place, each place once per message.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|(_, rule)| rule(tree)).collect();
    findings.sort();
    findings.dedup();
    findings
}
