//! Hosts that scripts wait for: what their name stands for, and whether they answer.
//!
//! Names are [`aegis_cluster::dns`]'s to say, connections [`aegis_cluster::reach`]'s.

use super::sync::Sync;
use aegis_cluster::dns::{self, Asked, Config, Named};
use aegis_cluster::reach::{self, Endpoint, Protocol, Verdict, pod_address};
use aegis_model::kubernetes::{IntOrString, ServicePort};
use aegis_model::objects::Service;
use aegis_model::{Objects, PodId, ServiceId};
use aegis_shell::{Heard, Host, Question, Reply};
use smol_str::{SmolStr, format_smolstr};

impl<P: Clone> Sync<'_, P> {
    /// Whether a host answers the question now.
    pub fn answers(&self, host: &Host) -> bool {
        self.heard(host).reply == Reply::Answers
    }

    /// What comes back of a question to a host now.
    pub fn heard(&self, host: &Host) -> Heard {
        let objects = &self.cluster.objects;
        let look = dns::look_up(objects, self.pod, &host.name);
        let is_silent = || {
            let service = dns::service(objects);
            let reach = |from, to, port, protocol| reach::reach(objects, from, to, port, protocol);
            dns::asked(objects, service, self.pod, reach) == Asked::Silent
        };
        let reply = match (look.found, host.question) {
            _ if !look.queries.is_empty() && is_silent() => Reply::NoServer,
            (Err(_), _) => Reply::NotFound,
            (Ok(_), Question::Name) => Reply::Answers,
            (Ok(named), Question::Connection) => self.connects(named, host.port),
        };
        let server = Config::of_pod(objects, self.pod);
        Heard {
            reply,
            server: server.server().unwrap_or_default().into(),
            name: look.queries.last().unwrap_or(&host.name).clone(),
            address: look
                .found
                .map_or_else(|_| SmolStr::default(), |named| self.address(named)),
        }
    }

    /// The address that a look-up gives.
    fn address(&self, named: Named) -> SmolStr {
        let of_pod = |pod: PodId| {
            let row = &self.cluster.objects.pods[pod.index()];
            format_smolstr!("{}", pod_address(row.number))
        };
        match named {
            Named::Service(id) => {
                let service = self.service(id);
                let first = || service.endpoints.iter().find(|endpoint| endpoint.ready);
                match dns::address_of(service) {
                    Some(address) => format_smolstr!("{address}"),
                    None => first().map_or_else(SmolStr::default, |one| of_pod(one.pod)),
                }
            }
            Named::Pod(pod) => of_pod(pod),
            Named::Nobody(address) => format_smolstr!("{address}"),
            Named::Itself => "127.0.0.1".into(),
            Named::Outside => SmolStr::default(),
        }
    }

    fn service(&self, id: ServiceId) -> &Service {
        &self.cluster.objects.services[id.index()]
    }

    fn connects(&self, named: Named, port: Option<u16>) -> Reply {
        match named {
            Named::Service(id) => self.connects_through(id, port),
            Named::Pod(pod) => {
                let port = ServicePort {
                    port: port.unwrap_or_default(),
                    ..ServicePort::default()
                };
                self.connects_to(pod, &port)
            }
            Named::Nobody(_) => Reply::Dropped,
            Named::Outside | Named::Itself => Reply::Answers,
        }
    }

    /// To any of the endpoints of a Service; without one the proxy rejects.
    fn connects_through(&self, id: ServiceId, port: Option<u16>) -> Reply {
        let service = self.service(id);
        let headless = service.spec.cluster_ip.as_deref() == Some("None");
        let Some(port) = port_of(service, port, headless) else {
            return Reply::Dropped;
        };
        let endpoints = service.endpoints.iter().filter(|endpoint| endpoint.ready);
        let mut first = None;
        for endpoint in endpoints {
            match self.connects_to(endpoint.pod, &port) {
                Reply::Answers => return Reply::Answers,
                other => first = first.or(Some(other)),
            }
        }
        first.unwrap_or(Reply::Refused)
    }

    fn connects_to(&self, to: PodId, port: &ServicePort) -> Reply {
        let (chunk, row) = self.cluster.workings.pods.at(to);
        let target = target_port(&self.cluster.objects, to, port);
        let verdict = reach::reach(
            &self.cluster.objects,
            Endpoint::Pod(self.pod),
            Endpoint::Pod(to),
            target,
            Protocol::from_field(port.protocol.as_deref()),
        );
        match verdict {
            Verdict::DeniedBy(..) => Reply::Dropped,
            Verdict::Allowed if chunk.serving_from[row] <= self.now => Reply::Answers,
            Verdict::Allowed => Reply::Refused,
        }
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
fn target_port(objects: &Objects, pod: PodId, port: &ServicePort) -> u16 {
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
