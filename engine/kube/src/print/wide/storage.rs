//! Volumes, claims, classes.

use super::table::{Row, Table, age};
use super::{Context, NONE, row};
use aegis_model::kubernetes::{AccessMode, ReclaimPolicy, VolumeBindingMode};
use aegis_model::objects::ClaimPhase;

/// `RWO,ROX`.
fn modes(modes: &[AccessMode]) -> String {
    let short = |mode: &AccessMode| match mode {
        AccessMode::ReadWriteOnce => "RWO",
        AccessMode::ReadOnlyMany => "ROX",
        AccessMode::ReadWriteMany => "RWX",
        AccessMode::ReadWriteOncePod => "RWOP",
    };
    let short: Vec<&str> = modes.iter().map(short).collect();
    short.join(",")
}

fn policy(given: Option<ReclaimPolicy>, default: &str) -> String {
    given.map_or(default.into(), |policy| format!("{policy:?}"))
}

/// All PersistentVolumes.
pub fn volumes(cx: &Context<'_>) -> Table {
    let there = cx.objects.volumes.iter().filter(|row| row.header.exists());
    let rows = there.map(|volume| {
        let holder = volume.spec.claim_ref.as_ref();
        let cells = vec![
            volume.capacity().to_string(),
            modes(&volume.spec.access_modes),
            policy(volume.spec.persistent_volume_reclaim_policy, "Retain"),
            match volume.deletion {
                Some(_) => "Terminating".into(),
                None => volume.phase.as_str().into(),
            },
            holder.map_or_else(String::new, |claim| {
                format!("{}/{}", claim.namespace, claim.name)
            }),
            volume.spec.storage_class_name.to_string(),
            age(cx.clock, volume.header.created),
        ];
        row("persistentvolume", &volume.header, cells)
    });
    Table {
        columns: "NAME CAPACITY ACCESS_MODES RECLAIM_POLICY STATUS CLAIM STORAGECLASS AGE",
        rows: rows.collect(),
    }
}

/// All PersistentVolumeClaims.
pub fn claims(cx: &Context<'_>) -> Table {
    let there = cx.objects.claims.iter().filter(|row| row.header.exists());
    let rows = there.map(|claim| {
        let bound = claim.phase != ClaimPhase::Pending;
        let capacity = claim.capacity.filter(|_| bound);
        let cells = vec![
            match claim.deletion {
                Some(_) => "Terminating".into(),
                None => claim.phase.as_str().into(),
            },
            claim.spec.volume_name.to_string(),
            capacity.map_or_else(String::new, |capacity| capacity.to_string()),
            match bound {
                true => modes(&claim.access_modes),
                false => String::new(),
            },
            claim.class().to_owned(),
            age(cx.clock, claim.header.created),
        ];
        row("persistentvolumeclaim", &claim.header, cells)
    });
    Table {
        columns: "NAME STATUS VOLUME CAPACITY ACCESS_MODES STORAGECLASS AGE",
        rows: rows.collect(),
    }
}

/// All StorageClasses.
pub fn classes(cx: &Context<'_>) -> Table {
    let there = cx.objects.classes.iter().filter(|row| row.header.exists());
    let rows: Vec<Row> = there
        .map(|class| {
            let provisioner = match class.spec.provisioner.as_str() {
                "" => NONE,
                given => given,
            };
            let cells = vec![
                provisioner.to_owned(),
                policy(class.spec.reclaim_policy, "Delete"),
                match class.spec.volume_binding_mode {
                    VolumeBindingMode::Immediate => "Immediate".into(),
                    VolumeBindingMode::WaitForFirstConsumer => "WaitForFirstConsumer".into(),
                },
                class.spec.allow_volume_expansion.to_string(),
                age(cx.clock, class.header.created),
            ];
            row("storageclass.storage.k8s.io", &class.header, cells)
        })
        .collect();
    Table {
        columns: "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE",
        rows,
    }
}
