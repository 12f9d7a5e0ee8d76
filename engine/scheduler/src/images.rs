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

/// Scores of all rows, 0..=100; empty where no node holds any of the images.
pub(super) fn scores<P>(cluster: &Cluster<P>, board: &mut Board, spec: &PodSpec) -> Vec<i64> {
    let images = &cluster.workings.kubelet.images;
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let mut sums = Vec::new();
    for container in containers {
        let Some((image, size)) = images.known(&container.image) else {
            continue;
        };
        let holders = board.holders(cluster, image);
        if holders.is_empty() {
            continue;
        }
        sums.resize(board.rows.len(), 0_u64);
        let spread_size = size.0 * holders.len() as u64 / board.rows.len().max(1) as u64;
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
