//! The legacy semantics against whole runs recorded from the program: its rules over a sequence of rounds, with its
//! window, its edge triggers and its priorities around them.

use smokeprobe_alerts::{AlertRule, Held, History, Kind, Measurement, Observation, Rule, Verdict};

struct Alert {
    name: String,
    rule: Rule,
    edge: bool,
    priority: u64,
    held: Held,
}

fn alerts(case: &serde_json::Value) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = case["alerts"].as_array().unwrap().iter().map(alert).collect();
    alerts.sort_by_key(|alert| alert.priority);
    alerts
}

fn alert(json: &serde_json::Value) -> Alert {
    let kind = match json["type"].as_str().unwrap() {
        "loss" => Kind::Loss,
        "rtt" => Kind::Rtt,
        _ => Kind::Matcher,
    };
    let name = json["name"].as_str().unwrap().to_string();
    let rule = smokeprobe_alerts::parse(kind, json["pattern"].as_str().unwrap()).unwrap().legacy(&name);
    let priority = json["priority"].as_u64().unwrap_or(0);
    Alert { name, rule, edge: json["edgetrigger"] == "yes", priority, held: Held::No }
}

fn round(pings: f64, json: &serde_json::Value) -> Observation {
    let number = |at: usize| json[at].as_str().unwrap().parse::<f64>().ok();
    number(0).map_or(Observation::Unknown, |lost| {
        let loss = lost * 100.0 / pings;
        Observation::Measured(Measurement { loss, median: number(1), ..Measurement::default() })
    })
}

#[test]
fn legacy_rules_raise_and_clear_where_the_program_did() {
    let mut runs = 0;
    for line in include_str!("golden/alert_sequences.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let pings = case["pings"].as_f64().unwrap();
        let mut alerts = alerts(&case);
        let window = alerts.iter().map(|alert| alert.rule.window()).max().unwrap();
        assert_eq!(Some(window as u64), case["fetchlength"].as_u64(), "{}", case["alerts"]);
        let mut rounds = vec![Observation::Start];
        for (at, sample) in case["seq"].as_array().unwrap().iter().enumerate() {
            rounds.push(round(pings, sample));
            if rounds.len() > window {
                rounds.remove(0);
            }
            let mut events = Vec::new();
            let mut prioritised = false;
            for alert in &mut alerts {
                let raise = matches!(alert.rule.judge(&History::new(&rounds), alert.held), Verdict::Raise(_));
                let what = match (alert.edge, alert.held.is_raised(), raise) {
                    (true, false, true) => Some("was raised"),
                    (true, true, false) => Some("was cleared"),
                    (false, _, true) => Some("is active"),
                    _ => None,
                };
                alert.held = if raise { Held::Yes } else { Held::No };
                if let Some(what) = what {
                    if alert.priority > 0 && std::mem::replace(&mut prioritised, true) {
                        continue;
                    }
                    events.push(format!("{} {what}", alert.name));
                }
            }
            events.sort();
            let mut expected: Vec<String> = serde_json::from_value(case["events"][at].clone()).unwrap();
            expected.sort();
            assert_eq!(events, expected, "round {at} of {line}");
            for alert in &alerts {
                let active = case["state"][at][&alert.name].as_u64();
                assert_eq!(active, Some(u64::from(alert.held.is_raised())), "{} in round {at} of {line}", alert.name);
            }
        }
        runs += 1;
    }
    assert_eq!(runs, 200);
}
