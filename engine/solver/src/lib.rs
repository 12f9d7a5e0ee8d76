//! One queue equation, under load and overload: how requests flow through
//! classes of equal replicas in one second.
//!
//! Flat arrays and numbers: nothing here knows a Kubernetes object. A caller of
//! this crate builds a [`Network`] when the topology changes, fills [`Inputs`]
//! each tick, and [`step`] moves [`State`] by one second and reports [`Flows`].
//!
//! A tick has three passes. Forward (callers first) turns rates into
//! completions, backward (callees first) turns queues into times and failures,
//! and the last reports what resources that took. Each class is one implicit
//! step of `dn/dt = λ − X` with Little's law inside, so it is stable at any
//! load and never negative. Iteration counts are fixed: cost and bits depend on
//! no convergence. Units are seconds, cores and requests; a tick is one second.
//!
//! Limits: rates are means, so the noise of counts is not here; a request's
//! path is not followed, but for the hop count within a cycle.
#![no_std]

extern crate alloc;

mod backward;
mod carry;
pub mod erlang;
mod flows;
mod forward;
mod network;
mod order;
mod resources;
mod service;
mod state;
pub mod tail;

pub use carry::Move;
pub use flows::{ClassFlow, ClassInput, EdgeFlow, EdgeInput, Flows, Inputs};
pub use network::{Class, ClassId, Dead, Edge, EdgeId, Network, NetworkBuilder, Route};
pub use resources::{Claim, water_fill, within_reach};
pub use state::State;

/// Length of a tick, s.
pub(crate) const TICK: f64 = 1.0;

/// Hops after which a request fails as `loop`.
pub const HOP_LIMIT: usize = 32;

/// Time after which a connection to an address that drops packets is given up, s,
/// unless the edge's time-out is shorter: Linux sends a SYN again after 1 and 3 s,
/// and common clients stop between 3 and 10 s.
pub const CONNECT_TIMEOUT: f64 = 5.0;

/// Moves `state` by one second and writes what happened into `flows`.
///
/// Does not allocate. The buffers of `state` and `flows` must be of this network.
pub fn step(network: &Network, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    debug_assert!(inputs.fits(network) && state.fits(network) && flows.fits(network));
    forward::run(network, inputs, state, flows);
    backward::run(network, inputs, state, flows);
    resources::run(network, inputs, state, flows);
    flows.assert_conserved(network);
}
