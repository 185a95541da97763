//! A query, and what an answer is worth. Pure: bytes in, judgement out.

use std::fmt::Write as _;
use std::net::IpAddr;

use hickory_proto::op::{Header, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, BinEncodable, BinEncoder};

use super::DnsDemands;

/// One query, as sent.
#[derive(Debug, Clone)]
pub struct Query {
    id: u16,
    question: hickory_proto::op::Query,
    bytes: Vec<u8>,
}

/// What a datagram or message is worth to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The answer, and it is as demanded.
    Good,
    /// The answer, but not as demanded: why.
    Unexpected(String),
    /// Not an answer to this query: another id or question, or no answer at all.
    Foreign,
}

impl Query {
    /// Asks for the records of `record_type` of `lookup`, a name or an address; of an address the reverse name is
    /// asked for (RFC 1035, 3.5; RFC 3596, 2.5). Names are taken as complete: there is no search list.
    ///
    /// # Errors
    ///
    /// A sentence about a name or type that cannot be asked for.
    pub fn new(id: u16, lookup: &str, record_type: &str, recursion: bool) -> Result<Self, String> {
        let mut name = match lookup.parse::<IpAddr>() {
            Ok(address) => Name::from(address),
            Err(_) => Name::from_utf8(lookup).map_err(|error| format!("cannot ask for {lookup:?}: {error}"))?,
        };
        name.set_fqdn(true);
        let question = hickory_proto::op::Query::query(name, parse_type(record_type)?);
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = recursion;
        message.add_query(question.clone());
        let mut bytes = Vec::with_capacity(512);
        message
            .emit(&mut BinEncoder::new(&mut bytes))
            .map_err(|error| format!("cannot ask for {lookup:?}: {error}"))?;
        Ok(Self { id, question, bytes })
    }

    /// The query as a datagram.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Judges `answer`, which may be anything.
    ///
    /// 1. Only a response with the query's id and question is its answer (RFC 5452, 9.1). A refusal may leave the
    ///    question out.
    /// 2. A truncated answer is an answer: the server is there, and we wanted its time.
    /// 3. Nothing beyond what the demands need is read, so that an odd record does not look like a loss.
    pub fn judge(&self, answer: &[u8], demands: &DnsDemands) -> Judgement {
        let mut decoder = BinDecoder::new(answer);
        let Ok(header) = Header::read(&mut decoder) else { return Judgement::Foreign };
        let code = header.metadata.response_code;
        let response = header.metadata.message_type == MessageType::Response;
        if !response || header.metadata.id != self.id || header.metadata.op_code != OpCode::Query {
            return Judgement::Foreign;
        }
        match header.counts.queries {
            0 if code != ResponseCode::NoError => {}
            1 => match hickory_proto::op::Query::read(&mut decoder) {
                Ok(question) if self.asks(&question) => {}
                _ => return Judgement::Foreign,
            },
            _ => return Judgement::Foreign,
        }
        match unmet(&header, decoder, demands) {
            None => Judgement::Good,
            Some(reason) => Judgement::Unexpected(reason),
        }
    }

    /// Names are compared without their case (RFC 4343).
    fn asks(&self, question: &hickory_proto::op::Query) -> bool {
        question.query_type() == self.question.query_type()
            && question.query_class() == self.question.query_class()
            && question.name().eq_ignore_root(self.question.name())
    }
}

/// The first demand that is not met, in words. `records` stands at the first answer record.
fn unmet(header: &Header, mut records: BinDecoder<'_>, demands: &DnsDemands) -> Option<String> {
    let code = header.metadata.response_code;
    let found = header.counts.answers;
    if demands.authoritative && !header.metadata.authoritative {
        return Some("the answer is not authoritative".to_owned());
    }
    if demands.no_error && code != ResponseCode::NoError {
        return Some(format!("the server said {code}"));
    }
    if demands.nx_domain && code != ResponseCode::NXDomain {
        return Some(format!("the server said {code}, not that there is no such name"));
    }
    if found < demands.answers {
        return Some(format!("{found} answer records, {} are demanded", demands.answers));
    }
    let text = demands.text.as_deref().filter(|text| !text.is_empty())?;
    match Message::read_records(&mut records, usize::from(found), false, OpCode::Query) {
        Err(error) => Some(format!("the answer cannot be read: {error}")),
        Ok((answers, _, _)) if answers.iter().any(|record| print(record).contains(text)) => None,
        Ok(_) => Some(format!("no answer record has {text:?}")),
    }
}

/// A record's data as in a zone file; of an unknown type as RFC 3597, 5 has it.
fn print(record: &Record) -> String {
    let mut text = String::new();
    // Some types have no text; they then match nothing.
    let _ = match &record.data {
        RData::Unknown { rdata, .. } => {
            let bytes = &rdata.anything;
            let length = write!(text, "\\# {} ", bytes.len());
            bytes.iter().fold(length, |so_far, byte| so_far.and_then(|()| write!(text, "{byte:02x}")))
        }
        data => write!(text, "{data}"),
    };
    text
}

