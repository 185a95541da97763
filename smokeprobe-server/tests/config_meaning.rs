//! What a configuration means: inheritance, defaults, and the options that probes are given.

use std::path::{Path, PathBuf};
use std::time::Duration;

use smokeprobe_core::AddressFamily;
use smokeprobe_core::probes::dns::{DnsOptions, DnsTransport};
use smokeprobe_core::probes::http::{HttpMeasure, HttpOptions};
use smokeprobe_core::probes::icmp::IcmpOptions;
use smokeprobe_server::config::plan::{Node, Offset, Palette, ProbeOptions, Target, TargetHost};
use smokeprobe_server::config::{InMemory, Loaded, Plan, Severity, load_from};
use smokeprobe_store::Consolidation;

fn read(text: &str) -> Loaded {
    load_from(&InMemory::default().with("config", text), Path::new("config"))
}

fn plan(text: &str) -> Plan {
    let loaded = read(text);
    loaded.plan.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn messages(loaded: &Loaded, severity: Severity) -> Vec<String> {
    let found = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
    found.map(|diagnostic| diagnostic.message.clone()).collect()
}

fn target<'a>(plan: &'a Plan, path: &str) -> &'a Target {
    plan.targets().find(|target| target.path.as_str() == path).unwrap_or_else(|| panic!("no target {path}"))
}

fn node<'a>(plan: &'a Plan, name: &str) -> &'a Node {
    plan.nodes().find(|node| node.name == name).unwrap_or_else(|| panic!("no section {name}"))
}

/// The options of the only target below these sections of Probes and Targets.
fn options(probes: &str, lines: &str) -> ProbeOptions {
    let plan = plan(&format!("*** Probes ***\n{probes}*** Targets ***\n+ A\n{lines}"));
    target(&plan, "A").options.clone()
}

fn icmp(probes: &str, target: &str) -> IcmpOptions {
    match options(probes, target) {
        ProbeOptions::Icmp(options) => options,
        other => panic!("{other:?}"),
    }
}

fn dns(probes: &str, target: &str) -> DnsOptions {
    match options(probes, target) {
        ProbeOptions::Dns(options) => options,
        other => panic!("{other:?}"),
    }
}

fn http(probes: &str, target: &str) -> HttpOptions {
    match options(probes, target) {
        ProbeOptions::Http(options) => options,
        other => panic!("{other:?}"),
    }
}

#[test]
fn targets_alone_are_a_configuration() {
    let loaded =
        read("*** Targets ***\nprobe = FPing\n+ A\nhost = a.example\n++ B\nprobe = TCPPing\nhost = 192.0.2.1\n");
    assert_eq!(loaded.diagnostics, []);
    let plan = loaded.plan.unwrap();
    assert_eq!(plan.database.step.as_secs(), 300);
    assert_eq!(plan.database.pings, 20);
    let archives: Vec<_> =
        plan.database.archives.iter().map(|archive| (archive.consolidation, archive.steps, archive.rows)).collect();
    assert_eq!(archives.len(), 7);
    assert_eq!(archives[0], (Consolidation::Average, 1, 1008));
    assert_eq!(plan.general.datadir, PathBuf::from("/var/lib/smokeprobe"));
    assert_eq!(plan.general.dyndir, plan.general.datadir);
    assert_eq!(plan.presentation.detail.ranges[3], ("Last 360 Days".to_owned(), 360 * 86_400));
    assert_eq!((plan.presentation.overview.width, plan.presentation.overview.range), (600, 36_000));
    assert_eq!(target(&plan, "A").options, ProbeOptions::Icmp(IcmpOptions::default()));
    let ProbeOptions::Tcp(tcp) = &target(&plan, "A.B").options else { panic!() };
    assert_eq!((tcp.port, tcp.connect.timeout), (80, Duration::from_secs(5)));
}

#[test]
fn the_palette_of_loss_may_be_smokepings() {
    let palette = |line: &str| {
        let text = format!("*** Presentation ***\n+ detail\n{line}\n*** Targets ***\nprobe = FPing\n");
        let loaded = read(&text);
        (loaded.plan.as_ref().map(|plan| plan.presentation.detail.palette), messages(&loaded, Severity::Error))
    };
    assert_eq!(palette("").0, Some(Palette::Default));
    assert_eq!(palette("palette = classic").0, Some(Palette::Classic));
    assert_eq!(palette("palette = default").0, Some(Palette::Default));
    let (_, errors) = palette("palette = clasic");
    assert!(errors.iter().any(|error| error.contains("palette")), "{errors:?}");
}

