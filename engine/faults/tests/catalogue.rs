//! What every row of the catalogue must keep, and the changes by which visible faults come.

use aegis_faults::{
    Act, Aim, Betrayal, Candidacy, Deed, EVENTS, Fault, Harms, Lasting, Laying, TargetKind, Turn,
    all, betrayal, by_id, overlay,
};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{
    Autoscaler, Header, Plain, Service, Workload, WorkloadSpec, WorkloadStatus,
};
use aegis_model::overlay::Ends;
use aegis_model::procedure::Site;
use aegis_model::{
    FieldChange, Mechanism, ObjectChange, Objects, PlainId, ServiceId, Subject, Target, TemplateId,
    Tick, WorkloadId,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn header(document: &Value) -> Header {
    let metadata = &document["metadata"];
    let kind = Kind::from(document["kind"].as_str().expect("a kind"));
    Header {
        reference: ObjectRef::new(kind, "shop", metadata["name"].as_str().expect("a name")),
        labels: Arc::default(),
        annotations: Arc::default(),
        number: 0,
        generation: 1,
        created: Tick(0),
        deletion: None,
        removed: None,
        doc: Arc::new(document.clone()),
    }
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app.kubernetes.io/name": "cart"}},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "cart"}},
                "spec": {"containers": [{
                    "name": "server", "image": "registry:5000/shop/cart:v1@sha256:00",
                    "env": [{"name": "MODE", "value": "fast"}, {"name": "DB", "value": "cart-db:5432"}],
                    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}},
                    "readinessProbe": {"grpc": {"port": 7070}, "periodSeconds": 5},
                    "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
                }]},
            },
        },
    })
}

