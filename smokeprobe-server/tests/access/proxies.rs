//! Trusted proxies, and everybody who pretends to be one.

use axum::http::{StatusCode, header};
use serde_json::json;
use smokeprobe_server::users::Role;
use smokeprobe_server::web::{AccessOptions, ProxyUsers};

use super::site::{Site, nobody};

/// Believes 127.0.0.2 what it says in X-Forwarded-User.
fn options(role: Option<&'static str>, usual: Role) -> AccessOptions {
    let proxy = ProxyUsers {
        user: header::HeaderName::from_static("x-forwarded-user"),
        role: role.map(header::HeaderName::from_static),
        usual,
    };
    AccessOptions { trusted: vec!["127.0.0.2".parse().unwrap()], proxy: Some(proxy), ..AccessOptions::default() }
}

const PROXY: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn trusted_proxy_names_the_user() {
    let site = Site::without_users(options(None, Role::View)).await;
    let who = async |headers: &str| site.ask_from(PROXY.into(), "GET /api/v1/session", headers, "").await;
    let answer = who("X-Forwarded-User: 王芳\r\n").await;
    assert_eq!(answer.json(), json!({"user": "王芳", "role": "view", "can_sign_in": false, "can_sign_out": false}));
    let tree = site.ask_from(PROXY.into(), "GET /api/v1/tree", "X-Forwarded-User: eve\r\n", "").await;
    assert_eq!(tree.status, StatusCode::OK);
    for headers in ["", "X-Forwarded-User: \r\n", "X-Forwarded-For: 192.0.2.7\r\n", "Host: localhost\r\n"] {
        assert_eq!(who(headers).await.json(), nobody(false, "none"), "{headers}");
        let tree = site.ask_from(PROXY.into(), "GET /api/v1/tree", headers, "").await;
        assert_eq!(tree.status, StatusCode::FORBIDDEN, "{headers}");
        assert!(tree.text().contains("the proxy does not say who you are"), "{}", tree.text());
    }
}

#[tokio::test]
async fn what_anybody_else_says_of_users_never_counts() {
    for site in [
        Site::without_users(options(Some("x-role"), Role::Operate)).await,
        Site::with_users(options(Some("x-role"), Role::Operate)).await,
    ] {
        let headers =
            "X-Forwarded-User: root\r\nX-Role: operate\r\nX-Forwarded-For: 127.0.0.2\r\nForwarded: for=127.0.0.2\r\n";
        for from in [[127, 0, 0, 1], [127, 0, 0, 3], [127, 2, 0, 0]] {
            let answer = site.ask_from(from.into(), "GET /api/v1/session", headers, "").await;
            assert_eq!((&answer.json()["user"], &answer.json()["role"]), (&json!(null), &json!("none")), "{from:?}");
            let tree = site.ask_from(from.into(), "GET /api/v1/tree", headers, "").await;
            assert!([401, 403].contains(&tree.status.as_u16()), "{from:?}: {}", tree.status);
        }
        assert!(!site.may_change(headers).await);
    }
}

#[tokio::test]
async fn proxy_that_lets_a_second_name_through_is_not_believed() {
    let site = Site::without_users(options(None, Role::Operate)).await;
    let long = format!("X-Forwarded-User: {}\r\n", "x".repeat(300));
    for headers in
        ["X-Forwarded-User: eve\r\nX-Forwarded-User: root\r\n", "X-Forwarded-User: eve\r\nX-Forwarded-User:\r\n", &long]
    {
        let answer = site.ask_from(PROXY.into(), "GET /api/v1/tree", headers, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("must name one user"), "{}", answer.text());
    }
}

#[tokio::test]
async fn proxy_names_the_role_or_the_usual_one_counts() {
    let role = async |usual: Role, header: Option<&'static str>, headers: &str| {
        let site = Site::without_users(options(header, usual)).await;
        let headers = format!("X-Forwarded-User: eve\r\n{headers}");
        let answer = site.ask_from(PROXY.into(), "GET /api/v1/session", &headers, "").await;
        answer.json()["role"].as_str().unwrap().to_owned()
    };
    assert_eq!(role(Role::Operate, None, "").await, "operate");
    assert_eq!(role(Role::View, None, "X-Role: operate\r\n").await, "view", "nobody asked for that header");
    assert_eq!(role(Role::View, Some("x-role"), "X-Role: operate\r\n").await, "operate");
    assert_eq!(role(Role::View, Some("x-role"), "X-Role: staff, view,operate\r\n").await, "operate");
    assert_eq!(role(Role::Operate, Some("x-role"), "X-Role: staff,view\r\n").await, "view");
    assert_eq!(role(Role::View, Some("x-role"), "X-Role: operators\r\n").await, "view");
    assert_eq!(role(Role::View, Some("x-role"), "").await, "view");
}

