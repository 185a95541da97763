//! A network device whose packets a test reads and writes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};
use std::time::Duration;

use super::netns::ip;
use crate::net::sys;

/// The prefix behind the device: every address but `.0.1` is the test's to answer for.
pub const NETWORK_V4: &str = "10.99.0.1/16";
/// The same for IPv6.
pub const NETWORK_V6: &str = "fd99::1/64";

/// A TUN device, up, with addresses and routes.
#[derive(Debug)]
pub struct Tun(File);

impl Tun {
    /// Makes a device of this name in the network namespace of the calling thread.
    ///
    /// # Panics
    ///
    /// When the system does not allow it.
    pub fn new(name: &str) -> Self {
        let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun");
        let file = file.unwrap_or_else(|error| panic!("/dev/net/tun: {error}; run as root, or modprobe tun"));
        attach(&file, name).unwrap_or_else(|error| panic!("cannot make a TUN device: {error}; run as root"));
        ip(&format!("addr add {NETWORK_V4} dev {name}"));
        ip(&format!("-6 addr add {NETWORK_V6} dev {name} nodad"));
        ip(&format!("link set {name} mtu 1500 up"));
        wait_for_address();
        Self(file)
    }

    /// Reads one packet, if there is one.
    pub fn read(&self, packet: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(packet)
    }

    /// Hands one packet to the system, as if it had come from the network.
    pub fn write(&self, packet: &[u8]) -> io::Result<()> {
        (&self.0).write_all(packet)
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Until the kernel has been through with a new IPv6 address, it takes no packets for it.
fn wait_for_address() {
    const TENTATIVE: u8 = 0x40;
    for _ in 0..5000 {
        // Address, index, prefix length, scope, flags, name.
        let addresses = fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
        let ours = addresses.lines().find(|line| line.starts_with("fd99000000000000"));
        let flags = ours.and_then(|line| line.split_whitespace().nth(4));
        if flags.and_then(|flags| u8::from_str_radix(flags, 16).ok()).is_some_and(|flags| flags & TENTATIVE == 0) {
            return;
        }
        let _ = sys::wait(&[], Some(Duration::from_millis(1)));
    }
    panic!("the device's IPv6 address does not become usable; is IPv6 switched off?");
}

fn attach(file: &File, name: &str) -> io::Result<()> {
    // SAFETY: a plain C structure of integers, for which all zeroes is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    assert!(name.len() < request.ifr_name.len(), "a device name is short");
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte as _;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as _;
    // SAFETY: the request outlives the call and is of the type that TUNSETIFF reads.
    let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF as _, &raw const request) };
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: changes a flag of an open descriptor that is ours.
    let set = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
