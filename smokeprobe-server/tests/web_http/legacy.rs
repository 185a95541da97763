//! SmokePing's own addresses, and hosts that tell theirs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use smokeprobe_core::probes::icmp::IcmpOptions;
use smokeprobe_server::config::Plan;
use smokeprobe_server::config::plan::{Chart, ProbeOptions, TargetHost};
use smokeprobe_server::dynamic;
use smokeprobe_server::web::{Peer, router};

use crate::fixture::{Fixture, Formula, NOW, leaf, plan, section};
use crate::{Answer, ask, read};

const FORM: &str = "application/x-www-form-urlencoded";

/// Where `address` redirects to.
async fn leads(fixture: &Fixture, address: &str) -> String {
    let answer = read(fixture, address).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{address}: {}", answer.text());
    answer.header(header::LOCATION).to_owned()
}

#[tokio::test]
async fn every_old_address_leads_to_the_page() {
    let fixture = Fixture::new();
    for address in [
        "/smokeping.cgi",
        "/smokeping.fcgi",
        "/smokeping",
        "/smokeping/",
        "/smokeping/smokeping.cgi",
        "/smokeping/smokeping.fcgi",
        "/cgi-bin/smokeping.cgi",
        "/cgi-bin/smokeping.fcgi",
    ] {
        assert_eq!(leads(&fixture, address).await, "/", "{address}");
        let leaf = leads(&fixture, &format!("{address}?target=Storage.NingxiaS3")).await;
        assert_eq!(leaf, "/?target=Storage.NingxiaS3", "{address}");
    }
}

#[tokio::test]
async fn page_keeps_target_vantage_range_and_filter() {
    let fixture = Fixture::new();
    for (old, new) in [
        ("", "/"),
        ("target=", "/"),
        ("target=Storage", "/?target=Storage"),
        ("target=Storage.Both;displaymode=s", "/?target=Storage.Both"),
        ("target=Storage.NingxiaS3~tokyo", "/?target=Storage.NingxiaS3&vantage=tokyo"),
        (
            "displaymode=n;start=1795341600;end=now;target=Storage.NingxiaS3",
            "/?target=Storage.NingxiaS3&from=1795341600",
        ),
        ("target=Storage.NingxiaS3&displaymode=n&start=-3h&end=now-1h", "/?target=Storage.NingxiaS3&from=-3h&to=-1h"),
        ("filter=%E5%8C%97%E4%BA%AC&junk=1&junk=2", "/?filter=%E5%8C%97%E4%BA%AC"),
        ("filter=%0a", ""),
        ("hierarchy=0;target=Storage", "/?target=Storage"),
    ] {
        if new.is_empty() {
            assert_eq!(read(&fixture, &format!("/smokeping.cgi?{old}")).await.status, StatusCode::BAD_REQUEST, "{old}");
        } else {
            assert_eq!(leads(&fixture, &format!("/smokeping.cgi?{old}")).await, new, "{old}");
        }
    }
}

#[tokio::test]
async fn redirects_lead_to_our_own_pages_alone() {
    let fixture = Fixture::new();
    for query in [
        "target=//evil.example",
        "target=https://evil.example/",
        "target=%2F%2Fevil.example",
        "target=Storage%0d%0aLocation:%20https://evil.example/",
        "target=Storage~//evil.example",
        "filter=https://evil.example/&target=",
        "filter=%3Cscript%3E//evil.example;target=Storage",
        "hierarchy=//evil.example;target=Storage",
        "start=https://evil.example;target=Storage",
    ] {
        let answer = read(&fixture, &format!("/smokeping.cgi?{query}")).await;
        let location = answer.header(header::LOCATION);
        if answer.status == StatusCode::FOUND {
            assert!(location.starts_with("/?") && !location.contains("//"), "{query}: {location}");
        } else {
            assert!([StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&answer.status), "{query}");
            assert_eq!(location, "", "{query}");
        }
    }
}

#[tokio::test]
async fn form_of_the_navigator_is_read_too() {
    let fixture = Fixture::new();
    let post = async |kind: &str, query: &str, form: &str| {
        let request = Request::post(format!("/smokeping/smokeping.fcgi{query}"))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(form.to_owned()))
            .unwrap();
        ask(&router(fixture.state.clone()), request).await
    };
    let form = "epoch_start=1&epoch_end=2&hierarchy=&target=Storage.NingxiaS3&displaymode=n&start=2026-11-21+10%3A00\
                &end=now&Generate%21=Generate%21";
    let answer = post(&format!("{FORM}; charset=utf-8"), "", form).await;
    assert_eq!(answer.status, StatusCode::FOUND);
    let location = answer.header(header::LOCATION);
    assert!(location.starts_with("/?target=Storage.NingxiaS3&from=179"), "{location}");
    for (kind, query, form) in [
        ("multipart/form-data; boundary=x", "", "--x--"),
        (FORM, "?target=Storage", "target=Storage"),
        (FORM, "", "target=%ff"),
        (FORM, "", &"x".repeat(10_000)),
    ] {
        let answer = post(kind, query, form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{kind} {query}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(' '));
    }
}

