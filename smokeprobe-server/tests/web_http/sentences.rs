//! What the server says of people's mistakes has Chinese words on the page, in `assets/lang/zh/sentences.js`.

use std::net::SocketAddr;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Request, header};
use regex::Regex;
use serde_json::Value;
use smokeprobe_server::web::{Peer, router};
use url::form_urlencoded::Serializer;

use crate::fixture::Fixture;
use crate::{ask, read};

/// English sentences, cut at what stands in them, and their translations, in the order in which they are tried.
struct Dictionary(Vec<(Vec<String>, Vec<String>, String)>);

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(Dictionary::load);

impl Dictionary {
    fn load() -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lang/zh/sentences.js");
        let text = std::fs::read_to_string(file).unwrap();
        let text = &text[text.find("export default").unwrap()..];
        let entry = Regex::new(r#"(?m)^  (?:("(?:\\.|[^"\\])*")|([a-z]+)):\s+("(?:\\.|[^"\\])*"),$"#).unwrap();
        let unquoted = |quoted: &str| serde_json::from_str::<String>(quoted).unwrap();
        let entries = entry.captures_iter(text).map(|found| {
            let english = found.get(1).map_or_else(|| found[2].to_owned(), |quoted| unquoted(quoted.as_str()));
            let parts: Vec<&str> = english.split(['{', '}']).collect();
            let [fixed, names] =
                [0, 1].map(|first| parts.iter().skip(first).step_by(2).map(|&s| s.to_owned()).collect());
            (fixed, names, unquoted(&found[3]))
        });
        let entries: Vec<_> = entries.collect();
        assert_eq!(entries.len(), text.matches(": \"").count() + text.matches(":\n").count(), "all of them are read");
        Self(entries)
    }

    /// As the page does it: the first that fits, and what stands in it may be a sentence too.
    fn said(&self, sentence: &str) -> String {
        for (fixed, names, text) in &self.0 {
            let Some(values) = between(fixed, sentence) else { continue };
            let values = names.iter().zip(values);
            return values
                .fold(text.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), &self.said(value)));
        }
        sentence.to_owned()
    }

    /// A refusal has words, all of it.
    fn knows(&self, error: &Value) {
        for sentence in ["message", "help"].into_iter().filter_map(|part| error[part].as_str()) {
            let said = self.said(sentence);
            let english = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
            let words: Vec<&str> = said.split(' ').collect();
            let left = words.windows(3).any(|words| words.iter().all(english));
            assert!(said != sentence && !left, "{sentence:?} becomes {said:?}");
        }
    }
}

/// What stands between the fixed parts of a sentence, where it has them.
fn between<'a>(fixed: &[String], sentence: &'a str) -> Option<Vec<&'a str>> {
    let [first, middle @ .., last] = fixed else { return (*fixed == [sentence]).then(Vec::new) };
    let mut rest = sentence.strip_prefix(first.as_str())?;
    let mut values = Vec::new();
    for part in middle {
        let (value, after) = rest.split_once(part.as_str())?;
        values.push(value);
        rest = after;
    }
    values.push(rest.strip_suffix(last.as_str())?);
    values.iter().all(|value| !value.is_empty()).then_some(values)
}

#[tokio::test]
async fn what_people_get_wrong_in_ranges_and_names_is_said_in_chinese_too() {
    let fixture = Fixture::new();
    for address in [
        "series/Storage.NingxiaS3?from=now&to=-3h",
        "series/Storage.NingxiaS3?from=-3h&to=-3h",
        "series/Storage.NingxiaS3?from=%2B1h&to=%2B2h",
        "series/Storage.NingxiaS3?from=-57y",
        "series/Storage.NingxiaS3?from=gestern",
        "series/Storage.NingxiaS3?from=2026-13-45&to=now",
        "series/Storage.NingxiaS3?from=-3h&to=99999999999999999999",
        "series/Storage.NingxiaS3?from=-3h&from=-4h",
        "series/Storage.NingxiaS3?points=1e9",
        "series/Storage.NingxiaS3~mars",
        "series/Storage",
        "series/Storage.Both",
        "series/No.Such",
        "series/%3Cb%3E",
        "alerts/events?target=%3Cb%3E",
        "alerts/events?from=yesterday",
        "alerts/replay?series=Storage.NingxiaS3&type=loss&rule=%3E0%25&from=now&to=-1h",
    ] {
        let answer = read(&fixture, &format!("/api/v1/{address}")).await;
        assert!(answer.status.is_client_error(), "{address}: {}", answer.text());
        DICTIONARY.knows(&answer.json()["error"]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_silence_is_said_in_chinese_too() {
    let fixture = Fixture::new();
    for body in
        [r#"{"until": 1}"#, r#"{"until": "-1h"}"#, r#"{"until": "mañana"}"#, r#"{"from": "+2h", "until": "+1h"}"#]
    {
        let request = Request::post("/api/v1/alerts/silences")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::HOST, "localhost")
            .extension(Peer(SocketAddr::from(([127, 0, 0, 1], 999))))
            .body(Body::from(body));
        let answer = ask(&router(fixture.state.clone()), request.unwrap()).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.text());
        DICTIONARY.knows(&answer.json()["error"]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said_in_chinese_too() {
    let fixture = Fixture::new();
    for (kind, rule) in [
        ("loss", ">0"),
        ("loss", "0%"),
        ("loss", ">>0%"),
        ("loss", ">0%,,>0%"),
        ("loss", ">0%, ,>0%"),
        ("loss", ">0%x"),
        ("loss", ">U"),
        ("loss", "!=S"),
        ("loss", ">*"),
        ("loss", ">0%,*0*"),
        ("loss", ">0%,*999999*,>0%"),
        ("jitter", ">5%"),
        ("nodata", "three"),
        ("matcher", "CheckLoss"),
        ("matcher", "CheckLoss(l=>10,x=>3) or more"),
        ("matcher", "Chekloss(l=>10)"),
        ("matcher", "Nothing(l=>10)"),
        ("matcher", "CheckLoss(l=>%)"),
        ("matcher", "Medratio(comparator=>'=')"),
        ("matcher", "CheckLoss(l=>10)"),
        ("matcher", "CheckLoss(l=>10,x=>3,y=>3)"),
        ("matcher", "CheckLoss(l=>ten,x=>3)"),
        ("matcher", "CheckLoss(l=>10,x=>0)"),
        ("matcher", "CheckLoss(l)"),
        ("matcher", "CheckLoss(l=>10 x=>3)"),
        ("matcher", "CheckLoss(l=>,x=>3)"),
        ("matcher", "CheckLoss(l=>'10,x=>3)"),
        ("matcher", "CheckLoss(l=>ten(),x=>3)"),
        ("matcher", "CheckLoss(l=>)"),
        ("baseline", "deviations=>4"),
        ("baseline", "deviations=>4,above=>10,weeks=>99"),
    ] {
        let query = Serializer::new("series=Storage.NingxiaS3".to_owned())
            .append_pair("type", kind)
            .append_pair("rule", rule)
            .finish();
        let answer = read(&fixture, &format!("/api/v1/alerts/replay?{query}")).await;
        assert!(answer.status.is_client_error(), "{rule}: {}", answer.text());
        DICTIONARY.knows(&answer.json()["error"]);
    }
}
