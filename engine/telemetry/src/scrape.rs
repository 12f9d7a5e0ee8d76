//! What one scrape reads.

use aegis_model::PodId;
use aegis_model::kubernetes::PodTemplateSpec;
use aegis_model::objects::ContainerStatus;
use aegis_model::observation::Timing;
use aegis_model::units::Seconds;
use aegis_model::{Objects, Samples};
use serde_json::Value;

/// One look of Prometheus at a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Scrape<'a> {
    /// When, Unix seconds.
    pub at: Seconds,
    /// What the API server shows, as a `v1 List`.
    pub list: &'a Value,
    /// The rows that the ids of samples lead to.
    pub objects: &'a Objects,
    /// All that happened since the scrape before: what counters count.
    pub counted: &'a Samples,
    /// What of it arrived: a row that is missing has no samples, and its counters go on.
    pub shown: &'a Samples,
    /// How long requests took.
    pub timing: &'a Timing,
    /// The name of the container to which a pod's use is put down.
    pub serving: fn(&PodTemplateSpec) -> Option<&str>,
}

/// The status of the container to which a pod's use is put down.
pub(crate) fn main_status<'a>(scrape: &Scrape<'a>, pod: PodId) -> Option<&'a ContainerStatus> {
    let pod = scrape.objects.pods.get(pod.index())?;
    let template = &scrape.objects.templates.get(pod.template.index())?.spec;
    let name = (scrape.serving)(template)?;
    let mut containers = template.spec.containers.iter();
    let position = containers.position(|container| container.name == name)?;
    pod.containers
        .get(template.spec.init_containers.len() + position)
}
