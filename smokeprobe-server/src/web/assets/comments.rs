//! Scripts without their comments: half of what a module has is for those who read it, and a browser does not.

use std::sync::LazyLock;

use regex::Regex;

/// The type of something, within a line: `/** @type {A} */`.
#[expect(clippy::unwrap_used, reason = "the pattern is the one right here, and a test runs it")]
static TYPE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"/\*\* @(?:type|param)\b[^*\n]*\*/ ?").unwrap());

/// `script` without types, without the comments that fill whole lines, and without its indentation. Lines stay where they are, so
/// that a browser tells of a fault by the line of the source; other comments within a line stay, and what a template holds.
pub(super) fn left_out(script: &str) -> String {
    let script = TYPE.replace_all(script, "");
    let mut out = String::with_capacity(script.len());
    let (mut in_comment, mut in_template) = (false, false);
    for line in script.lines() {
        let text = line.trim_start();
        if in_comment {
            in_comment = !text.trim_end().ends_with("*/");
        } else if in_template {
            out.push_str(line);
            in_template = !ends_template(line);
        } else if text.starts_with("/*") && !text.trim_end().trim_end_matches("*/").contains("*/") {
            in_comment = !text.trim_end().ends_with("*/");
        } else if !text.starts_with("//") {
            out.push_str(text);
            in_template = ends_template(line);
        }
        out.push('\n');
    }
    out
}

/// Whether a template that began before `line` ends in it, or one that begins in it goes on: an odd number of backticks.
fn ends_template(line: &str) -> bool {
    line.matches('`').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_of_comments_go_and_lines_keep_their_numbers() {
        let script = "// What it is.\n\n/**\n * @param {number} a\n */\nexport function f(a) {\n  // Why.\n  return a; // here\n}\n";
        assert_eq!(left_out(script), "\n\n\n\n\nexport function f(a) {\n\nreturn a; // here\n}\n");
    }

    #[test]
    fn types_within_a_line_go() {
        let script = "const a = f(/** @type {any} */ (b), (/** @param {C} c */ c) => c);\nconst d = \"/** e */\";\n";
        assert_eq!(left_out(script), "const a = f((b), (c) => c);\nconst d = \"/** e */\";\n");
    }

    #[test]
    fn code_behind_a_comment_and_what_a_template_holds_stay() {
        for script in [
            "/* a */ f(); /* b */\n",
            "const a = \"// no comment\";\n",
            "html`<p>\n  // a text\n  /* another */\n  </p>`;\n",
        ] {
            assert_eq!(left_out(script), script);
        }
    }
}
