//! Scores of nodes: 0..=100 each, integers as kube-scheduler has them.
//! Sources: noderesources/{least_allocated,balanced_allocation}.go,
//! framework/plugins/helper/normalize_score.go; weights apis/config/v1/default_plugins.go.

use super::board::Row;
use aegis_cluster::workings::Demand;

/// Highest score of a plugin.
const MAX: i64 = 100;

/// Weights of the default plugins.
pub(super) mod weight {
    pub const TAINTS: i64 = 3;
    pub const NODE_AFFINITY: i64 = 2;
    pub const SPREAD: i64 = 2;
    pub const POD_AFFINITY: i64 = 2;
    pub const LEAST_ALLOCATED: i64 = 1;
    pub const BALANCED: i64 = 1;
    pub const IMAGES: i64 = 1;
}

/// Share of a resource that stays free, 0..=100.
fn free_share(used: u64, there: u64) -> i64 {
    if there == 0 || used > there {
        return 0;
    }
    ((there - used) * MAX.unsigned_abs() / there) as i64
}

/// LeastAllocated: mean of the free shares of CPU and memory, the pod included.
pub(super) fn least_allocated(row: &Row, demand: &Demand) -> i64 {
    let cpu = (row.cpu, row.sums.scored_cpu + demand.scored_cpu);
    let memory = (row.memory, row.sums.scored_memory + demand.scored_memory);
    let mut sum = 0;
    let mut parts = 0;
    for (there, used) in [cpu, memory] {
        if there > 0 {
            sum += free_share(used, there);
            parts += 1;
        }
    }
    if parts == 0 { 0 } else { sum / parts }
}

fn fraction(used: u64, there: u64) -> f64 {
    if there == 0 {
        return 1.0;
    }
    (used as f64 / there as f64).min(1.0)
}

/// BalancedAllocation: how alike the used shares of CPU and memory are. 0 for a
/// pod that asks for neither, for which upstream skips the plugin.
pub(super) fn balanced(row: &Row, demand: &Demand) -> i64 {
    if demand.cpu == 0 && demand.memory == 0 {
        return 0;
    }
    let cpu = fraction(row.sums.cpu + demand.cpu, row.cpu);
    let memory = fraction(row.sums.memory + demand.memory, row.memory);
    let deviation = (cpu - memory).abs() / 2.0;
    ((1.0 - deviation) * MAX as f64) as i64
}

/// Best is the largest: scaled so that the largest is 100.
pub(super) fn normalise(scores: &mut [i64]) {
    let largest = scores.iter().copied().max().unwrap_or(0);
    if largest > 0 {
        for score in scores {
            *score = *score * MAX / largest;
        }
    }
}

/// Best is the smallest: 0 becomes 100.
pub(super) fn normalise_reversed(scores: &mut [i64]) {
    normalise(scores);
    for score in scores {
        *score = MAX - *score;
    }
}

/// Best is the largest, which may be negative: the range becomes 0..=100.
pub(super) fn normalise_range(scores: &mut [i64]) {
    let largest = scores.iter().copied().max().unwrap_or(0);
    let smallest = scores.iter().copied().min().unwrap_or(0);
    for score in scores {
        *score = match largest - smallest {
            0 => 0,
            range => (MAX as f64 * ((*score - smallest) as f64 / range as f64)) as i64,
        };
    }
}

/// Best is the smallest: `max + min - score`, scaled by the largest, weighted and added to
/// `sums`. Rows without a number are ignored and get 0. Raw scores are not negative and are
/// rounded first. Source: podtopologyspread/scoring.go `NormalizeScore`.
pub(super) fn normalise_spread(raw: &[f64], sums: &mut [i64], weight: i64) {
    let rounded = |raw: f64| (raw + 0.5) as i64;
    let (mut smallest, mut largest) = (i64::MAX, 0);
    for raw in raw.iter().filter(|raw| !raw.is_nan()) {
        smallest = smallest.min(rounded(*raw));
        largest = largest.max(rounded(*raw));
    }
    for (raw, sum) in raw.iter().zip(sums) {
        *sum += match largest {
            _ if raw.is_nan() => 0,
            0 => weight * MAX,
            _ => weight * (MAX * (largest + smallest - rounded(*raw)) / largest),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_cluster::workings::NodeSums;
    use aegis_model::NodeId;
    use alloc::vec;

    fn row(cpu: u64, memory: u64, sums: NodeSums) -> Row {
        Row {
            version: 0,
            node: NodeId(0),
            cpu,
            memory,
            pods: 110,
            sums,
        }
    }

    fn demand(cpu: u64, memory: u64) -> Demand {
        Demand {
            cpu,
            memory,
            scored_cpu: cpu,
            scored_memory: memory,
            ..Demand::default()
        }
    }

    // Cases of least_allocated_test.go: "nothing scheduled, resources requested, differently sized nodes".
    #[test]
    fn least_allocated_prefers_the_emptier() {
        let asked = demand(3000, 5000);
        assert_eq!(
            least_allocated(&row(4000, 10000, NodeSums::default()), &asked),
            37
        );
        assert_eq!(
            least_allocated(&row(6000, 10000, NodeSums::default()), &asked),
            50
        );
        assert_eq!(
            least_allocated(&row(1000, 10000, NodeSums::default()), &asked),
            25
        );
    }

    // Case of balanced_allocation_test.go: same request, CPU fractions 3/4 and 3/6 against memory 1/2.
    #[test]
    fn balanced_prefers_like_shares() {
        let asked = demand(3000, 5000);
        assert_eq!(balanced(&row(4000, 10000, NodeSums::default()), &asked), 87);
        assert_eq!(
            balanced(&row(6000, 10000, NodeSums::default()), &asked),
            100
        );
        assert_eq!(
            balanced(&row(6000, 10000, NodeSums::default()), &demand(0, 0)),
            0
        );
    }

    #[test]
    fn scores_are_brought_to_a_hundred() {
        let mut taints = vec![0, 1, 2];
        normalise_reversed(&mut taints);
        assert_eq!(taints, [100, 50, 0]);
        let mut wishes = vec![5, -5, 0];
        normalise_range(&mut wishes);
        assert_eq!(wishes, [100, 0, 50]);
        let spread = |raw: &[f64]| {
            let mut sums = vec![1; raw.len()];
            normalise_spread(raw, &mut sums, 2);
            sums
        };
        assert_eq!(spread(&[2.2, f64::NAN, 5.9]), [201, 1, 67]);
        assert_eq!(spread(&[0.0, 0.4]), [201, 201]);
    }
}
