//! The HTTP probe against a real server on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use smokeprobe_core::conformance::{Subject, check, measure_once};
use smokeprobe_core::probes::ConnectOptions;
use smokeprobe_core::probes::http::{HttpMeasure, HttpOptions, HttpProbe};
use smokeprobe_core::{
    AddressFamily, Clock, Host, LossReason, Measured, ProbeError, SystemClock, SystemResolver, WallTime,
};

use crate::http_server::{self, SLOW};
use crate::tls::{self, Authority};
use crate::{ANSWERED, SILENT, closed_port};

fn options(server: SocketAddr, path: &str) -> HttpOptions {
    let connect = ConnectOptions { interval: Duration::from_millis(2), timeout: ANSWERED, ..ConnectOptions::default() };
    HttpOptions { connect, urls: vec![format!("http://%host%:{}{path}", server.port())], ..HttpOptions::default() }
}

fn secure(server: SocketAddr, path: &str) -> HttpOptions {
    let urls = vec![format!("https://%host%:{}{path}", server.port())];
    HttpOptions { urls, insecure: true, ..options(server, path) }
}

async fn measure(options: HttpOptions, pings: u32) -> Measured {
    measure_host(options, "127.0.0.1", pings).await.unwrap()
}

async fn measure_host(options: HttpOptions, host: &str, pings: u32) -> Result<Measured, ProbeError> {
    let probe = HttpProbe::new(options)?;
    let resolver = SystemResolver::new(Arc::new(SystemClock));
    Ok(measure_once(&probe, &Host::from(host), pings, &resolver).await?.expect("samples"))
}

/// The only sample was lost, for this reason; the note.
async fn lost(options: HttpOptions, reason: LossReason) -> String {
    let measured = measure(options, 1).await;
    assert_eq!(measured.loss_reasons, [(reason, 1)], "{:?}", measured.note);
    measured.note.expect("a note")
}

#[tokio::test]
async fn keeps_the_contract_of_probes_with_and_without_tls() {
    let plain = http_server::start(None).await;
    let probe = HttpProbe::new(options(plain, "/ok")).unwrap();
    check(&Subject { probe: &probe, answers: "127.0.0.1".into(), silent: None }).await;

    let mut impatient = options(plain, "/silent");
    impatient.connect.timeout = SILENT;
    let measured = measure(impatient, 2).await;
    assert_eq!(measured.loss_reasons, [(LossReason::Timeout, 2)]);

    let encrypted = http_server::start(Some(Authority::new().acceptor(&["127.0.0.1"]))).await;
    let probe = HttpProbe::new(secure(encrypted, "/ok")).unwrap();
    check(&Subject { probe: &probe, answers: "127.0.0.1".into(), silent: None }).await;
}

#[tokio::test]
async fn phases_show_where_the_time_went() {
    let server = http_server::start(Some(Authority::new().acceptor(&["127.0.0.1"]))).await;
    let measured = measure(secure(server, "/slow"), 2).await;
    assert_eq!((measured.rtts().len(), measured.phases.len()), (2, 2));
    for phases in &measured.phases {
        assert!(phases.connect.is_some_and(|time| !time.is_zero()));
        assert!(phases.tls.is_some_and(|time| !time.is_zero()));
        assert!(phases.first_byte.is_some_and(|time| time >= SLOW), "{phases:?}");
        assert!(phases.transfer.is_some_and(|time| time >= SLOW), "{phases:?}");
    }
    assert!(measured.rtts().iter().all(|&rtt| Duration::from(rtt) >= 2 * SLOW));
}

#[tokio::test]
async fn measure_chooses_the_part_in_the_order_of_events() {
    let server = http_server::start(Some(Authority::new().acceptor(&["127.0.0.1"]))).await;
    // The time, and the phases until the connection is ready.
    let rtt = async |measure_part: HttpMeasure| {
        let measured = measure(HttpOptions { measure: measure_part, ..secure(server, "/slow") }, 1).await;
        let phases = measured.phases[0];
        (Duration::from(measured.rtts()[0]), [phases.resolve, phases.connect, phases.tls].map(Option::unwrap))
    };
    for (early, parts) in [
        (HttpMeasure::Resolve, 1),
        (HttpMeasure::Connect, 2),
        (HttpMeasure::AppConnect, 3),
        (HttpMeasure::PreTransfer, 3),
    ] {
        let (took, phases) = rtt(early).await;
        assert_eq!(took, phases[..parts].iter().sum::<Duration>(), "{early:?}");
    }
    assert!(rtt(HttpMeasure::StartTransfer).await.0 >= SLOW);
    assert!(rtt(HttpMeasure::Total).await.0 >= 2 * SLOW);
    assert!(rtt(HttpMeasure::TotalWithoutResolve).await.0 >= 2 * SLOW);
    assert_eq!(rtt(HttpMeasure::Redirect).await.0, Duration::ZERO);
}

