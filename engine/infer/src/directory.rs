//! Who stands behind which name: Services by name, workloads behind Services.

use aegis_model::kubernetes::{Kind, ObjectRef, PodTemplateSpec};
use aegis_model::objects::Service;
use aegis_model::{Doc, Objects, ServiceId, WorkloadId};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Look-up tables over the objects of a cluster; order by name is for look-up alone.
pub struct Directory<'a> {
    /// The objects.
    pub objects: &'a Objects,
    services: BTreeMap<(SmolStr, SmolStr), ServiceId>,
    behind: Vec<Vec<WorkloadId>>,
    in_front: Vec<Vec<ServiceId>>,
    maps: BTreeMap<(SmolStr, SmolStr), Doc>,
}

/// Whether a Service's selector takes the pods of a template; an empty selector takes none.
fn selects(selector: &aegis_model::kubernetes::Labels, template: &PodTemplateSpec) -> bool {
    let labels = &template.metadata.labels;
    !selector.is_empty()
        && selector
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
}

fn key(reference: &ObjectRef) -> (SmolStr, SmolStr) {
    (reference.namespace.clone(), reference.name.clone())
}

impl<'a> Directory<'a> {
    /// The tables of `objects` as they are now.
    #[must_use]
    pub fn new(objects: &'a Objects) -> Self {
        let living = || {
            objects
                .services
                .enumerate()
                .filter(|(_, s)| s.header.exists())
        };
        let config = |kind: &Kind| *kind == Kind::ConfigMap;
        let plain = objects.plain.iter().filter(|p| p.header.exists());
        let labelled = Labelled::of(objects);
        let behind: Vec<Vec<WorkloadId>> = objects
            .services
            .iter()
            .map(|service| labelled.selected_by(objects, service))
            .collect();
        let mut in_front = vec![Vec::new(); objects.workloads.len()];
        for (id, _) in living() {
            for workload in &behind[id] {
                in_front[workload.index()].push(ServiceId::from(id));
            }
        }
        Self {
            objects,
            services: living()
                .map(|(id, s)| (key(&s.header.reference), id.into()))
                .collect(),
            behind,
            in_front,
            maps: plain
                .filter(|p| config(&p.header.reference.kind))
                .map(|p| (key(&p.header.reference), p.header.doc.clone()))
                .collect(),
        }
    }

    /// The Service of that name.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<ServiceId> {
        self.services.get(&(namespace.into(), name.into())).copied()
    }

    /// The Service of that name, or the only one whose name ends in `-name`, as charts prefix theirs.
    #[must_use]
    pub fn service_like(&self, namespace: &str, name: &str) -> Option<ServiceId> {
        let prefixed = |other: &str| other.strip_suffix(name).is_some_and(|p| p.ends_with('-'));
        self.service(namespace, name).or_else(|| {
            let mut like = self
                .services
                .iter()
                .filter(|((space, other), _)| space == namespace && prefixed(other));
            let first = like.next()?;
            like.next().is_none().then_some(*first.1)
        })
    }

    /// Workloads whose pods a Service selects.
    #[must_use]
    pub fn behind(&self, service: ServiceId) -> &[WorkloadId] {
        self.behind.get(service.index()).map_or(&[], Vec::as_slice)
    }

    /// The document of a ConfigMap.
    #[must_use]
    pub fn config_map(&self, namespace: &str, name: &str) -> Option<&Doc> {
        self.maps.get(&(namespace.into(), name.into()))
    }

    /// Living Services that select a workload's pods, in order.
    #[must_use]
    pub fn in_front_of(&self, workload: WorkloadId) -> &[ServiceId] {
        self.in_front
            .get(workload.index())
            .map_or(&[], Vec::as_slice)
    }
}

/// Living workloads by namespace and each label of their pods.
struct Labelled<'a>(BTreeMap<[&'a str; 3], Vec<WorkloadId>>);

impl<'a> Labelled<'a> {
    fn of(objects: &'a Objects) -> Self {
        let mut rows: BTreeMap<[&'a str; 3], Vec<WorkloadId>> = BTreeMap::new();
        let living = objects.workloads.enumerate();
        for (id, row) in living.filter(|(_, row)| row.header.exists()) {
            let space = row.header.reference.namespace.as_str();
            for (key, value) in &row.spec.template().metadata.labels {
                let at = [space, key.as_str(), value.as_str()];
                rows.entry(at).or_default().push(id.into());
            }
        }
        Self(rows)
    }

    /// Workloads whose pods a Service selects, in order: of those with its rarest label, the ones
    /// that have all.
    fn selected_by(&self, objects: &Objects, service: &Service) -> Vec<WorkloadId> {
        let space = service.header.reference.namespace.as_str();
        let selector = &service.spec.selector;
        let with = selector.iter().map(|(key, value)| {
            let found = self.0.get(&[space, key.as_str(), value.as_str()]);
            found.map(Vec::as_slice).unwrap_or_default()
        });
        let rarest: &[WorkloadId] = with.min_by_key(|found| found.len()).unwrap_or_default();
        let template = |id: &&WorkloadId| objects.workloads[id.index()].spec.template();
        rarest
            .iter()
            .filter(|id| selects(selector, template(id)))
            .copied()
            .collect()
    }
}
