//! Odd turns of a run, each a scenario as a user writes one: it ends in an outcome with a name, says what happened,
//! and does not insist on what was refused, has failed, or cannot be done.

use aegis_graphs::sentinel::{Change, State, Write};
use aegis_model::{Ending, Hypothesis, Plan, Precondition, RunEvent, Stamped, Target, WorkloadId};
use aegis_reason::Trial;
use aegis_reason::case::wait;
use aegis_runner::run::RunError;
use aegis_runner::run::outside::{Advanced, Live, Outside};
use aegis_testkit::pilot::{Between, Flown, fly, ready};
use aegis_testkit::play::read;
use aegis_testkit::story::{Asked, Play, Told, told};
use aegis_testkit::transcript::transcript;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Online Boutique under load, in which this happens.
fn boutique(duration: &str, chaos: &str) -> String {
    format!(
        "
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {{name: a-turn}}
spec:
  seed: 7
  duration: {duration}
  include: [../manifests/online-boutique.yaml]
  cluster: {{nodes: [{{count: 3, cpu: \"2\", memory: 4Gi, zones: [a, b, c]}}]}}
  traffic: [{{to: frontend, rps: {{constant: 60}}}}]
  objectives:
    - {{service: frontend, availability: 99%, latency: {{p99: 1s}}, window: 5m}}
  chaos:
{chaos}"
    )
}

/// A rollout of the cart service, which leaks two minutes later.
const LEAK: &str = r#"
    - {at: 60s, actor: "system:ci", patch: {object: deployment/cartservice, json: [{op: replace, path: /spec/template/spec/containers/0/image, value: "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/cartservice:v0.10.7"}]}}
    - {at: 3m, fault: oom_storm, target: deployment/cartservice, parameters: {leak: 4Mi/s}}"#;

const BURST: &str = include_str!("../../scenarios/smoke/online-boutique-burst.yaml");

/// The burst on Online Boutique, cut short, with more chaos. Its remedy has two steps: the front end, then the catalogue.
fn burst(chaos: &str) -> String {
    let (before, _) = BURST.split_once("  remedy:").expect("a remedy");
    let text = before.replace("duration: 20m", "duration: 7m");
    let lines = text.lines().filter(|line| !line.contains("{at: 10m"));
    let mut lines: Vec<&str> = lines.collect();
    lines.push(chaos);
    lines.join("\n")
}

fn turn(scenario: &str) -> Told {
    let told = told(&Play {
        scenario,
        asked: Asked::Nobody,
        genes: &[],
    });
    println!("{told}");
    told
}

fn asked_by(asked: Asked, scenario: &str) -> Told {
    let told = told(&Play {
        scenario,
        asked,
        genes: &[],
    });
    println!("{told}");
    told
}

#[test]
fn two_incidents_at_once_are_mended_one_after_the_other() {
    let chaos = format!(
        "{LEAK}
    - {{at: 3m, fault: netpol_lockout, target: deployment/currencyservice}}"
    );
    let told = turn(&boutique("15m", &chaos));
    told.holds().ends(Ending::Mended);
    let commands = told.commands();
    for wanted in [
        "networkpolicy/currencyservice-ingress",
        "rollout undo deployment/cartservice",
    ] {
        assert!(
            commands.iter().any(|one| one.contains(wanted)),
            "{commands:?}\n{told}"
        );
    }
}

#[test]
fn a_second_incident_while_the_first_is_watched_has_a_named_end() {
    let chaos = format!(
        "{LEAK}
    - {{at: 4m30s, fault: netpol_lockout, target: deployment/currencyservice}}"
    );
    let told = turn(&boutique("8m", &chaos));
    told.holds()
        .says(&[
            "memory_leak cartservice",
            "rollout undo deployment/cartservice",
            "ended",
        ])
        .never_says(&["memory_leak cartservice refuted"]);
}

#[test]
fn an_incident_after_a_mended_one_is_another_one() {
    let chaos = format!(
        "{LEAK}
    - {{at: 12m, fault: netpol_lockout, target: deployment/currencyservice}}"
    );
    turn(&boutique("18m", &chaos))
        .holds()
        .ends(Ending::Mended)
        .says(&[
            "incident     opened",
            "rollout undo deployment/cartservice",
            "incident     mended",
            "incident     opened",
            "networkpolicy/currencyservice-ingress",
            "incident     mended",
        ]);
}

#[test]
fn what_was_deleted_is_taken_for_the_cause_and_made_again() {
    let chaos = format!(
        "{LEAK}
    - {{at: 3m20s, actor: \"user:someone\", delete: deployment/cartservice}}"
    );
    turn(&boutique("10m", &chaos))
        .holds()
        .ends(Ending::Mended)
        .says(&[
            "deleted by user:someone",
            "misconfiguration cartservice",
            "kubectl apply",
            "created by aegis",
        ]);
}

#[test]
fn an_undo_that_fails_is_told_and_proves_nothing() {
    let chaos = format!(
        "{LEAK}
    - {{at: 3m50s, actor: \"user:someone\", delete: deployment/cartservice}}"
    );
    turn(&boutique("8m", &chaos))
        .holds()
        .says(&[
            "rollout undo deployment/cartservice",
            "could not be taken back: Deployment/default/cartservice",
        ])
        .never_says(&["memory_leak cartservice refuted", "  undone  "]);
}

#[test]
fn an_undo_takes_back_what_it_can() {
    let gone =
        r#"    - {at: 3m40s, actor: "user:someone", delete: deployment/productcatalogservice}"#;
    let told = turn(&burst(gone));
    told.holds().ends(Ending::Undone).says(&[
        "kubectl scale deployment/frontend --replicas=4",
        "kubectl scale deployment/productcatalogservice --replicas=2",
        r#"not all could be taken back: Deployment/default/productcatalogservice: deployments.apps "productcatalogservice" not found"#,
    ]);
    assert_eq!(
        told.commands().last().map(String::as_str),
        Some("kubectl scale deployment/frontend --replicas=1"),
        "{told}"
    );
}

#[test]
fn a_plan_that_breaks_off_is_taken_back_from_the_record_of_what_was_done() {
    // After the decision, before the second step.
    let gone =
        r#"    - {at: 3m25s, actor: "user:someone", delete: deployment/productcatalogservice}"#;
    let told = turn(&burst(gone));
    told.holds().says(&[
        "kubectl scale deployment/frontend --replicas=4",
        "undone       step 2 was not possible: the object is gone",
    ]);
    let commands = told.commands();
    let scaled = commands
        .iter()
        .filter(|one| one.contains("deployment/frontend"));
    assert_eq!(
        scaled.collect::<Vec<_>>(),
        [
            "kubectl scale deployment/frontend --replicas=4",
            "kubectl scale deployment/frontend --replicas=1"
        ],
        "{told}"
    );
    told.never_says(&["load_burst frontend refuted"]);
}

#[test]
fn no_hypothesis_is_rolled_on_an_empty_budget_and_nothing_is_done() {
    let scenario = boutique("8m", LEAK);
    let told = told(&Play {
        scenario: &scenario,
        asked: Asked::Nobody,
        genes: &[("diagnose.budget", 1_000.0)],
    });
    told.holds().ends(Ending::Unresolved).says(&[
        "budget of service-ticks is short: 0 of",
        "no plan could be drafted for any hypothesis; waiting",
    ]);
    assert_eq!(told.commands(), Vec::<String>::new(), "{told}");
}

/// Service-ticks of each diagnosis.
fn spent(told: &Told) -> Vec<u64> {
    let events = told.recording.events.iter();
    let spent = events.filter_map(|stamped| match &stamped.event {
        RunEvent::Diagnosed { service_ticks, .. } => Some(*service_ticks),
        _ => None,
    });
    spent.collect()
}

#[test]
fn a_budget_that_is_short_is_kept_and_told_and_still_finds_a_plain_cause() {
    const BUDGET: u64 = 200_000;
    let scenario = boutique("12m", LEAK);
    let told = told(&Play {
        scenario: &scenario,
        asked: Asked::Nobody,
        genes: &[("diagnose.budget", BUDGET as f64)],
    });
    told.holds().ends(Ending::Mended).says(&[
        "budget of service-ticks is short",
        "hypotheses   memory_leak cartservice",
    ]);
    let spent = spent(&told);
    assert!(
        spent.iter().all(|ticks| *ticks <= BUDGET),
        "{spent:?}\n{told}"
    );
}

#[test]
fn a_cause_without_a_remedy_is_named_and_left_to_a_person() {
    // There is no earlier revision, and no probe that somebody changed.
    let chaos = "    - {at: 3m, fault: probe_failure, target: deployment/productcatalogservice}";
    let told = turn(&boutique("8m", chaos));
    told.holds().ends(Ending::Unresolved).says(&[
        "readiness_probe_fails productcatalogservice",
        "no plan could be drafted for any hypothesis; waiting",
    ]);
    assert_eq!(told.commands(), Vec::<String>::new(), "{told}");
}

#[test]
fn what_is_over_before_the_decision_is_waited_for_and_closed() {
    for chaos in [
        "    - {at: 3m, fault: pod_kill, target: deployment/frontend}",
        "    - {at: 3m, fault: dependency_errors, target: deployment/cartservice, for: 12s}",
    ] {
        let told = turn(&boutique("10m", chaos));
        told.holds()
            .ends(Ending::Waited)
            .says(&["incident     opened", "incident     waited"]);
        assert_eq!(told.commands(), Vec::<String>::new(), "{told}");
    }
}

/// What was believed when a person was asked.
#[derive(Debug, Clone)]
struct Leader {
    fault: SmolStr,
    target: Target,
    confidence: f64,
}

impl Leader {
    fn of(hypothesis: &Hypothesis) -> Self {
        Self {
            fault: hypothesis.fault.clone(),
            target: hypothesis.target,
            confidence: hypothesis.confidence,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.fault, self.target) == (&other.fault, other.target)
            && (self.confidence - other.confidence).abs() < 0.1
    }
}

/// Counts plans that something happens to; no plan meets it twice while as good as the same is believed.
fn each_with_news(events: &[Stamped], of: impl Fn(&RunEvent) -> Option<&SmolStr>) -> usize {
    let mut met: Vec<(&SmolStr, Leader)> = Vec::new();
    let mut leader = None;
    for Stamped { t, event, .. } in events {
        if let RunEvent::Diagnosed { hypotheses, .. } = event {
            leader = hypotheses.first().map(Leader::of);
        }
        if let Some(plan) = of(event) {
            let leader = leader.clone().expect("a diagnosis comes before a plan");
            let mut like = met
                .iter()
                .filter(|(known, then)| *known == plan && then.is_like(&leader));
            let before = like.next();
            assert!(
                before.is_none(),
                "again at {t} s: {before:?}, {leader:?}\n{}",
                transcript(events).join("\n")
            );
            met.push((plan, leader));
        }
    }
    met.len()
}

#[test]
fn what_was_refused_is_asked_again_only_with_news() {
    let told = asked_by(Asked::Refuser, &boutique("14m", LEAK));
    told.holds().ends(Ending::Refused).says(&[
        "refused for plan",
        "nothing new to try until the evidence changes",
    ]);
    let asked = each_with_news(&told.recording.events, |event| match event {
        RunEvent::ApprovalAsked { plan } => Some(plan),
        _ => None,
    });
    assert!(asked >= 2, "a plan of another content is news\n{told}");
    assert_eq!(told.commands(), Vec::<String>::new());
}

#[test]
fn what_is_granted_is_done() {
    asked_by(Asked::Granter, &boutique("12m", LEAK))
        .holds()
        .ends(Ending::Mended)
        .says(&[
            "asked for plan",
            "granted",
            "rollout undo deployment/cartservice",
        ]);
}

/// An outside in which what a plan's first step is for has gone between the decision and the act.
struct Gone<'a>(Live<'a>);

impl Outside for Gone<'_> {
    fn stopped(&self) -> bool {
        self.0.stopped()
    }

    fn advance(&mut self) -> Result<Advanced, RunError> {
        self.0.advance()
    }

    fn approve(&mut self, plan: &Plan) -> Result<Option<aegis_model::Ruling>, RunError> {
        self.0.approve(plan)
    }

    fn apply(&mut self, plan: Arc<Plan>) {
        let mut late = (*plan).clone();
        let nowhere = Target::Workload(WorkloadId::from(usize::from(u16::MAX)));
        late.steps[0]
            .preconditions
            .push(Precondition::Exists(nowhere));
        self.0.apply(Arc::new(late));
    }

    fn undo(&mut self) -> Result<(Vec<String>, Option<String>), RunError> {
        self.0.undo()
    }
}

/// What stands between the graph and its world.
type Around = for<'a> fn(Live<'a>) -> Box<dyn Outside + 'a>;

/// Looks at the engine's state after each step, and may write to it.
type Meddle<'a> = &'a mut dyn FnMut(&State) -> Option<Write>;

/// Flies a scenario with something between the graph and its world, or bent in its twins, or meddled with.
fn flown(
    scenario: &str,
    around: Around,
    bend: &(dyn Fn(&mut Trial) + Sync),
    meddle: Meddle<'_>,
) -> Flown {
    let loaded = read("scenarios/smoke/a-turn.yaml", scenario);
    let ready = ready(&loaded, loaded.scenario.spec.seed);
    let (yes, never) = (
        &mut |_: &_, _: &_| Some(aegis_model::Ruling::plain(true)),
        || false,
    );
    let live = Live::new(ready.world, ready.seen, ready.until, yes, &never);
    let mut between = Between {
        outside: &mut *around(live),
        bend,
        meddle,
    };
    let flown = fly(ready.context, ready.origin, &mut between).expect("it ends");
    println!("{}", transcript(&flown.events).join("\n"));
    flown
}

#[track_caller]
fn ends(flown: &Flown, wanted: Ending) {
    let last = flown.events.last().map(|stamped| &stamped.event);
    assert!(
        matches!(last, Some(RunEvent::Ended { ending, .. }) if *ending == wanted),
        "{last:?}"
    );
}

fn noted(flown: &Flown, words: &str) -> bool {
    let mut events = flown.events.iter().map(|stamped| &stamped.event);
    events.any(|event| matches!(event, RunEvent::Noted { note } if note.contains(words)))
}

#[test]
fn a_plan_whose_object_is_gone_changes_nothing_and_is_not_tried_again_without_news() {
    let around: Around = |live| Box::new(Gone(live));
    let flown = flown(&boutique("8m", LEAK), around, &|_| {}, &mut |_| None);
    let gone = "nothing of the plan was done: step 1 was not possible: the object is gone";
    assert!(noted(&flown, gone));
    let mut events = flown.events.iter().map(|stamped| &stamped.event);
    assert!(events.all(|event| !matches!(event, RunEvent::StepApplied { .. })));
    let begun = each_with_news(&flown.events, |event| match event {
        RunEvent::ApplyStarted { plan } => Some(plan),
        _ => None,
    });
    assert!(begun > 0);
    ends(&flown, Ending::Unresolved);
}

#[test]
fn plans_that_are_no_better_than_waiting_are_not_applied() {
    // In the twins no plan does anything; each still has its risk.
    let idle = |trial: &mut Trial| trial.plan = Arc::new(wait());
    let flown = flown(
        &boutique("8m", LEAK),
        |live| Box::new(live),
        &idle,
        &mut |_| None,
    );
    let waits = |stamped: &&Stamped| match &stamped.event {
        RunEvent::Selected(verdict) => {
            assert_eq!(verdict.choice, None, "{}", verdict.why);
            assert!(verdict.table.len() > 1, "there were plans");
            true
        }
        _ => false,
    };
    assert!(flown.events.iter().filter(waits).count() > 0);
    ends(&flown, Ending::Unresolved);
}

/// A leak in every revision; and twins that take each plan for a cure.
const LEAKS: &str =
    "    - {at: 3m, fault: oom_storm, target: deployment/cartservice, parameters: {leak: 8Mi/s}}";

fn cured(trial: &mut Trial) {
    if !trial.plan.is_wait() {
        trial.overlay.0.clear();
    }
}

#[test]
fn plans_that_fail_are_each_tried_once() {
    let flown = flown(
        &boutique("11m", LEAKS),
        |live| Box::new(live),
        &cured,
        &mut |_| None,
    );
    let undone = flown
        .events
        .iter()
        .filter_map(|stamped| match &stamped.event {
            RunEvent::Undone { plan, .. } => Some(plan),
            _ => None,
        });
    let undone: Vec<&SmolStr> = undone.collect();
    let distinct: BTreeSet<&&SmolStr> = undone.iter().collect();
    assert!(
        !undone.is_empty() && distinct.len() == undone.len(),
        "{undone:?}"
    );
    ends(&flown, Ending::Undone);
}

#[test]
fn after_three_plans_that_failed_a_person_is_needed() {
    // Two have failed before this run's first one.
    let mut before = Some(2);
    let mut meddle = |state: &State| {
        let mut incident = state.incident.clone()?;
        incident.undone += before.take()?;
        Some(Write::silent(Change::Incident(Box::new(incident))))
    };
    let flown = flown(
        &boutique("11m", LEAKS),
        |live| Box::new(live),
        &cured,
        &mut meddle,
    );
    assert!(noted(&flown, "a person is needed"));
    let undone = |event: &RunEvent| matches!(event, RunEvent::Undone { .. });
    let mut after = flown
        .events
        .iter()
        .skip_while(|one| !undone(&one.event))
        .skip(1);
    assert!(
        after.all(|one| !matches!(
            one.event,
            RunEvent::Diagnosed { .. } | RunEvent::StepApplied { .. }
        )),
        "nothing more is tried"
    );
    ends(&flown, Ending::Undone);
}