/// A type by its name, or as `TYPE65` (RFC 3597, 5).
fn parse_type(name: &str) -> Result<RecordType, String> {
    let upper = name.trim().to_ascii_uppercase();
    let number = upper.strip_prefix("TYPE").and_then(|number| number.parse::<u16>().ok());
    let parsed = number.map(RecordType::from).or_else(|| upper.parse().ok());
    match parsed {
        // What these ask for is not one answer.
        Some(RecordType::AXFR | RecordType::IXFR | RecordType::OPT | RecordType::TSIG | RecordType::ZERO) | None => {
            Err(format!("{name:?} is not a record type to ask for"))
        }
        Some(record_type) => Ok(record_type),
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::{A, NULL, TXT};
    use proptest::prelude::*;

    use super::*;

    fn query() -> Query {
        Query::new(7, "s3.Example", "A", true).unwrap()
    }

    fn answer(change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::from_vec(query().bytes()).unwrap();
        message.metadata.message_type = MessageType::Response;
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn record(data: RData) -> Record {
        Record::from_rdata(Name::from_ascii("s3.example.").unwrap(), 60, data)
    }

    #[test]
    fn any_answer_to_the_question_is_good_without_demands() {
        for code in [ResponseCode::NoError, ResponseCode::NXDomain, ResponseCode::ServFail, ResponseCode::Refused] {
            let bytes = answer(|message| message.metadata.response_code = code);
            assert_eq!(query().judge(&bytes, &DnsDemands::default()), Judgement::Good);
        }
        let truncated = answer(|message| message.metadata.truncation = true);
        assert_eq!(query().judge(&truncated, &DnsDemands::default()), Judgement::Good);
        let headless = answer(|message| {
            message.queries.clear();
            message.metadata.response_code = ResponseCode::FormErr;
        });
        assert_eq!(query().judge(&headless, &DnsDemands::default()), Judgement::Good);
    }

    #[test]
    fn what_does_not_match_the_query_is_foreign() {
        let other_id = answer(|message| message.metadata.id = 8);
        let no_response = answer(|message| message.metadata.message_type = MessageType::Query);
        let other_type = answer(|message| {
            message.queries[0].set_query_type(RecordType::AAAA);
        });
        let other_name = answer(|message| {
            message.queries[0].set_name(Name::from_ascii("s4.example.").unwrap());
        });
        let no_question = answer(|message| message.queries.clear());
        for bytes in [other_id, no_response, other_type, other_name, no_question, vec![], vec![0; 11]] {
            assert_eq!(query().judge(&bytes, &DnsDemands::default()), Judgement::Foreign);
        }
    }

    #[test]
    fn demands_are_met_or_named() {
        let bytes = answer(|message| {
            message.add_answer(record(RData::A(A::new(192, 0, 2, 7))));
            message.add_answer(record(RData::TXT(TXT::new(vec!["v=spf1 -all".to_owned()]))));
        });
        let judge = |demands: DnsDemands| query().judge(&bytes, &demands);
        let none = DnsDemands::default();
        let text = |text: &str| DnsDemands { text: Some(text.to_owned()), ..DnsDemands::default() };
        assert_eq!(judge(DnsDemands { answers: 2, no_error: true, ..none.clone() }), Judgement::Good);
        assert_eq!(judge(text("192.0.2.7")), Judgement::Good);
        assert_eq!(judge(text("v=spf1")), Judgement::Good);
        for (demands, reason) in [
            (DnsDemands { answers: 3, ..none.clone() }, "2 answer records, 3 are demanded"),
            (DnsDemands { authoritative: true, ..none.clone() }, "the answer is not authoritative"),
            (text("192.0.2.8"), "no answer record has \"192.0.2.8\""),
        ] {
            assert_eq!(judge(demands), Judgement::Unexpected(reason.to_owned()));
        }
        let Judgement::Unexpected(_) = judge(DnsDemands { nx_domain: true, ..none }) else {
            panic!("NOERROR passed for NXDOMAIN");
        };
    }

    #[test]
    fn unknown_types_print_as_rfc_3597_has_them() {
        let data = RData::Unknown { code: RecordType::Unknown(65_280), rdata: NULL::with(vec![0xab, 0xcd]) };
        assert_eq!(print(&record(data)), "\\# 2 abcd");
    }

    #[test]
    fn types_go_by_name_or_number() {
        assert_eq!(parse_type("aaaa"), Ok(RecordType::AAAA));
        assert_eq!(parse_type("TYPE65"), Ok(RecordType::HTTPS));
        assert_eq!(parse_type("TYPE65280"), Ok(RecordType::Unknown(65_280)));
        for wrong in ["TYPE65536", "TYPE", "B", "", "AXFR"] {
            assert!(parse_type(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn address_is_asked_for_by_its_reverse_name() {
        let reverse = |address| Query::new(0, address, "PTR", true).unwrap().question.name().to_string();
        assert_eq!(reverse("192.0.2.7"), "7.2.0.192.in-addr.arpa.");
        assert!(reverse("2001:db8::1").ends_with("8.b.d.0.1.0.0.2.ip6.arpa."));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let demands = DnsDemands { text: Some("x".to_owned()), ..DnsDemands::default() };
            query().judge(&bytes, &demands);
        }

        #[test]
        fn damaged_answers_are_judged_without_a_panic(place in 2_usize..80, byte in any::<u8>(), cut in 0_usize..80) {
            let mut bytes = answer(|message| {
                message.add_answer(record(RData::TXT(TXT::new(vec!["some text".to_owned()]))));
            });
            let place = place % bytes.len();
            bytes[place] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut).max(12));
            let demands = DnsDemands { text: Some("some text".to_owned()), ..DnsDemands::default() };
            query().judge(&bytes, &demands);
        }
    }
}
