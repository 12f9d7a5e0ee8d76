//! Counting what passed, for the next scrape.

use aegis_cluster::Cluster;
use aegis_cluster::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{LastSecond, Meters, Solved, Spread};
use aegis_model::Overlay;
use aegis_model::observation::{BUCKET_COUNT, BUCKETS, RequestStats};
use aegis_solver::tail::Fitted;
use alloc::sync::Arc;

/// A distribution whose mean or variability moved by less than this share is kept.
const KEPT: f64 = 0.02;

/// Adds this second to the meters.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, _: &mut Journal) {
    let Some(solved) = cluster.workings.traffic.solved.as_ref() else {
        return;
    };
    let meters = &mut cluster.workings.meters;
    meters.ticks += 1;
    edges(meters, solved);
    services(meters, solved);
}

fn edges(meters: &mut Meters, solved: &Solved) {
    let (entries, edges) = (
        Arc::make_mut(&mut meters.entries),
        Arc::make_mut(&mut meters.edges),
    );
    for ((flow, site), rate) in solved
        .flows
        .edges
        .iter()
        .zip(&solved.layout.edges)
        .zip(rates(solved))
    {
        if let Some(rate) = rate {
            let entry = &mut entries[site.meter as usize];
            let fitted = flow.time();
            entry.last = LastSecond {
                requests: rate,
                failed: flow.lost_calls,
                time: fitted.mean,
                cv2: fitted.cv2,
            };
            update(&mut entry.spread, fitted);
            add(
                &mut entry.requests,
                rate,
                rate * flow.lost_calls,
                &entry.spread,
            );
        } else if let Some(edge) = edges.get_mut(site.meter as usize) {
            edge.attempts += flow.attempts;
            edge.failures += flow.attempts * flow.failing;
            edge.time += flow.first * flow.held;
        }
    }
}

/// The rate of each edge that is an entry; `None` for the others.
fn rates(solved: &Solved) -> impl Iterator<Item = Option<f64>> {
    let entries = solved.inputs.rates.iter().copied().map(Some);
    entries.chain(core::iter::repeat(None))
}

fn services(meters: &mut Meters, solved: &Solved) {
    let services = Arc::make_mut(&mut meters.services);
    for (flow, site) in solved.flows.classes.iter().zip(&solved.layout.sites) {
        let pods = site.pods.len() as f64;
        let service = &mut services[site.workload.index()];
        let ended = flow.completed + flow.failed + flow.shed + flow.looped + flow.lost;
        update(&mut service.spread, flow.time());
        add(
            &mut service.requests,
            ended,
            ended - flow.completed,
            &service.spread,
        );
        service.in_flight += flow.in_flight * pods;
        service.cpu += flow.cpu_used * pods;
    }
}

fn update(spread: &mut Spread, fitted: Fitted) {
    let near = |a: f64, b: f64| (a - b).abs() <= KEPT * b.abs();
    if near(fitted.mean, spread.mean) && near(fitted.cv2, spread.cv2) {
        return;
    }
    *spread = Spread {
        mean: fitted.mean,
        cv2: fitted.cv2,
        shares: shares(fitted),
    };
}

/// The share of each latency bucket.
pub fn shares(fitted: Fitted) -> [f64; BUCKET_COUNT] {
    let mut shares = [0.0; BUCKET_COUNT];
    let mut above = 1.0;
    for (share, bound) in shares.iter_mut().zip(BUCKETS) {
        let beyond = fitted.exceeds(bound);
        *share = (above - beyond).max(0.0);
        above = beyond;
    }
    shares[BUCKET_COUNT - 1] = above;
    shares
}

fn add(stats: &mut RequestStats, total: f64, errors: f64, spread: &Spread) {
    stats.total += total;
    stats.errors += errors;
    for (count, share) in stats.buckets.iter_mut().zip(&spread.shares) {
        *count += total * share;
    }
}
