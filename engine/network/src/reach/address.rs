//! IPv4 addresses, as far as `ipBlock` rules need them.

use core::fmt;

/// An IPv4 address as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub u32);

impl Address {
    /// Some host of the public internet, for traffic whose source is not known:
    /// TEST-NET-3 of RFC 5737.
    pub const INTERNET: Self = Self(0xCB00_7101);
}

/// Addresses of pods, from 10.244.0.0 (the range of kubeadm's and kind's defaults) to the end of 10.0.0.0/8.
const POD_ADDRESSES: u32 = 0x000C_0000;

/// The address of a pod by its canonical number, as it is printed in `status.podIP`: unique
/// below 786,432 objects. It depends on no name and on no node.
#[must_use]
pub const fn pod_address(number: u32) -> Address {
    Address(0x0AF4_0000 + number.wrapping_add(1) % POD_ADDRESSES)
}

/// The address of a node by its index, as its `InternalIP` is printed: in 172.16.0.0/12.
#[must_use]
pub const fn node_address(index: usize) -> Address {
    Address(0xAC10_0000 | ((index as u32).wrapping_add(2) & 0x000F_FFFF))
}

/// The address of a Service by its canonical number, as it is printed in `spec.clusterIP`: in 10.96.0.0/12.
#[must_use]
pub const fn service_address(number: u32) -> Address {
    Address(0x0A60_0000 + (number.wrapping_add(1) & 0x000F_FFFF))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0.to_be_bytes();
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

impl core::str::FromStr for Address {
    type Err = core::net::AddrParseError;

    /// Dotted decimal.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<core::net::Ipv4Addr>()
            .map(|address| Self(u32::from(address)))
    }
}

/// Whether `cidr` (`10.0.0.0/8`) contains `address`. A prefix that cannot be
/// read, or an IPv6 one, contains nothing: the API server would have refused
/// the former, and addresses here are IPv4.
pub(super) fn contains(cidr: &str, address: Address) -> bool {
    let Some((network, length)) = cidr.split_once('/') else {
        return false;
    };
    let (Ok(network), Ok(length)) = (network.parse::<Address>(), length.parse::<u32>()) else {
        return false;
    };
    match length {
        0 => true,
        1..=32 => (network.0 ^ address.0) >> (32 - length) == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_contains_its_addresses() {
        for (cidr, address, expected) in [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("203.0.113.1/32", "203.0.113.1", true),
            ("203.0.113.1/32", "203.0.113.2", false),
            ("2001:db8::/32", "10.0.0.1", false),
            ("10.0.0.0", "10.0.0.0", false),
            ("10.0.0.0/33", "10.0.0.0", false),
        ] {
            let address: Address = address.parse().unwrap();
            assert_eq!(contains(cidr, address), expected, "{cidr} {address}");
        }
    }

    #[test]
    fn pods_have_addresses_of_their_own() {
        use alloc::string::ToString;
        assert_eq!(pod_address(0).to_string(), "10.244.0.1");
        assert_eq!(pod_address(70_000).to_string(), "10.245.17.113");
        assert_eq!(node_address(0).to_string(), "172.16.0.2");
    }
}
