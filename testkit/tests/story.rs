//! Stories: each of the five events, untreated, does the damage that its mechanism implies; and a
//! wrong diagnosis is caught. Run with `--no-capture` to read them.

use aegis_graphs::sentinel::{Change, State, Write};
use aegis_model::objects::{ConditionStatus, Pod};
use aegis_model::{
    Ending, Finding, Hypothesis, Mode, RunEvent, ServiceId, Stamped, Target, WorkloadId,
};
use aegis_reason::diagnose::{Diagnosis, Sources, candidate::candidates};
use aegis_report::Story;
use aegis_report::objectives::{Course, courses};
use aegis_runner::run::outside::Live;
use aegis_scenario::truth::is_cause;
use aegis_testkit::pilot::{Between, Flown, fly, ready};
use aegis_testkit::play::{Recording, loaded, play};
use aegis_testkit::transcript::transcript;
use std::sync::Arc;

/// A scenario played with nobody acting.
struct Untreated {
    name: &'static str,
    run: Recording,
    onset: i64,
    lines: Vec<String>,
}

/// Plays a scenario; checks that users are hurt by its event.
fn untreated(name: &'static str) -> Untreated {
    let run = play(&loaded(name), 1, Mode::Noop);
    let revealed = run.world.clone().reveal();
    let onset = revealed.onset.expect("an event has an onset");
    let mut lines = vec![format!("aegis run {name} --mode noop --seed 1")];
    let cause = &revealed.causes[0];
    lines.push(format!(
        "  onset {onset} s: {} on {}",
        cause.fault, cause.object
    ));
    lines.extend(
        transcript(&run.events)
            .into_iter()
            .filter(|line| !line.contains("telemetry"))
            .take(14),
    );
    let untreated = Untreated {
        name,
        run,
        onset,
        lines,
    };
    untreated.users_are_hurt();
    untreated
}

fn minutes_lost(run: &Recording) -> f64 {
    let story = Story::tell(&run.events);
    courses(&story).iter().map(Course::lost).sum::<f64>() / 60.0
}