#[test]
fn sections_below_inherit_and_may_take_away() {
    let plan = plan(
        "*** Alerts ***\nto = a@b\n+ x\ntype = loss\npattern = >0%\ncomment = c\n+ y\ntype = rtt\npattern = >1\n\
         comment = c\nto = |/bin/prog\nedgetrigger = yes\npriority = 2\n\
         *** Slaves ***\nsecrets = config\n+ s1\ndisplay_name = one\ncolor = 0000ff\n+ s.2\ndisplay_name = two\ncolor = 00ff00\n\
         ++ override\nProbes.FPing.pings = 5\nGeneral.owner = x\n*** Targets ***\nprobe = FPing\nalerts = x, y\n\
         + A\nslaves = s1  s.2\nalertee = c@d, |/bin/other\nhost = a\n++ B\nhost = b\nhide = yes\n+++ C\nalerts =\nslaves =\nalertee = e@f\nhost = c\n\
         ++ D\nnomasterpoll = yes\nrawlog = %Y\nhost = d\n+++ E\nhost = e\n",
    );
    let a = target(&plan, "A");
    assert_eq!(
        (a.alerts.as_slice(), a.slaves.as_slice()),
        (["x", "y"].map(String::from).as_slice(), ["s1", "s.2"].map(String::from).as_slice())
    );
    assert_eq!(a.alertee, ["c@d", "|/bin/other"]);
    assert_eq!(target(&plan, "A.B").slaves, a.slaves);
    assert!(node(&plan, "B").hide && !node(&plan, "C").hide, "hide is the section's own");
    let c = target(&plan, "A.B.C");
    assert_eq!((c.alerts.len(), c.slaves.len()), (0, 0));
    assert_eq!(c.alertee, ["e@f"]);
    assert!(target(&plan, "A.D.E").nomasterpoll && !a.nomasterpoll);
    assert_eq!(target(&plan, "A.D").rawlog.as_deref(), Some("%Y"));
    assert_eq!(target(&plan, "A.D.E").rawlog, None, "rawlog is the target's own");
    assert_eq!(plan.alerts["y"].to, ["a@b", "|/bin/prog"]);
    assert!(plan.alerts["y"].edgetrigger && !plan.alerts["x"].edgetrigger);
    assert_eq!(plan.alerts["y"].priority, Some(2));
    let overrides = &plan.slaves["s.2"].overrides;
    assert_eq!(overrides[0], ("Probes.FPing.pings".to_owned(), "5".to_owned()));
    assert_eq!(overrides.len(), 2);
}

#[test]
fn menu_and_title_fall_back_to_the_host_and_then_to_the_name() {
    let plan = plan("*** Targets ***\nprobe = FPing\ntitle = All\n+ A\nmenu =\nhost = a.example\n+ B\nmenu = Bees\n");
    let texts = |name| (node(&plan, name).menu.as_str(), node(&plan, name).title.as_str());
    assert_eq!(texts("A"), ("a.example", "a.example"));
    assert_eq!(texts("B"), ("Bees", "B"));
    assert_eq!((plan.root.menu.as_str(), plan.root.title.as_str()), ("Top", "All"));
}

#[test]
fn an_instance_has_what_its_module_says_and_the_module_is_no_probe_then() {
    let text = "*** General ***\noffset = 20%\n*** Probes ***\n+ FPing\nstep = 60\npings = 10\npacketsize = 100\nforks = 3\n++ Small\n++ Big\n\
                packetsize = 1000\noffset = 50%\nstep = 30\n*** Targets ***\nprobe = Small\n+ A\nhost = a\n+ B\nprobe = Big\nhost = b\n";
    let loaded = read(text);
    let plan = loaded.plan.unwrap();
    assert_eq!(plan.probes.keys().collect::<Vec<_>>(), ["Big", "Small"]);
    let (small, big) = (&plan.probes["Small"], &plan.probes["Big"]);
    assert_eq!((small.step.as_secs(), small.offset), (60, Offset::Percent(20)));
    assert_eq!((big.step.as_secs(), big.offset, big.module.as_str()), (30, Offset::Percent(50), "FPing"));
    assert_eq!(target(&plan, "A").pings, 10);
    let ProbeOptions::Icmp(icmp) = &target(&plan, "B").options else { panic!() };
    assert_eq!(icmp.payload, 1000);
    let template = read(&text.replace("probe = Small", "probe = FPing"));
    assert_eq!(messages(&template, Severity::Error), ["there is no probe `FPing`"]);
}

