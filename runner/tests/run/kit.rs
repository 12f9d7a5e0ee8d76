//! A bundled scenario, played in a folder of its own.

use aegis_model::{Ruling, Stamped};
use aegis_runner::artifacts::{Audience, Begun, Kept, record};
use aegis_runner::run::Order;
use aegis_runner::store::{Artifact, Meta, Run, RunStore};
use aegis_scenario::{Loaded, bundled, load};
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

pub fn scenario(name: &str) -> Loaded {
    let found = bundled::find(name).expect("a bundled scenario");
    load(found.path, found.text, &|path| bundled::file(path)).expect("it loads")
}

/// The same, cut short.
pub fn brief(name: &str, minutes: f64) -> Loaded {
    let mut loaded = scenario(name);
    loaded.scenario.spec.duration = aegis_scenario::amount::Length(60.0 * minutes);
    loaded
}

pub fn order(loaded: &Loaded) -> Order<'_> {
    Order::of(loaded)
}

pub struct Place {
    _folder: TempDir,
    pub run: Run,
}

pub fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let run = RunStore::create_in(&folder.path().join("run")).expect("a run");
    Place {
        _folder: folder,
        run,
    }
}

impl Place {
    /// Plays with nobody to ask, until `stop` says so.
    pub fn play(&self, order: &Order<'_>, stop: &dyn Fn(&[Stamped]) -> bool) -> Kept {
        let meta = Meta::begin("run", "a scenario", UNIX_EPOCH, Vec::new());
        let begun = Begun {
            run: self.run.clone(),
            meta,
            version: "0".to_owned(),
            source: None,
            durability: aegis_runner::store::Durability::Step,
        };
        let stopped = std::cell::Cell::new(false);
        let audience = Audience {
            see: &mut |told| stopped.set(stopped.get() || stop(told)),
            ask: &mut |_, _, _| Some(Ruling::plain(false)),
            advise: &mut aegis_runner::run::no_model,
            stop: &|| stopped.get(),
            memory: None,
        };
        record(order, begun, audience).expect("it begins")
    }

    /// Whether every artifact is there and holds something.
    #[track_caller]
    pub fn is_whole(&self) {
        // A test's scenario has no text of its own, and no model was asked.
        let left_out = [Artifact::Scenario, Artifact::Exchanges];
        let all = Artifact::ALL.into_iter();
        for artifact in all.filter(|one| !left_out.contains(one)) {
            let text = self.run.read(artifact).expect("readable");
            assert!(text.is_some_and(|text| !text.is_empty()), "{artifact:?}");
        }
    }
}

pub const TO_ITS_END: &dyn Fn(&[Stamped]) -> bool = &|_| false;
