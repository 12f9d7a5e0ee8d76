//! The debate over plans: what is asked of the simulator, what is said, what is amended, and when it is over.
//!
//! The order of a round: questions (rivals of the diagnosis, the adversary's search), objections, amendments, their
//! trials, and a hearing. Rounds end when nothing changes. Nothing here simulates.

use crate::critics::adversary::{Duel, Search, Turn};
use crate::critics::{self, Find, Floor, Rival, mean_stability, outcomes_of};
use crate::plan::{Known, amend};
use crate::shadow::{self, Tournament};
use crate::trial::Trial;
use aegis_model::debate::CRITICS;
use aegis_model::outcome::FUTURES;
use aegis_model::{
    Amendment, Closing, Critic, Debated, Hearing, HearingResult, Objection, Outcome, Plan,
    PlanScore, Vote,
};
use smol_str::SmolStr;

/// Rounds at most.
pub const ROUNDS: u32 = 3;
/// Trials of one debate at most.
pub const TRIALS: u64 = 900;
/// Plans that are amended in a round at most.
const AMENDMENTS: usize = 3;
/// Draws in which plans meet the adversary's future.
const UNDER_ATTACK: usize = 4;
/// Share of its severity by which an objection must have shrunk to be answered.
const ANSWERED: f64 = 0.5;
/// Stability by which an amended plan may fall behind in the adversary's future.
const BEHIND: f64 = 0.01;
/// Gain that is demanded more of a plan for each unit of severity of what stands against it.
const STANDS: f64 = 0.1;

/// A debate as it stands.
#[derive(Debug, Clone, Default)]
pub struct Debate {
    /// Round, from 1; 0 before the first.
    pub round: u32,
    /// Trials that were played.
    pub trials: u64,
    /// Their work.
    pub service_ticks: u64,
    /// All that was said.
    pub objections: Vec<Objection>,
    /// Causes that the diagnosis critic asks about.
    pub rivals: Vec<Rival>,
    /// The adversary's search, while it is under way.
    pub search: Option<Search>,
    /// What it found last.
    pub find: Option<Find>,
    /// What the trials that are out are for, with their number.
    pub asked: Vec<(Asked, usize)>,
    /// Amended plans whose trials are out.
    pub pending: Vec<Amendment>,
    /// The plan that the adversary searched against last.
    pub searched: Option<usize>,
    /// Amended plans that passed their hearing in this round.
    pub passed: u32,
    /// Why it is over, once it is.
    pub closing: Option<Closing>,
    /// What each critic prefers, once it was asked.
    pub votes: Vec<Vote>,
}

/// What trials are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A plan where a rival is the cause.
    Rival {
        /// Position among the rivals.
        rival: usize,
        /// The plan.
        plan: usize,
    },
    /// A plan under one assault of the adversary's bracket.
    Probe {
        /// Position in the bracket.
        assault: usize,
        /// The plan.
        plan: usize,
    },
    /// A plan under what the adversary found.
    Attacked {
        /// The plan.
        plan: usize,
    },
    /// An amended plan in all futures, by position among the pending.
    Race {
        /// Position among the pending.
        amendment: usize,
    },
    /// Its long trials.
    Long {
        /// Position among the pending.
        amendment: usize,
    },
}

/// Trials with what they are for.
#[derive(Debug, Default)]
pub struct Questions {
    /// The trials.
    pub trials: Vec<Trial>,
    /// What each run of them is for.
    pub asked: Vec<(Asked, usize)>,
}

impl Questions {
    fn add(&mut self, what: Asked, trials: Vec<Trial>) {
        self.asked.push((what, trials.len()));
        self.trials.extend(trials);
    }
}

impl Debate {
    /// Opens the next round: rivals that were not asked of the leaders yet, and the adversary against the first.
    #[must_use]
    pub fn question(&mut self, floor: &Floor<'_>, tournament: &Tournament) -> Questions {
        let mut questions = Questions::default();
        if self.rivals.is_empty() {
            self.rivals = critics::diagnosis::rivals(floor);
        }
        let mut plans = floor.leaders();
        let leader = plans.first().copied();
        plans.push(floor.control());
        for plan in plans {
            self.rival(
                floor,
                tournament,
                (plan, &floor.plans[plan]),
                &mut questions,
            );
        }
        if self.searched != leader {
            self.searched = leader;
            self.search = leader.and_then(|leader| Search::against(floor, leader));
            self.probe(floor, tournament, &mut questions);
        }
        self.asked.clone_from(&questions.asked);
        questions
    }

