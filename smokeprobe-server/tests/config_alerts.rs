//! What a configuration says of alerts: rules, recipients, terms, maintenance, dependencies and labels.

use std::path::Path;
use std::time::Duration;

use smokeprobe_alerts::notify::Secret;
use smokeprobe_alerts::{RecipientId, Rules, Semantics, Terms, Weekly, When};
use smokeprobe_server::config::plan::{Alert, MailTls, Recipient, Target, Way};
use smokeprobe_server::config::{Format, InMemory, Loaded, Plan, Severity, check_from, load_from, load_from_with};

const TARGETS: &str = "*** Targets ***\nprobe = FPing\n+ A\nhost = a\n";

fn read(text: &str) -> Loaded {
    let files = InMemory::default().with("etc/config", text).with("etc/key", "k").with("/bin/prog", "");
    load_from(&files, Path::new("etc/config"))
}

/// The configuration with this `*** Alerts ***` and a target, with whatever is told of it.
fn alerts(text: &str) -> Loaded {
    read(&format!("*** Alerts ***\nfrom = s@example.net\n{text}{TARGETS}"))
}

fn plan(loaded: Loaded) -> Plan {
    loaded.plan.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// Severity, line, column and message of everything that is wrong, with its likely fix.
fn told(loaded: &Loaded) -> Vec<(Severity, u32, u32, &str, Option<&str>)> {
    let told = loaded.diagnostics.iter();
    told.map(|d| (d.severity, d.line, d.column, d.message.as_str(), d.help.as_deref())).collect()
}

fn errors(loaded: &Loaded) -> Vec<&str> {
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| d.message.as_str()).collect()
}

fn alert(lines: &str) -> Alert {
    let loaded = alerts(&format!("to = a@b\n+ x\ntype = loss\npattern = >0%\ncomment = c\n{lines}"));
    assert_eq!(loaded.diagnostics, [], "{lines}");
    plan(loaded).alerts.remove("x").unwrap()
}

/// The recipients of a list, with whatever is wrong with it as an assertion.
fn to(list: &str) -> Vec<(String, Recipient)> {
    let loaded = alerts(&format!("to = {list}\n+ x\ntype = loss\npattern = >0%\ncomment = c\n"));
    assert!(errors(&loaded).is_empty(), "{list}: {:?}", errors(&loaded));
    let plan = plan(loaded);
    let to = plan.alerts["x"].to.iter();
    to.map(|id| (id.to_string(), plan.alerting.recipients[id].clone())).collect()
}

fn way(text: &str) -> Way {
    to(text).remove(0).1.way
}

#[test]
fn the_users_own_example_is_told_as_before_and_without_a_script_too() {
    let text = "*** Alerts ***\nto = |/bin/prog\nfrom = smokealert@company.xy\n\n+someloss\ntype = loss\n# in percent\n\
                pattern = >0%,*12*,>0%,*12*,>0%\ncomment = loss 3 times in a row\n\n+hostdown\ntype = loss\n# in percent\n\
                pattern = >60%\nedgetrigger = yes\ncomment = Massive loss for 5 mins\n*** Targets ***\nprobe = FPing\n\
                + Demo_Monitor\nmenu = Monitor Demo (Demo using fake IP)\nalerts = someloss,hostdown\n++ Host\nhost = 192.0.2.1\n";
    let loaded = read(text);
    assert_eq!(loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error).count(), 0);
    let plan = plan(loaded);
    assert!(plan.alerts["hostdown"].edgetrigger && !plan.alerts["someloss"].edgetrigger);
    assert_eq!(plan.alerts["someloss"].to, ["|/bin/prog"]);
    let list = "ops@company.xy, sns:arn:aws-cn:sns:cn-north-1:123456789012:netops, lambda:pager, https://hooks.example/x, \
                dingtalk:TOKEN";
    let ids: Vec<_> = to(list).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids[..3], ["ops@company.xy", "sns:arn:aws-cn:sns:cn-north-1:123456789012:netops", "lambda:pager"]);
    assert!(ids[3].starts_with("https://hooks.example/…") && ids[4].starts_with("dingtalk:…"), "{ids:?}");
}

