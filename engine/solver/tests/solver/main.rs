//! The solver against queueing theory, and what must hold in any network.

mod cost;
mod md1;
mod networks;
mod queues;
mod rig;
mod shares;
mod tails;
