//! What alerts cost: a round of 10,000 series with three alerts each, and a year of one series read from its file and
//! replayed.
//!
//! `cargo bench -p smokeprobe-benches --bench alerts [-- judge|replay]`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smokeprobe_alerts::{
    Alert, AlertPlan, Change, Engine, Measurement, Observation, Replay, Rules, Season, SeasonOrder, Semantics, Watched,
};
use smokeprobe_benches::history;
use smokeprobe_benches::sample::median;
use smokeprobe_core::{SeriesId, Slot, Step, WallTime};
use smokeprobe_server::alerting::past;
use smokeprobe_store::{Archive, Consolidation, Query, RrdStore, RrdStoreConfig, Store};

const SERIES: usize = 10_000;
/// Rounds before any is timed, so that every window is full.
const WARM: i64 = 40;
const ROUNDS: i64 = 50;

/// 360 days of 5-minute rounds.
const YEAR: i64 = 360 * 288;

/// 2026-11-22 12:00:00 UTC.
const NOW: i64 = 1_795_348_800;

/// The example of SmokePing's manual, and one of its matchers.
const ALERTS: [(&str, &str, &str, bool); 3] = [
    ("someloss", "loss", ">0%,*12*,>0%,*12*,>0%", false),
    ("hostdown", "loss", ">60%", true),
    ("slow", "matcher", "CheckLatency(l=>200,x=>5)", true),
];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    if wanted("judge") {
        println!("{SERIES} series with {} alerts, {ROUNDS} rounds; microseconds a round of one series", ALERTS.len());
        for semantics in [Semantics::Documented, Semantics::Legacy] {
            for (name, lossy) in [("no loss", 0), ("loss in a round of 20", 20), ("loss in each round", 1)] {
                println!("  {semantics:?}, {name}: {:.2}", judge(semantics, lossy)?);
            }
        }
    }
    if wanted("replay") {
        let folder = tempfile::tempdir()?;
        let store = filled(folder.path())?;
        println!("{YEAR} rounds of one series, read from its file and replayed; milliseconds, median of 9");
        println!("  {} alerts: {:.0}", ALERTS.len(), replay(&store, &ALERTS)?);
        let baseline = ("unusual", "baseline", "deviations=>4,above=>10,weeks=>4,warmup=>2", true);
        println!("  and a baseline: {:.0}", replay(&store, &[&ALERTS[..], &[baseline]].concat())?);
    }
    Ok(())
}

fn alerts(which: &[(&str, &str, &str, bool)], semantics: Semantics) -> Outcome<Vec<Arc<Alert>>> {
    let rules = Rules::standard();
    let alert = |&(name, kind, pattern, edgetrigger): &(&str, &str, &str, bool)| -> Outcome<Arc<Alert>> {
        Ok(Arc::new(Alert {
            name: name.into(),
            rule: rules.parse(kind, pattern, semantics, name)?,
            meaning: format!("{kind}|{pattern}").into(),
            semantics,
            edgetrigger,
            priority: None,
            again: None,
            pattern: pattern.to_owned(),
            comment: "a comment".to_owned(),
            mail_template: None,
        }))
    };
    which.iter().map(alert).collect()
}

fn watched(series: SeriesId, alerts: &[Arc<Alert>]) -> Watched {
    let recipients: Arc<[_]> = Arc::from([smokeprobe_alerts::RecipientId::new("ops@example.net")]);
    Watched {
        series,
        step: Step::DEFAULT,
        host: "192.0.2.1".to_owned(),
        title: "A target".to_owned(),
        url: None,
        labels: Arc::default(),
        depends: None,
        alerts: alerts.iter().map(|alert| (Arc::clone(alert), Arc::clone(&recipients))).collect(),
    }
}

/// Microseconds that the engine takes for a round of one series, with what it says of it and what it wants kept.
fn judge(semantics: Semantics, lossy: u64) -> Outcome<f64> {
    let alerts = alerts(&ALERTS, semantics)?;
    let names = (0..SERIES).map(|number| format!("Region{}.Host{number}", number % 100).parse());
    let series: Vec<SeriesId> = names.collect::<Result<_, _>>()?;
    let mut engine = Engine::default();
    let watched = series.iter().map(|series| watched(series.clone(), &alerts)).collect();
    let first = Slot::ending_at(NOW, Step::DEFAULT);
    engine.follow(WallTime::from_unix_secs(first.start()), AlertPlan { watched, maintenance: Vec::new() });
    let mut took = Vec::new();
    for number in 0..WARM + ROUNDS {
        let slot = first.plus(number);
        let now = WallTime::from_unix_secs(slot.end());
        let mut change = Change::default();
        #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
        let start = Instant::now();
        for (at, series) in series.iter().enumerate() {
            let noise = (at as u64 * 31 + number.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
            let loss = if lossy > 0 && noise.is_multiple_of(lossy) { 15.0 } else { 0.0 };
            let median = Some(0.028 + noise as f64 / 1e9);
            let round = Measurement { loss, median, deviation: Some(0.001), suspect: false };
            engine.handle_round(now, series, slot, Observation::Measured(round));
            while let Some(event) = engine.poll_event() {
                std::hint::black_box(event);
            }
        }
        engine.take_changes(&mut change);
        let elapsed = start.elapsed();
        std::hint::black_box(change);
        if number >= WARM {
            took.push(elapsed.as_secs_f64() * 1e6 / SERIES as f64);
        }
    }
    Ok(median(&mut took))
}

/// A file with a little more than a year of single rounds, one in fifty with a loss.
fn filled(folder: &Path) -> Outcome<RrdStore> {
    let archive = |steps, rows| Archive { consolidation: Consolidation::Average, xff: 0.5, steps, rows };
    let archives = vec![archive(1, 370 * 288), archive(12, 9600)];
    let store = RrdStore::open(RrdStoreConfig::new(folder, archives))?;
    history::year(&store, &"Bench".parse()?, Slot::ending_at(NOW, Step::DEFAULT))?;
    drop(store);
    Ok(RrdStore::read_only(folder))
}

/// Milliseconds from the file to the summary, as `alerts replay` goes.
fn replay(store: &RrdStore, which: &[(&str, &str, &str, bool)]) -> Outcome<f64> {
    let alerts = alerts(which, Semantics::Documented)?;
    let mut took = Vec::new();
    for _ in 0..9 {
        #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
        let start = Instant::now();
        let events = replay_once(store, &alerts)?;
        let elapsed: Duration = start.elapsed();
        std::hint::black_box(events);
        took.push(elapsed.as_secs_f64() * 1e3);
    }
    Ok(median(&mut took))
}

fn replay_once(store: &RrdStore, alerts: &[Arc<Alert>]) -> Outcome<usize> {
    let series: SeriesId = "Bench".parse()?;
    let query = Query {
        series: series.clone(),
        from: NOW - YEAR * 300,
        to: NOW,
        consolidation: Consolidation::Average,
        max_points: usize::MAX,
    };
    let frame = store.query(&query)?;
    if frame.rows() as i64 != YEAR {
        return Err(format!("{} rows", frame.rows()).into());
    }
    let rows = past::Medians::new(query.from, &frame);
    let mut past = |order: &SeasonOrder| {
        rows.season(store, order).unwrap_or_else(|_| Season { hour: order.hour, ..Season::default() })
    };
    let mut replay = Replay::new(watched(series, alerts));
    let mut told = 0;
    for row in 0..frame.rows() {
        let events = replay.round(frame.end_of(row), past::observation(&frame, row), &mut past);
        told += events.iter().filter(|event| event.is_told()).count();
    }
    std::hint::black_box(replay.summary());
    Ok(told)
}
