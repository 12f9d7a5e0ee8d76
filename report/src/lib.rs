//! From events to summary, page, chronicle, diagram and script.
//!
//! Every output is a projection of the run's events: of [`Story`], which reads them in
//! order, and of [`Facts`], which the log does not hold. Any prefix of a log gives
//! complete outputs. Nothing here decides, simulates, opens a file or reads a clock, and
//! text that came from a cluster is only ever text.

pub mod advice;
pub mod chronicle;
pub mod debate;
pub mod explain;
pub mod facts;
pub mod fold;
pub mod followup;
pub mod format;
pub mod html;
pub mod line;
pub mod lines;
pub mod measure;
pub mod memory;
pub mod mermaid;
pub mod names;
pub mod objectives;
pub mod phases;
pub mod round;
pub mod script;
pub mod story;
pub mod summary;
pub mod terminal;
pub mod text;
pub mod topology;
pub mod words;

pub use advice::{AdviceSummary, advice_summary};
pub use chronicle::chronicle;
pub use explain::{ExplainError, explain, why_not};
pub use facts::{Cause, Facts, Truth, Versions};
pub use html::html;
pub use line::line;
pub use lines::Lines;
pub use mermaid::topology_mermaid;
pub use names::Names;
pub use round::Round;
pub use script::plan_sh;
pub use story::Story;
pub use summary::{Summary, summary};
pub use terminal::terminal;
pub use text::{Line, Span, Text, Tone};
