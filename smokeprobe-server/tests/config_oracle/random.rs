//! Random configurations: trees of targets that are right for the most part, with some lines that may be wrong.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::cases;
use crate::smokeping::Installation;

/// The same configurations in every run: a failure names one that can be looked at.
pub(crate) fn configurations(installation: &Installation, count: usize) -> Vec<String> {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (
        prop::collection::btree_set(0..PROBE_LINES.len(), 0..4),
        prop::collection::vec(section(), 1..8),
        // One configuration in three has a line from anywhere.
        prop_oneof![2 => Just(None), 1 => (0..100usize, stray()).prop_map(Some)],
    );
    let base = cases::base(installation);
    (0..count)
        .map(|_| {
            let (probes, sections, stray) = strategy.new_tree(&mut runner).unwrap().current();
            let mut base = base.clone();
            base.probes.push_str("urlformat = http://%host%/\n");
            let lines: String = probes.into_iter().map(|line| PROBE_LINES[line]).collect();
            base.probes = base.probes.replace("+ TCPPing\n", &format!("{lines}+ TCPPing\n"));
            base.targets = tree(&sections);
            if let Some((at, line)) = stray {
                let mut lines: Vec<_> = base.targets.lines().map(|line| format!("{line}\n")).collect();
                lines.insert(1 + at % lines.len(), line);
                base.targets = lines.concat();
            }
            base.text()
        })
        .collect()
}

const PROBE_LINES: [&str; 6] =
    ["step = 120\n", "pings = 6\n", "offset = 30%\n", "# a comment\n", "   tos   =   0x20 # here\n", "timeout = 1.5\n"];

/// A section: how much deeper than the one before, whether it names a probe, and its lines.
#[derive(Debug, Clone)]
struct Section {
    deeper: i8,
    probe: Option<&'static str>,
    host: Option<&'static str>,
    port: Option<u16>,
    pings: Option<u8>,
    lines: Vec<&'static str>,
}

fn section() -> impl Strategy<Value = Section> {
    let probe = prop_oneof![Just("FPing"), Just("TCPPing"), Just("Curl")];
    let host = prop_oneof![
        Just("192.0.2.7"),
        Just("2001:db8::7"),
        Just("/A /A/B"),
        Just("DYNAMIC"),
        Just("host\\\n.example"),
        Just("h.example # host = i.example"),
    ];
    let line = prop::sample::subsequence(
        vec![
            "alerts = lossy\n",
            "slaves = boomer\n",
            "nomasterpoll = yes\n",
            "title = \u{5317}\u{4eac} = b \\\n # more\n",
            "hide=no\n",
            "\t \r\n",
            "menu =\n",
        ],
        0..4,
    );
    let take_away = prop::option::weighted(0.2, Just("alerts =\nslaves =\n"));
    (
        -2i8..2,
        prop::option::weighted(0.4, probe),
        prop::option::weighted(0.7, host),
        prop::option::weighted(0.5, 1u16..2000),
        prop::option::weighted(0.4, 3u8..9),
        prop_oneof![3 => line, 1 => take_away.prop_map(|lines| lines.into_iter().collect())],
    )
        .prop_map(|(deeper, probe, host, port, pings, lines)| Section { deeper, probe, host, port, pings, lines })
}

fn tree(sections: &[Section]) -> String {
    let mut lines = vec!["*** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Top\n".to_owned()];
    // The probes that hold from the top down to the section before.
    let mut probes = vec!["FPing"];
    for (number, section) in sections.iter().enumerate() {
        let depth = (probes.len() as i8 + section.deeper.min(0)).clamp(1, 5) as usize;
        probes.truncate(depth);
        let probe = section.probe.unwrap_or(probes[depth - 1]);
        probes.push(probe);
        let name = ["A", "B", "C-1", "d_2", "E"][number % 5];
        lines.push(format!("{} {name}{}\n", "+".repeat(depth), number / 5));
        lines.extend(section.probe.map(|probe| format!("probe = {probe}\n")));
        lines.push(section.lines.concat());
        lines.extend(section.port.filter(|_| probe == "TCPPing").map(|port| format!("port={port}\n")));
        lines.extend(section.pings.filter(|_| probe != "FPing").map(|pings| format!("pings = {pings}\n")));
        lines.extend(section.host.map(|host| format!("host = {host}\n")));
    }
    lines.concat()
}

fn stray() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("timeout = 3\n".to_owned()),
        Just("hide = no\n".to_owned()),
        Just("probe = TCPPing\n".to_owned()),
        Just("port = 7\n".to_owned()),
        Just("+ port\n".to_owned()),
        Just("++ alerts\n".to_owned()),
        Just("+++X\n".to_owned()),
        Just("host = b\n".to_owned()),
        Just("*** Alerts ***\n".to_owned()),
        Just("= x\n".to_owned()),
        Just("remark = \\\n".to_owned()),
        "[ -~]{0,12}\n",
    ]
}
