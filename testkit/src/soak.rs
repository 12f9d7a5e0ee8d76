//! How much is played: a little at every commit, all of it in the soak (`just soak`).

/// Whether this is the soak: `AEGIS_SOAK` is set to anything but `0` or nothing.
#[must_use]
pub fn is_soak() -> bool {
    std::env::var_os("AEGIS_SOAK").is_some_and(|value| !value.is_empty() && value != "0")
}

/// The number of repetitions: few in CI, many in the soak.
#[must_use]
pub fn count(few: u64, many: u64) -> u64 {
    if is_soak() { many } else { few }
}
