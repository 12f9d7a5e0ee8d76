//! Noise, gaps and delays of what is observed, as a scenario words them.

use aegis_model::Observation;
use aegis_scenario::build::{build, start};
use aegis_scenario::load;
use aegis_world::World;

const MANIFESTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: server, image: shop, resources: {requests: {cpu: 200m, memory: 64Mi}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: otel-collector}
spec:
  replicas: 1
  selector: {matchLabels: {app: otel}}
  template:
    metadata: {labels: {app: otel}}
    spec: {containers: [{name: collector, image: otel/opentelemetry-collector:0.100.0}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-1]}]}]}}}
      containers: [{name: agent, image: agent}]
";

fn world(spec: &str) -> World {
    let text = format!(
        "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {{name: case}}\nspec:\n  duration: 20m\n  start: applied\n  truth: {{causes: []}}\n  cluster: {{nodes: [{{count: 2, cpu: \"4\", memory: 8Gi}}]}}\n  traffic: [{{to: shop, rps: {{constant: 20}}}}]\n{spec}---\n{MANIFESTS}"
    );
    let loaded =
        load("case.yaml", &text, &|_| None).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut world = build(&loaded, 7).expect("a world");
    start(&loaded, &mut world, |_| {});
    world
}

/// The observations of a run, a scrape each 15 s.
fn scrapes(world: &mut World, count: usize) -> Vec<Observation> {
    let scrape = |_| {
        world.advance(15);
        world.observe()
    };
    (0..count).map(scrape).collect()
}

fn rows(seen: &Observation) -> usize {
    let samples = &seen.samples;
    samples.pods.len() + samples.nodes.len() + samples.services.len() + samples.entries.len()
}

#[test]
fn what_passes_a_component_is_missing_while_it_is_down() {
    let mut world = world(
        "  telemetry: [{through: deployment/otel-collector, carries: [metrics]}]\n  noise: none\n  chaos: [{at: 2m, patch: {object: deployment/otel-collector, merge: {spec: {replicas: 0}}}}, {at: 4m, patch: {object: deployment/otel-collector, merge: {spec: {replicas: 1}}}}]\n",
    );
    let seen = scrapes(&mut world, 24);
    let at = |minute: usize| rows(&seen[minute * 4 - 1]);
    assert!(at(1) > 0 && at(2) > 0, "{} {}", at(1), at(2));
    assert_eq!((at(3), at(4)), (0, 0));
    assert!(at(6) > 0, "{}", at(6));
}

#[test]
fn what_else_it_does_not_carry_arrives() {
    let mut world = world(
        "  telemetry: [{through: deployment/otel-collector, carries: [logs]}]\n  noise: none\n  chaos: [{at: 1m, delete: deployment/otel-collector}]\n",
    );
    let seen = scrapes(&mut world, 12);
    assert!(rows(&seen[11]) > 0);
    assert!(seen[11].logs.is_empty());
}

#[test]
fn a_daemon_set_carries_what_its_own_nodes_have() {
    let mut world =
        world("  telemetry: [{through: daemonset/agent, carries: [metrics]}]\n  noise: none\n");
    let seen = scrapes(&mut world, 8);
    let nodes = &seen[7].samples.nodes;
    let names: Vec<_> = nodes.iter().map(|row| row.node.0).collect();
    assert_eq!(names, [0]);
    let pods = &seen[7].samples.pods;
    assert!(!pods.is_empty());
    let on_first = |row: &aegis_model::observation::PodSample| {
        seen[7].objects.pods[row.pod.index()]
            .node
            .is_some_and(|node| node.0 == 0)
    };
    assert!(pods.iter().all(on_first));
}

#[test]
fn noise_holds_for_its_time() {
    let mut world = world("  noise: [{missing: 0}, {from: 3m, until: 6m, missing: 100%}]\n");
    let seen = scrapes(&mut world, 36);
    let missing: Vec<usize> = (0..36).filter(|scrape| rows(&seen[*scrape]) == 0).collect();
    // Scrapes stand at 15 s, 30 s, …: those from 180 s on and before 360 s.
    assert_eq!(missing, (11..23).collect::<Vec<_>>());
}

#[test]
fn metrics_come_as_late_as_is_said() {
    let on_time = scrapes(&mut world("  noise: none\n"), 8);
    let late = scrapes(&mut world("  noise: none\n  observe: {delay: 30s}\n"), 8);
    assert_eq!((rows(&late[0]), rows(&late[1])), (0, 0));
    for scrape in 2..8 {
        assert_eq!(late[scrape].samples, on_time[scrape - 2].samples);
        assert_eq!(late[scrape].at, on_time[scrape].at);
    }
}

#[test]
fn counters_go_on_through_a_gap() {
    let mut world = world("  noise: {missing: 100%}\n");
    world.advance(60);
    let watched = world.watch();
    assert_eq!(rows(&watched.seen), 0);
    assert!(!watched.counted.pods.is_empty() && !watched.counted.services.is_empty());
}
