//! `*** InfluxDB ***`: checked, and not used.

use super::super::check::{Check, Verdict, perl_number};
use super::super::grammar::{Rules, Sections, examine, must, rule};
use super::super::tree::Section;
use super::Context;

const RULES: Rules = Rules {
    variables: &[
        must("host", WORD),
        rule("port", Check::With(port)),
        rule("timeout", Check::Whole(1)),
        must("database", WORD),
        rule("username", WORD),
        rule("password", WORD),
    ],
    table: None,
    sections: Sections::None,
};

const WORD: Check = Check::With(|value| {
    Verdict::good_if(!value.is_empty() && !value.contains(super::super::lexer::blank), "one word without blanks")
});

fn port(value: &str) -> Verdict {
    Verdict::good_if((1.0..=65535.0).contains(&perl_number(value)), "a port number from 1 to 65535")
}

pub(super) fn read(section: Option<&Section>, cx: &mut Context<'_>) {
    let Some(section) = section else { return };
    examine(section, &RULES, cx.problems);
    cx.problems
        .warn(section.name.span, "nothing is sent to InfluxDB")
        .help("let Prometheus or Telegraf read `/metrics`");
}
