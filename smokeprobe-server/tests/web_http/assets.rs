//! The page's files: addresses, caching, compression.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use smokeprobe_server::web::router;

use crate::fixture::Fixture;
use crate::{Answer, ask, read};

/// The address by which the page links its script.
fn script(page: &Answer) -> String {
    let links = page.text().split('"').filter(|part| part.starts_with("assets/"));
    let scripts: Vec<&str> = links.filter(|link| link.ends_with("app.js")).collect();
    // Once to be loaded early, once to be run.
    assert!(scripts.len() == 2 && scripts[0] == scripts[1], "{}", page.text());
    format!("/{}", scripts[0])
}

#[tokio::test]
async fn page_is_asked_for_again_and_answered_shortly() {
    let fixture = Fixture::new();
    let page = read(&fixture, "/").await;
    assert_eq!(page.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(page.header(header::CACHE_CONTROL), "no-cache");
    let tag = page.header(header::ETAG).to_owned();
    let request = Request::get("/").header(header::IF_NONE_MATCH, &tag).body(Body::empty()).unwrap();
    let again = ask(&router(fixture.state.clone()), request).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again.header(header::ETAG), tag);
}

#[tokio::test]
async fn files_that_the_page_links_are_kept_for_a_year() {
    let fixture = Fixture::new();
    let page = read(&fixture, "/").await;
    let linked = script(&page);
    assert!(!page.text().contains("\"assets/app.js"), "every link carries the hash: {}", page.text());
    let hashed = read(&fixture, &linked).await;
    assert_eq!(hashed.header(header::CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(hashed.header(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    let plain = read(&fixture, "/assets/app.js").await;
    assert_eq!(plain.header(header::CACHE_CONTROL), "no-cache");
    assert_eq!((plain.body, plain.headers.get(header::ETAG)), (hashed.body, hashed.headers.get(header::ETAG)));
}

#[tokio::test]
async fn the_page_names_the_modules_that_it_needs_at_once() {
    let fixture = Fixture::new();
    let page = read(&fixture, "/").await;
    let text = page.text();
    let named: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("<link rel=\"modulepreload\" href=\"")?.strip_suffix('>'))
        .collect();
    let low = "\" fetchpriority=\"low";
    for (module, is_low) in
        [("vendor/preact.js", false), ("side/side.js", false), ("detail/detail.js", true), ("chart/paint.js", true)]
    {
        let link = named.iter().find(|name| name.contains(module)).unwrap_or_else(|| panic!("{module}: {named:?}"));
        assert_eq!(link.contains(low), is_low, "{link}: graphs come after what every page needs");
    }
    assert_eq!(named.len(), named.iter().collect::<HashSet<_>>().len(), "each once");
    let named: Vec<&str> = named.iter().filter_map(|name| name.split('"').next()).collect();
    // What is only shown when it is asked for is loaded then.
    assert!(!named.iter().any(|name| name.ends_with("status/status.js")), "{named:?}");
    for name in named {
        assert_eq!(read(&fixture, &format!("/{name}")).await.status, StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn a_page_from_before_an_upgrade_gets_what_there_is_and_does_not_keep_it() {
    let fixture = Fixture::new();
    let old = read(&fixture, "/assets/0123456789abcdef/app.js").await;
    assert_eq!((old.status, old.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-cache"));
    assert_eq!(read(&fixture, "/assets/0123456789abcdef/none.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn files_go_out_in_the_shortest_form_that_is_asked_for() {
    let fixture = Fixture::new();
    let router = router(fixture.state.clone());
    let get = async |accepted: &str| {
        let request = Request::get("/assets/app.js").header(header::ACCEPT_ENCODING, accepted);
        ask(&router, request.body(Body::empty()).unwrap()).await
    };
    let plain = read(&fixture, "/assets/app.js").await;
    let (gzip, brotli) = (get("gzip, deflate").await, get("gzip, deflate, br").await);
    assert_eq!((gzip.header(header::CONTENT_ENCODING), brotli.header(header::CONTENT_ENCODING)), ("gzip", "br"));
    assert!(brotli.body.len() <= gzip.body.len() && gzip.body.len() * 3 < plain.body.len() * 2);
    assert_eq!(brotli.header(header::VARY), "accept-encoding");
    assert_eq!(get("br;q=0").await.body, plain.body);
}
