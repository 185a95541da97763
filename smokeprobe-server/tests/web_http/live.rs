//! The live stream. Time is the runtime's own and passes at once when nobody has anything to do.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use smokeprobe_server::config::Plan;
use smokeprobe_server::config::plan::Node;
use smokeprobe_server::live::WriterState;
use smokeprobe_server::web::{Peer, router};
use tower::ServiceExt;

use crate::fixture::{Fixture, NOW, plan, round};
use crate::{ask, read};

/// Streams that the server has places for.
const STREAMS: usize = 256;

/// Those that one address may have.
const OF_ONE: usize = 32;

fn request(address: IpAddr, query: &str) -> Request<Body> {
    let peer = Peer(SocketAddr::new(address, 40_000));
    Request::get(format!("/api/v1/live{query}")).extension(peer).body(Body::empty()).unwrap()
}

/// A viewer.
struct Viewer {
    body: Body,
    text: String,
}

impl Viewer {
    async fn new(router: &Router, query: &str) -> Self {
        Self::at(IpAddr::from([127, 0, 0, 1]), router, query).await
    }

    /// One who is at this address.
    async fn at(address: IpAddr, router: &Router, query: &str) -> Self {
        let response = router.clone().oneshot(request(address, query)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut viewer = Self { body: response.into_body(), text: String::new() };
        assert_eq!(viewer.next().await.unwrap().0, "hello");
        viewer
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let (name, data) = event.split_once('\n').unwrap();
                let data = data.strip_prefix("data: ").unwrap();
                return Some((name.strip_prefix("event: ").unwrap().to_owned(), serde_json::from_str(data).unwrap()));
            }
            let frame = self.body.frame().await?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// The next event, which must have this name; but for those that say that there is none.
    async fn told(&mut self, name: &str) -> Value {
        loop {
            let (is, data) = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if is == name {
                return data;
            }
            assert_eq!(is, "alive", "instead of {name}: {data}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn stream_greets_with_the_plan_and_with_what_it_does_not_have() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let request = Request::get("/api/v1/live?series=No.Such,New.Target").body(Body::empty()).unwrap();
    let mut viewer = Viewer { body: router.clone().oneshot(request).await.unwrap().into_body(), text: String::new() };
    let hello = viewer.told("hello").await;
    assert_eq!(hello["plan"], read(&fixture, "/api/v1/outline").await.json()["plan"]);
    assert_eq!((&hello["now"], &hello["unknown"]), (&json!(NOW as f64), &json!(["No.Such"])));
}

#[tokio::test(start_paused = true)]
async fn states_come_in_batches_that_are_the_same_for_all() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut viewers = [Viewer::new(&router, "?states=1").await, Viewer::new(&router, "?states=1").await];
    for (series, rtts, lost) in [("Storage.NingxiaS3", vec![9], 0), ("Console.BeijingConsole", vec![4, 5, 6], 1)] {
        fixture.accept(&round(series, &rtts, lost));
    }
    fixture.accept(&round("Storage.NingxiaS3", &[], 4));
    fixture.accept(&round("Gone.Target", &[1], 0));
    let states = viewers[0].told("states").await;
    let rows = json!([[0, "m", 0.25, 0.005, NOW - 10, 0.000_816_5], [2, "l", 1.0, null, NOW - 10, null]]);
    assert_eq!(states["series"], rows, "by their places, each once, as they are now");
    assert_eq!(viewers[1].told("states").await, states);
    let all = read(&fixture, "/api/v1/states").await.json();
    assert_eq!((&states["plan"], &states["now"]), (&all["plan"], &all["now"]));
    assert_eq!((&all["state"].as_str().unwrap()[2..3], &all["loss"][2]), ("l", &states["series"][1][2]));

    fixture.accept(&round("Storage.NingxiaS3~tokyo", &[7], 0));
    for viewer in &mut viewers {
        assert_eq!(viewer.told("states").await["series"], json!([[3, "m", 0.0, 0.007, NOW - 10, 0.0]]));
    }
}

#[tokio::test(start_paused = true)]
async fn rounds_come_in_full_of_the_series_that_are_asked_for() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut viewer = Viewer::new(&router, "?states=1&series=Storage.NingxiaS3~tokyo,New.Target").await;
    fixture.accept(&round("Storage.NingxiaS3", &[4, 5], 0));
    fixture.accept(&round("Storage.NingxiaS3~tokyo", &[7, 8, 9], 1));
    assert_eq!(viewer.told("states").await["series"].as_array().unwrap().len(), 2);
    let told = viewer.told("round").await;
    let kept = read(&fixture, "/api/v1/rounds/Storage.NingxiaS3~tokyo").await.json();
    assert_eq!(told["series"], "Storage.NingxiaS3~tokyo");
    assert_eq!((&told["round"], &told["state"]), (&kept["rounds"][0], &kept["state"]));
    fixture.accept(&round("New.Target", &[3], 0));
    viewer.told("states").await;
    assert_eq!(viewer.told("round").await["series"], "New.Target");
}

#[tokio::test(start_paused = true)]
async fn rounds_come_in_short_of_a_target_and_what_is_below_it() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let (mut all, mut some) = (Viewer::new(&router, "").await, Viewer::new(&router, "?target=Storage.NingxiaS3").await);
    for series in ["Console.BeijingConsole", "Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"] {
        fixture.accept(&round(series, &[4, 5], 0));
    }
    let mut names = Vec::new();
    for (viewer, count) in [(&mut all, 3), (&mut some, 2)] {
        for _ in 0..count {
            let told = viewer.told("round").await;
            assert_eq!(told["last"]["median"], json!(0.005));
            names.push(told["series"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(names[..3], ["Console.BeijingConsole", "Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"]);
    assert_eq!(names[3..], ["Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"]);
}

#[tokio::test(start_paused = true)]
async fn another_plan_and_other_notices_are_told_to_all() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut viewers = [Viewer::new(&router, "?states=1").await, Viewer::new(&router, "?series=New.Target").await];
    let mut other = plan();
    other.root.children.remove(0);
    fixture.live.follow(Arc::new(other));
    let plan = viewers[0].told("plan").await;
    assert_eq!(plan["plan"], read(&fixture, "/api/v1/outline").await.json()["plan"]);
    assert_eq!(viewers[1].told("plan").await, plan);
    fixture.live.writer.store(Arc::new(WriterState { nearly_full: Some(3_500_000), ..WriterState::default() }));
    let message = json!([{"kind": "disk_nearly_full", "message": "the disk is nearly full: 3 MB are free"}]);
    for viewer in &mut viewers {
        assert_eq!(viewer.told("notices").await["notices"], message);
    }
    // The places are those of the new plan.
    fixture.accept(&round("Storage.NingxiaS3", &[4], 0));
    let states = viewers[0].told("states").await;
    assert_eq!((&states["plan"], &states["series"][0][0]), (&plan["plan"], &json!(0)));
}

/// Who reads places must know of which plan: whenever it changes, and whoever comes meanwhile.
#[tokio::test(start_paused = true)]
async fn places_are_of_the_plan_that_was_told_last() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let plans = [plan(), Plan { root: Node { children: plan().root.children.split_off(1), ..plan().root }, ..plan() }];
    let plans = plans.map(Arc::new);
    // Each series has a time of its own, and in each plan another place.
    let all = [("Console.BeijingConsole", 9), ("Storage.NingxiaS3", 4), ("New.Target", 7)];
    let mut known: HashMap<String, Vec<(u64, f64)>> = HashMap::new();
    for (plan, places) in plans.iter().zip([vec![(0, 0.009), (2, 0.004), (5, 0.007)], vec![(0, 0.004), (3, 0.007)]]) {
        fixture.live.follow(plan.clone());
        let id = read(&fixture, "/api/v1/outline").await.json()["plan"].as_str().unwrap().to_owned();
        known.insert(id, places);
    }

    let (mut viewers, mut told) = (Vec::new(), 0);
    for turn in 0..60 {
        let request = Request::get("/api/v1/live?states=1").extension(Peer(([192, 0, 2, turn % 7], 1).into()));
        let request = request.body(Body::empty()).unwrap();
        viewers.push(router.clone().oneshot(request).await.unwrap().into_body());
        for (series, rtt) in all {
            fixture.accept(&round(series, &[rtt], 0));
        }
        // The hub gets a turn now and then, anywhere in what it does.
        for _ in 0..turn % 5 {
            tokio::task::yield_now().await;
        }
        fixture.live.follow(plans[usize::from(turn) % 2].clone());
        let _ = tokio::time::timeout(Duration::from_millis((u64::from(turn) % 3) * 130), std::future::pending::<()>())
            .await;
    }
    for body in viewers {
        let (mut viewer, mut plan) = (Viewer { body, text: String::new() }, Value::Null);
        while let Ok(Some((name, data))) = tokio::time::timeout(Duration::from_secs(1), viewer.next()).await {
            match name.as_str() {
                "hello" | "plan" => plan = data["plan"].clone(),
                "states" => {
                    assert_eq!(data["plan"], plan, "{data}");
                    let places = &known[plan.as_str().unwrap()];
                    for row in data["series"].as_array().unwrap() {
                        // What the plan before did not have waits for its first round.
                        let is = |(place, rtt): &(u64, f64)| row[0] == *place && (row[3].is_null() || row[3] == *rtt);
                        assert!(places.iter().any(is), "{data}");
                        told += 1;
                    }
                }
                "alive" => {}
                _ => panic!("{name}: {data}"),
            }
        }
        assert!(known.contains_key(plan.as_str().unwrap()));
    }
    assert!(told > 1000, "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_does_not_read_is_hung_up_on_and_others_miss_nothing() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut slow = Viewer::new(&router, "?states=1").await;
    let mut quick = Viewer::new(&router, "?states=1").await;
    for _ in 0..200 {
        fixture.accept(&round("New.Target", &[3], 0));
        assert_eq!(quick.told("states").await["series"].as_array().unwrap().len(), 1);
    }
    assert_eq!(slow.told("lagged").await, json!({}));
    assert_eq!(slow.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_rounds_becomes_the_states_of_all() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut states = Viewer::new(&router, "?states=1").await;
    let mut rounds = Viewer::new(&router, "").await;
    // More than wait for whoever does not get a turn meanwhile.
    for _ in 0..20_000 {
        fixture.accept(&round("New.Target", &[3], 0));
    }
    let told = states.told("states").await;
    assert_eq!(told["series"].as_array().unwrap().len(), 8, "{told}");
    rounds.told("lagged").await;
    assert_eq!(rounds.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_a_word_when_the_server_stops() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut viewers = [Viewer::new(&router, "?states=1").await, Viewer::new(&router, "").await];
    fixture.accept(&round("New.Target", &[3], 0));
    fixture.readiness.stopping();
    viewers[0].told("notices").await;
    viewers[1].told("notices").await;
    for viewer in &mut viewers {
        let mut names = Vec::new();
        while let Some((name, _)) = viewer.next().await {
            names.push(name);
        }
        assert!(names.contains(&"closed".to_owned()), "{names:?}");
    }
    // Who comes now is told the same.
    let mut late = Viewer::new(&router, "?states=1").await;
    assert_eq!((late.told("closed").await, late.next().await), (json!({}), None));
}

#[tokio::test(start_paused = true)]
async fn streams_beyond_the_limit_are_told_so_and_places_come_free() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let mut viewers = Vec::new();
    let of = |number: usize| IpAddr::from([192, 0, 2, (number / OF_ONE) as u8]);
    for number in 0..STREAMS {
        viewers.push(Viewer::at(of(number), &router, "?states=1").await);
    }
    let refused = ask(&router, request(of(STREAMS), "")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header(header::RETRY_AFTER), "5");
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "all 256 live streams are taken; try again in some seconds");
    viewers.pop();
    let mut next = Viewer::at(of(STREAMS), &router, "?states=1").await;
    fixture.accept(&round("New.Target", &[3], 0));
    next.told("states").await;
    viewers[0].told("states").await;
}

#[tokio::test(start_paused = true)]
async fn one_address_has_its_share_of_the_streams() {
    let router = router(Fixture::new().state);
    let one = IpAddr::from([192, 0, 2, 1]);
    let mut viewers = Vec::new();
    for _ in 0..OF_ONE {
        viewers.push(Viewer::at(one, &router, "?states=1").await);
    }
    let refused = ask(&router, request(one, "")).await;
    assert_eq!((refused.status, refused.header(header::RETRY_AFTER)), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "32 live streams go to 192.0.2.1 already, and one address has no more: close some");
    Viewer::at(IpAddr::from([192, 0, 2, 2]), &router, "?states=1").await;
    viewers.pop();
    Viewer::at(one, &router, "?states=1").await;
}

#[tokio::test(start_paused = true)]
async fn the_last_viewer_may_go_and_another_come() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    for _ in 0..3 {
        let mut viewer = Viewer::new(&router, "?states=1").await;
        fixture.accept(&round("New.Target", &[3], 0));
        assert_eq!(viewer.told("states").await["series"].as_array().unwrap().len(), 1);
        drop(viewer);
        // Time for the hub to see that it is alone; and none of it.
        let _ = tokio::time::timeout(Duration::from_secs(1), std::future::pending::<()>()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_word_that_browsers_hear() {
    let router = router(Fixture::new().state);
    let mut viewer = Viewer::new(&router, "?series=New.Target").await;
    let twice = async {
        for _ in 0..2 {
            assert_eq!(viewer.told("alive").await, json!({"now": NOW as f64}));
        }
    };
    // Every 5 s; the page gives a stream up that is silent for three times as long.
    tokio::time::timeout(Duration::from_millis(10_300), twice).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_has_read_the_states_is_told_what_happened_since() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    fixture.accept(&round("Console.BeijingConsole", &[4, 5], 0));
    let mark = read(&fixture, "/api/v1/states").await.json()["mark"].as_str().unwrap().to_owned();
    fixture.accept(&round("Storage.NingxiaS3", &[9], 0));
    fixture.accept(&round("New.Target", &[3], 0));
    let mut viewer = Viewer::new(&router, &format!("?states=1&series=New.Target&after={mark}")).await;
    assert_eq!(viewer.told("notices").await["notices"], json!([]));
    let states = viewer.told("states").await;
    let places: Vec<&Value> = states["series"].as_array().unwrap().iter().map(|row| &row[0]).collect();
    assert_eq!((places.len(), places[0], &states["raised"]), (2, &json!(2), &json!([])));
    assert_eq!(viewer.told("round").await["series"], "New.Target");
    // And what comes now.
    fixture.accept(&round("Storage.NingxiaS3", &[8], 0));
    assert_eq!(viewer.told("states").await["series"][0][0], 2);
}

#[tokio::test(start_paused = true)]
async fn a_mark_of_before_the_start_has_missed_something() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    for after in ["1-0", "%3Cb%3E-1", "none"] {
        let request = request(IpAddr::from([127, 0, 0, 1]), &format!("?states=1&after={after}"));
        let mut viewer =
            Viewer { body: router.clone().oneshot(request).await.unwrap().into_body(), text: String::new() };
        assert_eq!(viewer.told("hello").await["missed"], true, "{after}");
    }
}

#[tokio::test]
async fn bad_parameters_of_the_stream_are_named() {
    let fixture = Fixture::new();
    let many = format!("series={}", vec!["New.Target"; 33].join(","));
    for (query, parameter) in [
        ("states=yes", "states"),
        ("series=A.B,,C", "series"),
        ("series=..%2F..", "series"),
        (many.as_str(), "series"),
        ("target=%3Cb%3E", "target"),
        ("state=1", "state"),
        ("states=1&states=1", "states"),
    ] {
        let answer = read(&fixture, &format!("/api/v1/live?{query}")).await;
        assert_eq!((answer.status, &answer.json()["error"]["parameter"]), (StatusCode::BAD_REQUEST, &json!(parameter)));
    }
}
