//! Claims that are not bound, and why: against the volumes and classes that there are.

use super::Case;
use crate::candidate::{
    Candidate, Weight,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{has, items, quantity, text, texts};
use crate::estate::{Estate, Object, Pod};
use crate::labels::{Labels, selects};
use aegis_model::bundle::Origin;
use aegis_shell::is_plainly_absent;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        let pods = estate.pods_of(at);
        let Some(pod) = pods.clone().find(|pod| !pod.is_ready()) else {
            continue;
        };
        for claim in items(pod.object.doc, "/spec/volumes")
            .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        {
            if !claim.is_empty() {
                found.extend(judge(case, at, pod, claim));
            }
        }
        found.extend(attached_elsewhere(case, at, pod));
        found.extend(out_of_reach(case, at, pod));
    }
    found.extend(classless(case));
    found
}

/// Claims that wait for a class that is not there, whether or not a pod waits for them.
fn classless(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    if estate.bundle.origin != Origin::Settled {
        return Vec::new();
    }
    let claims = estate
        .of_kind("PersistentVolumeClaim")
        .filter(|claim| estate.is_home(claim.namespace));
    let waiting = claims.filter(|claim| text(claim.doc, "/status/phase") != "Bound");
    waiting
        .filter_map(|claim| {
            let (what, weight, words) = unbound(estate, &claim)?;
            Some(
                Candidate::new(cause_of(what), claim.reference())?
                    .field(field_of(what))
                    .value("value", text(claim.doc, "/spec/storageClassName"))
                    .seen(weight, "object", claim.reference(), words),
            )
        })
        .collect()
}

fn judge(case: &Case<'_>, at: usize, pod: &Pod<'_>, name: &str) -> Option<Candidate> {
    let estate = &case.estate;
    let namespace = pod.object.namespace;
    if estate.is_refused("PersistentVolumeClaim", namespace, name) {
        return None;
    }
    let Some(claim) = estate.find("PersistentVolumeClaim", namespace, name) else {
        let words = format!("persistentvolumeclaim \"{name}\" not found");
        let mut warnings = estate.warnings("Pod", namespace, pod.object.name);
        let said = warnings.any(|event| event.message.contains(&words));
        return (said || estate.knows("PersistentVolumeClaim", namespace)).then(|| {
            Some(make("claim_missing", estate, at, name)?.seen(
                Said,
                "event",
                pod.object.reference(),
                words,
            ))
        })?;
    };
    if text(claim.doc, "/status/phase") == "Bound" {
        return None;
    }
    let (what, weight, words) = unbound(estate, &claim)?;
    let (id, field) = (cause_of(what), field_of(what));
    Some(
        make(id, estate, at, name)?
            .field(format!("{}: {field}", claim.reference()))
            .seen(weight, "object", claim.reference(), words)
            .seen(
                Fits,
                "object",
                claim.reference(),
                "the claim is Pending, and the pod waits for it",
            ),
    )
}

/// The cause of what does not fit: fields without a row of their own are a misconfiguration.
fn cause_of(what: &'static str) -> &'static str {
    match what {
        "volumeMode" | "volumeName" => "misconfiguration",
        id => id,
    }
}

/// The claim's field that does not fit.
fn field_of(id: &str) -> &'static str {
    match id {
        "claim_class_wrong" => "spec.storageClassName",
        "claim_size_too_large" => "spec.resources.requests.storage",
        "claim_access_mode_wrong" => "spec.accessModes",
        "claim_selector_wrong" => "spec.selector",
        "volumeMode" => "spec.volumeMode",
        _ => "spec.volumeName",
    }
}

fn make(id: &str, estate: &Estate<'_>, at: usize, claim: &str) -> Option<Candidate> {
    let candidate = Candidate::at_workload(id, estate, at)?;
    Some(
        candidate
            .field("spec.template.spec.volumes[].persistentVolumeClaim.claimName")
            .value("value", claim),
    )
}

