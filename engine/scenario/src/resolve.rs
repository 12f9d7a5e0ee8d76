//! Names to ids, over the objects of a cluster.

use crate::names;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Header;
use aegis_model::{
    AutoscalerId, NodeId, Objects, PlainId, PolicyId, ServiceId, Subject, Target, WorkloadId,
};

/// Looks names up among the objects that exist.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a>(pub &'a Objects);

/// Position of the existing object of that reference.
fn position<'a>(headers: impl Iterator<Item = &'a Header>, wanted: &ObjectRef) -> Option<usize> {
    headers
        .enumerate()
        .find(|(_, header)| header.exists() && header.reference == *wanted)
        .map(|(at, _)| at)
}

impl Named<'_> {
    /// The workload written `deployment/name`.
    #[must_use]
    pub fn workload(self, text: &str) -> Option<WorkloadId> {
        self.workload_of(&names::object(text)?)
    }

    fn workload_of(self, wanted: &ObjectRef) -> Option<WorkloadId> {
        position(self.0.workloads.iter().map(|row| &row.header), wanted).map(WorkloadId::from)
    }

    /// The node written `node/name`.
    #[must_use]
    pub fn node(self, text: &str) -> Option<NodeId> {
        self.node_of(&names::object(text)?)
    }

    fn node_of(self, wanted: &ObjectRef) -> Option<NodeId> {
        position(self.0.nodes.iter().map(|row| &row.header), wanted).map(NodeId::from)
    }

    /// The policy written `networkpolicy/name`.
    #[must_use]
    pub fn policy(self, text: &str) -> Option<PolicyId> {
        self.policy_of(&names::object(text)?)
    }

    fn policy_of(self, wanted: &ObjectRef) -> Option<PolicyId> {
        position(self.0.policies.iter().map(|row| &row.header), wanted).map(PolicyId::from)
    }

    /// The autoscaler written `hpa/name`.
    #[must_use]
    pub fn autoscaler(self, text: &str) -> Option<AutoscalerId> {
        let wanted = names::object(text)?;
        position(self.0.autoscalers.iter().map(|row| &row.header), &wanted).map(AutoscalerId::from)
    }

    fn plain_of(self, wanted: &ObjectRef) -> Option<PlainId> {
        position(self.0.plain.iter().map(|row| &row.header), wanted).map(PlainId::from)
    }

    /// The Service written `service/name`, `namespace/name` or `name`: a bare name
    /// is the one in `default`, else the only one of that name.
    #[must_use]
    pub fn service(self, text: &str) -> Option<ServiceId> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [name] => self.service_named(name),
            [first, name] if names::kind(first) != Kind::Service => {
                self.service_of(&ObjectRef::new(Kind::Service, first, name))
            }
            _ => self.service_of(&names::object(text)?),
        }
    }

    fn service_of(self, wanted: &ObjectRef) -> Option<ServiceId> {
        position(self.0.services.iter().map(|row| &row.header), wanted).map(ServiceId::from)
    }

    fn service_named(self, name: &str) -> Option<ServiceId> {
        let in_default = ObjectRef::new(Kind::Service, "default", name);
        self.service_of(&in_default).or_else(|| {
            let rows = self.0.services.enumerate();
            let mut same =
                rows.filter(|(_, row)| row.header.exists() && row.header.reference.name == name);
            let first = same.next()?.0;
            same.next().is_none().then_some(ServiceId::from(first))
        })
    }

    /// The workload of that bare name: the one in `default`, else the only one; else
    /// the only one whose pods the Service of that name selects.
    #[must_use]
    pub fn serving(self, name: &str) -> Option<WorkloadId> {
        let (namespace, bare) = name
            .split_once('/')
            .map_or((None, name), |(space, bare)| (Some(space), bare));
        let rows = self.0.workloads.enumerate().filter(|(_, row)| {
            let reference = &row.header.reference;
            let fits = namespace.is_none_or(|namespace| reference.namespace == namespace);
            row.header.exists() && reference.name == bare && fits
        });
        let found: Vec<_> = rows.collect();
        let in_default = found
            .iter()
            .find(|(_, row)| row.header.reference.namespace == "default");
        match (found.as_slice(), in_default) {
            ([(only, _)], _) | (_, Some((only, _))) => Some(WorkloadId::from(*only)),
            _ => self.behind(self.service(name)?),
        }
    }

    /// The only workload whose pods a Service selects.
    #[must_use]
    pub fn behind(self, service: ServiceId) -> Option<WorkloadId> {
        let directory = aegis_sim::infer::Directory::new(self.0);
        match directory.behind(service) {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The object written `kind/name` or `kind/namespace/name`.
    #[must_use]
    pub fn target(self, text: &str) -> Option<Target> {
        self.target_of(&names::object(text)?)
    }

    /// The object of that reference.
    #[must_use]
    pub fn target_of(self, wanted: &ObjectRef) -> Option<Target> {
        match wanted.kind {
            Kind::Node => self.node_of(wanted).map(Target::Node),
            Kind::Service => self.service_of(wanted).map(Target::Service),
            Kind::NetworkPolicy => self.policy_of(wanted).map(Target::Policy),
            Kind::Cluster => Some(Target::Cluster),
            _ => {
                let workload = self.workload_of(wanted).map(Target::Workload);
                workload.or_else(|| self.plain_of(wanted).map(Target::Plain))
            }
        }
    }
}

/// What mechanisms act on, where the target is one that they can act on.
#[must_use]
pub const fn subject(target: Target) -> Option<Subject> {
    match target {
        Target::Workload(id) => Some(Subject::Workload(id)),
        Target::Service(id) => Some(Subject::Service(id)),
        Target::Node(id) => Some(Subject::Node(id)),
        Target::Cluster => Some(Subject::Cluster),
        Target::Policy(_) | Target::Plain(_) => None,
    }
}
