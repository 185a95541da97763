//! Rules of all kinds, their semantics, and how often one is told again.

use std::path::Path;
use std::time::Duration;

use smokeprobe_alerts::{Rules, Semantics};
use smokeprobe_server::config::{InMemory, Severity, load_from, load_from_with};

use crate::{TARGETS, alert, alerts, errors, plan, told};

#[test]
fn semantics_hold_for_all_alerts_or_for_one() {
    assert_eq!(alert("").semantics, Semantics::Documented);
    assert_eq!(alert("semantics = legacy\n").semantics, Semantics::Legacy);
    let text = "to = a@b\nsemantics = legacy\n+ x\ntype = loss\npattern = >0%\ncomment = c\n+ y\ntype = rtt\npattern = >5\n\
                comment = c\nsemantics = documented\n";
    let plan = plan(alerts(text));
    assert_eq!((plan.alerts["x"].semantics, plan.alerts["y"].semantics), (Semantics::Legacy, Semantics::Documented));
    let wrong = alerts("semantics = old\n");
    assert_eq!(errors(&wrong), ["`semantics` must be `documented` or `legacy`, not `old`"]);
}

#[test]
fn alerts_are_told_again_as_often_as_the_configuration_says() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(alert("").again, None);
    assert_eq!(alert("repeat = 1h30m\n").again, seconds(5400));
    assert_eq!(alert("repeat = 300\n").again, seconds(300));
    assert_eq!(alert("edgetrigger = yes\nremind = 1d\n").again, seconds(86_400));
    let text = "to = a@b\nrepeat = 1h\nremind = 2h\n+ x\ntype = loss\npattern = >0%\ncomment = c\n+ y\ntype = loss\npattern = >0%\n\
                comment = c\nedgetrigger = yes\n+ z\ntype = loss\npattern = >0%\ncomment = c\nrepeat = 0\n";
    let loaded = alerts(text);
    assert_eq!(loaded.diagnostics, []);
    let plan = plan(loaded);
    let again = ["x", "y", "z"].map(|name| plan.alerts[name].again);
    assert_eq!(again, [seconds(3600), seconds(7200), None]);
    let vain = alerts("to = a@b\n+ x\ntype = loss\npattern = >0%\ncomment = c\nedgetrigger = yes\nrepeat = 5m\n");
    let help = "write `remind = 5m` to change that";
    let message = "`repeat` has no meaning here: an alert with an edge trigger is told once";
    assert_eq!(told(&vain), [(Severity::Warning, 9, 10, message, Some(help))]);
    let wrong = alerts("repeat = often\n");
    assert_eq!(errors(&wrong), ["`repeat` must be a time such as `30s`, `5m` or `1h30m`, not `often`"]);
}

#[test]
fn rules_of_all_kinds_are_read_and_their_faults_have_a_column() {
    let rule = |kind: &str, pattern: &str| {
        alerts(&format!("to = a@b\n+ x\ntype = {kind}\npattern = {pattern}\ncomment = c\n"))
    };
    for (kind, pattern) in [
        ("loss", ">0%,*12*,>0%"),
        ("rtt", "<10,<10,>100"),
        ("matcher", "CheckLoss(l=>10,x=>3)"),
        ("jitter", ">1.5,>1.5"),
        ("nodata", "3"),
        ("baseline", "deviations=>4,above=>10"),
    ] {
        assert_eq!(rule(kind, pattern).diagnostics, [], "{kind} {pattern}");
    }
    for (kind, pattern, column) in [
        ("loss", ">0%,>20", 16),
        ("rtt", ">100,>=U", 16),
        ("matcher", "CheckLoss(l=>10,x=>3,y=>3)", 32),
        ("jitter", ">1.5,x", 16),
        ("nodata", "soon", 11),
        ("baseline", "deviations=>4,above=>10,x=>1", 35),
    ] {
        let loaded = rule(kind, pattern);
        let places: Vec<_> = loaded.diagnostics.iter().map(|d| (d.line, d.column)).collect();
        assert_eq!(places, [(6, column)], "{kind} {pattern}: {:?}", loaded.diagnostics);
    }
    let unknown = rule("los", ">0%");
    let kinds = "`type` must be `loss`, `rtt`, `matcher`, `jitter`, `nodata` or `baseline`, not `los`";
    assert_eq!(told(&unknown), [(Severity::Error, 5, 8, kinds, Some("write `loss`"))]);
}

#[test]
fn a_rule_from_rust_is_a_kind_like_any_other() {
    let text = format!("*** Alerts ***\nto = |/bin/prog\n+ x\ntype = mine\npattern = a,,b\ncomment = c\n{TARGETS}");
    let files = InMemory::default().with("config", text);
    let rules = Rules::standard().with("mine", |_| Rules::standard().parse("loss", ">0%", Semantics::Documented, "x"));
    assert!(load_from(&files, Path::new("config")).plan.is_none());
    assert_eq!(load_from_with(&files, Path::new("config"), &rules).plan.unwrap().alerts["x"].kind, "mine");
}
