//! How bad a second is for users, and how a series of such seconds is judged.
//!
//! bad = Σ ω · max_k ln(1 + x_k/b_k) / ln(1 + 1/b_k) over objectives, with x_k the
//! share of requests that failed or were slow and b_k the budget of that share: 0
//! at none, 1 at all, and a breach of the budget is felt.

use aegis_model::Objective;
use aegis_model::outcome::BIN;
use alloc::vec::Vec;

/// Badness of one share against its budget, 0..=1.
#[must_use]
pub fn bad(share: f64, budget: f64) -> f64 {
    let budget = budget.max(1e-6);
    libm::log1p(share.clamp(0.0, 1.0) / budget) / libm::log1p(1.0 / budget)
}

/// Badness of an objective: the worse of errors and slowness, 0..=1.
#[must_use]
pub fn of_objective(objective: &Objective, failed: f64, slow: f64) -> f64 {
    let errors = bad(failed, 1.0 - objective.availability);
    match objective.latency {
        Some(target) => errors.max(bad(slow, 1.0 - target.share)),
        None => errors,
    }
}

/// Length of the seconds at the end that a horizon's unpaid remainder is judged by.
const END: usize = 30;

/// 1 − mean badness, with the state at the end carried on for half the horizon: an
/// end that is not recovered is paid for.
#[must_use]
pub fn stability(bad: &[f64]) -> f64 {
    if bad.is_empty() {
        return 1.0;
    }
    let horizon = bad.len() as f64;
    let tail = &bad[bad.len().saturating_sub(END)..];
    let end = tail.iter().sum::<f64>() / tail.len() as f64;
    let carried = 0.5 * horizon;
    1.0 - (bad.iter().sum::<f64>() + carried * end) / (horizon + carried)
}

/// Mean badness of each bin of 15 s.
#[must_use]
pub fn bins(bad: &[f64]) -> Vec<f64> {
    bad.chunks(BIN as usize)
        .map(|bin| bin.iter().sum::<f64>() / bin.len() as f64)
        .collect()
}
