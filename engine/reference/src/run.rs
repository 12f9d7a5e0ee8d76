//! The event loop: one request at a time.

use crate::draw::Draw;
use crate::pod::{Door, Pod, RequestId};
use crate::system::{Change, Service, Transient, What};
use aegis_model::behaviour::{Behaviour, Call, CallMode, Cancels, Need};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A user's call.
    User,
    /// The CPU of a pod, if its plan is still this one.
    Cpu(usize, u64),
    /// A request has slept through its latency.
    Slept(RequestId),
    /// An attempt reaches its pod, or fails where there is none.
    Arrive(usize),
    TimeOut(usize),
    /// A call is tried again.
    Again(usize),
}

struct Request {
    pod: usize,
    attempt: usize,
    hop: u32,
    /// Edges still to call, the last stage first.
    stages: Vec<Vec<usize>>,
    /// Calls of this stage that are not answered yet.
    pending: usize,
    failed: bool,
    gone: bool,
}

/// A call of a request, or of a user.
#[derive(Clone, Copy)]
struct Calling {
    caller: Option<RequestId>,
    edge: usize,
    began: f64,
    retries: u32,
}

#[derive(Clone, Copy)]
struct Attempt {
    call: usize,
    pod: Option<usize>,
    request: Option<RequestId>,
    ended: bool,
}

struct Run<'a> {
    transient: &'a Transient,
    /// What users (the first) and services call, and the retries that may be made.
    edges: Vec<(&'a Call, f64)>,
    draw: Draw,
    now: f64,
    /// By time (its bits sort as positive numbers do), then in the order of planning.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    pushed: u64,
    pods: Vec<Pod>,
    requests: Vec<Request>,
    calls: Vec<Calling>,
    attempts: Vec<Attempt>,
    series: Series,
}

impl<'a> Run<'a> {
    fn new(transient: &'a Transient, seed: u64) -> Self {
        let services = &transient.services;
        let calls = services.iter().flat_map(|of| &of.behaviour.calls);
        let calls = [&transient.entry].into_iter().chain(calls);
        let none = vec![0.0; transient.seconds as usize];
        Self {
            transient,
            edges: calls.map(|call| (call, BURST)).collect(),
            draw: Draw::new(seed),
            now: 0.0,
            events: BinaryHeap::new(),
            pushed: 0,
            pods: pods(services),
            requests: Vec::new(),
            calls: Vec::new(),
            attempts: Vec::new(),
            series: Series {
                good: none.clone(),
                failed: none.clone(),
                began: none.clone(),
                time: none,
                in_flight: vec![Vec::new(); services.len()],
            },
        }
    }

    fn at(&mut self, time: f64, event: Event) {
        self.pushed += 1;
        let planned = (time.to_bits(), self.pushed, event);
        self.events.push(Reverse(planned));
    }

    fn second(&mut self, second: u32) {
        for change in self.transient.changes_at(second) {
            self.change(change);
        }
        self.users(second);
        let end = f64::from(second + 1);
        while let Some(&Reverse((bits, _, event))) = self.events.peek() {
            if f64::from_bits(bits) >= end {
                break;
            }
            self.events.pop();
            self.now = f64::from_bits(bits);
            self.happen(event);
        }
        self.now = end;
        for (service, series) in self.series.in_flight.iter_mut().enumerate() {
            let pods = self.pods.iter().filter(|pod| pod.service == service);
            series.push(pods.map(|pod| pod.in_flight() as f64).sum());
        }
    }

    fn users(&mut self, second: u32) {
        let mean = 1.0 / self.transient.rate(second);
        let mut time = f64::from(second) + self.draw.exponential(mean);
        while time < f64::from(second + 1) {
            self.at(time, Event::User);
            time += self.draw.exponential(mean);
        }
    }

    fn change(&mut self, change: &Change) {
        let here = |pod: &Pod| (pod.service, pod.group) == (change.service, change.group);
        for pod in 0..self.pods.len() {
            let of = &mut self.pods[pod];
            match change.what {
                _ if !here(of) => {}
                What::Weight(weight) => of.weight = weight,
                What::Cost(factor) => of.cost = factor,
                What::Delay(seconds) => of.delay = seconds,
                What::Kill => self.kill(pod),
            }
        }
    }

    /// All requests in a pod are lost, those that wait as well.
    fn kill(&mut self, pod: usize) {
        let lost = self.pods[pod].take_all(self.now);
        for &request in &lost {
            self.requests[request].gone = true;
        }
        for request in lost {
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
            Event::TimeOut(attempt) => self.time_out(attempt),
            Event::Again(call) => self.attempt(call),
        }
    }

