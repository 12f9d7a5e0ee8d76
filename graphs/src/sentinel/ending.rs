//! How a run ended: the first that holds.

use super::domain::{Fate, State};
use aegis_model::observation::RequestStats;
use aegis_model::{Ending, Objective, Tick};
use aegis_reason::detect::bad_shares;

/// The ending, and whether each objective was met over its last window.
#[must_use]
pub fn ending(state: &State) -> (Ending, Vec<bool>) {
    let met: Vec<bool> = state
        .objectives()
        .iter()
        .map(|objective| is_met(state, objective))
        .collect();
    let all = met.iter().all(|met| *met);
    let watched = state.standing.as_ref();
    let watched = watched.is_some_and(|standing| !standing.came_to_nothing());
    let stands = watched || state.stands > 0;
    let ending = match () {
        () if state.last == Some(Fate::Refused) && !stands => Ending::Refused,
        () if stands && all => Ending::Mended,
        () if state.last == Some(Fate::Undone) && !watched && !all => Ending::Undone,
        () if !all => Ending::Unresolved,
        () if state.paged => Ending::Waited,
        () => Ending::Healthy,
    };
    (ending, met)
}

fn is_met(state: &State, objective: &Objective) -> bool {
    let Some(now) = state.history.latest().map(|latest| latest.at) else {
        return true;
    };
    let mut stats = RequestStats::default();
    for seen in state
        .history
        .between(Tick(now.0.saturating_sub(objective.window)), now)
    {
        for entry in seen
            .samples
            .entries
            .iter()
            .filter(|entry| entry.service == objective.service)
        {
            stats.add(&entry.requests);
        }
    }
    bad_shares(objective, &stats)
        .iter()
        .all(|(share, budget)| share <= budget)
}
