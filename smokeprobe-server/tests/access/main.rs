//! Who may look and who may change: every way in, and every refusal, over connections of the loopback.

mod changes;
mod command;
mod daemon;
#[expect(dead_code, reason = "the tests of all addresses use more of it")]
#[path = "../web_http/fixture.rs"]
mod fixture;
#[expect(dead_code, reason = "the daemon's own tests use more of it")]
#[path = "../run_daemon/harness.rs"]
mod harness;
mod proxies;
mod sign_in;
mod site;
mod streams;

use axum::http::StatusCode;
use serde_json::json;
use smokeprobe_server::web::AccessOptions;

use fixture::NOW;
use site::{Site, nobody};

/// What nobody sees who is not known.
const CLOSED: [&str; 15] = [
    "/api/v1/tree",
    "/api/v1/status",
    "/api/v1/series/Storage.NingxiaS3",
    "/api/v1/alerts",
    "/api/v1/alerts/events",
    "/api/v1/alerts/deliveries",
    "/api/v1/live",
    "/graph/Storage.NingxiaS3.svg",
    "/graph/Storage.NingxiaS3.png",
    "/metrics",
    "/embed",
    "/smokeping.cgi?target=Storage.NingxiaS3;displaymode=a",
    "/nothing",
    "/%61ssets/app.js",
    "/api/v1/session/",
];

const OPEN: [&str; 5] = ["/", "/healthz", "/readyz", "/assets/app.js", "/api/v1/session"];