/// A shop of one Deployment, its Service, autoscaler and ConfigMap.
fn shop() -> Objects {
    let mut objects = Objects::default();
    let document = deployment();
    objects.workloads.push(Workload {
        header: header(&document),
        spec: Arc::new(WorkloadSpec::Deployment(
            serde_json::from_value(document["spec"].clone()).expect("a spec"),
        )),
        template: TemplateId(0),
        revision: 1,
        pods: Arc::default(),
        history: Default::default(),
        next_ordinal: 0,
        status: WorkloadStatus::default(),
    });
    let document = json!({"kind": "Service", "metadata": {"name": "cart"}, "spec": {
        "selector": {"app.kubernetes.io/name": "cart"}, "ports": [{"name": "grpc", "port": 7070, "targetPort": 7070}]}});
    objects.services.push(Service {
        header: header(&document),
        spec: Arc::new(serde_json::from_value(document["spec"].clone()).expect("a spec")),
        endpoints: Arc::default(),
    });
    let document = json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "cart"}, "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "cart"}, "minReplicas": 2, "maxReplicas": 8}});
    objects.autoscalers.push(Autoscaler {
        header: header(&document),
        spec: Arc::new(serde_json::from_value(document["spec"].clone()).expect("a spec")),
        current: 2,
        desired: 2,
        metrics: vec![],
        last_scale: None,
        conditions: vec![],
    });
    let document = json!({"kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"a": "b"}});
    objects.plain.push(Plain {
        header: header(&document),
        status: aegis_model::Doc::default(),
    });
    objects
}

fn target(fault: &Fault) -> Target {
    match fault.targets[0] {
        TargetKind::Workload => Target::Workload(WorkloadId(0)),
        TargetKind::Service => Target::Service(ServiceId(0)),
        TargetKind::Plain => Target::Plain(PlainId(0)),
        TargetKind::Node => Target::Node(aegis_model::NodeId(0)),
        TargetKind::Cluster => Target::Cluster,
    }
}

fn change(id: &str) -> ObjectChange {
    let fault = by_id(id).expect("a fault");
    let deed = fault.steps[0].deed(&shop(), target(fault), &fault.defaults());
    match deed.expect("something to get wrong") {
        Deed::Write(change) => change,
        other => panic!("{other:?} is no write"),
    }
}

/// `path: before -> after` of each field.
fn fields(change: &ObjectChange) -> Vec<String> {
    let show = |value: &Option<Value>| value.as_ref().map_or("none".into(), Value::to_string);
    match change {
        ObjectChange::Update { fields, .. } => fields
            .iter()
            .map(|f| format!("{}: {} -> {}", f.path, show(&f.before), show(&f.after)))
            .collect(),
        ObjectChange::Create { document } => vec![format!("create {}", document["kind"])],
        ObjectChange::Delete { object, .. } => vec![format!("delete {object}")],
        ObjectChange::Exec { object, .. } => vec![format!("exec {object}")],
    }
}

#[test]
fn every_row_is_whole() {
    let ids: Vec<&str> = all().map(|fault| fault.id).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    assert!(ids.len() >= 30, "{}", ids.len());
    for fault in all() {
        let id = fault.id;
        assert!(
            id.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{id}"
        );
        let told = !fault.signs.is_empty() || !fault.shows.is_empty();
        assert!(!fault.targets.is_empty(), "{id}");
        assert!(
            told || fault.harms != Harms::Users,
            "{id}: nothing tells it"
        );
        assert!(
            !fault.remedies.is_empty() && !fault.source.is_empty(),
            "{id}"
        );
        assert!(fault.frequency.per_cluster_month > 0.0, "{id}");
        let comes = !fault.parts.is_empty() || fault.is_visible();
        assert!(comes, "{id} comes neither hidden nor by a change");
        if !fault.steps.is_empty() {
            assert!(
                fault.is_visible(),
                "{id} comes by a change that nothing betrays"
            );
        }
        let ends = fault.remedies.iter().any(|remedy| remedy.aim == Aim::Undo);
        assert!(!ends || fault.remedies[0].aim == Aim::Undo, "{id}");
    }
}

#[test]
fn defaults_and_draws_stay_in_range_and_rise() {
    for fault in all() {
        for parameter in fault.parameters {
            assert!(
                parameter.admits(parameter.default),
                "{} {}",
                fault.id,
                parameter.name
            );
            assert!((parameter.at(0.0) - parameter.low).abs() <= 1e-9 * parameter.low);
            assert!((parameter.at(1.0) - parameter.high).abs() <= 1e-9 * parameter.high);
            assert!(parameter.at(0.3) < parameter.at(0.6));
        }
    }
}

#[test]
fn a_change_by_which_a_fault_comes_betrays_it() {
    for fault in all().filter(|fault| fault.stage.is_empty()) {
        let objects = shop();
        let deeds = fault.steps.iter();
        let deeds: Option<Vec<Deed>> = deeds
            .map(|step| step.deed(&objects, target(fault), &fault.defaults()))
            .collect();
        let Some(deeds) = deeds else {
            assert!(!comes_to_the_shop(fault), "{}", fault.id);
            continue;
        };
        let betrays = |deed: &Deed| match deed {
            Deed::Write(change) | Deed::Again { change, .. } => {
                assert!(betrayal::object(change).is_some(), "{}", fault.id);
                !fault.traces(change).is_empty()
            }
            Deed::DeletePods => false,
        };
        assert!(
            deeds.is_empty() || deeds.iter().any(betrays),
            "{}: {deeds:?}",
            fault.id
        );
    }
}

/// Faults of what the shop of these tests has not: nothing of it can be got wrong so.
fn comes_to_the_shop(fault: &Fault) -> bool {
    fault.candidacy == Candidacy::BySigns
}

#[test]
fn mistakes_are_such_as_operators_make() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "image_missing",
            &[
                "spec.template.spec.containers[name=server].image: \"registry:5000/shop/cart:v1@sha256:00\" -> \"registry:5000/shop/cart:v1-rc\"",
            ],
        ),
        (
            "memory_limit_too_low",
            &[
                "spec.template.spec.containers[name=server].resources.limits.memory: \"128Mi\" -> \"19Mi\"",
                "spec.template.spec.containers[name=server].resources.requests.memory: \"64Mi\" -> \"19Mi\"",
            ],
        ),
        (
            "cpu_limit_too_low",
            &[
                "spec.template.spec.containers[name=server].resources.limits.cpu: \"200m\" -> \"30m\"",
                "spec.template.spec.containers[name=server].resources.requests.cpu: \"100m\" -> \"30m\"",
            ],
        ),
        (
            "readiness_probe_misconfigured",
            &[
                "spec.template.spec.containers[name=server].readinessProbe: {\"grpc\":{\"port\":7070},\"periodSeconds\":5} -> {\"grpc\":{\"port\":9},\"periodSeconds\":5}",
            ],
        ),
        (
            "service_selector_wrong",
            &["spec.selector[\"app.kubernetes.io/name\"]: \"cart\" -> \"cart-v2\""],
        ),
        (
            "service_target_port_wrong",
            &["spec.ports[name=grpc].targetPort: 7070 -> 9999"],
        ),
        ("replicas_zero", &["spec.replicas: 2 -> 0"]),
        (
            "env_var_wrong",
            &[
                "spec.template.spec.containers[name=server].env[name=DB].value: \"cart-db:5432\" -> \"cart-db:5433\"",
            ],
        ),
        ("network_policy_block", &["create \"NetworkPolicy\""]),
    ];
    for (id, expected) in cases {
        assert_eq!(fields(&change(id)), expected, "{id}");
    }
}

