//! Prints an output of the made-up run of the tests: `summary`, `terminal`, `lines`, `chronicle`,
//! `html`, `mermaid`, `plan`, `explain`; of the whole run, or with `healthy` or `cut`.
#![allow(clippy::expect_used, reason = "an example")]

#[path = "../tests/common/mod.rs"]
mod common;

use aegis_model::RunEvent;
use aegis_report::{
    Names, Story, chronicle, explain, html, line, plan_sh, summary, terminal, topology_mermaid,
};

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let events = match std::env::args().nth(2).as_deref() {
        Some("healthy") => common::healthy(),
        Some("cut") => common::mended()[..50].to_vec(),
        _ => common::mended(),
    };
    let facts = common::facts();
    let story = Story::tell(&events);
    let summary = summary(&story, &facts);
    match wanted.as_str() {
        "terminal" => print!("{}", terminal(&story, &summary, &facts)),
        "chronicle" => print!("{}", chronicle(&story, &summary, &facts)),
        "html" => print!("{}", html(&story, &summary, &facts)),
        "plan" => print!("{}", plan_sh(&story, &facts)),
        "explain" => print!("{}", explain(&story)),
        "mermaid" => print!("{}", topology_mermaid(&story)),
        "lines" => {
            let mut names = Names::default();
            for stamped in &events {
                if let RunEvent::Observed(delta) = &stamped.event {
                    names.read(delta);
                }
                if let Some(line) = line(stamped, &names) {
                    println!("{line}");
                }
            }
        }
        _ => println!("{}", serde_json::to_string_pretty(&summary).expect("JSON")),
    }
}
