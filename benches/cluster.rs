//! What a simulated second and a fork cost, beside bare loops over flat vectors.

use aegis_benches::flat::{Columns, Use, pods_by_name};
use aegis_benches::large::{Large, Size};
use aegis_benches::process;
use aegis_sim::workings::{HotChunk, POD_CHUNK, Watched};
use divan::{Bencher, black_box};
use std::sync::OnceLock;
use std::time::Instant;

fn main() {
    divan::main();
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    println!("108 futures: {:.0} ms CPU", futures::cpu());
    println!(
        "a pod: {} B of hot columns, {} B of thresholds, a row of {} B and what it points to",
        size_of::<HotChunk>() / POD_CHUNK,
        size_of::<Watched>() / POD_CHUNK,
        size_of::<aegis_model::objects::Pod>(),
    );
}

const SMALL: Size = Size {
    pods: 1_000,
    nodes: 50,
    services: 60,
};
const MIDDLE: Size = Size {
    pods: 20_000,
    nodes: 1_000,
    services: 300,
};
const LARGE: Size = Size {
    pods: 100_000,
    nodes: 5_000,
    services: 300,
};

/// A cluster of that size, brought up once.
fn settled(size: Size) -> &'static Large {
    static SETTLED: [OnceLock<Large>; 3] = [const { OnceLock::new() }; 3];
    let place = [SMALL, MIDDLE, LARGE]
        .iter()
        .position(|known| *known == size);
    SETTLED[place.unwrap_or(0)].get_or_init(|| bring_up(size))
}

/// Says what the cluster is and what it took.
fn bring_up(size: Size) -> Large {
    let (started, before) = (Instant::now(), process::memory());
    let large = Large::settled(size);
    let (classes, edges) = large.network();
    eprintln!(
        "{} pods, {} nodes: {classes} classes, {edges} edges, {:.0} requests/s done, {} s simulated in {:.1} s, {} B of memory a pod",
        size.pods,
        size.nodes,
        large.journal.requests.done,
        large.cluster.clock.0,
        started.elapsed().as_secs_f64(),
        process::memory().saturating_sub(before) / size.pods as u64,
    );
    large
}

const USE: Use = Use {
    cpu: 0.1,
    held: 6e7,
    growth: 1.0,
    answer: 0.002,
};

mod tick {
    use super::{Bencher, Columns, LARGE, MIDDLE, SMALL, Size, USE, black_box, settled};

    fn steady(bencher: Bencher<'_, '_>, size: Size) {
        let mut large = settled(size).clone();
        large.second();
        bencher.bench_local(|| large.second());
    }

    fn bare(bencher: Bencher<'_, '_>, size: Size) {
        let mut columns = Columns::of(size.pods, size.services);
        let uses = vec![USE; size.services];
        bencher.bench_local(|| {
            columns.write(black_box(&uses));
            black_box(columns.alarms(7))
        });
    }

    #[divan::bench]
    fn tick_1000(bencher: Bencher<'_, '_>) {
        steady(bencher, SMALL);
    }

    #[divan::bench]
    fn tick_1000_reference(bencher: Bencher<'_, '_>) {
        bare(bencher, SMALL);
    }

    #[divan::bench]
    fn tick_20000(bencher: Bencher<'_, '_>) {
        steady(bencher, MIDDLE);
    }

    #[divan::bench]
    fn tick_20000_reference(bencher: Bencher<'_, '_>) {
        bare(bencher, MIDDLE);
    }

    /// Pods that serve nothing and have nothing due.
    #[divan::bench]
    fn tick_20000_with_nothing_to_do(bencher: Bencher<'_, '_>) {
        let mut large = settled(MIDDLE).clone();
        large.idle();
        bencher.bench_local(|| large.second());
    }

    #[divan::bench]
    fn tick_100000(bencher: Bencher<'_, '_>) {
        steady(bencher, LARGE);
    }

    #[divan::bench]
    fn tick_100000_reference(bencher: Bencher<'_, '_>) {
        bare(bencher, LARGE);
    }
}

mod fork {
    use super::{Bencher, Columns, LARGE, MIDDLE, SMALL, Size, pods_by_name, settled};

    fn fork(bencher: Bencher<'_, '_>, size: Size) {
        let large = settled(size);
        bencher.bench_local(|| large.cluster.fork());
    }

    #[divan::bench]
    fn fork_1000(bencher: Bencher<'_, '_>) {
        fork(bencher, SMALL);
    }

    #[divan::bench]
    fn fork_20000(bencher: Bencher<'_, '_>) {
        fork(bencher, MIDDLE);
    }

    #[divan::bench]
    fn fork_20000_reference(bencher: Bencher<'_, '_>) {
        let columns = Columns::of(MIDDLE.pods, MIDDLE.services);
        bencher.bench_local(|| columns.clone());
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn fork_20000_map_of_pods(bencher: Bencher<'_, '_>) {
        let pods = pods_by_name(MIDDLE.pods, MIDDLE.nodes);
        bencher.bench_local(|| pods.clone());
    }

    #[divan::bench]
    fn fork_100000(bencher: Bencher<'_, '_>) {
        fork(bencher, LARGE);
    }

    #[divan::bench]
    fn fork_and_tick_20000(bencher: Bencher<'_, '_>) {
        let large = settled(MIDDLE);
        bencher.bench_local(|| {
            let mut fork = large.clone();
            fork.second();
            fork
        });
    }

    #[divan::bench]
    fn fork_and_tick_20000_reference(bencher: Bencher<'_, '_>) {
        let mut large = settled(MIDDLE).clone();
        large.second();
        bencher.bench_local(|| large.second());
    }
}

mod futures {
    use super::{Bencher, SMALL, process, settled};
    use aegis_benches::large::Large;

