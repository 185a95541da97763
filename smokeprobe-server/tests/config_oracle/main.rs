//! SmokePing's own reader as the judge of ours: what it accepts we accept, with the same meaning; where it refuses and
//! we do not, or the other way round, it is written down here.

mod cases;
mod random;
mod smokeping;

use std::path::Path;

use smokeprobe_server::config::plan::{ProbeOptions, TargetHost};
use smokeprobe_server::config::{Loaded, Severity, load};

use cases::Expected;
use smokeping::{Installation, TargetSeen, Verdict};

/// What we make of a target, in the reference's words.
fn seen(loaded: &Loaded) -> Vec<TargetSeen> {
    let Some(plan) = &loaded.plan else { return Vec::new() };
    let mut seen: Vec<_> = plan
        .targets()
        .map(|target| TargetSeen {
            path: target.path.to_string(),
            host: match &target.host {
                TargetHost::Fixed(host) => host.to_string(),
                TargetHost::Dynamic { secret_hash: None } => "DYNAMIC".to_owned(),
                TargetHost::Dynamic { secret_hash: Some(hash) } => format!("DYNAMIC/{hash}"),
            },
            probe: target.probe.clone(),
            step: target.step.as_secs(),
            pings: target.pings,
            alerts: target.alerts.clone(),
            slaves: target.slaves.clone(),
            nomasterpoll: target.nomasterpoll,
            port: match &target.options {
                ProbeOptions::Tcp(tcp) => Some(tcp.port),
                _ => None,
            },
        })
        .collect();
    seen.sort_by(|a, b| a.path.cmp(&b.path));
    seen
}

/// The errors of ours, for a failed assertion.
fn errors(loaded: &Loaded) -> Vec<String> {
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|error| format!("{}:{}: {}", error.line, error.column, error.message)).collect()
}

#[test]
fn every_example_of_the_package_and_debians_own_configuration_mean_the_same_to_both() {
    let installation = Installation::new();
    let mut texts = Vec::new();
    let folder = Path::new("/usr/share/doc/smokeping/examples");
    for entry in std::fs::read_dir(folder).expect("install Debian's package smokeping, with its documentation") {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("config.") {
            texts.push(std::fs::read_to_string(path).unwrap());
        }
    }
    assert!(texts.len() >= 6, "{folder:?} has {} examples", texts.len());
    texts.push(flattened("@include /etc/smokeping/config"));
    // The package's folder for process ids exists only while its daemon runs.
    let texts: Vec<_> = texts.iter().map(|text| text.replace("/run/smokeping", installation.path())).collect();
    for (text, verdict) in texts.iter().zip(installation.verdicts(&texts)) {
        let loaded = installation.ours(text);
        assert_eq!(errors(&loaded), Vec::<String>::new(), "{text}");
        assert_eq!(Verdict::Accepted(seen(&loaded)), verdict, "{text}");
    }
}

/// The text with the content of what it includes, which is all in Debian's configuration.
fn flattened(text: &str) -> String {
    text.lines()
        .map(|line| match line.strip_prefix("@include ") {
            Some(path) => flattened(&std::fs::read_to_string(path.trim()).unwrap()),
            None => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn verdicts_agree_but_for_the_stated_differences() {
    let installation = Installation::new();
    let cases = cases::all(&installation);
    let texts: Vec<_> = cases.iter().map(|case| case.text.clone()).collect();
    let mut wrong = Vec::new();
    for (case, verdict) in cases.iter().zip(installation.verdicts(&texts)) {
        let loaded = installation.ours(&case.text);
        let (name, errors) = (case.name, errors(&loaded));
        match (&verdict, case.expected) {
            (Verdict::Accepted(_), Expected::Same) if !errors.is_empty() => {
                wrong.push(format!("{name}: SmokePing accepts it, we do not: {errors:?}"));
            }
            (Verdict::Accepted(theirs), Expected::Same) if seen(&loaded) != *theirs => {
                wrong.push(format!("{name}: SmokePing sees {theirs:#?}, we see {:#?}", seen(&loaded)));
            }
            (Verdict::Refused(why), Expected::Same) if errors.is_empty() => {
                wrong.push(format!("{name}: we accept it, SmokePing does not: {why}"));
            }
            (Verdict::Accepted(_), Expected::FoundEarlier) if errors.is_empty() => {
                wrong.push(format!("{name}: we are to find it"));
            }
            (Verdict::Refused(_), Expected::Kinder) if !errors.is_empty() => {
                wrong.push(format!("{name}: we are to accept it: {errors:?}"));
            }
            (_, Expected::Same)
            | (Verdict::Accepted(_), Expected::FoundEarlier)
            | (Verdict::Refused(_), Expected::Kinder) => {}
            (verdict, expected) => wrong.push(format!("{name}: not {expected:?}, SmokePing says {verdict:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_itself_gives_the_verdicts_that_its_reader_gives() {
    let installation = Installation::new();
    let good = cases::base(&installation).text();
    let bad = good.replace("pings = 20", "pings = 2");
    assert!(installation.check(&good));
    assert!(!installation.check(&bad));
    assert!(matches!(installation.verdicts(&[good, bad]).as_slice(), [Verdict::Accepted(_), Verdict::Refused(_)]));
}

#[test]
fn random_configurations_that_smokeping_accepts_mean_the_same_to_us() {
    const CONFIGURATIONS: usize = 400;
    let installation = Installation::new();
    let texts = random::configurations(&installation, CONFIGURATIONS);
    let mut accepted = 0;
    for (text, verdict) in texts.iter().zip(installation.verdicts(&texts)) {
        if let Verdict::Accepted(theirs) = verdict {
            accepted += 1;
            let loaded = installation.ours(text);
            assert_eq!(errors(&loaded), Vec::<String>::new(), "{text}");
            assert_eq!(seen(&loaded), theirs, "{text}");
        }
    }
    assert!(accepted > CONFIGURATIONS / 10, "only {accepted} of {CONFIGURATIONS} say anything");
}

/// Loads a file; here so that the helper modules need not name the library.
fn load_file(path: &Path) -> Loaded {
    load(path)
}