/// `curl` is the oracle: on the same server it sees the same delays in the same phases. The server shares a thread with
/// the probe, so that it does not begin its delay before the probe knows that it has sent its request.
#[tokio::test]
async fn curl_agrees_about_the_phases() {
    let server = http_server::start(Some(Authority::new().acceptor(&["127.0.0.1"]))).await;
    let url = format!("https://{server}/slow");
    let format = "%{time_namelookup} %{time_connect} %{time_appconnect} %{time_starttransfer} %{time_total}";
    let mut curl = Command::new("curl");
    curl.args(["-sk", "-o", "/dev/null", "-w", format, &url]);
    let Output { stdout, status, .. } = tokio::task::spawn_blocking(move || curl.output())
        .await
        .unwrap()
        .expect("curl is needed for this test: install curl (Debian: apt-get install curl)");
    assert!(status.success());
    let curl: Vec<f64> = String::from_utf8(stdout).unwrap().split(' ').map(|time| time.parse().unwrap()).collect();

    let phases = measure(secure(server, "/slow"), 1).await.phases[0];
    let mut at = Duration::ZERO;
    let ours: Vec<f64> = [phases.resolve, phases.connect, phases.tls, phases.first_byte, phases.transfer]
        .into_iter()
        .map(|part| {
            at += part.expect("every part");
            at.as_secs_f64()
        })
        .collect();
    for times in [&curl, &ours] {
        assert!(times.is_sorted(), "{times:?}");
        assert!(times[3] - times[2] >= SLOW.as_secs_f64(), "{times:?}");
        // Curl prints microseconds, rounded down.
        assert!(times[4] - times[3] >= SLOW.as_secs_f64() - 2e-3, "{times:?}");
    }
}

#[tokio::test]
async fn several_urls_add_up() {
    let server = http_server::start(None).await;
    let mut options = options(server, "/slow");
    options.urls.push(format!("http://127.0.0.1:{}/slow", server.port()));
    let measured = measure(options, 1).await;
    assert!(Duration::from(measured.rtts()[0]) >= 4 * SLOW);
    assert_eq!(measured.phases.len(), 1);
}

#[tokio::test]
async fn status_and_text_decide_whether_an_answer_counts() {
    let server = http_server::start(None).await;
    let good = |options| async move { measure(options, 1).await.rtts().len() == 1 };
    let ok = || options(server, "/ok");
    assert!(good(options(server, "/busy")).await);
    assert!(good(HttpOptions { status: vec![(200, 299)], ..ok() }).await);
    assert!(good(HttpOptions { status: vec![(200, 200), (500, 503)], ..options(server, "/busy") }).await);
    assert!(good(HttpOptions { expect: Some("lo wor".to_owned()), ..ok() }).await);
    assert!(good(HttpOptions { expect: Some("needle".to_owned()), ..options(server, "/pieces") }).await);

    let busy = HttpOptions { status: vec![(200, 299)], ..options(server, "/busy") };
    assert!(lost(busy, LossReason::Unexpected).await.ends_with("status 503"));
    let absent = HttpOptions { expect: Some("bye".to_owned()), ..ok() };
    assert!(lost(absent, LossReason::Unexpected).await.ends_with("does not have \"bye\""));
}

#[tokio::test]
async fn broken_answers_are_losses_with_a_reason() {
    let server = http_server::start(None).await;
    lost(options(server, "/garbage"), LossReason::Unexpected).await;
    lost(options(server, "/hangup"), LossReason::Refused).await;
    lost(options(server, "/cut"), LossReason::Unexpected).await;
    // TLS to a server that does not speak it.
    lost(secure(server, "/ok"), LossReason::Unexpected).await;
    let (_bound, port) = closed_port();
    lost(options(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "/ok"), LossReason::Refused).await;
}

