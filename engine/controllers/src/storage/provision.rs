//! Volumes are made for claims: what the controller says, and what the provisioner of the class does.

use super::bind::SELECTED_NODE;
use super::{say, say_as};
use aegis_cluster::Cluster;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, Actor, storage};
use aegis_cluster::journal::Journal;
use aegis_cluster::volumes::{self, Driver, DriverKind, Reach};
use aegis_cluster::workings::{Slot, StorageJob, fnv1a};
use aegis_model::ClaimId;
use aegis_model::kubernetes::{Kind, ObjectRef, ReclaimPolicy, StorageClassSpec};
use aegis_model::objects::{ClaimPhase, Severity};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};
use smol_str::SmolStr;

/// `source.component` of its Events.
const PROVISIONER: &str = "external-provisioner";
/// Seconds that a provisioner takes; those of clouds take two to ten.
const PROVISIONING: u32 = 3;
const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";
/// What marks a volume as made by a provisioner.
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// No volume is there for a claim with a class: one is asked for.
pub(super) fn begin<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let name: SmolStr = cluster.objects.claims[id.index()].class().into();
    let Some(class) = storage::class(cluster, &name) else {
        let message = format!("storageclass.storage.k8s.io \"{name}\" not found");
        return say(
            cluster,
            journal,
            id,
            Severity::Warning,
            "ProvisioningFailed",
            &message,
        );
    };
    let provisioner = class.spec.provisioner.clone();
    let driver_name: SmolStr = volumes::driver_name(&provisioner).into();
    if driver_name.starts_with("kubernetes.io/") {
        let message = format!("no volume plugin matched name: {provisioner}");
        return say(
            cluster,
            journal,
            id,
            Severity::Warning,
            "ProvisioningFailed",
            &message,
        );
    }
    storage::edit_claim(cluster, id, |document| {
        let annotations = &mut document["metadata"]["annotations"];
        annotations["volume.beta.kubernetes.io/storage-provisioner"] = provisioner.as_str().into();
        annotations["volume.kubernetes.io/storage-provisioner"] = provisioner.as_str().into();
    });
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{driver_name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
    );
    say(
        cluster,
        journal,
        id,
        Severity::Normal,
        "ExternalProvisioning",
        &message,
    );
    if let Some(why) = missing_source(cluster, id) {
        return await_source(cluster, journal, id, &name, &why);
    }
    let job = StorageJob::Provision(id);
    if volumes::driver(cluster, &provisioner).is_some() && !cluster.workings.storage.is_planned(job)
    {
        let reference = &cluster.objects.claims[id.index()].header.reference;
        let message = format!(
            "External provisioner is provisioning volume for claim \"{}/{}\"",
            reference.namespace, reference.name
        );
        say_as(
            cluster,
            journal,
            id,
            PROVISIONER,
            ("Provisioning", &message),
        );
        let at = cluster.clock.after(PROVISIONING);
        cluster.workings.storage.later(at, job);
    }
}

/// Says what is missing, and looks again later.
fn await_source<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    id: ClaimId,
    name: &str,
    why: &str,
) {
    let object = cluster.objects.claims[id.index()].header.reference.clone();
    let message = format!("failed to provision volume with StorageClass \"{name}\": {why}");
    let (warning, source) = (Severity::Warning, Source::of(PROVISIONER));
    record(
        cluster,
        journal,
        warning,
        "ProvisioningFailed",
        &message,
        &object,
        source,
    );
    let again = cluster.clock.after(SOURCE_AGAIN);
    cluster.workings.storage.later(again, StorageJob::Sync(id));
}

/// Seconds until a provisioner looks for a missing source again; its back-off starts lower.
const SOURCE_AGAIN: u32 = 10;

/// Why what a claim is to be filled from cannot be had; `None` where it can, or where it is to be empty.
/// Source: kubernetes-csi/external-provisioner pkg/controller/controller.go `getVolumeContentSource`.
fn missing_source<P>(cluster: &Cluster<P>, id: ClaimId) -> Option<String> {
    let header = &cluster.objects.claims[id.index()].header;
    let spec = &header.doc["spec"];
    let source = match spec["dataSource"].is_object() {
        true => &spec["dataSource"],
        false => &spec["dataSourceRef"],
    };
    let name = source["name"].as_str()?;
    let namespace = &header.reference.namespace;
    let kind = source["kind"].as_str()?;
    let object = ObjectRef::new(Kind::from(kind), namespace, name);
    let found = api::find(cluster, &object);
    let why = match (kind, found) {
        ("PersistentVolumeClaim", None) => format!(
            "error getting PVC {name} (namespace {namespace:?}) from api server: persistentvolumeclaims {name:?} not found"
        ),
        ("PersistentVolumeClaim", Some(Slot::Claim(source)))
            if cluster.objects.claims[source.index()].phase != ClaimPhase::Bound =>
        {
            format!("the PVC {name} is not bound")
        }
        ("VolumeSnapshot", None) => format!(
            "error getting snapshot {name} from api server: volumesnapshots.snapshot.storage.k8s.io {name:?} not found"
        ),
        _ => return None,
    };
    Some(format!(
        "error getting handle for DataSource Type {kind} by Name {name}: {why}"
    ))
}

