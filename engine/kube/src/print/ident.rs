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

/// `metadata.uid`, in the shape of a random UUID (RFC 9562, version 4).
pub fn uid(number: u64) -> String {
    let (a, b) = (mix(number), mix(!number));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        8 | (b >> 62),
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

/// The number that stands for something derived from a numbered object: an EndpointSlice, an Event.
pub const fn derived(number: u64, kind: u64, index: u64) -> u64 {
    mix(number ^ (kind << 56) ^ (index << 32))
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

/// `status.podIP` of a pod by its number, in 10.128.0.0/9: unique below 2²³ pods.
#[must_use]
pub fn pod_ip(number: u32) -> String {
    let host = number.wrapping_add(1) & 0x7f_ffff;
    format!(
        "10.{}.{}.{}",
        128 + (host >> 16),
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
    use super::{cluster_ip, node_ip, pod_ip, suffix, uid};

    #[test]
    fn numbers_make_ids_of_the_right_shape() {
        let id = uid(7);
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(
            id.split('-')
                .nth(2)
                .is_some_and(|part| part.starts_with('4'))
        );
        assert_ne!(uid(7), uid(8));
        assert_eq!(suffix(1).len(), 5);
        assert_eq!(
            (pod_ip(0), pod_ip(70_000)),
            ("10.128.0.1".into(), "10.129.17.113".into())
        );
        assert_eq!(
            (node_ip(0), cluster_ip(4)),
            ("172.16.0.2".into(), "10.96.0.5".into())
        );
    }
}
