//! One direction of a network, in virtual time: delay, jitter, loss in bursts, duplicates, reordering. The same seed
//! gives the same network.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::time::MonoTime;

/// What a link does to packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// How long every packet takes.
    pub delay: Duration,
    /// How much longer a packet may take; evenly spread.
    pub jitter: Duration,
    /// The share of packets lost, 0 to 1.
    pub loss: f64,
    /// How many packets in a row are lost on average; 1 for single losses.
    pub burst: f64,
    /// The share of packets that arrive twice.
    pub duplicates: f64,
    /// The share of packets that take three times as long, so that later ones overtake them.
    pub reordered: f64,
}

impl Default for Conditions {
    /// A perfect link of no length.
    fn default() -> Self {
        Self { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0, burst: 1.0, duplicates: 0.0, reordered: 0.0 }
    }
}

/// A link with packets on their way.
#[derive(Debug)]
pub struct Link<T> {
    conditions: Conditions,
    random: Random,
    /// The Gilbert–Elliott model of bursts: in this state every packet is lost.
    losing: bool,
    way: BinaryHeap<Packet<T>>,
    sent: u64,
}

impl<T: Clone> Link<T> {
    /// A link under these conditions.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self { conditions, random: Random::new(seed), losing: false, way: BinaryHeap::new(), sent: 0 }
    }

    /// Puts a packet on its way. Returns whether it will arrive.
    pub fn send(&mut self, now: MonoTime, packet: T) -> bool {
        // Every packet draws the same numbers whatever becomes of it, so that conditions can be compared.
        let [state, jitter, duplicate, reorder] = [(); 4].map(|()| self.random.unit());
        let Conditions { delay, jitter: most, loss, burst, duplicates, reordered } = self.conditions;
        let leave = 1.0 / burst;
        let enter = if loss < 1.0 { leave * loss / (1.0 - loss) } else { 1.0 };
        self.losing = if self.losing && loss < 1.0 { state >= leave } else { state < enter };
        if self.losing {
            return false;
        }
        let mut way = delay + most.mul_f64(jitter);
        if reorder < reordered {
            way *= 3;
        }
        if duplicate < duplicates {
            self.put(now + way + most / 2, packet.clone());
        }
        self.put(now + way, packet);
        true
    }

    /// The next packet that has arrived, with the time at which it did.
    pub fn poll(&mut self, now: MonoTime) -> Option<(MonoTime, T)> {
        if self.next_arrival()? > now {
            return None;
        }
        self.way.pop().map(|packet| (packet.arrives, packet.content))
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<MonoTime> {
        self.way.peek().map(|packet| packet.arrives)
    }

    fn put(&mut self, arrives: MonoTime, content: T) {
        self.sent += 1;
        self.way.push(Packet { arrives, order: self.sent, content });
    }
}

#[derive(Debug)]
struct Packet<T> {
    arrives: MonoTime,
    order: u64,
    content: T,
}

impl<T> Packet<T> {
    fn key(&self) -> (MonoTime, u64) {
        (self.arrives, self.order)
    }
}

impl<T> PartialEq for Packet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Packet<T> {}

impl<T> PartialOrd for Packet<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Packet<T> {
    /// The first to arrive is the greatest, as the heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

/// Numbers that look random and are the same for the same seed, on every machine and for ever: SplitMix64 (Steele, Lea
/// and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number of 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number from 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(conditions: Conditions, packets: u32) -> Vec<bool> {
        let mut link = Link::new(conditions, 7);
        (0..packets).map(|packet| link.send(MonoTime::ORIGIN, packet)).collect()
    }

    #[test]
    fn loss_is_as_frequent_and_as_bursty_as_asked_for() {
        for (loss, burst) in [(0.0, 1.0), (0.05, 1.0), (0.3, 4.0), (1.0, 1.0)] {
            let fate = fate(Conditions { loss, burst, ..Conditions::default() }, 100_000);
            let lost = fate.iter().filter(|arrives| !**arrives).count();
            let bursts = fate.windows(2).filter(|pair| pair[0] && !pair[1]).count();
            assert!((lost as f64 / 1e5 - loss).abs() < 0.01, "{lost} lost of {loss}");
            let partial = lost > 0 && lost < fate.len();
            assert!(!partial || (lost as f64 / bursts as f64 - burst).abs() < burst / 10.0);
        }
    }

    #[test]
    fn packets_arrive_by_their_time_and_twice_when_duplicated() {
        let at = |millis| MonoTime::ORIGIN + Duration::from_millis(millis);
        let conditions = Conditions { delay: Duration::from_millis(5), duplicates: 1.0, ..Conditions::default() };
        let mut link = Link::new(conditions, 1);
        link.send(at(1), "a");
        link.send(at(0), "b");
        assert_eq!(link.poll(at(4)), None);
        assert_eq!(link.next_arrival(), Some(at(5)));
        let arrived: Vec<_> = std::iter::from_fn(|| link.poll(at(9))).collect();
        assert_eq!(arrived, [(at(5), "b"), (at(5), "b"), (at(6), "a"), (at(6), "a")]);
    }
}
