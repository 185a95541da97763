//! Maintenance windows.

use smokeprobe_alerts::{Weekly, When};
use smokeprobe_server::config::Loaded;

use crate::{plan, read, told};

fn maintenance(window: &str) -> Loaded {
    read(&format!(
        "*** Alerts ***\nto = lambda:p\n+ x\ntype = loss\npattern = >0%\ncomment = c\n*** Maintenance ***\n{window}*** Targets ***\n\
         probe = FPing\n+ Site\nlabels = site=bj tier=core\n++ Gw\nhost = a\n"
    ))
}

#[test]
fn maintenance_windows_name_targets_alerts_labels_and_times() {
    let loaded = maintenance(
        "zone = Asia/Shanghai\n+ night\ntargets = /Site Site.Gw\nalerts = x\nlabels = site=bj\nweekly = Sat-Sun 22:00-04:00\n\
         comment = backups\n+ move\nfrom = 2026-11-22 08:00\nuntil = 2026-11-23\nzone = UTC\n+ open\nfrom = 2026-11-22T08:00:00Z\n",
    );
    assert_eq!(loaded.diagnostics, []);
    let windows = plan(loaded).alerting.maintenance;
    let night = &windows[0];
    assert_eq!((&*night.id, night.comment.as_str()), ("night", "backups"));
    assert_eq!(
        night.scope.targets.iter().map(smokeprobe_core::TargetPath::as_str).collect::<Vec<_>>(),
        ["Site", "Site.Gw"]
    );
    assert_eq!((night.scope.alerts.as_slice(), night.scope.labels["site"].as_str()), (&["x".to_owned()][..], "bj"));
    let weekly = Weekly { days: vec![5, 6], from: 22 * 60, until: 4 * 60, zone: "Asia/Shanghai".into() };
    assert_eq!(night.when, When::Weekly(weekly));
    assert_eq!(windows[1].when, When::Between { from: 1_795_334_400, until: Some(1_795_478_400) });
    assert_eq!(windows[2].when, When::Between { from: 1_795_334_400, until: None });
    assert!(windows[2].scope.targets.is_empty());
}

#[test]
fn maintenance_windows_are_checked() {
    for (window, message, help) in [
        ("targets = /Sit/Gw\nfrom = 2026-01-01\n", "there is no target `/Sit/Gw`", "did you mean `/Site/Gw`?"),
        ("targets = /Gw\nfrom = 2026-01-01\n", "there is no target `/Gw`", "did you mean `/Site/Gw`?"),
        ("alerts = y\nfrom = 2026-01-01\n", "there is no alert `y`", "did you mean `x`?"),
        (
            "labels = bj\nfrom = 2026-01-01\n",
            "`bj` is no label",
            "write `name=value`, with blanks between several; a name has letters, digits, `-`, `_` and `.`",
        ),
        (
            "labels = site=sh\nfrom = 2026-01-01\n",
            "no target has these labels",
            "set them with `labels = …` in a section of Targets",
        ),
        (
            "comment = x\n",
            "section `w` needs `from`, `until` or `weekly`",
            "add a line such as `weekly = Sun 02:00-04:00`, or `until = 2030-01-31`",
        ),
        (
            "weekly = Sun 02:00\n",
            "`weekly` must be days and times, such as `Sun 02:00-04:00`, not `Sun 02:00`",
            "write two times with `-` between them: `02:00-04:00`",
        ),
        (
            "weekly = Sun 02:00-04:00\nuntil = 2026-01-01\n",
            "a window is either weekly or has one time from which and until which it lasts",
            "take this line away, or line 10; or make two windows",
        ),
        (
            "from = 2026-01-02\nuntil = 2026-01-01 10:00\n",
            "`until` is not after `from`",
            "a window ends after it begins",
        ),
        (
            "from = tomorrow\n",
            "`tomorrow` is no date and no time",
            "write `2030-01-31`, `2030-01-31 22:00` or `2030-01-31T22:00:00+08:00`",
        ),
        (
            "from = 2026-01-01\nzone = Asia/Shanghi\n",
            "there is no time zone `Asia/Shanghi`",
            "did you mean `Asia/Shanghai`?",
        ),
    ] {
        let loaded =
            maintenance(&format!("+ w\n{}{window}", if window.contains("zone") { "" } else { "zone = UTC\n" }));
        let found: Vec<_> = told(&loaded).into_iter().map(|(_, _, _, message, help)| (message, help)).collect();
        let help = help.replace("line 10", "line 11");
        assert_eq!(found, [(message, Some(help.as_str()))], "{window}");
    }
    // The clock of a machine without files has no zone.
    let loaded = maintenance("+ w\nweekly = Sun 02:00-04:00\n");
    assert_eq!(told(&loaded)[0].3, "the time zone of this machine has no name; times are read as UTC");
    assert!(loaded.plan.is_some());
}
