use std::fs;

use smokeprobe_core::sim::NoResolver;
use smokeprobe_core::{Clock, Recorder, RoundCx, RoundOrder, Step, SystemClock};

use super::*;
use crate::config::{InMemory, load_from};

const PROBES: &str = "*** Probes ***\n+ FPing\n+ TCPPing\nforks = 3\noffset = 50%\n";

fn plan(targets: &str) -> Plan {
    plan_of(&format!("*** Database ***\nstep = 60\npings = 5\n{PROBES}*** Targets ***\nprobe = FPing\n{targets}"))
}

fn plan_of(text: &str) -> Plan {
    let loaded = load_from(&InMemory::default().with("config", text), "config".as_ref());
    loaded.plan.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

const TARGETS: &str =
    "+ A\nhost = 192.0.2.1\n+ B\nprobe = TCPPing\nhost = 192.0.2.2\nport = 443\n+ C\nhost = 192.0.2.3\n";

#[test]
fn targets_become_series_with_their_step_pings_and_offset() {
    let specs = Shelf::default().specs(&plan(TARGETS), &[]);
    let told: Vec<_> = specs.iter().map(|spec| (spec.series.to_string(), spec.step.as_secs(), spec.pings)).collect();
    assert_eq!(told, ["A", "B", "C"].map(|name| (name.to_owned(), 60, 5)));
    assert_eq!((specs[0].offset, specs[1].offset), (Offset::Spread, Offset::At(Duration::from_secs(30))));
}

#[test]
fn what_others_measure_or_nobody_can_is_left_out() {
    let more = "+ Slaved\nhost = 192.0.2.4\nslaves = s\nnomasterpoll = yes\n+ Drawn\nhost = /A /C\n";
    let slaves = "*** Slaves ***\nsecrets = secrets\n+ s\ndisplay_name = s\ncolor = 00ff00\n";
    let odd = "+ Odd\nprobe = SSH\nhost = 192.0.2.5\n";
    let text = format!("{slaves}{PROBES}+ SSH\n*** Targets ***\nprobe = FPing\n{TARGETS}{more}{odd}");
    let files = InMemory::default().with("config", text.as_str()).with("secrets", "s:secret\n");
    let loaded = load_from(&files, "config".as_ref());
    let plan = loaded.plan.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let names: Vec<String> = Shelf::default().specs(&plan, &[]).iter().map(|spec| spec.series.to_string()).collect();
    assert_eq!(names, ["A", "B", "C"]);
}

#[test]
fn unchanged_options_keep_their_probe_over_a_reload() {
    let mut shelf = Shelf::default();
    let before = shelf.specs(&plan(TARGETS), &[]);
    assert!(Arc::ptr_eq(&before[0].probe, &before[2].probe), "targets with the same options share a probe");
    let after = shelf.specs(&plan(&TARGETS.replace("443", "80")), &[]);
    let same = |at: usize| Arc::ptr_eq(&before[at].probe, &after[at].probe);
    assert_eq!([same(0), same(1), same(2)], [true, false, true]);
}

#[test]
fn last_slot_comes_from_the_store() {
    let step = Step::from_secs(300).unwrap();
    let meta =
        SeriesMeta { series: "A".parse().unwrap(), step, pings: 5, last: Some(1_000_000_200), archives: Vec::new() };
    let specs = Shelf::default().specs(&plan(TARGETS), &[meta]);
    assert_eq!(specs[0].last, Some(Slot::ending_at(1_000_000_200, step)));
    assert_eq!(specs[1].last, None);
}

#[tokio::test]
async fn dynamic_host_is_measured_at_the_address_it_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("Homes")).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options =
        smokeprobe_core::probes::tcp::TcpOptions { port: port.local_addr().unwrap().port(), ..Default::default() };
    let file = folder.path().join("Homes/Ann.adr");
    let probe = DynamicHost::new(Arc::new(TcpProbe::new(options)), file.clone());
    let order = RoundOrder {
        series: "Homes.Ann".parse().unwrap(),
        slot: Slot::containing(clock.wall(), Step::DEFAULT),
        pings: 1,
    };
    let (host, deadline) = (Host::from("DYNAMIC"), clock.mono() + Duration::from_secs(60));

    let nowhere = Recorder::new(1);
    let mut round = RoundCx::new(&order, &host, deadline, nowhere, &NoResolver, &clock);
    assert!(matches!(probe.measure(&mut round).await, Err(ProbeError::Resolve(_))));

    fs::write(&file, "127.0.0.1\n").unwrap();
    let recorder = Recorder::new(1);
    let mut round = RoundCx::new(&order, &host, deadline, recorder.clone(), &NoResolver, &clock);
    probe.measure(&mut round).await.unwrap();
    let measured = recorder.close().unwrap();
    assert_eq!((measured.rtts().len(), measured.address), (1, Some([127, 0, 0, 1].into())));
    assert!(measured.uptime.unwrap() < Duration::from_secs(60));
}
