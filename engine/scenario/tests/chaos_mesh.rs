//! Chaos Mesh resources are read as their documentation defines them.

use aegis_scenario::bundled;
use aegis_scenario::format::{Act, ChaosEntry};
use aegis_scenario::load::{Loaded, load};

const HEAD: &str = "
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {name: chaos}
spec:
  duration: 10m
  include: [manifests/online-boutique.yaml]
  cluster: {nodes: [{count: 3, cpu: \"4\", memory: 16Gi}]}
  traffic: [{to: frontend, rps: {constant: 20}}]
---
";

fn loaded(resource: &str) -> Loaded {
    let text = format!("{HEAD}{resource}");
    load("scenarios/chaos.yaml", &text, &bundled::file)
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// `seconds fault target size=… for seconds` of each entry.
fn entries(loaded: &Loaded) -> Vec<String> {
    let line = |entry: &ChaosEntry| {
        let Act::Fault {
            fault,
            target,
            parameters,
        } = &entry.act
        else {
            panic!("{entry:?} is no fault")
        };
        let sizes: String = parameters
            .iter()
            .map(|(name, size)| format!(" {name}={size}"))
            .collect();
        let lasts = entry
            .lasts
            .map_or(String::new(), |lasts| format!(" for {}", lasts.whole()));
        format!(
            "{} {fault} {}{sizes}{lasts}",
            entry.at.whole(),
            target.as_deref().unwrap_or("-")
        )
    };
    loaded.scenario.spec.chaos.iter().map(line).collect()
}

fn notes(loaded: &Loaded) -> Vec<&str> {
    loaded
        .warnings
        .iter()
        .map(|warning| warning.message.as_str())
        .collect()
}

/// Kind, what its spec says beside the selector, the entry that it becomes.
const KINDS: &[(&str, &str, &str)] = &[
    (
        "PodChaos",
        "action: pod-kill",
        "0 pod_kill deployment/default/cartservice",
    ),
    (
        "PodChaos",
        "action: pod-failure, duration: 30s",
        "0 container_kill deployment/default/cartservice for 30",
    ),
    (
        "NetworkChaos",
        "action: delay, delay: {latency: 90ms}, duration: 5m",
        "0 pod_network_delay deployment/default/cartservice delay=\"90ms\" for 300",
    ),
    (
        "NetworkChaos",
        "action: loss, loss: {loss: '25'}",
        "0 pod_network_loss deployment/default/cartservice share=\"25%\"",
    ),
    (
        "NetworkChaos",
        "action: partition",
        "0 pod_network_partition deployment/default/cartservice",
    ),
    (
        "StressChaos",
        "stressors: {cpu: {workers: 2, load: 50}}",
        "0 cpu_hog deployment/default/cartservice cores=\"1000m\"",
    ),
    (
        "StressChaos",
        "stressors: {memory: {workers: 2, size: 64MiB}}",
        "0 memory_stress deployment/default/cartservice bytes=\"134217728\"",
    ),
    (
        "IOChaos",
        "action: latency, delay: 100ms",
        "0 disk_slow deployment/default/cartservice delay=\"100ms\"",
    ),
    (
        "IOChaos",
        "action: fault, errno: 5, percent: 50",
        "0 system_call_fails deployment/default/cartservice share=\"50%\"",
    ),
    (
        "DNSChaos",
        "action: error, patterns: [cartservice.*]",
        "0 name_unresolved service/default/cartservice",
    ),
    (
        "DNSChaos",
        "action: error",
        "0 names_all_unresolved Cluster/cluster",
    ),
    (
        "HTTPChaos",
        "target: Request, abort: true",
        "0 http_aborted deployment/default/cartservice share=\"100%\"",
    ),
    (
        "TimeChaos",
        "timeOffset: -10m",
        "0 pod_clock_off deployment/default/cartservice",
    ),
];

#[test]
fn one_experiment_of_each_kind() {
    for (kind, action, expected) in KINDS {
        let resource = format!(
            "{{apiVersion: chaos-mesh.org/v1alpha1, kind: {kind}, metadata: {{name: x}}, spec: {{mode: all, selector: {{labelSelectors: {{app: cartservice}}}}, {action}}}}}"
        );
        let loaded = loaded(&resource);
        assert_eq!(entries(&loaded), [*expected], "{resource}");
        assert_eq!(notes(&loaded), Vec::<&str>::new(), "{resource}");
    }
}

#[test]
fn what_is_not_simulated_is_said() {
    let loaded = loaded(
        "{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: x}, spec: {mode: one, action: delay, delay: {latency: 1s, jitter: 10ms}, direction: to, selector: {labelSelectors: {app: cartservice}}}}",
    );
    let said = notes(&loaded).join("; ");
    for word in ["mode `one`", "`jitter`", "`direction`"] {
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(entries(&loaded).len(), 1);
}

#[test]
fn a_schedule_comes_again_and_a_workflow_goes_through_its_templates() {
    let schedule = "{apiVersion: chaos-mesh.org/v1alpha1, kind: Schedule, metadata: {name: x}, spec: {schedule: '@every 4m', type: PodChaos, podChaos: {action: pod-kill, mode: all, selector: {labelSelectors: {app: cartservice}}}}}";
    assert_eq!(
        entries(&loaded(schedule)),
        [
            "240 pod_kill deployment/default/cartservice",
            "480 pod_kill deployment/default/cartservice"
        ]
    );
    let workflow = "{apiVersion: chaos-mesh.org/v1alpha1, kind: Workflow, metadata: {name: x}, spec: {entry: all, templates: [{name: all, templateType: Serial, children: [wait, loss]}, {name: wait, templateType: Suspend, deadline: 1m}, {name: loss, templateType: NetworkChaos, deadline: 30s, networkChaos: {action: loss, loss: {loss: '50'}, mode: all, selector: {labelSelectors: {app: redis-cart}}}}]}}";
    assert_eq!(
        entries(&loaded(workflow)),
        ["60 pod_network_loss deployment/default/redis-cart share=\"50%\" for 30"]
    );
}
