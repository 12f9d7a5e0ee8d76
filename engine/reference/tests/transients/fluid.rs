//! The solver plays a transient.

use aegis_model::behaviour::{Behaviour, Call};
use aegis_model::ids::ServiceId;
use aegis_reference::{Change, Series, Transient, What};
use aegis_sim::solver::{
    Class, ClassId, ClassInput, Dead, Edge, EdgeId, Flows, Inputs, Network, Route, State, step,
};

/// A group of pods is a class.
struct Fluid<'a> {
    transient: &'a Transient,
    network: Network,
    inputs: Inputs,
    state: State,
    /// Service, group and weight of each class.
    groups: Vec<(usize, usize, f64)>,
}

pub fn run(transient: &Transient) -> Series {
    let mut fluid = Fluid::new(transient);
    let mut flows = Flows::of(&fluid.network);
    let mut series = Series {
        in_flight: vec![Vec::new(); transient.services.len()],
        ..Series::default()
    };
    for second in 0..transient.seconds {
        fluid.second(second);
        step(&fluid.network, &fluid.inputs, &mut fluid.state, &mut flows);
        fluid.record(&flows, &mut series);
    }
    series
}

impl<'a> Fluid<'a> {
    fn new(transient: &'a Transient) -> Self {
        let mut builder = Network::builder();
        let mut groups = Vec::new();
        for (service, of) in transient.services.iter().enumerate() {
            for (group, &pods) in of.groups.iter().enumerate() {
                builder.class(Class::new(&of.behaviour, pods));
                groups.push((service, group, 1.0));
            }
        }
        builder.entry(
            Edge::new(&transient.entry),
            &routes(&transient.entry, &groups),
        );
        for (class, &(service, ..)) in groups.iter().enumerate() {
            let Behaviour { calls, .. } = &transient.services[service].behaviour;
            for call in calls {
                builder.call(
                    ClassId(class as u32),
                    Edge::new(call),
                    &routes(call, &groups),
                );
            }
        }
        let network = builder.build();
        let mut inputs = Inputs::calm(&network);
        for (input, &(service, ..)) in inputs.classes.iter_mut().zip(&groups) {
            let of = &transient.services[service];
            *input = ClassInput::cores(of.cpu);
            input.quota = of.quota.unwrap_or(f64::INFINITY);
        }
        let state = State::idle(&network);
        Self {
            transient,
            network,
            inputs,
            state,
            groups,
        }
    }

    fn second(&mut self, second: u32) {
        self.inputs.rates[0] = self.transient.rate(second);
        self.inputs
            .classes
            .iter_mut()
            .for_each(|input| input.killed = 0.0);
        for change in self.transient.changes_at(second) {
            self.change(change);
        }
        self.share_out();
    }

    fn change(&mut self, change: &Change) {
        let groups = self.groups.iter_mut().zip(&mut self.inputs.classes);
        for ((_, _, weight), input) in groups
            .filter(|((service, group, _), _)| (*service, *group) == (change.service, change.group))
        {
            match change.what {
                What::Weight(new) => *weight = new,
                What::Kill => input.killed = 1.0,
                What::Cost(factor) => input.cost = factor,
                What::Delay(seconds) => input.delay = seconds,
            }
        }
    }

    /// Shares of all edges by the weights of the pods.
    fn share_out(&mut self) {
        for edge in (0..self.network.edge_count() as u32).map(EdgeId) {
            let callees: Vec<_> = self
                .network
                .routes(edge)
                .map(|route| route.callee)
                .collect();
            let weight = |callee: &ClassId| {
                self.groups[callee.index()].2 * f64::from(self.network.class(*callee).replicas)
            };
            let weights: Vec<_> = callees.iter().map(weight).collect();
            let all: f64 = weights.iter().sum();
            for (nth, weight) in weights.iter().enumerate() {
                let share = if all > 0.0 { weight / all } else { 0.0 };
                self.network.set_route(edge, nth, share, 0.0, 0.0);
            }
            let refused = if all > 0.0 { 0.0 } else { 1.0 };
            self.network.edge_mut(edge).dead = Dead {
                refused,
                ..Dead::default()
            };
        }
    }

    fn record(&self, flows: &Flows, series: &mut Series) {
        let entry = flows.edge(EdgeId(0));
        let of = |wanted: usize| {
            let classes = flows.classes.iter().zip(&self.groups);
            classes
                .enumerate()
                .filter(move |(_, (_, (service, ..)))| *service == wanted)
        };
        let good: f64 = entries(flows, &self.network);
        series.good.push(good);
        series.failed.push(entry.first * entry.lost_calls);
        series.began.push(entry.first);
        series.time.push(entry.held * entry.first);
        for (service, in_flight) in series.in_flight.iter_mut().enumerate() {
            let pods = |class: usize| f64::from(self.network.class(ClassId(class as u32)).replicas);
            in_flight.push(
                of(service)
                    .map(|(class, (flow, _))| flow.in_flight * pods(class))
                    .sum(),
            );
        }
    }
}

/// Answers that users still waited for: the part of each class's good ones that an entry asked for.
fn entries(flows: &Flows, network: &Network) -> f64 {
    let entry = flows.edge(EdgeId(0));
    let of = |route: &Route| {
        let flow = flows.class(route.callee);
        let part = if flow.offered > 0.0 {
            entry.attempts * route.share / flow.offered
        } else {
            1.0
        };
        flow.good * part.min(1.0)
    };
    network.routes(EdgeId(0)).map(of).sum()
}

fn routes(call: &Call, groups: &[(usize, usize, f64)]) -> Vec<Route> {
    let to = call.to.map(ServiceId::index);
    let callees = groups
        .iter()
        .enumerate()
        .filter(|(_, group)| Some(group.0) == to);
    callees
        .map(|(class, _)| Route::new(ClassId(class as u32), 0.0))
        .collect()
}
