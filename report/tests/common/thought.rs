//! The engine's side of the made-up run: symptoms, hypotheses, plans, scores, the watch.

use super::{APPLY, Log, ONSET, PAGE, tick};
use aegis_model::diagnosis::SignaturePart;
use aegis_model::{
    Action, Conduct, Ending, Finding, Hypothesis, Plan, PlanScore, PlanSource, PlanStep,
    Precondition, Prediction, Reflection, Role, RunEvent, Signature, Subject, Symptom, SymptomKind,
    Target, Verdict, WaitFor, WorkloadId,
};

const CART: WorkloadId = WorkloadId(2);

/// What the engine says at a time.
pub fn think(log: &mut Log, t: i64) {
    match t {
        PAGE => notice(log, t),
        240 => diagnose(log, t),
        APPLY => decide(log, t),
        270 => step(log, t),
        285..=435 => watch(log, t),
        450 => close(log, t),
        _ => {}
    }
}

fn symptom(
    kind: SymptomKind,
    subject: Target,
    severity: f64,
    since: i64,
    evidence: &str,
) -> Symptom {
    Symptom {
        kind,
        subject,
        severity,
        since: tick(since),
        evidence: evidence.into(),
    }
}

fn notice(log: &mut Log, t: i64) {
    let leak = symptom(
        SymptomKind::Memory,
        Target::Workload(CART),
        0.7,
        t - 30,
        "working set +4.1 MiB/s, 93 % of its limit",
    );
    let burn = symptom(
        SymptomKind::BurnRate,
        Target::Service(aegis_model::ServiceId(0)),
        1.0,
        t - 15,
        "burns its budget 14× over 30 s and 5 s",
    );
    log.add(t, RunEvent::SymptomSeen(leak));
    log.add(t, RunEvent::SymptomSeen(burn));
    let part = |kind, role, rank| SignaturePart { kind, role, rank };
    log.add(
        t,
        RunEvent::IncidentOpened {
            signature: Signature(vec![
                part(SymptomKind::Memory, Role::Middle, 1),
                part(SymptomKind::BurnRate, Role::Entry, 2),
            ]),
            onset: tick(ONSET + 6),
        },
    );
}

/// A hypothesis with its figures.
pub fn hypothesis(fault: &str, target: Target, evidence: f64, confidence: f64) -> Hypothesis {
    Hypothesis {
        fault: fault.into(),
        target,
        field: None,
        change: None,
        actor: None,
        subject: Subject::Workload(CART),
        onset: tick(ONSET + 4),
        parameters: vec![4.0],
        prior: 0.04,
        evidence: Some(evidence),
        confidence,
        supporting: vec!["predicts the saw-tooth of cartservice's memory, 4.0 MiB/s".into()],
        against: Vec::new(),
        class: 0,
        refuted: false,
    }
}

/// Four hypotheses, most likely first.
pub fn hypotheses() -> Vec<Hypothesis> {
    let mut leak = hypothesis("memory_leak", Target::Workload(CART), 142.6, 0.91);
    leak.change = Some(2);
    let mut cache = hypothesis(
        "cache_too_small",
        Target::Workload(WorkloadId(3)),
        131.0,
        0.05,
    );
    cache.class = 1;
    cache.against = vec!["predicts no restarts; 3 were seen".into()];
    let mut quota = hypothesis(
        "cpu_throttling",
        Target::Workload(WorkloadId(5)),
        96.4,
        0.01,
    );
    quota.class = 2;
    quota.change = Some(1);
    quota.against = vec!["currencyservice served its usual rate and latency".into()];
    let mut unknown = hypothesis("unknown", Target::Cluster, 118.2, 0.03);
    unknown.class = 3;
    unknown.supporting.clear();
    vec![leak, cache, unknown, quota]
}

fn diagnose(log: &mut Log, t: i64) {
    log.add(
        t,
        RunEvent::Calibrated {
            healthy: 420,
            error: 0.06,
            notes: vec!["call ratios from spans".into()],
        },
    );
    log.add(
        t,
        RunEvent::Diagnosed {
            hypotheses: hypotheses(),
            screened: 1871,
            service_ticks: 412_000,
            next_checks: vec!["kubectl top pod -n default -l app=cartservice".into()],
        },
    );
}

fn plan(id: &str, source: PlanSource, summary: &str, actions: Vec<Action>) -> Plan {
    let steps = actions.into_iter().map(|action| PlanStep {
        action,
        preconditions: vec![Precondition::Exists(Target::Workload(CART))],
        wait: Some(WaitFor::RolledOut(CART)),
        deadline: 120,
    });
    Plan {
        id: id.into(),
        steps: steps.collect(),
        answers: Some(("memory_leak".into(), Target::Workload(CART))),
        source,
        summary: summary.into(),
    }
}

