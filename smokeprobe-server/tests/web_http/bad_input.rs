//! Paths and parameters of any bytes, and of any size: a clear answer, and bounded work.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use smokeprobe_server::web::router;

use crate::ask;
use crate::fixture::Fixture;

/// Everything that takes a name.
const NAMED: [&str; 6] = ["/api/v1/series/", "/api/v1/rounds/", "/graph/", "/assets/", "/api/v1/", "/"];

/// Everything that takes parameters; those of strangers' links, which ignore what they do not know, apart.
const ASKED: [&str; 12] = [
    "/api/v1/series/Storage.NingxiaS3",
    "/api/v1/rounds/Storage.NingxiaS3",
    "/graph/Storage.NingxiaS3.svg",
    "/graph/Storage.NingxiaS3.png",
    "/graph/Storage.Both.png",
    "/api/v1/overview",
    "/api/v1/charts",
    "/api/v1/states",
    "/api/v1/tree",
    "/api/v1/outline",
    "/api/v1/live",
    "/api/v1/alerts/replay",
];

/// What must be refused, with a sentence of a bounded length.
async fn refused(address: &str) {
    let fixture = Fixture::new();
    let request = Request::get(address).body(Body::empty()).unwrap();
    let answer = ask(&router(fixture.state), request).await;
    let shown: String = address.chars().take(120).collect();
    assert!([StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND].contains(&answer.status), "{shown}: {}", answer.status);
    let text = answer.text();
    assert!(answer.json()["error"]["message"].as_str().unwrap().contains(' '), "{shown}: {text}");
    assert!(text.len() < 2000, "{shown}: {text}");
}

#[tokio::test]
async fn names_of_any_bytes_are_told_to_name_nothing() {
    let long = "A".repeat(30_000);
    let deep = "A.".repeat(10_000);
    let names =
        ["%00", "%ff", "%fe%ff.svg", "..%2f..%2fetc%2fpasswd", "a%00.png", "~", "A..B", "A~~b", ".svg", "%zz", "%"];
    for base in NAMED {
        for name in names.into_iter().chain([long.as_str(), deep.as_str()]) {
            refused(&format!("{base}{name}")).await;
        }
    }
}

#[tokio::test]
async fn parameters_of_any_bytes_and_size_are_refused() {
    let (long, many) = ("9".repeat(30_000), "A,".repeat(5000));
    let queries = [
        "from=-3h&to=-5h".to_owned(),
        "from=now&to=now".to_owned(),
        "from=%2B1h&to=%2B2h".to_owned(),
        "from=-1000y".to_owned(),
        "from=0000-00-00".to_owned(),
        "from=%ff".to_owned(),
        "from=%00".to_owned(),
        "from=NaN".to_owned(),
        format!("from={long}"),
        format!("{long}=1"),
        format!("series={many}"),
        "points=1e9".to_owned(),
        "points=1000000000".to_owned(),
        "limit=99999999999".to_owned(),
        "width=10000&height=10000".to_owned(),
        "scale=9".to_owned(),
        "ceiling=1e308".to_owned(),
        "vantage=%00".to_owned(),
        "target=%ff".to_owned(),
    ];
    for address in ASKED {
        for query in &queries {
            refused(&format!("{address}?{query}")).await;
        }
    }
}
