//! Cases with what is expected of the two readers.

use crate::smokeping::Installation;

/// How the two verdicts relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Both accept, with the same meaning, or both refuse.
    Same,
    /// SmokePing refuses; we accept.
    Kinder,
    /// SmokePing accepts, and fails at its start or while it runs; we refuse.
    FoundEarlier,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    pub(crate) expected: Expected,
}

/// A configuration that both accept, by section.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) general: String,
    pub(crate) alerts: String,
    pub(crate) database: String,
    pub(crate) presentation: String,
    pub(crate) slaves: String,
    pub(crate) probes: String,
    pub(crate) targets: String,
}

impl Base {
    pub(crate) fn text(&self) -> String {
        let Self { general, alerts, database, presentation, slaves, probes, targets } = self;
        [general, alerts, database, presentation, slaves, probes, targets].map(String::as_str).concat()
    }
}

pub(crate) fn base(installation: &Installation) -> Base {
    let folder = installation.path();
    Base {
        general: format!(
            "*** General ***\nowner = Ann\ncontact = ann@example.net\ncgiurl = http://example.net/x.cgi\nimgurl = x\n\
             imgcache = {folder}/data\ndatadir = {folder}/data\npiddir = {folder}/data\nsmokemail = {folder}/mail\n"
        ),
        alerts: "*** Alerts ***\nto = ann@example.net\nfrom = bob@example.net\n+ lossy\ntype = loss\npattern = >0%\n\
                 comment = x\n"
            .to_owned(),
        database: "*** Database ***\nstep = 300\npings = 20\nAVERAGE 0.5 1 100\n".to_owned(),
        presentation: format!(
            "*** Presentation ***\ntemplate = {folder}/page.html\n+ overview\nwidth = 600\nheight = 50\nrange = 10h\n\
             + detail\nwidth = 600\nheight = 200\n\"Last 3 Hours\" 3h\n"
        ),
        slaves: format!("*** Slaves ***\nsecrets = {folder}/secrets\n+ boomer\ndisplay_name = b\ncolor = 0000ff\n"),
        probes: "*** Probes ***\n+ FPing\nbinary = /bin/true\n+ TCPPing\nbinary = /bin/true\nport = 81\n+ Curl\n\
                 binary = /bin/true\n"
            .to_owned(),
        targets: "*** Targets ***\nprobe = FPing\nmenu = Top\ntitle = Top\n+ A\nhost = 192.0.2.1\n".to_owned(),
    }
}