#[test]
fn every_way_to_reach_somebody_is_read() {
    let plain = |text: &str| Secret::Plain(text.to_owned());
    for (text, expected) in [
        ("|/bin/prog", Way::Exec("/bin/prog".into())),
        ("Ann Example <ann@example.net>", Way::Mail("Ann Example <ann@example.net>".into())),
        ("snpp:123", Way::Snpp("123".into())),
        ("xmpp:ann@example.net", Way::Xmpp("ann@example.net".into())),
        (
            "lambda:arn:aws:lambda:eu-west-1:123456789012:function:p",
            Way::Lambda("arn:aws:lambda:eu-west-1:123456789012:function:p".into()),
        ),
        ("http://127.0.0.1:8080/a,b", Way::Webhook(plain("http://127.0.0.1:8080/a,b"))),
        ("webhook:env:HOOK_URL", Way::Webhook(Secret::Env("HOOK_URL".into()))),
        ("dingtalk:file:key", Way::Dingtalk(Secret::File("etc/key".into()))),
        ("feishu:t", Way::Feishu(plain("t"))),
        ("wecom:t", Way::Wecom(plain("t"))),
        ("slack:T/B/X", Way::Slack(plain("T/B/X"))),
        ("telegram:1:abc/-100", Way::Telegram { token: plain("1:abc"), chat: "-100".into() }),
        ("alertmanager:http://am:9093", Way::Alertmanager(plain("http://am:9093"))),
    ] {
        assert_eq!(way(text), expected, "{text}");
    }
}

#[test]
fn somebody_who_is_named_twice_is_told_once() {
    let text = "to = a@b, Ann <a@b>, |/bin/prog\n+ x\ntype = loss\npattern = >0%\ncomment = c\nto = |/bin/prog, c@d\n";
    assert_eq!(plan(alerts(text)).alerts["x"].to, ["a@b", "|/bin/prog", "c@d"]);
}

#[test]
fn terms_fit_the_way_unless_the_configuration_says_otherwise() {
    let seconds = Duration::from_secs;
    let terms = |group, rate| Terms { group: seconds(group), rate, max_age: seconds(86_400) };
    for (text, group, rate, timeout) in [
        ("|/bin/prog", 0, None, 30),
        ("a@b", 5, Some(20), 60),
        ("dingtalk:t", 5, Some(20), 10),
        ("lambda:p", 5, Some(60), 10),
        ("https://a/x", 5, Some(60), 10),
        ("xmpp:a@b", 5, Some(20), 30),
    ] {
        let recipient = to(text).remove(0).1;
        assert_eq!((recipient.terms, recipient.timeout), (terms(group, rate), seconds(timeout)), "{text}");
    }
    let loaded = alerts(
        "to = a@b, |/bin/prog, pager\ngroup = 1m\nrate = unlimited\nexpire = 2h\ntimeout = 5\n\
         *** Recipients ***\n+ pager\nto = lambda:p\ngroup = 0\nrate = 3\n",
    );
    let plan = plan(loaded);
    let of = |id: &str| plan.alerting.recipients[&RecipientId::new(id)].clone();
    assert_eq!(of("a@b").terms, Terms { group: seconds(60), rate: None, max_age: seconds(7200) });
    // A program is told of one event at a time, whatever the section says.
    assert_eq!(of("|/bin/prog").terms.group, Duration::ZERO);
    assert_eq!(of("pager").terms, Terms { group: Duration::ZERO, rate: Some(3), max_age: seconds(7200) });
    assert_eq!(of("pager").timeout, seconds(5));
}