/// Three plans and the control.
pub fn plans() -> Vec<Plan> {
    let workload = CART;
    let revision = None;
    let memory = Some((aegis_model::Bytes::mebi(256), aegis_model::Bytes::mebi(128)));
    let (container, cpu) = ("server".into(), None);
    let raise = Action::SetResources {
        workload,
        container,
        cpu,
        memory,
    };
    vec![
        plan(
            "9f3a61c2",
            PlanSource::Undo,
            "roll cartservice back to its previous revision",
            vec![Action::RollBack { workload, revision }],
        ),
        plan(
            "51be07aa",
            PlanSource::Outgrow,
            "raise cartservice's memory limit to 256Mi and restart it",
            vec![raise, Action::RestartRollout(CART)],
        ),
        plan(
            "c40d9e18",
            PlanSource::Contain,
            "restart cartservice",
            vec![Action::RestartRollout(CART)],
        ),
        plan("wait", PlanSource::Control, "wait", Vec::new()),
    ]
}

fn score(plan: &str, futures: [f64; 3], cost: f64, risk: f64, score: f64) -> PlanScore {
    let spread = |draw: u32| (1.0 - futures[0]) * (0.8 + 0.03 * f64::from(draw));
    PlanScore {
        plan: plan.into(),
        stability: futures[0],
        futures,
        cost,
        resilience: futures[1].min(futures[2]),
        risk,
        score,
        losses: (0..12).map(spread).collect(),
        durable: true,
        dominated_by: None,
        rejected: None,
    }
}

/// How they fared.
pub fn scores() -> Vec<PlanScore> {
    let undo = score("9f3a61c2", [0.97, 0.95, 0.90], 0.08, 0.05, 0.938);
    let mut raise = score("51be07aa", [0.95, 0.93, 0.88], 0.22, 0.11, 0.902);
    raise.dominated_by = Some("9f3a61c2".into());
    raise.rejected = Some("dominated by 9f3a61c2".into());
    let mut restart = score("c40d9e18", [0.71, 0.69, 0.55], 0.03, 0.02, 0.735);
    restart.durable = false;
    restart.rejected = Some("fails durability: the leak returns in the new pods".into());
    let wait = score("wait", [0.22, 0.20, 0.12], 0.0, 0.0, 0.385);
    vec![undo, raise, restart, wait]
}

/// The verdict with its prediction.
pub fn verdict() -> Verdict {
    let bins = 0..12u32;
    let fall = |bin: u32| (0.6 - 0.1 * f64::from(bin)).max(0.01);
    Verdict {
        choice: Some("9f3a61c2".into()),
        why: "lower bound of its gain over waiting, 0.68, is above 0.05".into(),
        table: scores(),
        prediction: Prediction {
            median: bins.clone().map(fall).collect(),
            band80: bins
                .clone()
                .map(|b| (fall(b) * 0.7, fall(b) * 1.2 + 0.03))
                .collect(),
            band95: bins
                .clone()
                .map(|b| (fall(b) * 0.5, fall(b) * 1.4 + 0.06))
                .collect(),
            control: bins.map(|_| 0.62).collect(),
        },
    }
}

fn decide(log: &mut Log, t: i64) {
    log.add(t, RunEvent::Planned { plans: plans() });
    let risks = scores().into_iter().map(|s| (s.plan, s.risk)).collect();
    log.add(t, RunEvent::RiskAssessed { risks });
    log.add(
        t,
        RunEvent::Shadowed {
            scores: scores(),
            added: ["node_drain".into(), "burst_traffic".into()],
            service_ticks: 1_310_000,
        },
    );
    log.add(t, RunEvent::Selected(verdict()));
    let plan = "9f3a61c2".into();
    log.add(t, RunEvent::ApplyStarted { plan });
}

fn step(log: &mut Log, t: i64) {
    let action = Action::RollBack {
        workload: CART,
        revision: None,
    };
    log.add(
        t,
        RunEvent::StepApplied {
            plan: "9f3a61c2".into(),
            step: 0,
            action,
            changes: vec![3],
            kubectl: "kubectl rollout undo deployment/cartservice -n default".into(),
        },
    );
    log.add(
        t + 10,
        RunEvent::ApplyEnded {
            plan: "9f3a61c2".into(),
            conduct: Conduct::Done,
        },
    );
}

fn watch(log: &mut Log, t: i64) {
    let bin = u32::try_from((t - 270) / 15).expect("after the decision");
    let loss = (0.55 - 0.09 * f64::from(bin)).max(0.0);
    let bound = verdict().prediction.band95[bin as usize].1;
    log.add(
        t,
        RunEvent::Watched {
            plan: "9f3a61c2".into(),
            bin,
            loss,
            bound,
            control: 0.62,
        },
    );
}

fn close(log: &mut Log, t: i64) {
    log.add(
        t,
        RunEvent::Reflected(Reflection {
            hypothesis: ("memory_leak".into(), Target::Workload(CART)),
            finding: Finding::Confirmed,
            why: "log Z before and after is 19 nats above the best rival".into(),
        }),
    );
    let ending = Ending::Mended;
    log.add(t, RunEvent::IncidentClosed { ending });
}
