//! The catalogue of faults, as data.
