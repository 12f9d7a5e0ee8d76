//! `xtask tidy`: reads the house, applies every rule, prints what breaks it and how long functions are.

use crate::rules::{RULES, check};
use crate::source::Source;
use crate::tree::Tree;
use std::process::ExitCode;

/// Checks the workspace; 0 when it is tidy, 1 when something breaks a rule.
pub fn tidy() -> anyhow::Result<ExitCode> {
    let tree = Tree::read()?;
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    println!("{}", figures(&tree));
    println!("tidy: {} rules, {} breaches", RULES.len(), findings.len());
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the house measures now, in three lines.
fn figures(tree: &Tree) -> String {
    let lines: usize = tree.sources.iter().map(Source::lines).sum();
    let foreign = tree.metadata.built_for("aegis").len();
    format!(
        "{} crates of ours, {} files, {lines} lines; {foreign} crates in the graph of aegis\n{}\n{}",
        tree.metadata.members.len(),
        tree.sources.len(),
        lengths(tree, "functions", |source, at| !source.is_test(at)),
        lengths(tree, "tests", Source::is_test),
    )
}

/// Median, p90 and p99 of the lengths of the functions that `pick` takes.
fn lengths(tree: &Tree, title: &str, pick: impl Fn(&Source, usize) -> bool) -> String {
    let picked = tree.sources.iter().flat_map(|source| {
        source
            .functions
            .iter()
            .filter(|function| pick(source, function.span.start))
    });
    let mut lines: Vec<usize> = picked.map(|function| function.lines).collect();
    lines.sort_unstable();
    format!(
        "{} {title}, lines: median {}, p90 {}, p99 {}, longest {}",
        lines.len(),
        percentile(&lines, 50),
        percentile(&lines, 90),
        percentile(&lines, 99),
        percentile(&lines, 100),
    )
}

/// The nearest-rank percentile of sorted values; 0 of none.
fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_nearest_rank() {
        let sorted: Vec<usize> = (1..=10).collect();
        let check = |percent, value| assert_eq!(percentile(&sorted, percent), value, "p{percent}");
        check(50, 5);
        check(90, 9);
        check(99, 10);
        assert_eq!(percentile(&[], 50), 0);
    }
}
