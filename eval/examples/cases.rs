//! Every case of the suite `faults` as a line of JSON, as it is over: `cases APPLICATIONS SEEDS CONTROLS [FAULT…]`.

use aegis_eval::faults::{Suite, run, tally, text};
use aegis_rehearse::pairs::Faults;

fn main() {
    let mut words = std::env::args().skip(1);
    let mut list = || -> Vec<String> {
        let word = words.next().unwrap_or_default();
        word.split(',').map(str::to_owned).collect()
    };
    let (applications, seeds, controls) = (list(), list(), list());
    let faults: Vec<String> = words.collect();
    let suite = Suite {
        applications,
        faults: if faults.is_empty() {
            Faults::All
        } else {
            Faults::Only(faults)
        },
        seeds: seeds.iter().filter_map(|seed| seed.parse().ok()).collect(),
        controls: controls[0].parse().unwrap_or(0),
    };
    let told = run(&suite, &|outcome| {
        println!("{}", serde_json::to_string(outcome).unwrap_or_default());
    });
    match told {
        Ok(outcomes) => eprintln!("{}", text(&tally(&outcomes))),
        Err(why) => eprintln!("{why}"),
    }
}
