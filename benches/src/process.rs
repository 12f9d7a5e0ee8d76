//! What this process has used, as Linux counts it; 0 where it cannot be read.

use std::fs;

/// Most memory that was ever resident, bytes.
#[must_use]
pub fn peak_memory() -> u64 {
    status("VmHWM:") * 1024
}

/// Memory that is resident now, bytes.
#[must_use]
pub fn memory() -> u64 {
    status("VmRSS:") * 1024
}

/// A line of `/proc/self/status`, in its own unit.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// CPU time of the thread that asks, nanoseconds.
#[must_use]
pub fn own_cpu() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|first| first.parse().ok()).unwrap_or(0)
}

/// CPU time of all threads that live, nanoseconds: less than before where one has ended.
#[must_use]
pub fn cpu() -> u64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    threads
        .filter_map(|thread| {
            let path = thread.ok()?.path().join("schedstat");
            let text = fs::read_to_string(path).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum()
}
