//! Rows of a series as files.

use axum::http::{StatusCode, header};
use serde_json::Value;

use crate::fixture::Fixture;
use crate::read;

const SERIES: &str = "/api/v1/series/Storage.NingxiaS3";

#[tokio::test]
async fn csv_has_the_rows_of_the_json() {
    let fixture = Fixture::new();
    let rows = read(&fixture, &format!("{SERIES}?from=-30h")).await.json();
    let csv = read(&fixture, &format!("{SERIES}?from=-30h&format=csv")).await;
    assert_eq!(csv.header(header::CONTENT_TYPE), "text/csv; charset=utf-8; header=present");
    assert_eq!(csv.header(header::CONTENT_DISPOSITION), "", "shown, not kept");
    let mut lines = csv.text().lines();
    let titles: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!((titles.len(), &titles[..4], titles[22]), (23, &["time", "loss", "median", "ping1"][..], "ping20"));
    let columns = &rows["columns"];
    let mut unknown = 0;
    for (row, line) in lines.enumerate() {
        let pings = (0..20).map(|ping| &columns["pings"][ping][row]);
        let values = ["time", "loss", "median"].into_iter().map(|name| &columns[name][row]).chain(pings);
        for (text, value) in line.split(',').zip(values) {
            assert_eq!(text.parse().ok(), value.as_f64(), "row {row}");
            unknown += usize::from(*value == Value::Null);
        }
    }
    assert!(unknown > 100, "rows without answers are written too: {unknown}");
    assert_eq!(csv.text().lines().count() - 1, columns["time"].as_array().unwrap().len());
}

#[tokio::test]
async fn download_has_the_name_of_the_series() {
    let fixture = Fixture::new();
    for (query, name) in [
        ("~tokyo?format=csv&download=1", "Storage.NingxiaS3~tokyo.csv"),
        ("?download=1&format=json", "Storage.NingxiaS3.json"),
        ("?download=1", "Storage.NingxiaS3.json"),
    ] {
        let answer = read(&fixture, &format!("{SERIES}{query}")).await;
        assert_eq!(answer.header(header::CONTENT_DISPOSITION), format!("attachment; filename=\"{name}\""), "{query}");
    }
    for query in ["?format=xls", "?download=yes", "?format=csv&points=1e9", "?format=csv&from=-1000y"] {
        let answer = read(&fixture, &format!("{SERIES}{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.json()["error"]["message"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn series_without_rows_is_a_file_with_a_header() {
    let answer = read(&Fixture::new(), "/api/v1/series/New.Target?format=csv&download=1").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().starts_with("time,loss,median,ping1,") && answer.text().ends_with(",ping20\n"));
    assert_eq!(answer.text().lines().count(), 1);
}
