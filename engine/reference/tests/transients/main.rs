//! The solver against the request-level simulator, over the twelve transients.
//!
//! `cargo test -p aegis-reference --test transients -- --nocapture` prints the table
//! of `docs/physics.md`.

mod fluid;
mod table;
