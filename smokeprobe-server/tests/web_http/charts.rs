//! Charts: series ranked by their last rounds.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};
use smokeprobe_core::{Round, RoundOrder, UnknownReason, WallTime};
use smokeprobe_server::config::plan::Chart;

use crate::fixture::{Fixture, Formula, NOW, plan, round};
use crate::read;

fn measured(fixture: &Fixture) {
    fixture.accept(&round("Console.BeijingConsole", &[4, 4, 4, 4], 1));
    fixture.accept(&round("Console.NingxiaConsole", &[1, 2, 9], 2));
    fixture.accept(&round("Storage.NingxiaS3", &[], 5));
    fixture.accept(&round("Storage.NingxiaS3~tokyo", &[5, 5, 5, 5, 5], 0));
    let other = round("Other.Evil", &[1], 0);
    let order = RoundOrder { series: other.series, slot: other.slot, pings: 5 };
    fixture.accept(&Round::unknown(&order, WallTime::from_unix_secs(NOW), UnknownReason::NotResolved));
    fixture.accept(&round("Other.Game", &[9000], 0));
}

/// The series and the texts of a chart, in their order.
fn ranked(chart: &Value) -> Vec<(&str, &str)> {
    let entries = chart["entries"].as_array().unwrap().iter();
    entries.map(|entry| (entry["series"].as_str().unwrap(), entry["text"].as_str().unwrap())).collect()
}

fn chart(sorter: &str, entries: u32, format: Option<&str>) -> Chart {
    let (menu, title) = (format!("menu of {sorter}"), format!("title of {sorter}"));
    Chart { menu, title, sorter: sorter.to_owned(), entries, format: format.map(str::to_owned) }
}

#[tokio::test]
async fn series_of_all_vantage_points_are_ranked_by_each_value() {
    let fixture = Fixture::new();
    measured(&fixture);
    let charts = read(&fixture, "/api/v1/charts").await.json();
    let names: Vec<&Value> = charts["charts"].as_array().unwrap().iter().map(|chart| &chart["name"]).collect();
    assert_eq!(names, ["loss", "median", "max", "stddev"]);
    let [loss, median, max, deviation] = [0, 1, 2, 3].map(|place| ranked(&charts["charts"][place]));
    let (beijing, ningxia) = ("Console.BeijingConsole", "Console.NingxiaConsole");
    let (s3, tokyo) = ("Storage.NingxiaS3", "Storage.NingxiaS3~tokyo");
    assert_eq!(loss, [(s3, "5/5 (100 %)"), (ningxia, "2/5 (40.0 %)"), (beijing, "1/5 (20.0 %)"), (tokyo, "0/5 (0 %)")]);
    assert_eq!(median, [(tokyo, "5.00 ms"), (beijing, "4.00 ms"), (ningxia, "2.00 ms")]);
    assert_eq!(max, [(ningxia, "9.00 ms"), (tokyo, "5.00 ms"), (beijing, "4.00 ms")]);
    assert_eq!(deviation[0], (ningxia, "3.56 ms"));
    assert_eq!(deviation[1..], [(beijing, "0 ms"), (tokyo, "0 ms")], "equal ones as configured");
    let without = |place: usize| charts["charts"][place]["without"].as_u64();
    assert_eq!((without(0), without(1)), (Some(3), Some(4)), "waiting and unknown ones; lost ones too");
    assert_eq!(charts["charts"][0]["entries"][0]["value"], json!(5.0));
}

#[tokio::test]
async fn configured_charts_have_their_format_and_entries() {
    let mut configured = plan();
    configured.presentation.charts_title = Some("The most interesting".to_owned());
    let charts = [
        ("down", chart("Loss", 2, Some("Packets Lost %.1f"))),
        ("far", chart("Median", 5, Some("%x"))),
        ("none", chart("Wished", 5, None)),
    ];
    configured.presentation.charts = charts.map(|(name, chart)| (name.to_owned(), chart)).into();
    let fixture = Fixture::over(configured, Arc::new(Formula));
    measured(&fixture);
    let charts = read(&fixture, "/api/v1/charts").await.json();
    assert_eq!(charts["title"], "The most interesting");
    let [down, far, none] = [0, 1, 2].map(|place| &charts["charts"][place]);
    assert_eq!((&down["menu"], &down["title"]), (&json!("menu of Loss"), &json!("title of Loss")));
    let lost = [("Storage.NingxiaS3", "Packets Lost 5.0"), ("Console.NingxiaConsole", "Packets Lost 2.0")];
    assert_eq!(ranked(down), lost);
    assert_eq!(ranked(far)[0].1, "5.00 ms", "a format that cannot be followed is as none");
    assert_eq!(none["error"], "there is no sorter Wished; there are Loss, Max, Median and StdDev");
    assert_eq!((&none["entries"], down.get("error")), (&json!([]), None));

    let one = read(&fixture, "/api/v1/charts?chart=down&limit=1").await.json();
    assert_eq!((one["charts"].as_array().unwrap().len(), ranked(&one["charts"][0]).len()), (1, 1));
}

#[tokio::test]
async fn impossible_charts_are_refused_with_a_sentence() {
    let fixture = Fixture::new();
    for (query, status) in
        [("chart=nosuch", 404), ("chart=%00", 404), ("limit=0", 400), ("limit=1e9", 400), ("charts=loss", 400)]
    {
        let answer = read(&fixture, &format!("/api/v1/charts?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        assert!(answer.json()["error"]["message"].is_string(), "{query}");
    }
    let answer = read(&fixture, "/api/v1/charts?chart=nosuch").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("there are loss, median, max, stddev"), "{}", answer.text());
}

#[tokio::test]
async fn what_is_hidden_is_not_ranked() {
    let mut plan = plan();
    // A section with what is in it, and a target.
    plan.root.children[0].hide = true;
    plan.root.children[4].children[1].hide = true;
    let fixture = Fixture::over(plan, Arc::new(Formula));
    measured(&fixture);
    let charts = read(&fixture, "/api/v1/charts").await.json();
    let names: Vec<&str> = ranked(&charts["charts"][0]).iter().map(|(series, _)| *series).collect();
    assert_eq!(names, ["Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"]);
    assert_eq!(charts["charts"][0]["without"], json!(2), "hidden ones do not count as without a value");
}
