//! Which modules the page needs at once: told to the browser in the page, so that it asks for all of them together, not
//! for each once the one before has named it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// `import … from "./x.js"`, `import "./x.js"` and `export … from "./x.js"` at the start of a line. What a function imports
/// later begins with none of these.
#[expect(clippy::unwrap_used, reason = "the pattern is the one right here, and a test runs it")]
static IMPORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?m)^(?:import|export)\s(?:[^;"]*?\sfrom\s+)?"(\.[^"]+\.js)""#).unwrap());

/// The names of `first` and of all modules that it imports, directly or not. `read` gives the text of a file.
pub(super) fn needed(first: &str, read: impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::from([first.to_owned()]);
    let mut pending = vec![first.to_owned()];
    while let Some(name) = pending.pop() {
        let Some(text) = read(&name) else { continue };
        for import in IMPORT.captures_iter(&text) {
            let imported = beside(&name, &import[1]);
            if found.insert(imported.clone()) {
                pending.push(imported);
            }
        }
    }
    found
}

/// The file that `name` calls `relative`.
fn beside(name: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_through_each_other_and_what_comes_later_is_not() {
        let read = |name: &str| {
            let text = match name {
                "app.js" => {
                    "import { a,\n  b } from \"./side/side.js\";\nimport \"./x.js\";\nconst l = import(\"./late.js\");\n"
                }
                "side/side.js" => {
                    "// import \"./no.js\"\nexport { c } from \"../chart/c.js\";\nimport { x } from \"../app.js\";\n"
                }
                "chart/c.js" | "x.js" => "export const c = \"./none.js\";\n",
                _ => panic!("{name} is not asked for"),
            };
            Some(text.to_owned())
        };
        let found = needed("app.js", read);
        assert_eq!(Vec::from_iter(found), ["app.js", "chart/c.js", "side/side.js", "x.js"]);
    }
}
