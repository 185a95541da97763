//! Pages, to a gateway that the test plays.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use smokeprobe_alerts::notify::snpp::Snpp;
use smokeprobe_alerts::notify::testing::{event, message};
use smokeprobe_alerts::{DeliveryError, Event, Notifier, What};

/// Greets with the first answer, gives one more for each line, and returns the lines.
fn gateway(answers: &[&str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
    let lines = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let mut heard = Vec::new();
        for answer in answers {
            stream.write_all(answer.as_bytes()).unwrap();
            match lines.next() {
                Some(line) => heard.push(line),
                None => break,
            }
        }
        heard
    });
    (host, lines)
}

fn page(host: &str, pager: &str, events: Vec<Event>) -> Result<String, DeliveryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let snpp = Snpp::new(host, pager, Duration::from_secs(120));
    runtime.block_on(snpp.deliver(&message("snpp:12345", events))).map(|delivered| delivered.note)
}

fn raised() -> Vec<Event> {
    vec![event("Test.Lossy", "someloss", What::Raised)]
}

const GOOD: [&str; 4] = ["220 gateway ready\r\n", "250 pager ok\r\n", "250 message ok\r\n", "250 sent\r\n"];

#[test]
fn a_page_is_one_line_of_ascii() {
    let (host, lines) = gateway(&GOOD);
    assert_eq!(page(&host, "12345", raised()).unwrap(), format!("{host} took it: 250 sent"));
    let text = "? loss 3 times in a row someloss was raised on Test.Lossy loss: S, 0%, 20% rtt: S, 12ms, U";
    assert_eq!(lines.join().unwrap(), ["PAGE 12345".to_owned(), format!("MESS {text}"), "SEND".into(), "QUIT".into()]);
}

#[test]
fn many_alerts_are_one_page_with_an_end() {
    let (host, lines) = gateway(&GOOD);
    let events = (0..100).map(|n| event(&format!("Test.Host{n}"), "down", What::Raised)).collect();
    page(&host, "12345", events).unwrap();
    let text = &lines.join().unwrap()[1];
    assert!(text.starts_with("MESS 100 alerts: down was raised on Test.Host0; down was raised on Test.Host1; "));
    assert_eq!(text.len(), "MESS ".len() + 500);
}

#[test]
fn answers_of_several_lines_are_read_to_their_end() {
    let several = ["214 welcome\r\n220 ready\r\n", "250-one\r\n250 ok\r\n", GOOD[2], GOOD[3]];
    let (host, _lines) = gateway(&several);
    page(&host, "12345", raised()).unwrap();
}

#[test]
fn what_a_gateway_refuses_for_good_is_given_up_and_the_rest_is_tried_again() {
    let transient = |answers: &[&str], expected: &str| {
        let (host, _lines) = gateway(answers);
        match page(&host, "12345", raised()) {
            Err(DeliveryError::Transient { reason, .. }) => assert_eq!(reason, format!("{host}: {expected}")),
            other => panic!("{other:?}"),
        }
    };
    transient(&["421 too busy\r\n"], "greeting: it said 421 too busy");
    transient(&[], "greeting: it closed the connection");
    transient(&["HTTP/1.1 400 Bad Request\r\n\r\n"], "greeting: it does not speak SNPP: HTTP/1.1 400 Bad Request");
    transient(&[&"220-more\r\n".repeat(60)], "greeting: its answer does not end");
    transient(&[&"2".repeat(5000)], &format!("greeting: it does not speak SNPP: {}", "2".repeat(80)));
    transient(&GOOD[..2], "giving the text: it closed the connection");
    transient(&[&GOOD[..3], &["554 no dial tone\r\n"]].concat(), "sending: it said 554 no dial tone");

    let (host, _lines) = gateway(&[GOOD[0], "550 unknown pager\r\n"]);
    let error = page(&host, "12345", raised()).unwrap_err();
    assert_eq!(error, DeliveryError::permanent(format!("{host}: giving the pager: it said 550 unknown pager")));
}

#[test]
fn a_gateway_that_is_silent_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let snpp = Snpp::new(&host, "12345", Duration::from_secs(2));
    let error = runtime.block_on(snpp.deliver(&message("snpp:12345", raised()))).unwrap_err();
    assert_eq!(error, DeliveryError::transient(format!("{host}: greeting: it did not answer within 2 s")));
}

#[test]
fn a_pager_that_would_be_a_command_is_refused() {
    for pager in ["", "1 2", "1\r\nSEND"] {
        assert!(matches!(page("127.0.0.1:1", pager, raised()), Err(DeliveryError::Permanent { .. })));
    }
}
