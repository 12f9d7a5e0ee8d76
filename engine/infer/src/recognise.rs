//! What is in a container: from its image, command and environment.

use super::images::known;
use super::images::words::{GENERATOR_PAIRS, GENERATORS, MONITORS, VARIABLES, WORDS};
use super::runtime::Runtime;
use aegis_model::kubernetes::{Container, PodTemplateSpec};
use aegis_model::objects::Workload;
use alloc::vec::Vec;

/// The repository path of an image: without digest and tag.
#[must_use]
pub fn path(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => image,
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['/', '-', '_', '.', ':', ' '])
        .filter(|word| !word.is_empty())
}

fn by_words(text: &str) -> Option<Runtime> {
    words(text).find_map(|word| {
        let row = WORDS.iter().find(|(known, _)| *known == word)?;
        Some(row.1)
    })
}

fn by_environment(container: &Container) -> Option<Runtime> {
    container.env.iter().find_map(|variable| {
        let row = VARIABLES
            .iter()
            .find(|(start, _)| variable.name.starts_with(start))?;
        Some(row.1)
    })
}

/// What a container is made of.
#[must_use]
pub fn runtime(container: &Container) -> Runtime {
    let command = container.command.first().map(smol_str::SmolStr::as_str);
    known(container)
        .map(|known| known.image.runtime)
        .or_else(|| command.and_then(by_words))
        .or_else(|| by_environment(container))
        .or_else(|| by_words(path(&container.image)))
        .unwrap_or(Runtime::Unknown)
}

/// Parts of an image's or container's name that mark a helper beside the application.
const HELPERS: [&str; 8] = [
    "exporter", "proxy", "sidecar", "agent", "istio", "linkerd", "reloader", "logger",
];

fn is_helper(container: &Container) -> bool {
    words(&container.name)
        .chain(words(path(&container.image)))
        .any(|word| HELPERS.contains(&word))
}

/// The container that serves: the first that is no helper, else the first.
#[must_use]
pub fn main_container(template: &PodTemplateSpec) -> Option<&Container> {
    let containers = &template.spec.containers;
    containers
        .iter()
        .find(|c| !is_helper(c))
        .or_else(|| containers.first())
}

/// Whether a workload only sends load: it does so when `traffic` says, not by itself.
#[must_use]
pub fn is_generator(workload: &Workload) -> bool {
    let container = main_container(workload.spec.template());
    let image = container.map_or("", |container| path(&container.image));
    [workload.header.reference.name.as_str(), image]
        .into_iter()
        .any(names_generator)
}

/// Whether a workload watches the others, by its image: it serves those who operate them.
#[must_use]
pub fn is_monitoring(workload: &Workload) -> bool {
    let container = main_container(workload.spec.template());
    let image = container.map_or("", |container| path(&container.image));
    words(image).any(|word| MONITORS.contains(&word))
}

fn names_generator(text: &str) -> bool {
    let words: Vec<&str> = words(text).collect();
    let pair = |pair: &[&str]| GENERATOR_PAIRS.contains(&(pair[0], pair[1]));
    words.iter().any(|word| GENERATORS.contains(word)) || words.windows(2).any(pair)
}