fn update(path: &str, before: Value, after: Value) -> ObjectChange {
    ObjectChange::Update {
        object: ObjectRef::new(Kind::Deployment, "shop", "cart"),
        fields: vec![FieldChange {
            path: path.parse().expect("a path"),
            before: Some(before).filter(|value| !value.is_null()),
            after: Some(after).filter(|value| !value.is_null()),
        }],
    }
}

#[test]
fn a_change_makes_those_suspects_that_it_can_be() {
    let suspects = |path: &str, before: Value, after: Value| -> Vec<&str> {
        let found = betrayal::suspects(&update(path, before, after));
        found.iter().map(|(fault, _)| fault.id).collect()
    };
    let limit = "spec.template.spec.containers[name=server].resources.limits.memory";
    assert_eq!(
        suspects(limit, json!("128Mi"), json!("64Mi")),
        ["memory_limit_too_low"]
    );
    assert!(suspects(limit, json!("64Mi"), json!("0.5Gi")).is_empty());
    assert_eq!(
        suspects("spec.replicas", json!(3), json!(1)),
        ["replicas_too_few"]
    );
    assert_eq!(
        suspects("spec.replicas", json!(3), json!(0)),
        ["replicas_zero"],
        "what says more of the same field stands"
    );
    assert!(suspects("spec.replicas", json!(1), json!(3)).is_empty());
    assert!(suspects("metadata.labels.team", json!("a"), json!("b")).is_empty());
    let image = "spec.template.spec.containers[name=server].image";
    assert!(suspects(image, json!("a:1"), json!("a:2")).contains(&"bad_release"));
}

#[test]
fn patterns_end_at_the_borders_of_names() {
    let pattern = Betrayal::Field {
        kinds: &[],
        path: "containers[].env",
        turn: Turn::Any,
    };
    let hits = |path: &str| !pattern.fields(&update(path, json!(1), json!(2))).is_empty();
    assert!(hits(
        "spec.template.spec.containers[name=a].env[name=B].value"
    ));
    assert!(hits("spec.template.spec.containers[0].env"));
    assert!(!hits("spec.template.spec.containers[name=a].envFrom"));
    assert!(!hits("spec.template.spec.initContainers[name=a].env"));
}

#[test]
fn the_five_events_name_faults_of_the_catalogue() {
    assert_eq!(EVENTS.len(), 5);
    for event in EVENTS {
        assert!(event.fault().is_some(), "{}", event.id);
        assert!(event.counts.contains(&event.lays), "{}", event.id);
        assert!(
            event.counts.iter().all(|id| by_id(id).is_some()),
            "{}",
            event.id
        );
    }
}

fn laying(template: Option<TemplateId>) -> Laying<'static> {
    Laying {
        subject: Subject::Workload(WorkloadId(0)),
        parameters: &[],
        from: Tick(100),
        until: Tick::NEVER,
        template,
        held: None,
    }
}

