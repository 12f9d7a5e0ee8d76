//! What placing pods costs: one by one, in batches of equals, and in a cluster where they come and go.

use aegis_benches::large::Pending;
use aegis_benches::process;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    churn::told();
}

/// Nodes of the placements.
const NODES: usize = 5_000;
/// Pods that wait at once.
const PODS: usize = 5_000;

mod schedule {
    use super::{Bencher, ItemsCount, NODES, PODS, Pending};

    fn place(bencher: Bencher<'_, '_>, waiting: &Pending) {
        assert_eq!(waiting.placed(), PODS, "every pod finds a node");
        bencher
            .counter(ItemsCount::new(PODS))
            .with_inputs(|| waiting.clone())
            .bench_local_refs(Pending::schedule);
    }

    /// No two pods ask for the same.
    #[divan::bench(sample_count = 10)]
    fn schedule_5000_different(bencher: Bencher<'_, '_>) {
        place(bencher, &Pending::different(NODES, PODS));
    }

    /// All pods are of one template.
    #[divan::bench(sample_count = 10)]
    fn schedule_5000_equal(bencher: Bencher<'_, '_>) {
        place(bencher, &Pending::equal(NODES, PODS));
    }
}

/// Scores of one pod and one node each, over all nodes.
mod score {
    use super::{Bencher, ItemsCount, NODES, PODS, Pending, black_box};
    use aegis_benches::flat::Nodes;

    fn scores(bencher: Bencher<'_, '_>, waiting: &Pending) {
        let mut scoring = waiting.scoring();
        let mut pods = (0..PODS).cycle();
        bencher
            .counter(ItemsCount::new(NODES))
            .bench_local(|| scoring.highest(pods.next().unwrap_or(0)));
    }

    /// Of pods of which no two ask for the same: nothing is known of any.
    #[divan::bench]
    fn score_5000_nodes(bencher: Bencher<'_, '_>) {
        scores(bencher, &Pending::different(NODES, PODS));
    }

    /// The two plugins that look at room, over flat vectors.
    #[divan::bench]
    fn score_5000_nodes_reference(bencher: Bencher<'_, '_>) {
        let nodes = Nodes::of(NODES);
        bencher
            .counter(ItemsCount::new(NODES))
            .bench_local(|| nodes.highest(black_box(100), black_box(64 << 20)));
    }

    /// Of replicas of one Deployment: with spread, and scores of room that are known.
    #[divan::bench]
    fn score_5000_nodes_of_equals(bencher: Bencher<'_, '_>) {
        scores(bencher, &Pending::equal(NODES, PODS));
    }
}

mod churn {
    use super::{Bencher, process};
    use aegis_benches::churn::{Churn, PLAN};

    /// 1,000 nodes, 10,000 pods that come over 4,000 s and end.
    #[divan::bench(sample_count = 3)]
    fn churn_10000(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| Churn::play(PLAN));
    }

    /// CPU and memory of one more.
    pub fn told() {
        let before = process::cpu();
        let churn = Churn::play(PLAN);
        let took = (process::cpu() - before) as f64 / 1e6;
        println!(
            "churn: {} pods ended of {}, {took:.0} ms CPU, peak memory of the process {} MB",
            churn.ended(),
            PLAN.pods,
            process::peak_memory() / 1_000_000,
        );
    }
}
