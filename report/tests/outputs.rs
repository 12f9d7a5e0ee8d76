//! What the outputs say, that any cut of a log has all of them, and that hostile text stays text.

mod common;

use aegis_model::{RunEvent, Stamped};
use aegis_report::{
    ExplainError, Facts, Names, Story, chronicle, explain, html, line, plan_sh, summary, terminal,
    topology_mermaid, why_not,
};
use common::{facts, healthy, mended};
use proptest::prelude::*;
use std::io::Write;
use std::process::{Command, Stdio};

/// Every output of a log.
struct Outputs {
    terminal: String,
    lines: Vec<String>,
    page: String,
    chronicle: String,
    mermaid: String,
    plan: String,
    explain: String,
}

fn outputs(events: &[Stamped], facts: &Facts) -> Outputs {
    let story = Story::tell(events);
    let summary = summary(&story, facts);
    let mut names = Names::default();
    let mut lines = Vec::new();
    for stamped in events {
        if let RunEvent::Observed(delta) = &stamped.event {
            names.read(delta);
        }
        lines.extend(line(stamped, &names).map(|line| line.to_string()));
    }
    Outputs {
        terminal: terminal(&story, &summary, facts).to_string(),
        lines,
        page: html(&story, &summary, facts),
        chronicle: chronicle(&story, &summary, facts),
        mermaid: topology_mermaid(&story),
        plan: plan_sh(&story, facts),
        explain: explain(&story).to_string(),
    }
}

/// Every tag is closed by its own, in order.
fn is_balanced(page: &str) -> Result<(), String> {
    const EMPTY: [&str; 2] = ["meta", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split(['>', ' ', '/']).next().unwrap_or_default();
        if let Some(closing) = part.strip_prefix('/') {
            let closing = closing.split('>').next().unwrap_or_default();
            let opened = open.pop();
            if opened != Some(closing) {
                return Err(format!("{opened:?} is closed by {closing}"));
            }
        } else if !EMPTY.contains(&tag)
            && tag != "br"
            && !part.split('>').next().unwrap_or_default().ends_with('/')
        {
            open.push(tag);
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("left open: {open:?}"))
    }
}

