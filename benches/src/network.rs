//! Call graphs for the solver alone: layers of equal classes, each of which calls some of the next.

use aegis_model::{Behaviour, Bytes};
use aegis_sim::solver::{
    Class, ClassId, ClassInput, Edge, Flows, Inputs, Network, Route, State, step,
};

/// Classes per layer.
const LAYER: u32 = 20;
/// Calls per request over all edges of a class.
const CALLS: f64 = 0.9;

/// A network with all that a second needs.
#[derive(Debug, Clone)]
pub struct Rig {
    network: Network,
    inputs: Inputs,
    state: State,
    flows: Flows,
}

/// A small server behind a pool of workers.
fn behaviour() -> Behaviour {
    Behaviour {
        cpu_per_request: 0.002,
        latency: 0.004,
        cpu_idle: 0.0,
        service_cv2: 1.0,
        workers: 64,
        queue: 128,
        slots: 1,
        memory_base: Bytes(0),
        memory_per_request: Bytes(0),
        startup: 0.0,
        cold_factor: 1.0,
        warmup: 0.0,
        error_share: 0.0,
        calls: Vec::new(),
    }
}

impl Rig {
    /// So many classes of three replicas, each of which calls `edges` of the next layer and tries
    /// twice more; `rate` requests per second at each class of the first layer.
    #[must_use]
    pub fn layered(classes: u32, edges: u32, rate: f64) -> Self {
        let mut builder = Network::builder();
        let edge = Edge {
            ratio: CALLS / f64::from(edges),
            retries: 2,
            backoff: 0.1,
            ..Edge::entry(0.15)
        };
        for id in 0..classes {
            builder.class(Class::new(&behaviour(), 3));
            let callees = (0..edges).map(|nth| (id + LAYER + nth * 7).min(classes - 1));
            for callee in callees.filter(|callee| *callee > id) {
                builder.call(ClassId(id), edge, &[Route::new(ClassId(callee), 1.0)]);
            }
        }
        for id in 0..LAYER.min(classes) {
            builder.entry(Edge::entry(0.5), &[Route::new(ClassId(id), 1.0)]);
        }
        let network = builder.build();
        let mut inputs = Inputs::calm(&network);
        inputs.rates.fill(rate);
        inputs.classes.fill(ClassInput::cores(1.0));
        let (state, flows) = (State::idle(&network), Flows::of(&network));
        Self {
            network,
            inputs,
            state,
            flows,
        }
    }

    /// One second.
    pub fn second(&mut self) {
        step(
            &self.network,
            &self.inputs,
            &mut self.state,
            &mut self.flows,
        );
    }
}
