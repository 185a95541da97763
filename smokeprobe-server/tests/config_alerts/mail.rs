//! How mails and pages go out, and who sends them.

use std::path::Path;

use smokeprobe_alerts::notify::Secret;
use smokeprobe_server::config::plan::MailTls;
use smokeprobe_server::config::{InMemory, Loaded, Severity, load_from};

use crate::{TARGETS, alerts, plan, read, told};

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
