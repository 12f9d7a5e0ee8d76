//! Scores as tables in markdown: for the terminal and for documentation alike.

use super::play::Agent;
use super::tally::{OfScenario, Scores};
use crate::paired::Difference;
use std::fmt::Write as _;

/// The tables.
#[must_use]
pub fn text(scores: &Scores) -> String {
    let mut text = format!(
        "SLO minutes lost, means over {} seeds; differences are paired, with 95 % intervals (Student's t).\n\n",
        scores.seeds
    );
    head(&mut text, scores);
    scores.scenarios.iter().for_each(|one| row(&mut text, one));
    row(&mut text, &scores.all);
    agents(&mut text, scores);
    text
}

fn head(text: &mut String, scores: &Scores) {
    let names: Vec<&str> = scores.agents.iter().map(|agent| agent.name()).collect();
    let (first, others) = names.split_first().map_or(("", &[][..]), |(a, b)| (*a, b));
    let less = others.iter().map(|other| format!("{first} − {other}"));
    let heads: Vec<String> = names.iter().map(ToString::to_string).chain(less).collect();
    let _ = writeln!(text, "| scenario | {} | mended |", heads.join(" | "));
    let _ = writeln!(text, "|---{}|--:|", "|--:".repeat(heads.len()));
}

fn row(text: &mut String, one: &OfScenario) {
    let lost = one.lost.iter().map(|lost| format!("{lost:.2}"));
    let cells: Vec<String> = lost.chain(one.less.iter().map(difference)).collect();
    let mended: Vec<String> = one.mended.iter().map(ToString::to_string).collect();
    let _ = writeln!(
        text,
        "| {} | {} | {} |",
        one.scenario,
        cells.join(" | "),
        mended.join(", ")
    );
}

fn difference(one: &Difference) -> String {
    match one.half {
        Some(half) => format!("{:+.3} ± {half:.3}", one.mean),
        None => format!("{:+.3}", one.mean),
    }
}

fn agents(text: &mut String, scores: &Scores) {
    text.push_str("\n| agent | CPU of a play, mean | greatest | objections | amendments that passed | rounds | amended plans applied |\n|---|--:|--:|--:|--:|--:|--:|\n");
    let rows = scores.agents.iter().zip(&scores.cpu).zip(&scores.debate);
    for ((agent, (mean, greatest)), debate) in rows {
        let agent: &Agent = agent;
        let [objections, passed, rounds, applied] = debate;
        let _ = writeln!(
            text,
            "| {} | {mean:.2} s | {greatest:.2} s | {objections} | {passed} | {rounds} | {applied} |",
            agent.name()
        );
    }
}
