//! The law of the house as data: which crate lives where, on which floor, and what it may use.
//!
//! `ARCHITECTURE.md` tells the same to people. A crate that is listed and not yet founded is no
//! error; a crate that exists and is not listed is.

/// A crate of ours.
#[derive(Debug)]
pub struct Room {
    /// The package's name.
    pub name: &'static str,
    /// Its folder under the root.
    pub folder: &'static str,
    /// What it may use of ours.
    pub may_use: MayUse,
    /// Whether it must give the same bits for the same input, everywhere.
    pub nature: Nature,
}

/// What a crate may use of ours, in normal and build dependencies.
#[derive(Debug)]
pub enum MayUse {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Every room listed above it in [`ROOMS`], test helpers and tools apart.
    AllBelow,
}

/// Whether a crate's results may depend on anything but its arguments.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Nature {
    /// No clock, thread, file, socket, environment, hash order.
    Deterministic,
    /// The same, and without `std`.
    DeterministicNoStd,
    /// May touch the world.
    Effectful,
}

use MayUse::{AllBelow, Only};
use Nature::{Deterministic, DeterministicNoStd, Effectful};

const MODEL: &str = "aegis-model";
const SOLVER: &str = "aegis-solver";
const SHELL: &str = "aegis-shell";
const NETWORK: &str = "aegis-network";
const CEL: &str = "aegis-cel";
const CLUSTER: &str = "aegis-cluster";
const INFER: &str = "aegis-infer";
const SCHEDULER: &str = "aegis-scheduler";
const KUBELET: &str = "aegis-kubelet";
const CONTROLLERS: &str = "aegis-controllers";
const SIM: &str = "aegis-sim";
const FAULTS: &str = "aegis-faults";
const IMAGES: &str = "aegis-images";
const INSPECT: &str = "aegis-inspect";
const KUBE: &str = "aegis-kube";
const CHECK: &str = "aegis-check";
const WORLD: &str = "aegis-world";
const REASON: &str = "aegis-reason";
const SCENARIO: &str = "aegis-scenario";

const fn room(name: &'static str, folder: &'static str, nature: Nature, may_use: MayUse) -> Room {
    Room {
        name,
        folder,
        may_use,
        nature,
    }
}

/// All rooms, from the ground up.
#[rustfmt::skip]
pub const ROOMS: &[Room] = &[
    room(MODEL, "engine/model", DeterministicNoStd, Only(&[])),
    room(SOLVER, "engine/solver", DeterministicNoStd, Only(&[MODEL])),
    room(SHELL, "engine/shell", DeterministicNoStd, Only(&[MODEL])),
    room(NETWORK, "engine/network", DeterministicNoStd, Only(&[MODEL])),
    room(CEL, "engine/cel", DeterministicNoStd, Only(&[MODEL])),
    room(CLUSTER, "engine/cluster", DeterministicNoStd, Only(&[CEL, NETWORK, SHELL, SOLVER, MODEL])),
    room(INFER, "engine/infer", DeterministicNoStd, Only(&[CLUSTER, MODEL])),
    room(SCHEDULER, "engine/scheduler", DeterministicNoStd, Only(&[CLUSTER, MODEL])),
    room(KUBELET, "engine/kubelet", DeterministicNoStd, Only(&[INFER, CLUSTER, SHELL, MODEL])),
    room(CONTROLLERS, "engine/controllers", DeterministicNoStd, Only(&[CLUSTER, MODEL])),
    room(SIM, "engine/sim", DeterministicNoStd, Only(&[CONTROLLERS, KUBELET, SCHEDULER, INFER, CLUSTER, SOLVER, MODEL])),
    room(IMAGES, "engine/images", Deterministic, Only(&[])),
    room(FAULTS, "engine/faults", Deterministic, Only(&[MODEL])),
    room(KUBE, "engine/kube", Deterministic, Only(&[MODEL])),
    room("aegis-telemetry", "engine/telemetry", Deterministic, Only(&[MODEL])),
    room(INSPECT, "engine/inspect", Deterministic, Only(&[FAULTS, IMAGES, SHELL, MODEL])),
    room("aegis-memory", "memory", Effectful, Only(&[MODEL])),
    room("aegis-llm", "llm", Effectful, Only(&[MODEL])),
    room("aegis-work", "work", Effectful, Only(&[MODEL])),
    room(WORLD, "engine/world", Deterministic, Only(&[FAULTS, SIM, MODEL])),
    room(REASON, "engine/reason", Deterministic, Only(&[FAULTS, SIM, MODEL])),
    room(CHECK, "engine/check", Deterministic, Only(&[CEL, KUBE, MODEL])),
    room("aegis-report", "report", Deterministic, Only(&[KUBE, MODEL])),
    room("aegis-reference", "engine/reference", Deterministic, Only(&[SIM, MODEL])),
    room("aegis-graphs", "graphs", Deterministic, Only(&[REASON, FAULTS, SIM, MODEL])),
    room(SCENARIO, "engine/scenario", Deterministic, Only(&[WORLD, FAULTS, CHECK, KUBE, SIM, MODEL])),
    room("aegis-runner", "runner", Effectful, AllBelow),
    room("aegis-rehearse", "engine/rehearse", Effectful, AllBelow),
    room("aegis-eval", "eval", Effectful, AllBelow),
    room("aegis-api", "api", Effectful, AllBelow),
    room("aegis", "cli", Effectful, AllBelow),
    room("aegis-testkit", "testkit", Effectful, AllBelow),
    room("aegis-benches", "benches", Effectful, AllBelow),
    room("xtask", "xtask", Effectful, AllBelow),
];

