//! No secret is in what people are shown.

use std::path::Path;

use smokeprobe_server::config::{Format, InMemory, check_from, load_from};

use crate::TARGETS;

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