    fn behaviour(&self, pod: usize) -> &'a Behaviour {
        &self.transient.services[self.pods[pod].service].behaviour
    }

    fn call(&mut self, caller: Option<RequestId>, edge: usize) {
        self.calls.push(Calling {
            caller,
            edge,
            began: self.now,
            retries: 0,
        });
        let (call, tokens) = &mut self.edges[edge];
        *tokens = (*tokens + call.retry_budget.unwrap_or(0.0)).min(BURST);
        self.attempt(self.calls.len() - 1);
    }

    fn attempt(&mut self, call: usize) {
        let Calling { caller, edge, .. } = self.calls[call];
        if caller.is_some_and(|caller| self.requests[caller].gone) {
            return;
        }
        let edge = self.edges[edge].0;
        let pod = edge.to.and_then(|service| self.pick(service.index()));
        self.attempts.push(Attempt {
            call,
            pod,
            request: None,
            ended: false,
        });
        let attempt = self.attempts.len() - 1;
        self.at(self.now + edge.round_trip, Event::Arrive(attempt));
        self.at(self.now + edge.timeout, Event::TimeOut(attempt));
    }

    /// A pod by weight, at random.
    fn pick(&mut self, service: usize) -> Option<usize> {
        let of = |pod: &Pod| {
            if pod.service == service {
                pod.weight
            } else {
                0.0
            }
        };
        let mut place = self.draw.uniform() * self.pods.iter().map(of).sum::<f64>();
        self.pods.iter().position(|pod| {
            place -= of(pod);
            of(pod) > 0.0 && place < 0.0
        })
    }

    fn arrive(&mut self, attempt: usize) {
        let of = self.attempts[attempt];
        let Calling { caller, edge, .. } = self.calls[of.call];
        let Some(pod) = of.pod else {
            return self.answer(attempt, false);
        };
        if of.ended && self.edges[edge].0.cancels == Cancels::Yes {
            return;
        }
        let hop = caller.map_or(1, |caller| self.requests[caller].hop + 1);
        let id = self.requests.len();
        if hop > HOPS {
            return self.answer(attempt, false);
        }
        let door = self.pods[pod].enter(id);
        if door == Door::Full {
            return self.answer(attempt, false);
        }
        let stages = self.stages(self.pods[pod].service);
        self.requests.push(Request {
            pod,
            attempt,
            hop,
            stages,
            pending: 0,
            failed: false,
            gone: false,
        });
        self.attempts[attempt].request = Some(id);
        if door == Door::Works {
            self.work(id);
        }
    }

    /// The calls that a request will make, the last stage first.
    fn stages(&mut self, service: usize) -> Vec<Vec<usize>> {
        let before = &self.transient.services[..service];
        let first = 1 + before
            .iter()
            .map(|of| of.behaviour.calls.len())
            .sum::<usize>();
        let calls = &self.transient.services[service].behaviour.calls;
        let mut stages: Vec<Vec<usize>> = Vec::new();
        let mut before = CallMode::Sequence;
        for (edge, call) in (first..).zip(calls) {
            let group = vec![edge; self.draw.whole(call.ratio) as usize];
            match (before, call.mode, stages.last_mut()) {
                (CallMode::Parallel, CallMode::Parallel, Some(last)) => last.extend(group),
                (_, CallMode::Parallel, _) => stages.push(group),
                _ => stages.extend(group.chunks(1).map(<[usize]>::to_vec)),
            }
            before = call.mode;
        }
        stages.reverse();
        stages
    }

    fn work(&mut self, request: RequestId) {
        let pod = self.requests[request].pod;
        let behaviour = self.behaviour(pod);
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
        let behaviour = self.behaviour(pod);
        let mean = behaviour.latency + self.pods[pod].delay;
        self.pods[pod].cpu.advance(self.now);
        while let Some(request) = self.pods[pod].cpu.pop() {
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
        while self.requests[request].pending == 0 && !self.requests[request].failed {
            let Some(stage) = self.requests[request].stages.pop() else {
                break;
            };
            let waited = |edge: &&usize| self.edges[**edge].0.need != Need::Async;
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
        let of = &self.requests[request];
        let (attempt, failed) = (of.attempt, of.failed);
        let own = self.behaviour(of.pod).error_share;
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
        let of = self.attempts[attempt];
        if of.ended {
            return;
        }
        let cancels = self.edges[self.calls[of.call].edge].0.cancels;
        if let (Cancels::Yes, Some(request)) = (cancels, of.request) {
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
        let calling = &mut self.calls[call];
        let (edge, tokens) = &mut self.edges[calling.edge];
        let more = !well && calling.retries < edge.retries;
        if more && (edge.retry_budget.is_none() || *tokens >= 1.0) {
            *tokens -= 1.0;
            calling.retries += 1;
            let pause = edge.backoff * (0.5 + self.draw.uniform());
            return self.at(self.now + pause, Event::Again(call));
        }
        self.called(call, well);
    }

    fn called(&mut self, call: usize, well: bool) {
        let of = self.calls[call];
        let need = self.edges[of.edge].0.need;
        let Some(caller) = of.caller else {
            return self.user_answered(of.began, well);
        };
        let request = &mut self.requests[caller];
        if need == Need::Async || request.gone {
            return;
        }
        request.pending -= 1;
        request.failed |= !well && need == Need::Required;
        if request.pending == 0 {
            self.proceed(caller);
        }
    }

    fn user_answered(&mut self, began: f64, well: bool) {
        let series = &mut self.series;
        let count = if well {
            &mut series.good
        } else {
            &mut series.failed
        };
        count[self.now as usize] += 1.0;
        series.began[began as usize] += 1.0;
        series.time[began as usize] += self.now - began;
    }
}

/// The pods of all services, group by group.
fn pods(services: &[Service]) -> Vec<Pod> {
    let of = |(at, service): (usize, &Service)| {
        let groups = service.groups.iter().enumerate();
        let pods = groups.flat_map(|(group, &count)| (0..count).map(move |_| group));
        pods.map(|group| Pod::new(at, group, service))
            .collect::<Vec<_>>()
    };
    services.iter().enumerate().flat_map(of).collect()
}
