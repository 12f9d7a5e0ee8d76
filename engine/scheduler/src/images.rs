//! ImageLocality: nodes that hold the pod's images are a little better.
//! Source: pkg/scheduler/framework/plugins/imagelocality.

use super::board::Board;
use aegis_cluster::cluster::Cluster;
use aegis_model::kubernetes::PodSpec;
use alloc::vec::Vec;

const MEBI: u64 = 1024 * 1024;
/// Sums of sizes below which an image is worth nothing.
const SMALLEST: u64 = 23 * MEBI;
/// Size per container above which it is worth no more.
const LARGEST: u64 = 1000 * MEBI;

/// Scores of all rows, 0..=100; empty where all nodes hold the same of the images.
pub(super) fn scores<P>(cluster: &Cluster<P>, board: &mut Board, spec: &PodSpec) -> Vec<i64> {
    let images = &cluster.workings.kubelet.images;
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let known = containers.filter_map(|container| images.known(&container.image));
    let held: Vec<_> = known
        .map(|(image, size)| (size.0, board.holders(cluster, image)))
        .filter(|(_, holders)| !holders.is_empty())
        .collect();
    let nodes = board.rows.len();
    if held.iter().all(|(_, holders)| holders.len() == nodes) {
        return Vec::new();
    }
    let mut sums = alloc::vec![0_u64; nodes];
    for (size, holders) in &held {
        let spread_size = size * holders.len() as u64 / nodes.max(1) as u64;
        for row in holders.iter() {
            sums[*row as usize] += spread_size;
        }
    }
    let count = (spec.containers.len() + spec.init_containers.len()).max(1) as u64;
    sums.into_iter().map(|sum| scaled(sum, count)).collect()
}

fn scaled(sum: u64, containers: u64) -> i64 {
    let most = LARGEST * containers;
    let sum = sum.clamp(SMALLEST, most);
    (100 * (sum - SMALLEST) / (most - SMALLEST)) as i64
}
