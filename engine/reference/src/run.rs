//! The event loop: one request at a time.

use crate::draw::Draw;
use crate::pod::{Cpu, Door, Pod, RequestId};
use crate::system::{Change, Transient};
use aegis_model::behaviour::{Call, CallMode, Cancels, Need};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Hops after which a request fails.
const HOPS: u32 = 32;

/// Retries that a budget lets through at once, before it has earned them.
const BURST: f64 = 10.0;

/// What happened in each second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Calls of users that got their answer.
    pub good: Vec<f64>,
    /// Calls of users that did not.
    pub failed: Vec<f64>,
    /// Calls that began in this second and have ended since.
    pub began: Vec<f64>,
    /// Sum of their times, s.
    pub time: Vec<f64>,
    /// Requests in flight at the end of the second, per service.
    pub in_flight: Vec<Vec<f64>>,
}

/// Runs a transient once. Equal seeds give equal series.
#[must_use]
pub fn run(transient: &Transient, seed: u64) -> Series {
    let mut run = Run::new(transient, seed);
    for second in 0..transient.seconds {
        run.second(second);
    }
    run.series
}

type Time = Reverse<u64>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A user's call.
    User,
    /// The CPU of a pod, if its plan is still this one.
    Cpu(usize, u64),
    /// A request has slept through its latency.
    Slept(RequestId),
    /// An attempt reaches its pod.
    Arrive(usize),
    /// An attempt that reaches nobody fails.
    Fail(usize),
    TimeOut(usize),
    /// A call is tried again.
    Again(usize),
}

struct Request {
    pod: usize,
    attempt: usize,
    hop: u32,
    /// Calls still to make, the last stage first.
    stages: Vec<Vec<usize>>,
    /// Calls of this stage that are not answered yet.
    pending: usize,
    failed: bool,
    gone: bool,
}

/// A call of a request, or of a user.
struct Calling {
    caller: Option<RequestId>,
    /// Position in the caller's calls.
    edge: usize,
    began: f64,
    retries: u32,
}

struct Attempt {
    call: usize,
    pod: Option<usize>,
    request: Option<RequestId>,
    ended: bool,
}

struct Run<'a> {
    transient: &'a Transient,
    draw: Draw,
    now: f64,
    events: BinaryHeap<(Time, Reverse<u64>, Event)>,
    pushed: u64,
    pods: Vec<Pod>,
    delay: Vec<f64>,
    requests: Vec<Request>,
    calls: Vec<Calling>,
    attempts: Vec<Attempt>,
    /// Retries that may be made, per service and edge; the users' are last.
    tokens: Vec<Vec<f64>>,
    series: Series,
}

impl<'a> Run<'a> {
    fn new(transient: &'a Transient, seed: u64) -> Self {
        let services = &transient.services;
        let edges = |service: &crate::Service| vec![BURST; service.behaviour.calls.len()];
        let mut tokens: Vec<_> = services.iter().map(edges).collect();
        tokens.push(vec![BURST]);
        Self {
            transient,
            draw: Draw::new(seed),
            now: 0.0,
            events: BinaryHeap::new(),
            pushed: 0,
            pods: pods(transient),
            delay: vec![0.0; services.len()],
            requests: Vec::new(),
            calls: Vec::new(),
            attempts: Vec::new(),
            tokens,
            series: Series {
                in_flight: vec![Vec::new(); services.len()],
                ..Series::default()
            },
        }
    }

    fn at(&mut self, time: f64, event: Event) {
        self.pushed += 1;
        self.events
            .push((Reverse(time.to_bits()), Reverse(self.pushed), event));
    }

    fn second(&mut self, second: u32) {
        let series = &mut self.series;
        for count in [
            &mut series.good,
            &mut series.failed,
            &mut series.began,
            &mut series.time,
        ] {
            count.push(0.0);
        }
        for change in self.transient.changes_at(second) {
            self.change(change);
        }
        self.users(second);
        let end = f64::from(second + 1);
        while let Some(&(Reverse(bits), _, event)) = self.events.peek() {
            if f64::from_bits(bits) >= end {
                break;
            }
            self.events.pop();
            self.now = f64::from_bits(bits);
            self.happen(event);
        }
        self.now = end;
        self.sample();
    }

