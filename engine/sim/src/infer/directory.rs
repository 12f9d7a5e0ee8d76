//! Who stands behind which name: Services by name, workloads behind Services.

use aegis_model::kubernetes::{Kind, ObjectRef, PodTemplateSpec};
use aegis_model::{Doc, Objects, ServiceId, WorkloadId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Look-up tables over the objects of a cluster; order by name is for look-up alone.
pub struct Directory<'a> {
    /// The objects.
    pub objects: &'a Objects,
    services: BTreeMap<(SmolStr, SmolStr), ServiceId>,
    behind: Vec<Vec<WorkloadId>>,
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
        Self {
            objects,
            services: living()
                .map(|(id, s)| (key(&s.header.reference), id.into()))
                .collect(),
            behind: objects
                .services
                .iter()
                .map(|service| workloads_of(objects, service))
                .collect(),
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
    pub fn in_front_of(&self, workload: WorkloadId) -> impl Iterator<Item = ServiceId> + '_ {
        self.objects
            .services
            .enumerate()
            .filter(|(_, service)| service.header.exists())
            .map(|(id, _)| id.into())
            .filter(move |id| self.behind(*id).contains(&workload))
    }
}

fn workloads_of(objects: &Objects, service: &aegis_model::objects::Service) -> Vec<WorkloadId> {
    let space = &service.header.reference.namespace;
    objects
        .workloads
        .enumerate()
        .filter(|(_, w)| w.header.exists() && w.header.reference.namespace == *space)
        .filter(|(_, w)| selects(&service.spec.selector, w.spec.template()))
        .map(|(id, _)| id.into())
        .collect()
}