#[test]
fn a_recipient_may_have_a_section_of_its_own() {
    let loaded = read(&format!(
        "*** Recipients ***\n+ chat\nto = dingtalk:env:TOKEN\nsecret = file:key\nendpoint = https://proxy.example\n\
         + hook\ntemplate = key\nto = https://hooks.example/x\nAuthorization \"Bearer s3cret\"\nX-Site env:SITE\n\
         *** Alerts ***\nto = hook,chat\n+ x\ntype = loss\npattern = >0%\ncomment = c\n{TARGETS}"
    ));
    let plan = plan(loaded.clone());
    assert_eq!(plan.alerts["x"].to, ["hook", "chat"]);
    let chat = &plan.alerting.recipients[&RecipientId::new("chat")];
    assert_eq!(chat.secret, Some(Secret::File("etc/key".into())));
    assert_eq!(chat.endpoint.as_deref(), Some("https://proxy.example"));
    let hook = &plan.alerting.recipients[&RecipientId::new("hook")];
    assert_eq!(hook.template.as_deref(), Some(Path::new("etc/key")));
    let header = |name: &str, secret| (name.to_owned(), secret);
    assert_eq!(
        hook.headers,
        [header("Authorization", Secret::Plain("Bearer s3cret".into())), header("X-Site", Secret::Env("SITE".into()))]
    );
    let messages: Vec<_> =
        told(&loaded).into_iter().map(|(severity, line, _, message, _)| (severity, line, message)).collect();
    assert_eq!(
        messages,
        [
            (Severity::Warning, 3, "the environment variable `TOKEN` is not set"),
            (Severity::Warning, 10, "the environment variable `SITE` is not set"),
        ]
    );
}

/// The outbox makes a message of each event then, and repeats those alone that were not taken.
#[test]
fn a_webhook_with_a_template_is_told_of_each_event_alone_whatever_holds_for_all() {
    let plan = plan(read(&format!(
        "*** Recipients ***\n+ own\nto = https://hooks.example/x\ntemplate = key\n+ ours\nto = https://hooks.example/x\n\
         *** Alerts ***\nto = own,ours\ngroup = 1m\n+ x\ntype = loss\npattern = >0%\ncomment = c\n{TARGETS}"
    )));
    let group = |name: &str| plan.alerting.recipients[&RecipientId::new(name)].terms.group;
    assert_eq!((group("own"), group("ours")), (Duration::ZERO, Duration::from_secs(60)));
}

#[test]
fn what_cannot_be_told_is_an_error_with_its_place_and_a_likely_fix() {
    for (list, column, message, help) in [
        ("pagr", 6, "there is no recipient section `pagr`", "did you mean `pager`?"),
        ("a@b, dingtal:T", 11, "there is no way `dingtal:` to reach anybody", "did you mean `dingtalk:`?"),
        (
            "sns:arn:aws:sns:cn-north-1:123456789012:netops",
            6,
            "the region `cn-north-1` is in the partition `aws-cn`, not in `aws`",
            "write `arn:aws-cn:sns:cn-north-1:…`",
        ),
        ("telegram:12:x", 6, "`telegram:` without a chat", "write `telegram:TOKEN/CHAT`"),
        ("a@b,,c@d", 10, "nobody is named between two commas", "take one of the commas away"),
        (
            "https://",
            6,
            "this is no web address: empty host",
            "write an address such as `https://hooks.example.net/path`",
        ),
    ] {
        let text =
            format!("*** Alerts ***\nto = {list}\nfrom = s@b\n*** Recipients ***\n+ pager\nto = lambda:p\n{TARGETS}");
        assert_eq!(told(&read(&text)), [(Severity::Error, 2, column, message, Some(help))], "{list}");
    }
    let empty = alerts("to =\n");
    assert_eq!(errors(&empty), ["`to` must name somebody to tell, and is empty"]);
}

/// The reference looks at a list as a whole.
#[test]
fn a_list_that_smokeping_passes_is_left_in_use_without_its_doubtful_parts() {
    let loaded = alerts("to = foo, bob@example.net\n+ x\ntype = loss\npattern = >0%\ncomment = c\n");
    let (severity, line, column, message, _) = told(&loaded)[0];
    assert_eq!((severity, line, column), (Severity::Warning, 3, 6));
    assert_eq!(message, "there is no recipient section `foo`; it is left out");
    assert_eq!(plan(loaded).alerts["x"].to, ["bob@example.net"]);
    // Whoever has sections for recipients means one of them.
    let ours = read(&format!(
        "*** Alerts ***\nto = foo, bob@example.net\n*** Recipients ***\n+ fool\nto = lambda:p\n{TARGETS}"
    ));
    assert_eq!(errors(&ours), ["there is no recipient section `foo`"]);
}