    const FUTURES: u32 = 108;
    const SECONDS: u32 = 300;

    /// So many futures, one after the other.
    fn play(origin: &Large, futures: u32) {
        for _ in 0..futures {
            let mut fork = origin.clone();
            for _ in 0..SECONDS {
                fork.second();
            }
        }
    }

    /// Milliseconds of CPU, the best of some.
    pub fn cpu() -> f64 {
        let origin = settled(SMALL);
        let once = |_| {
            let started = process::cpu();
            play(origin, FUTURES);
            (process::cpu() - started) as f64 / 1e6
        };
        (0..5).map(once).fold(f64::MAX, f64::min)
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn futures_108(bencher: Bencher<'_, '_>) {
        let origin = settled(SMALL);
        bencher.bench_local(|| play(origin, FUTURES));
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn futures_108_two_threads(bencher: Bencher<'_, '_>) {
        let origin = settled(SMALL);
        bencher.bench_local(|| {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| play(origin, FUTURES / 2));
                }
            });
        });
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn futures_108_two_threads_reference(bencher: Bencher<'_, '_>) {
        futures_108(bencher);
    }
}

mod layout {
    use super::{Bencher, Columns, MIDDLE, USE, black_box};
    use aegis_model::PodId;
    use aegis_sim::workings::{ClassUse, HotPods};

    fn pods() -> HotPods {
        let mut pods = HotPods::default();
        let columns = Columns::of(MIDDLE.pods, MIDDLE.services);
        for pod in 0..MIDDLE.pods {
            pods.admit(PodId::from(pod));
            let (chunk, row) = pods.at_mut(PodId::from(pod));
            chunk.class[row] = columns.class[pod];
        }
        pods
    }

    fn uses() -> Vec<Option<ClassUse>> {
        let used = ClassUse {
            cpu: USE.cpu,
            held: USE.held,
            growth: USE.growth,
            step: 0.0,
            answer: USE.answer,
        };
        vec![Some(used); MIDDLE.services]
    }

    #[divan::bench]
    fn layout_20000(bencher: Bencher<'_, '_>) {
        let (mut pods, uses) = (pods(), uses());
        bencher.bench_local(|| pods.write(black_box(&uses)));
    }

    #[divan::bench]
    fn layout_20000_reference(bencher: Bencher<'_, '_>) {
        let mut columns = Columns::of(MIDDLE.pods, MIDDLE.services);
        let uses = vec![USE; MIDDLE.services];
        bencher.bench_local(|| columns.write(black_box(&uses)));
    }

    #[divan::bench]
    fn layout_first_write_20000(bencher: Bencher<'_, '_>) {
        let (pods, uses) = (pods(), uses());
        bencher.bench_local(|| {
            let mut fork = pods.clone();
            fork.write(black_box(&uses));
            fork
        });
    }
}

mod timers {
    use super::Bencher;
    use aegis_benches::flat::Heap;
    use aegis_model::{PodId, Tick};
    use aegis_sim::workings::HotPods;
    use divan::counter::ItemsCount;

    const TIMERS: u32 = 100_000;
    /// Seconds between two events of one timer: the default period of a probe.
    const PERIOD: u32 = 10;
    const EVENTS: u32 = TIMERS / PERIOD;

    fn fire(pods: &mut HotPods, due: &mut Vec<PodId>, now: Tick) -> u32 {
        let mut fired = 0;
        for chunk in 0..pods.chunks().len() {
            pods.take_due(chunk, now, due);
            for pod in due.drain(..) {
                pods.set_due(pod, now.after(PERIOD));
                fired += 1;
            }
        }
        fired
    }

    #[divan::bench]
    fn timers_100000(bencher: Bencher<'_, '_>) {
        let (mut pods, mut due) = (HotPods::default(), Vec::new());
        for timer in 0..TIMERS {
            pods.admit(PodId(timer));
            pods.set_due(PodId(timer), Tick(timer % PERIOD));
        }
        let mut now = Tick(0);
        bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
            let fired = fire(&mut pods, &mut due, now);
            now = now.after(1);
            assert_eq!(fired, EVENTS);
        });
    }

    #[divan::bench]
    fn timers_100000_reference(bencher: Bencher<'_, '_>) {
        let mut heap = Heap::of(TIMERS, PERIOD);
        let mut now = 0;
        bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
            let fired = heap.fire(now, PERIOD);
            now += 1;
            assert_eq!(fired, EVENTS);
        });
    }
}

mod class {
    use super::Bencher;
    use aegis_benches::network::Rig;
    use divan::black_box;
    use divan::counter::ItemsCount;

    const CLASSES: u32 = 300;

    fn network(bencher: Bencher<'_, '_>, edges: u32) {
        let mut rig = Rig::layered(CLASSES, edges, 60.0);
        for _ in 0..100 {
            rig.second();
        }
        bencher
            .counter(ItemsCount::new(CLASSES))
            .bench_local(|| rig.second());
    }

    #[divan::bench]
    fn class_two_edges_300(bencher: Bencher<'_, '_>) {
        network(bencher, 2);
    }

    #[divan::bench]
    fn class_six_edges_300(bencher: Bencher<'_, '_>) {
        network(bencher, 6);
    }

    /// One exponential for each class.
    #[divan::bench]
    fn class_two_edges_300_reference(bencher: Bencher<'_, '_>) {
        let exponents: Vec<f64> = (0..CLASSES).map(|id| -f64::from(id) * 1e-2).collect();
        bencher.counter(ItemsCount::new(CLASSES)).bench_local(|| {
            let terms = black_box(&exponents).iter().map(|x| libm::exp(*x));
            terms.sum::<f64>()
        });
    }
}
