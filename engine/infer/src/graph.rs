//! The call graph, as far as manifests tell: by address, by name, by known image.

use super::address::{self, Address, Form, Setting};
use super::directory::Directory;
use super::images::{Image, KnownCall};
use aegis_model::kubernetes::{Container, EnvVar, PodTemplateSpec};
use aegis_model::objects::Workload;
use aegis_model::{ServiceId, WorkloadId};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// Why an edge is believed to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A setting of the container names the Service.
    Address {
        /// Which setting: `env CART_ADDR of container server`.
        place: String,
        /// The address as written.
        text: String,
    },
    /// The Service is named after the caller: `cart` and `cart-db`.
    Name,
    /// The caller's image is known to call it; the source of that.
    Image(&'static str),
}

/// An edge that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Called Service; `None` where no Service has the address.
    pub to: Option<ServiceId>,
    /// Port of the Service; 0 is its first.
    pub port: u16,
    /// Why.
    pub why: Why,
    /// What the caller's image is known to do there.
    pub known: Option<&'static KnownCall>,
}

/// One setting of a container and where it stands.
struct Place {
    text: String,
    setting: Setting,
}

/// All edges of a workload, addresses first; edges to itself are left out.
#[must_use]
pub fn edges(
    directory: &Directory<'_>,
    id: WorkloadId,
    workload: &Workload,
    image: Option<&'static Image>,
) -> Vec<Edge> {
    let namespace = &workload.header.reference.namespace;
    let mut edges = Vec::new();
    let addressed = addressed(directory, workload.spec.template(), namespace);
    let known = image
        .into_iter()
        .flat_map(|image| known(directory, namespace, image));
    let candidates = addressed
        .into_iter()
        .chain(by_name(
            directory,
            &workload.header.reference.name,
            namespace,
        ))
        .chain(known);
    for edge in candidates {
        let own = edge.to.is_some_and(|to| directory.behind(to).contains(&id));
        if !own {
            admit(&mut edges, edge);
        }
    }
    edges
}

/// Adds an edge, or what it knows to the one that is there.
fn admit(edges: &mut Vec<Edge>, edge: Edge) {
    let same = edges.iter_mut().find(|other| match (&other.to, &edge.to) {
        (Some(a), Some(b)) => a == b,
        (None, None) => other.why == edge.why,
        _ => false,
    });
    match same {
        Some(other) => other.known = other.known.or(edge.known),
        None => edges.push(edge),
    }
}

/// Edges to the Services that the settings of a template's containers name, in order.
#[must_use]
pub fn addressed(
    directory: &Directory<'_>,
    template: &PodTemplateSpec,
    namespace: &str,
) -> Vec<Edge> {
    places(directory, template, namespace)
        .iter()
        .flat_map(|place| edges_of_setting(directory, place, namespace))
        .collect()
}

fn edges_of_setting(directory: &Directory<'_>, place: &Place, namespace: &str) -> Vec<Edge> {
    let promised = address::promises_address(&place.setting.key);
    address::addresses(&place.setting.value)
        .into_iter()
        .filter_map(|address| edge_to(directory, address, promised, namespace, place))
        .collect()
}

/// The edge that an address makes: to a Service, or to nobody where it can only be an address of this cluster.
fn edge_to(
    directory: &Directory<'_>,
    address: Address<'_>,
    promised: bool,
    namespace: &str,
    place: &Place,
) -> Option<Edge> {
    let (name, space) = address.service(namespace);
    let to = directory.service(space, name);
    let sure = match address.form {
        Form::Url | Form::Qualified => true,
        Form::Port => to.is_some() || promised,
        Form::Whole => to.is_some() && promised,
        Form::Word => false,
    };
    (sure && (to.is_some() || address.is_internal())).then(|| Edge {
        to,
        port: address.port,
        why: Why::Address {
            place: place.text.clone(),
            text: written(address),
        },
        known: None,
    })
}

fn written(address: Address<'_>) -> String {
    match address.port {
        0 => address.host.into(),
        port => format!("{}:{port}", address.host),
    }
}

/// Every setting of the containers, in the order of the template.
fn places(directory: &Directory<'_>, template: &PodTemplateSpec, namespace: &str) -> Vec<Place> {
    let containers = template.spec.containers.iter();
    containers
        .flat_map(|container| {
            let mut places = environment(directory, container, namespace);
            places.extend(command_line(directory, container, namespace));
            places
        })
        .chain(mounted(directory, template, namespace))
        .collect()
}

/// Environment: the last of equal names wins, and `$(NAME)` stands for another variable.
fn environment(directory: &Directory<'_>, container: &Container, namespace: &str) -> Vec<Place> {
    let of = |name: &str| format!("env {name} of container {}", container.name);
    variables(directory, container, namespace)
        .iter()
        .flat_map(|(key, value)| split(&of(key), key, value))
        .collect()
}

