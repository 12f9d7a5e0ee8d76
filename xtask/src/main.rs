//! Checks that hold the house.

fn main() {}
