//! What this process may do, and what to change when it may not open ICMP sockets.

use std::fs;
use std::io;

const GROUP_RANGE: &str = "/proc/sys/net/ipv4/ping_group_range";

/// The error for when neither kind of ICMP socket opens, with both ways out. Either is enough.
pub(super) fn neither_opens(datagram: &io::Error, raw: &io::Error) -> io::Error {
    let range = fs::read_to_string(GROUP_RANGE);
    let range =
        range.as_deref().map_or("unknown".into(), |range| range.split_whitespace().collect::<Vec<_>>().join("-"));
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "datagram socket: {datagram} (groups allowed by net.ipv4.ping_group_range: {range}); raw socket: {raw}. \
             Either allow the program's group with `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`, which \
             covers IPv6 too, or give the program CAP_NET_RAW: `setcap cap_net_raw+ep PROGRAM`, \
             `AmbientCapabilities=CAP_NET_RAW` in its systemd unit, or `--cap-add NET_RAW` in a container"
        ),
    )
}
