//! Mail: what is in it, as Python's `email` reads it, and the ways it takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use smokeprobe_alerts::notify::Secret;
use smokeprobe_alerts::notify::smtp::{MailOptions, MailTls, Smtp};
use smokeprobe_alerts::notify::testing::{TIME, event, message};
use smokeprobe_alerts::{DeliveryError, Event, Illustrator, Notifier, What};
use smokeprobe_core::SeriesId;

use crate::mail_server::{Certificate, MailServer};
use crate::place;

/// Draws every byte there is, so that a careless encoding shows.
#[derive(Debug)]
struct Painter;

#[async_trait]
impl Illustrator for Painter {
    async fn png(&self, series: &SeriesId, until: i64) -> Option<Vec<u8>> {
        (series.to_string() != "Test.Undrawn").then(|| picture(series, until))
    }
}

fn picture(series: &SeriesId, until: i64) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend((0..=255).cycle().take(5000));
    png.extend(format!("\r\n.\r\n{series} {until}").bytes());
    png
}

/// Longer than any answer takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(120);
/// How long a mail host has that does not answer. One that answers does so before.
const SHORT: Duration = Duration::from_secs(4);

/// Without the sendmail of this machine.
fn options(hosts: &[&str]) -> MailOptions {
    MailOptions {
        from: "Smoke Alert <smokealert@company.xy>".to_owned(),
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        sendmail: Some("/nonexistent/sendmail".into()),
        timeout: LONG,
        ..MailOptions::default()
    }
}

fn send(options: MailOptions, to: &str, events: Vec<Event>) -> Result<String, DeliveryError> {
    deliver(&Smtp::new(to, options).unwrap().illustrated(Arc::new(Painter)), events)
}

fn deliver(smtp: &Smtp, events: Vec<Event>) -> Result<String, DeliveryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(smtp.deliver(&message("ops@company.xy", events))).map(|delivered| delivered.note)
}

fn raised() -> Vec<Event> {
    vec![event("Test.Lossy", "someloss", What::Raised)]
}

