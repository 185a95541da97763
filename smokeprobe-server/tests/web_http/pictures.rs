//! Pictures of several series, in other forms, and of what cannot be.

use std::sync::Arc;

use axum::http::{StatusCode, header};
use smokeprobe_core::RoundResult;
use smokeprobe_server::config::plan::Palette;

use crate::fixture::{Fixture, Formula, NOW, plan, round};
use crate::{read, texts};

#[tokio::test]
async fn all_vantage_points_are_lines_in_one_picture() {
    let fixture = Fixture::new();
    let answer = read(&fixture, "/graph/Storage.NingxiaS3.svg?vantage=all").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let (svg, texts) = (answer.text(), texts(answer.text()));
    for wanted in ["AWS宁夏区S3", "local", "Tokyo", "median avg", "loss avg", "20 TCP Pings (port 443) every 300 s"]
    {
        assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
    }
    assert_eq!(svg.matches("fill-opacity=\"0.18\"").count(), 2, "an area each");
    assert!(svg.contains("stroke=\"#ff0000\""), "the slave's own colour");
    let one = read(&fixture, "/graph/Storage.NingxiaS3.svg?vantage=tokyo").await;
    assert_eq!(one.body, read(&fixture, "/graph/Storage.NingxiaS3~tokyo.svg").await.body);
    let local = read(&fixture, "/graph/Storage.NingxiaS3.svg?vantage=local").await;
    assert_eq!(local.body, read(&fixture, "/graph/Storage.NingxiaS3.svg").await.body);
    for (address, words) in [
        ("/graph/Storage.NingxiaS3.svg?vantage=moon", "local or tokyo or all"),
        ("/graph/Storage.NingxiaS3~tokyo.svg?vantage=all", "already"),
        ("/graph/Storage.Both.svg?vantage=tokyo", "cannot be chosen"),
    ] {
        let answer = read(&fixture, address).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert_eq!(answer.json()["error"]["parameter"], "vantage");
        assert!(answer.text().contains(words), "{address}: {}", answer.text());
    }
}

#[tokio::test]
async fn sections_of_several_hosts_are_pictures_too() {
    let mut plan = plan();
    plan.presentation.multihost_colors = vec!["00b8ff".to_owned(), "zzzzzz".to_owned()];
    let both = &mut plan.root.children[1].children[1];
    // It is measured and has no file yet.
    both.multihost.push("New.Target".parse().unwrap());
    let fixture = Fixture::over(plan, Arc::new(Formula));
    let answer = read(&fixture, "/graph/Storage.Both.svg").await;
    let texts = texts(answer.text());
    for wanted in ["From both places", "宁夏S3", "宁夏S3 from Tokyo", "various probes"] {
        assert!(texts.iter().any(|text| text == wanted), "{wanted} is not in {texts:?}");
    }
    assert!(!texts.contains(&"Target".to_owned()), "what has no file is left out");
    let png = read(&fixture, "/graph/Storage.Both.png?theme=dark").await;
    assert_eq!(png.header(header::CONTENT_TYPE), "image/png");
    let old = read(&fixture, "/smokeping.cgi?displaymode=a;target=Storage.Both").await;
    assert_eq!((old.status, old.header(header::CONTENT_TYPE)), (StatusCode::OK, "image/png"));
}

#[tokio::test]
async fn the_small_form_has_the_name_and_the_value() {
    let fixture = Fixture::new();
    let answer = read(&fixture, &format!("/graph/Storage.NingxiaS3.svg?small=1&from=-10h&to={NOW}")).await;
    assert!(answer.text().contains("width=\"320\" height=\"120\""));
    let texts = texts(answer.text());
    assert_eq!(texts[0], "AWS宁夏区S3");
    assert!(texts[1].ends_with(" ms"), "{texts:?}");
    let both = read(&fixture, "/graph/Storage.NingxiaS3.svg?small=1&vantage=all&width=390&height=100").await;
    assert_eq!(both.text().matches("fill-opacity").count(), 2);
}

