//! Alerts end to end: the binary, a site that goes down and comes back, a program that is told, crashes between.

#[expect(dead_code, reason = "the daemon's own tests use more of it")]
#[path = "../run_daemon/harness.rs"]
mod harness;
mod site;
mod web;

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::thread;

use harness::Daemon;
use site::{Setup, Site};

/// An alert of each kind of telling.
const ALERTS: &str = "+ hostdown\ntype = loss\npattern = >60%\nedgetrigger = yes\ncomment = Massive loss\n\
    + someloss\ntype = loss\npattern = >0%,>0%\ncomment = loss 2 times in a row\n";

#[test]
fn program_is_told_with_the_arguments_that_smokeping_gives() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(ALERTS, &[("Demo", &site, "hostdown,someloss")]);
    let daemon = Daemon::start(&setup.folder);
    daemon.until("rounds are stored", || site::stored(&daemon) >= 2);
    assert_eq!(setup.calls(), [] as [Vec<String>; 0]);
    site.down();
    daemon.until("both alerts are told", || {
        setup.calls_of("hostdown").len() == 1 && setup.calls_of("someloss").len() >= 2
    });
    let raised = &setup.calls_of("hostdown")[0];
    assert_eq!(raised[..2], ["hostdown", "Sites.Demo"]);
    // As many rounds as the longest window of the target's alerts, as in the reference.
    let losses = losses(raised);
    assert!(losses.len() == 2 && losses[1] > Some(60), "{raised:?}");
    assert_eq!(raised[4..], ["127.0.0.1", "1"]);
    let again = &setup.calls_of("someloss")[0];
    let losses = self::losses(again);
    assert!(losses.len() == 2 && losses.iter().all(|&loss| loss > Some(0)), "{again:?}");
    assert_eq!(again[4..], ["127.0.0.1"]);
    daemon.until("both stand", || {
        let alerts = daemon.json("/api/v1/alerts");
        let standing =
            alerts["standing"].as_array().unwrap().iter().map(|one| one["alert"].as_str().unwrap().to_owned());
        standing.eq(["hostdown", "someloss"])
    });
    site.up();
    daemon.until("it is told that the site is back", || setup.calls_of("hostdown").len() == 2);
    let cleared = &setup.calls_of("hostdown")[1];
    assert_eq!(cleared[5], "0");
    daemon.until("nothing stands", || daemon.json("/api/v1/alerts")["standing"].as_array().unwrap().is_empty());
    assert_eq!(daemon.stop(), Some(0));
}

/// The losses in percent that a call tells, `None` for a round that is unknown; each with its time, where there is one. The
/// site may have gone down in the middle of a round, and a busy machine may have missed one.
fn losses(call: &[String]) -> Vec<Option<u32>> {
    let list = |text: &str, what: &str| -> Vec<String> {
        text.strip_prefix(what).expect(text).split(", ").map(str::to_owned).collect()
    };
    let (losses, times) = (list(&call[2], "loss: "), list(&call[3], "rtt: "));
    assert_eq!(losses.len(), times.len(), "{call:?}");
    let loss = |(loss, time): (&String, &String)| {
        let loss = loss.strip_suffix('%').map(|loss| loss.parse().unwrap());
        assert_eq!(time.ends_with("ms"), loss.is_some_and(|loss| loss < 100), "{call:?}");
        loss
    };
    losses.iter().zip(&times).map(loss).collect()
}

