//! Rehearsals: what breaks a cluster worst, what mends it, and what would have hardened it.
//!
//! A [`stage::Stage`] is a cluster that was settled once; every play forks it and lays one fault of the
//! catalogue over it. [`rehearse`] plays every fault that fits, untreated and with the engine at work, and
//! tries patches of the manifests on a cluster of the same seed: [`harden`] proposes, the play decides, and
//! what does not cut the damage is not shown. What comes out is a [`Rehearsal`], the same for any number of
//! threads. Nothing here reads a file, a clock, or the environment.
//!
//! [`rehearse`]: rehearse::rehearse
//! [`Rehearsal`]: rehearsal::Rehearsal

pub mod compare;
pub mod condition;
pub mod harden;
pub mod pairs;
pub mod play;
pub mod points;
pub mod reach;
pub mod rehearsal;
pub mod rehearse;
pub mod show;
pub mod simpler;
pub mod stage;
pub mod tally;