/// Whether a shell can read a script.
fn shell_reads(script: &str) -> bool {
    let child = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn();
    let mut child = child.expect("a shell");
    let mut stdin = child.stdin.take().expect("its standard input");
    stdin.write_all(script.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait().expect("it ends").success()
}

#[test]
fn the_terminal_answers_what_a_tired_engineer_asks() {
    let text = outputs(&mended(), &facts()).terminal;
    let parts = [
        "MENDED",
        "What broke",
        "memory leak · Deployment/default/cartservice  confidence 0.91",
        "also considered:",
        "but predicts no restarts; 3 were seen",
        "roll cartservice back to its previous revision: chosen",
        "fails durability",
        "kubectl rollout undo deployment/cartservice -n default",
        "frontend: 99.5 % succeed, 99 % below 800 ms · met now · missed for 165 s",
        "2.75 SLO minutes lost; detected after 45 s, located after 1 min, mended after 3 min",
        "20 extra pod-seconds",
        "The diagnosis is right.",
    ];
    let mut from = 0;
    for part in parts {
        let at = text[from..].find(part);
        from += at.unwrap_or_else(|| panic!("no `{part}` after {from} in\n{text}"));
    }
}

#[test]
fn the_story_is_told_line_by_line() {
    let lines = outputs(&mended(), &facts()).lines;
    let wanted = [
        "  01:30  change       Deployment/default/currencyservice spec.replicas 2 → 1 by user:deployer",
        "  03:45  symptom      frontend burns its budget 14× over 30 s and 5 s  1.0",
        "  04:00  hypotheses   memory_leak cartservice 0.91 · cache_too_small redis-cart 0.05 · unknown 0.03",
        "  04:30  apply        kubectl rollout undo deployment/cartservice -n default",
        "  12:00  ended        mended",
    ];
    for line in wanted {
        assert!(
            lines.iter().any(|found| found == line),
            "{line}\n{lines:#?}"
        );
    }
    assert_eq!(lines.len(), 16, "{lines:#?}");
}

#[test]
fn the_page_shows_every_part_and_fetches_nothing() {
    let page = outputs(&mended(), &facts()).page;
    for id in [
        "timeline", "users", "spread", "cause", "plans", "done", "watch", "after",
    ] {
        assert!(page.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    for outside in [
        "<script", "http:", "https:", "url(h", "@import", "<link", "<img", " style=", " onload",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(is_balanced(&page), Ok(()));
    let drawings = page.matches("<svg viewBox=\"0 0 ").count();
    assert_eq!(
        drawings,
        page.matches("\" role=\"img\" aria-label=\"").count()
    );
    assert!(drawings >= 10, "{drawings}");
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
    assert!(page.len() < 400_000, "{}", page.len());
}

#[test]
fn the_blamed_change_is_told_from_the_decoy() {
    let page = outputs(&mended(), &facts()).page;
    let number = |class: &str| {
        page.matches(&format!("<circle class=\"mark {class}\""))
            .count()
    };
    assert_eq!((number("blamed"), number("decoy")), (1, 1));
}

#[test]
fn the_chronicle_derives_its_follow_ups() {
    let text = outputs(&mended(), &facts()).chronicle;
    let titles: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    let wanted = [
        "## Summary",
        "## Impact",
        "## Timeline",
        "## Root cause",
        "## What was done",
        "## What went well",
        "## What went badly",
        "## Follow-ups",
        "## About this run",
    ];
    assert_eq!(titles, wanted);
    assert!(text.contains("Find out why this change passed review"));
    assert!(text.contains("within its predicted 95 % band in 11 of 11 bins"));
}

#[test]
fn the_diagram_joins_services_to_their_workloads() {
    let text = outputs(&mended(), &facts()).mermaid;
    assert!(text.starts_with("flowchart LR\n"));
    assert!(text.contains("v0([\"frontend<br/>"));
    assert!(text.contains("v2[\"cause: cartservice<br/>"));
    assert!(text.contains("v1 -.->|\""), "{text}");
    assert_eq!(text.matches("| v").count(), common::EDGES.len());
}

#[test]
fn the_script_applies_waits_and_takes_back() {
    let script = outputs(&mended(), &facts()).plan;
    assert!(script.starts_with("#!/bin/sh\n"));
    assert!(script.contains("set -eu\n"));
    assert!(script.contains("kubectl rollout undo deployment/cartservice -n default\n"));
    assert!(script.contains("kubectl rollout status deployment/cartservice"));
    assert!(script.contains("undo)\n"));
    assert!(shell_reads(&script), "{script}");
}

#[test]
fn with_nothing_done_the_script_does_nothing() {
    let script = outputs(&healthy(), &facts()).plan;
    assert!(script.ends_with("exit 0\n"));
    assert!(!script.contains("kubectl"));
}

#[test]
fn a_plan_that_was_taken_back_is_not_in_the_script() {
    let mut events = mended();
    let at = events.len() - 1;
    let undone = RunEvent::Undone {
        plan: "9f3a61c2".into(),
        why: "the loss left its band".into(),
        kubectl: vec![
            "kubectl rollout undo deployment/cartservice -n default --to-revision=2".into(),
        ],
    };
    let (n, t) = (at as u64, 600);
    events.insert(
        at,
        Stamped {
            n,
            t,
            event: undone,
        },
    );
    let outputs = outputs(&events, &facts());
    assert!(outputs.plan.contains("taken back within the run: 9f3a61c2"));
    assert!(outputs.plan.ends_with("exit 0\n"));
    assert!(
        outputs
            .terminal
            .contains("taken back: the loss left its band")
    );
    let story = Story::tell(&events);
    assert_eq!(summary(&story, &facts()).undone, 1);
    assert_eq!(story.commands().len(), 2);
}

#[test]
fn explaining_gives_the_numbers_that_decided() {
    let text = outputs(&mended(), &facts()).explain;
    for part in [
        "142.6",
        "1722000",
        "0.938",
        "watched 11 bins: 0 above",
        "confirmed: log Z",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn why_not_this_plan_or_that_hypothesis() {
    let events = mended();
    let story = Story::tell(&events);
    let plan = why_not(&story, "51be").expect("a plan").to_string();
    assert!(plan.contains("9f3a61c2 is at least as good in every aim"));
    assert!(plan.contains("lost less in 12 of 12 equal draws"));
    let restart = why_not(&story, "c40d9e18").expect("a plan").to_string();
    assert!(restart.contains("does not last"));
    let rival = why_not(&story, "cache_too_small redis-cart")
        .expect("a hypothesis")
        .to_string();
    assert!(rival.contains("11.6 nats below the leader's"));
    assert!(rival.contains("against it: predicts no restarts"));
    let chosen = why_not(&story, "9f3a61c2").expect("a plan").to_string();
    assert!(chosen.contains("It was chosen."));
    let Err(ExplainError::Unknown { known, .. }) = why_not(&story, "nonsense") else {
        panic!("nonsense was explained");
    };
    assert!(known.contains("51be07aa") && known.contains("memory_leak cartservice"));
    assert!(why_not(&story, "").is_err());
}

/// The made-up run with a name put into every place where text from a cluster comes in.
fn renamed(name: &str) -> Vec<Stamped> {
    let text = serde_json::to_string(&mended()).expect("events are JSON");
    let name = serde_json::to_string(name).expect("a text is JSON");
    let name = name.trim_matches('"');
    // No object's name holds a slash; any other text may.
    let text = text.replace("cartservice", &name.replace('/', ""));
    let texts = [
        "connection refused",
        "working set",
        "predicts no",
        "roll ",
        "usual rate",
        "lower bound",
    ];
    let text = texts
        .iter()
        .fold(text, |text, part| text.replace(part, name));
    serde_json::from_str(&text).expect("still events")
}

const HOSTILE: [&str; 6] = [
    "</title></svg><script>alert(1)</script>",
    "x\" onload=\"alert(1)",
    "'; rm -rf / #",
    "a\u{1b}[2J\r\nb\u{202e}c",
    "$(reboot)`reboot`|&",
    "]]>--><!-- {{x}} %s \\",
];

#[test]
fn hostile_names_stay_text() {
    for name in HOSTILE {
        let outputs = outputs(&renamed(name), &facts());
        assert!(!outputs.page.contains("<script"), "{name}");
        assert!(!outputs.page.contains("\" onload=\""), "{name}");
        assert_eq!(is_balanced(&outputs.page), Ok(()), "{name}");
        let shown = outputs.terminal.clone() + &outputs.lines.join("\n") + &outputs.explain;
        assert!(
            !shown.chars().any(|c| c.is_control() && c != '\n'),
            "{name}"
        );
        assert!(!shown.contains('\u{202e}'));
        let prose = outputs.chronicle.split('`').step_by(2);
        assert!(!prose.collect::<String>().contains("<script"), "{name}");
        assert!(!outputs.mermaid.contains("<script"), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_prefix_has_every_output(cut in 0usize..200) {
        let events = mended();
        let outputs = outputs(&events[..cut.min(events.len())], &facts());
        prop_assert_eq!(is_balanced(&outputs.page), Ok(()));
        prop_assert!(outputs.plan.starts_with("#!/bin/sh\n"));
        prop_assert!(outputs.terminal.contains("What users felt"));
        prop_assert!(outputs.chronicle.contains("## Follow-ups"));
        prop_assert!(outputs.mermaid.starts_with("flowchart LR\n"));
    }

    #[test]
    fn any_events_in_any_order_have_every_output(seed in any::<u64>(), keep in 1usize..40) {
        let events = mended();
        let number = events.len() as u64;
        let pick = |n: u64| events[(seed.wrapping_mul(n * 2 + 1).rotate_left(17) % number) as usize].clone();
        let shuffled: Vec<Stamped> = (0..keep as u64).map(pick).collect();
        let outputs = outputs(&shuffled, &facts());
        prop_assert_eq!(is_balanced(&outputs.page), Ok(()));
        prop_assert!(!outputs.page.contains("NaN"));
    }
}
