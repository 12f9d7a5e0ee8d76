//! Calls that go in a circle: where nothing but addresses tells of them, a request does not go round.
//!
//! `authors` asks `books` on one page and `books` asks `authors` on another. That
//! each names the other does not mean that either answers by asking back.

use super::directory::Directory;
use super::{Basis, Prior, WorkloadPrior, workload};
use alloc::vec;
use alloc::vec::Vec;

/// Calls that a request makes, on average, to others in its circle where nothing tells how many:
/// below 1, so that a circle ends, by our judgement.
const ROUND: f64 = 0.3;

/// Lowers guessed ratios of calls that lie on a circle.
pub fn open(directory: &Directory<'_>, workloads: &mut [WorkloadPrior]) {
    let callees = callees(directory, workloads);
    let circle = circles(&callees);
    let inner = |place: usize, call: &super::CallPrior| {
        let behind = call.to.map_or(&[][..], |to| directory.behind(to));
        let mut rows = behind.iter().map(|id| id.index());
        matches!(call.basis, Basis::Guess) && rows.any(|row| circle[row] == circle[place])
    };
    for prior in workloads {
        let place = prior.workload.index();
        let count = prior.calls.iter().filter(|call| inner(place, call)).count();
        let most = ROUND / count.max(1) as f64;
        for call in &mut prior.calls {
            if call.ratio.median > most && inner(place, call) {
                call.ratio = Prior::new(most, workload::RATIO_SIGMA);
            }
        }
    }
}

/// Rows of the workloads that each workload calls.
fn callees(directory: &Directory<'_>, workloads: &[WorkloadPrior]) -> Vec<Vec<usize>> {
    let mut callees = vec![Vec::new(); directory.objects.workloads.len()];
    for prior in workloads {
        let services = prior.calls.iter().filter_map(|call| call.to);
        let behind = services.flat_map(|to| directory.behind(to));
        callees[prior.workload.index()] = behind.map(|id| id.index()).collect();
    }
    callees
}

/// For each row the number of its circle: rows that reach each other have the same
/// (strongly connected components, Kosaraju's way).
fn circles(callees: &[Vec<usize>]) -> Vec<usize> {
    let mut callers = vec![Vec::new(); callees.len()];
    for (caller, called) in callees.iter().enumerate() {
        for callee in called {
            callers[*callee].push(caller);
        }
    }
    let mut circle = vec![usize::MAX; callees.len()];
    for root in finished(callees).into_iter().rev() {
        let mut open = vec![root];
        while let Some(row) = open.pop() {
            if circle[row] == usize::MAX {
                circle[row] = root;
                open.extend(&callers[row]);
            }
        }
    }
    circle
}

/// All rows in the order in which a search in depth leaves them.
fn finished(callees: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; callees.len()];
    let mut order = Vec::with_capacity(callees.len());
    for root in 0..callees.len() {
        let mut path = Vec::new();
        if !seen[root] {
            seen[root] = true;
            path.push((root, 0));
        }
        while let Some((row, next)) = path.pop() {
            let Some(callee) = callees[row].get(next) else {
                order.push(row);
                continue;
            };
            path.push((row, next + 1));
            if !seen[*callee] {
                seen[*callee] = true;
                path.push((*callee, 0));
            }
        }
    }
    order
}
