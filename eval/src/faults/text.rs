//! Scores as tables in markdown: for the terminal and for documentation alike.

use super::tally::{Named, Scores};
use crate::share::Share;
use std::fmt::Write as _;

/// The tables.
#[must_use]
pub fn text(scores: &Scores) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} cases that users feel, {} that they do not and that are left out.\n",
        scores.felt, scores.unfelt
    );
    for (application, seed, ground) in &scores.redrawn {
        let _ = writeln!(
            text,
            "On seed {seed} users of {application} are not served with nothing laid: seed {ground} instead.\n"
        );
    }
    text.push_str("| what | share | n | lower 95 % bound |\n|---|--:|--:|--:|\n");
    row(&mut text, "cause first", scores.named.top1);
    row(&mut text, "cause among three", scores.named.top3);
    row(&mut text, "mended at the end", scores.mended);
    row(
        &mut text,
        "of it within reach of the API",
        scores.mended_in_reach,
    );
    row(&mut text, "made worse", scores.made_worse);
    row(&mut text, "controls left alone", scores.left_alone);
    if let Some((median, ninety)) = scores.located_s {
        let _ = writeln!(
            text,
            "\nA right diagnosis that stays comes {median} s after onset (median; nine of ten by {ninety} s). SLO minutes lost: {:.0} with nobody acting, {:.0} with Sentinel.",
            scores.slo_minutes.0, scores.slo_minutes.1
        );
    }
    minds(&mut text, scores);
    reliability(&mut text, scores);
    faults(&mut text, scores);
    text
}

fn row(text: &mut String, what: &str, share: Share) {
    let (value, lower) = (share.share(), share.lower());
    let _ = writeln!(text, "| {what} | {value:.3} | {} | {lower:.3} |", share.of);
}

fn minds(text: &mut String, scores: &Scores) {
    text.push_str("\n| mind | first | among three |\n|---|--:|--:|\n");
    let all = [("Sentinel", &scores.named)];
    let baselines = scores.baselines.iter().map(|(name, named)| (*name, named));
    for (name, Named { top1, top3 }) in all.into_iter().chain(baselines) {
        let _ = writeln!(
            text,
            "| {name} | {:.3} | {:.3} |",
            top1.share(),
            top3.share()
        );
    }
}

fn reliability(text: &mut String, scores: &Scores) {
    let table = &scores.reliability;
    let _ = writeln!(
        text,
        "\nBrier score {:.3}, expected calibration error {:.3}.\n",
        table.brier, table.ece
    );
    text.push_str("| said from | mean said | right | n |\n|--:|--:|--:|--:|\n");
    for bin in &table.bins {
        let (said, right) = (bin.said, bin.right.share());
        let _ = writeln!(
            text,
            "| {:.2} | {said:.3} | {right:.3} | {} |",
            bin.from, bin.right.of
        );
    }
}

fn faults(text: &mut String, scores: &Scores) {
    text.push_str("\n| fault | n | first | among three | mended | said instead |\n|---|--:|--:|--:|--:|---|\n");
    for (fault, row) in &scores.faults {
        if row.named.top1.of == 0 {
            continue;
        }
        let others = row.confused_with.iter();
        let others: Vec<String> = others.map(|(said, n)| format!("{said} {n}")).collect();
        let _ = writeln!(
            text,
            "| {fault} | {} | {} | {} | {} | {} |",
            row.named.top1.of,
            row.named.top1.hits,
            row.named.top3.hits,
            row.mended.hits,
            others.join(", ")
        );
    }
}
