//! The logs: no observation is lost in them, they are small, and the run comes out of them again.

use crate::kit::{TO_ITS_END, order, place, scenario};
use aegis_model::{Observation, RunEvent};
use aegis_runner::artifacts::repeat::{Expected, Logs, again, tape};
use aegis_runner::run::delta::{Recorder, fold};
use aegis_runner::run::outside::SCRAPE;
use aegis_runner::run::replay;
use aegis_runner::store::Artifact;
use aegis_scenario::build::{build, start};
use std::sync::Arc;

/// Every observation of a scenario with nobody acting.
fn observations(name: &str) -> Vec<Arc<Observation>> {
    let loaded = scenario(name);
    let mut world = build(&loaded, 3).expect("a world");
    let mut seen = Vec::new();
    start(&loaded, &mut world, |_| {});
    while world.time() < i64::from(loaded.scenario.spec.duration.whole()) {
        world.advance(SCRAPE);
        seen.push(Arc::new(world.observe()));
    }
    seen
}

#[test]
fn every_observation_is_folded_out_of_the_log_as_it_was() {
    for name in ["online-boutique-oom", "sock-shop-drain", "sock-shop-netpol"] {
        let mut recorder = Recorder::default();
        let mut last: Option<Observation> = None;
        for seen in observations(name) {
            let delta = recorder.record(&seen).expect("recorded");
            let line = serde_json::to_string(&delta).expect("JSON");
            let delta = serde_json::from_str(&line).expect("a delta");
            let folded = fold(last.as_ref(), &delta).expect("folded");
            assert!(folded == *seen, "{name} at {}", seen.at.0);
            last = Some(folded);
        }
    }
}

#[test]
fn a_run_of_online_boutique_takes_three_megabytes_at_most() {
    let (place, loaded) = (place(), scenario("online-boutique-oom"));
    place.play(&order(&loaded), TO_ITS_END);
    let events = place
        .run
        .read(Artifact::Events)
        .expect("readable")
        .expect("a log");
    assert!(events.len() <= 3_000_000, "{} bytes", events.len());
}

#[test]
fn a_run_comes_out_again_with_its_world_and_without() {
    let (place, loaded) = (place(), scenario("online-boutique-probe"));
    let order = order(&loaded);
    let kept = place.play(&order, TO_ITS_END);
    assert!(kept.failure.is_none() && kept.unwritten.is_empty());
    let logs = Logs::read(&place.run).expect("intact");
    assert_eq!(again(&order, &logs).expect("played"), None);

    let mut expected = Expected::new(&logs);
    let tell = &mut |event: &_| {
        expected.take(&serde_json::to_vec(event).expect("JSON"));
        Ok(())
    };
    replay(&tape(&logs.events), &logs.inputs, tell).expect("replayed");
    assert_eq!(expected.finish(), None);
}

#[test]
fn another_world_or_another_thought_is_found_where_it_begins() {
    let (place, loaded) = (place(), scenario("online-boutique-oom"));
    let order = order(&loaded);
    place.play(&order, TO_ITS_END);
    let logs = Logs::read(&place.run).expect("intact");
    let other = aegis_runner::run::Order {
        seed: order.seed + 1,
        ..order.clone()
    };
    let found = again(&other, &logs).expect("played").expect("a difference");
    assert!(found.n <= 1, "the first observation differs: {}", found.n);

    let selected = |event: &&aegis_model::Stamped| matches!(event.event, RunEvent::Selected(_));
    let decision = logs.events.iter().find(selected).expect("a decision").n;
    let genome = vec![("select.stability".into(), 0.4)];
    let other = aegis_runner::run::Order {
        genome: genome.clone(),
        ..order.clone()
    };
    let found = again(&other, &logs).expect("played").expect("a difference");
    assert_eq!(found.n, 0, "the first event names the parameters");
    // The same tape for an engine that weighs otherwise: it sees the same and decides otherwise.
    let mut told = tape(&logs.events);
    if let RunEvent::Started { context, .. } = &mut told[0].event {
        context.genome = genome;
    }
    let mut first = None;
    let tell = &mut |event: &aegis_model::Stamped| {
        let same = logs.events.get(event.n as usize) == Some(event);
        if !same && event.n > 0 {
            first.get_or_insert(event.n);
        }
        Ok(())
    };
    let _ = replay(&told, &logs.inputs, tell);
    assert!(
        first.is_some_and(|first| first <= decision),
        "{first:?} after {decision}"
    );
}
