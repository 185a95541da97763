//! ICMP as bytes, with etherparse as the second opinion.

use etherparse::{Icmpv4Slice, Icmpv4Type, Icmpv6Slice, Icmpv6Type, Ipv4Slice, PacketBuilder, ip_number};
use proptest::collection::vec;
use proptest::prelude::*;
use smokeprobe_core::icmp::wire::{self, Family, Framing};

/// Identifier, sequence number and data of an undamaged echo reply, as etherparse sees it.
fn second_opinion(packet: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let ip = Ipv4Slice::from_slice(packet).ok()?;
    if ip.header().protocol() != ip_number::ICMP || ip.header().fragments_offset().value() != 0 {
        return None;
    }
    // Etherparse hands over no payload of a packet of which more fragments follow.
    echo_reply(&packet[ip.header().slice().len()..usize::from(ip.header().total_len())])
}

fn echo_reply(message: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let icmp = Icmpv4Slice::from_slice(message).ok()?;
    let Icmpv4Type::EchoReply(echo) = icmp.icmp_type() else { return None };
    (icmp.icmp_type().calc_checksum(icmp.payload()) == icmp.checksum())
        .then(|| (echo.id, echo.seq, icmp.payload().to_vec()))
}

fn ours(framing: Framing, packet: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let echo = wire::parse_reply(Family::V4, framing, packet).ok()?;
    Some((echo.ident, echo.seq, echo.data.to_vec()))
}

/// An IPv4 packet with an echo reply, its header with options.
fn reply(ident: u16, seq: u16, data: &[u8], options: usize) -> Vec<u8> {
    let options = vec![1; options * 4];
    let header = etherparse::Ipv4Header {
        options: options.as_slice().try_into().unwrap(),
        source: [192, 0, 2, 1],
        destination: [192, 0, 2, 2],
        time_to_live: 55,
        protocol: ip_number::ICMP,
        ..etherparse::Ipv4Header::default()
    };
    let builder = PacketBuilder::ip(etherparse::IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default()))
        .icmpv4_echo_reply(ident, seq);
    let mut packet = Vec::with_capacity(builder.size(data.len()));
    builder.write(&mut packet, data).unwrap();
    packet
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_what_was_asked_for(ident: u16, seq: u16, data in vec(any::<u8>(), 0..3000)) {
        for family in [Family::V4, Family::V6] {
            let mut packet = vec![9; 77];
            wire::write_request(&mut packet, family, ident, seq, data.len(), |place| place.copy_from_slice(&data));
            let (echo, payload) = match family {
                Family::V4 => {
                    let icmp = Icmpv4Slice::from_slice(&packet).unwrap();
                    prop_assert_eq!(icmp.icmp_type().calc_checksum(icmp.payload()), icmp.checksum());
                    let Icmpv4Type::EchoRequest(echo) = icmp.icmp_type() else { panic!("{icmp:?}") };
                    (echo, icmp.payload())
                }
                Family::V6 => {
                    let icmp = Icmpv6Slice::from_slice(&packet).unwrap();
                    let Icmpv6Type::EchoRequest(echo) = icmp.icmp_type() else { panic!("{icmp:?}") };
                    (echo, icmp.payload())
                }
            };
            prop_assert_eq!((echo.id, echo.seq, payload), (ident, seq, &data[..]));
            let quoted = wire::parse_quoted(family, &packet).unwrap();
            prop_assert_eq!((quoted.ident, quoted.seq, quoted.data), (ident, seq, &data[..]));
        }
    }

    #[test]
    fn replies_are_read_whatever_the_header_before_them(
        ident: u16, seq: u16, data in vec(any::<u8>(), 0..2000), options in 0usize..=10, padding in 0usize..40,
    ) {
        let mut packet = reply(ident, seq, &data, options);
        packet.resize(packet.len() + padding, 0xee);
        prop_assert_eq!(ours(Framing::Ipv4Header, &packet), Some((ident, seq, data)));
    }

    /// Neither reads what the other does not, and neither of them fails on it.
    #[test]
    fn damaged_replies_are_judged_as_etherparse_judges_them(
        data in vec(any::<u8>(), 0..64),
        options in 0usize..=3,
        damage in vec((0usize..100, any::<u8>()), 0..4),
        length in 0usize..130,
    ) {
        let mut packet = reply(0x1234, 5, &data, options);
        for (place, value) in damage {
            if let Some(byte) = packet.get_mut(place) {
                *byte = value;
            }
        }
        packet.truncate(length);
        prop_assert_eq!(ours(Framing::Ipv4Header, &packet), second_opinion(&packet));
        prop_assert_eq!(ours(Framing::Bare, &packet), echo_reply(&packet));
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in vec(any::<u8>(), 0..200)) {
        for family in [Family::V4, Family::V6] {
            let _ = wire::parse_quoted(family, &bytes);
            for framing in [Framing::Bare, Framing::Ipv4Header] {
                let _ = wire::parse_reply(family, framing, &bytes);
            }
        }
        prop_assert_eq!(ours(Framing::Ipv4Header, &bytes), second_opinion(&bytes));
    }
}
