//! A language model behind a port.
