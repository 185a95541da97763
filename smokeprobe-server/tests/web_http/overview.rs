//! The small graphs of a section.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use smokeprobe_core::{Clock, MonoTime, Round, WallTime};
use smokeprobe_server::web::{Readiness, WebState};
use smokeprobe_store::{Appended, Frame, Query, SeriesMeta, Store, StoreError};

use crate::fixture::{Fixture, Formula, NOW, plan};
use crate::read;

/// The names of the answered series.
async fn names(fixture: &Fixture, query: &str) -> Vec<String> {
    let answer = read(fixture, &format!("/api/v1/overview{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
    let series = answer.json()["series"].as_array().unwrap().clone();
    series.iter().map(|one| one["series"].as_str().unwrap().to_owned()).collect()
}

fn numbers(column: &Value) -> Vec<Option<f64>> {
    column.as_array().unwrap().iter().map(Value::as_f64).collect()
}

#[tokio::test]
async fn overview_shows_the_children_of_a_section_over_the_configured_range() {
    let fixture = Fixture::new();
    let answer = read(&fixture, "/api/v1/overview?target=Console").await.json();
    assert_eq!((answer["from"].as_i64(), answer["to"].as_i64()), (Some(NOW - 36_000), Some(NOW)));
    assert_eq!(answer["total"], json!(2));
    let first = &answer["series"][0];
    assert_eq!(first["series"], "Console.BeijingConsole");
    assert_eq!((&first["step"], &first["pings"], first.get("error")), (&json!(300), &json!(20), None));
    let start = first["start"].as_i64().unwrap();
    assert!((NOW - 36_000..NOW - 36_000 + 300).contains(&(start - 1)), "{start}");
    for column in ["loss", "median", "min", "max", "deviation"] {
        assert_eq!(first[column].as_array().unwrap().len(), 121, "{column}");
    }
}

#[tokio::test]
async fn rows_are_what_the_series_itself_says_of_them() {
    let fixture = Fixture::new();
    let small = read(&fixture, "/api/v1/overview?series=Storage.NingxiaS3").await.json()["series"][0].clone();
    let full = read(&fixture, "/api/v1/series/Storage.NingxiaS3?from=-10h").await.json();
    assert_eq!(small["start"], full["columns"]["time"][0]);
    let pings: Vec<Vec<Option<f64>>> = full["columns"]["pings"].as_array().unwrap().iter().map(numbers).collect();
    let column = |name: &str| numbers(&small[name]);
    let (min, max, deviation, median) = (column("min"), column("max"), column("deviation"), column("median"));
    let mut lost = 0;
    for row in 0..min.len() {
        let answers: Vec<f64> = pings.iter().filter_map(|ping| ping[row]).collect();
        lost += usize::from(answers.is_empty());
        let mean = answers.iter().sum::<f64>() / answers.len() as f64;
        let spread = answers.iter().map(|rtt| (rtt - mean).powi(2)).sum::<f64>() / answers.len() as f64;
        let close = |short: Option<f64>, full: Option<f64>| match (short, full) {
            (Some(short), Some(full)) => (short - full).abs() <= 5.1e-4 * full,
            (short, full) => short == full,
        };
        assert!(close(min[row], answers.first().copied()) && close(max[row], answers.last().copied()), "row {row}");
        assert!(close(deviation[row], Some(spread.sqrt()).filter(|spread| !spread.is_nan())), "row {row}");
        assert!(close(median[row], full["columns"]["median"][row].as_f64()), "row {row}");
        assert_eq!(small["loss"][row], full["columns"]["loss"][row], "row {row}");
    }
    assert!(lost > 5, "rows without answers are looked at too: {lost}");
}

#[tokio::test]
async fn multihost_shows_its_members_and_each_series_is_there_once() {
    let fixture = Fixture::new();
    assert_eq!(names(&fixture, "?target=Storage").await, ["Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"]);
    assert_eq!(names(&fixture, "").await, Vec::<String>::new(), "the top has only sections in it");
    let all = names(&fixture, "?depth=all").await;
    assert_eq!(all.len(), 8);
    assert_eq!(all[..3], ["Console.BeijingConsole", "Console.NingxiaConsole", "Storage.NingxiaS3"]);
    let named = "?series=Storage.NingxiaS3~tokyo,Console.NingxiaConsole,Storage.NingxiaS3~tokyo";
    assert_eq!(names(&fixture, named).await, ["Storage.NingxiaS3~tokyo", "Console.NingxiaConsole"]);
    assert_eq!(names(&fixture, "?depth=all&offset=2&limit=2").await, all[2..4]);
    assert_eq!(names(&fixture, "?depth=all&offset=4000000000").await, Vec::<String>::new());
}

#[tokio::test]
async fn hidden_sections_are_left_out_with_what_is_in_them() {
    let mut hidden = plan();
    hidden.root.children[0].hide = true;
    hidden.root.children[1].children[0].hide = true;
    let fixture = Fixture::over(hidden, Arc::new(Formula));
    let all = ["Storage.NingxiaS3", "Storage.NingxiaS3~tokyo", "Broken.Disk", "New.Target", "Other.Game", "Other.Evil"];
    assert_eq!(names(&fixture, "?depth=all").await, all, "the multihost still shows its members");
    assert_eq!(names(&fixture, "?target=Console").await.len(), 2, "whoever knows its name may look");
}

#[tokio::test]
async fn series_that_cannot_be_read_says_so_and_the_others_are_there() {
    let fixture = Fixture::new();
    let query = "/api/v1/overview?series=Broken.Disk,No.Such,../../etc,New.Target,Console.BeijingConsole&to=-1h";
    let answer = read(&fixture, query).await.json();
    let errors: Vec<&Value> = answer["series"].as_array().unwrap().iter().map(|one| &one["error"]).collect();
    assert!(errors[0].as_str().unwrap().starts_with("the history cannot be read now"), "{}", errors[0]);
    assert!(!errors[0].as_str().unwrap().contains("/secret"));
    assert_eq!(errors[1], "the configuration has no section No.Such");
    assert!(errors[2].as_str().unwrap().contains("is not the name of a series"), "{}", errors[2]);
    assert_eq!((errors[3], errors[4]), (&Value::Null, &Value::Null));
    assert_eq!(answer["series"][3]["loss"], json!([]), "no round yet is no error");
    assert_eq!(answer["series"][4]["loss"].as_array().unwrap().len(), 121);
}

#[tokio::test]
async fn impossible_overviews_are_refused_with_a_sentence() {
    let fixture = Fixture::new();
    let many = "?depth=all&limit=1000&points=2000";
    assert_eq!(names(&fixture, many).await.len(), 8, "bounded by the series that there are");
    let hundreds = (0..300).map(|name| format!("No{name}")).collect::<Vec<_>>().join(",");
    let (rows, thousands) =
        (format!("series={hundreds}&limit=300&points=2000"), format!("series=A{}", ",A".repeat(1000)));
    for (query, status, parameter) in [
        ("target=No.Such", 404, None),
        ("target=..", 404, None),
        ("target=Console~tokyo", 404, None),
        ("points=1e9", 400, Some("points")),
        ("points=2001", 400, Some("points")),
        ("points=0", 400, Some("points")),
        ("limit=0", 400, Some("limit")),
        ("limit=1001", 400, Some("limit")),
        ("offset=-1", 400, Some("offset")),
        ("offset=99999999999999999999", 400, Some("offset")),
        ("from=-1000y", 400, Some("from")),
        ("from=now&to=-3h", 400, Some("from")),
        ("depth=deep", 400, Some("depth")),
        ("series=Console.BeijingConsole&depth=all", 400, Some("series")),
        ("serie=x", 400, Some("serie")),
        (&rows, 400, Some("points")),
        (&thousands, 400, Some("series")),
    ] {
        let answer = read(&fixture, &format!("/api/v1/overview?{query}")).await;
        let short: String = query.chars().take(40).collect();
        assert_eq!(answer.status.as_u16(), status, "{short}: {}", answer.text());
        assert_eq!(answer.json()["error"]["parameter"].as_str(), parameter, "{short}");
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{short}");
    }
}

/// A clock that goes on only when something is read.
#[derive(Debug, Default)]
struct Stepped(AtomicU64);

impl Clock for Stepped {
    fn mono(&self) -> MonoTime {
        MonoTime::ORIGIN + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn wall(&self) -> WallTime {
        WallTime::from_unix_secs(NOW)
    }
}

/// A disk that takes three seconds for each series.
struct Slow(Arc<Stepped>);

impl Store for Slow {
    fn append(&self, round: &Round) -> Result<Appended, StoreError> {
        Formula.append(round)
    }

    fn query(&self, query: &Query) -> Result<Frame, StoreError> {
        self.0.0.fetch_add(3, Ordering::Relaxed);
        Formula.query(query)
    }

    fn catalog(&self) -> Result<Vec<SeriesMeta>, StoreError> {
        Formula.catalog()
    }

    fn sync(&self) -> Result<(), StoreError> {
        Formula.sync()
    }
}

#[tokio::test]
async fn slow_disk_keeps_an_overview_for_some_seconds_only() {
    let clock = Arc::new(Stepped::default());
    let mut fixture = Fixture::new();
    let readiness = Arc::new(Readiness::default());
    fixture.state = WebState::new(
        fixture.live.clone(),
        Arc::new(Slow(clock.clone())),
        clock.clone(),
        fixture.metrics.clone(),
        readiness,
    );
    let answer = read(&fixture, "/api/v1/overview?depth=all").await.json();
    let errors: Vec<bool> = answer["series"].as_array().unwrap().iter().map(|one| one.get("error").is_some()).collect();
    assert_eq!(errors, [false, false, true, true, true, true, true, true]);
    assert_eq!(clock.0.load(Ordering::Relaxed), 6, "no more than two are read");
}