/// The variables of a container as it sees them, in order.
fn variables(
    directory: &Directory<'_>,
    container: &Container,
    namespace: &str,
) -> Vec<(String, String)> {
    let shadowed = |index: usize, name: &SmolStr| {
        container.env[index + 1..]
            .iter()
            .any(|later| later.name == *name)
    };
    let mut all: Vec<(String, String)> = container
        .env_from
        .iter()
        .filter_map(|from| from.config_map_ref.as_ref())
        .flat_map(|map| entries(directory, namespace, &map.name))
        .filter(|(key, _)| container.env.iter().all(|variable| variable.name != *key))
        .collect();
    for (index, variable) in container.env.iter().enumerate() {
        if shadowed(index, &variable.name) {
            continue;
        }
        if let Some(value) = value_of(directory, namespace, variable) {
            let value = expanded(&value, &all);
            all.push((variable.name.clone().into(), value));
        }
    }
    all
}

/// Most bytes of a variable: Linux takes no longer one (`MAX_ARG_STRLEN`, execve(2)).
const LONGEST: usize = 128 << 10;

/// A text with `$(NAME)` replaced by the variables that are known; others are left, as the
/// kubelet leaves them (third_party/forked/golang/expansion), and so are all beyond [`LONGEST`].
fn expanded(text: &str, variables: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        out.push_str(before);
        let found = after.split_once(')').and_then(|(name, behind)| {
            let (_, value) = variables.iter().rev().find(|(known, _)| known == name)?;
            (out.len() + value.len() + behind.len() <= LONGEST).then_some((value, behind))
        });
        match found {
            Some((value, behind)) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                out.push_str("$(");
                rest = after;
            }
        }
    }
    out + rest
}

fn value_of(directory: &Directory<'_>, namespace: &str, variable: &EnvVar) -> Option<String> {
    if let Some(value) = &variable.value {
        return Some(value.as_str().into());
    }
    let reference = variable.value_from.as_ref()?.config_map_key_ref.as_ref()?;
    entries(directory, namespace, &reference.name)
        .find(|(key, _)| *key == reference.key.as_str())
        .map(|(_, value)| value)
}

/// Keys and values of a ConfigMap.
fn entries<'a>(
    directory: &'a Directory<'_>,
    namespace: &str,
    name: &str,
) -> impl Iterator<Item = (String, String)> + 'a {
    directory
        .config_map(namespace, name)
        .and_then(|doc| doc.get("data"))
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())))
}

fn split(text: &str, key: &str, value: &str) -> Vec<Place> {
    address::settings(key, value)
        .into_iter()
        .map(|setting| Place {
            text: text.into(),
            setting,
        })
        .collect()
}

fn command_line(directory: &Directory<'_>, container: &Container, namespace: &str) -> Vec<Place> {
    let text = format!("arguments of container {}", container.name);
    let variables = variables(directory, container, namespace);
    [&container.command, &container.args]
        .into_iter()
        .flat_map(|words| address::arguments(words))
        .map(|setting| Place {
            text: text.clone(),
            setting: Setting {
                value: expanded(&setting.value, &variables),
                ..setting
            },
        })
        .collect()
}

/// ConfigMaps that are mounted as files.
fn mounted(directory: &Directory<'_>, template: &PodTemplateSpec, namespace: &str) -> Vec<Place> {
    let volumes = template.spec.volumes.iter();
    volumes
        .filter_map(|volume| volume.config_map.as_ref())
        .flat_map(|map| {
            entries(directory, namespace, &map.name).flat_map(move |(key, value)| {
                split(
                    &format!("key {key} of ConfigMap {}", map.name),
                    &key,
                    &value,
                )
            })
        })
        .collect()
}

/// Ends of a store's or cache's name.
const COMPANIONS: [&str; 16] = [
    "db",
    "database",
    "cache",
    "redis",
    "valkey",
    "memcached",
    "mongo",
    "mongodb",
    "mysql",
    "mariadb",
    "postgres",
    "postgresql",
    "pg",
    "rabbitmq",
    "queue",
    "store",
];

/// Ends of a workload's name that its companions do not carry.
const TITLES: [&str; 6] = ["-service", "service", "-svc", "-api", "-server", "-app"];

/// Edges to Services that are named after the caller: `x` or `x-service` calls `x-db`, `x-cache`.
fn by_name(directory: &Directory<'_>, name: &str, namespace: &str) -> Vec<Edge> {
    let short = TITLES.iter().find_map(|title| name.strip_suffix(title));
    let mut found = Vec::new();
    for base in [Some(name), short].into_iter().flatten() {
        for companion in COMPANIONS {
            let to = directory.service(namespace, &format!("{base}-{companion}"));
            found.extend(to.map(|to| Edge {
                to: Some(to),
                port: 0,
                why: Why::Name,
                known: None,
            }));
        }
    }
    found
}

/// Edges that the caller's image is known to have.
fn known(directory: &Directory<'_>, namespace: &str, image: &'static Image) -> Vec<Edge> {
    let calls = image.calls.iter();
    calls
        .filter_map(|call| {
            let to = directory.service_like(namespace, call.service)?;
            Some(Edge {
                to: Some(to),
                port: 0,
                why: Why::Image(image.source),
                known: Some(call),
            })
        })
        .collect()
}