#[test]
fn without_concurrent_probes_all_share_the_step_of_the_database() {
    let loaded = read(
        "*** General ***\nconcurrentprobes = no\n*** Probes ***\n+ FPing\nstep = 60\n*** Targets ***\nprobe = FPing\n+ A\nhost = a\n",
    );
    assert_eq!(messages(&loaded, Severity::Warning).len(), 1);
    assert_eq!(target(&loaded.plan.unwrap(), "A").step.as_secs(), 300);
}

#[test]
fn fping_options_may_stand_on_the_probe_and_on_a_target() {
    let options = icmp(
        "+ FPing\nbinary = /x\nhostinterval = 1.5\nmininterval = .001\nblazemode = true\nfwmark = 0x20\n",
        "probe = FPing\npings = 5\npacketsize = 1000\ntimeout = 2.5\nhostinterval = 0.5\ntos = 0xb8\n\
         sourceaddress = 192.0.2.9\ninterface = eth0\nprotocol = 4\nhost = a\n",
    );
    let expected = IcmpOptions {
        family: AddressFamily::V4,
        payload: 1000,
        interval: Duration::from_millis(500),
        gap: Duration::from_millis(1),
        timeout: Some(Duration::from_millis(2500)),
        tos: 0xb8,
        source: Some("192.0.2.9".parse().unwrap()),
        interface: Some("eth0".to_owned()),
        mark: Some(0x20),
        discard_first: true,
    };
    assert_eq!(options, expected);
    assert_eq!(icmp("+ FPing6\n", "probe = FPing6\nhost = a\n").family, AddressFamily::V6);
    let continuous = icmp("+ FPingContinuous\nstep = 60\npings = 30\n", "probe = FPingContinuous\nhost = a\n");
    assert_eq!(continuous.interval, Duration::from_millis(1900));
}

#[test]
fn tcp_pings_are_a_second_apart_or_closer_where_the_step_is_short() {
    let at_step = |step: u32| {
        let probes = format!("+ TCPPing\nstep = {step}\npings = 20\n");
        match options(&probes, "probe = TCPPing\nport = 443\nipversion = 6\nrequire_accept = yes\nhost = a\n") {
            ProbeOptions::Tcp(tcp) => tcp,
            other => panic!("{other:?}"),
        }
    };
    let tcp = at_step(300);
    assert_eq!((tcp.port, tcp.require_accept, tcp.connect.family), (443, true, AddressFamily::V6));
    assert_eq!(tcp.connect.interval, Duration::from_secs(1));
    assert_eq!(at_step(10).connect.interval, Duration::from_millis(400));
}

#[test]
fn dns_variables_are_the_demands_on_an_answer() {
    let options = dns(
        "+ AnotherDNS\n",
        "probe = AnotherDNS\nlookup = example.net\nmininterval = 0.25\nauthoritative = 1\nrequire_noerror = 1\n\
         require_answers = 2\nrecordtype = aaaa\ntimeout = 3\nexpect_text = ::1\nrequire_nxdomain = 0\nport = 5353\n\
         protocol = TCP\nipversion = 4\nhost = ns.example\n",
    );
    assert_eq!((options.lookup.as_deref(), options.server.as_deref()), (Some("example.net"), None));
    assert_eq!(
        (options.record_type.as_str(), options.transport, options.port),
        ("AAAA", DnsTransport::Tcp, Some(5353))
    );
    assert_eq!(
        (options.connect.interval, options.connect.timeout),
        (Duration::from_millis(250), Duration::from_secs(3))
    );
    assert_eq!(options.connect.family, AddressFamily::V4);
    let demands = options.demands;
    assert!(demands.authoritative && demands.no_error && !demands.nx_domain);
    assert_eq!((demands.answers, demands.text.as_deref()), (2, Some("::1")));
    let dig =
        dns("+ DNS\nbinary = /usr/bin/dig\nlookup = example.net\n", "probe = DNS\nserver = 192.0.2.53\nhost = a\n");
    assert_eq!((dig.lookup.as_deref(), dig.server.as_deref()), (Some("example.net"), Some("192.0.2.53")));
    let tls = dns("+ AnotherDNS\n", "probe = AnotherDNS\nprotocol = tls\nhost = a\n");
    assert_eq!((tls.transport, tls.lookup), (DnsTransport::Tls, None));
}