/// Rooms that nobody depends on, but for tests.
pub const TOOLS: &[&str] = &["aegis", "aegis-testkit", "aegis-benches", "xtask"];

/// Rooms that think, and so must not reach what is hidden, by tests neither.
pub const BLIND: &[&str] = &[REASON, "aegis-graphs"];

/// What is hidden from them.
pub const HIDDEN: &[&str] = &[WORLD, SCENARIO];

/// Crates of others that would bring an effect or a hash order into a deterministic crate.
pub const EFFECTFUL_CRATES: &[&str] = &[
    "ahash",
    "axum",
    "fastrand",
    "getrandom",
    "hashbrown",
    "mio",
    "rayon",
    "reqwest",
    "rusqlite",
    "rustc-hash",
    "tempfile",
    "tokio",
    "tracing-subscriber",
];

/// Paths that no deterministic crate names outside its tests.
pub const ABSENT_PATHS: &[&str] = &[
    "std::time",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "std::os",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
];

/// Words that no deterministic crate uses outside its tests.
pub const ABSENT_WORDS: &[&str] = &[
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
    "thread_local!",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
];

/// The one file with an `unsafe` block: it registers sqlite-vec with SQLite.
pub const UNSAFE_FILE: &str = "memory/src/vectors/register.rs";

/// The crate that file is of. It denies `unsafe` where others forbid it, as what is forbidden cannot be
/// allowed in one file.
pub const UNSAFE_MANIFEST: &str = "memory/Cargo.toml";

/// Ways to stop the program that no crate uses outside its tests.
pub const PANICS: &[&str] = &[".unwrap()", ".expect(\"", "todo!", "unimplemented!"];

/// Lines of one file, at most.
pub const FILE_LINES: usize = 800;
/// Lines of one function, at most.
pub const FUNCTION_LINES: usize = 70;
/// Lines of one function of `model`, at most: it holds types and no algorithm.
pub const MODEL_FUNCTION_LINES: usize = 20;
/// Lines of one crate, at most.
pub const CRATE_LINES: usize = 15_000;
/// Crates in the default graph of the binary, ours included, at most.
pub const GRAPH_CRATES: usize = 350;

/// Licences under which we ship the work of others.
pub const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The one place that crates of others come from.
pub const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The room of that package name.
pub fn find(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == name)
}

impl Room {
    /// Whether `other`, a package of ours, may be a normal or build dependency.
    pub fn may_use(&self, other: &str) -> bool {
        match self.may_use {
            Only(list) => list.contains(&other),
            AllBelow => {
                let below = ROOMS.iter().take_while(|room| room.name != self.name);
                !TOOLS.contains(&other) && below.into_iter().any(|room| room.name == other)
            }
        }
    }

    /// Whether the deterministic rules hold in it.
    pub fn is_deterministic(&self) -> bool {
        self.nature != Effectful
    }
}

#[cfg(test)]
mod tests {
    use super::{ROOMS, find};

    fn check(user: &str, used: &str, allowed: bool) {
        let found = find(user).map(|room| room.may_use(used));
        assert_eq!(found, Some(allowed), "{user} uses {used}");
    }

    #[test]
    fn walls_stand_where_the_house_says() {
        check("aegis-reason", "aegis-world", false);
        check("aegis-world", "aegis-reason", false);
        check("aegis-graphs", "aegis-scenario", false);
        check("aegis-runner", "aegis-world", true);
        check("aegis-runner", "aegis-eval", false);
        check("aegis", "aegis-runner", true);
        check("aegis", "aegis-testkit", false);
        check("aegis-testkit", "aegis-runner", true);
        check("aegis-testkit", "aegis", false);
    }

    #[test]
    fn every_use_is_of_a_room() {
        for room in ROOMS {
            if let super::Only(list) = room.may_use {
                assert!(list.iter().all(|name| find(name).is_some()), "{room:?}");
            }
        }
    }
}