impl Untreated {
    fn story(&self) -> Story<'_> {
        Story::tell(&self.run.events)
    }

    fn say(&mut self, fact: &str) {
        self.lines.push(format!("  fact         {fact}"));
    }

    fn tell(&self) {
        println!("{}\n", self.lines.join("\n"));
    }

    /// Against the same scenario without its cause: decoys alone may cost a minute, and no more.
    fn users_are_hurt(&self) {
        let mut loaded = loaded(self.name);
        let spec = loaded.scenario.spec.clone();
        let chaos = &mut loaded.scenario.spec.chaos;
        chaos.retain(|entry| !is_cause(&spec, entry));
        let well = play(&loaded, 1, Mode::Noop);
        let (hurt, well) = (minutes_lost(&self.run), minutes_lost(&well));
        println!(
            "{}: {hurt:.2} SLO minutes lost, {well:.2} without the event",
            self.name
        );
        assert!(hurt > 5.0 && hurt > 4.0 * well, "{}", self.name);
        let story = self.story();
        let (_, met) = story.ended.expect("it ends");
        assert!(
            met.iter().any(|met| !met),
            "{}: an objective is missed",
            self.name
        );
    }

    fn workload(&self, name: &str) -> WorkloadId {
        let rows = &self.run.world.objects().workloads;
        let found = rows
            .enumerate()
            .find(|(_, row)| row.header.reference.name == name);
        WorkloadId::from(found.expect("a workload of that name").0)
    }

    fn service(&self, name: &str) -> ServiceId {
        let rows = &self.run.world.objects().services;
        let found = rows
            .enumerate()
            .find(|(_, row)| row.header.reference.name == name);
        ServiceId::from(found.expect("a Service of that name").0)
    }

    fn pods(&self) -> impl Iterator<Item = &Pod> {
        let pods = self.run.world.objects().pods.iter();
        pods.filter(|pod| pod.exists())
    }

    fn pods_of(&self, workload: WorkloadId) -> impl Iterator<Item = &Pod> {
        self.pods().filter(move |pod| pod.workload == workload)
    }

    /// Restarts of all pods of a workload, those that are gone included.
    fn restarts(&self, workload: WorkloadId) -> u32 {
        let pods = self.run.world.objects().pods.iter();
        let own = pods.filter(|pod| pod.workload == workload);
        own.flat_map(|pod| &pod.containers)
            .map(|one| one.restarts)
            .sum()
    }

    /// Mean of a figure of the scrapes between two times.
    fn mean(
        &self,
        from: i64,
        until: i64,
        of: impl Fn(&aegis_model::Samples) -> Option<f64>,
    ) -> f64 {
        let story = self.story();
        let scrapes = story
            .scrapes
            .iter()
            .filter(|scrape| scrape.t > from && scrape.t <= until);
        let values: Vec<f64> = scrapes.filter_map(|scrape| of(scrape.samples)).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    }

    /// Requests per second that a workload got in the two minutes before the onset, and from one to ten after.
    fn rates(&self, workload: WorkloadId) -> (f64, f64) {
        let rate = |samples: &aegis_model::Samples| {
            let mut services = samples.services.iter();
            let found = services.find(|sample| sample.workload == workload)?;
            Some(found.requests.total / samples.interval)
        };
        let onset = self.onset;
        (
            self.mean(onset - 120, onset, rate),
            self.mean(onset + 60, onset + 600, rate),
        )
    }

    /// Share of attempts to call a Service that failed, from one to ten minutes after the onset.
    fn refused(&self, service: ServiceId) -> f64 {
        let story = self.story();
        let from = self.onset + 60;
        let scrapes = story.scrapes.iter();
        let scrapes = scrapes.filter(|scrape| scrape.t > from && scrape.t <= self.onset + 600);
        let edges = scrapes.flat_map(|scrape| &scrape.samples.edges);
        let (mut failed, mut all) = (0.0, 0.0);
        for edge in edges.filter(|edge| edge.to == service) {
            (failed, all) = (failed + edge.failures, all + edge.attempts);
        }
        failed / f64::max(all, 1.0)
    }
}

/// Memory grows until the kernel kills the container, and again after each restart.
fn oom(name: &'static str, target: &str) {
    let mut told = untreated(name);
    let workload = told.workload(target);
    let kills = told.restarts(workload);
    let reasons: Vec<_> = told
        .pods_of(workload)
        .flat_map(|pod| &pod.containers)
        .filter_map(|container| container.last.as_ref().map(|last| last.reason.to_string()))
        .collect();
    told.say(&format!(
        "{target} was restarted {kills} times, last for {reasons:?}"
    ));
    assert!(
        kills >= 3 && reasons.iter().any(|reason| reason == "OOMKilled"),
        "{name}: {kills} {reasons:?}"
    );
    let backing_off = told.run.events.iter().any(|event| {
        matches!(&event.event, RunEvent::Observed(delta) if delta.rows.iter().any(|row| row.value.to_string().contains("CrashLoopBackOff")))
    });
    told.say(&format!(
        "{target} was seen in CrashLoopBackOff: {backing_off}"
    ));
    assert!(backing_off, "{name}: the kubelet backs off");
    let others: u32 = (0..told.run.world.objects().workloads.len())
        .map(WorkloadId::from)
        .filter(|other| *other != workload)
        .map(|other| told.restarts(other))
        .sum();
    told.say(&format!(
        "all other workloads were restarted {others} times"
    ));
    assert!(
        others < kills,
        "{name}: it is the leaking one that is killed"
    );
    told.tell();
}

