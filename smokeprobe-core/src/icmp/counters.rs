//! What the pinger counts, for metrics. Hostile packets are counted here and never logged one by one.

use std::time::Duration;

/// Totals since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Requests handed to the kernel.
    pub sent: u64,
    /// Answers that became an RTT.
    pub answered: u64,
    /// Samples lost because nothing came in time.
    pub timed_out: u64,
    /// Answers that came after their sample was given up, to rounds still open.
    pub late: u64,
    /// Answers beyond the first to one request, to rounds still open.
    pub duplicates: u64,
    /// Genuine answers to rounds that were closed already: late ones or duplicates.
    pub after_close: u64,
    /// Echo replies that prove nothing: forged, or for another program.
    pub forged: u64,
    /// Packets cut short, or longer than anything that was sent.
    pub truncated: u64,
    /// Packets with a wrong checksum.
    pub damaged: u64,
    /// Packets that are no echo reply.
    pub unexpected: u64,
    /// ICMP errors about our requests.
    pub icmp_errors: u64,
    /// ICMP errors that quote nothing of ours: forged, or for another program.
    pub foreign_errors: u64,
    /// Times that a full send buffer made us wait. Never a loss.
    pub send_waits: u64,
    /// Requests that the system refused to send.
    pub send_failed: u64,
    /// Packets that our full receive queue dropped.
    pub receive_overflows: u64,
    /// RTTs that the kernel stamped on both sides.
    pub kernel_stamps: u64,
    /// RTTs taken in user space.
    pub user_stamps: u64,
    /// Steps of the wall clock, which cost the packets in flight their kernel stamps.
    pub clock_steps: u64,
    /// Rounds that our own starvation may have spoilt.
    pub suspect_rounds: u64,
    /// Rounds open now.
    pub open_rounds: u64,
    /// Times that the driver woke and looked at its sockets. None while no round is open.
    pub passes: u64,
    /// How late the worst timer fired.
    pub worst_lateness: Duration,
}