    /// Trials of a plan where each rival is the cause, but for those that were played.
    fn rival(
        &self,
        floor: &Floor<'_>,
        tournament: &Tournament,
        (plan, steps): (usize, &Plan),
        questions: &mut Questions,
    ) {
        for (rival, one) in self.rivals.iter().enumerate() {
            if outcomes_of(&one.played, plan).is_none() {
                let draws = critics::diagnosis::draws(floor, tournament, one);
                let trials = tournament.main(floor.diagnosis, steps, &draws, None);
                questions.add(Asked::Rival { rival, plan }, trials);
            }
        }
    }

    /// The stage of the search that is next.
    fn probe(&self, floor: &Floor<'_>, tournament: &Tournament, questions: &mut Questions) {
        let Some(search) = &self.search else { return };
        let draws = search.draws(tournament);
        for (assault, one) in search.bracket().iter().enumerate() {
            for plan in [search.plan, floor.control()] {
                let what = Asked::Probe { assault, plan };
                let trials = tournament.main(floor.diagnosis, &floor.plans[plan], draws, Some(one));
                questions.add(what, trials);
            }
        }
    }

    /// Takes answers in: of rivals, of the search, of the attack. What the adversary asks next, if it goes on.
    #[must_use]
    pub fn answered(
        &mut self,
        floor: &Floor<'_>,
        tournament: &Tournament,
        outcomes: &[Outcome],
    ) -> Option<Questions> {
        let control = floor.control();
        let mut duels: Vec<Duel> = Vec::new();
        for (what, answer) in self.take(outcomes) {
            match what {
                Asked::Rival { rival, plan } => self.rivals[rival].played.push((plan, answer)),
                Asked::Attacked { plan } => {
                    let find = self.find.as_mut();
                    find.into_iter()
                        .for_each(|find| find.played.push((plan, answer.clone())));
                }
                Asked::Probe { assault, plan } => {
                    duels.resize_with(duels.len().max(assault + 1), Duel::default);
                    duels[assault][usize::from(plan == control)] = answer;
                }
                Asked::Race { .. } | Asked::Long { .. } => {}
            }
        }
        let search = self.search.take()?;
        match search.turn(floor, tournament, duels) {
            Turn::On(search) => {
                self.search = Some(search);
                let mut questions = Questions::default();
                self.probe(floor, tournament, &mut questions);
                self.asked.clone_from(&questions.asked);
                Some(questions)
            }
            Turn::Over(find) => {
                // A later find must take more than the one before, or that stays the future to pass.
                let found = find.map(|find| *find);
                let taken = |find: &Find| find.attack.taken;
                let before = self.find.as_ref().map_or(0.0, taken);
                self.find = found
                    .filter(|find| taken(find) > before)
                    .or(self.find.take());
                None
            }
        }
    }

    /// What was asked and cannot be paid for is not asked.
    pub fn forget(&mut self) {
        self.search = None;
        self.asked.clear();
    }

    /// Sorts outcomes by what was asked.
    fn take(&mut self, outcomes: &[Outcome]) -> Vec<(Asked, Vec<Outcome>)> {
        self.trials += outcomes.len() as u64;
        self.service_ticks += outcomes
            .iter()
            .map(|outcome| outcome.service_ticks)
            .sum::<u64>();
        let mut rest = outcomes;
        let mut of = |(what, count): (Asked, usize)| {
            let (own, others) = rest.split_at(count.min(rest.len()));
            rest = others;
            (what, own.to_vec())
        };
        std::mem::take(&mut self.asked)
            .into_iter()
            .map(&mut of)
            .collect()
    }

    /// What is said of the leaders that was not said before, heaviest first.
    #[must_use]
    pub fn objections(&self, floor: &Floor<'_>) -> Vec<Objection> {
        let leaders = floor.leaders().into_iter();
        let said = leaders.flat_map(|plan| critics::objections(floor, plan));
        let mut fresh: Vec<Objection> = said.filter(|one| !self.knows(one)).collect();
        fresh.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        fresh
    }

