//! Which calls are off, and how well a place accounts for them: spectrum-based localisation on the call graph.
//!
//! A call fails or is late where it does, and at everything that waits for it. So only calls count at whose far end no
//! further call is off. A place accounts for them as well as the Ochiai coefficient says: the geometric mean of the share
//! of what is off that touches it and the share of what touches it that is off (Abreu, Zoeteweij and van Gemund, "On the
//! accuracy of spectrum-based fault localization", TAICPART 2007, eq. 4).

use crate::case::Case;
use crate::series::Measure;
use aegis_model::{Target, WorkloadId};

/// Standard deviations by which a call's errors or time must have risen since the onset.
const OFF: f64 = 3.0;

/// One edge of the call graph, as its caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    /// Who calls; `None` are users.
    from: Option<WorkloadId>,
    to: Vec<WorkloadId>,
    off: bool,
}

/// The calls of a case, and which of them are where something begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls(Vec<Edge>);

/// Which ends of a call a fault of a place reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Who is called there.
    Called,
    /// Who is called there, and who calls from there.
    Both,
}

impl Calls {
    /// The calls whose errors and times are compared in a case.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        let mut edges: Vec<Edge> = Vec::new();
        for (series, key) in case.window.set.keys.iter().enumerate() {
            let (from, to) = match (key.measure, key.subject) {
                (Measure::CallErrors(to) | Measure::CallLatency(to), Target::Workload(from)) => {
                    (Some(from), to)
                }
                (Measure::EntryErrors | Measure::EntrySlow, Target::Service(to)) => (None, to),
                _ => continue,
            };
            let behind = case.topology.behind.get(to.index());
            let (to, off) = (behind.cloned().unwrap_or_default(), risen(case, series));
            match edges
                .iter_mut()
                .find(|edge| edge.from == from && edge.to == to)
            {
                Some(known) => known.off |= off,
                None => edges.push(Edge { from, to, off }),
            }
        }
        let passed_on = |edge: &Edge| {
            let further =
                |other: &Edge| other.off && other.from.is_some_and(|from| edge.to.contains(&from));
            edges.iter().any(further)
        };
        let begins: Vec<bool> = { edges.iter() }
            .map(|edge| edge.off && !passed_on(edge))
            .collect();
        for (edge, begins) in edges.iter_mut().zip(begins) {
            edge.off = begins;
        }
        Self(edges)
    }

    /// How well a fault of some workloads accounts for the calls that are off, 0..=1; 0 where none is.
    #[must_use]
    pub fn ochiai(&self, own: &[WorkloadId], ends: Ends) -> f64 {
        let touches = |edge: &&Edge| {
            edge.to.iter().any(|to| own.contains(to))
                || ends == Ends::Both && edge.from.is_some_and(|from| own.contains(&from))
        };
        let off = self.0.iter().filter(|edge| edge.off).count();
        let touched = self.0.iter().filter(touches).count();
        let both = { self.0.iter().filter(touches) }
            .filter(|edge| edge.off)
            .count();
        if both == 0 {
            return 0.0;
        }
        both as f64 / libm::sqrt(off as f64 * touched as f64)
    }
}

/// Whether a series lies higher since the onset than before it.
fn risen(case: &Case, series: usize) -> bool {
    let window = &case.window;
    let onset = window.onset.min(window.bins.len());
    let mean = |bins: &[crate::series::Row]| {
        let values: Vec<f64> = bins.iter().filter_map(|row| row[series]).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let (before, after) = (mean(&window.bins[..onset]), mean(&window.bins[onset..]));
    let rise = before
        .zip(after)
        .map_or(0.0, |(before, after)| after - before);
    rise > OFF * libm::sqrt(window.spreads[series].variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: u32, to: u32, off: bool) -> Edge {
        Edge {
            from: Some(WorkloadId(from)),
            to: vec![WorkloadId(to)],
            off,
        }
    }

    #[test]
    fn the_place_that_all_bad_calls_touch_and_no_good_one_accounts_for_them_best() {
        // 0 calls 1, 2 and 3; 1 calls 3. What is called at 3 fails.
        let calls = Calls(vec![
            edge(0, 1, false),
            edge(0, 2, false),
            edge(0, 3, true),
            edge(1, 3, true),
        ]);
        let at = |id: u32, ends: Ends| calls.ochiai(&[WorkloadId(id)], ends);
        assert!((at(3, Ends::Called) - 1.0).abs() < 1e-12);
        // A caller whose other calls are well accounts for them less, and for none where only those matter that reach it.
        assert!((at(0, Ends::Both) - 1.0 / libm::sqrt(2.0 * 3.0)).abs() < 1e-12);
        assert!(at(0, Ends::Called).abs() < 1e-12);
        assert!(at(2, Ends::Both).abs() < 1e-12);
    }

    #[test]
    fn of_nothing_that_is_off_no_place_is_to_blame() {
        let calls = Calls(vec![edge(0, 1, false)]);
        assert!(calls.ochiai(&[WorkloadId(1)], Ends::Both).abs() < 1e-12);
        assert!(Calls::default().ochiai(&[WorkloadId(1)], Ends::Both).abs() < 1e-12);
    }
}
