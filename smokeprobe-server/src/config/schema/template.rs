//! Files with the text of mails.

use std::path::PathBuf;

use smokeprobe_alerts::notify::smtp::{TEMPLATE_AT_MOST, TemplateFault, check_template};

use super::super::source::Text;
use super::super::tree::clipped;
use super::Context;

/// The template of a mail: header lines, one of them `Subject:`, an empty line, the text. What is one is for those who
/// send it to say.
pub(super) fn mail(value: &Text, cx: &mut Context<'_>) -> Option<PathBuf> {
    let name = clipped(&value.text);
    let (message, help) = match cx.files.read(&cx.path(value), TEMPLATE_AT_MOST + 1).map(check_template) {
        Ok(Ok(())) => return Some(cx.path(value)),
        Ok(Err(TemplateFault::NoHeader(line))) => (
            format!("the mail template {name} has no mail headers at its top"),
            format!("`{}` is no header; write `Subject: …` and an empty line first", clipped(&line)),
        ),
        Ok(Err(TemplateFault::NoSubject)) => (
            format!("the mail template {name} has no `Subject:`"),
            "start it with a line such as `Subject: [alert] <##ALERT##> <##WHAT##> on <##LINE##>`".to_owned(),
        ),
        Ok(Err(fault)) => (
            format!("cannot use the mail template {name}: {fault}"),
            "without `mailtemplate` a built-in text is sent".to_owned(),
        ),
        Err(error) => (
            format!("cannot read the mail template {name}: {}", super::super::lexer::plain(&error)),
            "without `mailtemplate` a built-in text is sent".to_owned(),
        ),
    };
    cx.problems.error(value.span, message).help(help);
    None
}
