//! One round: a diagnosis, the plans that were drafted on it, and what came of the chosen one.

use crate::debate::Debate;
use aegis_model::{Action, Conduct, Hypothesis, Plan, PlanScore, Reflection, RunEvent, Verdict};
use smol_str::SmolStr;

/// One diagnosis and what was decided on it.
#[derive(Debug, Default)]
pub struct Round<'a> {
    /// When its first event came.
    pub t: i64,
    /// When the hypotheses were known.
    pub diagnosed: Option<i64>,
    /// Hypotheses, most likely first.
    pub hypotheses: &'a [Hypothesis],
    /// Candidates that the first screen dropped.
    pub screened: u32,
    /// Work of diagnosis and shadowing, service-ticks.
    pub service_ticks: u64,
    /// What an operator could look at next.
    pub next_checks: &'a [String],
    /// Plans, the control last.
    pub plans: &'a [Plan],
    /// Propagation risk by plan.
    pub risks: &'a [(SmolStr, f64)],
    /// Scores from shadowing.
    pub scores: &'a [PlanScore],
    /// What the two further futures add.
    pub added: Option<&'a [SmolStr; 2]>,
    /// What was argued over them.
    pub debate: Debate<'a>,
    /// What was chosen, and when.
    pub verdict: Option<(i64, &'a Verdict)>,
    /// Whether a person granted it, where one was asked; `None` inside is no answer yet.
    pub approval: Answer,
    /// When applying began.
    pub applied: Option<i64>,
    /// Steps taken.
    pub steps: Vec<Step<'a>>,
    /// When and how the steps ended.
    pub conduct: Option<(i64, &'a Conduct)>,
    /// Bins of the watch.
    pub watched: Vec<Bin>,
    /// Taken back: when, why, and by which commands.
    pub undone: Option<(i64, &'a str, &'a [String])>,
    /// Kept although it failed: when and why.
    pub declined: Option<(i64, &'a str)>,
    /// What became of the hypothesis.
    pub reflection: Option<(i64, &'a Reflection)>,
}

/// What a person said of a plan.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nobody was asked.
    #[default]
    NotAsked,
    /// No answer came.
    Waiting,
    /// It may be applied.
    Granted,
    /// It may not.
    Refused,
}

/// One applied step.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// When.
    pub t: i64,
    /// Position in the plan.
    pub step: u32,
    /// What was done.
    pub action: &'a Action,
    /// Changes that it made, by position in the record.
    pub changes: &'a [u32],
    /// As kubectl.
    pub kubectl: &'a str,
}

/// One bin of the watch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// When it was judged.
    pub t: i64,
    /// Bins since the decision.
    pub bin: u32,
    /// Observed loss, 0..=1.
    pub loss: f64,
    /// Upper bound of the 95 % band.
    pub bound: f64,
    /// Median of the control.
    pub control: f64,
}

impl<'a> Round<'a> {
    /// Whether such an event is part of a round.
    pub(crate) fn belongs(event: &RunEvent) -> bool {
        let decides = matches!(
            event,
            RunEvent::Diagnosed { .. }
                | RunEvent::Planned { .. }
                | RunEvent::RiskAssessed { .. }
                | RunEvent::Shadowed { .. }
                | RunEvent::Selected(_)
                | RunEvent::CannotUndo { .. }
                | RunEvent::ApprovalAsked { .. }
                | RunEvent::ApprovalGiven { .. }
                | RunEvent::ApplyStarted { .. }
                | RunEvent::StepApplied { .. }
                | RunEvent::ApplyEnded { .. }
                | RunEvent::Watched { .. }
                | RunEvent::Undone { .. }
                | RunEvent::UndoDeclined { .. }
                | RunEvent::Reflected(_)
        );
        decides || Debate::belongs(event)
    }

    /// Whether such an event opens the next round: a further diagnosis, or a further decision on the same one.
    pub(crate) fn is_over(&self, event: &RunEvent) -> bool {
        match event {
            RunEvent::Diagnosed { .. } => true,
            RunEvent::Planned { .. } => !self.plans.is_empty(),
            RunEvent::Selected(_) => self.verdict.is_some(),
            _ => false,
        }
    }

    /// Whether what it applied was neither taken back nor found to have failed.
    pub(crate) fn stands(&self) -> bool {
        self.applied.is_some() && self.undone.is_none() && self.declined.is_none()
    }

