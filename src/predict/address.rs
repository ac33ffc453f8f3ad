//! Which IP addresses a model deployment can have.
//!
//! Source: docs/spec/oci-services.md#item-9.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns whether an address may be connected to. With `private`, for hosts that the operator
/// listed by name, private ones may too.
pub(super) fn is_allowed(address: IpAddr, private: bool) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_allowed_v4(address, private),
        IpAddr::V6(address) => is_allowed_v6(address, private),
    }
}

fn is_allowed_v4(address: Ipv4Addr, private: bool) -> bool {
    let [first, second, third, _] = address.octets();
    let inside = address.is_loopback()
        || address.is_private()
        || (first == 100 && (64..128).contains(&second));
    let reserved = first == 0
        || first >= 240
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && matches!(second, 18 | 19));
    let never =
        address.is_link_local() || address.is_multicast() || address.is_documentation() || reserved;
    !never && (private || !inside)
}

/// The metadata service of an instance.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe);

fn is_allowed_v6(address: Ipv6Addr, private: bool) -> bool {
    let inside = address.is_loopback() || address.is_unique_local();
    // Only 2000::/3 is routed. Documentation addresses, and tunnels that hide an IPv4 address, are
    // inside it.
    let segments = address.segments();
    let tunnel = matches!(segments, [0x2002, ..] | [0x2001, 0, ..]);
    let documentation = matches!(segments, [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..]);
    let routed = matches!(segments, [0x2000..=0x3fff, ..]) && !tunnel && !documentation;
    if inside { private && address != METADATA_V6 } else { routed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_may_lead_into_private_networks() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            let address = address.parse().unwrap();
            assert!(!is_allowed(address, false), "{address}");
            assert!(is_allowed(address, true), "{address}");
        }
    }

    #[test]
    fn metadata_multicast_and_reserved_addresses_are_never_called() {
        let never = [
            "169.254.169.254",
            "fd00:c1::a9fe:a9fe",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "192.0.0.8",
            "fe80::1",
            "ff02::1",
            "::",
            "2001:db8::1",
            "::ffff:169.254.169.254",
            "2002:a9fe:a9fe::1",
            "64:ff9b::a9fe:a9fe",
            "2001::1",
        ];
        for address in never {
            let address = address.parse().unwrap();
            assert!(!is_allowed(address, true), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_called() {
        for address in [
            "134.70.8.1",
            "1.1.1.1",
            "8.0.0.8",
            "1.0.1.1",
            "192.1.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "101.64.0.1",
            "172.32.0.1",
            "223.255.255.255",
            "2603:c020::1",
        ] {
            assert!(is_allowed(address.parse().unwrap(), false), "{address}");
        }
    }
}
