//! A request-level simulator that the physics is held against.
