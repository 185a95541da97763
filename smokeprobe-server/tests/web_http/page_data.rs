//! What the page reads: the outline of the plan, and how every series is.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use smokeprobe_core::{Round, RoundOrder, UnknownReason, WallTime};
use smokeprobe_server::config::Plan;
use smokeprobe_server::config::plan::{Chart, Palette, TargetHost};
use smokeprobe_server::web::router;

use crate::fixture::{EVIL, Fixture, Formula, NOW, plan, round};
use crate::{Answer, ask, read, section};

/// [`plan`] with more of what an outline says.
fn rich() -> Plan {
    let mut plan = plan();
    plan.general.contact = Some("noc@example.net".to_owned());
    plan.general.display_name = Some("Shanghai".to_owned());
    plan.presentation.hierarchies = [("owner".to_owned(), "Owner".to_owned())].into();
    let chart = Chart {
        menu: "Loss".to_owned(),
        title: "Most loss".to_owned(),
        sorter: "Loss".to_owned(),
        entries: 5,
        format: None,
    };
    plan.presentation.charts = [("loss".to_owned(), chart)].into();
    let console = &mut plan.root.children[0];
    console.menuextra = Some("<b>{HOST}</b>".to_owned());
    let beijing = &mut console.children[0];
    beijing.parents = vec![("owner".to_owned(), "/Ann".to_owned())];
    beijing.hide = true;
    let target = beijing.target.as_mut().unwrap();
    target.labels = [("site".to_owned(), "bj".to_owned())].into();
    target.nomasterpoll = true;
    target.slaves = vec!["tokyo".to_owned()];
    beijing.host = Some("DYNAMIC/aGFzaA".to_owned());
    target.host = TargetHost::Dynamic { secret_hash: Some("aGFzaA".to_owned()) };
    plan
}

/// The series of an outline, in the order that the page goes by.
fn series_of(section: &Value, above: &str) -> Vec<String> {
    let name = section["name"].as_str().unwrap();
    let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
    let mut series = Vec::new();
    if section.get("probe").is_some() {
        if section.get("nomaster").is_none() {
            series.push(path.clone());
        }
        let slaves = section["slaves"].as_array().into_iter().flatten();
        series.extend(slaves.map(|slave| format!("{path}~{}", slave.as_str().unwrap())));
    }
    series.extend(section["children"].as_array().into_iter().flatten().flat_map(|child| series_of(child, &path)));
    series
}

async fn asked(fixture: &Fixture, address: &str, name: header::HeaderName, value: &str) -> Answer {
    let request = Request::get(address).header(name, value).body(Body::empty()).unwrap();
    ask(&router(fixture.state.clone()), request).await
}

#[tokio::test]
async fn outline_says_what_the_configuration_says() {
    let outline = read(&Fixture::over(rich(), Arc::new(Formula)), "/api/v1/outline").await.json();
    assert_eq!((&outline["owner"], &outline["contact"]), (&json!("Network team"), &json!("noc@example.net")));
    let overview = json!({"range": 36_000, "width": 600, "height": 50, "max_rtt": null, "median_color": null});
    assert_eq!(outline["overview"], overview);
    assert_eq!(outline["detail"]["ranges"][3], json!({"label": "Last 360 days", "seconds": 31_104_000}));
    assert_eq!(outline["detail"]["unison_tolerance"], json!(2.0));
    assert_eq!(outline["charts"], json!([{"name": "loss", "menu": "Loss", "title": "Most loss"}]));
    let vantages = json!({"local": {"name": "Shanghai"}, "slaves": {"tokyo": {"name": "Tokyo", "color": "ff0000"}}});
    assert_eq!(outline["vantages"], vantages);
    let branch = json!({"name": "BeijingConsole", "target": "Console.BeijingConsole"});
    let root = json!({"name": "", "children": [{"name": "Ann", "children": [branch]}]});
    assert_eq!(outline["hierarchies"], json!([{"name": "owner", "title": "Owner", "root": root}]));
    let modules: Vec<&Value> = outline["probes"].as_array().unwrap().iter().map(|probe| &probe["module"]).collect();
    assert_eq!(modules, ["FPing", "TCPPing", "Qstat"], "each once, in the order of the sections");
    assert_eq!(outline["probes"][2]["reason"], "not measured: probe Qstat is not supported");

    let beijing = json!({
        "name": "BeijingConsole", "menu": "北京控制台", "title": "AWS北京区控制台", "hide": true, "host": "DYNAMIC", "probe": 0,
        "slaves": ["tokyo"], "nomaster": true, "alerts": ["someloss"], "labels": {"site": "bj"},
    });
    assert_eq!(*section(&outline, "Console.BeijingConsole"), beijing);
    let both = json!({
        "name": "Both", "title": "From both places", "multihost": ["Storage.NingxiaS3", "Storage.NingxiaS3~tokyo"],
    });
    assert_eq!(*section(&outline, "Storage.Both"), both);
    assert_eq!(section(&outline, "Console")["menuextra"], "<b>{HOST}</b>", "text, as nothing allows HTML");
    assert_eq!(section(&outline, "Other.Evil")["menu"], EVIL);
}

#[tokio::test]
async fn the_configured_palette_is_told() {
    let mut plan = rich();
    plan.presentation.detail.palette = Palette::Classic;
    let outline = read(&Fixture::over(plan, Arc::new(Formula)), "/api/v1/outline").await.json();
    assert_eq!(outline["detail"]["palette"], "classic");
}

#[tokio::test]
async fn secrets_of_dynamic_hosts_are_in_no_answer() {
    let fixture = Fixture::over(rich(), Arc::new(Formula));
    for address in ["/api/v1/outline", "/api/v1/tree"] {
        let answer = read(&fixture, address).await;
        assert!(answer.text().contains("\"DYNAMIC\"") && !answer.text().contains("aGFzaA"), "{address}");
    }
}

