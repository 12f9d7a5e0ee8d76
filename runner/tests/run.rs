//! A run from end to end: what it leaves, that it comes out again, and how it ends when things around it do.

#[path = "run/kit.rs"]
mod kit;
#[path = "run/logs.rs"]
mod logs;
#[path = "run/resume.rs"]
mod resume;
#[path = "run/turns.rs"]
mod turns;
