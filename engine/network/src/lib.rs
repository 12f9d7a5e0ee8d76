//! Whether a pod's packets pass, and what the names that it looks up stand for.
//!
//! [`reach`] answers for NetworkPolicies, [`dns`] for resolv.conf and the cluster's DNS. Both read objects alone: who
//! routes traffic asks here, and so does who asks for a single connection.
#![no_std]

extern crate alloc;

pub mod by_hand;
pub mod dns;
pub mod reach;
