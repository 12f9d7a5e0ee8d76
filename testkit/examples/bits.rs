//! Prints a line of hashes per fixed world and per fixed run: what `scripts/bits.sh` compares
//! between builds, processors and numbers of threads. RAYON_NUM_THREADS sets the threads.

use aegis_model::{Mode, Observation};
use aegis_testkit::play::{loaded, play};

/// Worlds that are hashed, with a seed each.
const WORLDS: [(&str, u64); 3] = [
    ("online-boutique-oom", 1),
    ("sock-shop-drain", 2),
    ("online-boutique-burst", 3),
];

/// Runs that are hashed from their first event to their last.
const RUNS: [(&str, u64); 4] = [
    ("online-boutique-oom", 1),
    ("online-boutique-burst", 2),
    ("sock-shop-netpol", 1),
    ("sock-shop-drain", 2),
];

/// Seconds after time 0 at which a world is hashed.
const TICKS: [u32; 3] = [60, 300, 900];

fn hash(observation: &Observation) -> String {
    let bytes = serde_json::to_vec(observation).expect("an observation has JSON");
    blake3::hash(&bytes).to_hex()[..16].to_owned()
}

/// Hashes of a world at [`TICKS`].
fn world(name: &str, seed: u64) -> Vec<String> {
    let loaded = loaded(name);
    let mut world = aegis_scenario::build::build(&loaded, seed).expect("it is founded");
    aegis_scenario::build::start(&loaded, &mut world, |_| {});
    let at = |tick: &u32| {
        let ahead = i64::from(*tick) - world.time();
        world.advance(u32::try_from(ahead).expect("ticks grow"));
        hash(&world.observe())
    };
    TICKS.iter().map(at).collect()
}

fn main() {
    for (name, seed) in WORLDS {
        println!("world {name} seed {seed}: {}", world(name, seed).join(" "));
    }
    for (name, seed) in RUNS {
        let run = play(&loaded(name), seed, Mode::Sentinel);
        let hash = blake3::hash(&run.bytes()).to_hex()[..16].to_owned();
        println!(
            "run {name} seed {seed}: {} events, {hash}",
            run.events.len()
        );
    }
}