#[test]
fn a_template_is_for_webhooks_and_for_sns() {
    for to in ["https://hooks.example/x", "sns:arn:aws:sns:eu-west-1:123456789012:t"] {
        let loaded = read(&format!("*** Recipients ***\n+ x\nto = {to}\ntemplate = key\n{TARGETS}"));
        assert_eq!(loaded.diagnostics, [], "{to}");
        assert!(plan(loaded).alerting.recipients[&RecipientId::new("x")].template.is_some());
    }
}

#[test]
fn sections_of_recipients_are_checked() {
    let told = |section: &str| {
        let loaded = read(&format!("*** Recipients ***\n{section}{TARGETS}"));
        loaded.diagnostics.into_iter().map(|d| d.message).collect::<Vec<_>>()
    };
    for (section, message) in [
        ("+ x\nrate = 3\n", "section `x` needs `to`"),
        ("+ x y\nto = a@b\n", "section name `x y` is not made of ASCII letters, digits, `-` and `_`"),
        ("+ x\nto = a@b, c@d\n", "a section of recipients has one of them"),
        ("+ x\nto = y\n+ y\nto = a@b\n", "`to` must be a recipient, not `y`"),
        ("+ x\nto = a@b\nrate = 0\n", "`rate` must be messages a minute, at least 1, or `unlimited`, not `0`"),
        ("+ x\nto = a@b\ngroup = soon\n", "`group` must be a time such as `30s`, `5m` or `1h30m`, not `soon`"),
        ("+ x\nto = a@b\ntimeout = 1h\n", "`timeout` must be a time from `1s` to `10m`, not `1h`"),
        ("+ x\nto = |prog\ngroup = 5m\n", "`group` has no meaning for this recipient"),
        ("+ x\nto = https://a/b\ntemplate = key\ngroup = 5m\n", "`group` has no meaning for this recipient"),
        ("+ x\nto = a@b\nendpoint = https://x.example\n", "`endpoint` has no meaning for this recipient"),
        ("+ x\nto = a@b\ntemplate = key\n", "`template` has no meaning for this recipient"),
        ("+ x\nto = lambda:p\ntemplate = key\n", "`template` has no meaning for this recipient"),
        ("+ x\nto = a@b\nX-Token abc\n", "this recipient has no HTTP headers"),
        (
            "+ x\nto = https://a/b\nX:Token abc\n",
            "header must be the name of an HTTP header, such as `X-Token`, not `X:Token`",
        ),
        ("+ x\nto = https://a/b\ntemplate = none\n", "there is no template none"),
        (
            "+ x\nto = sns:arn:aws:sns:eu-west-1:123456789012:t\nendpoint = vpce\n",
            "`endpoint` must be an address such as `https://vpce-1.sns.cn-north-1.vpce.amazonaws.com.cn`, not `vpce`",
        ),
        ("to = a@b\n", "there is no variable `to` here"),
    ] {
        assert_eq!(told(section), [message], "{section}");
    }
}

#[test]
fn programs_that_cannot_run_are_said_beforehand() {
    let warned = |list: &str| {
        told(&alerts(&format!("to = {list}\n")))
            .into_iter()
            .map(|t| (t.0, t.3.to_owned(), t.4.map(str::to_owned)))
            .collect::<Vec<_>>()
    };
    // In memory every file has the mode 0600.
    assert_eq!(
        warned("|/bin/prog"),
        [(Severity::Warning, "`/bin/prog` may not be run".to_owned(), Some("chmod +x /bin/prog".to_owned()))]
    );
    assert_eq!(warned("|/bin/none")[0].1, "there is no program `/bin/none`");
    let help = "everything after `|` is the path, there are no arguments: write `|/bin/prog`";
    assert_eq!(warned("|/bin/prog -v a@b")[0].2.as_deref(), Some(help));
}

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