#[test]
fn after_a_crash_nothing_is_told_twice_and_nothing_is_lost() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(ALERTS, &[("Demo", &site, "hostdown")]);
    let daemon = Daemon::start(&setup.folder);
    daemon.until("rounds are stored", || site::stored(&daemon) >= 1);
    site.down();
    daemon.until("it is told", || setup.calls().len() == 1);
    daemon.until("the delivery is kept", || {
        daemon.json("/api/v1/alerts/deliveries")["deliveries"][0]["outcome"] == "delivered"
    });
    // As kill -9.
    drop(daemon);

    let daemon = Daemon::start(&setup.folder);
    daemon.until("more rounds are judged", || site::stored(&daemon) >= 3);
    let standing = daemon.json("/api/v1/alerts")["standing"].clone();
    assert_eq!(standing[0]["alert"], "hostdown", "{standing}");
    assert_eq!(setup.calls().len(), 1, "it was told twice");
    drop(daemon);

    // It is back while nobody looks.
    site.up();
    let daemon = Daemon::start(&setup.folder);
    daemon.until("it is told that the site is back", || setup.calls().len() == 2);
    assert_eq!(setup.calls()[1][5], "0");
    let events = daemon.json("/api/v1/alerts/events");
    let whats: Vec<&str> =
        events["events"].as_array().unwrap().iter().map(|past| past["event"]["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["cleared", "raised"]);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(setup.calls().len(), 2);
}

#[test]
fn reload_that_leaves_the_rule_leaves_the_state() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(ALERTS, &[("Demo", &site, "hostdown")]);
    let daemon = Daemon::start(&setup.folder);
    site.down();
    daemon.until("it is told", || setup.calls().len() == 1);
    let alerts = ALERTS.replace("Massive loss", "Everything is lost");
    setup.configure(&alerts, &[("Demo", &site, "hostdown"), ("Other", &site, "")]);
    daemon.until_logged("the new configuration runs");
    let before = site::stored(&daemon);
    daemon.until("more rounds are judged", || site::stored(&daemon) >= before + 6);
    assert_eq!(daemon.json("/api/v1/alerts")["standing"][0]["alert"], "hostdown");
    assert_eq!(setup.calls().len(), 1);

    // What is watched no more is cleared, and those who knew are told.
    setup.configure(&alerts, &[("Demo", &site, ""), ("Other", &site, "")]);
    daemon.until("it is cleared", || setup.calls().len() == 2);
    assert_eq!(setup.calls()[1][5], "0");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn webhook_that_hangs_delays_neither_the_program_nor_measuring() {
    let (setup, site) = (Setup::new(), Site::start());
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, hung) = (hook.local_addr().unwrap().port(), std::sync::mpsc::channel());
    thread::spawn(move || {
        for stream in hook.incoming().map_while(Result::ok) {
            let mut start = [0; 4];
            let _ = (&stream).read(&mut start);
            // It is read no further, and not answered.
            if hung.0.send(stream).is_err() {
                return;
            }
        }
    });
    let to = format!("http://127.0.0.1:{port}/hook");
    // It hangs for as long as the test may take.
    let alerts = format!("timeout = 600s\n{ALERTS}");
    setup.configure_to(&format!("{to}, {}", setup.program()), &alerts, &[("Demo", &site, "hostdown,someloss")]);
    let daemon = Daemon::start(&setup.folder);
    daemon.until("rounds are stored", || site::stored(&daemon) >= 1);
    site.down();
    let _held = hung.1.recv_timeout(std::time::Duration::from_secs(120)).expect("the webhook is not called");
    daemon.until("the program is told", || setup.calls_of("hostdown").len() == 1);
    daemon.until("the program is told of more", || setup.calls_of("someloss").len() >= 3);
    // What is shown follows what happens within a moment, and the webhook may just have been called.
    daemon.until("the webhook is seen to hang", || daemon.json("/api/v1/alerts")["outbox"]["under_way"] == 1);
    // A busy machine may have missed some rounds.
    let unknown = daemon.json("/api/v1/status")["rounds"]["unknown"].as_i64().unwrap();
    assert_eq!(daemon.stop(), Some(0));
    let rows = harness::rows(&setup.folder.path("data/Sites/Demo.rrd"));
    assert!(rows.len() as i64 >= 5 - unknown, "{rows:?}");
    let gaps: i64 = rows.windows(2).map(|pair| pair[1].0 - pair[0].0 - 1).sum();
    assert!(gaps <= unknown, "{unknown} rounds are unknown: {rows:?}");
}

#[test]
fn damaged_state_is_set_aside_and_made_anew_from_the_rounds() {
    let (setup, site) = (Setup::new(), Site::start());
    setup.configure(ALERTS, &[("Demo", &site, "hostdown,someloss")]);
    let daemon = Daemon::start(&setup.folder);
    daemon.until("rounds are stored", || site::stored(&daemon) >= 1);
    site.down();
    daemon.until("it is told", || setup.calls_of("hostdown").len() == 1 && setup.calls_of("someloss").len() >= 2);
    assert_eq!(daemon.stop(), Some(0));
    let file = setup.folder.path("data/smokeprobe-alerts.sqlite");
    let text = fs::read(&file).unwrap();
    fs::write(&file, &text[..text.len() / 2]).unwrap();
    let before = setup.calls_of("hostdown").len();

    let daemon = Daemon::start(&setup.folder);
    daemon.until_logged("set aside");
    daemon.until("what stands is told once more", || setup.calls_of("hostdown").len() == before + 1);
    daemon.until("the status says so", || {
        daemon.json("/api/v1/status")["alerting"]["set_aside"].as_str().is_some_and(|why| why.contains("is damaged"))
    });
    site.up();
    daemon.until("it is told that the site is back", || setup.calls_of("hostdown").len() == before + 2);
    assert_eq!(setup.calls_of("hostdown").last().unwrap()[5], "0");
    assert_eq!(daemon.stop(), Some(0));
    assert!(fs::read_dir(setup.folder.path("data")).unwrap().any(|entry| {
        entry.unwrap().file_name().to_string_lossy().starts_with("smokeprobe-alerts.sqlite.damaged-")
    }));
}
