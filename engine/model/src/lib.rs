//! Types, invariants and conversions that every crate shares.
#![no_std]

extern crate alloc;
