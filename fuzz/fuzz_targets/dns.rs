//! Answers of any bytes, and answers that differ from a good one in places, to a DNS query: no panic, and none that
//! does not carry the query's id and question is taken for its answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smokeprobe_core::probes::dns::{DnsDemands, Judgement, Query};

const ID: u16 = 0x5a5a;

fuzz_target!(|data: &[u8]| {
    let Some((kind, answer)) = data.split_first() else { return };
    let record_type = ["A", "AAAA", "TXT", "PTR", "SOA", "ANY"][usize::from(*kind) % 6];
    let demands = DnsDemands {
        authoritative: kind & 8 != 0,
        no_error: kind & 16 != 0,
        nx_domain: kind & 32 != 0,
        answers: u16::from(kind & 64 != 0),
        text: (kind & 128 != 0).then(|| "192.0.2.1".to_string()),
    };
    let query = Query::new(ID, "probe.example.", record_type, true).unwrap();
    let judgement = query.judge(answer, &demands);
    if judgement != Judgement::Foreign {
        assert_eq!(answer[..2], ID.to_be_bytes(), "an answer to another query was taken");
    }
    // The query itself with bytes of the input over it: reaches the records behind the question.
    let mut forged = query.bytes().to_vec();
    forged[2] |= 0x80;
    for change in answer.chunks_exact(2).take(16) {
        let place = usize::from(change[0]) % forged.len();
        forged[place] = change[1];
    }
    forged.extend_from_slice(answer);
    let _ = query.judge(&forged, &demands);

    // Names and types come from a configuration, which may say anything.
    if let Ok(text) = std::str::from_utf8(answer) {
        let _ = Query::new(ID, text, text, false);
    }
});
