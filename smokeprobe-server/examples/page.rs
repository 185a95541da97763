//! The page over made-up rounds, to look at while working on it: `cargo run --example page`.
//!
//! Time stands still in it, so that two screenshots of the same page are the same.

#[path = "../tests/web_http/fixture.rs"]
mod fixture;

use fixture::{Fixture, round};
use smokeprobe_core::{Round, RoundOrder, RoundSink, UnknownReason, WallTime};
use smokeprobe_server::live::ReloadState;
use smokeprobe_server::web::{router, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let fixture = Fixture::new();
    let rounds = [
        round("Console.BeijingConsole", &[28, 29, 30, 31], 0),
        round("Console.NingxiaConsole", &[31, 31, 33], 1),
        round("Storage.NingxiaS3", &[4, 4, 5, 6], 0),
        round("Storage.NingxiaS3~tokyo", &[], 4),
    ];
    fixture.readiness.measuring();
    let mut metrics = fixture.metrics_sink();
    for round in &rounds {
        fixture.accept(round);
        metrics.accept(round)?;
    }
    let evil = round("Other.Evil", &[1], 0);
    let order = RoundOrder { series: evil.series, slot: evil.slot, pings: 20 };
    fixture.accept(&Round::unknown(&order, WallTime::from_unix_secs(fixture::NOW), UnknownReason::NotResolved));
    if std::env::args().any(|argument| argument == "--config-error") {
        let error = Some("error: unknown variable 'hots'\n  --> /etc/smokeping/config:17:1".to_owned());
        fixture.live.reload.store(ReloadState { at: WallTime::EPOCH, error }.into());
    }
    let listener = TcpListener::bind(("127.0.0.1", 8889)).await?;
    println!("http://127.0.0.1:8889");
    serve(listener, router(fixture.state), std::future::pending()).await;
    Ok(())
}
