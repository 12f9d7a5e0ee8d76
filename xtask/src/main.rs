//! Checks that hold the house: `cargo run -q -p xtask -- tidy`.
//!
//! Reads `cargo metadata` and the sources, changes nothing.

mod exceptions;
mod finding;
mod functions;
mod house;
mod lexer;
mod metadata;
mod rules;
mod source;
mod spdx;
mod tidy;
mod tree;

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::tidy(),
        _ => {
            eprintln!("usage: cargo run -q -p xtask -- tidy");
            Ok(ExitCode::from(2))
        }
    }
}