#[tokio::test]
async fn with_users_only_the_page_itself_and_health_are_for_everybody() {
    let site = Site::with_users(AccessOptions::default()).await;
    for address in CLOSED {
        for method in ["GET", "HEAD"] {
            let answer = site.ask(&format!("{method} {address}"), "", "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {address}");
            if method == "GET" {
                let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
                assert!(message.starts_with("sign in first"), "{message}");
            }
        }
    }
    for address in OPEN {
        let answer = site.get(address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
    }
    assert_eq!(site.get("/api/v1/session").await.json(), nobody(true, "none"));
    // A name that is the machine's for itself is no way in.
    let local = site.ask("GET /api/v1/tree", "Host: localhost\r\n", "").await;
    assert_eq!(local.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn strangers_learn_that_something_is_wrong_and_not_what() {
    use smokeprobe_core::WallTime;
    use smokeprobe_server::live::ReloadState;

    let site = Site::with_users(AccessOptions::default()).await;
    let error = Some("error: internal.example does not resolve".to_owned());
    site.fixture.live.reload.store(ReloadState { at: WallTime::from_unix_secs(NOW), error }.into());
    let strange = site.get("/readyz").await;
    assert_eq!(
        (strange.status, strange.json()["config_error"].clone()),
        (StatusCode::OK, json!("sign in to see what it is"))
    );
    let known = site.ask("GET /readyz", &Site::basic("vic", "vics password"), "").await;
    assert_eq!(known.json()["config_error"], "error: internal.example does not resolve");
}

#[tokio::test]
async fn without_users_everybody_looks_and_the_machine_itself_changes() {
    let site = Site::without_users(AccessOptions { open: true, ..AccessOptions::default() }).await;
    let local = site.ask("GET /api/v1/session", "Host: localhost:8888\r\n", "").await.json();
    assert_eq!(local, nobody(false, "operate"));
    for headers in ["Host: noc.example\r\n", "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n", ""] {
        assert_eq!(site.ask("GET /api/v1/session", headers, "").await.json(), nobody(false, "view"), "{headers}");
        assert_eq!(site.ask("GET /api/v1/tree", headers, "").await.status, StatusCode::OK);
    }
    assert_eq!(site.sign_in("ann", "anns password").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/api/v1/tree").await.json()["notices"], json!([]));
}

#[tokio::test]
async fn server_that_is_open_unasked_tells_every_viewer() {
    let site = Site::without_users(AccessOptions::default()).await;
    let notice = site.get("/api/v1/tree").await.json()["notices"][0].clone();
    assert_eq!(notice["kind"], "open_to_all");
    assert!(notice["message"].as_str().unwrap().contains("everybody who reaches this server may look"), "{notice}");
}

#[tokio::test]
async fn server_of_this_machine_alone_answers_to_names_of_this_machine() {
    let loopback = AccessOptions { loopback: true, ..AccessOptions::default() };
    let site = Site::without_users(loopback.clone()).await;
    for host in ["localhost", "localhost:8888", "127.0.0.1:8888", "[::1]:8888"] {
        let answer = site.ask("GET /api/v1/tree", &format!("Host: {host}\r\n"), "").await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    // A page of that site reads what a name says that points here for a moment; it can add headers, too.
    for headers in ["Host: rebound.example:8888\r\n", "Host: rebound.example\r\nX-Forwarded-For: 192.0.2.1\r\n"] {
        let answer = site.ask("GET /api/v1/tree", headers, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("--open"));
    }
    let error = Some("error: internal.example does not resolve".to_owned());
    let at = smokeprobe_core::WallTime::from_unix_secs(NOW);
    site.fixture.live.reload.store(smokeprobe_server::live::ReloadState { at, error }.into());
    let rebound = "Host: rebound.example\r\n";
    assert_eq!(site.who(rebound).await, nobody(false, "none"));
    let image = site.ask("GET /smokeping.cgi?target=Storage.NingxiaS3;displaymode=a", rebound, "").await;
    assert_eq!(image.status, StatusCode::FORBIDDEN);
    let ready = site.ask("GET /readyz", rebound, "").await;
    assert!(!ready.text().contains("internal.example"), "{}", ready.text());
    assert_eq!(site.ask("GET /healthz", rebound, "").await.status, StatusCode::OK);
    assert_eq!(site.ask("GET /assets/app.js", rebound, "").await.status, StatusCode::OK);
    let site = Site::without_users(AccessOptions { open: true, ..loopback }).await;
    assert_eq!(site.ask("GET /api/v1/tree", "Host: noc.example\r\n", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn everybody_looks_where_that_is_said_and_users_change() {
    let site = Site::with_users(AccessOptions { open: true, ..AccessOptions::default() }).await;
    assert_eq!(site.get("/api/v1/tree").await.status, StatusCode::OK);
    assert_eq!(site.get("/embed").await.status, StatusCode::OK);
    assert_eq!(site.get("/api/v1/session").await.json(), nobody(true, "view"));
    let local = site.change("Host: localhost\r\n").await;
    assert_eq!(local.status, StatusCode::UNAUTHORIZED, "with users it is them who change");
    assert!(site.may_change(&Site::basic("ann", "anns password")).await);
}

#[tokio::test]
async fn metrics_are_open_where_that_is_said() {
    let site = Site::with_users(AccessOptions { open_metrics: true, ..AccessOptions::default() }).await;
    assert_eq!(site.get("/metrics").await.status, StatusCode::OK);
    assert_eq!(site.get("/api/v1/tree").await.status, StatusCode::UNAUTHORIZED);
    let site = Site::with_users(AccessOptions::default()).await;
    let scraped = site.ask("GET /metrics", &Site::basic("vic", "vics password"), "").await;
    assert!(scraped.status == StatusCode::OK && scraped.text().contains("smokeprobe_"));
}

#[tokio::test]
async fn dynamic_host_needs_its_secret_alone() {
    use std::sync::Arc;

    use smokeprobe_core::probes::icmp::IcmpOptions;
    use smokeprobe_server::config::plan::{ProbeOptions, TargetHost};
    use smokeprobe_server::dynamic;

    use crate::fixture::{Fixture, Formula, leaf, plan};

    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan();
    let icmp = ProbeOptions::Icmp(IcmpOptions::default());
    let mut ann = leaf("Ann", "Ann", "Ann", "DYNAMIC", "FPing", icmp);
    ann.target.as_mut().unwrap().host = TargetHost::Dynamic { secret_hash: Some(dynamic::hash("4711")) };
    plan.root.children.push(ann);
    plan.general.dyndir = folder.path().to_owned();
    let fixture = Fixture::over(plan, Arc::new(Formula));
    let site = Site::over(fixture, Site::users(AccessOptions::default())).await;
    for (form, status) in
        [("secret=4711", StatusCode::OK), ("secret=4712", StatusCode::FORBIDDEN), ("", StatusCode::FOUND)]
    {
        let asked = format!("GET /smokeping.cgi?target=Ann;{form}");
        assert_eq!(site.ask(&asked, "", "").await.status, status, "{form}");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        let posted = site.ask("POST /smokeping.cgi", headers, &format!("target=Ann&{form}")).await;
        assert_eq!(posted.status, status, "{form}");
    }
    // Whatever is wrong is told alike, and counts: who may look is told more.
    let vic = Site::basic("vic", "vics password");
    let names = ["Ann", "No.Such", "Storage.NingxiaS3", "Storage", "..", "_charts"];
    let mut told = Vec::new();
    for name in names {
        let asked = format!("GET /smokeping.cgi?target={name};secret=4712");
        let answer = site.ask(&asked, "", "").await;
        told.push((answer.status, answer.text().to_owned()));
        assert!(name == "Ann" || site.ask(&asked, &vic, "").await.status == StatusCode::NOT_FOUND, "{name}");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    for _ in 0..20 {
        site.get("/smokeping.cgi?target=No.Such;secret=1").await;
    }
    assert_eq!(site.get("/smokeping.cgi?target=Ann;secret=4711").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn strangers_old_links_lead_to_the_page_and_tell_nothing() {
    use axum::http::header;

    let site = Site::with_users(AccessOptions::default()).await;
    for (query, location) in [
        ("", "/"),
        ("target=Storage.NingxiaS3~tokyo;start=-3h", "/?target=Storage.NingxiaS3&vantage=tokyo&from=-3h"),
        ("target=No.Such~moon;hierarchy=owner", "/?target=No.Such&vantage=moon&hierarchy=owner"),
        ("target=_charts.none", "/?mode=charts&chart=none"),
    ] {
        let answer = site.get(&format!("/smokeping.cgi?{query}")).await;
        assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::FOUND, location), "{query}");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), "");
    }
    for target in ["Storage.NingxiaS3", "No.Such", "_charts"] {
        let image = site.get(&format!("/smokeping.cgi?displaymode=a;target={target}")).await;
        assert_eq!(image.status, StatusCode::UNAUTHORIZED, "{target}");
    }
    let outward = site.get("/smokeping.cgi?target=//evil.example").await;
    assert_eq!((outward.status, outward.header(header::LOCATION)), (StatusCode::NOT_FOUND, ""));
}
