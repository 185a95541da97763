//! `*** General ***`.

use std::path::Path;

use super::super::check::{Check, OFFSET, Verdict, YES_NO};
use super::super::grammar::{Rules, Sections, examine, rule};
use super::super::plan::{General, Mail, Offset};
use super::super::source::{FileKind, Text};
use super::super::tree::{Section, clipped};
use super::Context;
use super::mail::{self, MAILTLS};

/// Where the RRD files are unless `datadir` says.
const DEFAULT_DATADIR: &str = "/var/lib/smokeprobe";

/// What only the old programs needed (`imgcache`, `smokemail`, …) is known, may be missing, and is not looked at.
const RULES: Rules = Rules {
    variables: &[
        rule("owner", Check::Any),
        rule("imgcache", Check::Any),
        rule("imgurl", Check::Any),
        rule("datadir", FOLDER),
        rule("dyndir", FOLDER),
        rule("pagedir", Check::Any),
        rule("piddir", Check::Any),
        rule("sendmail", Check::Any),
        rule("smokemail", Check::Any),
        rule("tmail", Check::Any),
        rule("cgiurl", Check::With(url)),
        rule("contact", Check::With(contact)),
        rule("mailhost", Check::Any),
        rule("mailuser", Check::Any),
        rule("mailpass", Check::Any),
        rule("mailtls", MAILTLS),
        rule("mailca", Check::Any),
        rule("snpphost", Check::Any),
        rule("display_name", Check::Any),
        rule("syslogfacility", WORD),
        rule("syslogpriority", WORD),
        rule("offset", OFFSET),
        rule("concurrentprobes", YES_NO),
        rule("changeprocessnames", YES_NO),
        rule("changecgiprogramname", YES_NO),
        rule("linkstyle", Check::OneOf(&["absolute", "relative", "original"])),
        rule("precreateperms", Check::With(octal)),
    ],
    table: None,
    sections: Sections::None,
};

const FOLDER: Check = Check::With(|value| Verdict::good_if(!value.is_empty(), "the path of a folder"));
const WORD: Check = Check::With(|value| {
    let word = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    Verdict::good_if(word, "one word of letters and digits")
});

fn url(value: &str) -> Verdict {
    let rest = value.strip_prefix("http://").or_else(|| value.strip_prefix("https://"));
    let good = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(super::super::lexer::blank));
    Verdict::good_if(good, "an address such as `https://example.net/smokeping.cgi`")
}

fn contact(value: &str) -> Verdict {
    let address = value.split_once('@').is_some_and(|(name, place)| !name.is_empty() && !place.is_empty());
    Verdict::good_if(
        address && !value.contains(super::super::lexer::blank),
        "a mail address such as `name@example.net`",
    )
}

fn octal(value: &str) -> Verdict {
    let good = !value.is_empty() && value.bytes().all(|b| matches!(b, b'0'..=b'7'));
    Verdict::good_if(good, "permissions in octal, such as `2755`")
}

/// What the rest needs to know of the section besides [`General`].
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// Where rounds start unless a probe says.
    pub(crate) offset: Offset,
    /// Probes may have a step and an offset of their own.
    pub(crate) concurrent: bool,
}

/// What the section says: of all, of when to measure, of how mail leaves, and of the host of pagers.
pub(super) fn read(section: Option<&Section>, cx: &mut Context<'_>) -> (General, Timing, (Mail, Option<String>)) {
    let mut telling = (Mail::default(), None);
    let mut general = General { datadir: DEFAULT_DATADIR.into(), ..General::default() };
    let mut timing = Timing { offset: Offset::Random, concurrent: true };
    if let Some(section) = section {
        let values = examine(section, &RULES, cx.problems);
        if let Some(datadir) = values.text("datadir") {
            general.datadir = cx.path(datadir);
            match cx.files.kind(&general.datadir) {
                FileKind::Folder => {}
                FileKind::File { .. } => {
                    let message = format!("`datadir` is {}, which is a file", general.datadir.display());
                    cx.problems.error(datadir.span, message).help("name a folder; it is made when it is missing");
                }
                FileKind::Missing => missing_folder(datadir, &general.datadir, cx),
            }
        }
        general.owner = values.string("owner");
        general.contact = values.string("contact");
        general.cgiurl = values.string("cgiurl");
        general.display_name = values.string("display_name").filter(|name| !name.is_empty());
        general.dyndir = values.text("dyndir").map(|dyndir| cx.path(dyndir)).unwrap_or_default();
        timing.offset = values.text("offset").map_or(Offset::Random, |text| super::probes::offset(&text.text));
        telling = mail::read(&values, cx);
        timing.concurrent = values.yes("concurrentprobes").unwrap_or(true);
    }
    if general.dyndir.as_os_str().is_empty() {
        general.dyndir.clone_from(&general.datadir);
    }
    (general, timing, telling)
}

/// Warns of a folder that will have to be made, when the one above it is missing too: that is rarely meant.
fn missing_folder(value: &Text, path: &Path, cx: &mut Context<'_>) {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    if above.is_some_and(|above| cx.files.kind(above) != FileKind::Folder) {
        cx.problems
            .warn(value.span, format!("the folder `{}` does not exist", clipped(&value.text)))
            .help("it is made at the start, with the folders above it");
    }
}