    fn users(&mut self, second: u32) {
        let mean = 1.0 / self.transient.rate(second);
        let mut time = f64::from(second) + self.draw.exponential(mean);
        while time < f64::from(second + 1) {
            self.at(time, Event::User);
            time += self.draw.exponential(mean);
        }
    }

    fn sample(&mut self) {
        for (service, series) in self.series.in_flight.iter_mut().enumerate() {
            let pods = self.pods.iter().filter(|pod| pod.service == service);
            series.push(pods.map(|pod| pod.in_flight() as f64).sum());
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Weight {
                service,
                group,
                weight,
            } => {
                self.group(service, group)
                    .for_each(|pod| pod.weight = weight);
            }
            Change::Cost {
                service,
                group,
                factor,
            } => {
                self.group(service, group).for_each(|pod| pod.cost = factor);
            }
            Change::Delay { service, seconds } => self.delay[service] = seconds,
            Change::Kill { service, group } => self.kill(service, group),
        }
    }

    fn group(&mut self, service: usize, group: usize) -> impl Iterator<Item = &mut Pod> {
        self.pods
            .iter_mut()
            .filter(move |pod| pod.service == service && pod.group == group)
    }

    fn kill(&mut self, service: usize, group: usize) {
        let inside = |pod: &mut Pod| {
            let all = pod.waiting.iter().chain(&pod.inside).copied();
            all.collect::<Vec<_>>()
        };
        let lost: Vec<_> = self.group(service, group).flat_map(inside).collect();
        for &request in &lost {
            self.requests[request].gone = true;
        }
        for request in lost {
            let pod = self.requests[request].pod;
            self.pods[pod].cpu.advance(self.now);
            self.pods[pod].leave(request);
            self.plan(pod);
            self.answer(self.requests[request].attempt, false);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::User => self.call(None, 0),
            Event::Cpu(pod, plan) if self.pods[pod].cpu.plan == plan => self.computed(pod),
            Event::Cpu(..) => {}
            Event::Slept(request) => self.proceed(request),
            Event::Arrive(attempt) => self.arrive(attempt),
            Event::Fail(attempt) => self.answer(attempt, false),
            Event::TimeOut(attempt) => self.time_out(attempt),
            Event::Again(call) => self.attempt(call),
        }
    }