/// The volume is there, and kept for the claim.
pub(super) fn finish<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let claim = &cluster.objects.claims[id.index()];
    if !claim.header.exists() || claim.phase != ClaimPhase::Pending {
        return;
    }
    let Some(class) = storage::class(cluster, claim.class()) else {
        return;
    };
    let class = class.spec.clone();
    let Some(driver) = volumes::driver(cluster, &class.provisioner) else {
        return;
    };
    let document = document(cluster, id, &class, driver);
    let name: String = document["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .into();
    if api::create(cluster, Arc::new(document), Actor::Unrecorded).is_err() {
        return;
    }
    let message = format!("Successfully provisioned volume {name}");
    say_as(
        cluster,
        journal,
        id,
        PROVISIONER,
        ("ProvisioningSucceeded", &message),
    );
    cluster.workings.storage.mark_claim(id);
}

fn document<P>(
    cluster: &Cluster<P>,
    id: ClaimId,
    class: &StorageClassSpec,
    driver: Driver,
) -> Value {
    let claim = &cluster.objects.claims[id.index()];
    let name = format!("pvc-{}", api::uid(&claim.header));
    let policy = class.reclaim_policy.unwrap_or(ReclaimPolicy::Delete);
    let mut spec = json!({
        "accessModes": claim.spec.access_modes,
        "capacity": {"storage": claim.request()},
        "claimRef": storage::claim_reference(&claim.header),
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": claim.class(),
        "volumeMode": claim.spec.volume_mode.as_deref().unwrap_or("Filesystem"),
    });
    let (key, source) = source(class, driver, &name);
    spec[key] = source;
    if let Some((label, value)) = place(cluster, id, class, driver) {
        spec["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
            {"key": label, "operator": "In", "values": [value.as_str()]}]}]}});
    }
    let mut finalizers = Vec::new();
    if driver.kind == DriverKind::Csi && policy == ReclaimPolicy::Delete {
        finalizers.push("external-provisioner.volume.kubernetes.io/finalizer");
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {PROVISIONED_BY: class.provisioner.as_str()},
            "finalizers": finalizers,
        },
        "spec": spec,
    })
}

/// The source of a volume: its field in the spec, and what stands there.
fn source(class: &StorageClassSpec, driver: Driver, name: &str) -> (&'static str, Value) {
    match driver.kind {
        DriverKind::Csi => {
            let driver = volumes::driver_name(&class.provisioner);
            (
                "csi",
                json!({"driver": driver, "volumeHandle": name, "fsType": "ext4"}),
            )
        }
        DriverKind::HostPath => {
            let path = format!("/var/local-path-provisioner/{name}");
            (
                "hostPath",
                json!({"path": path, "type": "DirectoryOrCreate"}),
            )
        }
    }
}

/// Where the volume is: a node's label and its value; none where it is everywhere.
fn place<P>(
    cluster: &Cluster<P>,
    id: ClaimId,
    class: &StorageClassSpec,
    driver: Driver,
) -> Option<(&'static str, SmolStr)> {
    let key = match driver.reach {
        Reach::Everywhere => return None,
        Reach::Zone => ZONE,
        Reach::Node => HOSTNAME,
    };
    let claim = &cluster.objects.claims[id.index()];
    let selected = claim.header.annotations.get(SELECTED_NODE);
    let nodes = cluster
        .objects
        .nodes
        .iter()
        .filter(|node| node.header.exists());
    let mut values = BTreeSet::new();
    for node in nodes {
        let header = &node.header;
        let label = header.labels.get(key).cloned();
        let label = label.or_else(|| (key == HOSTNAME).then(|| header.reference.name.clone()));
        if selected.is_none_or(|name| header.reference.name == *name)
            && allows(class, &header.labels)
        {
            values.extend(label);
        }
    }
    let value = values
        .iter()
        .nth(turn(&claim.header.reference.name, values.len()))?;
    Some((key, value.clone()))
}

/// Whether `allowedTopologies` of a class take a node with these labels.
fn allows(class: &StorageClassSpec, labels: &aegis_model::kubernetes::Labels) -> bool {
    let terms = &class.allowed_topologies;
    let holds = |term: &aegis_model::kubernetes::TopologySelectorTerm| {
        let mut parts = term.match_label_expressions.iter();
        parts.all(|part| {
            labels
                .get(&part.key)
                .is_some_and(|value| part.values.contains(value))
        })
    };
    terms.is_empty() || terms.iter().any(holds)
}

/// Which of the zones a claim gets: by a hash of its name, and in turn by the ordinal at its end
/// (component-helpers/storage, `ChooseZonesForVolume`).
fn turn(name: &str, zones: usize) -> usize {
    let numbered = name.rsplit_once('-').and_then(|(base, number)| {
        let number: u32 = number.parse().ok()?;
        Some((base, number))
    });
    let (base, number) = numbered.unwrap_or((name, 0));
    fnv1a(&[base]).wrapping_add(number) as usize % zones.max(1)
}