    /// A further decision on the same diagnosis.
    pub(crate) fn again(&self) -> Self {
        Self {
            hypotheses: self.hypotheses,
            plans: self.plans,
            risks: self.risks,
            ..Self::default()
        }
    }

    pub(crate) fn read(&mut self, t: i64, event: &'a RunEvent) {
        match event {
            RunEvent::Diagnosed { .. } => self.diagnose(t, event),
            RunEvent::Planned { plans } => self.plans = plans,
            RunEvent::RiskAssessed { risks } => self.risks = risks,
            RunEvent::Shadowed {
                scores,
                added,
                service_ticks,
            } => {
                self.scores = scores;
                self.added = Some(added);
                self.service_ticks += service_ticks;
            }
            RunEvent::Selected(verdict) => self.verdict = Some((t, verdict)),
            RunEvent::ApprovalAsked { .. } => self.approval = Answer::Waiting,
            RunEvent::ApprovalGiven { granted, .. } => self.approval = Answer::from(*granted),
            event => self.act(t, event),
        }
    }

    fn diagnose(&mut self, t: i64, event: &'a RunEvent) {
        let RunEvent::Diagnosed {
            hypotheses,
            screened,
            service_ticks,
            next_checks,
        } = event
        else {
            return;
        };
        self.diagnosed = Some(t);
        self.hypotheses = hypotheses;
        self.screened = *screened;
        self.service_ticks += service_ticks;
        self.next_checks = next_checks;
    }

    fn act(&mut self, t: i64, event: &'a RunEvent) {
        match event {
            RunEvent::ApplyStarted { .. } => self.applied = Some(t),
            RunEvent::StepApplied {
                step,
                action,
                changes,
                kubectl,
                ..
            } => self.steps.push(Step {
                t,
                step: *step,
                action,
                changes,
                kubectl,
            }),
            RunEvent::ApplyEnded { conduct, .. } => self.conduct = Some((t, conduct)),
            RunEvent::Undone { why, kubectl, .. } => self.undone = Some((t, why, kubectl)),
            RunEvent::UndoDeclined { why, .. } => self.declined = Some((t, why)),
            RunEvent::Reflected(reflection) => self.reflection = Some((t, reflection)),
            event if Debate::belongs(event) => self.debate.read(event),
            event => self.watch(t, event),
        }
    }

    fn watch(&mut self, t: i64, event: &RunEvent) {
        if let RunEvent::Watched {
            bin,
            loss,
            bound,
            control,
            ..
        } = event
        {
            self.watched.push(Bin {
                t,
                bin: *bin,
                loss: *loss,
                bound: *bound,
                control: *control,
            });
        }
    }

    /// Plans as they were drafted, then those of the debate.
    pub fn all_plans(&self) -> impl Iterator<Item = &'a Plan> + '_ {
        let amended = self.debate.amendments.iter().map(|one| &one.to);
        self.plans.iter().chain(amended)
    }

    /// The plan of that id.
    #[must_use]
    pub fn plan(&self, id: &str) -> Option<&'a Plan> {
        let drafted = self.plans.iter().find(|plan| plan.id == id);
        drafted.or_else(|| self.debate.plan(id))
    }

    /// Every plan's figures: of the verdict where there is one, else of shadowing.
    #[must_use]
    pub fn table(&self) -> &'a [PlanScore] {
        match self.verdict {
            Some((_, verdict)) if !verdict.table.is_empty() => &verdict.table,
            _ => self.scores,
        }
    }

    /// The chosen plan's id; `None` is to wait, or nothing chosen yet.
    #[must_use]
    pub fn choice(&self) -> Option<&'a SmolStr> {
        self.verdict
            .and_then(|(_, verdict)| verdict.choice.as_ref())
    }

    /// Commands that were applied, undo included, in order.
    pub(crate) fn commands(&self) -> Vec<String> {
        let done = self.steps.iter().map(|step| step.kubectl.to_owned());
        let undone = self
            .undone
            .iter()
            .flat_map(|(_, _, kubectl)| kubectl.iter());
        done.chain(undone.cloned())
            .filter(|command| !command.is_empty())
            .collect()
    }
}

impl From<bool> for Answer {
    fn from(granted: bool) -> Self {
        if granted {
            Self::Granted
        } else {
            Self::Refused
        }
    }
}