pub(crate) fn all(installation: &Installation) -> Vec<Case> {
    use Expected::{FoundEarlier, Kinder, Same};
    let base = base(installation);
    let mut cases = Vec::new();
    let mut add = |name, expected, edit: &dyn Fn(&mut Base)| {
        let mut edited = base.clone();
        edit(&mut edited);
        cases.push(Case { name, text: edited.text(), expected });
    };
    let folder = installation.path();
    add("base", Same, &|_| {});

    // Lines.
    let general = |line: &'static str| move |base: &mut Base| base.general.push_str(line);
    add("comment in quotes", Same, &general("owner2 = \"a # b\"\n"));
    add("continuation", Same, &general("display_name = a \\\n b # c\n"));
    add("continuation at the end of a comment is none", Same, &general("display_name = a # b \\\nmailhost = x\n"));
    add("CRLF", Same, &|base| base.general = base.general.replace('\n', "\r\n"));
    add("text line", Same, &general("some text\n"));
    add("no blank before =", Same, &general("mailhost=x\n"));
    add("two = without blanks", Same, &general("mailhost=a=b\n"));
    add("two = with a blank first", Same, &general("mailhost =a=b\n"));
    add("= alone", Same, &general("= x\n"));
    add("empty value", Same, &general("mailhost =\n"));
    add("indented", Same, &general("   mailhost   =   x   \n"));
    add("section without blanks", Same, &|base| {
        base.general = base.general.replace("*** General ***", "***General***");
    });
    add("section not closed", Same, &|base| base.general = base.general.replace("*** General ***", "*** General"));
    add("define", Same, &|base| base.general.insert_str(0, "@define JOE Ann Other\n"));
    add("define is a regular expression", Same, &|base| {
        base.general.insert_str(0, "@define ow.er owner\n");
        base.general = base.general.replace("\nowner =", "\nowxer =");
    });
    add("define without a value", Same, &|base| base.general.insert_str(0, "@define JOE\n"));
    add("include of a missing file", Same, &general("@include nowhere\n"));
    add("include without a name", Same, &general("@include\n"));
    add("variable before any section", Same, &|base| base.general.insert_str(0, "a = b\n"));
    add("section before any top section", Same, &|base| base.general.insert_str(0, "+ a\n"));

    // Sections.
    add("unknown variable", Same, &general("foo = 1\n"));
    add("unknown top section", Same, &|base| base.targets.push_str("*** Foo ***\n"));
    add("unknown section", Same, &|base| base.presentation.push_str("+ bogus\n"));
    add("section where none may be", Same, &general("+ a\n"));
    add("variable twice", Same, &general("owner = b\n"));
    add("section twice", Same, &|base| base.targets.push_str("+ A\n"));
    add("top section twice", Same, &|base| base.targets.push_str("*** General ***\n"));
    add("section named as a variable of its parent", Same, &|base| base.targets.push_str("++ host\n"));
    add("nested too deep", Same, &|base| base.targets.push_str("++++ x\n"));
    add("no targets", Same, &|base| base.targets.clear());
    add("targets before probes", Same, &|base| std::mem::swap(&mut base.targets, &mut base.probes));

    // General.
    for (name, line) in [("bad contact", "contact = nobody"), ("bad cgiurl", "cgiurl = ftp://x")] {
        add(name, Same, &|base| {
            let key = line.split(' ').next().unwrap();
            let old = base.general.lines().find(|known| known.starts_with(key)).unwrap().to_owned();
            base.general = base.general.replace(&old, line);
        });
    }
    add("offset without %", Same, &general("offset = 50\n"));
    add("offset", Same, &general("offset = 50%\n"));
    add("offset random", Same, &general("offset = random\n"));
    add("concurrentprobes", Same, &general("concurrentprobes = maybe\n"));
    add("linkstyle", Same, &general("linkstyle = original\n"));
    add("bad linkstyle", Same, &general("linkstyle = other\n"));
    add("precreateperms", Same, &general("precreateperms = 2755\n"));
    add("bad precreateperms", Same, &general("precreateperms = 9\n"));
    add("syslogfacility", Same, &general("syslogfacility = local 0\n"));
    add("missing image cache", Kinder, &|base| {
        base.general = base.general.replace(&format!("imgcache = {folder}/data"), "imgcache = /nowhere/at/all");
    });
    add("missing smokemail", Kinder, &|base| {
        base.general = base.general.replace(&format!("smokemail = {folder}/mail"), "smokemail = /nowhere/at/all");
    });
    add("missing folder for data", Kinder, &|base| {
        base.general = base.general.replace(&format!("datadir = {folder}/data"), &format!("datadir = {folder}/new"));
    });
    add("file for a data folder", Same, &|base| {
        base.general = base.general.replace(&format!("datadir = {folder}/data"), &format!("datadir = {folder}/mail"));
    });
    add("no owner", Kinder, &|base| base.general = base.general.replace("owner = Ann\n", ""));
    add("no General", Kinder, &|base| base.general.clear());

    // Database.
    let database =
        |from: &'static str, to: &'static str| move |base: &mut Base| base.database = base.database.replace(from, to);
    for (name, from, to) in [
        ("step 0", "step = 300", "step = 0"),
        ("step 1.5", "step = 300", "step = 1.5"),
        ("step abc", "step = 300", "step = abc"),
        ("step 60s", "step = 300", "step = 60s"),
        ("pings 2", "pings = 20", "pings = 2"),
        ("pings 5x", "pings = 20", "pings = 5x"),
        ("bad consolidation", "AVERAGE", "LAST"),
        ("xff 0", "0.5 1", "0 1"),
        ("xff 1", "0.5 1", "1 1"),
        ("three columns", "AVERAGE 0.5 1 100", "AVERAGE 0.5 1"),
        ("steps x", "0.5 1 100", "0.5 x 100"),
        ("quoted columns", "AVERAGE 0.5", "'AVERAGE' \"0.5\""),
    ] {
        add(name, Same, &database(from, to));
    }
    add("no Database", Kinder, &|base| base.database.clear());
    add("no step", Kinder, &database("step = 300\n", ""));

    // Presentation.
    let presentation = |line: &'static str| move |base: &mut Base| base.presentation.push_str(line);
    for (name, line) in [
        ("detail range", "\"x\" 3x\n"),
        ("unquoted text", "Last 3 Hours 3h\n"),
        ("escaped blanks", "Last\\ 3 3h\n"),
        ("unison_tolerance 1", "unison_tolerance = 1\n"),
        ("unison_tolerance 2x", "unison_tolerance = 2x\n"),
        ("nodata_color", "nodata_color = 00FF00\n"),
        ("logarithmic", "logarithmic = true\n"),
        ("max_rtt", "max_rtt = anything\n"),
        ("strftime", "strftime = %Y-%m-%d\n"),
        ("loss colors", "++ loss_colors\n0 00ff00 \"<0\"\n1.5 0000ff x\n"),
        ("loss colors, bad colour", "++ loss_colors\n0 00FF00 x\n"),
        ("uptime colors", "++ uptime_colors\n3600 00ff00 x\n"),
        ("uptime colors, short colour", "++ uptime_colors\n3600 00ff0 x\n"),
        ("multihost", "+ multihost\ncolors = ff0000 00ff00\n"),
        ("multihost, two blanks", "+ multihost\ncolors = ff0000  00ff00\n"),
        ("hierarchies", "+ hierarchies\n++ owner\ntitle = x\n"),
        ("hierarchies without title", "+ hierarchies\n++ owner\n"),
        ("charts", "+ charts\nmenu = c\ntitle = c\n++ a\nmenu = a\ntitle = a\nsorter = Max(entries=>5)\n"),
        (
            "charts, sorter with blanks",
            "+ charts\nmenu = c\ntitle = c\n++ a\nmenu = a\ntitle = a\nsorter = Max(entries => 5)\n",
        ),
        (
            "charts, sorter without blank before =",
            "+ charts\nmenu = c\ntitle = c\n++ a\nmenu = a\ntitle = a\nsorter=Max(entries=>5)\n",
        ),
        ("charts without title", "+ charts\nmenu = c\n"),
    ] {
        add(name, Same, &presentation(line));
    }
    add(
        "unknown sorter",
        FoundEarlier,
        &presentation("+ charts\nmenu = c\ntitle = c\n++ a\nmenu = a\ntitle = a\nsorter = Foo(entries=>5)\n"),
    );
    add("strftime that runs code", Same, &presentation("strftime = ', 1, die('x') , '\n"));
    add("no template", Kinder, &|base| base.presentation = base.presentation.replace("page.html", "nothing.html"));
    add("no Presentation", Kinder, &|base| base.presentation.clear());

    // Alerts.
    let alerts =
        |from: &'static str, to: &'static str| move |base: &mut Base| base.alerts = base.alerts.replace(from, to);
    for (name, from, to) in [
        ("to foo", "to = ann@example.net", "to = foo"),
        ("to a program", "to = ann@example.net", "to = |/bin/true"),
        ("to several", "to = ann@example.net", "to = ann@example.net, bob@example.net"),
        ("to nobody first", "to = ann@example.net", "to = foo, bob@example.net"),
        ("type", "type = loss", "type = foo"),
        ("no comment", "comment = x\n", ""),
        ("no pattern", "pattern = >0%\n", ""),
        ("pattern ends in a comma", "pattern = >0%", "pattern = >0%,"),
        ("priority 0", "comment = x", "comment = x\npriority = 0"),
        ("priority 1", "comment = x", "comment = x\npriority = 1"),
        ("edgetrigger", "comment = x", "comment = x\nedgetrigger = true"),
        ("matcher", "type = loss\npattern = >0%", "type = matcher\npattern = CheckLoss(l=>10,x=>2)"),
        ("rtt", "type = loss\npattern = >0%", "type = rtt\npattern = <10,<10,>100"),
        ("missing mailtemplate", "comment = x", "comment = x\nmailtemplate = /nowhere/at/all"),
    ] {
        add(name, Same, &alerts(from, to));
    }
    add("pattern without %", FoundEarlier, &alerts(">0%", ">0"));
    add(
        "unknown matcher",
        FoundEarlier,
        &alerts("type = loss\npattern = >0%", "type = matcher\npattern = Checkloss(l=>10)"),
    );
    add(
        "matcher with an unknown key",
        FoundEarlier,
        &alerts("type = loss\npattern = >0%", "type = matcher\npattern = CheckLoss(l=>1,x=>1,y=>1)"),
    );
    add("to a pager", Kinder, &alerts("to = ann@example.net", "to = snpp:12345"));
    // Ours.
    for (name, to) in [
        ("to a topic", "sns:arn:aws-cn:sns:cn-north-1:123456789012:netops"),
        ("to a function", "lambda:pager"),
        ("to a web address", "https://hooks.example.net/x"),
        ("to a chat", "dingtalk:TOKEN"),
    ] {
        add(name, Kinder, &|base| base.alerts = base.alerts.replace("to = ann@example.net", &format!("to = {to}")));
    }
    for (name, lines) in [
        ("semantics", "comment = x\nsemantics = legacy"),
        ("repeat", "comment = x\nrepeat = 1h"),
        ("remind", "comment = x\nedgetrigger = yes\nremind = 1h"),
    ] {
        add(name, Kinder, &|base| base.alerts = base.alerts.replace("comment = x", lines));
    }
    for (name, rule) in [
        ("nodata", "type = nodata\npattern = 3"),
        ("jitter", "type = jitter\npattern = >5"),
        ("baseline", "type = baseline\npattern = deviations=>4,above=>10"),
    ] {
        add(name, Kinder, &|base| base.alerts = base.alerts.replace("type = loss\npattern = >0%", rule));
    }
    add("a section of recipients", Kinder, &|base| {
        base.alerts.push_str("*** Recipients ***\n+ pager\nto = lambda:pager\n");
    });
    add("a section of maintenance", Kinder, &|base| {
        base.alerts.push_str("*** Maintenance ***\n+ night\nzone = UTC\nweekly = Sun 02:00-04:00\n");
    });
    add("mailtls", Kinder, &general("mailtls = starttls\n"));
    add("depends", Kinder, &|base| base.targets.push_str("+ B\ndepends = /A\nhost = b\n"));
    add("labels", Kinder, &|base| base.targets.push_str("labels = site=bj\n"));
    add("no Alerts", Same, &|base| base.alerts.clear());

    // Slaves.
    let slaves =
        |from: &'static str, to: &'static str| move |base: &mut Base| base.slaves = base.slaves.replace(from, to);
    add("colour in upper case", Same, &slaves("0000ff", "0000FF"));
    add("slave with dots", Same, &slaves("boomer", "boomer.example.net"));
    add("slave without colour", Same, &slaves("color = 0000ff\n", ""));
    add("override", Same, &slaves("color = 0000ff\n", "color = 0000ff\n++ override\nProbes.FPing.binary = /x\n"));
    add("timeout of slaves", Kinder, &slaves("+ boomer", "timeout = 5\n+ boomer"));
    add("secrets open to all", Same, &|base| base.slaves = base.slaves.replace("/secrets", "/page.html"));
    add("secrets missing, no slave in use", Kinder, &slaves("/secrets", "/nothing"));
    add("secrets missing, a slave in use", Same, &|base| {
        base.slaves = base.slaves.replace("/secrets", "/nothing");
        base.targets.push_str("slaves = boomer\n");
    });

    // Probes.
    let probes = |line: &'static str| {
        move |base: &mut Base| base.probes = base.probes.replace("+ TCPPing\n", &format!("{line}+ TCPPing\n"))
    };
    for (name, line) in [
        ("packetsize", "packetsize = 1000\n"),
        ("packetsize 5", "packetsize = 5\n"),
        ("tos", "tos = 0x10\n"),
        ("tos 12foo", "tos = 12foo\n"),
        ("tos foo", "tos = foo\n"),
        ("blazemode", "blazemode = true\n"),
        ("blazemode yes", "blazemode = yes\n"),
        ("hostinterval", "hostinterval = .5\n"),
        ("hostinterval 5.", "hostinterval = 5.\n"),
        ("step of a probe", "step = 60\n"),
        ("offset of a probe", "offset = 10%\n"),
        ("bad offset of a probe", "offset = 10\n"),
        ("pings of a probe", "pings = 5\n"),
        ("sourceaddress", "sourceaddress = 192.0.2.9\n"),
        ("bad sourceaddress", "sourceaddress = here\n"),
        ("unknown variable of a probe", "fooo = 1\n"),
        ("instances", "++ FPing1\n++ FPingBig\npacketsize = 2000\n"),
    ] {
        add(name, Same, &probes(line));
    }
    add("variable of another probe", Kinder, &probes("port = 80\n"));
    add("instances, the template is no probe", Same, &probes("++ FPingBig\n"));
    add("an instance in use", Same, &|base| {
        base.probes = base.probes.replace("+ TCPPing\n", "step = 60\npings = 7\n++ Big\npings = 9\n+ TCPPing\n");
        base.targets = base.targets.replace("probe = FPing", "probe = Big");
    });
    add("a module that nobody has", Kinder, &|base| base.probes.push_str("+ Speedtest\nbinary = /x\n"));
    add("no Probes", Kinder, &|base| base.probes.clear());
    add("no binary", Kinder, &|base| base.probes = base.probes.replace("+ FPing\nbinary = /bin/true\n", "+ FPing\n"));

    // Targets.
    let targets = |lines: &'static str| move |base: &mut Base| base.targets.push_str(lines);
    for (name, lines) in [
        ("alerts", "alerts = lossy\n"),
        ("alerts taken away", "alerts = lossy\n++ B\nalerts =\nhost = b\n+++ C\nhost = c\n"),
        ("alertee", "alertee = ann@example.net, |/bin/true\n"),
        ("bad alertee", "alertee = foo\n"),
        ("email", "email = Ann <ann@example.net>\n"),
        ("bad email", "email = ann@example.net\n"),
        ("bad parents", "parents = owner\n"),
        ("hide true", "hide = true\n"),
        ("rawlog", "rawlog = %Y-%m-%d\n"),
        ("rawlog that runs code", "rawlog = ', die('x'), '\n"),
        ("slaves", "slaves = boomer\n"),
        ("nomasterpoll", "slaves = boomer\nnomasterpoll = yes\n++ B\nhost = b\n"),
        ("note", "note = x\nremark = y\nmenuextra = z\n"),
        ("name with a dot", "+ A.b\n"),
        ("name with a blank", "+ A b\n"),
        ("name that is not ASCII", "+ \u{5317}\u{4eac}\n"),
        ("PROBE_CONF", "++ PROBE_CONF\n"),
        ("unknown probe", "+ B\nprobe = Foo\nhost = b\n"),
        ("probe after host", "+ B\nhost = b\nprobe = TCPPing\n"),
        ("probe after a variable of a probe", "+ B\nprobe = TCPPing\nport = 1\n++ C\nport = 2\nprobe = TCPPing\n"),
        ("probe after menu", "+ B\nmenu = x\nprobe = TCPPing\nhost = b\n"),
        (
            "variables of a probe are inherited",
            "+ B\nprobe = TCPPing\nport = 443\npings = 4\n++ C\nhost = c\n++ D\nport = 8\nhost = d\n",
        ),
        ("defaults of the Probes section", "+ B\nprobe = TCPPing\nhost = b\n"),
        (
            "another probe below",
            "+ B\nprobe = TCPPing\nport = 443\npings = 6\n++ C\nprobe = FPing\nhost = c\n+++ D\nprobe = TCPPing\nhost = d\n",
        ),
        ("mandatory variable missing", "+ B\nprobe = Curl\nhost = b\n"),
        ("mandatory variable missing without host", "+ B\nprobe = Curl\n"),
        ("mandatory variable from above", "+ B\nprobe = Curl\nurlformat = http://%host%/\n++ C\nhost = c\n"),
        ("port too large", "+ B\nprobe = TCPPing\nport = 65536\nhost = b\n"),
        ("host and children", "++ B\nhost = b\n"),
        ("multihost", "+ M\nhost = /A /A~boomer\n"),
        ("dynamic", "+ M\nhost = DYNAMIC\n+ N\nhost = DYNAMIC/abc\n"),
        ("ip6", "+ M\nhost = 2001:db8::1\n"),
        ("unknown variable of a target", "foo = 1\n"),
        ("influx", "influx_location = x\n"),
    ] {
        let expected = match name {
            // Newer than the program that Debian has.
            "influx" => Kinder,
            _ => Same,
        };
        add(name, expected, &targets(lines));
    }
    add("a section named as an inherited variable", Kinder, &targets("alerts = lossy\n++ B\n+++ alerts\nhost = b\n"));
    add("list of alerts that ends in a comma", Kinder, &targets("alerts = lossy,\n"));
    add("two alerts with a blank", Kinder, &targets("alerts = lossy, lossy\n"));
    add("unknown alert", FoundEarlier, &targets("alerts = lossi\n"));
    add("unknown slave", FoundEarlier, &targets("slaves = nobody\n"));
    add("unknown hierarchy", FoundEarlier, &targets("parents = owner:/Bob\n"));
    add("port for FPing", Kinder, &targets("port = 53\n"));
    add("pings for FPing", Kinder, &targets("pings = 5\n"));
    add("packetsize for FPing", Kinder, &targets("packetsize = 500\n"));
    add("host at the top", Same, &|base| base.targets = base.targets.replace("title = Top", "title = Top\nhost = x"));
    add("hide at the top", Same, &|base| base.targets = base.targets.replace("title = Top", "title = Top\nhide = yes"));
    add("alerts with a blank at the top", Same, &|base| {
        base.alerts.push_str("+ other\ntype = rtt\npattern = >10\ncomment = x\n");
        base.targets = base.targets.replace("title = Top", "title = Top\nalerts = lossy, other");
    });
    add("no menu and title at the top", Kinder, &|base| {
        base.targets = base.targets.replace("menu = Top\ntitle = Top\n", "");
    });
    add("a round that does not fit", FoundEarlier, &|base| {
        base.database = base.database.replace("step = 300", "step = 10");
    });
    cases
}
