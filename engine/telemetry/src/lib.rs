//! Metrics and logs, in the formats that operators have.
