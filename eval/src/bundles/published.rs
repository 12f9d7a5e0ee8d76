//! What others reach on the same incidents, as they published it.
//!
//! Source: README of LLM4Ops/Cloud-OpsBench, base agents, over all cases of a system; their agents
//! ask a live cluster by tools. A run here reads a whole bundle, of a part of the cases.

use serde::Serialize;

/// A row of a published table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    /// The application.
    pub system: &'static str,
    /// The model.
    pub model: &'static str,
    /// Cause and object right at first, 0..=1.
    pub a1: f64,
    /// Among the first three, 0..=1.
    pub a3: f64,
    /// Mean time of a case, s.
    pub seconds: f64,
}

const fn row(system: &'static str, model: &'static str, a1: f64, a3: f64, seconds: f64) -> Row {
    Row {
        system,
        model,
        a1,
        a3,
        seconds,
    }
}

/// The rows, best first.
pub const PUBLISHED: &[Row] = &[
    row("boutique", "DeepSeek-V3.2", 0.73, 0.79, 85.78),
    row("boutique", "GPT-5", 0.67, 0.75, 73.06),
    row("boutique", "Claude-4-Sonnet", 0.54, 0.59, 41.53),
    row("boutique", "Qwen3-235B", 0.54, 0.70, 32.38),
    row("boutique", "GPT-4o", 0.51, 0.57, 20.17),
    row("boutique", "Qwen3-14B", 0.34, 0.43, 46.42),
    row("boutique", "Qwen3-8B", 0.21, 0.23, 31.42),
    row("trainticket", "Claude-4-Sonnet", 0.58, 0.60, 58.62),
    row("trainticket", "GPT-5", 0.57, 0.59, 71.56),
    row("trainticket", "DeepSeek-V3.2", 0.54, 0.58, 85.93),
    row("trainticket", "GPT-4o", 0.43, 0.45, 26.48),
    row("trainticket", "Qwen3-8B", 0.26, 0.29, 55.50),
    row("trainticket", "Qwen3-235B", 0.25, 0.30, 46.14),
    row("trainticket", "Qwen3-14B", 0.25, 0.29, 102.59),
];
