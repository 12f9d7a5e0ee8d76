//! Public images that many clusters run: what is in them, and whom they call.
//!
//! A file per family of applications, a row per image, each application with its
//! source. Ratios are calls per request of the caller under the load generator
//! that ships with the application, 1 where neither that nor the code tells. An
//! edge is made only where a Service of that name exists; addresses in the
//! manifests come first.

mod bench;
mod common;
mod demos;
mod shops;
mod train;
mod vendors;
pub mod words;

use super::runtime::Runtime;
use aegis_model::behaviour::Need;
use aegis_model::kubernetes::Container;

/// The images of one application.
#[derive(Debug, PartialEq)]
pub struct Application {
    /// How its images are told from others, and from each other: one of these fits.
    pub told: &'static [Told],
    /// Where its calls are written.
    pub source: &'static str,
    /// Its images; the first that fits is taken.
    pub images: &'static [Image],
}

/// How the images of an application are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told {
    /// The image's path ends in one of these, then the row's name.
    ByPath(&'static [&'static str]),
    /// One image for all: its path ends in one of these, and a word of the command line is the row's name.
    ByCommand(&'static [&'static str]),
    /// One repository for all: its path ends in one of these, and its tag in the row's name.
    ByTag(&'static [&'static str]),
}

/// What an image is known to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Image {
    /// Its name within the application.
    pub name: &'static str,
    /// What it is made of.
    pub runtime: Runtime,
    /// Whom it calls.
    pub calls: &'static [KnownCall],
}

/// One call of a known image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownCall {
    /// Name of the Service.
    pub service: &'static str,
    /// Calls per request of the caller.
    pub ratio: f64,
    /// Whether the caller fails with it.
    pub need: Need,
    /// Time-out in the caller's code, s; 0 where it sets none.
    pub timeout: f64,
}

/// An image that was recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// Of which application.
    pub application: &'static Application,
    /// Its row there.
    pub image: &'static Image,
}

/// Every application whose images are known.
pub const APPLICATIONS: &[&[Application]] = &[
    shops::APPLICATIONS,
    demos::APPLICATIONS,
    bench::APPLICATIONS,
    train::APPLICATIONS,
    vendors::APPLICATIONS,
    common::APPLICATIONS,
];

/// What a container runs, where its image is known.
#[must_use]
pub fn known(container: &Container) -> Option<Known> {
    let path = super::recognise::path(&container.image);
    let path = path.strip_suffix(TRACED).unwrap_or(path);
    let fits = |told: Told, name: &str| match told {
        Told::ByPath(fronts) => is_path(path, fronts, name),
        Told::ByCommand(paths) => is_path(path, paths, "") && is_command(container, name),
        Told::ByTag(paths) => is_path(path, paths, "") && is_tag(&container.image, name),
    };
    let mut all = APPLICATIONS.iter().copied().flatten();
    all.find_map(|application| {
        let mut images = application.images.iter();
        let image =
            images.find(|image| application.told.iter().any(|told| fits(*told, image.name)))?;
        Some(Known { application, image })
    })
}

/// Train Ticket's images come with this at the end of their names, too.
const TRACED: &str = "-with-jaeger";

/// Whether a path ends in one of `fronts` and then `name`, at the border of a part.
fn is_path(path: &str, fronts: &[&str], name: &str) -> bool {
    let before = path.strip_suffix(name);
    fronts.iter().any(|front| {
        let outside = before.and_then(|before| before.strip_suffix(front));
        outside.is_some_and(|outside| outside.is_empty() || outside.ends_with('/'))
    })
}

/// Whether a word of the command line is `name`, with or without folders before it.
fn is_command(container: &Container, name: &str) -> bool {
    let lines = container.command.iter().chain(&container.args);
    lines
        .flat_map(|line| line.split_whitespace())
        .any(|word| word.rsplit('/').next() == Some(name))
}

/// Whether an image's tag is a version and `name`.
fn is_tag(image: &str, name: &str) -> bool {
    let image = image.split('@').next().unwrap_or_default();
    image
        .strip_suffix(name)
        .is_some_and(|before| before.ends_with('-'))
}

const fn image(name: &'static str, runtime: Runtime, calls: &'static [KnownCall]) -> Image {
    Image {
        name,
        runtime,
        calls,
    }
}

/// A call without which the caller fails.
const fn call(service: &'static str, ratio: f64) -> KnownCall {
    KnownCall {
        service,
        ratio,
        need: Need::Required,
        timeout: 0.0,
    }
}

/// A call that the caller can do without; its time-out in seconds, 0 for none.
const fn optional(service: &'static str, ratio: f64, timeout: f64) -> KnownCall {
    KnownCall {
        service,
        ratio,
        need: Need::Optional,
        timeout,
    }
}

/// Calls that a request makes `ratio` times each, and needs.
const fn each<const N: usize>(ratio: f64, services: [&'static str; N]) -> [KnownCall; N] {
    let mut calls = [call("", ratio); N];
    let mut index = 0;
    while index < N {
        calls[index].service = services[index];
        index += 1;
    }
    calls
}

/// A cache lets through what it does not hold, and a store behind it sees that. How much that is
/// the load generators do not say; it is taken to be this share.
const MISSES: f64 = 0.1;
/// Calls that no load generator makes, or that run beside requests: heartbeats, registrations.
const RARELY: f64 = 0.01;
