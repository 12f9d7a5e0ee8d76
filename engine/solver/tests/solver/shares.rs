//! Fair shares of a node's CPU.

use aegis_solver::{Claim, water_fill, within_reach};
use proptest::prelude::*;

fn claim(weight: f64, demand: f64, limit: f64) -> Claim {
    Claim {
        weight,
        demand,
        limit,
    }
}

fn granted(capacity: f64, claims: &[Claim]) -> Vec<f64> {
    let (mut order, mut out) = (vec![0; claims.len()], vec![0.0; claims.len()]);
    water_fill(capacity, claims, &mut order, &mut out);
    out
}

fn reached(capacity: f64, claims: &[Claim]) -> Vec<f64> {
    let (mut order, mut out) = (vec![0; claims.len()], vec![0.0; claims.len()]);
    within_reach(capacity, claims, &mut order, &mut out);
    out
}

#[test]
fn what_one_leaves_goes_to_the_others_by_weight() {
    let claims = [
        claim(1.0, 0.2, 4.0),
        claim(1.0, 4.0, 4.0),
        claim(2.0, 4.0, 4.0),
    ];
    let is = granted(3.2, &claims);
    assert!(
        is.iter()
            .zip([0.2, 1.0, 2.0])
            .all(|(a, b)| (a - b).abs() < 1e-12),
        "{is:?}"
    );
}

#[test]
fn an_idle_pod_could_have_what_others_leave() {
    let claims = [claim(1.0, 0.1, 4.0), claim(1.0, 0.5, 1.0)];
    let is = reached(4.0, &claims);
    assert!(
        is.iter()
            .zip([3.5, 1.0])
            .all(|(a, b)| (a - b).abs() < 1e-12),
        "{is:?}"
    );
    let busy = [claim(1.0, 0.1, 4.0), claim(3.0, 9.0, 9.0)];
    assert!((reached(4.0, &busy)[0] - 1.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn shares_are_fair_and_whole(
        capacity in 0.1..64.0_f64,
        drawn in proptest::collection::vec((2.0..4096.0_f64, 0.0..8.0_f64, 0.0..8.0_f64), 1..20),
    ) {
        let claims: Vec<_> =
            drawn.iter().map(|&(w, d, more)| claim(w, d, d + more)).collect();
        let is = granted(capacity, &claims);
        let wanted: f64 = claims.iter().map(|claim| claim.demand).sum();
        prop_assert!((is.iter().sum::<f64>() - wanted.min(capacity)).abs() < 1e-9);
        let level = is.iter().zip(&claims).map(|(g, c)| g / c.weight).fold(0.0, f64::max);
        for (grant, claim) in is.iter().zip(&claims) {
            let short = *grant < claim.demand - 1e-9;
            prop_assert!(*grant <= claim.demand + 1e-12);
            prop_assert!(!short || grant / claim.weight > level * (1.0 - 1e-6));
        }
        for (reach, grant) in reached(capacity, &claims).iter().zip(&is) {
            prop_assert!(*reach >= grant - 1e-9 && *reach <= capacity + 1e-9);
        }
    }
}
