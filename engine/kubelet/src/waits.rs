//! Hosts that scripts wait for: whether their name resolves, and whether they answer.

use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::reach::{self, Endpoint, Protocol, Verdict};
use aegis_cluster::workings::Slot;
use aegis_model::kubernetes::{IntOrString, Kind, ObjectRef, ServicePort};
use aegis_model::objects::Service;
use aegis_model::{PodId, ServiceId};
use aegis_shell::{Host, Question};

/// What a host's name stands for.
enum Named {
    Service(ServiceId),
    /// Outside of the cluster; taken to be there.
    Outside,
    Nothing,
}

impl<P: Clone> Sync<'_, P> {
    /// Whether a host answers the question now.
    pub fn answers(&self, host: &Host) -> bool {
        match (self.resolve(&host.name), host.question) {
            (Named::Nothing, _) => false,
            (Named::Outside, _) => true,
            (Named::Service(id), Question::Name) => self.has_address(id),
            (Named::Service(id), Question::Connection) => self.connects(id, host.port),
        }
    }

    /// The search path of a pod: its namespace, then `svc`, then the cluster's domain.
    fn resolve(&self, name: &str) -> Named {
        let name = name.strip_suffix(".cluster.local").unwrap_or(name);
        let name = name.strip_suffix(".svc").unwrap_or(name);
        let own = self.row().namespace.clone();
        let parts: alloc::vec::Vec<&str> = name.split('.').collect();
        let (service, namespace) = match parts.as_slice() {
            ["localhost" | "127"] => return Named::Outside,
            [service] => (*service, own.as_str()),
            [service, namespace] => (*service, *namespace),
            // A pod of a headless Service: its Service stands for it.
            [_, service, namespace] => (*service, *namespace),
            _ => return Named::Outside,
        };
        let reference = ObjectRef::new(Kind::Service, namespace, service);
        match api::find(self.cluster, &reference) {
            Some(Slot::Service(id)) => Named::Service(id),
            _ if parts.len() > 1 && !self.has_namespace(namespace) => Named::Outside,
            _ => Named::Nothing,
        }
    }

    fn has_namespace(&self, namespace: &str) -> bool {
        let reference = ObjectRef::new(Kind::Namespace, "", namespace);
        namespace == self.row().namespace || api::find(self.cluster, &reference).is_some()
    }

    fn service(&self, id: ServiceId) -> &Service {
        &self.cluster.objects.services[id.index()]
    }

    /// A headless Service has an address only while it has ready endpoints.
    fn has_address(&self, id: ServiceId) -> bool {
        let service = self.service(id);
        let headless = service.spec.cluster_ip.as_deref() == Some("None");
        !headless || service.endpoints.iter().any(|endpoint| endpoint.ready)
    }

    fn connects(&self, id: ServiceId, port: Option<u16>) -> bool {
        let service = self.service(id);
        if service.spec.kind == "ExternalName" {
            return true;
        }
        let headless = service.spec.cluster_ip.as_deref() == Some("None");
        let Some(port) = port_of(service, port, headless) else {
            return false;
        };
        let endpoints = service.endpoints.iter().filter(|endpoint| endpoint.ready);
        endpoints
            .into_iter()
            .any(|endpoint| self.connects_to(endpoint.pod, &port))
    }

    fn connects_to(&self, to: PodId, port: &ServicePort) -> bool {
        let (chunk, row) = self.cluster.workings.pods.at(to);
        let target = target_port(&self.cluster.objects, to, port);
        let verdict = reach::reach(
            &self.cluster.objects,
            Endpoint::Pod(self.pod),
            Endpoint::Pod(to),
            target,
            Protocol::from_field(port.protocol.as_deref()),
        );
        chunk.serving_from[row] <= self.now && verdict == Verdict::Allowed
    }
}

/// The port that is meant: the one asked for, or the first. A headless Service passes any on.
fn port_of(service: &Service, port: Option<u16>, headless: bool) -> Option<ServicePort> {
    let ports = &service.spec.ports;
    let Some(number) = port else {
        return Some(ports.first().cloned().unwrap_or_default());
    };
    let declared = ports.iter().find(|port| port.port == number).cloned();
    let any = || ServicePort {
        port: number,
        ..ServicePort::default()
    };
    declared.or_else(|| headless.then(any))
}

/// The pod's own port behind a Service's.
fn target_port(objects: &aegis_model::Objects, pod: PodId, port: &ServicePort) -> u16 {
    match &port.target_port {
        Some(IntOrString::Int(number)) => u16::try_from(*number).unwrap_or(port.port),
        Some(IntOrString::Text(name)) => {
            let template = objects.pods[pod.index()].template;
            let spec = &objects.templates[template.index()].spec.spec;
            let mut ports = spec
                .containers
                .iter()
                .flat_map(|container| &container.ports);
            let found = ports.find(|port| port.name.as_ref() == Some(name));
            found.map_or(port.port, |port| port.container_port)
        }
        None => port.port,
    }
}
