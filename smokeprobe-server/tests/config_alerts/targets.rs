//! What targets say: on whom they depend, and their labels.

use smokeprobe_server::config::Plan;
use smokeprobe_server::config::plan::Target;

use crate::{errors, plan, read, told};

fn target<'a>(plan: &'a Plan, path: &str) -> &'a Target {
    plan.targets().find(|target| target.path.as_str() == path).unwrap()
}

#[test]
fn what_targets_depend_on_is_inherited() {
    let loaded = read(
        "*** Targets ***\nprobe = FPing\n+ Site\ndepends = /Site/Gw\n++ Gw\nhost = a\n+++ Port\nhost = p\n++ B\nhost = b\n+++ C\n\
         depends =\nhost = c\n++ D\ndepends = Site.B\nhost = d\n",
    );
    assert_eq!(loaded.diagnostics, []);
    let plan = plan(loaded);
    let depends = |path: &str| target(&plan, path).depends.as_ref().map(ToString::to_string);
    for (path, on) in [
        ("Site.Gw", None),
        ("Site.Gw.Port", Some("Site.Gw")),
        ("Site.B", Some("Site.Gw")),
        ("Site.B.C", None),
        ("Site.D", Some("Site.B")),
    ] {
        assert_eq!(depends(path).as_deref(), on, "{path}");
    }
}

#[test]
fn what_nothing_can_depend_on_is_an_error() {
    let slaves = "*** Slaves ***\nsecrets = key\n+ bj\ndisplay_name = b\ncolor = 0000ff\n";
    let faults = |targets: &str| {
        let loaded =
            read(&format!("{slaves}*** Probes ***\n+ FPing\n+ Speedtest\n*** Targets ***\nprobe = FPing\n{targets}"));
        errors(&loaded).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (targets, message) in [
        ("+ A\ndepends = /Gv\nhost = a\n+ Gw\nhost = g\n", "there is no target `/Gv`"),
        ("+ A\ndepends = /G w\nhost = a\n", "`/G w` is no path of a target"),
        ("+ A\ndepends = /Gw\nhost = a\n+ Gw\ntitle = g\n", "`/Gw` is not measured, so nothing can depend on it"),
        (
            "+ A\ndepends = /Gw\nhost = a\n+ Gw\nprobe = Speedtest\nhost = g\n",
            "`/Gw` is not measured, so nothing can depend on it",
        ),
        (
            "+ A\ndepends = /Gw\nhost = a\n+ Gw\nslaves = bj\nnomasterpoll = yes\nhost = g\n",
            "`/Gw` is not measured from where `/A` is",
        ),
        ("+ A\ndepends = /B\nhost = a\n+ B\ndepends = /A\nhost = b\n", "targets depend on each other: /A → /B → /A"),
    ] {
        assert_eq!(faults(targets), [message], "{targets}");
    }
    let near = read("*** Targets ***\nprobe = FPing\n+ A\ndepends = /Gv\nhost = a\n+ Gw\nhost = g\n");
    assert_eq!(told(&near)[0].4, Some("did you mean `/Gw`?"));
}

#[test]
fn a_long_circle_among_many_targets_is_found_once() {
    let targets: String = (0..5000)
        .map(|n| format!("+ T{n}\ndepends = /T{}\nhost = a\n", if n == 4999 { 4000 } else { n + 1 }))
        .collect::<Vec<_>>()
        .concat();
    let loaded = read(&format!("*** Targets ***\nprobe = FPing\n{targets}"));
    let found = errors(&loaded);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("targets depend on each other: /T4000 → ") && found[0].len() < 200, "{}", found[0]);
}

#[test]
fn labels_are_inherited_and_merged() {
    let loaded = read(
        "*** Targets ***\nprobe = FPing\nlabels = site=bj tier=core\n+ A\nlabels = tier=edge  rack=7\nhost = a\n++ B\nlabels =\n\
         host = b\n++ C\nlabels = rack=\nhost = c\n",
    );
    assert_eq!(loaded.diagnostics, []);
    let plan = plan(loaded);
    let labels = |path: &str| {
        let labels = target(&plan, path).labels.iter().map(|(name, value)| format!("{name}={value}"));
        labels.collect::<Vec<_>>()
    };
    assert_eq!(labels("A"), ["rack=7", "site=bj", "tier=edge"]);
    assert_eq!(labels("A.B"), Vec::<String>::new());
    assert_eq!(labels("A.C"), ["site=bj", "tier=edge"]);
}
