//! The one interpreter of effects.