#[test]
fn the_ways_of_mail_and_pages_are_read() {
    let general = |lines: &str| {
        let files = InMemory::default()
            .with("etc/config", format!("*** General ***\n{lines}{TARGETS}"))
            .with("etc/ca.pem", "")
            .with("etc/pass", "x");
        load_from(&files, Path::new("etc/config"))
    };
    let loaded = general(
        "mailhost = a.example.net, b.example.net:587\nmailuser = ann\nmailpass = file:pass\nmailtls = starttls\nmailca = ca.pem\n\
         sendmail = /usr/lib/sendmail\nsnpphost = snpp.example.net\n",
    );
    assert_eq!(loaded.diagnostics, []);
    let alerting = plan(loaded).alerting;
    assert_eq!(alerting.mail.hosts, ["a.example.net", "b.example.net:587"]);
    assert_eq!(alerting.mail.user, Some(Secret::Plain("ann".into())));
    assert_eq!(alerting.mail.pass, Some(Secret::File("etc/pass".into())));
    assert_eq!((alerting.mail.tls, alerting.mail.ca.as_deref()), (MailTls::StartTls, Some(Path::new("etc/ca.pem"))));
    assert_eq!(alerting.mail.sendmail.as_deref(), Some(Path::new("/usr/lib/sendmail")));
    assert_eq!(alerting.snpp_host.as_deref(), Some("snpp.example.net"));
    let messages =
        |lines: &str| general(lines).diagnostics.into_iter().map(|d| (d.severity, d.message)).collect::<Vec<_>>();
    let warning = |message: &str| vec![(Severity::Warning, message.to_owned())];
    assert_eq!(messages("mailhost =\nmailpass =\n"), []);
    assert_eq!(messages("mailhost = a=b, c\n"), warning("`mailhost`: `a=b` is no host, and is left out"));
    let alone = "of `mailuser` and `mailpass` there is only one: nobody logs in to the mail host";
    assert_eq!(messages("mailuser = ann\n"), warning(alone));
    assert_eq!(messages("mailca = none\n"), warning("there is no file none with certificates"));
    assert_eq!(messages("mailtls = tls\n")[0].0, Severity::Error);
}

#[test]
fn mails_have_a_sender() {
    let read = |general: &str, alerts: &str| {
        read(&format!(
            "{general}*** Alerts ***\n{alerts}+ x\ntype = loss\npattern = >0%\ncomment = c\n*** Targets ***\nprobe = FPing\n\
             alerts = x\n+ A\nalertee = ann@example.net\nhost = a\n"
        ))
    };
    let from = |loaded: Loaded| plan(loaded).alerting.from;
    assert_eq!(from(read("", "from = s@example.net\n")).as_deref(), Some("s@example.net"));
    let loaded = read("*** General ***\ncontact = noc@example.net\n", "");
    assert_eq!(told(&loaded)[0].3, "there is no `from`: mails are sent as noc@example.net");
    assert_eq!(from(loaded).as_deref(), Some("noc@example.net"));
    assert_eq!(from(read("", "to = a@b\n")).as_deref(), Some("smokeprobe@localhost"));
    assert_eq!(alerts("to = lambda:p\n").diagnostics, []);
    assert_eq!(told(&alerts("to = snpp:1\n"))[0].3, "there is no `snpphost`: pages go to the machine itself");
}

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

