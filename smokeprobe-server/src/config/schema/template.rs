//! Files with the text of mails.

use std::path::PathBuf;

use super::super::source::Text;
use super::super::tree::clipped;
use super::Context;

/// The template of a mail: header lines, one of them `Subject:`, an empty line, the text.
pub(super) fn mail(value: &Text, cx: &mut Context<'_>) -> Option<PathBuf> {
    const LONGEST: u64 = 1 << 20;
    let bytes = match cx.files.read(&cx.path(value), LONGEST) {
        Ok(bytes) => bytes,
        Err(error) => {
            let reason = super::super::lexer::plain(&error);
            cx.problems
                .error(value.span, format!("cannot read the mail template {}: {reason}", clipped(&value.text)))
                .help("without `mailtemplate` a built-in text is sent");
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let headers: Vec<_> = text.lines().take_while(|line| !line.trim().is_empty()).collect();
    let header = |line: &&str| {
        line.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
    };
    if let Some(bad) = headers.iter().find(|line| !header(line) && !line.starts_with([' ', '\t'])) {
        cx.problems
            .error(value.span, format!("the mail template {} has no mail headers at its top", clipped(&value.text)))
            .help(format!("`{}` is no header; write `Subject: …` and an empty line first", clipped(bad)));
        return None;
    }
    if !headers.iter().any(|line| line.starts_with("Subject:")) {
        cx.problems
            .error(value.span, format!("the mail template {} has no `Subject:`", clipped(&value.text)))
            .help("start it with a line such as `Subject: [alert] <##ALERT##> <##WHAT##> on <##LINE##>`");
        return None;
    }
    Some(cx.path(value))
}
