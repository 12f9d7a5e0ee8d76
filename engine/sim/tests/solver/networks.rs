//! What must hold in any network.
