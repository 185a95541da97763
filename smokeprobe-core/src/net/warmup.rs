//! Waits until the kernel stamps what it receives.
//!
//! The first socket on a machine that asks for stamps switches them on for all packets, and the kernel does that a
//! little later (`net_enable_timestamp`): the packets until then would have none.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd as _;
use std::time::Duration;

use super::control;
use super::sys::{self, Batch};

/// How often to look, and how long in between.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(1);

/// Returns when a packet over the loopback comes with a stamp; or when that takes too long, or there is no loopback.
/// Then the first packets are timed in user space.
pub(super) fn wait_for_stamps() {
    for _ in 0..LOOKS {
        if matches!(stamped(), Ok(true) | Err(_)) {
            return;
        }
        let _ = sys::wait(&[], Some(PAUSE));
    }
}

fn stamped() -> io::Result<bool> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    let flags = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
    sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, flags)?;
    socket.send_to(&[0], socket.local_addr()?)?;
    let mut batch = Batch::new(1);
    let count = batch.receive(socket.as_fd(), false)?;
    Ok(count > 0 && control::read(batch.packet(0).control).stamp.is_some())
}