#[tokio::test]
async fn palette_and_ceiling_can_be_asked_for() {
    let address = |query: &str| format!("/graph/Storage.NingxiaS3.svg?from=-10h{query}");
    let mut classic = plan();
    classic.presentation.detail.palette = Palette::Classic;
    let classic = Fixture::over(classic, Arc::new(Formula));
    let fixture = Fixture::new();
    let asked = read(&fixture, &address("&palette=classic")).await;
    assert!(asked.text().contains("#26ff00"), "SmokePing's green");
    assert_eq!(asked.body, read(&classic, &address("")).await.body, "configured");
    assert!(!read(&classic, &address("&palette=default")).await.text().contains("#26ff00"));
    assert!(texts(read(&fixture, &address("&ceiling=2")).await.text()).contains(&"2.0 s".to_owned()));
    for ceiling in ["0", "-1", "NaN", "inf", "1e9", "x"] {
        let answer = read(&fixture, &address(&format!("&ceiling={ceiling}"))).await;
        assert_eq!((answer.status, &answer.json()["error"]["parameter"]), (StatusCode::BAD_REQUEST, &"ceiling".into()));
    }
}

#[tokio::test]
async fn suspect_rounds_are_hatched_unless_marks_are_off() {
    let fixture = Fixture::new();
    let mut suspect = round("Storage.NingxiaS3", &[4; 20], 0);
    let RoundResult::Measured(measured) = &mut suspect.result else { panic!("{suspect:?}") };
    measured.quality.suspect = true;
    fixture.accept(&suspect);
    let has = async |query: &str| {
        let answer = read(&fixture, &format!("/graph/Storage.NingxiaS3.svg?{query}")).await;
        answer.text().contains("url(#suspect)")
    };
    assert!(has("").await);
    assert!(!has("marks=0").await);
    assert!(!has("vantage=tokyo").await, "of another vantage point");
}

#[tokio::test]
async fn what_cannot_be_drawn_is_said_in_a_sentence() {
    let fixture = Fixture::new();
    for (query, parameter) in [
        ("width=10000", "width"),
        ("height=10000", "height"),
        ("width=4294967296", "width"),
        ("from=now&to=-3h", "from"),
        ("from=%2B1h&to=%2B2h", "from"),
        ("from=-1000y", "from"),
        ("to=-1000y", "to"),
        ("from=%00", "from"),
        ("small=yes", "small"),
        ("marks=2", "marks"),
        ("palette=pink", "palette"),
        ("vantage=%00%01", "vantage"),
        ("vantage=%E5%8C%97%E4%BA%AC", "vantage"),
        ("scale=1e3", "scale"),
        ("width=4000&height=4000&scale=4", "width"),
        ("vantage=all&width=4000&height=4000", "width"),
        ("%ff=1", ""),
    ] {
        let answer = read(&fixture, &format!("/graph/Storage.NingxiaS3.png?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}: {}", answer.text());
        let error = &answer.json()["error"];
        assert!(parameter.is_empty() || error["parameter"] == parameter, "{query}: {error}");
        assert!(error["message"].as_str().unwrap().contains(' '), "{query}: {error}");
    }
    for name in ["%00", "%ff%fe", "..%2F..%2Fetc%2Fpasswd", "A~B~C", "~", ".", "", "Storage.Both~tokyo", "Storage"] {
        for kind in ["svg", "png", "gif"] {
            let answer = read(&fixture, &format!("/graph/{name}.{kind}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}.{kind}: {}", answer.text());
            assert!(answer.json()["error"]["message"].as_str().unwrap().contains(' '), "{name}.{kind}");
        }
    }
    // Half a century is a range like any other.
    let long = read(&fixture, "/graph/Storage.NingxiaS3.svg?from=1970-01-02").await;
    assert_eq!(long.status, StatusCode::OK);
    assert!(long.body.len() < 1_000_000, "{} bytes", long.body.len());
}

#[tokio::test]
async fn picture_that_would_be_too_large_is_refused_before_a_file_is_read() {
    let fixture = Fixture::new();
    // Reading this one's file fails.
    for query in ["width=4000&height=4000", "width=4000&height=2000&scale=2", "width=2000&height=1000&scale=4"] {
        let answer = read(&fixture, &format!("/graph/Broken.Disk.png?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().contains("a PNG has at most"), "{}", answer.text());
    }
}
