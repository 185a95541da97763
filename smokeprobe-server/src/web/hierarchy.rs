//! Hierarchies: other trees over the same sections, which say by `parents` where they stand in them.

use std::collections::HashMap;

use serde::Serialize;
use smokeprobe_core::TargetPath;

use crate::config::Plan;
use crate::config::plan::Node;

/// Folders in one another at most. What is to stand deeper stands in the last of them: whoever draws a tree goes down
/// level by level, and a path of a configuration may be as long as a line.
const DEEPEST: usize = 64;

/// What a path of a hierarchy names.
pub(super) enum Found<'a> {
    Section(&'a Node),
    Folder,
    Nothing,
}

/// A folder of a hierarchy, a section shown there, or both under one name. What the section is called beside, and the sections
/// below it, are not repeated: they are those of the configuration.
#[derive(Debug, Default, Serialize)]
pub(super) struct Branch<'a> {
    name: &'a str,
    /// The section that is shown here.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a TargetPath>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Branch<'a>>,
    /// Where each name is first among `children`.
    #[serde(skip)]
    places: HashMap<&'a str, usize>,
}

/// The section that a path of a hierarchy names: `Bob.Good` is the `Good` with `parents = owner:/Bob`, and `Bob.Good.A` the
/// `A` in it.
pub(super) fn find<'a>(plan: &'a Plan, hierarchy: &str, path: &TargetPath) -> Found<'a> {
    let wanted: Vec<&str> = path.names().collect();
    let mut found = Found::Nothing;
    for (node, parents) in members(plan, hierarchy) {
        let parents: Vec<&str> = folders(parents).collect();
        if parents.starts_with(&wanted) {
            found = Found::Folder;
        }
        let Some([first, below @ ..]) = wanted.strip_prefix(&parents[..]) else { continue };
        if *first != node.name {
            continue;
        }
        let inside = below.iter().try_fold(node, |node, name| node.children.iter().find(|child| child.name == *name));
        if let Some(inside) = inside {
            return Found::Section(inside);
        }
    }
    found
}

/// The whole of a hierarchy: folders and sections in the order of the configuration.
pub(super) fn tree<'a>(plan: &'a Plan, hierarchy: &str) -> Branch<'a> {
    let mut root = Branch::default();
    for (node, parents) in members(plan, hierarchy) {
        folders(parents).take(DEEPEST).fold(&mut root, Branch::folder).show(node);
    }
    root
}

/// The sections of a hierarchy, each with the path that it stands in.
fn members<'a>(plan: &'a Plan, hierarchy: &str) -> impl Iterator<Item = (&'a Node, &'a str)> {
    plan.nodes().flat_map(move |node| {
        let paths = node.parents.iter().filter(move |(known, _)| known == hierarchy);
        paths.map(move |(_, path)| (node, path.as_str()))
    })
}

fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

impl<'a> Branch<'a> {
    /// The folder called `name` in this one, made if need be.
    fn folder(&mut self, name: &'a str) -> &mut Self {
        let place = *self.places.entry(name).or_insert(self.children.len());
        if place == self.children.len() {
            self.children.push(Self { name, ..Self::default() });
        }
        &mut self.children[place]
    }

    /// Shows a section here. Two of one name are two branches.
    fn show(&mut self, node: &'a Node) {
        let last = self.children.len();
        let place = match self.places.get(node.name.as_str()) {
            Some(&place) if self.children[place].target.is_none() => place,
            _ => last,
        };
        self.places.entry(&node.name).or_insert(place);
        if place == last {
            self.children.push(Self { name: &node.name, ..Self::default() });
        }
        self.children[place].target = node.path.as_ref();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{InMemory, load_from};

    fn plan(targets: &str) -> Plan {
        let presentation = "*** Presentation ***\n+ hierarchies\n++ owner\ntitle = Owner\n++ place\ntitle = Place\n";
        let text = format!("{presentation}*** Targets ***\nprobe = FPing\n{targets}");
        load_from(&InMemory::default().with("config", text), "config".as_ref()).plan.unwrap()
    }

    fn owner(targets: &str) -> Value {
        serde_json::to_value(tree(&plan(targets), "owner")).unwrap()["children"].clone()
    }

    #[test]
    fn sections_stand_in_the_folders_they_name() {
        let shown = owner(
            "+ A\nmenu = An A\ntitle = The A\nparents = owner:/Bob/Servers place:/Paris\n+ B\n++ C\nhost = 192.0.2.1\n\
             parents = owner:/Bob owner:/\n",
        );
        let c = json!({"name": "C", "target": "B.C"});
        let a = json!({"name": "A", "target": "A"});
        let servers = json!({"name": "Servers", "children": [a]});
        assert_eq!(shown, json!([{"name": "Bob", "children": [servers, c]}, c]));
    }

    #[test]
    fn folder_and_section_of_one_name_are_one_branch_and_two_sections_are_two() {
        let section = "+ Bob\nparents = owner:/\n";
        let inside = "+ A\nparents = owner:/Bob\n";
        let bob = json!([{"name": "Bob", "target": "Bob", "children": [{"name": "A", "target": "A"}]}]);
        assert_eq!(owner(&format!("{section}{inside}")), bob);
        assert_eq!(owner(&format!("{inside}{section}")), bob);
        let twice = owner("+ A\n++ X\nparents = owner:/\n+ B\n++ X\nparents = owner:/\n");
        assert_eq!(twice, json!([{"name": "X", "target": "A.X"}, {"name": "X", "target": "B.X"}]));
    }

    #[test]
    fn path_of_thousands_of_folders_ends_at_the_deepest() {
        let shown = owner(&format!("+ A\nparents = owner:{}\n", "/x".repeat(5000)));
        let deepest = (1..DEEPEST).fold(&shown[0], |branch, _| &branch["children"][0]);
        assert_eq!(deepest["children"], json!([{"name": "A", "target": "A"}]));
    }
}
