//! The page in a real browser: what Chromium makes of it once its scripts have run.

#[path = "web_http/fixture.rs"]
mod fixture;

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use fixture::{EVIL, Fixture, NOW, round};
use smokeprobe_core::{RoundSink, WallTime};
use smokeprobe_server::live::ReloadState;
use smokeprobe_server::web::{router, serve};
use tokio::net::TcpListener;
use tokio::process::Command;

/// The elements of a page, as text.
struct Page {
    dom: String,
    /// What the browser complained of.
    complaints: Vec<String>,
}

impl Page {
    async fn open(router: Router, path: &str, width: u32) -> Self {
        Self::open_for(router, path, width, 5).await
    }

    /// The page after it has been open for this long. The time is the browser's own: it passes at once when the page
    /// has nothing left to wait for.
    async fn open_for(router: Router, path: &str, width: u32, seconds: u32) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, router, std::future::pending()));
        let profile = tempfile::tempdir().unwrap();
        let output = Command::new(browser())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--enable-logging=stderr"])
            .arg(format!("--virtual-time-budget={}", seconds * 1000))
            .arg(format!("--window-size={width},900"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("http://{address}{path}"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap_or_else(|err| panic!("cannot run {}: {err}", browser()));
        server.abort();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let complaints = stderr.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
        Self { dom: String::from_utf8_lossy(&output.stdout).into_owned(), complaints }
    }

    fn has(&self, what: &str) -> &Self {
        assert!(self.dom.contains(what), "{what:?} is not in\n{}", self.dom);
        self
    }

    fn lacks(&self, what: &str) -> &Self {
        assert!(!self.dom.contains(what), "{what:?} is in\n{}", self.dom);
        self
    }
}

/// Chromium by one of the names that systems give it.
fn browser() -> &'static str {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = |name: &&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(installed)
        .expect("no browser to test the page with; install one with: apt-get install chromium")
}

fn busy() -> Fixture {
    let fixture = Fixture::new();
    let rounds = [
        round("Console.BeijingConsole", &[28, 29, 30, 31], 0),
        round("Console.NingxiaConsole", &[31, 31, 33], 1),
        round("Storage.NingxiaS3", &[4, 4, 5, 6], 0),
    ];
    for round in &rounds {
        fixture.accept(round);
        fixture.metrics_sink().accept(round).unwrap();
    }
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_shows_the_tree_with_states() {
    let page = Page::open(router(busy().state), "/", 1280).await;
    // The file that cannot be read, and nothing else.
    assert!(page.complaints.iter().all(|complaint| complaint.contains("500")), "{:?}", page.complaints);
    page.has("AWS China Network Latency")
        .has("AWS中国区网络延迟监控")
        .has("北京控制台")
        .has("30.0 ms")
        .has("31.0 ms · 25.0 %")
        .has("waiting")
        .has("aria-label=\"some loss\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_and_remarks_stay_text() {
    let page = Page::open(router(busy().state), "/?target=Other", 1280).await;
    assert_eq!(page.complaints, [""; 0]);
    let escaped = EVIL.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    page.has(&format!("<h1>{escaped}</h1>")).has("&lt;img src=x onerror=alert(2)&gt;").lacks("<img src=\"x\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_shows_its_ranges_from_every_vantage_point() {
    let page = Page::open(router(busy().state), "/?target=Storage.NingxiaS3", 1280).await;
    assert_eq!(page.complaints, [""; 0]);
    page.has("<h1>AWS宁夏区S3</h1>").has("loss 0 of 4").has("from Tokyo").has("Last 3 hours");
    // The first graph is in sight and drawn; what is out of sight is not asked for.
    page.has("graph/Storage.NingxiaS3.svg?from=-10800s").lacks("graph/Storage.NingxiaS3~tokyo.svg?from=-31104000s");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_measured_says_why() {
    let fixture = busy();
    let error = Some("error: unknown variable 'hots'".to_owned());
    fixture.live.reload.store(Arc::new(ReloadState { at: WallTime::from_unix_secs(NOW), error }));
    let state = fixture.state.clone();
    fixture.readiness.stopping();
    let game = Page::open(router(state.clone()), "/?target=Other.Game", 390).await;
    game.has("not measured: probe Qstat is not supported").has("error: unknown variable 'hots'").has(">stopping</p>");
    let new = Page::open(router(state.clone()), "/?target=New.Target", 390).await;
    new.has("waiting for the first round: about");
    let missing = Page::open(router(state), "/?target=No.Such%3Cb%3E", 390).await;
    missing.has("There is no target No.Such&lt;b&gt;");
    assert_eq!([game.complaints, new.complaints, missing.complaints].concat(), [""; 0]);
}

/// Lets `change` have its way with each reading of the tree after the first.
fn changing(
    fixture: Fixture,
    change: impl Fn(&Fixture) -> Option<StatusCode> + Clone + Send + Sync + 'static,
) -> Router {
    let router = router(fixture.state.clone());
    let (fixture, readings) = (Arc::new(fixture), Arc::new(AtomicUsize::new(0)));
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let again = request.uri().path() == "/api/v1/tree" && readings.fetch_add(1, Ordering::Relaxed) > 0;
        let refusal = if again { change(&fixture) } else { None };
        async move {
            match refusal {
                Some(status) => status.into_response(),
                None => next.run(request).await,
            }
        }
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_round_appears_by_itself() {
    let router = changing(busy(), |fixture| {
        let mut next = round("Storage.NingxiaS3", &[7, 7, 7, 7], 0);
        next.started = WallTime::from_unix_secs(NOW + 300);
        fixture.accept(&next);
        None
    });
    let page = Page::open_for(router, "/?target=Storage.NingxiaS3", 1280, 40).await;
    assert_eq!(page.complaints, [""; 0]);
    page.has("7.00 ms").lacks("5.00 ms").lacks("connection lost");
    // Its graph was drawn anew; that of the other vantage point, which has no new round, was not.
    page.has("Storage.NingxiaS3.svg?from=-10800s").has("&amp;_=");
    assert!(
        !page.dom.split("<img").any(|image| image.contains("~tokyo.svg") && image.contains("&amp;_=")),
        "{}",
        page.dom
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_told_and_the_page_stays() {
    let router = changing(busy(), |_| Some(StatusCode::BAD_GATEWAY));
    let page = Page::open_for(router, "/?target=Console.BeijingConsole", 1280, 40).await;
    page.has("connection lost, last data of").has("trying again").has("AWS北京区控制台").has("30.0 ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_that_cannot_be_drawn_says_why() {
    let page = Page::open(router(busy().state), "/?target=Broken.Disk", 1280).await;
    page.has("the history cannot be read now: permission denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_targets_show_their_graphs_on_the_first_page() {
    let page = Page::open(router(busy().state), "/", 1280).await;
    page.has("graph/Console.BeijingConsole.svg?from=-36000s").has("AWS控制台监控</a>");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_hosts_together_show_the_graphs_of_each() {
    let page = Page::open(router(busy().state), "/?target=Storage.Both", 1280).await;
    assert_eq!(page.complaints, [""; 0]);
    page.has("From both places").has("graph/Storage.NingxiaS3.svg?").has("graph/Storage.NingxiaS3~tokyo.svg?");
}
