//! Recipients: ways, terms, sections of their own, and what cannot be told.

use std::path::Path;
use std::time::Duration;

use smokeprobe_alerts::notify::Secret;
use smokeprobe_alerts::{RecipientId, Terms};
use smokeprobe_server::config::Severity;
use smokeprobe_server::config::plan::Way;

use crate::{TARGETS, alerts, errors, plan, read, to, told, way};

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
