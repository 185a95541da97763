//! Names, passwords and sessions.

use std::time::Duration;

use axum::http::{StatusCode, header};
use serde_json::json;
use smokeprobe_core::{Clock as _, WallTime};
use smokeprobe_server::users::Users;
use smokeprobe_server::web::AccessOptions;

use super::site::{ANN, Site, VIC, cookie, nobody, users};

const CHALLENGE: &str = "Basic realm=\"smokeprobe\", charset=\"UTF-8\"";

async fn site() -> Site {
    Site::with_users(AccessOptions::default()).await
}

/// Time passes; no clock is set.
fn later(site: &Site, seconds: u64) {
    site.clock.advance(Duration::from_secs(seconds));
}

#[tokio::test]
async fn who_signs_in_is_let_in_until_they_sign_out() {
    let site = site().await;
    let answer = site.sign_in("ann", "anns password").await;
    let ann = json!({"user": "ann", "role": "operate", "can_sign_in": false, "can_sign_out": true});
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, ann.clone()));
    let set = answer.header(header::SET_COOKIE);
    let (_, attributes) = set.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Max-Age=43200; HttpOnly; SameSite=Lax", "{set}");
    let cookie = cookie(&answer).unwrap();
    assert_eq!(site.who(&cookie).await, ann);
    assert!(site.may_look(&cookie).await && site.may_change(&cookie).await);
    assert!(site.may_look(&cookie.replace("Cookie: ", "Cookie: other=1; smokeprobe=x; ")).await, "among others");

    let out = site.ask("DELETE /api/v1/session", &cookie, "").await;
    assert_eq!((out.status, out.json()), (StatusCode::OK, nobody(true, "none")));
    assert!(out.header(header::SET_COOKIE).contains("=; Path=/; Max-Age=0"), "{}", out.header(header::SET_COOKIE));
    assert!(!site.may_look(&cookie).await, "a copy of the cookie is worth nothing");
    assert_eq!(site.who(&cookie).await, nobody(true, "none"));
}

