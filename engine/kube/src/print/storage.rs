//! PersistentVolumes, PersistentVolumeClaims and StorageClasses.

use super::status::{Extra, put_conditions};
use super::{Context, defaults, ident, meta};
use aegis_model::objects::{
    ClaimPhase, Header, PersistentVolume, PersistentVolumeClaim, StorageClass,
};
use aegis_model::units::Tick;
use serde_json::{Value, json};

/// A PersistentVolume as `kubectl get pv -o yaml` shows it.
pub fn volume(cx: &Context<'_>, row: &PersistentVolume) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    defaults::default(&mut spec, "persistentVolumeReclaimPolicy", "Retain");
    defaults::default(&mut spec, "volumeMode", "Filesystem");
    if let Some(path) = spec.get_mut("hostPath") {
        defaults::default(path, "type", "");
    }
    let mut status = json!({
        "phase": row.phase.as_str(),
        "lastPhaseTransitionTime": cx.epoch.rfc3339(row.since),
    });
    if let Some(message) = &row.message {
        status["message"] = (**message).into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": metadata(cx, &row.header, row.deletion),
        "spec": spec,
        "status": status,
    })
}

/// The VolumeAttachments of a volume that a CSI driver serves.
/// Source: pkg/volume/csi/csi_attacher.go `Attach`, `getAttachmentName`.
pub fn attachments(cx: &Context<'_>, row: &PersistentVolume) -> Vec<Value> {
    let Some(driver) = row.header.doc["spec"]["csi"]["driver"].as_str() else {
        return Vec::new();
    };
    let volume = row.header.reference.name.as_str();
    let nodes = row
        .attached
        .iter()
        .filter_map(|id| cx.objects.nodes.get(id.index()));
    let printed = nodes.map(|node| {
        let node = node.header.reference.name.as_str();
        let number = ident::number_of(&format!("{volume}{driver}{node}"));
        let name = format!("csi-{}", ident::digest(number));
        json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "VolumeAttachment",
            "metadata": {
                "name": name,
                "uid": ident::named(&[&name]),
                "resourceVersion": "1",
                "creationTimestamp": cx.epoch.rfc3339(row.since),
            },
            "spec": {
                "attacher": driver,
                "nodeName": node,
                "source": {"persistentVolumeName": volume},
            },
            "status": {"attached": true},
        })
    });
    let given = |item: &Value| {
        let mut plain = cx.objects.plain.iter().map(|row| &row.header);
        plain.any(|header| {
            header.exists()
                && header.reference.kind.as_str() == "VolumeAttachment"
                && item["metadata"]["name"] == header.reference.name.as_str()
        })
    };
    printed.filter(|item| !given(item)).collect()
}

/// A PersistentVolumeClaim as `kubectl get pvc -o yaml` shows it.
pub fn claim(cx: &Context<'_>, row: &PersistentVolumeClaim) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    defaults::default(&mut spec, "volumeMode", "Filesystem");
    let mut status = json!({"phase": row.phase.as_str()});
    if let (Some(capacity), ClaimPhase::Bound | ClaimPhase::Lost) = (row.capacity, row.phase) {
        status["accessModes"] = json!(row.access_modes);
        status["capacity"] = json!({"storage": capacity});
    }
    put_conditions(cx, &mut status, &row.conditions, Extra::None);
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(cx, &row.header, row.deletion),
        "spec": spec,
        "status": status,
    })
}

/// A StorageClass as `kubectl get sc -o yaml` shows it.
pub fn class(cx: &Context<'_>, row: &StorageClass) -> Value {
    let mut object = (*row.header.doc).clone();
    object["apiVersion"] = "storage.k8s.io/v1".into();
    object["kind"] = "StorageClass".into();
    object["metadata"] = meta::metadata(cx, &row.header);
    defaults::default(&mut object, "reclaimPolicy", "Delete");
    defaults::default(&mut object, "volumeBindingMode", "Immediate");
    object
}

fn metadata(cx: &Context<'_>, header: &Header, deletion: Option<Tick>) -> Value {
    let mut meta = meta::metadata(cx, header);
    if let Some(asked) = deletion {
        meta["deletionTimestamp"] = cx.epoch.rfc3339(asked).into();
        meta["deletionGracePeriodSeconds"] = 0.into();
    }
    meta
}
