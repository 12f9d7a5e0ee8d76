//! Metrics and logs, in the formats that operators have.
//!
//! Out: the metrics of a run under the names of kube-state-metrics, cAdvisor, the kubelet
//! and the usual request metrics, as Prometheus text or OpenMetrics. Data: the log lines
//! that software prints when something is wrong, as templates. Nothing here opens a
//! socket or a file, and nothing decides.

pub mod bundle;
mod cadvisor;
pub mod drain;
pub mod exposition;
pub mod family;
pub mod klog;
pub mod lexicon;
pub mod moment;
pub mod recording;
mod requests;
mod scrape;
mod sheet;
pub mod spans;
mod state;
pub mod templates;
pub mod text;
mod totals;

pub use exposition::Exposition;
pub use family::{Family, Kind, Labels, Sample};
pub use recording::Recording;
pub use scrape::Scrape;
pub use templates::{LogCondition, LogTemplate, Speaker, template, templates};
pub use text::{Format, escape_help, escape_label, number};