/// The node is closed, its pods are evicted, and some find no place.
fn drain(name: &'static str, node: &str) {
    let mut told = untreated(name);
    let objects = told.run.world.objects();
    let found = objects
        .nodes
        .enumerate()
        .find(|(_, row)| row.header.reference.name == node);
    let (index, row) = found.expect("the node");
    let cordoned = row.spec.unschedulable;
    let on_it = told
        .pods()
        .filter(|pod| pod.node.is_some_and(|id| id.index() == index))
        .count();
    let pending: Vec<String> = told
        .pods()
        .filter(|pod| pod.conditions.scheduled.status != ConditionStatus::True)
        .map(|pod| format!("{} ({})", pod.name, pod.conditions.scheduled.reason))
        .collect();
    told.say(&format!(
        "{node} is cordoned: {cordoned}; pods left on it: {on_it}"
    ));
    told.say(&format!("pods without a place: {}", pending.join(", ")));
    assert!(cordoned && on_it == 0, "{name}: {on_it} pods left");
    assert!(!pending.is_empty(), "{name}: evicted pods fit nowhere else");
    assert!(
        pending.iter().all(|pod| pod.contains("Unschedulable")),
        "{name}: {pending:?}"
    );
    told.tell();
}

/// Users send several times what they did, and the busiest pods are out of CPU.
fn burst(name: &'static str, entry: &str) {
    let mut told = untreated(name);
    let (workload, service) = (told.workload(entry), told.service(entry));
    let sent = |samples: &aegis_model::Samples| {
        let found = samples
            .entries
            .iter()
            .find(|sample| sample.service == service)?;
        Some(found.requests.total / samples.interval)
    };
    let (before, after) = (
        told.mean(told.onset - 120, told.onset, sent),
        told.mean(told.onset + 60, told.onset + 600, sent),
    );
    let throttled = |samples: &aegis_model::Samples| {
        samples
            .pods
            .iter()
            .map(|pod| pod.throttled)
            .reduce(f64::max)
    };
    let hottest = told.mean(told.onset + 60, told.onset + 600, throttled);
    told.say(&format!(
        "users sent {before:.0}/s before and {after:.0}/s after"
    ));
    told.say(&format!(
        "the hottest pod is throttled in {:.0} % of its periods",
        100.0 * hottest
    ));
    assert!(after > 2.0 * before, "{name}: {before} to {after}");
    assert!(hottest > 0.2, "{name}: something is out of CPU ({hottest})");
    let running = told.pods_of(workload).all(|pod| {
        pod.containers
            .iter()
            .all(aegis_model::objects::ContainerStatus::is_running)
    });
    told.say(&format!("the pods of {entry} all run: {running}"));
    told.tell();
}

/// Containers run and would serve; their pods are not ready and get nothing.
fn probe(name: &'static str, target: &str) {
    let mut told = untreated(name);
    let (workload, service) = (told.workload(target), told.service(target));
    let pods: Vec<&Pod> = told.pods_of(workload).collect();
    let running = pods.iter().all(|pod| {
        pod.containers
            .iter()
            .all(aegis_model::objects::ContainerStatus::is_running)
    });
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let count = pods.len();
    let row = &told.run.world.objects().services[service.index()];
    let endpoints = row
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.ready)
        .count();
    let (restarts, refused) = (told.restarts(workload), told.refused(service));
    told.say(&format!(
        "{count} pods of {target} run: {running}; ready: {ready}; restarts: {restarts}"
    ));
    told.say(&format!(
        "the Service has {endpoints} ready endpoints; {:.0} % of calls to it fail",
        100.0 * refused
    ));
    assert!(running && ready == 0 && endpoints == 0, "{name}");
    assert!(restarts == 0, "{name}: readiness restarts nothing");
    assert!(refused > 0.9, "{name}: {refused}");
    told.tell();
}