#[test]
fn a_defect_of_a_revision_ends_with_it_where_one_is_known() {
    let leak = by_id("memory_leak").expect("the leak");
    let laid = &overlay(leak, &laying(Some(TemplateId(3)))).0[0];
    assert_eq!(laid.mechanism, Mechanism::MemoryGrowth(1_048_576.0));
    assert_eq!(
        (laid.from, laid.until, laid.ends.clone()),
        (Tick(100), Tick::NEVER, Ends::WithRevision(3))
    );
    assert_eq!(overlay(leak, &laying(None)).0[0].ends, Ends::WithTime);
}

#[test]
fn a_trigger_goes_by_itself() {
    let storm = by_id("retry_storm").expect("the storm");
    assert_eq!(storm.parts[0].lasting, Lasting::Parameter(1));
    let sizes = [20.0, 45.0];
    let laying = Laying {
        parameters: &sizes,
        ..laying(None)
    };
    let laid = &overlay(storm, &laying).0[0];
    assert_eq!(
        (laid.mechanism.clone(), laid.until),
        (Mechanism::CpuFactor(20.0), Tick(145))
    );
}

#[test]
fn what_never_counts_as_a_fix_is_no_remedy_that_ends_a_cause() {
    let banned = [Act::DeletePods, Act::ShedTraffic, Act::LimitConcurrency];
    for fault in all().filter(|fault| fault.is_visible()) {
        for remedy in fault.remedies.iter().filter(|r| r.aim == Aim::Undo) {
            assert!(
                !banned.contains(&remedy.act),
                "{}: {:?}",
                fault.id,
                remedy.act
            );
        }
    }
}

#[test]
fn a_repair_is_done_where_its_fault_can_be() {
    for fault in all() {
        let Some(procedure) = fault.repair() else {
            continue;
        };
        let own = |kind: &TargetKind| match procedure.facts().site {
            Site::Cluster => true,
            Site::Container => *kind == TargetKind::Workload,
            Site::Interface => matches!(kind, TargetKind::Workload | TargetKind::Node),
            Site::Node | Site::Machine => *kind == TargetKind::Node,
            Site::Service => *kind == TargetKind::Service,
        };
        assert!(fault.targets.iter().all(own), "{}: {procedure:?}", fault.id);
        let laying = laying(None);
        let laid = overlay(fault, &laying).0;
        assert!(laid.iter().all(|laid| laid.repair == Some(procedure)));
    }
}

/// `AEGIS_WRITE=1 cargo test -p aegis-faults` writes it anew.
#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "whether it is written anew is the caller's to say"
)]
fn the_page_is_made_of_the_rows() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.md");
    let page = aegis_faults::page::page();
    if std::env::var_os("AEGIS_WRITE").is_some() {
        std::fs::write(path, &page).expect("the page is written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == page,
        "docs/faults.md is old: AEGIS_WRITE=1 cargo test -p aegis-faults"
    );
}

/// Causes that `aegis diagnose` finds and that no row lays yet; the list may only shrink.
const NOT_LAID: &[&str] = &[
    "filesystem_read_only",
    "capability_missing",
    "host_path_missing",
    "service_name_wrong",
    "manifest_unreadable",
    "manifest_invalid",
    "manifest_repeats",
    "field_unknown",
    "api_version_unknown",
    "selector_not_of_template",
    "limit_range_exceeded",
    "quota_exceeded",
    "quota_wants_resources",
    "role_binding_broken",
    "priority_class_missing",
    "permission_denied_by_rbac",
    "extended_resource_missing",
    "ephemeral_storage_exceeded",
    "variable_missing",
    "pod_affinity_unsatisfiable",
    "job_pods_fail",
    "network_policy_blocks_dns",
    "network_policy_selects_nothing",
    "ingress_class_missing",
    "gateway_class_missing",
    "route_detached",
    "disruption_budget_selects_nothing",
    "stateful_set_service_missing",
    "service_without_pods",
    "storage_class_broken",
    "rollout_stuck",
];

/// What `aegis diagnose` finds and what can be laid are one list: every other cause is a row.
#[test]
fn every_cause_that_is_read_off_a_dump_is_a_row() {
    let missing: Vec<&str> = aegis_faults::causes::causes()
        .map(|cause| cause.id)
        .filter(|id| *id != aegis_faults::MISCONFIGURATION && by_id(id).is_none())
        .collect();
    assert_eq!(missing, NOT_LAID);
}
