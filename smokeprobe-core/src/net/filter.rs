//! What a raw ICMP socket is to receive.

use std::ffi::c_int;
use std::io;
use std::os::fd::AsFd as _;

use socket2::{SockFilter, Socket};

use super::sys;
use crate::icmp::wire::Family;

/// `ICMP_FILTER` of `linux/icmp.h` and `ICMPV6_FILTER` of `linux/icmpv6.h`: a bit set is a type kept out.
const ICMP_FILTER: c_int = 1;
/// The level of `ICMP_FILTER`.
const SOL_RAW: c_int = 255;

/// Lets a raw socket receive echo replies to our identifier only. ICMP errors come through the error queue, which no
/// filter touches.
pub(super) fn replies_to(socket: &Socket, family: Family, ident: u16) -> io::Result<()> {
    let fd = socket.as_fd();
    let reply = u32::from(family.reply());
    match family {
        Family::V4 => sys::set_option(fd, SOL_RAW, ICMP_FILTER, !(1 << reply))?,
        Family::V6 => {
            let mut kept_out = [u32::MAX; 8];
            kept_out[reply as usize / 32] &= !(1 << (reply % 32));
            let bytes: Vec<u8> = kept_out.iter().flat_map(|word| word.to_ne_bytes()).collect();
            sys::set_option_bytes(fd, libc::IPPROTO_ICMPV6, ICMP_FILTER, &bytes)?;
        }
    }
    let step = |code: u32, jt: u8, jf: u8, k: u32| SockFilter::new(code as u16, jt, jf, k);
    // The index register holds the length of the IP header, which raw IPv6 sockets leave out.
    let header = match family {
        Family::V4 => step(libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH, 0, 0, 0),
        Family::V6 => step(libc::BPF_LDX | libc::BPF_W | libc::BPF_IMM, 0, 0, 0),
    };
    socket.attach_filter(&[
        header,
        step(libc::BPF_LD | libc::BPF_H | libc::BPF_IND, 0, 0, 4),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, u32::from(ident)),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ])
}
