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
pub(super) fn scores<P>(cluster: &Cluster<P>, board: &Board, spec: &PodSpec) -> Vec<i64> {
    let mut sums = alloc::vec![0_u64; board.rows.len()];
    let containers = spec.init_containers.iter().chain(&spec.containers);
    for container in containers {
        let kubelets = &cluster.workings.kubelet;
        let Some((image, size)) = kubelets.images.known(&container.image) else {
            continue;
        };
        let holds = |row: &super::board::Row| kubelets.holds(row.node, image);
        let holders = board.rows.iter().filter(|row| holds(row)).count() as u64;
        let spread_size = size.0 * holders / board.rows.len().max(1) as u64;
        for (row, sum) in board.rows.iter().zip(&mut sums) {
            *sum += if holds(row) { spread_size } else { 0 };
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
