//! Scores for people.

use super::Scores;
use crate::share::Share;
use std::fmt::Write;

/// All of it, as tables of fixed width.
#[must_use]
pub fn text(scores: &Scores) -> String {
    let mut out = String::new();
    whole(&mut out, scores);
    groups(&mut out, scores);
    confusion(&mut out, scores);
    reliability(&mut out, scores);
    beside(&mut out, scores);
    out
}

fn shown(share: Share) -> String {
    format!("{:.2} ({} of {})", share.share(), share.hits, share.of)
}

fn whole(out: &mut String, scores: &Scores) {
    let _ = writeln!(
        out,
        "{} passed, {} failed",
        scores.a1.hits,
        scores.a1.of - scores.a1.hits
    );
    let rows = [
        ("A@1", scores.a1),
        ("A@3", scores.a3),
        ("cause", scores.cause),
        ("object", scores.object),
    ];
    for (name, share) in rows {
        let _ = writeln!(
            out,
            "{name:<8}{:<20} at least {:.3} (95 %)",
            shown(share),
            share.lower()
        );
    }
    let _ = writeln!(
        out,
        "pooled over pairs of cause and object: at least {:.3} (95 %)",
        scores.pooled_lower95
    );
    let _ = writeln!(
        out,
        "{:.3} s a case, {:.3} s at most; {} labels without a bundle",
        scores.seconds, scores.longest, scores.skipped
    );
}

fn groups(out: &mut String, scores: &Scores) {
    let _ = writeln!(out, "\n{:<44}{:<18}A@3", "", "A@1");
    for (name, (first, third)) in scores.by_system.iter().chain(&scores.by_cause) {
        let _ = writeln!(out, "{name:<44}{:<18}{}", shown(*first), shown(*third));
    }
    for (at, fold) in scores.folds.iter().enumerate() {
        let name = format!("fold {}, {} pairs", at + 1, fold.groups);
        let _ = writeln!(out, "{name:<44}{}", shown(fold.a1));
    }
}

fn confusion(out: &mut String, scores: &Scores) {
    if scores.confusion.is_empty() {
        return;
    }
    let _ = writeln!(out, "\ntaken for another");
    for row in &scores.confusion {
        let _ = writeln!(out, "{:>4}  {} as {}", row.count, row.is, row.said);
    }
}

fn reliability(out: &mut String, scores: &Scores) {
    let table = &scores.reliability;
    let _ = writeln!(out, "\nconfidence from   said   right");
    for bin in &table.bins {
        let _ = writeln!(
            out,
            "{:>15.2}  {:>5.2}   {}",
            bin.from,
            bin.said,
            shown(bin.right)
        );
    }
    let _ = writeln!(out, "Brier {:.3}, ECE {:.3}", table.brier, table.ece);
}

fn beside(out: &mut String, scores: &Scores) {
    let _ = writeln!(
        out,
        "\npublished: agents with tools, over all cases of a system; here whole bundles of {} cases are read",
        scores.a1.of
    );
    for row in scores.published {
        let _ = writeln!(
            out,
            "{:<14}{:<20}A@1 {:.2}  A@3 {:.2}  {:>6.1} s",
            row.system, row.model, row.a1, row.a3, row.seconds
        );
    }
}
