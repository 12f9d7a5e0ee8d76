//! Small networks to hold against formulas.

use aegis_model::behaviour::{CallMode, Cancels, Need};
use aegis_solver::{
    Class, ClassFlow, ClassId, ClassInput, Edge, Flows, Inputs, Network, Route, State, step,
};

/// One pod with `slots` cores and room for everybody; each request takes `service` seconds of CPU.
pub fn pod(slots: u32, service: f64) -> Class {
    Class {
        replicas: 1,
        cpu_per_request: service,
        latency: 0.0,
        cpu_idle: 0.0,
        cv2: 1.0,
        error_share: 0.0,
        workers: 1_000_000,
        queue: 1_000_000,
        slots,
    }
}

/// A call that waits `timeout` seconds, made once per request, not tried again.
pub fn calls(timeout: f64) -> Edge {
    Edge {
        ratio: 1.0,
        ..Edge::entry(timeout)
    }
}

/// An edge that tries `retries` times more after a tenth of a second.
pub fn insists(timeout: f64, retries: u32) -> Edge {
    Edge {
        retries,
        backoff: 0.1,
        mode: CallMode::Sequence,
        cancels: Cancels::No,
        need: Need::Required,
        ..Edge::entry(timeout)
    }
}

/// A network with all that a run needs.
pub struct Rig {
    pub network: Network,
    pub inputs: Inputs,
    pub state: State,
    pub flows: Flows,
}

impl Rig {
    pub fn new(network: Network) -> Self {
        let mut inputs = Inputs::calm(&network);
        for (class, input) in inputs.classes.iter_mut().enumerate() {
            let slots = network.class(ClassId(class as u32)).slots;
            *input = ClassInput::cores(f64::from(slots));
        }
        let (state, flows) = (State::idle(&network), Flows::of(&network));
        Self {
            network,
            inputs,
            state,
            flows,
        }
    }

    /// One class behind one entry.
    pub fn single(class: Class, entry: Edge) -> Self {
        let mut builder = Network::builder();
        let class = builder.class(class);
        builder.entry(entry, &[Route::new(class, 1.0)]);
        Self::new(builder.build())
    }

    /// `caller` behind an entry, `edge` to `callee`.
    pub fn pair(caller: Class, edge: Edge, callee: Class, entry: Edge) -> Self {
        let mut builder = Network::builder();
        let (front, back) = (builder.class(caller), builder.class(callee));
        builder.entry(entry, &[Route::new(front, 1.0)]);
        builder.call(front, edge, &[Route::new(back, 1.0)]);
        Self::new(builder.build())
    }

    /// Runs `seconds` ticks with `rate` requests per second at the first entry.
    pub fn run(&mut self, seconds: u32, rate: f64) -> &mut Self {
        self.inputs.rates[0] = rate;
        for _ in 0..seconds {
            step(
                &self.network,
                &self.inputs,
                &mut self.state,
                &mut self.flows,
            );
            let imbalance = self.flows.imbalance(&self.network);
            assert!(imbalance < 1e-9, "imbalance {imbalance}");
        }
        self
    }

    pub fn class(&self, class: u32) -> &ClassFlow {
        self.flows.class(ClassId(class))
    }
}

/// Difference of `is` from `should` as a share of `should`.
pub fn off(is: f64, should: f64) -> f64 {
    (is - should).abs() / should.abs().max(1e-12)
}
