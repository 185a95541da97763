//! The pinger in virtual time, over a simulated network.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use smokeprobe_core::icmp::pinger::{Group, Machine, Received, ReceivedError, Request, SocketId, Transmit};
use smokeprobe_core::icmp::wire::{self, Framing};
use smokeprobe_core::icmp::{CookieKey, Counters, RoundKey};
use smokeprobe_core::sim::link::{Conditions, Link};
use smokeprobe_core::{KernelTime, LossReason, Measured, MonoTime, Recorder};

const IDENT: u16 = 0x5150;
const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const SOCKET: SocketId = SocketId(0);
/// The wall clock of the simulated kernel, ahead of the monotonic one.
const WALL: i64 = 1_700_000_000_000_000_000;

/// A packet in the simulated network.
#[derive(Debug, Clone)]
struct Packet {
    from: IpAddr,
    bytes: Vec<u8>,
}

/// A pinger, its driver's ticks, and a network out and back. The other side answers at once.
struct World {
    machine: Machine,
    now: MonoTime,
    tick: Duration,
    out: Link<Packet>,
    back: Link<Packet>,
    /// What the kernel's clock is ahead.
    wall: i64,
    kernel_stamps: bool,
    /// The times at which packets were sent.
    sent: Vec<MonoTime>,
    finished: Vec<RoundKey>,
}

impl World {
    fn new(out: Conditions, seed: u64) -> Self {
        Self {
            machine: Machine::new(CookieKey::new(b"0123456789abcdef")),
            now: MonoTime::ORIGIN + Duration::from_secs(1),
            tick: Duration::from_millis(10),
            out: Link::new(out, seed),
            back: Link::new(Conditions { delay: out.delay, ..Conditions::default() }, 0),
            wall: WALL,
            kernel_stamps: true,
            sent: Vec::new(),
            finished: Vec::new(),
        }
    }

    fn delay(millis: u64) -> Conditions {
        // Half each way.
        Conditions { delay: Duration::from_micros(millis * 500), ..Conditions::default() }
    }

    fn start(&mut self, count: u32) -> Recorder {
        self.start_with(|request| request.count = count)
    }

    fn start_with(&mut self, change: impl FnOnce(&mut Request)) -> Recorder {
        let mut request = Request {
            socket: SOCKET,
            target: TARGET,
            count: 20,
            discard_first: false,
            data: 56,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            group: Group { id: 0, gap: Duration::from_millis(1) },
            recorder: Recorder::new(0),
        };
        change(&mut request);
        let recorder = Recorder::new(request.count);
        request.recorder = recorder.clone();
        self.machine.handle_request(self.now, request).unwrap();
        recorder
    }

    fn kernel(&self, at: MonoTime) -> Option<KernelTime> {
        self.kernel_stamps.then(|| KernelTime::from_nanos(self.wall + at.as_nanos() as i64))
    }

    /// One pass of the driver.
    fn pass(&mut self) {
        while let Some((at, packet)) = self.out.poll(self.now) {
            self.back.send(at, Packet { bytes: answered(&packet.bytes), ..packet });
        }
        while let Some((at, packet)) = self.back.poll(self.now) {
            let stamp = self.kernel(at);
            self.receive(&packet, stamp);
        }
        self.machine.handle_timeout(self.now);
        while let Some(transmit) = self.machine.poll_transmit(self.now) {
            self.transmit(&transmit);
        }
        self.finished.extend(std::iter::from_fn(|| self.machine.poll_finished()));
    }

    fn transmit(&mut self, transmit: &Transmit) {
        let mut bytes = Vec::new();
        self.machine.write(transmit, IDENT, &mut bytes);
        self.machine.handle_sent(self.now, transmit.packet);
        if let Some(stamp) = self.kernel(self.now) {
            self.machine.handle_stamp(transmit.packet, stamp);
        }
        self.sent.push(self.now);
        self.out.send(self.now, Packet { from: transmit.target, bytes });
    }

    fn receive(&mut self, packet: &Packet, stamp: Option<KernelTime>) {
        self.machine.handle_packet(&Received {
            framing: Framing::Bare,
            ident: IDENT,
            from: packet.from,
            bytes: &packet.bytes,
            cut: false,
            read: self.now,
            stamp,
        });
    }

    /// Passes tick by tick for some time.
    fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.pass();
            self.now = (self.now + self.tick).min(end);
        }
    }

    fn run(&mut self) -> Counters {
        self.run_for(Duration::from_secs(60));
        assert!(self.machine.is_idle());
        self.machine.counters()
    }
}

