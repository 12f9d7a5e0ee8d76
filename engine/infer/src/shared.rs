//! What several workloads read: the same ConfigMap, the same key of a Secret.
//!
//! A Secret is known by its name here; what it holds is not read.

use super::recognise;
use aegis_model::kubernetes::PodTemplateSpec;
use aegis_model::{Objects, Role, WorkloadId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Tables over the living workloads of a cluster.
#[derive(Debug, Default)]
pub struct Shared {
    /// How many workloads get the whole of a ConfigMap, by namespace and name.
    readers: BTreeMap<(SmolStr, SmolStr), usize>,
    /// With which stores a workload shares a Secret.
    stores: BTreeMap<WorkloadId, Vec<(SmolStr, WorkloadId)>>,
}

/// A Secret that a workload reads: its name, and the key, or all of them.
type Reading = (SmolStr, Option<SmolStr>);

/// A workload with what it reads of Secrets.
struct Reader<'a> {
    id: WorkloadId,
    namespace: &'a SmolStr,
    is_store: bool,
    readings: BTreeSet<Reading>,
}

impl Shared {
    /// The tables of `objects` as they are now.
    #[must_use]
    pub fn of(objects: &Objects) -> Self {
        let mut shared = Self::default();
        let mut readers = Vec::new();
        for (id, row) in objects
            .workloads
            .enumerate()
            .filter(|(_, row)| row.header.exists())
        {
            let (namespace, template) = (&row.header.reference.namespace, row.spec.template());
            for map in maps(template) {
                *shared.readers.entry((namespace.clone(), map)).or_default() += 1;
            }
            readers.push(Reader {
                id: id.into(),
                namespace,
                is_store: is_store(template),
                readings: secrets(template),
            });
        }
        shared.stores = clients(&readers);
        shared
    }

    /// How many workloads get the whole of a ConfigMap.
    #[must_use]
    pub fn readers(&self, namespace: &SmolStr, map: &SmolStr) -> usize {
        let found = self.readers.get(&(namespace.clone(), map.clone()));
        found.copied().unwrap_or_default()
    }

    /// The Secrets that a workload shares with a store, and the store; none of a Secret that
    /// several stores read.
    #[must_use]
    pub fn stores(&self, workload: WorkloadId) -> &[(SmolStr, WorkloadId)] {
        self.stores.get(&workload).map_or(&[], Vec::as_slice)
    }
}

/// Whether what serves in a template keeps data, copies or messages for others.
pub fn is_store(template: &PodTemplateSpec) -> bool {
    let role = recognise::main_container(template).and_then(|c| recognise::runtime(c).role());
    matches!(role, Some(Role::Store | Role::Cache | Role::Queue))
}

/// ConfigMaps of which a template gets the whole.
fn maps(template: &PodTemplateSpec) -> BTreeSet<SmolStr> {
    let containers = template.spec.containers.iter();
    let variables = containers
        .flat_map(|container| &container.env_from)
        .filter_map(|from| Some(from.config_map_ref.as_ref()?.name.clone()));
    let files = template
        .spec
        .volumes
        .iter()
        .filter_map(|volume| volume.config_map.as_ref());
    variables.chain(files.map(|map| map.name.clone())).collect()
}

/// What a template reads of Secrets.
fn secrets(template: &PodTemplateSpec) -> BTreeSet<Reading> {
    let mut found = BTreeSet::new();
    for container in &template.spec.containers {
        let whole = container
            .env_from
            .iter()
            .filter_map(|from| from.secret_ref.as_ref());
        found.extend(whole.map(|secret| (secret.name.clone(), None)));
        let sources = container
            .env
            .iter()
            .filter_map(|variable| variable.value_from.as_ref());
        let keys = sources.filter_map(|source| source.secret_key_ref.as_ref());
        found.extend(keys.map(|secret| (secret.name.clone(), Some(secret.key.clone()))));
    }
    for volume in &template.spec.volumes {
        found.extend(
            volume
                .secret
                .iter()
                .map(|secret| (secret.secret_name.clone(), None)),
        );
        let sources = volume
            .projected
            .iter()
            .flat_map(|projected| &projected.sources);
        let projected = sources.filter_map(|source| source.secret.as_ref());
        found.extend(projected.map(|secret| (secret.name.clone(), None)));
    }
    found
}

/// Which of the others share a key of a Secret with its only store.
fn clients(readers: &[Reader<'_>]) -> BTreeMap<WorkloadId, Vec<(SmolStr, WorkloadId)>> {
    let mut stores: BTreeMap<(&SmolStr, &SmolStr), Vec<&Reader<'_>>> = BTreeMap::new();
    for store in readers.iter().filter(|reader| reader.is_store) {
        let names: BTreeSet<&SmolStr> = store.readings.iter().map(|(name, _)| name).collect();
        for name in names {
            stores
                .entry((store.namespace, name))
                .or_default()
                .push(store);
        }
    }
    let mut found: BTreeMap<WorkloadId, Vec<(SmolStr, WorkloadId)>> = BTreeMap::new();
    for client in readers.iter().filter(|reader| !reader.is_store) {
        for (name, key) in &client.readings {
            let Some([store]) = stores.get(&(client.namespace, name)).map(Vec::as_slice) else {
                continue;
            };
            let row = found.entry(client.id).or_default();
            let new = row.iter().all(|(_, known)| *known != store.id);
            if new && reads(store, name, key.as_ref()) {
                row.push((name.clone(), store.id));
            }
        }
    }
    found
}

/// Whether a store reads a key of a Secret; all keys where none is named, on either side.
fn reads(store: &Reader<'_>, name: &SmolStr, key: Option<&SmolStr>) -> bool {
    let mut own = store.readings.iter().filter(|(own, _)| own == name);
    own.any(|(_, own)| own.is_none() || key.is_none() || own.as_ref() == key)
}