    fn knows(&self, objection: &Objection) -> bool {
        self.objections.iter().any(|known| {
            (known.critic, &known.plan, &known.claim)
                == (objection.critic, &objection.plan, &objection.claim)
        })
    }

    /// Plans that answer what was said, each other than all before in what it leaves behind, as many as `paid`
    /// trials are enough for.
    #[must_use]
    pub fn amendments(
        &self,
        floor: &Floor<'_>,
        tournament: &Tournament,
        said: &[Objection],
        paid: u64,
    ) -> Vec<Amendment> {
        let rivals = self.rivals.len() * critics::diagnosis::DRAWS as usize;
        let each = FUTURES.len() * tournament.draws.len() + 2 + 2 * UNDER_ATTACK + rivals;
        let most = AMENDMENTS.min(paid as usize / each.max(1));
        let mut known = Known::of(floor.case, floor.plans);
        let mut amendments = Vec::new();
        let weighty = said.iter().filter(|one| one.weight() > 0.0);
        for objection in weighty {
            let Some(of) = position(floor.plans, &objection.plan) else {
                continue;
            };
            let drafted = amend::amended(floor, of, objection).into_iter();
            let fresh = drafted
                .filter(|plan| position(floor.plans, &plan.id).is_none())
                .find(|plan| known.is_new(plan));
            amendments.extend(fresh.map(|to| Amendment {
                round: self.round,
                from: objection.plan.clone(),
                to,
                answers: objection.critic,
            }));
            if amendments.len() >= most {
                break;
            }
        }
        amendments.truncate(most);
        amendments
    }

    /// Trials of the amended plans: all futures, the long ones, and the adversary's for them and those they amend.
    #[must_use]
    pub fn try_amended(
        &mut self,
        floor: &Floor<'_>,
        tournament: &Tournament,
        amendments: Vec<Amendment>,
    ) -> Questions {
        let mut questions = Questions::default();
        let diagnosis = floor.diagnosis;
        for (amendment, one) in amendments.iter().enumerate() {
            let plan = std::slice::from_ref(&one.to);
            let race = tournament.trials(diagnosis, plan, &tournament.draws);
            questions.add(Asked::Race { amendment }, race);
            let long = shadow::long_trials(tournament, diagnosis, plan, floor.objects);
            questions.add(Asked::Long { amendment }, long);
            // It will stand at the end of the list of plans.
            let position = floor.plans.len() + amendment;
            self.rival(floor, tournament, (position, &one.to), &mut questions);
            self.attack(tournament, diagnosis, (position, &one.to), &mut questions);
        }
        for one in &amendments {
            if let Some(from) = position(floor.plans, &one.from) {
                let asks = |(what, _): &(Asked, usize)| *what == Asked::Attacked { plan: from };
                if !questions.asked.iter().any(asks) {
                    let plan = (from, &floor.plans[from]);
                    self.attack(tournament, diagnosis, plan, &mut questions);
                }
            }
        }
        self.pending = amendments;
        self.asked.clone_from(&questions.asked);
        questions
    }

    /// Trials of a plan under what the adversary found, where it was not played under it yet.
    fn attack(
        &self,
        tournament: &Tournament,
        diagnosis: &crate::diagnose::Diagnosis,
        (position, plan): (usize, &Plan),
        questions: &mut Questions,
    ) {
        let Some(find) = &self.find else { return };
        if outcomes_of(&find.played, position).is_none() {
            let draws = &tournament.draws[..UNDER_ATTACK.min(tournament.draws.len())];
            let trials = tournament.main(diagnosis, plan, draws, Some(&find.assault));
            questions.add(Asked::Attacked { plan: position }, trials);
        }
    }

