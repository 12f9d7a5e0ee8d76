//! Drives one bundled scenario and prints what happens, for a look from the command line.
use aegis_model::{Approval, Mode};
use aegis_runner::run::{Company, Order, run};
use aegis_scenario::{bundled, load};

fn main() {
    let name = std::env::args()
        .nth(1)
        .unwrap_or("online-boutique-oom".into());
    let mode = if std::env::args().nth(2).as_deref() == Some("noop") {
        Mode::Noop
    } else {
        Mode::Sentinel
    };
    let seed = std::env::args()
        .nth(3)
        .and_then(|s| s.parse().ok())
        .unwrap_or(7);
    let found = bundled::find(&name).expect("known");
    let loaded = load::load(found.path, found.text, &|path| bundled::file(path))
        .unwrap_or_else(|e| panic!("{e:?}"));
    let mut events = Vec::new();
    let mut bytes = 0;
    let started = std::time::Instant::now();
    let played = run(
        &Order {
            loaded: &loaded,
            seed,
            mode,
            approval: Approval::Auto,
            genome: Vec::new(),
        },
        &mut Company {
            tell: &mut |stamped| {
                bytes += serde_json::to_string(stamped).map_or(0, |s| s.len());
                events.push(stamped.clone());
                Ok(())
            },
            note: &mut |_| Ok(()),
            ask: &mut |_, _| true,
            stop: &|| false,
        },
    );
    let wall = started.elapsed();
    let played = played.unwrap_or_else(|e| panic!("{e}"));
    let mut names = aegis_report::Names::default();
    for stamped in &events {
        if let aegis_model::RunEvent::Observed(delta) = &stamped.event {
            names.read(delta);
        }
    }
    for stamped in &events {
        if let Some(line) = aegis_report::line(stamped, &names) {
            println!("{line}");
        }
    }
    println!(
        "{} events, {bytes} bytes, {wall:?}; {:?}",
        events.len(),
        played.world.reveal()
    );
}