#[tokio::test]
async fn endless_body_is_read_to_a_bound() {
    let server = http_server::start(None).await;
    let measured = measure(options(server, "/endless"), 1).await;
    assert_eq!(measured.rtts().len(), 1);
    assert!(measured.note.unwrap().contains("first 16 MiB"));
}

#[tokio::test]
async fn redirects_are_followed_counted_and_bounded() {
    let server = http_server::start(None).await;
    let to_slow = || HttpOptions { status: vec![(200, 200)], ..options(server, "/to?/slow") };
    lost(to_slow(), LossReason::Unexpected).await;
    assert_eq!(measure(HttpOptions { redirects: 1, ..to_slow() }, 1).await.rtts().len(), 1);

    // Each `/to` leads to the next.
    let chain = HttpOptions { redirects: 5, ..options(server, "/to?/to?/to?/to?/to?/to?/to?/to") };
    assert!(lost(chain, LossReason::Unexpected).await.contains("more than 5 redirects"));
    let away = HttpOptions { redirects: 5, ..options(server, "/to?file:///etc/passwd") };
    lost(away, LossReason::Unexpected).await;
    let nowhere = HttpOptions { redirects: 5, ..options(server, "/to?http://no-such-name.invalid/") };
    assert!(lost(nowhere, LossReason::Unexpected).await.contains("no-such-name.invalid"));

    // `/slow` behind a redirect, and a redirect behind nothing slow: which part counts is for the options to say.
    let redirect = HttpOptions { redirects: 1, measure: HttpMeasure::Redirect, ..to_slow() };
    assert!(Duration::from(measure(redirect, 1).await.rtts()[0]) > Duration::ZERO);
}

#[tokio::test]
async fn secrets_do_not_follow_a_redirect_to_another_server() {
    let (here, there) = (http_server::start(None).await, http_server::start(None).await);
    let headers = vec![("Authorization".to_owned(), "Bearer secret".to_owned())];
    let expect = Some("Bearer secret".to_owned());
    let redirect = |to: SocketAddr| HttpOptions {
        headers: headers.clone(),
        expect: expect.clone(),
        redirects: 1,
        ..options(here, &format!("/to?http://{to}/echo"))
    };
    assert_eq!(measure(redirect(here), 1).await.rtts().len(), 1);
    lost(redirect(there), LossReason::Unexpected).await;
}

#[tokio::test]
async fn request_is_what_the_options_say() {
    let server = http_server::start(None).await;
    let sees = |text: String, change: fn(&mut HttpOptions)| async move {
        let mut options = HttpOptions { expect: Some(text), ..options(server, "/echo?a=b") };
        change(&mut options);
        let measured = measure(options, 1).await;
        assert_eq!(measured.rtts().len(), 1, "{:?}", measured.note);
    };
    let version = env!("CARGO_PKG_VERSION");
    sees("GET /echo?a=b HTTP/1.1\r\n".to_owned(), |_| {}).await;
    sees(format!("\r\nhost: 127.0.0.1:{}\r\n", server.port()), |_| {}).await;
    sees(format!("\r\nuser-agent: smokeprobe/{version}\r\n"), |_| {}).await;
    sees("\r\nuser-agent: Mozilla\r\n".to_owned(), |options| options.agent = Some("Mozilla".to_owned())).await;
    sees("\r\nhost: s3.example\r\n".to_owned(), |options| {
        options.headers = vec![("Host".to_owned(), "s3.example".to_owned())];
    })
    .await;
}

#[tokio::test]
async fn host_of_the_url_is_what_is_measured() {
    let server = http_server::start(None).await;
    let fixed = HttpOptions { urls: vec![format!("http://{server}/ok")], ..options(server, "/ok") };
    let measured = measure_host(fixed, "no-such-name.invalid", 2).await.unwrap();
    assert_eq!((measured.rtts().len(), measured.address), (2, Some(server.ip())));

    let by_name = measure_host(options(server, "/ok"), "localhost", 2).await.unwrap();
    assert_eq!((by_name.rtts().len(), by_name.address), (2, Some(server.ip())));

    let mut v6 = options(server, "/ok");
    v6.connect.family = AddressFamily::V6;
    let error = measure_host(v6, "127.0.0.1", 2).await.unwrap_err();
    assert!(matches!(error, ProbeError::Resolve(_)), "{error:?}");
}

