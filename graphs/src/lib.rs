//! The graph executor, sans IO, and the graphs of the engine.