fn answered(request: &[u8]) -> Vec<u8> {
    let mut reply = request.to_vec();
    reply[..4].copy_from_slice(&[0; 4]);
    let sum = wire::checksum(&reply);
    reply[2..4].copy_from_slice(&sum.to_be_bytes());
    reply
}

fn close(recorder: &Recorder) -> Measured {
    recorder.close().expect("samples")
}

/// The RTT, in the kernel's time, is that of the network to the nanosecond, although the driver looks only every 10 ms.
#[test]
fn rtt_is_the_networks_and_not_the_drivers() {
    let mut world = World::new(World::delay(23), 1);
    let recorder = world.start(20);
    world.run();
    let round = close(&recorder);
    assert!(round.rtts().iter().all(|rtt| rtt.as_nanos() == 23_000_000), "{:?}", round.rtts());
    assert_eq!(round.quality.kernel_stamps, 20);
}

/// What is measured of a network with these faults: 2,000 samples a cell.
#[test]
fn loss_and_jitter_are_measured_as_they_are() {
    let mut table = String::new();
    for loss in [0.0, 0.05, 0.3] {
        for (jitter, burst) in [(0, 1.0), (40, 1.0), (40, 5.0)] {
            let conditions = Conditions {
                jitter: Duration::from_millis(jitter),
                loss,
                burst,
                duplicates: 0.02,
                reordered: 0.05,
                ..World::delay(20)
            };
            let mut world = World::new(conditions, 42);
            let recorders: Vec<Recorder> = (0..100).map(|_| world.start(20)).collect();
            let counters = world.run();
            let rounds: Vec<Measured> = recorders.iter().map(close).collect();
            let mut rtts: Vec<f64> = rounds.iter().flat_map(Measured::rtts).map(|rtt| rtt.as_millis_f64()).collect();
            rtts.sort_by(f64::total_cmp);
            let lost: u32 = rounds.iter().map(Measured::lost).sum();
            let worst = rounds.iter().map(Measured::lost).max().unwrap();
            assert_eq!(rtts.len() + lost as usize, 2000);
            assert_eq!(counters.kernel_stamps, rtts.len() as u64);
            let [low, median, high] = [0, rtts.len() / 2, rtts.len() - 1].map(|place| rtts[place]);
            writeln!(
                table,
                "loss {loss:4.2} burst {burst} jitter {jitter:2} ms | lost {lost:3}, at most {worst:2} a round | \
                 rtt {low:5.2} {median:5.2} {high:6.2} ms | duplicates {:2}",
                counters.duplicates + counters.after_close,
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(table, @r"
    loss 0.00 burst 1 jitter  0 ms | lost   0, at most  0 a round | rtt 20.00 20.00  40.00 ms | duplicates 34
    loss 0.00 burst 1 jitter 40 ms | lost   0, at most  0 a round | rtt 20.03 41.40 158.78 ms | duplicates 34
    loss 0.00 burst 5 jitter 40 ms | lost   0, at most  0 a round | rtt 20.03 41.40 158.78 ms | duplicates 34
    loss 0.05 burst 1 jitter  0 ms | lost  98, at most  5 a round | rtt 20.00 20.00  40.00 ms | duplicates 33
    loss 0.05 burst 1 jitter 40 ms | lost  98, at most  5 a round | rtt 20.03 41.46 158.78 ms | duplicates 33
    loss 0.05 burst 5 jitter 40 ms | lost  68, at most  3 a round | rtt 20.03 41.51 158.78 ms | duplicates 32
    loss 0.30 burst 1 jitter  0 ms | lost 623, at most 11 a round | rtt 20.00 20.00  40.00 ms | duplicates 26
    loss 0.30 burst 1 jitter 40 ms | lost 623, at most 11 a round | rtt 20.03 41.24 158.78 ms | duplicates 26
    loss 0.30 burst 5 jitter 40 ms | lost 524, at most  9 a round | rtt 20.03 41.64 158.78 ms | duplicates 23
    ");
}

#[test]
fn answers_after_the_timeout_are_late_and_the_sample_stays_lost() {
    let mut world = World::new(World::delay(1500), 1);
    let recorder = world.start(3);
    let counters = world.run();
    let round = close(&recorder);
    assert_eq!(round.lost(), 3);
    assert_eq!(round.loss_reasons, [(LossReason::Timeout, 3)]);
    // The last answer comes when the round is closed.
    assert_eq!((round.quality.late_answers, counters.late, counters.after_close), (2, 2, 1));
    assert_eq!((counters.timed_out, counters.forged), (3, 0));
}

/// The driver stood still for longer than the time-out; the answers waited in the socket, with honest stamps.
#[test]
fn our_own_delay_makes_no_loss_where_the_kernel_stamps() {
    for kernel_stamps in [true, false] {
        let mut world = World::new(World::delay(30), 1);
        world.kernel_stamps = kernel_stamps;
        let recorder = world.start(1);
        world.pass();
        world.now = world.now + Duration::from_secs(5);
        world.machine.handle_lateness(world.now, Duration::from_secs(4));
        world.pass();
        let round = close(&recorder);
        assert_eq!(round.rtts().len(), usize::from(kernel_stamps));
        // Without stamps nobody can tell, and the round says that it is not to be trusted.
        assert_eq!((round.quality.suspect, round.quality.late_answers), (!kernel_stamps, u32::from(!kernel_stamps)));
        assert_eq!(round.quality.timer_lateness, Duration::from_secs(4));
    }
}

#[test]
fn a_step_of_the_wall_clock_changes_no_rtt() {
    for step in [-3_600_000_000_000, -29_000_000, 3_600_000_000_000, 8_000_000] {
        let mut world = World::new(World::delay(30), 1);
        let recorder = world.start(1);
        world.pass();
        world.wall += step;
        world.now = world.now + Duration::from_millis(5);
        world.machine.handle_clock_step(world.now);
        world.run();
        let round = close(&recorder);
        let rtt = round.rtts()[0].as_millis_f64();
        // By the monotonic clock, which includes the wait for the tick.
        assert!((30.0..=45.0).contains(&rtt), "step {step}: {rtt}");
        assert_eq!(round.quality.user_stamps, 1);
    }
}

#[test]
fn duplicates_are_counted_once_each_and_change_nothing() {
    let mut world = World::new(Conditions { duplicates: 1.0, ..World::delay(10) }, 1);
    let recorder = world.start(20);
    let counters = world.run();
    let round = close(&recorder);
    assert_eq!((round.rtts().len(), round.lost()), (20, 0));
    assert_eq!(u64::from(round.quality.duplicates), counters.duplicates);
    assert_eq!(counters.duplicates + counters.after_close, 20);
}

#[test]
fn an_icmp_error_explains_a_loss_but_makes_none() {
    let errors = [
        (3, 1, LossReason::Unreachable { code: 1 }),
        (3, 4, LossReason::TooBig),
        (11, 0, LossReason::TtlExceeded),
        (5, 0, LossReason::Timeout),
    ];
    for (kind, code, reason) in errors {
        // The first packet is quoted whole, the second as eight bytes; the second and third are lost, the first answered.
        let mut world = World::new(World::delay(10), 1);
        let recorder = world.start_with(|request| {
            request.count = 3;
            request.interval = Duration::ZERO;
        });
        let sent: Vec<Vec<u8>> = (0..3)
            .map(|_| {
                world.now = world.now + Duration::from_millis(1);
                let transmit = world.machine.poll_transmit(world.now).unwrap();
                let mut bytes = Vec::new();
                world.machine.write(&transmit, IDENT, &mut bytes);
                world.machine.handle_sent(world.now, transmit.packet);
                bytes
            })
            .collect();
        for quoted in [&sent[0][..], &sent[1][..8]] {
            world.machine.handle_error(&ReceivedError { ident: IDENT, target: TARGET, kind, code, quoted });
        }
        let answer = Packet { from: TARGET, bytes: answered(&sent[0]) };
        world.receive(&answer, None);
        world.run_for(Duration::from_secs(2));
        let round = close(&recorder);
        assert_eq!((round.rtts().len(), round.lost()), (1, 2), "{reason:?}");
        assert!(round.loss_reasons.iter().any(|(known, _)| *known == reason), "{:?}", round.loss_reasons);
        assert_eq!(world.machine.counters().icmp_errors, 2);
    }
}

/// Whoever cannot see our packets cannot answer for them, nor explain them away.
#[test]
fn forged_packets_are_counted_and_change_nothing() {
    let mut world = World::new(Conditions { loss: 1.0, ..Conditions::default() }, 1);
    let recorder = world.start_with(|request| {
        request.count = 1;
        request.interval = Duration::ZERO;
    });
    let transmit = world.machine.poll_transmit(world.now).unwrap();
    let mut request = Vec::new();
    world.machine.write(&transmit, IDENT, &mut request);
    world.machine.handle_sent(world.now, transmit.packet);
    let genuine = answered(&request);
    let forge = |change: fn(&mut Vec<u8>)| {
        let mut bytes = request.clone();
        change(&mut bytes);
        Packet { from: TARGET, bytes: answered(&bytes) }
    };
    let forged = [
        Packet { from: [192, 0, 2, 2].into(), bytes: genuine.clone() },
        forge(|bytes| bytes[5] ^= 1),
        forge(|bytes| bytes[7] ^= 1),
        forge(|bytes| bytes[8..12].fill(0xff)),
        forge(|bytes| bytes[12] ^= 1),
        forge(|bytes| bytes.truncate(19)),
        forge(|bytes| bytes.truncate(8)),
    ];
    for packet in &forged {
        world.receive(packet, None);
    }
    world.receive(&Packet { from: TARGET, bytes: genuine[..7].to_vec() }, None);
    world.receive(&Packet { from: TARGET, bytes: request.clone() }, None);
    let mut damaged = genuine.clone();
    damaged[30] ^= 1;
    world.receive(&Packet { from: TARGET, bytes: damaged }, None);
    for quoted in [&b""[..], &request[..7], &[0xff; 64], &genuine] {
        world.machine.handle_error(&ReceivedError { ident: IDENT, target: TARGET, kind: 3, code: 1, quoted });
    }
    let mut wrong_mark = request.clone();
    wrong_mark[15] ^= 1;
    for (target, ident) in [(TARGET, IDENT), ([192, 0, 2, 2].into(), IDENT), (TARGET, IDENT ^ 1)] {
        let quoted = if ident == IDENT && target == TARGET { &wrong_mark } else { &request };
        world.machine.handle_error(&ReceivedError { ident, target, kind: 3, code: 1, quoted });
    }
    let counters = world.machine.counters();
    assert_eq!((counters.answered, counters.forged, counters.icmp_errors), (0, forged.len() as u64, 0));
    assert_eq!((counters.truncated, counters.unexpected, counters.damaged), (1, 1, 1));
    assert_eq!(counters.foreign_errors, 7);
    world.receive(&Packet { from: TARGET, bytes: genuine }, None);
    assert_eq!(close(&recorder).rtts().len(), 1);
}

#[test]
fn replies_that_a_host_cuts_short_still_count() {
    let mut world = World::new(Conditions::default(), 1);
    let recorder = world.start_with(|request| (request.count, request.data) = (1, 1000));
    let transmit = world.machine.poll_transmit(world.now).unwrap();
    let mut request = Vec::new();
    world.machine.write(&transmit, IDENT, &mut request);
    world.machine.handle_sent(world.now, transmit.packet);
    world.receive(&Packet { from: TARGET, bytes: answered(&request[..72]) }, None);
    assert_eq!(close(&recorder).rtts().len(), 1);
}

#[test]
fn packets_keep_their_interval_and_their_gap() {
    let mut world = World::new(World::delay(1), 1);
    for _ in 0..10 {
        world.start_with(|request| request.group.gap = Duration::from_millis(20));
    }
    world.tick = Duration::from_millis(1);
    world.run();
    assert_eq!(world.sent.len(), 200);
    assert!(world.sent.windows(2).all(|pair| pair[1].saturating_since(pair[0]) >= Duration::from_millis(20)));
    // Ten targets, each every second, from the first to the last.
    let took = world.sent[199].saturating_since(world.sent[0]);
    assert_eq!(took, Duration::from_millis(19_000 + 180));
}

#[test]
fn a_full_send_buffer_delays_and_loses_nothing() {
    let mut world = World::new(World::delay(1), 1);
    let recorder = world.start(3);
    let transmit = world.machine.poll_transmit(world.now).unwrap();
    // The driver holds the packet back for ten seconds; no second packet queues up behind it.
    for _ in 0..1000 {
        world.now = world.now + Duration::from_millis(10);
        world.machine.handle_timeout(world.now);
        assert_eq!(world.machine.poll_transmit(world.now), None);
    }
    world.transmit(&transmit);
    world.run();
    let round = close(&recorder);
    assert_eq!((round.rtts().len(), round.lost()), (3, 0));
    let gaps: Vec<_> = world.sent.windows(2).map(|pair| pair[1].saturating_since(pair[0])).collect();
    assert!(gaps[1..].iter().all(|gap| *gap >= Duration::from_millis(990)), "{gaps:?}");
}

/// As the driver does it: a whole burst is asked for before its first packet is with the kernel.
#[test]
fn a_round_with_an_interval_below_the_tick_sends_several_packets_a_burst() {
    let mut world = World::new(World::delay(1), 1);
    world.start_with(|request| {
        request.interval = Duration::from_millis(1);
        request.group.gap = Duration::ZERO;
    });
    world.now = world.now + world.tick;
    let burst = std::iter::from_fn(|| world.machine.poll_transmit(world.now)).count();
    assert_eq!(burst, 11);
    // None of them is with the kernel yet, so its buffer is full.
    world.now = world.now + world.tick;
    assert_eq!(world.machine.poll_transmit(world.now), None);
}

#[test]
fn what_cannot_be_sent_is_lost_for_that_reason() {
    let mut world = World::new(World::delay(1), 1);
    let recorder = world.start(1);
    let transmit = world.machine.poll_transmit(world.now).unwrap();
    world.machine.handle_refused(transmit.packet, &io::Error::from_raw_os_error(101));
    let round = close(&recorder);
    assert_eq!(round.loss_reasons, [(LossReason::SendFailed, 1)]);
    assert!(round.note.unwrap().contains("192.0.2.1"));
    assert_eq!(world.machine.poll_finished().is_some(), world.machine.is_idle());
}

#[test]
fn overflows_make_only_the_rounds_suspect_that_ran_and_lost() {
    let mut world = World::new(Conditions { loss: 1.0, ..Conditions::default() }, 1);
    world.machine.handle_overflow(SOCKET, 5);
    let lost = world.start(2);
    let other_socket = world.start_with(|request| (request.count, request.socket) = (2, SocketId(1)));
    world.run_for(Duration::from_millis(1500));
    world.machine.handle_overflow(SOCKET, 8);
    world.run_for(Duration::from_secs(3));
    let (lost, other) = (close(&lost), close(&other_socket));
    assert_eq!((lost.quality.receive_overflows, lost.quality.suspect), (3, true));
    assert_eq!((other.quality.receive_overflows, other.quality.suspect), (0, false));
    assert_eq!(world.machine.counters().receive_overflows, 8);
}

#[test]
fn a_cancelled_round_sends_nothing_more_and_its_answers_are_harmless() {
    let mut world = World::new(World::delay(50), 1);
    let request = Request {
        socket: SOCKET,
        target: TARGET,
        count: 20,
        discard_first: false,
        data: 56,
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(1),
        group: Group { id: 0, gap: Duration::ZERO },
        recorder: Recorder::new(20),
    };
    let recorder = request.recorder.clone();
    let key = world.machine.handle_request(world.now, request).unwrap();
    world.run_for(Duration::from_millis(70));
    world.machine.handle_cancel(key);
    let known = recorder.outcomes().iter().flatten().count();
    let counters = world.run();
    assert_eq!((counters.sent, known), (7, 2));
    assert_eq!((counters.answered, counters.after_close, counters.forged), (2, 5, 0));
    assert_eq!(recorder.outcomes().iter().flatten().count(), 2);
}

/// 140,000 packets to one address, more than there are sequence numbers, all on their way at once.
#[test]
fn sequence_numbers_are_no_limit() {
    for data in [56, 8] {
        let mut world = World::new(World::delay(1600), 1);
        let recorder = world.start_with(|request| {
            request.count = 140_000;
            request.data = data;
            request.interval = Duration::from_micros(1);
            request.timeout = Duration::from_secs(2);
            request.group.gap = Duration::from_micros(5);
        });
        world.run();
        let round = close(&recorder);
        assert_eq!((round.rtts().len(), round.lost()), (140_000, 0), "{data} bytes");
        assert!(round.rtts().iter().all(|rtt| rtt.as_nanos() == 1_600_000_000));
    }
}

#[test]
fn a_round_of_no_samples_is_finished_at_once() {
    let mut world = World::new(Conditions::default(), 1);
    world.start(0);
    assert!(world.machine.poll_finished().is_some() && world.machine.is_idle());
}

#[test]
fn a_socket_lacks_stamps_when_one_answer_in_fifty_has_none() {
    for (every, lacks) in [(1, true), (50, true), (80, false)] {
        let mut world = World::new(World::delay(1), 1);
        world.start_with(|request| {
            request.count = 2000;
            request.interval = Duration::from_millis(20);
        });
        while !world.machine.is_idle() {
            world.kernel_stamps = !world.sent.len().is_multiple_of(every);
            world.run_for(Duration::from_millis(20));
        }
        assert_eq!(world.machine.lacks_stamps(SOCKET), lacks, "one in {every}");
        assert!(!world.machine.lacks_stamps(SocketId(1)));
    }
}
