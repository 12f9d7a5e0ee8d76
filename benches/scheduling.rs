//! What placing pods costs: one by one, in batches of equals, and in a cluster where they come and go.

use aegis_benches::large::Pending;
use aegis_benches::process;
use divan::Bencher;
use divan::counter::ItemsCount;

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
