//! A language model is asked: what goes out, what comes back, what goes wrong on the way.

mod kit;
mod prompts;
mod real;
mod server;
mod wire;
