//! What a request must be like to change something.

use axum::http::StatusCode;
use smokeprobe_server::web::AccessOptions;

use super::site::{ANN, Site};

#[tokio::test]
async fn change_comes_from_a_page_of_this_server_or_from_a_program() {
    let site = Site::with_users(AccessOptions::default()).await;
    let (cookie, basic) = (site.signed_in(ANN).await, Site::basic("ann", "anns password"));
    for known in [&cookie, &basic] {
        for headers in [
            "",
            "Host: noc.example\r\nOrigin: http://noc.example\r\n",
            "Host: noc.example\r\nOrigin: https://noc.example\r\n",
            "Host: noc.example:8443\r\nOrigin: https://noc.example:8443\r\nSec-Fetch-Site: same-origin\r\n",
            "Host: 127.0.0.1:8888\r\nOrigin: https://noc.example\r\nSec-Fetch-Site: same-origin\r\n",
            "Host: noc.example\r\nReferer: http://noc.example/?target=A.B\r\n",
        ] {
            assert!(site.may_change(&format!("{known}{headers}")).await, "{headers}");
        }
        for headers in [
            "Host: noc.example\r\nOrigin: https://evil.example\r\n",
            "Host: noc.example\r\nOrigin: null\r\n",
            "Host: noc.example\r\nOrigin: http://noc.example\r\nSec-Fetch-Site: cross-site\r\n",
            "Host: noc.example\r\nSec-Fetch-Site: same-site\r\n",
            "Host: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nOrigin: https://evil.example\r\n",
            "Host: noc.example\r\nReferer: http://noc.example/embed?target=A.B\r\nSec-Fetch-Site: same-origin\r\n",
        ] {
            let answer = site.change(&format!("{known}{headers}")).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers}");
        }
    }
}

#[tokio::test]
async fn change_is_sent_as_json() {
    let site = Site::with_users(AccessOptions::default()).await;
    let cookie = site.signed_in(ANN).await;
    for kind in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data\r\n",
    ] {
        for address in [
            "/api/v1/alerts/silences",
            "/api/v1/alerts/acknowledge",
            "/api/v1/alerts/test",
            "/api/v1/alerts/messages/1/retry",
        ] {
            let answer = site.ask(&format!("POST {address}"), &format!("{cookie}{kind}"), "{}").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{address} {kind}");
            assert!(answer.text().contains("Content-Type: application/json"), "{}", answer.text());
        }
    }
    // No form can send this.
    let gone = site.ask("DELETE /api/v1/alerts/silences/x", &cookie, "").await;
    assert_eq!(gone.status, StatusCode::SERVICE_UNAVAILABLE, "{}", gone.text());
}

#[tokio::test]
async fn every_change_needs_the_role() {
    let site = Site::with_users(AccessOptions { open: true, ..AccessOptions::default() }).await;
    let vic = Site::basic("vic", "vics password") + "Content-Type: application/json\r\n";
    for request in [
        "POST /api/v1/alerts/silences",
        "POST /api/v1/alerts/acknowledge",
        "POST /api/v1/alerts/test",
        "POST /api/v1/alerts/messages/1/retry",
        "POST /api/v1/alerts/messages/1/dismiss",
        "DELETE /api/v1/alerts/silences/x",
    ] {
        assert_eq!(site.ask(request, &vic, "{}").await.status, StatusCode::FORBIDDEN, "{request}");
        let strange = site.ask(request, "Content-Type: application/json\r\n", "{}").await;
        assert_eq!(strange.status, StatusCode::UNAUTHORIZED, "{request}");
    }
}
