//! Changes that do no harm, before and after a fault, by the actors that harmful ones have too.

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{Header, Workload};
use aegis_model::{FieldChange, FieldPath, ObjectChange, Objects, Target, WorkloadId};
use aegis_rehearse::play::ONSET;

use aegis_world::{Act, Change, Deletion, Entry, Propagation};
use serde_json::{Value, json};
use std::sync::Arc;

/// Who changes things.
const ACTORS: [&str; 4] = [
    "user:deployer",
    "system:ci",
    "user:platform",
    "cronjob:nightly",
];
/// When, relative to the onset of a fault, s.
const TIMES: [i64; 5] = [-45, -20, 15, 90, 240];

/// A further number from a number.
#[must_use]
pub fn draw(root: u64, key: u64) -> u64 {
    // SplitMix64's finaliser.
    let mut z =
        (root ^ key.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn at(time: i64) -> u32 {
    (i64::from(ONSET) + time).max(1) as u32
}

/// A handful of harmless changes; none at the targets of a fault.
#[must_use]
pub fn decoys(objects: &Objects, targets: &[Target], key: u64) -> Vec<Entry> {
    let free: Vec<&Workload> = objects
        .workloads
        .enumerate()
        .filter(|(id, row)| {
            let target = Target::Workload(WorkloadId::from(*id));
            row.header.exists()
                && !targets.contains(&target)
                && row.header.reference.kind == Kind::Deployment
        })
        .map(|(_, row)| row)
        .collect();
    if free.is_empty() {
        return Vec::new();
    }
    let number = 3 + draw(key, 1) as usize % 3;
    let entry = |turn: usize| {
        let pick = |what: u64| draw(key, (turn as u64 + 1) * 16 + what) as usize;
        let row = free[pick(0) % free.len()];
        Entry {
            at: at(TIMES[turn]) + pick(3) as u32 % 10,
            act: Act::Change {
                change: Change::Write(Arc::new(harmless(row, pick(1)))),
                actor: ACTORS[pick(2) % ACTORS.len()].into(),
                every: None,
            },
        }
    };
    (0..number.min(TIMES.len())).map(entry).collect()
}

fn harmless(row: &Workload, pick: usize) -> ObjectChange {
    match pick % 4 {
        0 => set(&row.header, &["metadata", "labels", "tier"], json!("shop")),
        1 => set(
            &row.header,
            &["metadata", "annotations", "last-backup"],
            json!("2024-05-01"),
        ),
        2 => set(
            &row.header,
            &["spec", "template", "metadata", "annotations", "rollout"],
            json!("weekly"),
        ),
        _ => {
            let replicas = row.spec.replicas().unwrap_or(1) + 1;
            set(&row.header, &["spec", "replicas"], json!(replicas))
        }
    }
}

fn set(header: &Header, keys: &[&str], after: Value) -> ObjectChange {
    let path = keys
        .iter()
        .fold(FieldPath::default(), |path, key| path.key(key));
    ObjectChange::Update {
        object: header.reference.clone(),
        fields: vec![FieldChange {
            before: path.get(&header.doc).cloned(),
            after: Some(after),
            path,
        }],
    }
}

/// Somebody deletes a pod.
#[must_use]
pub fn mishap(objects: &Objects, key: u64) -> Option<Entry> {
    let pods: Vec<ObjectRef> = objects
        .pods
        .iter()
        .filter(|pod| pod.is_active())
        .map(|pod| ObjectRef::new(Kind::Pod, &pod.namespace, &pod.name))
        .collect();
    let pod = pods.get(draw(key, 2) as usize % pods.len().max(1))?.clone();
    Some(Entry {
        at: at(0),
        act: Act::Change {
            change: Change::Delete(Deletion::Object(pod), Propagation::Unsaid),
            actor: ACTORS[0].into(),
            every: None,
        },
    })
}
