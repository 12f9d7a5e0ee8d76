//! Metrics and logs, in the formats that operators have.
//!
//! Out: the metrics of a run under the names of kube-state-metrics, cAdvisor, the kubelet
//! and the usual request metrics, as Prometheus text or OpenMetrics. Data: the log lines
//! that software prints when something is wrong, as templates. Nothing here opens a
//! socket or a file, and nothing decides.

pub mod exposition;
pub mod families;
pub mod family;
pub mod objects;
pub mod templates;
pub mod text;

pub use exposition::{Exposition, Recording, prometheus_text};
pub use family::{Family, Kind, Sample};
pub use templates::{LogCondition, LogTemplate, Speaker, template, templates};
pub use text::{Format, escape_help, escape_label, number};
