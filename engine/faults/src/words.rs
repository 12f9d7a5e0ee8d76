//! What a target's own words are, in the texts of steps.
//!
//! | word | what |
//! |---|---|
//! | `$name`, `$ns`, `$kind` | of the target |
//! | `$container`, `$image`, `$labels` | of the first container and the pods of a workload |
//! | `$service`, `$port` | the Service that selects them, and its first port |
//! | `$callee` | the host of the first address among the container's variables |
//! | `$other` | another workload of the namespace |
//! | `$node` | a node: the target, or the first |
//! | `$0`, `$1` | sizes, whole numbers where they are |

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{Service, Workload};
use aegis_model::{Objects, Target};
use serde_json::Value;

/// The words of a target.
#[derive(Debug)]
pub struct Words<'a> {
    objects: &'a Objects,
    target: Target,
    namespace: &'a str,
    name: &'a str,
    sizes: &'a [f64],
}

impl<'a> Words<'a> {
    /// Those of an existing target.
    #[must_use]
    pub fn of(objects: &'a Objects, target: Target, sizes: &'a [f64]) -> Option<Self> {
        let reference = match target {
            Target::Cluster => None,
            _ => Some(&crate::step::of_target(objects, target)?.reference),
        };
        let namespace = reference.map_or("", |reference| reference.namespace.as_str());
        Some(Self {
            objects,
            target,
            namespace: if namespace.is_empty() {
                "default"
            } else {
                namespace
            },
            name: reference.map_or("cluster", |reference| reference.name.as_str()),
            sizes,
        })
    }

    /// The object of that kind and name (with words in it).
    #[must_use]
    pub fn object(&self, kind: &str, name: &str) -> Option<ObjectRef> {
        Some(ObjectRef::new(
            Kind::from(kind),
            self.namespace,
            &self.fill(name)?,
        ))
    }

    /// A text as JSON, with every word filled in.
    #[must_use]
    pub fn document(&self, text: &str) -> Option<Value> {
        let filled = self.fill(text)?;
        let document = serde_json::from_str(&filled);
        debug_assert!(document.is_ok(), "no JSON: {filled}");
        document.ok()
    }

    /// A text with every word filled in; `None` where one has no meaning here.
    #[must_use]
    pub fn fill(&self, text: &str) -> Option<String> {
        let mut parts = text.split('$');
        let mut filled = String::from(parts.next()?);
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(part.len());
            let (word, rest) = part.split_at(end);
            filled.push_str(&self.word(word)?);
            filled.push_str(rest);
        }
        Some(filled)
    }

    fn word(&self, word: &str) -> Option<String> {
        if let Ok(position) = word.parse::<usize>() {
            return Some(number(*self.sizes.get(position)?));
        }
        match word {
            "kind" => Some(
                crate::step::of_target(self.objects, self.target)?
                    .reference
                    .kind
                    .to_string(),
            ),
            "name" => Some(self.name.into()),
            "ns" => Some(self.namespace.into()),
            "container" => Some(self.container()?["name"].as_str()?.into()),
            "image" => Some(self.container()?["image"].as_str()?.into()),
            "labels" => {
                serde_json::to_string(&self.workload()?.spec.template().metadata.labels).ok()
            }
            "service" => Some(self.service()?.header.reference.name.to_string()),
            "port" => Some(self.service()?.spec.ports.first()?.port.to_string()),
            "callee" => {
                let (_, text) = crate::mistakes::address(self.container()?)?;
                Some(text.rsplit_once(':')?.0.into())
            }
            "other" => Some(self.other()?.header.reference.name.to_string()),
            "node" => self.node(),
            _ => None,
        }
    }

    /// The target, or what the target's Service selects.
    fn workload(&self) -> Option<&'a Workload> {
        match self.target {
            Target::Workload(id) => self.objects.workloads.get(id.index()),
            Target::Service(id) => {
                let service = self.objects.services.get(id.index())?;
                self.living().find(|row| selects(service, row))
            }
            _ => None,
        }
    }

    fn living(&self) -> impl Iterator<Item = &'a Workload> {
        let rows = self.objects.workloads.iter();
        rows.filter(|row| row.header.exists())
    }

    fn container(&self) -> Option<&'a Value> {
        Some(crate::change::container(self.workload()?)?.1)
    }

    /// The target, or the Service that selects the target's pods.
    #[must_use]
    pub fn service(&self) -> Option<&'a Service> {
        if let Target::Service(id) = self.target {
            return self.objects.services.get(id.index());
        }
        let row = self.workload()?;
        let mut rows = self.objects.services.iter();
        rows.find(|service| service.header.exists() && selects(service, row))
    }

    /// The next workload of the namespace that is no target, round the table.
    fn other(&self) -> Option<&'a Workload> {
        let own = self.workload()?;
        let here = |row: &&Workload| {
            let reference = &row.header.reference;
            reference.namespace == self.namespace && *reference != own.header.reference
        };
        let after = |row: &&Workload| row.header.number > own.header.number;
        let mut rows = self.living().filter(here).filter(after);
        rows.next().or_else(|| self.living().find(here))
    }

    fn node(&self) -> Option<String> {
        let header = match self.target {
            Target::Node(id) => &self.objects.nodes.get(id.index())?.header,
            _ => {
                &self
                    .objects
                    .nodes
                    .iter()
                    .find(|row| row.header.exists())?
                    .header
            }
        };
        Some(header.reference.name.to_string())
    }
}

/// Whether a Service selects the pods of a workload.
#[must_use]
pub fn selects(service: &Service, row: &Workload) -> bool {
    let labels = &row.spec.template().metadata.labels;
    let selector = &service.spec.selector;
    !selector.is_empty()
        && service.header.reference.namespace == row.header.reference.namespace
        && selector
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
}

fn number(size: f64) -> String {
    if libm::trunc(size).to_bits() == size.to_bits() {
        format!("{}", size as i64)
    } else {
        format!("{size}")
    }
}
