//! Tails against exact sojourn times.
