//! A cluster that is taken over from its observed objects goes on as it would have: a kubelet that
//! starts now reads when containers began and ended, and keeps to their delays.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

mod stage;

use aegis_sim::{Cluster, Draws, Journal, api};
use serde_json::{Value, json};
use stage::{Stage, shell, simple, with_nodes};

/// The same cluster as somebody sees it who knows its objects alone, and the behaviour of its services.
fn taken_over(stage: &Stage) -> Stage {
    let cluster = &stage.cluster;
    let mut workings = api::adopt(&cluster.objects, cluster.clock);
    workings.behaviours = cluster.workings.behaviours.clone();
    Stage {
        cluster: Cluster::new((), cluster.objects.clone(), workings, cluster.clock),
        overlay: stage.overlay.clone(),
        journal: Journal::default(),
        draws: Draws::new(7),
    }
}

/// What is seen of a pod each second: ready, restarts, state.
fn film(stage: &mut Stage, seconds: u32) -> Vec<(bool, u32, String)> {
    let frame = |stage: &mut Stage| {
        stage.run(1);
        let pod = stage.pod("p");
        (
            pod.is_ready(),
            pod.containers[0].restarts,
            stage.state("p", 0),
        )
    };
    (0..seconds).map(|_| frame(stage)).collect()
}

/// Seconds that differ between two films, by frame.
fn different(a: &[(bool, u32, String)], b: &[(bool, u32, String)]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

struct Case {
    name: &'static str,
    pod: Value,
    /// Moments at which it is taken over, s.
    moments: &'static [u32],
    /// How long both are watched, s.
    watched: u32,
    /// Seconds in which they may differ: a start that is drawn anew, a second of the kubelet's rhythm.
    slack: usize,
}

fn cases() -> [Case; 4] {
    [
        Case {
            name: "a readiness probe that first runs after three minutes",
            pod: simple(
                "p",
                json!({"readinessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": 180, "periodSeconds": 3}}),
            ),
            moments: &[10, 60, 150, 300],
            watched: 240,
            slack: 1,
        },
        Case {
            name: "a container that ends a second after its start, in each of its back-offs",
            pod: shell("p", "sleep 1; exit 1"),
            moments: &[12, 25, 50, 120, 200],
            watched: 400,
            slack: 4,
        },
        Case {
            name: "a container that runs for a minute and fails",
            pod: shell("p", "sleep 60; exit 1"),
            moments: &[30, 80, 180, 290],
            watched: 300,
            slack: 4,
        },
        Case {
            name: "a startup probe that has half of its attempts left",
            pod: simple(
                "p",
                json!({"startupProbe": {"tcpSocket": {"port": 9}, "periodSeconds": 10, "failureThreshold": 6}}),
            ),
            moments: &[15, 35, 55],
            watched: 60,
            slack: 2,
        },
    ]
}

#[test]
fn what_was_taken_over_goes_on_as_it_would_have() {
    for case in cases() {
        for moment in case.moments {
            let mut original = with_nodes(1);
            original.apply(case.pod.clone());
            original.run(*moment);
            let mut copy = taken_over(&original);
            let (own, taken) = (
                film(&mut original, case.watched),
                film(&mut copy, case.watched),
            );
            let count = different(&own, &taken);
            let first = own
                .iter()
                .zip(&taken)
                .enumerate()
                .find(|(_, (a, b))| a != b);
            assert!(
                count <= case.slack,
                "{}, taken over at {moment} s: {count} s differ, first {first:?}",
                case.name
            );
        }
    }
}