/// Every pod is ready and none restarts; the callers' packets are dropped.
fn netpol(name: &'static str, target: &str) {
    let mut told = untreated(name);
    let (workload, service) = (told.workload(target), told.service(target));
    let ready = told.pods_of(workload).all(Pod::is_ready);
    let restarts = told.restarts(workload);
    let (before, after) = told.rates(workload);
    let refused = told.refused(service);
    let policies = told
        .run
        .world
        .objects()
        .policies
        .iter()
        .filter(|row| row.header.exists());
    let names: Vec<String> = policies
        .map(|row| row.header.reference.to_string())
        .collect();
    told.say(&format!(
        "the pods of {target} are ready: {ready}; restarts: {restarts}"
    ));
    told.say(&format!(
        "it got {before:.1}/s before and {after:.1}/s after; {:.0} % of calls to it fail",
        100.0 * refused
    ));
    told.say(&format!("policies: {}", names.join(", ")));
    assert!(
        ready && restarts == 0,
        "{name}: nothing is wrong with the pods"
    );
    assert!(
        after < 0.05 * before && refused > 0.8,
        "{name}: {before} to {after}, {refused}"
    );
    told.tell();
}

#[test]
fn an_oom_storm_kills_the_leaking_container_again_and_again() {
    oom("online-boutique-oom", "cartservice");
    oom("sock-shop-oom", "carts");
}

#[test]
fn a_drained_node_leaves_pods_without_a_place() {
    drain("online-boutique-drain", "node-2");
    drain("sock-shop-drain", "node-1");
}

#[test]
fn a_burst_of_traffic_starves_the_busiest_of_cpu() {
    burst("online-boutique-burst", "frontend");
    burst("sock-shop-burst", "front-end");
}

#[test]
fn a_failing_probe_takes_healthy_pods_out_of_their_service() {
    probe("online-boutique-probe", "productcatalogservice");
    probe("sock-shop-probe", "catalogue");
}

#[test]
fn a_network_policy_shuts_ready_pods_off() {
    netpol("online-boutique-netpol", "redis-cart");
    netpol("sock-shop-netpol", "user-db");
}

/// What is claimed instead of what was found.
const CLAIMED: &str = "dependency_errors";

/// The same diagnosis with a wrong cause on top: `CLAIMED` of this workload, as sure as can be.
fn misled(state: &State, wrong: WorkloadId) -> Option<Write> {
    let mut incident = state.incident.clone()?;
    let (case, found) = (incident.case.as_ref()?, incident.diagnosis.as_ref()?);
    if found.hypotheses[0].fault == CLAIMED {
        return None;
    }
    let all = candidates(case, &[], &Sources::default());
    let is_claimed = |one: &&aegis_reason::diagnose::Candidate| {
        one.id() == CLAIMED && one.target == Target::Workload(wrong)
    };
    let claimed = all.iter().find(is_claimed)?;
    let (leader, rolled) = found
        .hypotheses
        .iter()
        .zip(&found.rolled)
        .find(|(_, rolled)| rolled.is_some())?;
    let mut rolled = rolled.clone()?;
    rolled.candidate = claimed.clone();
    rolled.share = 0.97;
    for (theta, _) in &mut rolled.draws {
        theta.size = 0.3;
    }
    let claim = Hypothesis {
        fault: CLAIMED.into(),
        target: claimed.target,
        subject: claimed.subject,
        field: None,
        change: None,
        confidence: 0.97,
        supporting: vec!["claimed by a test".into()],
        ..leader.clone()
    };
    let mut hypotheses = vec![claim];
    hypotheses.extend(found.hypotheses.iter().cloned());
    for other in &mut hypotheses[1..] {
        other.confidence *= 0.03;
    }
    let told = RunEvent::Diagnosed {
        hypotheses: hypotheses.clone(),
        screened: 0,
        service_ticks: 0,
        next_checks: Vec::new(),
    };
    let mut others = found.rolled.clone();
    for other in others.iter_mut().flatten() {
        other.share *= 0.03;
    }
    let rolled = std::iter::once(Some(rolled)).chain(others).collect();
    incident.diagnosis = Some(Arc::new(Diagnosis { hypotheses, rolled }));
    Some(Write {
        change: Change::Incident(Box::new(incident)),
        events: vec![told],
    })
}