#[tokio::test]
async fn stranger_s_certificate_is_refused_unless_any_will_do_and_its_end_is_noted() {
    let server = http_server::start(Some(Authority::new().acceptor(&["127.0.0.1"]))).await;
    let strict = HttpOptions { insecure: false, ..secure(server, "/ok") };
    assert!(lost(strict, LossReason::Unexpected).await.contains("certificate"));
    let measured = measure(secure(server, "/ok"), 1).await;
    assert_eq!(measured.certificate_expires.map(WallTime::unix_secs), Some(tls::EXPIRES));
}

#[tokio::test]
async fn dead_tls_servers_hold_up_a_living_one_a_second_at_most_and_the_wait_is_not_measured() {
    // More dead servers than handshakes may run at once. The kernel accepts for them, and nobody ever answers.
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = secure(dead.local_addr().unwrap(), "/ok");
    let mut impatient = mute.clone();
    impatient.connect.timeout = SILENT;
    let dead = tokio::spawn(futures_util::future::join_all((0..40).map(move |_| measure(mute.clone(), 1))));

    let server = http_server::start(Some(Authority::new().acceptor(&["127.0.0.1"]))).await;
    let clock = SystemClock;
    let start = clock.mono();
    // The dead come first.
    tokio::task::yield_now().await;
    let measured = measure(secure(server, "/ok"), 1).await;
    let waited = clock.mono().saturating_since(start);
    assert_eq!(measured.rtts().len(), 1, "{:?}", measured.note);
    assert!(!dead.is_finished(), "the living server waited for the time-out of the dead ones");
    assert!(waited >= Duration::from_millis(500), "there was nothing to wait for");
    assert!(waited >= Duration::from(measured.rtts()[0]) + Duration::from_millis(500));
    dead.abort();
    lost(impatient, LossReason::Timeout).await;
}

/// The system's authorities are read once a process, so what runs under other ones runs in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn certificate_of_a_known_authority_is_taken_for_its_own_name_only() {
    let authority = Authority::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.pem()).unwrap();
    let (right, wrong) = (authority.acceptor(&["127.0.0.1", "localhost"]), authority.acceptor(&["other.example"]));
    let (right, wrong) = (http_server::start(Some(right)).await, http_server::start(Some(wrong)).await);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "probes::http::under_another_authority", "--nocapture"]);
    child.env("SSL_CERT_FILE", file.path()).env_remove("SSL_CERT_DIR");
    child.env("RIGHT", right.to_string()).env("WRONG", wrong.to_string());
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

#[tokio::test]
#[ignore = "the other half of certificate_of_a_known_authority_is_taken_for_its_own_name_only, which runs it"]
async fn under_another_authority() {
    let server = |which: &str| std::env::var(which).expect("run by its other half").parse::<SocketAddr>().unwrap();
    let strict = |which| HttpOptions { insecure: false, ..secure(server(which), "/ok") };
    for host in ["127.0.0.1", "localhost"] {
        let measured = measure_host(strict("RIGHT"), host, 1).await.unwrap();
        assert_eq!(measured.rtts().len(), 1, "{host}: {:?}", measured.note);
    }
    assert!(lost(strict("WRONG"), LossReason::Unexpected).await.contains("certificate"));
}

#[test]
fn options_that_cannot_be_sent_are_refused_at_once() {
    let refused = |change: fn(&mut HttpOptions)| {
        let mut options = HttpOptions::default();
        change(&mut options);
        HttpProbe::new(options).unwrap_err().to_string()
    };
    assert!(refused(|options| options.urls = vec!["gopher://%host%/".to_owned()]).contains("gopher"));
    assert!(refused(|options| options.urls.clear()).contains("no URL"));
    assert!(refused(|options| options.agent = Some("a\nb".to_owned())).contains("agent"));
    let header = |options: &mut HttpOptions| options.headers = vec![("Bad name".to_owned(), String::new())];
    assert!(refused(header).contains("Bad name"));
}