#[tokio::test]
async fn image_is_answered_at_the_old_address() {
    let fixture = Fixture::new();
    // PNG specification, section 11.2.1.
    let size = |answer: &Answer| {
        assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (StatusCode::OK, "image/png"));
        [16, 20].map(|at: usize| u32::from_be_bytes(answer.body[at..at + 4].try_into().unwrap()))
    };
    let old = format!("/smokeping.cgi?displaymode=a;start={};end={NOW};target=Storage.NingxiaS3~tokyo", NOW - 7200);
    let answer = read(&fixture, &old).await;
    assert_eq!(size(&answer), [697, 297]);
    let ours = format!("/graph/Storage.NingxiaS3~tokyo.png?from={}&to={NOW}", NOW - 7200);
    assert!(answer.body == read(&fixture, &ours).await.body, "the picture of our own address");
    let titled =
        read(&fixture, "/smokeping.cgi?displaymode=a;start=-3h;title=A;width=400;height=200;target=New.Target").await;
    assert_eq!(size(&titled), [400, 200]);
    for (query, status) in [
        ("displaymode=a", StatusCode::BAD_REQUEST),
        ("displaymode=a;target=Storage", StatusCode::NOT_FOUND),
        ("displaymode=a;target=Storage.Both", StatusCode::OK),
        ("displaymode=a;target=Storage.NingxiaS3;width=1e9", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(read(&fixture, &format!("/smokeping.cgi?{query}")).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_is_said_in_a_sentence() {
    let fixture = Fixture::new();
    let huge = format!("target={}", "x".repeat(9000));
    for (query, status, words) in [
        ("target=No.Such", 404, "no section No.Such"),
        ("target=Storage.NingxiaS3~moon", 404, "there is Storage.NingxiaS3"),
        ("target=..%2F..%2Fetc%2Fpasswd", 404, "not the name of a target"),
        ("target=_charts.None", 404, "no section _charts.None"),
        ("hierarchy=owner;target=Storage", 404, "no hierarchy owner"),
        ("target=%ff%fe", 400, "UTF-8"),
        ("target=Storage&target=Console", 400, "twice"),
        ("displaymode=x;target=Storage", 400, "must be s or n or a"),
        ("start=-3h;end=-4h;target=Storage", 400, "before end"),
        ("start=tomorrow;target=Storage", 400, "is not a time"),
        ("start=-1000y;target=Storage", 400, "too far away"),
        ("start=-57y;target=Storage", 400, "1970"),
        ("slave=tokyo;target=Storage", 400, "slaves"),
        (&huge, 400, "longer than"),
    ] {
        let answer = read(&fixture, &format!("/smokeping.cgi?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(words), "{query}: {message}");
    }
}

#[tokio::test]
async fn paths_of_hierarchies_and_charts_lead_to_the_sections_behind_them() {
    let mut plan = plan();
    plan.presentation.hierarchies.insert("owner".to_owned(), "Owner".to_owned());
    let chart = Chart { menu: String::new(), title: String::new(), sorter: "Max".to_owned(), entries: 3, format: None };
    plan.presentation.charts.insert("worst".to_owned(), chart);
    let parents = |path: &str| vec![("owner".to_owned(), path.to_owned())];
    plan.root.children[0].parents = parents("/");
    plan.root.children[1].children[0].parents = parents("/Bob/Clouds");
    let fixture = Fixture::over(plan, Arc::new(Formula));
    for (query, location) in [
        ("hierarchy=owner;target=Bob.Clouds.NingxiaS3", "/?target=Storage.NingxiaS3&hierarchy=owner"),
        (
            "hierarchy=owner;target=Bob.Clouds.NingxiaS3~tokyo",
            "/?target=Storage.NingxiaS3&vantage=tokyo&hierarchy=owner",
        ),
        ("hierarchy=owner;target=Console.BeijingConsole", "/?target=Console.BeijingConsole&hierarchy=owner"),
        ("hierarchy=owner;target=Bob.Clouds", "/?hierarchy=owner"),
        ("hierarchy=owner", "/?hierarchy=owner"),
        ("hierarchy=owner;target=Storage.NingxiaS3", "/?target=Storage.NingxiaS3&hierarchy=owner"),
        ("target=_charts", "/?mode=charts"),
        ("target=_charts.worst", "/?mode=charts&chart=worst"),
    ] {
        assert_eq!(leads(&fixture, &format!("/smokeping.cgi?{query}")).await, location, "{query}");
    }
    let image = read(&fixture, "/smokeping.cgi?displaymode=a;hierarchy=owner;target=Bob.Clouds.NingxiaS3").await;
    assert_eq!(image.header(header::CONTENT_TYPE), "image/png");
    let unknown = read(&fixture, "/smokeping.cgi?hierarchy=owner;target=Bob.Good").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

/// A plan with `Homes.Ann`, which is dynamic with the secret `4711`, and `Homes.Bob`, which has none yet.
fn homes(dyndir: &Path) -> Plan {
    let mut plan = plan();
    let home = |name: &str, secret: Option<&str>| {
        let mut node = leaf(name, "Home", "Home", "DYNAMIC", "FPing", ProbeOptions::Icmp(IcmpOptions::default()));
        node.target.as_mut().unwrap().host = TargetHost::Dynamic { secret_hash: secret.map(dynamic::hash) };
        node
    };
    let homes = vec![home("Homes.Ann", Some("4711")), home("Homes.Bob", None)];
    plan.root.children.push(section("Homes", "Homes", "Homes", homes));
    dyndir.clone_into(&mut plan.general.dyndir);
    plan
}

/// Sends an update from `peer`.
async fn tell(fixture: &Fixture, peer: &str, query: &str) -> Answer {
    let address: SocketAddr = peer.parse().unwrap();
    let request = Request::get(format!("/smokeping.cgi?{query}")).extension(Peer(address)).body(Body::empty()).unwrap();
    ask(&router(fixture.state.clone()), request).await
}

#[tokio::test]
async fn dynamic_host_tells_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(homes(folder.path()), Arc::new(Formula));
    let file = folder.path().join("Homes/Ann.adr");
    let right = "target=Homes.Ann;secret=4711";
    let told = tell(&fixture, "192.0.2.77:999", right).await;
    assert_eq!((told.status, told.text()), (StatusCode::OK, "Homes.Ann is at 192.0.2.77 now\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "192.0.2.77\n");
    let again = tell(&fixture, "[::ffff:192.0.2.77]:999", right).await;
    assert_eq!(again.text(), "Homes.Ann is still at 192.0.2.77\n");
    let moved = tell(&fixture, "[2001:db8::7]:999", right).await;
    assert_eq!(moved.text(), "Homes.Ann is at 2001:db8::7 now\n");

    // As `curl -d` sends it.
    let request = Request::post("/smokeping.cgi")
        .header(header::CONTENT_TYPE, FORM)
        .extension(Peer("192.0.2.78:1".parse().unwrap()))
        .body(Body::from("target=Homes.Ann&secret=4711"))
        .unwrap();
    assert_eq!(ask(&router(fixture.state.clone()), request).await.status, StatusCode::OK);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "192.0.2.78\n");

    let metrics = read(&fixture, "/metrics").await;
    for line in [
        "smokeprobe_dynamic_updates_total{outcome=\"changed\"} 3",
        "smokeprobe_dynamic_updates_total{outcome=\"unchanged\"} 1",
        "smokeprobe_dynamic_updates_total{outcome=\"refused\"} 0",
    ] {
        assert!(metrics.text().contains(line), "{line}\n{}", metrics.text());
    }
}

#[tokio::test]
async fn dynamic_host_needs_its_secret_and_no_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(homes(folder.path()), Arc::new(Formula));
    for (query, status, words) in [
        ("target=Homes.Ann;secret=4712", StatusCode::FORBIDDEN, "not the secret"),
        ("target=Homes.Bob;secret=4711", StatusCode::FORBIDDEN, "smokeprobe-server dynamic Homes.Bob"),
        ("target=Homes.Eve;secret=4711", StatusCode::NOT_FOUND, "no target Homes.Eve"),
        ("target=Homes;secret=4711", StatusCode::NOT_FOUND, "no target Homes"),
        ("target=..%2FAnn;secret=4711", StatusCode::NOT_FOUND, "no target"),
        ("target=New.Target;secret=4711", StatusCode::NOT_FOUND, "not DYNAMIC"),
        ("target=Homes.Ann;secret=4711;secret=4712", StatusCode::BAD_REQUEST, "twice"),
    ] {
        let answer = tell(&fixture, "192.0.2.77:999", query).await;
        assert_eq!(answer.status, status, "{query}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(words), "{query}: {message}");
    }
    let request = Request::get("/smokeping.cgi?target=Homes.Ann;secret=4711")
        .header("x-forwarded-for", "203.0.113.9")
        .extension(Peer("192.0.2.77:999".parse().unwrap()))
        .body(Body::empty())
        .unwrap();
    let answer = ask(&router(fixture.state.clone()), request).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("proxy"), "{}", answer.text());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[tokio::test]
async fn who_guesses_secrets_is_turned_away_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(homes(folder.path()), Arc::new(Formula));
    for guess in 0..20 {
        let answer = tell(&fixture, "192.0.2.66:999", &format!("target=Homes.Ann;secret={guess}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{guess}");
    }
    let right = "target=Homes.Ann;secret=4711";
    assert_eq!(tell(&fixture, "192.0.2.66:999", right).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(tell(&fixture, "192.0.2.77:999", right).await.status, StatusCode::OK);
    let metrics = read(&fixture, "/metrics").await;
    assert!(metrics.text().contains("smokeprobe_dynamic_updates_total{outcome=\"refused\"} 21"), "{}", metrics.text());
}

#[tokio::test]
async fn address_that_cannot_be_kept_is_an_error_without_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("secret-place");
    std::fs::write(&place, "a file where the folder should be").unwrap();
    let fixture = Fixture::over(homes(&place), Arc::new(Formula));
    let answer = tell(&fixture, "192.0.2.77:999", "target=Homes.Ann;secret=4711").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.text().contains("secret-place"), "{}", answer.text());
}
