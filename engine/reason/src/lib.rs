//! What thinks: from observations to a plan, without an oracle.
