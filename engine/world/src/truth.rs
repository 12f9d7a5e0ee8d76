//! The marker of a true cluster.

/// Marks the cluster of a world. Its field is private: nobody else can make one.
#[derive(Debug, Clone, Copy)]
pub struct Truth(());

impl Truth {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}
