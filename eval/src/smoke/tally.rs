//! What plays come to: minutes lost by scenario and agent, and paired differences.

use super::play::{Agent, Play};
use crate::SCHEMA;
use crate::paired::Difference;
use crate::share::thousandths;
use aegis_model::Ending;
use serde::Serialize;

/// Figures of one scenario.
#[derive(Debug, Clone, Serialize)]
pub struct OfScenario {
    /// Its name.
    pub scenario: &'static str,
    /// Mean SLO minutes lost, in the order of the agents.
    pub lost: Vec<f64>,
    /// Plays that ended mended, in the same order.
    pub mended: Vec<usize>,
    /// The first agent less each other one, minutes.
    pub less: Vec<Difference>,
}

/// What the suite came to.
#[derive(Debug, Clone, Serialize)]
pub struct Scores {
    /// Version of the shape.
    pub schema: &'static str,
    /// `smoke`.
    pub suite: &'static str,
    /// Agents; the first is compared with each of the others.
    pub agents: Vec<Agent>,
    /// Seeds.
    pub seeds: usize,
    /// By scenario.
    pub scenarios: Vec<OfScenario>,
    /// Over all: means over the scenarios of each seed, so that seeds are what varies.
    pub all: OfScenario,
    /// CPU of a play by agent, s: mean and the greatest.
    pub cpu: Vec<(f64, f64)>,
    /// By agent, sums: objections, amendments that passed, rounds of debate, amended plans that were applied.
    pub debate: Vec<[usize; 4]>,
}

/// The scores of plays, which come scenario by scenario, seed by seed, agent by agent.
#[must_use]
pub fn tally(plays: &[Play], agents: &[Agent]) -> Scores {
    let by_scenario = plays.chunk_by(|a, b| a.scenario == b.scenario);
    let rows: Vec<&[Play]> = by_scenario.collect();
    let scenarios: Vec<OfScenario> = rows.iter().map(|row| of_scenario(row, agents)).collect();
    let seeds = rows
        .first()
        .map_or(0, |row| row.len() / agents.len().max(1));
    Scores {
        schema: SCHEMA,
        suite: "smoke",
        agents: agents.to_vec(),
        seeds,
        all: of_all(plays, agents, seeds),
        scenarios,
        cpu: agents.iter().map(|agent| cpu(plays, *agent)).collect(),
        debate: agents.iter().map(|agent| debate(plays, *agent)).collect(),
    }
}

/// Minutes by seed of one agent.
fn lost(plays: &[Play], agent: Agent) -> Vec<f64> {
    let own = plays.iter().filter(|play| play.agent == agent);
    own.map(|play| play.lost).collect()
}

fn mean(values: &[f64]) -> f64 {
    thousandths(values.iter().sum::<f64>() / values.len().max(1) as f64)
}

fn differences(by_agent: &[Vec<f64>]) -> Vec<Difference> {
    let Some((first, others)) = by_agent.split_first() else {
        return Vec::new();
    };
    let less = |other: &Vec<f64>| {
        let pairs = first.iter().zip(other).map(|(a, b)| a - b);
        Difference::of(&pairs.collect::<Vec<_>>())
    };
    others.iter().map(less).collect()
}

fn mended(plays: &[Play], agent: Agent) -> usize {
    let own = plays.iter().filter(|play| play.agent == agent);
    own.filter(|play| play.ending == Ending::Mended).count()
}

fn of_scenario(plays: &[Play], agents: &[Agent]) -> OfScenario {
    let by_agent: Vec<Vec<f64>> = agents.iter().map(|agent| lost(plays, *agent)).collect();
    OfScenario {
        scenario: plays.first().map_or("", |play| play.scenario),
        lost: by_agent.iter().map(|lost| mean(lost)).collect(),
        mended: agents.iter().map(|agent| mended(plays, *agent)).collect(),
        less: differences(&by_agent),
    }
}

/// Means over scenarios, seed by seed.
fn of_all(plays: &[Play], agents: &[Agent], seeds: usize) -> OfScenario {
    let by_seed = |agent: Agent| -> Vec<f64> {
        let lost = lost(plays, agent);
        let of = |seed: usize| {
            let own = lost.iter().skip(seed).step_by(seeds.max(1));
            let own: Vec<f64> = own.copied().collect();
            own.iter().sum::<f64>() / own.len().max(1) as f64
        };
        (0..seeds).map(of).collect()
    };
    let by_agent: Vec<Vec<f64>> = agents.iter().map(|agent| by_seed(*agent)).collect();
    OfScenario {
        scenario: "all",
        lost: by_agent.iter().map(|lost| mean(lost)).collect(),
        mended: agents.iter().map(|agent| mended(plays, *agent)).collect(),
        less: differences(&by_agent),
    }
}

fn cpu(plays: &[Play], agent: Agent) -> (f64, f64) {
    let own = plays.iter().filter(|play| play.agent == agent);
    let own: Vec<f64> = own.map(|play| play.cpu).collect();
    let greatest = own.iter().copied().fold(0.0, f64::max);
    (mean(&own), thousandths(greatest))
}

fn debate(plays: &[Play], agent: Agent) -> [usize; 4] {
    let mut sums = [0; 4];
    for play in plays.iter().filter(|play| play.agent == agent) {
        let [objections, passed, rounds] = play.debate;
        for (sum, more) in sums
            .iter_mut()
            .zip([objections, passed, rounds, play.amended])
        {
            *sum += more;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(scenario: &'static str, seed: u64, agent: Agent, lost: f64) -> Play {
        Play {
            scenario,
            seed,
            agent,
            lost,
            ending: Ending::Mended,
            steps: 0,
            debate: [0; 3],
            amended: 0,
            cpu: 0.0,
        }
    }

    #[test]
    fn pairs_share_scenario_and_seed() {
        let agents = [Agent::Legion, Agent::Sentinel];
        let mut plays = Vec::new();
        for (scenario, offset) in [("one", 0.0), ("two", 10.0)] {
            for seed in 1..=3 {
                let base = offset + seed as f64;
                plays.push(play(scenario, seed, Agent::Legion, base));
                plays.push(play(scenario, seed, Agent::Sentinel, base + 1.0));
            }
        }
        let scores = tally(&plays, &agents);
        assert_eq!((scores.seeds, scores.scenarios.len()), (3, 2));
        assert_eq!(scores.scenarios[0].lost, [2.0, 3.0]);
        assert_eq!(scores.all.less[0].n, 3);
        assert!((scores.all.less[0].mean + 1.0).abs() < 1e-9);
        assert_eq!(scores.all.mended, [6, 6]);
    }
}