/// Runs a scenario in which every diagnosis before the first plan is replaced by a wrong one.
fn deceived(name: &str, wrong: &str) -> Flown {
    let loaded = loaded(name);
    let ready = ready(&loaded, 1);
    let rows = &ready.world.objects().workloads;
    let wrong = rows
        .enumerate()
        .find(|(_, row)| row.header.reference.name == wrong);
    let wrong = WorkloadId::from(wrong.expect("a workload of that name").0);
    let mut acted = false;
    let (yes, never) = (
        &mut |_: &_, _: &_| Some(aegis_model::Ruling::plain(true)),
        || false,
    );
    let mut live = Live::new(ready.world, ready.seen, ready.until, yes, &never);
    let mut between = Between {
        outside: &mut live,
        bend: &|_| {},
        meddle: &mut |state| {
            acted |= state.standing.is_some();
            (!acted).then(|| misled(state, wrong)).flatten()
        },
    };
    fly(ready.context, ready.origin, &mut between).expect("it ends")
}

fn position(events: &[Stamped], from: usize, what: &str, is: impl Fn(&RunEvent) -> bool) -> usize {
    let found = events.iter().skip(from).position(|event| is(&event.event));
    from + found.unwrap_or_else(|| panic!("{what} is missing\n{}", transcript(events).join("\n")))
}

/// The story of a wrong diagnosis, in the order in which it must happen.
fn caught(name: &str, wrong: &str, right: &str, back: Back) {
    let flown = deceived(name, wrong);
    let events = &flown.events;
    let lines = transcript(events).into_iter().filter(|line| {
        !["symptom", "gone", "telemetry"]
            .iter()
            .any(|word| line.contains(word))
    });
    println!(
        "aegis run {name} --seed 1, with {CLAIMED} of {wrong} claimed at first\n{}\n",
        lines.collect::<Vec<_>>().join("\n")
    );
    let claimed = position(
        events,
        0,
        "the claim",
        |event| matches!(event, RunEvent::Diagnosed { hypotheses, .. } if hypotheses[0].fault == CLAIMED),
    );
    let chosen = position(
        events,
        claimed,
        "the choice",
        |event| matches!(event, RunEvent::Selected(verdict) if verdict.choice.is_some()),
    );
    let out = position(
        events,
        chosen,
        "a loss above the band",
        |event| matches!(event, RunEvent::Watched { loss, bound, .. } if loss > bound),
    );
    let undone = position(events, out, "the undo", |event| {
        matches!(
            event,
            RunEvent::Undone { .. } | RunEvent::UndoDeclined { .. }
        )
    });
    let was_undone = matches!(events[undone].event, RunEvent::Undone { .. });
    assert!(
        was_undone || back == Back::MayStay,
        "{name}: the plan stays"
    );
    let again = position(events, undone, "the second diagnosis", |event| {
        matches!(event, RunEvent::Diagnosed { .. })
    });
    let RunEvent::Diagnosed { hypotheses, .. } = &events[again].event else {
        unreachable!("found as one");
    };
    assert_eq!(hypotheses[0].fault, right, "the second diagnosis of {name}");
    position(
        events,
        undone,
        "the refutation",
        |event| matches!(event, RunEvent::Reflected(reflection) if reflection.hypothesis.0 == CLAIMED && reflection.finding == Finding::Refuted),
    );
    position(events, undone, "the mended end", |event| {
        matches!(
            event,
            RunEvent::Ended {
                ending: Ending::Mended,
                ..
            }
        )
    });
}

/// What becomes of the plan that answered the wrong diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Back {
    /// It is undone.
    IsUndone,
    /// It stays where a twin shows that its undo would hurt more: a second rollout of a JVM.
    MayStay,
}

#[test]
fn a_wrong_diagnosis_is_caught_undone_and_replaced() {
    let blamed = "productcatalogservice";
    caught("online-boutique-oom", blamed, "memory_leak", Back::IsUndone);
    let blamed = "currencyservice";
    caught(
        "online-boutique-probe",
        blamed,
        "readiness_probe_fails",
        Back::IsUndone,
    );
    caught(
        "sock-shop-probe",
        "carts",
        "readiness_probe_fails",
        Back::MayStay,
    );
}