    /// Outcomes of the amended plans: by amendment those of the race, future by future, and the long ones.
    #[must_use]
    pub fn amended_outcomes(
        &mut self,
        outcomes: &[Outcome],
    ) -> Vec<(Vec<Vec<Outcome>>, Vec<Outcome>)> {
        let mut played = vec![(Vec::new(), Vec::new()); self.pending.len()];
        for (what, answer) in self.take(outcomes) {
            match what {
                Asked::Race { amendment } => {
                    let draws = (answer.len() / FUTURES.len()).max(1);
                    played[amendment].0 = answer.chunks(draws).map(<[Outcome]>::to_vec).collect();
                }
                Asked::Long { amendment } => played[amendment].1 = answer,
                Asked::Attacked { plan } => {
                    let find = self.find.as_mut();
                    find.into_iter()
                        .for_each(|find| find.played.push((plan, answer.clone())));
                }
                Asked::Rival { rival, plan } => self.rivals[rival].played.push((plan, answer)),
                Asked::Probe { .. } => {}
            }
        }
        played
    }

    /// What becomes of an amended plan, which races beside the one that it amends.
    #[must_use]
    pub fn hear(&self, floor: &Floor<'_>, amendment: &Amendment) -> Hearing {
        let judged = self.judge(floor, amendment);
        let (result, why) = match judged {
            Ok(why) => (HearingResult::Passed, why),
            Err(why) => (HearingResult::Withdrawn, why),
        };
        Hearing {
            round: self.round,
            plan: amendment.to.id.clone(),
            result,
            why,
        }
    }

    fn judge(&self, floor: &Floor<'_>, amendment: &Amendment) -> Result<String, String> {
        let lost = || "it was not played".to_owned();
        let own = position(floor.plans, &amendment.to.id).ok_or_else(lost)?;
        let from = position(floor.plans, &amendment.from).ok_or_else(lost)?;
        let score = |plan: usize| floor.score(plan).map(|score| score.score);
        let (new, old) = (score(own).ok_or_else(lost)?, score(from).unwrap_or(0.0));
        if new < old - floor.genome.tie {
            return Err(format!(
                "its score is {new:.3}, that of the plan it amends {old:.3}"
            ));
        }
        self.passes(floor, own, from)?;
        let before = heaviest(&self.objections, amendment.answers, &amendment.from);
        let said = critics::objections(floor, own);
        let after = heaviest(&said, amendment.answers, &amendment.to.id);
        if after > ANSWERED * before && new <= old {
            return Err(format!(
                "what was said of the plan it amends holds of it too ({after:.3}, {before:.3} before)"
            ));
        }
        Ok(format!(
            "score {new:.3} ({old:.3} before); what was held against it weighs {after:.3} ({before:.3} before)"
        ))
    }

    /// Whether an amended plan passes in the adversary's future: no worse than what it amends, nor than waiting.
    fn passes(&self, floor: &Floor<'_>, own: usize, from: usize) -> Result<(), String> {
        let Some(find) = &self.find else {
            return Ok(());
        };
        let under = |plan: usize| outcomes_of(&find.played, plan).map(mean_stability);
        let (Some(own), Some(from)) = (under(own), under(from)) else {
            return Ok(());
        };
        let control = under(floor.control()).unwrap_or(0.0);
        let fault = &find.attack.fault;
        match () {
            () if own < from - BEHIND => Err(format!(
                "under {fault} its stability is {own:.2}, that of the plan it amends {from:.2}"
            )),
            () if own < control - BEHIND => Err(format!(
                "under {fault} its stability is {own:.2}, that of waiting {control:.2}"
            )),
            () => Ok(()),
        }
    }

    /// Plans that race and were not played under what the adversary found.
    #[must_use]
    pub fn last_questions(&mut self, floor: &Floor<'_>, tournament: &Tournament) -> Questions {
        let mut questions = Questions::default();
        for plan in floor.racing {
            let one = (*plan, &floor.plans[*plan]);
            self.attack(tournament, floor.diagnosis, one, &mut questions);
        }
        self.asked.clone_from(&questions.asked);
        questions
    }

    /// The end: each critic says which plan it prefers.
    #[must_use]
    pub fn close(&self, floor: &Floor<'_>) -> Debated {
        Debated {
            rounds: self.round,
            trials: self.trials,
            service_ticks: self.service_ticks,
            closing: self.closing.unwrap_or(Closing::NothingNew),
            votes: CRITICS.map(|critic| self.vote(floor, critic)).to_vec(),
        }
    }

