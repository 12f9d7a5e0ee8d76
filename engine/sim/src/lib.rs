//! The physics of a simulated Kubernetes cluster.
#![no_std]

extern crate alloc;