fn transient(result: Result<String, DeliveryError>) -> String {
    match result {
        Err(DeliveryError::Transient { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn permanent(result: Result<String, DeliveryError>) -> String {
    match result {
        Err(DeliveryError::Permanent { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

fn header<'a>(mail: &'a Value, name: &str) -> Option<&'a str> {
    let mut found = mail["headers"].as_array().unwrap().iter().filter(|header| header[0] == name);
    let value = found.next().map(|header| header[1].as_str().unwrap());
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

fn is_well_formed(mail: &Value) {
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(mail["ascii"], true);
    assert!(mail["longest_line"].as_u64().unwrap() <= 998, "{}", mail["longest_line"]);
    assert!(mail["longest_header_line"].as_u64().unwrap() <= 78, "{}", mail["longest_header_line"]);
}

#[test]
fn a_mail_has_text_html_and_the_graph() {
    let server = MailServer::start(&[]);
    let note = send(options(&[&server.host()]), "王小明 <ops@company.xy>", raised()).unwrap();
    assert!(note.ends_with("took it: 250 2.0.0 queued as 4711"), "{note}");
    let mail = server.mail();
    is_well_formed(&mail);
    assert_eq!((&mail["sender"], &mail["recipients"]), (&json!("smokealert@company.xy"), &json!(["ops@company.xy"])));
    assert_eq!(mail["from"], json!([["Smoke Alert", "smokealert@company.xy"]]));
    assert_eq!(mail["to"], json!([["王小明", "ops@company.xy"]]));
    assert_eq!(mail["date"], json!((TIME + 2) as f64));
    assert_eq!(header(&mail, "Subject"), Some("[SmokeAlert] someloss was raised on Test.Lossy"));
    assert_eq!(header(&mail, "Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header(&mail, "MIME-Version"), Some("1.0"));
    assert_eq!(header(&mail, "Message-ID"), Some(&*format!("<smokeprobe.17.{}000000000@company.xy>", TIME + 2)));
    assert_eq!(header(&mail, "X-SmokeProbe-Alert"), Some("someloss"));
    assert_eq!(header(&mail, "X-SmokeProbe-Target"), Some("Test.Lossy"));

    let related = json!(["multipart/related", ["text/html", "image/png"]]);
    assert_eq!(mail["shape"], json!(["multipart/alternative", ["text/plain", related]]));
    let text = mail["parts"][0]["text"].as_str().unwrap();
    assert_eq!(mail["parts"][0]["charset"], "utf-8");
    let facts = smokeprobe_alerts::notify::testing::facts();
    for fact in [&facts.title, &facts.comment, &facts.loss, &facts.rtt, &facts.pattern, &facts.host, &facts.reason] {
        assert!(text.contains(fact.as_str()), "{fact} is not in {text}");
    }
    assert!(text.contains(facts.url.as_deref().unwrap()));

    let html = mail["parts"][1]["text"].as_str().unwrap();
    assert!(html.contains("北京 &lt;Storage&gt; &amp; &quot;S3&quot;") && !html.contains("<Storage>"), "{html}");
    assert!(html.contains("<a href=\"https://smoke.example/?target=Test.Lossy\">Test.Lossy</a>"), "{html}");
    let graph = &mail["parts"][2];
    let id = graph["id"].as_str().unwrap().trim_matches(['<', '>']);
    assert!(html.contains(&format!("<img src=\"cid:{id}\"")), "{html}");
    assert_eq!((&graph["disposition"], &graph["file"]), (&json!("inline"), &json!("Test.Lossy.png")));
    assert_eq!(graph["bytes"], json!(picture(&"Test.Lossy".parse().unwrap(), TIME)));
    server.ends();
}

#[test]
fn long_chinese_names_are_folded_and_come_out_whole() {
    let server = MailServer::start(&[]);
    let alert = "北京机房到上海机房的丢包率连续三次超过百分之二十并且往返时间也明显升高了请马上检查线路";
    send(options(&[&server.host()]), "ops@company.xy", vec![event("Test.Lossy~boomer", alert, What::Cleared)]).unwrap();
    let mail = server.mail();
    is_well_formed(&mail);
    let subject = format!("[SmokeAlert] {alert} was cleared on Test.Lossy [from boomer]");
    assert_eq!(header(&mail, "Subject"), Some(&*subject));
    assert_eq!(header(&mail, "X-SmokeProbe-Alert"), Some(alert));
    assert_eq!(header(&mail, "X-SmokeProbe-Target"), Some("Test.Lossy~boomer"));
}

#[test]
fn many_alerts_are_one_mail_with_the_first_graphs() {
    let server = MailServer::start(&[]);
    let mut events = vec![event("Test.Undrawn", "someloss", What::Cleared)];
    events.extend((0..11).map(|n| event(&format!("Test.Host{n}"), "hostdown", What::Raised)));
    send(options(&[&server.host()]), "ops@company.xy", events).unwrap();
    let mail = server.mail();
    is_well_formed(&mail);
    let subject = "[SmokeAlert] 12 alerts: someloss was cleared, hostdown was raised (11)";
    assert_eq!(header(&mail, "Subject"), Some(subject));
    assert_eq!(header(&mail, "X-SmokeProbe-Events"), Some("12"));
    let pictures = ["text/html", "image/png", "image/png", "image/png", "image/png"];
    assert_eq!(mail["shape"][1][1], json!(["multipart/related", pictures]));
    assert_eq!(mail["parts"][2]["file"], "Test.Host0.png");
    for part in [0, 1] {
        let text = mail["parts"][part]["text"].as_str().unwrap();
        assert!((0..11).all(|n| text.contains(&format!("Test.Host{n}"))) && text.contains("Test.Undrawn"), "{text}");
    }
    assert_eq!(mail["parts"][1]["text"].as_str().unwrap().matches("<tr>").count(), 13);
}

/// Never done; the time of the test stands still as soon as nobody waits for it any more.
#[derive(Debug)]
struct Daydreamer(std::sync::Mutex<Option<std::sync::mpsc::Receiver<()>>>);

struct Forgotten(Option<std::sync::mpsc::Receiver<()>>);

#[async_trait]
impl Illustrator for Daydreamer {
    async fn png(&self, _series: &SeriesId, _until: i64) -> Option<Vec<u8>> {
        let _forgotten = Forgotten(self.0.lock().unwrap().take());
        std::future::pending().await
    }
}

impl Drop for Forgotten {
    fn drop(&mut self) {
        let end = self.0.take().unwrap();
        // Virtual time does not pass while a blocking task runs.
        tokio::task::spawn_blocking(move || end.recv());
    }
}

#[test]
fn a_mail_goes_without_a_graph_that_does_not_come() {
    let server = MailServer::start(&[]);
    let (end, wait) = std::sync::mpsc::channel();
    let painter = Daydreamer(std::sync::Mutex::new(Some(wait)));
    let smtp = Smtp::new("ops@company.xy", options(&[&server.host()])).unwrap().illustrated(Arc::new(painter));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(smtp.deliver(&message("ops@company.xy", raised()))).unwrap();
    drop(end);
    assert_eq!(server.mail()["shape"], json!(["multipart/alternative", ["text/plain", "text/html"]]));
}

#[test]
fn a_mail_of_a_thousand_alerts_has_an_end() {
    let server = MailServer::start(&[]);
    let events = (0..1000).map(|n| event(&format!("Test.Host{n}"), "hostdown", What::Raised)).collect();
    let smtp = Smtp::new("ops@company.xy", options(&[&server.host()])).unwrap();
    deliver(&smtp, events).unwrap();
    let mail = server.mail();
    is_well_formed(&mail);
    assert_eq!(mail["shape"], json!(["multipart/alternative", ["text/plain", "text/html"]]));
    for part in [0, 1] {
        let text = mail["parts"][part]["text"].as_str().unwrap();
        assert!(text.contains("Test.Host199") && !text.contains("Test.Host200") && text.contains("and 800 more"));
    }
}

fn with_template(mut event: Event, file: &Path) -> Event {
    let mut facts = (*event.facts).clone();
    facts.mail_template = Some(file.to_owned());
    event.facts = facts.into();
    event
}

#[test]
fn a_template_of_the_user_is_the_whole_mail() {
    let server = MailServer::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("template");
    let text = "Subject: 警报 <##ALERT##> <##WHAT##>\nReply-To: 网管 <noc@company.xy>\nBcc: all@company.xy\n\
                X-Priority: 1\n\n<##LINE##> — <##COMMENT##>\n.\n<##STAMP##>\n";
    std::fs::write(&file, text).unwrap();
    let one = with_template(event("Test.Lossy", "someloss", What::Raised), &file);
    send(options(&[&server.host()]), "ops@company.xy", vec![one.clone()]).unwrap();
    let mail = server.mail();
    is_well_formed(&mail);
    assert_eq!(header(&mail, "Subject"), Some("警报 someloss was raised"));
    assert_eq!(header(&mail, "Reply-To"), Some("网管 <noc@company.xy>"));
    assert_eq!((header(&mail, "X-Priority"), header(&mail, "Bcc")), (Some("1"), None));
    assert_eq!(mail["recipients"], json!(["ops@company.xy"]));
    assert_eq!(mail["shape"], "text/plain");
    let body = mail["parts"][0]["text"].as_str().unwrap().replace("\r\n", "\n");
    assert!(body.starts_with("Test.Lossy — 连续三次丢包 loss 3 times in a row\n.\n"), "{body}");
    assert!(body.trim_end().ends_with(" 2026"), "{body}");

    // Several: each by its own, the one without in our words.
    let other = event("Test.Other", "hostdown", What::Cleared);
    send(options(&[&server.host()]), "ops@company.xy", vec![one, other]).unwrap();
    let mail = server.mail();
    let subject = "[SmokeAlert] 2 alerts: someloss was raised, hostdown was cleared";
    assert_eq!((header(&mail, "Subject"), header(&mail, "X-Priority")), (Some(subject), Some("1")));
    let body = mail["parts"][0]["text"].as_str().unwrap();
    assert!(body.starts_with("Test.Lossy — ") && body.contains("hostdown was cleared on Test.Other"), "{body}");
}

#[test]
fn a_template_that_cannot_be_read_is_said_in_the_subject() {
    let server = MailServer::start(&[]);
    let event = with_template(event("Test.Lossy", "someloss", What::Raised), Path::new("/no/such/template"));
    send(options(&[&server.host()]), "ops@company.xy", vec![event]).unwrap();
    let mail = server.mail();
    let subject = "[SmokeAlert] cannot use mail template /no/such/template: someloss was raised on Test.Lossy";
    assert_eq!(header(&mail, "Subject"), Some(subject));
    let text = mail["parts"][0]["text"].as_str().unwrap();
    assert!(text.contains("No such file") && text.contains("loss: S, 0%, 20%"), "{text}");
}

#[test]
fn a_value_cannot_become_a_header() {
    let server = MailServer::start(&[]);
    let alert = "x\r\nBcc: all@company.xy\r\n\r\nbody";
    send(options(&[&server.host()]), "ops@company.xy", vec![event("Test.Lossy", alert, What::Raised)]).unwrap();
    let mail = server.mail();
    assert_eq!(header(&mail, "Bcc"), None);
    assert_eq!(header(&mail, "Subject"), Some("[SmokeAlert] x Bcc: all@company.xy body was raised on Test.Lossy"));
}

#[test]
fn encryption_is_taken_where_it_is_offered() {
    let certificate = Certificate::new();
    let server = MailServer::encrypting(&certificate, &["--require-starttls"]);
    send(options(&[&server.host()]), "ops@company.xy", raised()).unwrap();
    assert_eq!(server.mail()["encrypted"], true);
    let plain = MailServer::start(&[]);
    send(options(&[&plain.host()]), "ops@company.xy", raised()).unwrap();
    assert_eq!(plain.mail()["encrypted"], false);
}

#[test]
fn required_encryption_wants_an_offer_and_a_certificate_that_is_trusted() {
    let certificate = Certificate::new();
    let server = MailServer::encrypting(&certificate, &[]);
    let plain = MailServer::start(&[]);
    let required = |host: &str| MailOptions { tls: MailTls::StartTls, ..options(&[host]) };
    let reason = transient(send(required(&plain.host()), "ops@company.xy", raised()));
    assert!(reason.contains("encrypting: it does not offer STARTTLS"), "{reason}");
    let reason = transient(send(required(&server.host()), "ops@company.xy", raised()));
    assert!(reason.contains("encrypting: invalid peer certificate: UnknownIssuer"), "{reason}");

    let trusted = MailOptions { ca: Some(certificate.file()), ..required(&server.host()) };
    send(trusted.clone(), "ops@company.xy", raised()).unwrap();
    assert_eq!(server.mail()["encrypted"], true);
    let missing = MailOptions { ca: Some("/no/such/ca.pem".into()), ..trusted };
    let reason = transient(send(missing, "ops@company.xy", raised()));
    assert!(reason.contains("cannot read the certificates in /no/such/ca.pem: No such file"), "{reason}");
    server.ends();
    plain.ends();
}

#[test]
fn encryption_may_begin_with_the_first_byte() {
    let certificate = Certificate::new();
    let server = MailServer::encrypting(&certificate, &["--wrapped"]);
    let wrapped = MailOptions { tls: MailTls::Wrapped, ..options(&[&server.host()]) };
    let reason = transient(send(wrapped.clone(), "ops@company.xy", raised()));
    assert!(reason.contains("encrypting: invalid peer certificate: UnknownIssuer"), "{reason}");
    send(MailOptions { ca: Some(certificate.file()), ..wrapped }, "ops@company.xy", raised()).unwrap();
    assert_eq!(server.mail()["encrypted"], true);
    server.ends();
}

#[test]
fn a_host_that_cannot_agree_on_encryption_or_talks_without_end_is_told_from_others() {
    let certificate = Certificate::new();
    let plain = MailServer::start(&[]);
    let flood = MailServer::encrypting(&certificate, &["--flood"]);
    let wrapped = |host: &str| MailOptions { tls: MailTls::Wrapped, ca: Some(certificate.file()), ..options(&[host]) };
    let reason = transient(send(wrapped(&plain.host()), "ops@company.xy", raised()));
    assert!(reason.contains(": encrypting: ") && reason.contains("is it the right port for this mailtls?"), "{reason}");
    let reason = transient(send(wrapped(&flood.host()), "ops@company.xy", raised()));
    assert!(reason.contains("greeting: it says far more than a mail host has to say"), "{reason}");
    let broken = hostile(|stream| {
        recite(stream, &["220 broken\r\n", "250-broken\r\n250 STARTTLS\r\n", "220 go on\r\n", "500 no\r\n"], false);
    });
    let reason = transient(send(options(&[&broken]), "ops@company.xy", raised()));
    assert!(reason.contains(": encrypting: ") && reason.contains("mailtls = none does without"), "{reason}");
}

fn with_password(options: MailOptions, pass: &str) -> MailOptions {
    MailOptions { user: Some(Secret::Plain("ops".to_owned())), pass: Some(Secret::parse(pass)), ..options }
}

#[test]
fn it_logs_in_by_either_mechanism() {
    let certificate = Certificate::new();
    for mechanism in ["PLAIN", "LOGIN"] {
        let server = MailServer::encrypting(&certificate, &["--auth", mechanism, "--require-starttls"]);
        let trusting = MailOptions { ca: Some(certificate.file()), ..options(&[&server.host()]) };
        send(with_password(trusting.clone(), "geheim-秘密"), "ops@company.xy", raised()).unwrap();
        let mail = server.mail();
        assert_eq!((&mail["user"], &mail["mechanism"]), (&json!("ops"), &json!(mechanism)));

        let wrong = with_password(trusting.clone(), "geheimer");
        let reason = permanent_of_host(&send(wrong, "ops@company.xy", raised()));
        assert!(reason.contains("logging in: it said 535"), "{reason}");
        assert!(!reason.contains("geheim"), "{reason}");

        let missing = with_password(trusting, "file:/no/such/password");
        let reason = transient(send(missing, "ops@company.xy", raised()));
        assert!(reason.contains("cannot read the secret in /no/such/password"), "{reason}");
        server.ends();
    }
}

/// Sendmail is not there in these tests, which may pass; the host's part of the reason is before it.
fn permanent_of_host(result: &Result<String, DeliveryError>) -> String {
    match result {
        Err(error) => error.to_string().split("; cannot run").next().unwrap().to_owned(),
        Ok(note) => panic!("{note}"),
    }
}

#[test]
fn a_password_is_not_sent_in_the_clear_unless_that_is_asked_for() {
    let server = MailServer::start(&["--auth", "PLAIN,LOGIN"]);
    let plain = with_password(options(&[&server.host()]), "geheim-秘密");
    let reason = transient(send(plain.clone(), "ops@company.xy", raised()));
    assert!(reason.contains("the password is not sent in the clear (mailtls = none would do so)"), "{reason}");
    send(MailOptions { tls: MailTls::None, ..plain }, "ops@company.xy", raised()).unwrap();
    assert_eq!(server.mail()["user"], "ops");
    server.ends();
}

#[test]
fn nobody_sees_a_password_in_debug() {
    let smtp = Smtp::new("ops@company.xy", with_password(options(&[]), "geheim")).unwrap();
    assert!(!format!("{smtp:?}").contains("geheim"), "{smtp:?}");
}

#[test]
fn what_a_host_refuses_for_now_is_tried_again_and_what_for_good_is_not() {
    let server = MailServer::start(&[]);
    let place = place("sendmail.sh");
    std::fs::write(place.directory.path().join("status"), "67").unwrap();
    let options = MailOptions { sendmail: Some(place.program.clone()), ..options(&[&server.host()]) };
    let reason = transient(send(options.clone(), "full@company.xy", raised()));
    assert!(reason.contains("giving the recipient: it said 452 4.2.2 the mailbox is full"), "{reason}");
    let reason = transient(send(options.clone(), "later@company.xy", raised()));
    assert!(reason.contains("giving the mail: it said 451 4.7.1 greylisted"), "{reason}");
    let reason = permanent(send(options.clone(), "unknown@company.xy", raised()));
    assert!(reason.contains("giving the recipient: it said 550 5.1.1 no such user here"), "{reason}");
    assert!(reason.contains("ended with exit status 67; it printed: no, says sendmail"), "{reason}");
    let reason = permanent(send(options.clone(), "spam@company.xy", raised()));
    assert!(reason.contains("giving the mail: it said 554 5.7.1 this looks like spam"), "{reason}");
    // 75 is "try again later".
    std::fs::write(place.directory.path().join("status"), "75").unwrap();
    transient(send(options, "spam@company.xy", raised()));
    server.ends();
}

/// A host on loopback that does what `talk` says with each connection.
fn hostile(talk: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(talk));
    host
}

/// A host where nothing listens, as long as the socket is kept: its port is bound, so that no other test gets it.
fn closed() -> (String, tokio::net::TcpSocket) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap().to_string(), socket)
}

/// Says its lines, one for each line that it is told, and then does nothing until the other side hangs up.
fn recite(mut stream: std::net::TcpStream, lines: &[&str], hang: bool) {
    let mut buffer = [0; 4096];
    for (number, line) in lines.iter().enumerate() {
        if number > 0 && !matches!(stream.read(&mut buffer), Ok(1..)) {
            return;
        }
        stream.write_all(line.as_bytes()).unwrap();
    }
    while hang && matches!(stream.read(&mut buffer), Ok(1..)) {}
}

/// A host whose queue of connections is full: nobody gets an answer. The connections are to be kept.
fn full() -> (String, Vec<std::net::TcpStream>, std::net::TcpListener) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(1).unwrap().into_std().unwrap()
    });
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut kept = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(2)) {
        kept.push(stream);
        assert!(kept.len() < 100, "the queue never fills");
    }
    (address.to_string(), kept, listener)
}

#[test]
fn hosts_that_fail_in_every_way_are_passed_over_and_named() {
    const HELLO: [&str; 4] = ["220 hostile\r\n", "250 hostile\r\n", "250 ok\r\n", "250 ok\r\n"];
    let (closed, _bound) = closed();
    let (full, _connections, _listener) = full();
    let silent = hostile(|stream| recite(stream, &[], true));
    let rude = hostile(|stream| recite(stream, &[], false));
    let deaf = hostile(|stream| recite(stream, &[&HELLO[..], &["354 go on\r\n"]].concat(), true));
    let fickle = hostile(|stream| recite(stream, &[&HELLO[..], &["354 go on\r\n"]].concat(), false));
    let odd = hostile(|stream| recite(stream, &["HTTP/1.1 400 Bad Request\r\n\r\n"], false));
    let endless = hostile(|mut stream| while stream.write_all(&[b'2'; 8192]).is_ok() {});
    let busy = hostile(|stream| recite(stream, &["421 too many connections\r\n"], false));
    let good = MailServer::start(&[]);

    let hosts = [&closed, &full, &silent, &rude, &deaf, &fickle, &odd, &endless, &busy];
    let of = |hosts: &[&String]| options(&hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>());
    // Each has the same share of the time.
    let timeout = SHORT * u32::try_from(hosts.len()).unwrap();
    let impatient = MailOptions { connect_timeout: SHORT / 2, timeout, ..of(&hosts) };
    let reason = transient(send(impatient, "ops@company.xy", raised()));
    for part in [
        format!("{closed}: connecting: Connection refused"),
        format!("{full}: connecting: it cannot be reached in time"),
        format!("{silent}: greeting: it did not answer within 4 s"),
        format!("{rude}: greeting: it closed the connection"),
        format!("{deaf}: giving the mail: it did not answer within 4 s"),
        format!("{fickle}: giving the mail: "),
        format!("{odd}: greeting: it does not speak SMTP"),
        format!("{endless}: greeting: it says far more than a mail host has to say"),
        format!("{busy}: greeting: it said 421 too many connections"),
        "cannot run /nonexistent/sendmail: there is no such program".to_owned(),
    ] {
        assert!(reason.contains(&part), "{part:?} is not in {reason:?}");
    }

    let last = good.host();
    let note = send(of(&[&closed, &rude, &fickle, &odd, &busy, &last]), "ops@company.xy", raised()).unwrap();
    assert_eq!(note, format!("{last} took it: 250 2.0.0 queued as 4711"));
    assert_eq!(good.mail()["recipients"], json!(["ops@company.xy"]));
    good.ends();
}

#[test]
fn sendmail_gets_the_mail_when_no_host_takes_it() {
    let place = place("sendmail.sh");
    let (closed, _bound) = closed();
    for hosts in [vec![], vec![closed.as_str()]] {
        let options = MailOptions { sendmail: Some(place.program.clone()), ..options(&hosts) };
        let note = send(options, "First Last <ops@company.xy>", raised()).unwrap();
        assert!(note.ends_with("sendmail.sh took it"), "{note}");
        assert_eq!(note.contains("Connection refused"), !hosts.is_empty());
        assert_eq!(place.read("arguments"), "[-i][-f][smokealert@company.xy][--][ops@company.xy]");
        let mail = place.read("mail");
        assert!(mail.contains("\nSubject: [SmokeAlert] someloss was raised on Test.Lossy\n"), "{mail}");
        assert!(!mail.contains('\r'));
    }
}

#[test]
fn what_is_no_address_is_refused_at_once() {
    for good in
        ["ops@company.xy", "root@localhost", " First Last <ops@company.xy> ", "\"Last, First\" <ops@company.xy>"]
    {
        Smtp::new(good, MailOptions::default()).unwrap();
    }
    for bad in ["", "ops", "a b@c", "First <ops@company.xy", "ops@company.xy\r\nBcc: all@company.xy", "<>", "a@b <c>"] {
        let error = Smtp::new(bad, MailOptions::default()).unwrap_err().to_string();
        assert!(error.contains("is not a mail address"), "{error}");
    }
}
