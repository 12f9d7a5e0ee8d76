//! From a scenario file to a world.
