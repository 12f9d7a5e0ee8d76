//! From a file to a world: what was written is what happens.

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Target, Tick};
use aegis_scenario::build::{build, start};
use aegis_scenario::trial::{Play, play};
use aegis_scenario::{bundled, import, load, truth};
use aegis_world::World;

const SHOP: &str = "\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: server
          image: registry.example/shop:1.0
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 500m, memory: 128Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: LoadBalancer, selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
";

fn loaded(spec: &str) -> load::Loaded {
    let text = format!(
        "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {{name: case}}\nspec:\n{spec}{SHOP}"
    );
    load("case.yaml", &text, &|_| None).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The world at a second of its run.
fn world_at(loaded: &load::Loaded, seconds: i64) -> World {
    let mut world = build(loaded, loaded.scenario.spec.seed).expect("it is founded");
    start(loaded, &mut world, |_| {});
    while world.time() < seconds {
        world.advance(1);
    }
    world
}

fn shop() -> ObjectRef {
    ObjectRef::new(Kind::Deployment, "default", "shop")
}

fn rate(world: &World) -> f64 {
    world
        .entries()
        .iter()
        .map(|entry| entry.last.requests)
        .sum()
}

#[test]
fn a_settled_start_leaves_a_past_and_begins_at_zero() {
    let settled = loaded("  traffic: [{to: shop, rps: 20}]\n");
    let world = world_at(&settled, 0);
    assert!(world.now() > Tick(300), "{:?}", world.now());
    assert_eq!(world.time(), 0);
    let applied = world_at(&loaded("  start: applied\n"), 0);
    assert_eq!(applied.now(), Tick(0));
}

#[test]
fn traffic_follows_its_curve() {
    let steps = loaded(
        "  physics: {gap: none}\n  traffic: [{to: shop, rps: {steps: [{at: 0s, rps: 10}, {at: 60s, rps: 30}]}}]\n",
    );
    assert!((rate(&world_at(&steps, 50)) - 10.0).abs() < 1e-6);
    assert!((rate(&world_at(&steps, 70)) - 30.0).abs() < 1e-6);
    let burst = loaded(
        "  physics: {gap: none}\n  traffic: [{to: shop, rps: {burst: {base: 5, peak: 50, at: 30s, for: 10s}}}]\n",
    );
    for (second, wanted) in [(20, 5.0), (35, 50.0), (45, 5.0)] {
        assert!(
            (rate(&world_at(&burst, second)) - wanted).abs() < 1e-6,
            "{second}"
        );
    }
}

#[test]
fn a_trace_is_read_from_its_file() {
    let text = format!(
        "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {{name: case}}\nspec:\n  physics: {{gap: none}}\n  traffic: [{{to: shop, rps: {{trace: load.csv}}}}]\n{SHOP}"
    );
    let files =
        |path: &str| (path == "dir/load.csv").then(|| "seconds,rps\n0,4\n30,8\n".to_owned());
    let loaded = load("dir/case.yaml", &text, &files).expect("it is right");
    assert!((rate(&world_at(&loaded, 40)) - 8.0).abs() < 1e-6);
    let broken = |path: &str| (path == "dir/load.csv").then(|| "0,4\n0,8\n".to_owned());
    let errors = load("dir/case.yaml", &text, &broken).expect_err("times must grow");
    assert!(
        errors[0].message.contains("line 2: times must grow"),
        "{errors:?}"
    );
}

#[test]
fn changes_enter_the_record_with_their_actor_and_come_again() {
    let scenario = loaded(
        "  traffic: [{to: shop, rps: 5}]\n  truth: {causes: []}\n  chaos:\n    - {at: 10s, actor: 'cronjob:nightly', every: 20s, patch: {object: deployment/shop, merge: {spec: {replicas: 3}}}}\n    - {at: 15s, patch: {object: deployment/shop, json: [{op: replace, path: /spec/replicas, value: 1}]}}\n    - {at: 20s, apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: app}, data: {a: b}}}\n    - {at: 40s, delete: configmap/app}\n",
    );
    let world = world_at(&scenario, 60);
    let record: Vec<String> = world
        .objects()
        .changes
        .iter()
        .map(|change| {
            format!(
                "{} {} {}",
                change.at.since(world.origin()),
                change.actor,
                change.object
            )
        })
        .collect();
    assert_eq!(
        record,
        [
            "10 cronjob:nightly Deployment/default/shop",
            "15 user:deployer Deployment/default/shop",
            "20 user:deployer ConfigMap/default/app",
            "30 cronjob:nightly Deployment/default/shop",
            "40 user:deployer ConfigMap/default/app",
        ]
    );
}

#[test]
fn pods_of_an_owner_are_deleted_and_made_again() {
    let scenario = loaded(
        "  traffic: [{to: shop, rps: 5}]\n  truth: {causes: []}\n  chaos: [{at: 10s, delete: {owner: deployment/shop}}]\n",
    );
    let world = world_at(&scenario, 120);
    let gone = world
        .objects()
        .pods
        .iter()
        .filter(|pod| !pod.exists())
        .count();
    let there = world
        .objects()
        .pods
        .iter()
        .filter(|pod| pod.is_ready())
        .count();
    assert_eq!((gone, there), (2, 2));
}

#[test]
fn the_truth_is_derived_from_faults() {
    let scenario = loaded(
        "  traffic: [{to: shop, rps: 5}]\n  chaos: [{at: 10s, fault: oom_storm, target: deployment/shop, parameters: {leak: 1Mi/s}}]\n",
    );
    let revelation = world_at(&scenario, 20).reveal();
    assert_eq!(revelation.onset, Some(10));
    let truth = truth::truth(&scenario.scenario.spec, &revelation);
    assert!(truth.users_affected);
    assert!(truth.is_right("memory_leak", &shop(), None));
    assert!(!truth.is_right("cpu_hog", &shop(), None));
    assert!(!truth.is_right(
        "memory_leak",
        &ObjectRef::new(Kind::Service, "default", "shop"),
        None
    ));
}

#[test]
fn a_stated_truth_counts_with_its_field() {
    let scenario = loaded(
        "  traffic: [{to: shop, rps: 5}]\n  chaos: [{at: 10s, patch: {object: service/shop, merge: {spec: {selector: {app: x}}}}}]\n  truth: {causes: [{fault: service_selector_wrong, object: service/shop, field: spec.selector.app}]}\n",
    );
    let truth = truth::truth(&scenario.scenario.spec, &world_at(&scenario, 20).reveal());
    let service = ObjectRef::new(Kind::Service, "default", "shop");
    assert!(truth.is_right(
        "service_selector_wrong",
        &service,
        Some("spec.selector.app")
    ));
    assert!(!truth.is_right("service_selector_wrong", &service, Some("spec.ports")));
}

#[test]
fn services_and_usage_are_taken_as_stated() {
    let scenario = loaded(
        "  traffic: [{to: shop, rps: 20}]\n  services: [{name: shop, cpuPerRequest: 2ms, latency: 30ms, cpuIdle: 0, cv2: 0.5}]\n",
    );
    let world = world_at(&scenario, 30);
    let mean = world.entries()[0].last.time;
    assert!((0.032..0.045).contains(&mean), "{mean}");
    let pinned = loaded("  usage: [{workload: deployment/shop, cpu: 70m, memory: 90Mi}]\n");
    let mut world = world_at(&pinned, 60);
    world.observe();
    world.advance(15);
    let seen = world.observe();
    for pod in &seen.samples.pods {
        assert!((pod.cpu - 0.07).abs() < 0.02, "{}", pod.cpu);
        assert!(
            (pod.memory / (90.0 * 1048576.0) - 1.0).abs() < 0.1,
            "{}",
            pod.memory
        );
    }
    assert!(!seen.samples.pods.is_empty());
}

#[test]
fn a_seed_decides_what_is_hidden_and_nothing_else_does() {
    let scenario = loaded("  traffic: [{to: shop, rps: 20}]\n");
    let mean = |seed| {
        let mut world = build(&scenario, seed).expect("it is founded");
        start(&scenario, &mut world, |_| {});
        world.advance(5);
        world.entries()[0].last.time
    };
    assert_eq!(mean(3).to_bits(), mean(3).to_bits());
    assert_ne!(mean(3).to_bits(), mean(4).to_bits());
}

#[test]
fn an_imported_application_serves_half_its_capacity_within_its_objectives() {
    for application in ["online-boutique", "sock-shop"] {
        let path = format!("scenarios/manifests/{application}.yaml");
        let text = bundled::file(&path).expect("it is bundled");
        let documents = aegis_kube::read(&path, &text).expect("it is read");
        let loaded = import::adopt(application, documents).expect("it is adopted");
        let mut met = 0;
        for seed in 1..=10 {
            let score = play(&loaded, seed, Play::Noop).expect("it is founded");
            assert_eq!(score.objectives.len(), 1);
            let target = score.objectives[0].latency.expect("a latency target");
            assert!((0.001..10.0).contains(&target.below), "{}", target.below);
            met += usize::from(score.is_met());
        }
        assert!(met >= 9, "{application}: {met} of 10");
    }
}

#[test]
fn targets_of_faults_are_resolved() {
    let scenario = loaded(
        "  cluster: {nodes: [{count: 2, cpu: \"2\", memory: 4Gi}]}\n  traffic: [{to: shop, rps: 5}]\n  chaos: [{at: 5s, fault: node_drain, target: node/node-2}, {at: 6s, fault: burst_traffic, target: svc/shop}]\n",
    );
    let causes = world_at(&scenario, 10).reveal().causes;
    assert!(matches!(causes[0].target, Target::Node(node) if node.index() == 1));
    assert!(matches!(causes[1].target, Target::Service(service) if service.index() == 0));
}
