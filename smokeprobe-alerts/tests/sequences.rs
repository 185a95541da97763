//! The engine in the legacy semantics against whole runs recorded from the program: windows, edge triggers, priorities.

use std::sync::Arc;

use smokeprobe_alerts::{
    Alert, AlertPlan, Change, Engine, Event, Kind, Measurement, Observation, Replay, Season, SeasonOrder, Semantics,
    Watched,
};
use smokeprobe_core::{SeriesId, Slot, Step, WallTime};

fn alert(json: &serde_json::Value) -> Alert {
    let text = |key: &str| json[key].as_str().unwrap();
    let kind = match text("type") {
        "loss" => Kind::Loss,
        "rtt" => Kind::Rtt,
        _ => Kind::Matcher,
    };
    Alert {
        name: text("name").into(),
        rule: Arc::new(smokeprobe_alerts::parse(kind, text("pattern")).unwrap().legacy(text("name"))),
        meaning: text("pattern").into(),
        semantics: Semantics::Legacy,
        edgetrigger: text("edgetrigger") == "yes",
        priority: json["priority"].as_u64().map(|priority| u32::try_from(priority).unwrap()),
        again: None,
        pattern: text("pattern").into(),
        comment: String::new(),
        mail_template: None,
    }
}

fn watched(alerts: Vec<Alert>) -> Watched {
    Watched {
        series: SeriesId::local("A.B".parse().unwrap()),
        step: Step::DEFAULT,
        host: String::new(),
        title: String::new(),
        url: None,
        labels: Arc::default(),
        depends: None,
        alerts: alerts.into_iter().map(|alert| (Arc::new(alert), Arc::from([]))).collect(),
    }
}

/// A round of the program: lost pings, or `U`, and the median.
fn round(pings: f64, json: &serde_json::Value) -> Observation {
    let number = |at: usize| json[at].as_str().unwrap().parse::<f64>().ok();
    number(0).map_or(Observation::Unknown, |lost| {
        let loss = lost * 100.0 / pings;
        Observation::Measured(Measurement { loss, median: number(1), ..Measurement::default() })
    })
}

fn said(event: &Event) -> String {
    format!("{} {}", event.alert, event.what_in_words())
}

#[test]
fn engine_tells_in_legacy_what_the_program_told() {
    let mut runs = 0;
    for line in include_str!("golden/alert_sequences.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let pings = case["pings"].as_f64().unwrap();
        let alerts: Vec<Alert> = case["alerts"].as_array().unwrap().iter().map(alert).collect();
        let names: Vec<String> = alerts.iter().map(|alert| alert.name.to_string()).collect();
        let fetchlength = usize::try_from(case["fetchlength"].as_u64().unwrap()).unwrap();
        let longest = alerts.iter().map(|alert| alert.rule.window()).max();
        assert_eq!(longest, Some(fetchlength), "{}", case["alerts"]);

        let mut engine = Engine::default();
        let watched = watched(alerts);
        let mut replay = Replay::new(watched.clone());
        let series = watched.series.clone();
        engine.follow(WallTime::EPOCH, AlertPlan { watched: vec![watched], maintenance: Vec::new() });
        for (at, sample) in case["seq"].as_array().unwrap().iter().enumerate() {
            let slot = Slot::ending_at(300 * (i64::try_from(at).unwrap() + 1), Step::DEFAULT);
            engine.handle_round(WallTime::from_unix_secs(slot.end()), &series, slot, round(pings, sample));
            let events: Vec<Event> = std::iter::from_fn(|| engine.poll_event()).collect();

            let told: Vec<String> = events.iter().filter(|event| event.is_told()).map(said).collect();
            let expected: Vec<String> = serde_json::from_value(case["events"][at].clone()).unwrap();
            assert_eq!(told, expected, "round {at} of {line}");

            // A file of rounds may have any times.
            let time = 1_000_000 - 7 * i64::try_from(at).unwrap();
            let mut nothing = |order: &SeasonOrder| Season { hour: order.hour, ..Season::default() };
            let replayed = replay.next(time, round(pings, sample), &mut nothing);
            let told: Vec<String> = replayed.iter().filter(|event| event.is_told()).map(said).collect();
            assert_eq!(told, expected, "replayed round {at} of {line}");
            assert!(replayed.iter().all(|event| event.time == time));

            for name in &names {
                let raised = engine.standing().any(|(_, alert, _)| alert == name);
                let active = case["state"][at][name].as_u64();
                assert_eq!(active, Some(u64::from(raised)), "{name} in round {at} of {line}");
            }

            let mut change = Change::default();
            engine.take_changes(&mut change);
            // The start marker, then a round each, until the program's list is full.
            assert_eq!(change.series[0].window.len(), (at + 2).min(fetchlength), "round {at} of {line}");
        }
        runs += 1;
    }
    assert_eq!(runs, 200);
}