#[tokio::test]
async fn sections_have_html_only_where_the_configuration_allows_it_and_made_safe() {
    let mut plan = rich();
    plan.presentation.html = true;
    // The page puts these into itself as they are.
    plan.root.children[0].remark = Some("<b>a</b><script>b</script><img src=x onerror=c>".to_owned());
    plan.root.children[0].menu = "<b>menu".to_owned();
    plan.root.children[0].title = "<b>menu".to_owned();
    let fixture = Fixture::over(plan, Arc::new(Formula));
    let outline = read(&fixture, "/api/v1/outline").await.json();
    let console = section(&outline, "Console");
    assert_eq!(console["html"], true);
    assert_eq!(console["remark"], "<b>a</b><img src=\"x\">");
    assert_eq!(console["menuextra"], "<b>#</b>");
    assert_eq!(console["title"], "<b>menu</b>", "the menu, which is text, never stands for it");
    assert_eq!(section(&outline, "Storage").get("html"), None, "what has no HTML stays text");
    let evil = section(&outline, "Other");
    assert_eq!((&evil["title"], &evil["remark"]), (&json!("&quot;&amp;"), &json!("<img src=\"x\">")));
    let tree = read(&fixture, "/api/v1/tree").await.json();
    for (path, field) in
        ["title", "remark", "menuextra", "html"].iter().flat_map(|field| [("Console", field), ("Other", field)])
    {
        assert_eq!(
            section(&tree, path).get(field),
            section(&outline, path).get(field),
            "{field} of {path} in the tree"
        );
    }

    let outline = read(&Fixture::over(rich(), Arc::new(Formula)), "/api/v1/outline").await.json();
    assert_eq!((&section(&outline, "Other")["title"], section(&outline, "Other").get("html")), (&json!(EVIL), None));
}

#[tokio::test]
async fn outline_is_sent_once_a_plan() {
    let fixture = Fixture::new();
    let first = read(&fixture, "/api/v1/outline").await;
    let tag = first.header(header::ETAG).to_owned();
    assert_eq!(tag, format!("W/\"{}\"", first.json()["plan"].as_str().unwrap()));
    let again = asked(&fixture, "/api/v1/outline", header::IF_NONE_MATCH, &tag).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));

    fixture.live.follow(Arc::new(plan()));
    let same = asked(&fixture, "/api/v1/outline", header::IF_NONE_MATCH, &tag).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED, "a reload that changes nothing");
    fixture.live.follow(Arc::new(rich()));
    let other = asked(&fixture, "/api/v1/outline", header::IF_NONE_MATCH, &tag).await;
    assert_eq!(other.status, StatusCode::OK);
    assert_ne!(other.header(header::ETAG), tag);
    assert_eq!(other.json()["plan"], read(&fixture, "/api/v1/states").await.json()["plan"]);
}

#[tokio::test]
async fn outline_is_compressed_for_those_who_take_it() {
    let fixture = Fixture::new();
    let plain = read(&fixture, "/api/v1/outline").await;
    assert_eq!(plain.header(header::CONTENT_ENCODING), "");
    let brotli = asked(&fixture, "/api/v1/outline", header::ACCEPT_ENCODING, "gzip, br").await;
    assert_eq!(brotli.header(header::CONTENT_ENCODING), "br");
    let packed = asked(&fixture, "/api/v1/outline", header::ACCEPT_ENCODING, "gzip").await;
    assert_eq!(packed.header(header::CONTENT_ENCODING), "gzip");
    assert_eq!(packed.header(header::VARY).to_ascii_lowercase(), "accept-encoding");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn states_follow_the_order_of_the_outline() {
    let fixture = Fixture::new();
    fixture.accept(&round("Console.BeijingConsole", &[4, 5, 6], 1));
    fixture.accept(&round("Console.NingxiaConsole", &[], 4));
    let slave = round("Storage.NingxiaS3~tokyo", &[1], 0);
    let order = RoundOrder { series: slave.series, slot: slave.slot, pings: 4 };
    let started = WallTime::from_unix_secs(NOW) + Duration::from_millis(700);
    fixture.accept(&Round::unknown(&order, started, UnknownReason::NotResolved));
    fixture.accept(&round("Other.Game", &[1], 0));

    let outline = read(&fixture, "/api/v1/outline").await.json();
    let order = series_of(&outline["root"], "");
    let expected = [
        "Console.BeijingConsole",
        "Console.NingxiaConsole",
        "Storage.NingxiaS3",
        "Storage.NingxiaS3~tokyo",
        "Broken.Disk",
        "New.Target",
        "Other.Game",
        "Other.Evil",
    ];
    assert_eq!(order, expected);
    let states = read(&fixture, "/api/v1/states").await.json();
    assert_eq!(states["plan"], outline["plan"]);
    assert_eq!(states["state"], "mlwuwwnw");
    assert_eq!(states["loss"], json!([0.25, 1.0, null, null, null, null, null, null]));
    assert_eq!(states["median"], json!([0.005, null, null, null, null, null, null, null]));
    assert_eq!(states["time"], json!([NOW - 10, NOW - 10, null, NOW, null, null, null, null]));
    assert_eq!((&states["raised"], &states["notices"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn page_data_has_no_parameters_that_it_does_not_know() {
    let fixture = Fixture::new();
    for address in ["/api/v1/outline?x=1", "/api/v1/states?target=Console", "/api/v1/outline?%FF=1"] {
        let answer = read(&fixture, address).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(answer.json()["error"]["message"].is_string());
    }
}