/// The cause, how telling it is, and why.
type Unbound = (&'static str, Weight, String);

/// Why a claim finds no volume: by the volume that is nearest to fitting.
fn unbound(estate: &Estate<'_>, claim: &Object<'_>) -> Option<Unbound> {
    let volumes: Vec<Object<'_>> = estate.of_kind("PersistentVolume").collect();
    let class = text(claim.doc, "/spec/storageClassName");
    let made = estate.of_kind("StorageClass").find(|one| one.name == class);
    if made.is_none()
        && !class.is_empty()
        && !volumes
            .iter()
            .any(|one| text(one.doc, "/spec/storageClassName") == class)
    {
        return Some((
            "claim_class_wrong",
            Proven,
            format!("there is neither a class {class} nor a volume of it"),
        ));
    }
    if let Some(class) = &made {
        let provisioner = text(class.doc, "/provisioner");
        if provisioner != "kubernetes.io/no-provisioner" {
            return provided_by_nobody(estate, class, provisioner);
        }
        let at_once = text(class.doc, "/volumeBindingMode") != "WaitForFirstConsumer";
        if volumes.is_empty() && at_once {
            let words = format!(
                "class {} makes no volumes, and there is none of it",
                class.name
            );
            return Some(("claim_class_wrong", Proven, words));
        }
    }
    let nearest = volumes
        .iter()
        .map(|volume| (misfits(claim, volume), volume))
        .min_by_key(|(misfits, volume)| {
            (
                misfits.len(),
                misfits.contains(&"claim_volume_taken"),
                volume.name,
            )
        })?;
    let (misfits, volume) = nearest;
    let id = *misfits.first()?;
    Some((id, Proven, describe(id, claim, volume)))
}

/// Of manifests: a class of a provisioner that says of itself that there is none, and that no workload
/// of the input runs: a word, and no more.
fn provided_by_nobody(
    estate: &Estate<'_>,
    class: &Object<'_>,
    provisioner: &str,
) -> Option<Unbound> {
    let named = is_plainly_absent(provisioner);
    let runs = || {
        estate
            .workloads
            .iter()
            .any(|one| one.pod_spec.to_string().contains(provisioner))
    };
    let settled = estate.bundle.origin == Origin::Settled;
    (settled && named && !runs()).then(|| {
        let words = format!(
            "nobody runs {provisioner}, which is to make the volumes of class {}",
            class.name
        );
        ("claim_class_wrong", Fits, words)
    })
}

/// What keeps a volume from a claim, the taking last: it matters only where all else fits.
fn misfits(claim: &Object<'_>, volume: &Object<'_>) -> Vec<&'static str> {
    let mut found = Vec::new();
    if text(claim.doc, "/spec/storageClassName") != text(volume.doc, "/spec/storageClassName") {
        found.push("claim_class_wrong");
    }
    let offered: Vec<&str> = items(volume.doc, "/spec/accessModes")
        .filter_map(|mode| mode.as_str())
        .collect();
    let mut asked = items(claim.doc, "/spec/accessModes").filter_map(|mode| mode.as_str());
    if asked.any(|mode| !offered.contains(&mode)) {
        found.push("claim_access_mode_wrong");
    }
    if mode_of(claim) != mode_of(volume) {
        found.push("volumeMode");
    }
    let named = text(claim.doc, "/spec/volumeName");
    if !named.is_empty() && named != volume.name {
        found.push("volumeName");
    }
    let size = quantity(claim.doc, "/spec/resources/requests/storage");
    if size > quantity(volume.doc, "/spec/capacity/storage") {
        found.push("claim_size_too_large");
    }
    let labels: Labels<'_> = texts(volume.doc, "/metadata/labels").collect();
    if claim
        .doc
        .pointer("/spec/selector")
        .is_some_and(|selector| !selects(selector, &labels))
    {
        found.push("claim_selector_wrong");
    }
    let (owner, space) = (
        text(volume.doc, "/spec/claimRef/name"),
        text(volume.doc, "/spec/claimRef/namespace"),
    );
    let ours = owner == claim.name && space == claim.namespace;
    if has(volume.doc, "/spec/claimRef")
        && (!ours || text(volume.doc, "/status/phase") == "Released")
    {
        found.push("claim_volume_taken");
    }
    found
}

