//! Where a container's settings stand: environment, command line, ConfigMaps.

use super::address::{self, Setting};
use super::directory::Directory;
use aegis_model::kubernetes::{Container, EnvVar, PodTemplateSpec};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// One setting of a container and where it stands.
pub struct Place {
    /// In words.
    pub text: String,
    /// The setting.
    pub setting: Setting,
    /// The ConfigMap that the container gets whole, if it is of one.
    pub map: Option<SmolStr>,
}

/// Every setting of the containers, in the order of the template.
#[must_use]
pub fn places(
    directory: &Directory<'_>,
    template: &PodTemplateSpec,
    namespace: &str,
) -> Vec<Place> {
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
        .flat_map(|known| {
            split(
                &of(&known.name),
                &known.name,
                &known.value,
                known.map.as_ref(),
            )
        })
        .collect()
}

/// A variable as its container sees it.
struct Variable {
    name: String,
    value: String,
    map: Option<SmolStr>,
}

/// The variables of a container, in order.
fn variables(directory: &Directory<'_>, container: &Container, namespace: &str) -> Vec<Variable> {
    let mut all = from_maps(directory, container, namespace);
    for (index, variable) in container.env.iter().enumerate() {
        let mut later = container.env[index + 1..].iter();
        if later.any(|later| later.name == variable.name) {
            continue;
        }
        if let Some(value) = value_of(directory, namespace, variable) {
            let value = expanded(&value, &all);
            all.push(Variable {
                name: variable.name.clone().into(),
                value,
                map: None,
            });
        }
    }
    all
}

/// The variables that come from whole ConfigMaps and that no single one replaces.
fn from_maps(directory: &Directory<'_>, container: &Container, namespace: &str) -> Vec<Variable> {
    let maps = container
        .env_from
        .iter()
        .filter_map(|from| from.config_map_ref.as_ref());
    maps.flat_map(|map| {
        entries(directory, namespace, &map.name).map(|(name, value)| Variable {
            name,
            value,
            map: Some(map.name.clone()),
        })
    })
    .filter(|known| {
        container
            .env
            .iter()
            .all(|variable| variable.name != *known.name)
    })
    .collect()
}

/// Most bytes of a variable: Linux takes no longer one (`MAX_ARG_STRLEN`, execve(2)).
const LONGEST: usize = 128 << 10;

/// A text with `$(NAME)` replaced by the variables that are known; others are left, as the
/// kubelet leaves them (third_party/forked/golang/expansion), and so are all beyond [`LONGEST`].
fn expanded(text: &str, variables: &[Variable]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        out.push_str(before);
        let found = after.split_once(')').and_then(|(name, behind)| {
            let value = &variables
                .iter()
                .rev()
                .find(|known| known.name == name)?
                .value;
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

fn split(text: &str, key: &str, value: &str, map: Option<&SmolStr>) -> Vec<Place> {
    address::settings(key, value)
        .into_iter()
        .map(|setting| Place {
            text: text.into(),
            setting,
            map: map.cloned(),
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
            map: None,
        })
        .collect()
}

/// ConfigMaps that are mounted as files, by themselves or with others.
fn mounted(directory: &Directory<'_>, template: &PodTemplateSpec, namespace: &str) -> Vec<Place> {
    let volumes = template.spec.volumes.iter();
    let maps = volumes.flat_map(|volume| {
        let projected = volume
            .projected
            .iter()
            .flat_map(|projected| &projected.sources);
        let projected = projected.filter_map(|source| source.config_map.as_ref());
        volume.config_map.iter().chain(projected)
    });
    maps.flat_map(|map| {
        entries(directory, namespace, &map.name).flat_map(|(key, value)| {
            let text = format!("key {key} of ConfigMap {}", map.name);
            split(&text, &key, &value, Some(&map.name))
        })
    })
    .collect()
}
