//! What a plan becomes.

use super::*;
use crate::config::{InMemory, load_from};

const ALERTS: &str = "*** General ***\ncgiurl = https://example.net/x.cgi\n*** Alerts ***\nto = a@example.net, |/bin/true\n\
     from = b@example.net\n+ lossy\ntype = loss\npattern = >20%\ncomment = x\nedgetrigger = yes\nto = pager, a@example.net\n\
     + slow\ntype = rtt\npattern = >100,>100\ncomment = y\nsemantics = legacy\nrepeat = 1h\npriority = 2\n\
     *** Recipients ***\n+ pager\nto = lambda:pager\nrate = 3\n\
     *** Slaves ***\nsecrets = s\n+ bj\ndisplay_name = b\ncolor = 0000ff\n";

fn plan(targets: &str) -> Plan {
    let files = InMemory::default().with("s", "bj:x\n").with("/bin/true", "");
    let files = files.with("config", format!("{ALERTS}*** Targets ***\nprobe = FPing\n{targets}"));
    let loaded = load_from(&files, "config".as_ref());
    loaded.plan.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn series(watched: &[Watched]) -> Vec<String> {
    watched.iter().map(|watched| watched.series.to_string()).collect()
}

#[test]
fn each_vantage_of_a_target_with_alerts_is_watched() {
    let watched = watched(
        &plan(
            "+ A\nalerts = lossy\nhost = a\nslaves = bj\n+ B\nhost = b\n+ C\nalerts = slow\nslaves = bj\nnomasterpoll = yes\n\
             host = c\n+ D\nalerts = lossy\ntitle = D\n+ E\nalerts = lossy\nhost = /A /B\n",
        ),
        &Rules::standard(),
    );
    assert_eq!(series(&watched), ["A", "A~bj", "C~bj"]);
}

#[test]
fn an_alert_is_what_its_section_says() {
    let plan = plan(
        "+ A\ntitle = Title\nlabels = site=bj\nalerts = lossy, slow, lossy\nalertee = c@example.net, pager\nhost = a\n",
    );
    let watched = watched(&plan, &Rules::standard());
    let only = &watched[0];
    assert_eq!((only.host.as_str(), only.title.as_str()), ("a", "Title"));
    assert_eq!(only.url.as_deref(), Some("https://example.net/x.cgi?target=A"));
    assert_eq!(only.labels["site"], "bj");
    let told: Vec<_> = only
        .alerts
        .iter()
        .map(|(alert, told)| (&*alert.name, told.iter().map(RecipientId::as_str).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        told,
        [
            ("lossy", vec!["a@example.net", "|/bin/true", "pager", "c@example.net"]),
            ("slow", vec!["a@example.net", "|/bin/true", "c@example.net", "pager"]),
        ]
    );
    let (slow, _) = &only.alerts[1];
    assert_eq!(&*slow.meaning, "rtt|legacy|>100,>100");
    assert_eq!((slow.edgetrigger, slow.priority), (false, Some(2)));
    assert_eq!(slow.again, Some(std::time::Duration::from_secs(3600)));
    assert_eq!(slow.rule.window(), 2);
    assert_eq!(terms(&plan)[&RecipientId::new("pager")].rate, Some(3));
}

#[test]
fn a_gateway_is_watched_and_depended_on_from_the_same_place() {
    let watched = watched(
        &plan(
            "slaves = bj\nalerts = lossy\ndepends = /Gw\n+ Gw\nalerts =\nhost = gw\n+ A\nhost = a\n+ B\nslaves =\nhost = b\n",
        ),
        &Rules::standard(),
    );
    let depends: Vec<_> = watched
        .iter()
        .map(|watched| (watched.series.to_string(), watched.depends.as_ref().map(ToString::to_string)))
        .collect();
    let on = |gateway: &str| Some(gateway.to_owned());
    assert_eq!(
        depends,
        [
            ("Gw".to_owned(), None),
            ("Gw~bj".to_owned(), None),
            ("A".to_owned(), on("Gw")),
            ("A~bj".to_owned(), on("Gw~bj")),
            ("B".to_owned(), on("Gw")),
        ]
    );
    assert!(watched[0].alerts.is_empty());
}

#[test]
fn all_series_share_a_rule() {
    let watched = watched(&plan("alerts = lossy\n+ A\nhost = a\n+ B\nhost = b\n"), &Rules::standard());
    assert!(Arc::ptr_eq(&watched[0].alerts[0].0, &watched[1].alerts[0].0));
}
