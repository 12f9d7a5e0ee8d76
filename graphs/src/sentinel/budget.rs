//! The budget of a diagnosis: each round takes a share of what the executor says is left, and is cut to it.

use super::domain::Sentinel;
use crate::executor::{Call, Limits, ServiceTicks, Trials};
use aegis_model::event::RunEvent;
use aegis_reason::diagnose::Round;
use aegis_reason::{Case, Genome, Trial, trial};

/// Trials of a diagnosis at most; its rounds ask for about 240 at their full size.
const TRIALS: u64 = 400;

/// Shares of what is left that the three rounds may take: their full sizes are about equal.
pub const SHARES: [f64; 3] = [0.34, 0.5, 1.0];

/// What one diagnosis may cost.
pub fn limits(genome: &Genome) -> Limits {
    Limits {
        steps: None,
        service_ticks: Some(ServiceTicks(genome.budget as u64)),
        trials: Some(Trials(TRIALS)),
    }
}

/// The trials of a round that can be paid for, and what is to be told where some cannot. Candidates that rank last
/// go first; of a single one its later draws go.
pub fn afford(
    call: &Call<'_, Sentinel>,
    case: &Case,
    round: &mut Round,
    share: f64,
) -> (Vec<Trial>, Option<RunEvent>) {
    let trials = round.trials(case);
    let dearest = trials.iter().map(trial::cost).max().unwrap_or(0).max(1);
    let ticks = call.left.service_ticks.map_or(u64::MAX, |left| left.0) as f64 * share;
    let trials_left = call.left.trials.map_or(u64::MAX, |left| left.0) as f64 * share;
    let paid = (ticks / dearest as f64).min(trials_left) as usize;
    if trials.len() <= paid {
        return (trials, None);
    }
    let (asked, candidates) = (trials.len(), round.candidates.len());
    cut(round, paid);
    let note = format!(
        "the diagnosis' budget of service-ticks is short: {} of {asked} trials are played, {} of {candidates} candidates dropped",
        round.entries.len(),
        candidates - round.candidates.len(),
    );
    (round.trials(case), Some(RunEvent::Noted { note }))
}

/// Cuts a round to so many trials.
fn cut(round: &mut Round, paid: usize) {
    let fits = |kept: usize| {
        let entries = round.entries.iter();
        entries.filter(|(candidate, _)| *candidate < kept).count() <= paid
    };
    let all = round.candidates.len();
    let kept = (1..all)
        .rev()
        .find(|kept| fits(*kept))
        .unwrap_or(1.min(all));
    round.candidates.truncate(kept);
    round.entries.retain(|(candidate, _)| *candidate < kept);
    // Only one is left and is too much by itself: a contrast, which comes last, is worth more than one more draw.
    let over = round.entries.len().saturating_sub(paid);
    let first = round.entries.len().saturating_sub(over + 1);
    if paid == 0 {
        round.entries.clear();
        round.candidates.clear();
    } else if over > 0 {
        round.entries.drain(first..first + over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::{Subject, Target, Tick};
    use aegis_reason::diagnose::candidate::{Candidate, Cause};
    use aegis_reason::diagnose::rounds::Theta;

    fn candidate() -> Candidate {
        Candidate {
            fault: None,
            target: Target::Cluster,
            subject: Subject::Cluster,
            beside: Vec::new(),
            cause: Cause::Hidden,
            template: None,
            held: None,
            field: None,
            actor: None,
            since: None,
            prior: 1.0,
            words: 0.0,
            signs: 0.0,
        }
    }

    /// Candidates with so many draws each, and a contrast.
    fn round(draws: &[usize]) -> Round {
        let theta = |draw| Theta {
            onset: Tick(0),
            size: 0.5,
            delay: 0.5,
            slack: 0,
            draw,
            log_weight: 0.0,
        };
        let of = |(index, count): (usize, &usize)| {
            let drawn = (0..*count as u64).map(move |draw| (index, Some(theta(draw))));
            drawn.chain([(index, None)]).collect::<Vec<_>>()
        };
        Round {
            candidates: draws.iter().map(|_| candidate()).collect(),
            entries: draws.iter().enumerate().flat_map(of).collect(),
        }
    }

    #[test]
    fn a_round_is_cut_from_its_end_and_keeps_its_contrast() {
        // What can be paid for, and what is left: candidates, trials, whether a contrast is among them.
        for (paid, candidates, trials, contrast) in [
            (8, 2, 8, true),
            (7, 1, 4, true),
            (4, 1, 4, true),
            (3, 1, 3, true),
            (1, 1, 1, true),
            (0, 0, 0, false),
        ] {
            let mut round = round(&[3, 3, 3]);
            cut(&mut round, paid);
            assert_eq!(round.candidates.len(), candidates, "{paid}");
            assert_eq!(round.entries.len(), trials, "{paid}");
            let has = round.entries.iter().any(|(_, theta)| theta.is_none());
            assert_eq!(has, contrast, "{paid}");
        }
        cut(&mut round(&[]), 3);
    }
}
