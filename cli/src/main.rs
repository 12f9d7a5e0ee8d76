//! The `aegis` command.

fn main() {}