#[test]
fn curl_variables_and_arguments_are_the_request() {
    let options = http(
        "+ Curl\nurlformat = http://%host%/\n",
        "probe = Curl\nurlformat = https://%host%/a %host%/b\nagent = me\ntimeout = 4\ninsecure_ssl = 1\nfollow_redirects = yes\n\
         include_redirects = yes\nexpect = ok\nextrare = /;/\n\
         extraargs = --header;X-A: b c;-HAccept: text/html;-4;-f;-s;-o;/dev/null\ninterface = 192.0.2.9\nhost = a\n",
    );
    assert_eq!(options.urls, ["https://%host%/a", "http://%host%/b"]);
    assert_eq!((options.agent.as_deref(), options.expect.as_deref()), (Some("me"), Some("ok")));
    assert!(options.insecure && options.time_redirects && options.redirects > 0);
    assert_eq!(options.headers, [("X-A", "b c"), ("Accept", "text/html")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(options.status, [(100, 399)]);
    assert_eq!((options.connect.family, options.connect.timeout), (AddressFamily::V4, Duration::from_secs(4)));
    assert_eq!(options.connect.source, Some("192.0.2.9".parse().unwrap()));
    assert_eq!(options.measure, HttpMeasure::TotalWithoutResolve);
    let another =
        http("+ AnotherCurl\n", "probe = AnotherCurl\nurlformat = http://x/\nwrite_out = time_appconnect\nhost = a\n");
    assert_eq!((another.measure, another.redirects), (HttpMeasure::AppConnect, 0));
}

#[test]
fn echoping_variables_are_a_url() {
    let plain = http("+ EchoPingHttp\nurl = /x\n", "probe = EchoPingHttp\nport = 8080\nignore_cache = yes\nhost = a\n");
    assert_eq!(plain.urls, ["http://%host%:8080/x"]);
    assert_eq!(plain.headers[0], ("Cache-Control".to_owned(), "no-cache".to_owned()));
    assert_eq!(plain.status, [(200, 299)]);
    let secure = http("+ EchoPingHttps\n", "probe = EchoPingHttps\naccept_redirects = yes\nhost = a\n");
    assert_eq!(
        (secure.urls.as_slice(), secure.status.as_slice()),
        (["https://%host%/".to_owned()].as_slice(), [(200, 399)].as_slice())
    );
    assert_eq!(
        options("+ EchoPingHttp\n", "probe = EchoPingHttp\nurl = http://b/\nhost = a\n"),
        ProbeOptions::Unsupported
    );
    assert_eq!(options("+ Curl\n", "probe = Curl\nurlformat = ftp://%host%/\nhost = a\n"), ProbeOptions::Unsupported);
}

#[test]
fn probes_that_we_do_not_have_keep_their_targets() {
    let loaded = read(
        "*** Probes ***\n+ LDAP\n+ Speedtest\nserver = 5\nstep = 3600\n*** Targets ***\nprobe = LDAP\nfilter = (cn=x)\n\
         + A\nhost = a\n+ B\nprobe = Speedtest\nany = thing\nhost = dummy\npings = 3\n",
    );
    assert_eq!(
        messages(&loaded, Severity::Warning),
        ["LDAP", "Speedtest"]
            .map(|probe| format!("probe {probe} is not supported: its targets are shown, and not measured"))
    );
    let plan = loaded.plan.unwrap();
    assert!(!plan.probes["Speedtest"].supported);
    let b = target(&plan, "B");
    assert_eq!((b.options.clone(), b.step.as_secs(), b.pings), (ProbeOptions::Unsupported, 3600, 3));
}

#[test]
fn a_variable_of_another_probe_is_ignored_and_one_of_nobody_is_an_error() {
    let loaded = read("*** Targets ***\nprobe = FPing\n+ A\nport = 53\nhost = a\nprot = 5\nfoo_bar_baz = 1\n");
    assert_eq!(messages(&loaded, Severity::Warning).len(), 2);
    assert_eq!(messages(&loaded, Severity::Error), ["there is no variable `foo_bar_baz` here"]);
}

#[test]
fn hosts_have_their_forms() {
    let plan = plan(
        "*** Targets ***\nprobe = FPing\n+ A\nhost = 192.0.2.1\n+ B\nhost = 2001:db8::1\n+ C\nhost = c.example\n\
         + D\nhost = DYNAMIC\n+ E\nhost = DYNAMIC/c2VjcmV0\n+ M\nhost = /A /B /D\n",
    );
    let host = |path| match &target(&plan, path).host {
        TargetHost::Fixed(host) => host.to_string(),
        TargetHost::Dynamic { secret_hash } => format!("dynamic {secret_hash:?}"),
    };
    assert_eq!(host("A"), "192.0.2.1");
    assert_eq!(host("B"), "2001:db8::1");
    assert_eq!(host("C"), "c.example");
    assert_eq!(host("D"), "dynamic None");
    assert_eq!(host("E"), "dynamic Some(\"c2VjcmV0\")");
    let members: Vec<_> = node(&plan, "M").multihost.iter().map(ToString::to_string).collect();
    assert_eq!(members, ["A", "B", "D"]);
    assert!(node(&plan, "M").target.is_none());
}

#[test]
fn hierarchies_are_places_in_other_trees() {
    let plan = plan(
        "*** Presentation ***\n+ hierarchies\n++ owner\ntitle = Owner\n++ place\ntitle = Place\n*** Targets ***\nprobe = FPing\n\
         + A\nparents = owner:/Bob/Home place:/\nhost = a\n",
    );
    assert_eq!(
        node(&plan, "A").parents,
        [("owner", "/Bob/Home"), ("place", "/")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert_eq!(plan.presentation.hierarchies["place"], "Place");
}

#[test]
fn a_round_must_fit_its_step() {
    let round = |step: u32, pings: u32, line: &str| {
        read(&format!(
            "*** Database ***\nstep = {step}\npings = {pings}\n*** Targets ***\nprobe = FPing\n+ A\n{line}host = a\n"
        ))
    };
    assert_eq!(round(300, 20, "").diagnostics, []);
    assert_eq!(
        messages(&round(10, 20, ""), Severity::Error),
        ["20 pings with 1 s between them do not fit a step of 10 s"]
    );
    assert_eq!(round(10, 20, "hostinterval = 0.4\n").diagnostics, []);
    let late = round(10, 5, "timeout = 7\n");
    assert!(late.plan.is_some());
    assert_eq!(
        messages(&late, Severity::Warning),
        ["when no ping is answered, a round of 5 takes up to 11 s, longer than the step of 10 s"]
    );
}

#[test]
fn many_targets_share_the_pace_of_their_probe() {
    let targets = (0..1000).map(|number| format!("+ T{number}\nhost = 192.0.2.1\n")).collect::<Vec<_>>().concat();
    let read = |interval| {
        read(&format!(
            "*** Probes ***\n+ FPing\nstep = 60\nmininterval = {interval}\n*** Targets ***\nprobe = FPing\n{targets}"
        ))
    };
    assert_eq!(
        messages(&read("0.01"), Severity::Warning),
        ["all packets of probe FPing one after another take 200 s, longer than the step of 60 s"]
    );
    assert_eq!(read("0.001").diagnostics, []);
}

#[test]
fn includes_start_at_the_folder_of_their_file_and_sections_go_on_in_them() {
    let files = InMemory::default()
        .with("etc/config", "@include 'parts/targets'\n@include parts/end\n")
        .with("etc/parts/targets", "*** Targets ***\nprobe = FPing\n@include \"more\"\n++ C\nhost = c\n")
        .with("etc/parts/more", "+ A\nhost = a\n++ B\nhost = b\n")
        .with("etc/parts/end", "+ D\nhost = d\n");
    let plan = load_from(&files, Path::new("etc/config")).plan.unwrap();
    let paths: Vec<_> = plan.targets().map(|target| target.path.to_string()).collect();
    assert_eq!(paths, ["A", "A.B", "A.C", "D"]);
    let read = ["etc/config", "etc/parts/targets", "etc/parts/more", "etc/parts/end"].map(PathBuf::from);
    assert_eq!(plan.files, read);
}

#[test]
fn the_files_to_watch_are_known_in_spite_of_errors() {
    let files = InMemory::default().with("config", "@include part\n@include gone\n").with("part", "nonsense\n");
    let loaded = load_from(&files, Path::new("config"));
    assert_eq!(loaded.plan, None);
    assert_eq!(loaded.files, ["config", "part", "gone"].map(PathBuf::from));
    assert_eq!(load_from(&files, Path::new("nothing")).files, [PathBuf::from("nothing")]);
}

#[test]
fn relative_folders_start_at_the_folder_of_their_file() {
    let files = InMemory::default()
        .with("etc/config", "*** General ***\ndatadir = data\ndyndir = /dyn\n*** Targets ***\nprobe = FPing\n");
    let plan = load_from(&files, Path::new("etc/config")).plan.unwrap();
    assert_eq!((plan.general.datadir, plan.general.dyndir), (PathBuf::from("etc/data"), PathBuf::from("/dyn")));
}

#[test]
fn definitions_hold_in_every_file_that_follows() {
    let files = InMemory::default()
        .with("config", "@include names\n*** Targets ***\nprobe = FPing\n+ A\nhost = ROUTER\n")
        .with("names", "@define ROUTER router.DOMAIN\n@define DOMAIN example.net\n");
    let plan = load_from(&files, Path::new("config")).plan.unwrap();
    assert_eq!(target(&plan, "A").host, TargetHost::Fixed("router.example.net".into()));
}

#[test]
fn text_that_is_not_utf_8_is_read_as_latin_1_line_by_line() {
    let mut text = "\u{feff}*** Targets ***\nprobe = FPing\ntitle = 上海\nmenu = caf".as_bytes().to_vec();
    text.extend(b"\xe9\r\n+ A\r\nhost = a\r\n");
    let loaded = load_from(&InMemory::default().with("config", text), Path::new("config"));
    assert_eq!((loaded.diagnostics[0].line, loaded.diagnostics[0].column), (4, 11));
    assert_eq!(loaded.diagnostics.len(), 1);
    let plan = loaded.plan.unwrap();
    assert_eq!((plan.root.title.as_str(), plan.root.menu.as_str()), ("上海", "café"));
}

#[test]
fn the_secrets_of_slaves_must_be_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    std::fs::write(&secrets, "boomer:x\n").unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, "*** Slaves ***\nsecrets = secrets\n*** Targets ***\nprobe = FPing\n+ A\nhost = a\n")
        .unwrap();
    let errors = |mode| {
        std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(mode)).unwrap();
        messages(&smokeprobe_server::config::load(&config), Severity::Error)
    };
    assert_eq!(errors(0o640), Vec::<String>::new());
    assert_eq!(errors(0o644), ["everybody may read or write `secrets`"]);
    assert_eq!(errors(0o602), ["everybody may read or write `secrets`"]);
}

#[test]
fn a_mail_template_has_a_subject() {
    let errors = |template: &str| {
        let text = "*** Alerts ***\nto = a@b\nmailtemplate = t\n*** Targets ***\nprobe = FPing\n";
        let files = InMemory::default().with("config", text).with("t", template);
        messages(&load_from(&files, Path::new("config")), Severity::Error)
    };
    assert_eq!(errors("X-A: b\nSubject: x\n\nText\n"), Vec::<String>::new());
    assert_eq!(errors("X-A: b\n\nText\n"), ["the mail template t has no `Subject:`"]);
    assert_eq!(errors("Hello there\n"), ["the mail template t has no mail headers at its top"]);
    // As whoever sends it takes it.
    assert_eq!(errors("subject: x\nX_Site: y\n\nText\n"), Vec::<String>::new());
    let long = format!("Subject: x\n\n{}", "x".repeat(256 << 10));
    assert_eq!(errors(&long), ["cannot use the mail template t: it is longer than 262144 bytes"]);
}

#[test]
fn reading_does_not_run_or_follow_what_is_written() {
    // Perl would run the first two, a shell the third; a resolver would be asked for the fourth.
    for line in ["rawlog = '.system('touch /tmp/x').'", "parents = a:/`id`", "alertee = $(id)", "pings = `id`"] {
        let loaded = read(&format!("*** Targets ***\nprobe = FPing\n+ A\n{line}\nhost = a\n"));
        assert!(loaded.plan.is_none(), "{line}");
    }
    assert!(read("*** Targets ***\nprobe = FPing\n+ A\nhost = does.not.exist.invalid\n").plan.is_some());
}
