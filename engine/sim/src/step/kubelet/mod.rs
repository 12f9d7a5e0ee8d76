//! The kubelets.

pub mod shell;