#[tokio::test]
async fn who_views_changes_nothing() {
    let site = site().await;
    let cookie = site.signed_in(VIC).await;
    assert!(site.may_look(&cookie).await);
    let answer = site.change(&cookie).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("your role is view"), "{}", answer.text());
    let answer = site.change("").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn wrong_name_and_wrong_password_are_told_alike() {
    let site = site().await;
    let mut answers = Vec::new();
    for (name, password) in
        [("ann", "wrong"), ("nobody", "anns password"), ("", ""), ("ann:", "x"), ("Ann", "anns password")]
    {
        let answer = site.sign_in(name, password).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!((cookie(&answer), answer.header(header::WWW_AUTHENTICATE)), (None, ""));
        answers.push(answer.text().to_owned());
    }
    answers.dedup();
    assert_eq!(answers, [r#"{"error":{"message":"the name or the password is wrong"}}"#]);
}

#[tokio::test]
async fn bodies_that_are_no_sign_in_are_refused() {
    let site = site().await;
    let headers = "Content-Type: application/json\r\n";
    for body in ["", "{}", "{\"user\": \"ann\"}", "[]", "{\"user\": \"ann\", \"password\": 1}", "user=ann&password=x"] {
        assert_eq!(site.ask("POST /api/v1/session", headers, body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let long = format!("{{\"user\": \"ann\", \"password\": \"{}\"}}", "x".repeat(70_000));
    assert_eq!(site.ask("POST /api/v1/session", headers, &long).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.sign_in("ann", &"x".repeat(60_000)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(site.get("/api/v1/session?user=ann").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_sites_sign_nobody_in_or_out() {
    let site = site().await;
    for headers in [
        "Origin: https://evil.example\r\nHost: noc.example\r\n",
        "Origin: null\r\nHost: noc.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Referer: http://noc.example/embed?target=A.B\r\nHost: noc.example\r\n",
    ] {
        assert_eq!(site.sign_in_with(headers, "ann", "anns password").await.status, StatusCode::FORBIDDEN, "{headers}");
        let cookie = site.signed_in(ANN).await;
        let out = site.ask("DELETE /api/v1/session", &format!("{cookie}{headers}"), "").await;
        assert_eq!(out.status, StatusCode::FORBIDDEN, "{headers}");
        assert!(site.may_look(&cookie).await);
    }
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = site.ask("POST /api/v1/session", form, "{\"user\":\"ann\",\"password\":\"anns password\"}").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn guesser_is_turned_away_for_the_rest_of_the_minute() {
    let site = site().await;
    let wrong = Site::basic("ann", "wrong");
    for number in 0..10 {
        assert_eq!(site.ask("GET /api/v1/tree", &wrong, "").await.status, StatusCode::UNAUTHORIZED, "{number}");
    }
    let answer = site.ask("GET /api/v1/tree", &wrong, "").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.text().contains("try again in a minute"), "{}", answer.text());
    assert_eq!(site.sign_in("ann", "anns password").await.status, StatusCode::TOO_MANY_REQUESTS, "the right one too");
    let right = Site::basic("ann", "anns password");
    let elsewhere = site.ask_from([127, 0, 0, 2].into(), "GET /api/v1/tree", &right, "").await;
    assert_eq!(elsewhere.status, StatusCode::OK, "others are not");
    later(&site, 60);
    assert_eq!(site.sign_in("ann", "anns password").await.status, StatusCode::OK);
}

#[tokio::test]
async fn crowd_of_guesses_is_not_tried_at_once() {
    let site = std::sync::Arc::new(site().await);
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..60 {
        let site = site.clone();
        crowd.spawn(async move { site.sign_in("ann", &format!("guess {number}")).await.status });
    }
    let statuses = crowd.join_all().await;
    let tried = statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    assert!(tried <= 10, "{tried} of a crowd were tried: {statuses:?}");
    let expected = [401, 429, 503];
    assert!(statuses.iter().all(|status| expected.contains(&status.as_u16())), "{statuses:?}");
}

#[tokio::test]
async fn programs_send_name_and_password_with_each_request() {
    let site = site().await;
    let ann = Site::basic("ann", "anns password");
    let who = site.who(&ann).await;
    assert_eq!(who, json!({"user": "ann", "role": "operate", "can_sign_in": false, "can_sign_out": false}));
    assert!(site.may_look(&ann).await && site.may_change(&ann).await);
    let vic = Site::basic("vic", "vics password").replace("Basic", "bAsIc");
    assert!(site.may_look(&vic).await && !site.may_change(&vic).await);
    for headers in [
        Site::basic("ann", "anns password "),
        Site::basic("vic", "anns password"),
        "Authorization: Basic\r\n".to_owned(),
        "Authorization: Basic !!!\r\n".to_owned(),
        "Authorization: Basic YW5u\r\n".to_owned(),
        "Authorization: Bearer anns password\r\n".to_owned(),
    ] {
        assert!(!site.may_look(&headers).await, "{headers}");
    }
}

#[tokio::test]
async fn right_password_is_believed_without_being_tried_again_until_it_changes() {
    let site = site().await;
    let ann = Site::basic("ann", "anns password");
    assert!(site.may_look(&ann).await);
    // Guesses from the same address do not keep out a program that was let in before.
    for _ in 0..11 {
        site.sign_in("ann", "wrong").await;
    }
    assert!(site.may_look(&ann).await);
    site.access.follow(Ok(users(&[("ann", "view", "another password"), VIC])));
    assert!(!site.may_look(&ann).await);
}

#[tokio::test]
async fn password_is_asked_for_only_where_that_helps() {
    let site = site().await;
    let asked = async |headers: &str| {
        let answer = site.ask("GET /graph/Storage.NingxiaS3.png", headers, "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        match answer.header(header::WWW_AUTHENTICATE) {
            "" => false,
            challenge => challenge == CHALLENGE,
        }
    };
    assert!(asked("").await, "a program");
    assert!(asked("Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n").await, "somebody who opens a link");
    assert!(!asked("X-Requested-With: smokeprobe\r\n").await, "the page has a form");
    assert!(!asked("Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n").await, "its streams of events");
    assert!(!asked("Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n").await, "a picture in a wiki");
    assert!(!asked("Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n").await, "a frame in a wiki");
}

#[tokio::test]
async fn session_lasts_while_it_is_used_and_thirty_days() {
    let site = site().await;
    let cookie_at_first = site.signed_in(ANN).await;
    later(&site, 599);
    let answer = site.ask("GET /api/v1/tree", &cookie_at_first, "").await;
    assert_eq!(answer.header(header::SET_COOKIE), "", "a new cookie now and then is enough");
    later(&site, 12 * 3600 - 600);
    let answer = site.ask("GET /api/v1/tree", &cookie_at_first, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut newer = cookie(&answer).expect("it was used");
    later(&site, 1);
    assert!(!site.may_look(&cookie_at_first).await, "twelve hours without use");
    later(&site, 3600);
    let mut hours = 13;
    while let Some(next) = cookie(&site.ask("GET /api/v1/tree", &newer, "").await) {
        newer = next;
        later(&site, 11 * 3600);
        hours += 11;
    }
    assert!((30 * 24..30 * 24 + 12).contains(&hours), "{hours} hours");
    let start = site.clock.wall();
    site.clock.set_wall(WallTime::from_unix_secs(start.unix_secs() - 40 * 86_400));
    assert!(!site.may_look(&newer).await, "a clock that was set back revives nothing");
}

#[tokio::test]
async fn session_follows_the_file_of_users() {
    let site = site().await;
    let cookie = site.signed_in(ANN).await;
    let others = users(&[("ann", "operate", "another password"), VIC]);
    site.access.follow(Err("line 3: a line is name:role:hash".to_owned()));
    assert!(site.may_look(&cookie).await, "a file with a fault in it changes nothing");
    let notice = site.ask("GET /api/v1/tree", &cookie, "").await.json()["notices"][0].clone();
    assert_eq!(notice["kind"], "users_error");
    assert!(notice["message"].as_str().unwrap().contains("line 3"), "{notice}");
    site.access.follow(Ok(others));
    assert!(!site.may_look(&cookie).await, "the password is another one");
    assert_eq!(site.sign_in("ann", "anns password").await.status, StatusCode::UNAUTHORIZED);
    let vic = site.signed_in(VIC).await;
    assert_eq!(site.ask("GET /api/v1/tree", &vic, "").await.json()["notices"], json!([]));
    site.access.follow(Ok(users(&[])));
    assert!(!site.may_look(&vic).await, "vic is no user any more");
}

#[tokio::test]
async fn role_counts_from_the_next_request_on() {
    let site = site().await;
    let before = users(&[VIC]);
    let risen = before.find("vic").unwrap().to_string().replace(":view:", ":operate:");
    site.access.follow(Ok(before));
    let cookie = site.signed_in(VIC).await;
    assert!(!site.may_change(&cookie).await);
    site.access.follow(Ok(Users::parse(&risen).unwrap()));
    assert!(site.may_change(&cookie).await);
}

#[tokio::test]
async fn answers_for_users_are_kept_by_no_shared_cache() {
    let site = site().await;
    let cookie = site.signed_in(VIC).await;
    for address in ["/api/v1/tree", "/graph/Storage.NingxiaS3.svg", "/metrics", "/embed", "/nothing"] {
        let answer = site.ask(&format!("GET {address}"), &cookie, "").await;
        let caching = answer.header(header::CACHE_CONTROL);
        assert!(caching.contains("private") || caching.contains("no-store"), "{address}: {caching}");
    }
}
