//! Ids, addresses and digests made from canonical numbers. For printing only:
//! nothing is decided by them.

use std::fmt::Write as _;

/// SplitMix64's finaliser, a bijection: different numbers stay different.
/// Constants: <https://prng.di.unimi.it/splitmix64.c>.
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `metadata.uid` of the object of that canonical number, as the simulator writes it in messages.
pub fn uid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// The uid of an object that has no number, by its names.
pub fn named(names: &[&str]) -> String {
    let number = number_of(&names.join("/"));
    format!("00000007-0000-4000-8000-{:012x}", number >> 16)
}

/// What is derived from a numbered object.
#[derive(Clone, Copy)]
pub enum Derived {
    Machine = 1,
    Event = 2,
    NodePort = 3,
    Slice = 4,
    Container = 5,
    Endpoints = 6,
}

/// The uid of something derived from a numbered object, the `index`th of its kind.
pub fn derived_uid(number: u32, kind: Derived, index: usize) -> String {
    let index = index & 0xffff;
    format!(
        "{:08x}-0000-4000-8000-{:012x}",
        kind as u32,
        (u64::from(number) << 16) | index as u64
    )
}

/// A number drawn for something derived from a numbered object.
pub const fn derived(number: u32, kind: Derived, index: usize) -> u64 {
    mix(number as u64 ^ ((kind as u64) << 56) ^ ((index as u64) << 32))
}

/// 64 hexadecimal digits, as a digest has them.
pub fn digest(number: u64) -> String {
    let mut text = String::with_capacity(64);
    for part in 0..4_u64 {
        let _ = write!(text, "{:016x}", mix(number ^ (part << 60)));
    }
    text
}

/// A number of a text (FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>).
pub fn number_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Five letters and digits as Kubernetes' name generator draws them (apimachinery `util/rand`).
pub fn suffix(number: u64) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = mix(number);
    let mut text = String::new();
    for _ in 0..5 {
        text.push(char::from(LETTERS[(rest % 27) as usize]));
        rest /= 27;
    }
    text
}

/// `status.podIP` of a pod by its number, from 10.244.0.0 (the range of kubeadm and kind) to
/// the end of 10.0.0.0/8: unique below 786,432 objects.
#[must_use]
pub fn pod_ip(number: u32) -> String {
    let host = number.wrapping_add(1) % 0x000c_0000;
    format!(
        "10.{}.{}.{}",
        244 + (host >> 16),
        (host >> 8) & 0xff,
        host & 0xff
    )
}

/// `InternalIP` of a node by its index, in 172.16.0.0/12.
#[must_use]
pub fn node_ip(index: usize) -> String {
    let host = (index + 2) & 0xf_ffff;
    format!(
        "172.{}.{}.{}",
        16 + (host >> 16),
        (host >> 8) & 0xff,
        host & 0xff
    )
}

/// `spec.clusterIP` of a Service by its number, in 10.96.0.0/12, the range of kubeadm.
#[must_use]
pub fn cluster_ip(number: u32) -> String {
    let host = number.wrapping_add(1) & 0xf_ffff;
    format!(
        "10.{}.{}.{}",
        96 + (host >> 16),
        (host >> 8) & 0xff,
        host & 0xff
    )
}

#[cfg(test)]
mod tests {
    use super::{Derived, cluster_ip, derived_uid, node_ip, pod_ip, suffix, uid};

    #[test]
    fn numbers_make_ids_of_the_right_shape() {
        assert_eq!(uid(7), "00000000-0000-4000-8000-000000000007");
        assert_eq!(
            derived_uid(7, Derived::Event, 1),
            "00000002-0000-4000-8000-000000070001"
        );
        assert_eq!(suffix(1).len(), 5);
        assert_eq!(
            (pod_ip(0), pod_ip(70_000)),
            ("10.244.0.1".into(), "10.245.17.113".into())
        );
        assert_eq!(
            (node_ip(0), cluster_ip(4)),
            ("172.16.0.2".into(), "10.96.0.5".into())
        );
    }
}
