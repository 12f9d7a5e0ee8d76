//! Containers whose command does nothing but use CPU: a loop without end or pause.
//!
//! What a pod serves is known as a whole; what its scripts burn beside that is known of each container.

use aegis_cluster::cluster::Cluster;
use aegis_model::PodId;

/// Millicores of a loop: one core, or what the container's limit lets it.
const CORE: u64 = 1000;

/// Millicores that a container of a pod burns now; 0 where its script does something else.
fn burnt<P>(cluster: &Cluster<P>, pod: PodId, index: usize) -> u64 {
    let run = cluster.workings.kubelet.run(pod);
    let Some(container) = run.and_then(|run| run.containers.get(index)) else {
        return 0;
    };
    if !container.spins() {
        return 0;
    }
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let mut all = spec.init_containers.iter().chain(&spec.containers);
    let limit = all.nth(index).and_then(|one| one.resources.limits.cpu());
    limit.map_or(CORE, |limit| limit.0.min(CORE))
}

/// Millicores that all containers of a pod burn now. Use that is pinned is all of it.
pub(crate) fn of_pod<P>(cluster: &Cluster<P>, pod: PodId) -> u64 {
    let row = &cluster.objects.pods[pod.index()];
    let mut pins = cluster.workings.pins.iter();
    if pins.any(|pin| pin.workload == row.workload || pin.adopted == Some(pod)) {
        return 0;
    }
    let run = cluster.workings.kubelet.run(pod);
    let count = run.map_or(0, |run| run.containers.len());
    (0..count).map(|index| burnt(cluster, pod, index)).sum()
}

/// Of so many millicores of a pod those of a container; without a name all of them.
pub(crate) fn of_container<P>(cluster: &Cluster<P>, pod: PodId, name: &str, all: u64) -> u64 {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let inits = spec.init_containers.len();
    let names = spec.init_containers.iter().chain(&spec.containers);
    let Some(index) = names.clone().position(|one| one.name == name) else {
        return all;
    };
    let total = of_pod(cluster, pod);
    if total == 0 {
        // What a pod serves, or was pinned, is not known by container.
        return all;
    }
    let serving = cluster.workings.kubelet.recipe(template);
    let serving = serving.map_or(inits, |recipe| recipe.serving);
    match burnt(cluster, pod, index) {
        0 if index == serving => all.saturating_sub(total),
        0 => 0,
        own => own,
    }
}