/// A configuration with a secret in every place that can hold one, and with something wrong beside each.
const LEAKY: &str = "@define TOKEN s3cret-define\n*** General ***\nmailpass = s3cret-pass\nmailpass = s3cret-twice\nmailpas = s3cret-typo\n\
    mail pass = s3cret-blank\nmailuser = ann\nmailuser=s3cret-user=\n*** Alerts ***\nsecret=s3cret-equals=\n\
    to = nobody, dingtalk:s3cret-token, slack:T0/B0/s3cret-slack, telegram:1:s3cret-bot/x, telegram:s3cret-chatless, wecom:TOKEN, \
    https://hooks.example/s3cret-path, https://a:s3cret-user@b.example/, dingtak:s3cret-kind, alertmanager:http://am/s3cret-am\n\
    tto = feishu:s3cret-name\n+ x\ntype = loss\npattern = >0%\ncomment = c\nto = none, feishu:s3cret-own\nslack:T0/B0/s3cret-row\n\
    *** Recipients ***\n+ a\nto = https://hooks.example/s3cret-hook\nsecret = s3cret-sign\nAuthorization Bearer s3cret-header\n\
    X-Token=s3cret-long-long-long-long-long-long-long-long-long-long-long-long-long-long=\nX:Y \"s3cret-quoted b\"\ntimeout = x\n\
    endpoint = https://u:s3cret-endpoint@x/\n+ b\nto = wecom:s3cret-b, slack:s3cret-c\nsecret = s3cret-vain\n+ c\nto = nothing\n\
    +++ d\n*** Targets ***\nprobe = FPing\n+ A\nalertee = none, dingtalk:s3cret-alertee\nhost = a\nalerte = dingtalk:s3cret-alerte\n";

#[test]
fn no_secret_is_in_what_is_said_about_a_configuration() {
    let files = InMemory::default().with("config", LEAKY);
    let loaded = load_from(&files, Path::new("config"));
    assert!(loaded.diagnostics.len() > 20, "{:#?}", loaded.diagnostics);
    for format in [Format::Human, Format::Colour, Format::Json] {
        let (report, good) = check_from(&files, Path::new("config"), format);
        assert!(!good);
        let leak = report.lines().find(|line| line.contains("s3cret"));
        assert_eq!(leak, None, "{report}");
    }
    assert!(!format!("{loaded:?}").contains("s3cret"), "{loaded:#?}");
}

#[test]
fn no_secret_is_in_a_plan_that_is_printed() {
    let text = format!(
        "*** General ***\nmailuser = s3cret-user\nmailpass = s3cret-pass\n*** Alerts ***\nfrom = a@b\n\
         to = c@d, dingtalk:s3cret-token, telegram:1:s3cret-bot/x, https://u:s3cret@hooks.example/s3cret, a, |/bin/prog\n\
         + x\ntype = loss\npattern = >0%\ncomment = c\n*** Recipients ***\n+ a\nto = alertmanager:http://am/s3cret\n\
         Authorization \"Bearer s3cret\"\n{TARGETS}"
    );
    let files = InMemory::default().with("config", text);
    let plan = load_from(&files, Path::new("config")).plan.unwrap();
    assert_eq!(plan.alerting.recipients.len(), 6);
    assert!(!format!("{plan:?}").contains("s3cret"), "{plan:#?}");
    let (report, _) = check_from(&files, Path::new("config"), Format::Json);
    assert!(!report.contains("s3cret") && report.contains("\"dingtalk:…"), "{report}");
}

#[test]
fn lists_of_any_length_are_read_or_refused_in_bounded_time() {
    let long = alerts(&format!("to = {}\n", "a@b,".repeat(100_000)));
    assert_eq!(errors(&long), ["this list has 100001 recipients, more than 100"]);
    for text in ["<", "\"", "<a@b,", "https://a/,", "a:"] {
        assert_eq!(alerts(&format!("to = {}\n", text.repeat(50_000))).plan, None, "{text}");
    }
}

#[test]
fn one_recipient_can_be_read_alone() {
    use smokeprobe_server::config::recipient;
    let (id, found) = recipient("sns:arn:aws-cn:sns:cn-north-1:123456789012:netops").unwrap();
    assert_eq!(id, "sns:arn:aws-cn:sns:cn-north-1:123456789012:netops");
    assert_eq!(found.terms.rate, Some(60));
    assert!(recipient("dingtalk:s3cret x").unwrap_err().contains("no blanks"));
    assert!(recipient("ops").is_err() && recipient("").is_err());
}
