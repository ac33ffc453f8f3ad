//! A host and its port as operators write them.
//!
//! Source: docs/spec/oci-services.md#item-2.

use url::Host;

use super::address::is_allowed;

/// Returns a `host` or `host:port` in the one form that addresses are compared in: an IP literal or
/// a DNS name, in lower case. None for everything else, and for addresses that are never called.
pub fn authority(text: &str) -> Option<String> {
    let end = if text.starts_with('[') {
        text.find(']')? + 1
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, port) = text.split_at_checked(end)?;
    let host = match Host::parse(host).ok()? {
        Host::Ipv4(address) if host == address.to_string() => {
            is_allowed(address.into(), true).then(|| address.to_string())
        }
        Host::Ipv6(address) => is_allowed(address.into(), true).then(|| format!("[{address}]")),
        Host::Domain(name) if is_dns_name(&name) && host.eq_ignore_ascii_case(&name) => Some(name),
        // Such as `127.1`: a parser reads it as an address that is not written there.
        Host::Ipv4(_) | Host::Domain(_) => None,
    }?;
    match port.strip_prefix(':') {
        None if port.is_empty() => Some(host),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
            Some(format!("{host}:{port}"))
        }
        _ => None,
    }
}

/// Returns whether a host is labels of letters, digits and inner hyphens. Labels that begin with
/// `xn--` are refused.
fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.starts_with("xn--")
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_a_name_and_a_port_is_a_port() {
        for (text, known) in [
            ("localhost", "localhost"),
            ("Model.Example", "model.example"),
            ("a-b.c1:8443", "a-b.c1:8443"),
            ("127.0.0.1", "127.0.0.1"),
            ("10.0.0.7:1", "10.0.0.7:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("[FD00::0:1]", "[fd00::1]"),
            ("host:00443", "host:443"),
        ] {
            assert_eq!(authority(text).as_deref(), Some(known), "{text}");
        }
    }

    #[test]
    fn what_no_address_could_ever_match_is_no_host() {
        let long = format!("{}.example", "a".repeat(64));
        for text in [
            "",
            ":",
            "localhost:",
            ":443",
            "host:0",
            "host:65536",
            "host:99999",
            "host:+1",
            "host:1:2",
            "host:a",
            "-a.b",
            "a-.b",
            "a..b",
            ".a",
            "a.",
            "a_b",
            "a b",
            "*.example",
            "https://a",
            "a/b",
            "user@a",
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "1.2.3.4.5",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:",
            "[fe80::1%25eth0]",
            "xn--bcher-kva.example",
            "bücher.example",
            "169.254.169.254",
            "0.0.0.0",
            "[fe80::1]",
            "%6cocalhost",
            &long,
        ] {
            assert_eq!(authority(text), None, "{text}");
        }
    }
}
