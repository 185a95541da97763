//! The mark in each request by which its answer proves that it answers us.
//!
//! The data of a request starts with four bytes that name the round, and eight that only we can make: SipHash-2-4
//! under a key drawn at start, over the target's address, the round and the number of the sample. An answer without
//! them is somebody else's, or forged. With less than [`FULL`] bytes of data only the first bytes of the eight are
//! there, as many as fit, and the address and the sequence number have to find the round.
//!
//! There is no time in the packet: a time that comes back from the network is not to be trusted.

use std::hash::Hasher as _;
use std::io;
use std::net::IpAddr;

use siphasher::sip::SipHasher24;

use super::flight::PacketId;

/// Bytes of data that hold the whole mark.
pub(super) const FULL: usize = 12;

/// The key of the marks.
#[derive(Clone)]
pub struct CookieKey(SipHasher24);

impl CookieKey {
    /// A key from the system's source of randomness.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub fn random() -> io::Result<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key)?;
        Ok(Self::new(&key))
    }

    /// This key. For tests: whoever knows the key can forge answers.
    pub fn new(key: &[u8; 16]) -> Self {
        Self(SipHasher24::new_with_key(key))
    }

    /// Fills the data of a request.
    pub(super) fn fill(&self, data: &mut [u8], packet: PacketId, target: IpAddr) {
        let mark = self.mark(packet, target);
        if let Some((start, rest)) = data.split_first_chunk_mut::<FULL>() {
            start[..4].copy_from_slice(&packet.round.tag().to_be_bytes());
            start[4..].copy_from_slice(&mark);
            // The bytes 12, 13, 14, … as other pings send: easy to tell in a capture, and no two neighbours equal.
            for (place, byte) in rest.iter_mut().enumerate() {
                *byte = (FULL + place) as u8;
            }
        } else {
            let length = data.len().min(mark.len());
            data[..length].copy_from_slice(&mark[..length]);
        }
    }

    /// The round that full data names, unproven.
    pub(super) fn tag(data: &[u8]) -> Option<u32> {
        data.get(..FULL)?.first_chunk().map(|tag| u32::from_be_bytes(*tag))
    }

    /// Whether `data` can be that of `packet` to `target`: the mark, as far as it was sent (`sent` bytes of data).
    pub(super) fn proves(&self, data: &[u8], sent: usize, packet: PacketId, target: IpAddr) -> bool {
        let mark = self.mark(packet, target);
        if sent >= FULL {
            data.len() >= FULL && data[..4] == packet.round.tag().to_be_bytes() && data[4..FULL] == mark
        } else {
            let length = sent.min(mark.len());
            data.len() >= length && data[..length] == mark[..length]
        }
    }

    fn mark(&self, packet: PacketId, target: IpAddr) -> [u8; 8] {
        let mut hasher = self.0;
        match target {
            IpAddr::V4(address) => hasher.write(&address.octets()),
            IpAddr::V6(address) => hasher.write(&address.octets()),
        }
        hasher.write_u64(packet.round.number());
        hasher.write_u32(packet.sample);
        hasher.finish().to_be_bytes()
    }
}

impl std::fmt::Debug for CookieKey {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieKey(..)")
    }
}
