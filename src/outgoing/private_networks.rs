//! The networks to which no request of a tenant goes unless the settings allow it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether no public server has this address, or it can lead to the machine's own network.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_private_v4(address),
            None => is_private_v6(address),
        },
    }
}

/// The IPv4 addresses that no public server has, or that lead to the machine's own network: IANA's registry of special-purpose addresses
/// (2025), multicast, and the address under which Azure's virtual machines reach their host.
const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared addresses of carriers.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Link-local: also where clouds have their metadata.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments, among them Oracle's cloud's metadata.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays of 6to4.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast; reserved, with broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The IPv6 addresses of the same kinds, and those that can contain an IPv4 address.
const PRIVATE_V6: &[(Ipv6Addr, u32)] = &[
    // Unspecified, loopback, and IPv4-compatible addresses.
    (Ipv6Addr::UNSPECIFIED, 96),
    // IPv4-translated addresses.
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
    // NAT64, of any network and of this one.
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    // Discard-only, and dummy prefixes.
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 48),
    // Protocol assignments, among them Teredo, benchmarks and ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // Segment routing.
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),
    // Unique local, link-local, the old site-local, multicast.
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

fn is_private_v4(address: Ipv4Addr) -> bool {
    PRIVATE_V4.iter().any(|(network, bits)| {
        let mask = u32::MAX << (32 - bits);
        address.to_bits() & mask == network.to_bits()
    })
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    PRIVATE_V6.iter().any(|(network, bits)| {
        let mask = u128::MAX << (128 - bits);
        address.to_bits() & mask == network.to_bits()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and the last address of each network are private, and its neighbors are not unless another network has them.
    #[test]
    fn each_network_is_private_from_its_first_to_its_last_address() {
        for (network, bits) in PRIVATE_V4 {
            let size = u32::try_from((1_u64 << (32 - bits)) - 1).expect("32 bits");
            assert_eq!(network.to_bits() & size, 0, "{network}/{bits}");
            for address in [network.to_bits(), network.to_bits() + size].map(Ipv4Addr::from_bits) {
                assert!(is_private(address.into()), "{address}");
                assert!(is_private(address.to_ipv6_mapped().into()), "::ffff:{address}");
            }
        }
        for (network, bits) in PRIVATE_V6 {
            let size = u128::MAX >> bits;
            assert_eq!(network.to_bits() & size, 0, "{network}/{bits}");
            for address in [network.to_bits(), network.to_bits() + size].map(Ipv6Addr::from_bits) {
                assert!(is_private(address.into()), "{address}");
            }
        }
        let public = [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "::1:0:0:0",
            "64:ff9a:ffff::",
            "64:ff9b:2::",
            "100:0:1::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2a00:1450::1",
            "3ffe:ffff::",
            "3fff:1000::",
            "5eff:ffff::",
            "5f01::",
            "fbff:ffff::",
            "fe00::",
            "fe7f:ffff::",
        ];
        for address in public {
            assert!(!is_private(address.parse().expect("an address")), "{address}");
        }
    }
}