#[tokio::test]
async fn user_of_the_proxy_changes_what_their_role_allows() {
    let site = Site::without_users(options(Some("x-role"), Role::View)).await;
    let change = async |headers: &str| {
        let headers = format!("Content-Type: application/json\r\nX-Forwarded-User: eve\r\n{headers}");
        let body = "{\"until\": \"+1h\"}";
        site.ask_from(PROXY.into(), "POST /api/v1/alerts/silences", &headers, body).await.status
    };
    let page = "Host: 127.0.0.1:8888\r\nX-Forwarded-Host: noc.example\r\nOrigin: https://noc.example\r\n";
    assert_eq!(change(&format!("X-Role: operate\r\n{page}")).await, StatusCode::SERVICE_UNAVAILABLE, "let in");
    assert_eq!(change(page).await, StatusCode::FORBIDDEN, "views");
    let other = "Host: 127.0.0.1:8888\r\nX-Forwarded-Host: noc.example\r\nOrigin: https://evil.example\r\n";
    assert_eq!(change(&format!("X-Role: operate\r\n{other}")).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_is_on_the_machine_still_operates_beside_a_proxy_elsewhere() {
    let site = Site::without_users(options(None, Role::View)).await;
    assert_eq!(site.who("Host: localhost\r\n").await, nobody(false, "operate"));
    assert!(site.may_change("Host: localhost\r\n").await);
    assert_eq!(site.who("Host: noc.example\r\n").await, nobody(false, "none"));
    let answer = site.ask("GET /api/v1/tree", "Host: noc.example\r\n", "").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("come through the proxy"), "{}", answer.text());
}

#[tokio::test]
async fn cookie_is_for_https_where_a_trusted_proxy_says_so() {
    let site =
        Site::with_users(AccessOptions { trusted: vec!["127.0.0.2".parse().unwrap()], ..AccessOptions::default() })
            .await;
    let set = async |from: [u8; 4], headers: &str| {
        let headers = format!("Content-Type: application/json\r\n{headers}");
        let body = r#"{"user": "ann", "password": "anns password"}"#;
        let answer = site.ask_from(from.into(), "POST /api/v1/session", &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.header(header::SET_COOKIE).to_owned()
    };
    let secure = |set: String| set.ends_with("; Secure");
    assert!(secure(set(PROXY, "X-Forwarded-Proto: https\r\n").await));
    assert!(secure(set(PROXY, "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n").await), "the last one counts");
    assert!(!secure(set(PROXY, "X-Forwarded-Proto: http\r\n").await));
    assert!(!secure(set(PROXY, "").await));
    assert!(!secure(set([127, 0, 0, 1], "X-Forwarded-Proto: https\r\n").await), "it is not trusted");
}

#[tokio::test]
async fn guesses_are_counted_for_who_is_behind_a_trusted_proxy() {
    let site =
        Site::with_users(AccessOptions { trusted: vec!["127.0.0.2".parse().unwrap()], ..AccessOptions::default() })
            .await;
    let guess = async |from: [u8; 4], behind: &str| {
        let headers = format!("{}X-Forwarded-For: {behind}\r\n", Site::basic("ann", "wrong"));
        site.ask_from(from.into(), "GET /api/v1/tree", &headers, "").await.status
    };
    for made_up in 0..10 {
        // What the client wrote stands before what the proxy adds.
        assert_eq!(guess(PROXY, &format!("198.51.100.{made_up}, 192.0.2.7")).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(guess(PROXY, "192.0.2.7").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(guess(PROXY, "192.0.2.8").await, StatusCode::UNAUTHORIZED, "another client");
    for made_up in 0..10 {
        assert_eq!(guess([127, 0, 0, 1], &format!("198.51.100.{made_up}")).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(guess([127, 0, 0, 1], "198.51.100.99").await, StatusCode::TOO_MANY_REQUESTS, "it is no proxy of ours");
}