    fn edge(&self, call: usize) -> &'a Call {
        let calling = &self.calls[call];
        match calling.caller {
            Some(request) => {
                let service = self.pods[self.requests[request].pod].service;
                &self.transient.services[service].behaviour.calls[calling.edge]
            }
            None => &self.transient.entry,
        }
    }

    fn tokens(&mut self, call: usize) -> &mut f64 {
        let Calling { caller, edge, .. } = self.calls[call];
        let users = self.tokens.len() - 1;
        let row = caller.map_or(users, |request| {
            self.pods[self.requests[request].pod].service
        });
        &mut self.tokens[row][edge]
    }

    fn call(&mut self, caller: Option<RequestId>, edge: usize) {
        self.calls.push(Calling {
            caller,
            edge,
            began: self.now,
            retries: 0,
        });
        let call = self.calls.len() - 1;
        let earned = self.edge(call).retry_budget.unwrap_or(0.0);
        let tokens = self.tokens(call);
        *tokens = (*tokens + earned).min(BURST);
        self.attempt(call);
    }

    fn attempt(&mut self, call: usize) {
        if self.calls[call]
            .caller
            .is_some_and(|caller| self.requests[caller].gone)
        {
            return;
        }
        let edge = self.edge(call);
        let pod = edge.to.and_then(|service| self.pick(service.index()));
        self.attempts.push(Attempt {
            call,
            pod,
            request: None,
            ended: false,
        });
        let attempt = self.attempts.len() - 1;
        let event = if pod.is_some() {
            Event::Arrive(attempt)
        } else {
            Event::Fail(attempt)
        };
        self.at(self.now + edge.round_trip, event);
        self.at(self.now + edge.timeout, Event::TimeOut(attempt));
    }

    /// A pod by weight, at random.
    fn pick(&mut self, service: usize) -> Option<usize> {
        let of = |pod: &&Pod| pod.service == service;
        let all: f64 = self.pods.iter().filter(of).map(|pod| pod.weight).sum();
        let mut place = self.draw.uniform() * all;
        self.pods.iter().position(|pod| {
            place -= if pod.service == service {
                pod.weight
            } else {
                0.0
            };
            pod.service == service && pod.weight > 0.0 && place < 0.0
        })
    }

    fn arrive(&mut self, attempt: usize) {
        let Attempt {
            call, pod, ended, ..
        } = self.attempts[attempt];
        let Some(pod) = pod else { return };
        if ended && self.edge(call).cancels == Cancels::Yes {
            return;
        }
        let hop = self.calls[call]
            .caller
            .map_or(1, |caller| self.requests[caller].hop + 1);
        let id = self.requests.len();
        if hop > HOPS {
            return self.answer(attempt, false);
        }
        let door = self.pods[pod].enter(id);
        if matches!(door, Door::Full) {
            return self.answer(attempt, false);
        }
        let stages = self.stages(self.pods[pod].service);
        let request = Request {
            pod,
            attempt,
            hop,
            stages,
            pending: 0,
            failed: false,
            gone: false,
        };
        self.requests.push(request);
        self.attempts[attempt].request = Some(id);
        if matches!(door, Door::Works) {
            self.work(id);
        }
    }

    /// The calls that a request will make, the last stage first.
    fn stages(&mut self, service: usize) -> Vec<Vec<usize>> {
        let calls = &self.transient.services[service].behaviour.calls;
        let mut stages: Vec<Vec<usize>> = Vec::new();
        let mut before = CallMode::Sequence;
        for (edge, call) in calls.iter().enumerate() {
            let count = self.draw.whole(call.ratio) as usize;
            match (before, call.mode, stages.last_mut()) {
                (CallMode::Parallel, CallMode::Parallel, Some(group)) => {
                    group.extend((0..count).map(|_| edge));
                }
                (_, CallMode::Parallel, _) => stages.push(vec![edge; count]),
                (_, CallMode::Sequence, _) => stages.extend((0..count).map(|_| vec![edge])),
            }
            before = call.mode;
        }
        stages.reverse();
        stages
    }

    fn work(&mut self, request: RequestId) {
        let pod = self.requests[request].pod;
        let behaviour = &self.transient.services[self.pods[pod].service].behaviour;
        let mean = behaviour.cpu_per_request * self.pods[pod].cost;
        let work = self.draw.spread(mean, behaviour.service_cv2);
        self.pods[pod].cpu.advance(self.now);
        self.pods[pod].cpu.add(request, work);
        self.plan(pod);
    }

    /// Plans a pod's next event anew after its jobs have changed.
    fn plan(&mut self, pod: usize) {
        let cpu = &mut self.pods[pod].cpu;
        cpu.plan += 1;
        if let Some(time) = cpu.next() {
            let event = Event::Cpu(pod, cpu.plan);
            self.at(time.max(self.now), event);
        }
    }

    fn computed(&mut self, pod: usize) {
        self.pods[pod].cpu.advance(self.now);
        while let Some(request) = self.pods[pod].cpu.pop() {
            let service = self.pods[pod].service;
            let behaviour = &self.transient.services[service].behaviour;
            let mean = behaviour.latency + self.delay[service];
            let asleep = self.draw.spread(mean, behaviour.service_cv2);
            self.at(self.now + asleep, Event::Slept(request));
        }
        self.plan(pod);
    }

    /// Makes the calls of the next stage, or ends the request.
    fn proceed(&mut self, request: RequestId) {
        if self.requests[request].gone {
            return;
        }
        let service = self.pods[self.requests[request].pod].service;
        let edges = &self.transient.services[service].behaviour.calls;
        while self.requests[request].pending == 0 && !self.requests[request].failed {
            let Some(stage) = self.requests[request].stages.pop() else {
                break;
            };
            let waited = |edge: &&usize| edges[**edge].need != Need::Async;
            self.requests[request].pending = stage.iter().filter(waited).count();
            for edge in stage {
                self.call(Some(request), edge);
            }
        }
        if self.requests[request].pending == 0 {
            self.finish(request);
        }
    }

    fn finish(&mut self, request: RequestId) {
        let Request {
            pod,
            attempt,
            failed,
            ..
        } = self.requests[request];
        let own = self.transient.services[self.pods[pod].service]
            .behaviour
            .error_share;
        let well = !failed && !self.draw.chance(own);
        self.release(request);
        self.answer(attempt, well);
    }

    fn release(&mut self, request: RequestId) {
        self.requests[request].gone = true;
        let pod = self.requests[request].pod;
        self.pods[pod].cpu.advance(self.now);
        let next = self.pods[pod].leave(request);
        self.plan(pod);
        if let Some(next) = next {
            self.work(next);
        }
    }

    fn time_out(&mut self, attempt: usize) {
        let Attempt {
            call,
            request,
            ended,
            ..
        } = self.attempts[attempt];
        if ended {
            return;
        }
        if let (Cancels::Yes, Some(request)) = (self.edge(call).cancels, request) {
            self.release(request);
        }
        self.answer(attempt, false);
    }

    /// The caller learns how an attempt ended, unless it has given up on it.
    fn answer(&mut self, attempt: usize, well: bool) {
        let Attempt { call, ended, .. } = self.attempts[attempt];
        self.attempts[attempt].ended = true;
        if ended {
            return;
        }
        let edge = self.edge(call);
        let more = !well && self.calls[call].retries < edge.retries;
        if more && (edge.retry_budget.is_none() || *self.tokens(call) >= 1.0) {
            *self.tokens(call) -= 1.0;
            self.calls[call].retries += 1;
            let pause = edge.backoff * (0.5 + self.draw.uniform());
            return self.at(self.now + pause, Event::Again(call));
        }
        self.called(call, well);
    }

    fn called(&mut self, call: usize, well: bool) {
        let Calling { caller, began, .. } = self.calls[call];
        let need = self.edge(call).need;
        let Some(request) = caller else {
            return self.user_answered(began, well);
        };
        if need == Need::Async || self.requests[request].gone {
            return;
        }
        self.requests[request].pending -= 1;
        self.requests[request].failed |= !well && need == Need::Required;
        if self.requests[request].pending == 0 {
            self.proceed(request);
        }
    }

    fn user_answered(&mut self, began: f64, well: bool) {
        let count = if well {
            &mut self.series.good
        } else {
            &mut self.series.failed
        };
        if let Some(count) = count.last_mut() {
            *count += 1.0;
        }
        self.series.began[began as usize] += 1.0;
        self.series.time[began as usize] += self.now - began;
    }
}

fn pods(transient: &Transient) -> Vec<Pod> {
    let mut pods = Vec::new();
    for (service, of) in transient.services.iter().enumerate() {
        for (group, &count) in of.groups.iter().enumerate() {
            let pod = Pod {
                service,
                group,
                weight: 1.0,
                cost: 1.0,
                workers: of.behaviour.workers as usize,
                places: of.behaviour.queue as usize,
                cpu: Cpu::new(of.cpu, of.behaviour.slots, of.quota),
                inside: std::collections::BTreeSet::new(),
                waiting: std::collections::VecDeque::new(),
            };
            pods.extend((0..count).map(|_| pod.clone()));
        }
    }
    pods
}
