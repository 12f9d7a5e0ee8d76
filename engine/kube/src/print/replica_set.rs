//! ReplicaSets that a Deployment owns.

use super::{Context, defaults, meta, status};
use aegis_model::kubernetes::Rounding;
use aegis_model::objects::{ReplicaSet, Template, Workload, WorkloadSpec};
use serde_json::{Value, json};

const HASH: &str = "pod-template-hash";

/// A ReplicaSet as `kubectl get rs -o yaml` shows it.
pub fn print(cx: &Context<'_>, row: &ReplicaSet) -> Value {
    let owner = cx.objects.workloads.get(row.owner.index());
    let template = cx.objects.templates.get(row.template.index());
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(cx, row, owner, template),
        "spec": spec(row, owner, template),
        "status": status::replica_set(cx, &row.status, row.status.replicas),
    })
}

fn metadata(
    cx: &Context<'_>,
    row: &ReplicaSet,
    owner: Option<&Workload>,
    template: Option<&Template>,
) -> Value {
    let mut meta = meta::metadata(cx, &row.header);
    if let Some(template) = template {
        let labels = meta::labels_value(&template.spec.metadata.labels);
        defaults::default(&mut meta, "labels", labels);
        defaults::default(&mut meta["labels"], HASH, template.hash.as_str());
    }
    let Some(owner) = owner else {
        return meta;
    };
    meta["ownerReferences"] = meta::owner(&owner.header);
    let wanted = owner.spec.replicas().unwrap_or(row.replicas);
    let note = |key: &str| format!("deployment.kubernetes.io/{key}");
    let notes = &mut meta["annotations"];
    defaults::default(notes, &note("desired-replicas"), wanted.to_string());
    defaults::default(
        notes,
        &note("max-replicas"),
        (wanted + surge(owner, wanted)).to_string(),
    );
    notes[note("revision")] = row.revision.max(1).to_string().into();
    meta
}

/// Pods above the wanted number that the Deployment's strategy allows.
fn surge(owner: &Workload, wanted: u32) -> u32 {
    let WorkloadSpec::Deployment(spec) = &*owner.spec else {
        return 0;
    };
    if spec.strategy.kind == "Recreate" {
        return 0;
    }
    let bounds = spec.strategy.rolling_update.as_ref();
    let surge = bounds.and_then(|bounds| bounds.max_surge.as_ref());
    surge.map_or_else(
        || wanted.div_ceil(4),
        |surge| surge.of(wanted, Rounding::Up),
    )
}

fn spec(row: &ReplicaSet, owner: Option<&Workload>, template: Option<&Template>) -> Value {
    let mut spec = json!({"replicas": row.replicas});
    if let Some(owner) = owner {
        let wanted = meta::part(&owner.header.doc, "spec");
        spec["selector"] = meta::part(&wanted, "selector");
        if let Some(seconds) = wanted.get("minReadySeconds") {
            spec["minReadySeconds"] = seconds.clone();
        }
    }
    if let Some(template) = template {
        spec["selector"]["matchLabels"][HASH] = template.hash.as_str().into();
        spec["template"] = json!({
            "metadata": meta::part(&template.doc, "metadata"),
            "spec": meta::part(&template.doc, "spec"),
        });
        spec["template"]["metadata"]["labels"][HASH] = template.hash.as_str().into();
    }
    defaults::pod_spec(&mut spec["template"]["spec"]);
    spec
}
