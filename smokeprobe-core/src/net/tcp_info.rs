//! What the kernel knows of a TCP connection.

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd};

/// How many segments the kernel has sent again on `socket`, SYNs included. Known after the connection failed, too.
pub(super) fn retransmissions(socket: &impl AsFd) -> io::Result<u32> {
    // SAFETY: `tcp_info` is made of integers only, for which all zeroes is a value.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    // A struct of some hundred bytes.
    let mut length = mem::size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the descriptor is open while it is borrowed, and the kernel writes at most `length` bytes to `info`,
    // which has room for that many.
    let status = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    if status == 0 { Ok(info.tcpi_total_retrans) } else { Err(io::Error::last_os_error()) }
}