    fn vote(&self, floor: &Floor<'_>, critic: Critic) -> Vote {
        let control = floor.control();
        let (what, of) = self.figure(floor, critic);
        let able = floor
            .racing
            .iter()
            .copied()
            .filter(|plan| *plan != control && is_able(floor, *plan));
        let score = |plan: usize| floor.score(plan).map_or(0.0, |score| score.score);
        let better = |a: &usize, b: &usize| {
            let by_score = || score(*a).total_cmp(&score(*b));
            of(*a).total_cmp(&of(*b)).then_with(by_score).then(b.cmp(a))
        };
        match able.max_by(better) {
            Some(plan) => Vote {
                critic,
                plan: floor.plans[plan].id.clone(),
                why: format!("{what} {:.3}", libm::fabs(of(plan))),
            },
            None => Vote {
                critic,
                plan: floor.plans[control].id.clone(),
                why: "no plan promises enough over waiting".into(),
            },
        }
    }

    /// What a critic looks at alone; greater is better.
    fn figure<'a>(
        &'a self,
        floor: &'a Floor<'a>,
        critic: Critic,
    ) -> (&'static str, Box<dyn Fn(usize) -> f64 + 'a>) {
        let worst = FUTURES.len() - 1;
        match critic {
            Critic::Safety => ("risk", Box::new(|plan| -floor.risks[plan])),
            Critic::Capacity => (
                "stability under more load",
                Box::new(move |plan| floor.stability(plan, worst)),
            ),
            Critic::Cost => (
                "cost",
                Box::new(|plan| floor.score(plan).map_or(-1.0, |score| -score.cost)),
            ),
            Critic::Diagnosis => (
                "stability if another cause is true",
                Box::new(|plan| self.under_rivals(floor, plan)),
            ),
            Critic::Adversary => (
                "stability in the adversary's future",
                Box::new(|plan| self.under_attack(plan).unwrap_or(floor.stability(plan, 0))),
            ),
        }
    }

    /// Mean stability over the rivals; that of the main future where there is none, or it was not asked.
    fn under_rivals(&self, floor: &Floor<'_>, plan: usize) -> f64 {
        let rivals = self.rivals.iter();
        let means: Vec<f64> = rivals
            .filter_map(|rival| outcomes_of(&rival.played, plan).map(mean_stability))
            .collect();
        if means.is_empty() {
            return floor.stability(plan, 0);
        }
        means.iter().sum::<f64>() / means.len() as f64
    }

    fn under_attack(&self, plan: usize) -> Option<f64> {
        let find = self.find.as_ref()?;
        outcomes_of(&find.played, plan).map(mean_stability)
    }

    /// Puts the adversary's future beside the other two: resilience counts the worst of the three.
    pub fn temper(&self, scores: &mut [PlanScore], racing: &[usize], weight_worst: f64) {
        for (score, plan) in scores.iter_mut().zip(racing) {
            let worst = score.futures[1].min(score.futures[2]);
            let attacked = self.under_attack(*plan).unwrap_or(worst);
            score.resilience -= weight_worst * (worst - attacked).max(0.0);
        }
    }

    /// What a debate leaves for the choice: votes, and what more is demanded of a plan.
    #[must_use]
    pub fn ballot(&self, plans: &[Plan]) -> Ballot {
        let of = |plan: &Plan| Standing {
            plan: plan.id.clone(),
            votes: self
                .votes
                .iter()
                .filter(|vote| vote.plan == plan.id)
                .count(),
            demanded: STANDS * self.stands(&plan.id),
        };
        Ballot(plans.iter().map(of).collect())
    }

    /// The heaviest of what was said of a plan; what the adversary found counts in resilience already.
    fn stands(&self, plan: &SmolStr) -> f64 {
        let said = self.objections.iter();
        let own = said.filter(|one| one.plan == *plan && one.critic != Critic::Adversary);
        own.map(Objection::weight).fold(0.0, f64::max)
    }
}

/// How a plan stands after a debate.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    plan: SmolStr,
    votes: usize,
    demanded: f64,
}

/// What a debate leaves for the choice; empty where there was none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ballot(Vec<Standing>);

