//! This machine, by its names and addresses.

use std::net::IpAddr;

/// Returns whether a host is this machine, which plain http does not leave.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
