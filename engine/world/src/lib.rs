//! What is hidden: the true cluster, its faults, its future.
//!
//! A [`World`] is the simulator with a true cluster, an overlay of faults and a
//! schedule of what will happen. From it an operator can take [`Observation`]s, and
//! nothing else: its marker cannot be made elsewhere, and nothing turns its cluster
//! into a twin's. Whoever drives a run may read the truth once the run is over
//! ([`World::reveal`] takes the world away) and may ask, in hindsight, how other
//! plans would have fared ([`World::fork`]).
//!
//! [`Observation`]: aegis_model::Observation

mod acts;
mod begin;
mod founded;
mod gap;
mod hindsight;
mod load;
mod logs;
mod noise;
mod pipes;
mod reveal;
mod schedule;
mod settle;
mod truth;
mod world;

pub use aegis_sim::api::Propagation;
pub use founded::{Founded, Refused};
pub use gap::Gap;
pub use hindsight::{Retrial, Retried};
pub use load::{Curve, Load};
pub use noise::{Counts, Noise, Spell, Watched};
pub use pipes::{Arrival, Pipe, Signal};
pub use reveal::{Cause, Revelation};
pub use schedule::{Act, Change, Deletion, Entry, Schedule};
pub use settle::{PAST, Settled};
pub use truth::Truth;
pub use world::{Ahead, Parts, Usage, World};