impl Ballot {
    fn of(&self, plan: &SmolStr) -> Option<&Standing> {
        self.0.iter().find(|one| one.plan == *plan)
    }

    /// Votes for a plan.
    #[must_use]
    pub fn votes(&self, plan: &SmolStr) -> usize {
        self.of(plan).map_or(0, |one| one.votes)
    }

    /// Gain that is demanded beyond risk and cost, for what stands against a plan.
    #[must_use]
    pub fn demanded(&self, plan: &SmolStr) -> f64 {
        self.of(plan).map_or(0.0, |one| one.demanded)
    }
}

/// Whether a plan promises enough over waiting.
fn is_able(floor: &Floor<'_>, plan: usize) -> bool {
    let pair = (floor.score(floor.control()), floor.score(plan));
    let (Some(control), Some(score)) = pair else {
        return false;
    };
    crate::select::gain(control, score) > crate::select::demanded(score, floor.genome)
}

/// The heaviest that a critic says of a plan.
fn heaviest(said: &[Objection], critic: Critic, plan: &SmolStr) -> f64 {
    let own = said
        .iter()
        .filter(|one| one.critic == critic && one.plan == *plan);
    own.map(Objection::weight).fold(0.0, f64::max)
}

fn position(plans: &[Plan], id: &SmolStr) -> Option<usize> {
    plans.iter().position(|plan| plan.id == *id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Genome;
    use crate::select::select;
    use aegis_model::debate::Claim;
    use aegis_model::{Action, Evidence, PlanSource, PlanStep};

    fn plan(id: &str) -> Plan {
        let step = PlanStep {
            action: Action::Wait(1),
            preconditions: Vec::new(),
            wait: None,
            deadline: 2,
        };
        Plan {
            id: id.into(),
            steps: vec![step],
            answers: None,
            source: PlanSource::Undo,
            summary: id.into(),
        }
    }

    fn score(id: &str, loss: f64) -> PlanScore {
        PlanScore {
            plan: id.into(),
            stability: 1.0 - loss,
            futures: [1.0 - loss; 3],
            cost: 0.0,
            resilience: 1.0 - loss,
            risk: 0.0,
            score: 0.0,
            losses: vec![loss; 4],
            durable: true,
            dominated_by: None,
            rejected: None,
        }
    }

    fn objection(plan: &str, evidence: Evidence) -> Objection {
        Objection {
            round: 1,
            critic: Critic::Diagnosis,
            plan: plan.into(),
            claim: Claim::Dear,
            text: String::new(),
            evidence,
            severity: 1.0,
        }
    }

    fn chosen(debate: &Debate, loss: f64) -> Option<SmolStr> {
        let plans = [plan("a"), plan("b"), crate::case::wait()];
        let mut scores = [score("a", loss), score("b", loss), score("wait", 0.3)];
        let ballot = debate.ballot(&plans);
        let selection = select(&plans, &mut scores, &Genome::default(), &ballot);
        selection.choice.map(|index| plans[index].id.clone())
    }

    #[test]
    fn votes_decide_between_plans_that_are_as_good() {
        let mut debate = Debate::default();
        assert_eq!(chosen(&debate, 0.1).as_deref(), Some("a"));
        debate.votes = vec![Vote {
            critic: Critic::Safety,
            plan: "b".into(),
            why: String::new(),
        }];
        assert_eq!(chosen(&debate, 0.1).as_deref(), Some("b"));
    }

    #[test]
    fn what_stands_against_a_plan_demands_more_of_it_unless_it_rests_on_nothing() {
        let observed = || Evidence::Observed {
            text: "seen".into(),
        };
        // Both save 0.05 of the loss of waiting; 0.01 is demanded of each, and a tenth of what stands.
        let mut debate = Debate::default();
        debate.objections.push(objection("a", Evidence::Word));
        assert_eq!(chosen(&debate, 0.25).as_deref(), Some("a"));
        debate.objections.push(objection("a", observed()));
        assert_eq!(chosen(&debate, 0.25).as_deref(), Some("b"));
        debate.objections.push(objection("b", observed()));
        assert_eq!(chosen(&debate, 0.25), None);
    }
}
