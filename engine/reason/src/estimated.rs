//! The marker of a twin's cluster.

/// Marks a cluster that was estimated from observations. Only this crate makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimated(());

impl Estimated {
    pub(crate) const fn mark() -> Self {
        Self(())
    }
}