/// Whether a volume is a file system or a device.
fn mode_of<'a>(of: &Object<'a>) -> &'a str {
    match text(of.doc, "/spec/volumeMode") {
        "" => "Filesystem",
        mode => mode,
    }
}

fn describe(id: &str, claim: &Object<'_>, volume: &Object<'_>) -> String {
    let show = |doc: &serde_json::Value, pointer: &str| {
        doc.pointer(pointer)
            .map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    let (mine, theirs) = match id {
        "claim_class_wrong" => ("/spec/storageClassName", "/spec/storageClassName"),
        "claim_access_mode_wrong" => ("/spec/accessModes", "/spec/accessModes"),
        "claim_size_too_large" => ("/spec/resources/requests/storage", "/spec/capacity/storage"),
        "volumeMode" => {
            let (mine, theirs) = (mode_of(claim), mode_of(volume));
            return format!(
                "the claim asks for volumeMode {mine}, {} has {theirs}",
                volume.name
            );
        }
        "volumeName" => {
            let named = text(claim.doc, "/spec/volumeName");
            return format!(
                "it asks for volume {named}; {} is the one that is there",
                volume.name
            );
        }
        "claim_selector_wrong" => ("/spec/selector", "/metadata/labels"),
        _ => {
            return format!(
                "{} is bound to claim {}",
                volume.name,
                text(volume.doc, "/spec/claimRef/name")
            );
        }
    };
    format!(
        "the claim asks for {}, {} has {}",
        show(claim.doc, mine),
        volume.name,
        show(volume.doc, theirs)
    )
}

/// A volume that nodes alone can use which are not there.
fn out_of_reach(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    const TERMS: &str = "/spec/nodeAffinity/required/nodeSelectorTerms";
    let estate = &case.estate;
    let namespace = pod.object.namespace;
    let mut claims = items(pod.object.doc, "/spec/volumes")
        .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        .filter_map(|name| estate.find("PersistentVolumeClaim", namespace, name));
    let volume = claims.find_map(|claim| {
        let mut volumes = estate.of_kind("PersistentVolume");
        volumes.find(|volume| {
            let bound = text(claim.doc, "/spec/volumeName") == volume.name;
            (bound || misfits(&claim, volume).is_empty()) && has(volume.doc, TERMS)
        })
    })?;
    let mut nodes = estate.of_kind("Node").peekable();
    nodes.peek()?;
    let reachable = nodes.any(|node| {
        let labels: Labels<'_> = texts(node.doc, "/metadata/labels").collect();
        let fits = |term: &serde_json::Value| {
            items(term, "/matchExpressions").all(|rule| crate::labels::holds(rule, &labels))
        };
        items(volume.doc, TERMS).any(fits)
    });
    (!reachable).then(|| {
        let words = "no node has the labels that its nodeAffinity asks for";
        Some(
            Candidate::at_workload("volume_node_affinity_conflict", estate, at)?
                .field(format!("{}: spec.nodeAffinity", volume.reference()))
                .value("value", volume.name)
                .seen(Proven, "object", volume.reference(), words)
                .seen(
                    Fits,
                    "object",
                    pod.object.reference(),
                    "the pod waits for the volume",
                ),
        )
    })?
}

fn attached_elsewhere(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let object = &pod.object;
    let mut warnings = case.estate.warnings("Pod", object.namespace, object.name);
    let said = warnings.find(|event| event.message.contains("Multi-Attach error"))?;
    Some(
        Candidate::at_workload("volume_attached_elsewhere", &case.estate, at)?
            .field("spec.template.spec.volumes")
            .seen(Said, "event", object.reference(), said.message.clone())
            .seen(
                Proven,
                "object",
                object.reference(),
                "the pod waits for the volume",
            ),
    )
}
