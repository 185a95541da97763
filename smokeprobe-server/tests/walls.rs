//! The house's walls: who may depend on whom, what the libraries' public APIs may name, who may read a clock, and where
//! `unsafe` may be. See ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates that each library may name in public: its own kind, and what the house lists.
const PUBLIC: [(&str, &[&str]); 3] = [
    ("smokeprobe-core", &["std", "core", "alloc", "async_trait", "serde", "serde_core"]),
    ("smokeprobe-store", &["std", "core", "alloc", "async_trait", "serde", "serde_core", "smokeprobe_core"]),
    ("smokeprobe-alerts", &["std", "core", "alloc", "async_trait", "serde", "serde_core", "smokeprobe_core"]),
];

/// Where a clock may be read and a thread or task may sleep.
const CLOCKS: [&str; 7] = [
    "smokeprobe-core/src/clock.rs",
    "smokeprobe-core/src/probe/paced.rs",
    "smokeprobe-core/src/net/driver.rs",
    "smokeprobe-core/src/engine.rs",
    // Behind the feature `test-util`: the virtual time of tests.
    "smokeprobe-core/src/sim/clock.rs",
    "smokeprobe-core/src/sim/probe.rs",
    "smokeprobe-server/src/timer.rs",
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn cargo(args: &[&str]) -> Vec<u8> {
    let top = workspace();
    let output = Command::new(env!("CARGO"))
        .args(args)
        .env("RUSTDOC", top.join("scripts/rustdoc-json"))
        .current_dir(top)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn metadata() -> Value {
    serde_json::from_slice(&cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"])).unwrap()
}

#[test]
fn crates_depend_only_downwards() {
    let metadata = metadata();
    let mut ours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let siblings = package["dependencies"].as_array().unwrap().iter().filter_map(|dependency| {
            // Tests may look further: a crate's own test utilities come in as a dependency on itself.
            let name = dependency["name"].as_str().unwrap();
            (name.starts_with("smokeprobe-") && dependency["kind"].is_null()).then_some(name)
        });
        ours.insert(package["name"].as_str().unwrap(), siblings.collect());
    }
    assert_eq!(ours["smokeprobe-core"], BTreeSet::new());
    assert_eq!(ours["smokeprobe-store"], BTreeSet::from(["smokeprobe-core"]));
    assert_eq!(ours["smokeprobe-alerts"], BTreeSet::from(["smokeprobe-core"]));
    for (name, siblings) in &ours {
        let only_measures = *name == "smokeprobe-benches";
        assert!(only_measures || !siblings.contains("smokeprobe-server"), "{name} imports the server");
    }
}

#[test]
fn public_apis_name_nothing_that_could_not_be_replaced() {
    let metadata = metadata();
    let target = Path::new(metadata["target_directory"].as_str().unwrap());
    let mut doc = vec!["doc", "--quiet", "--offline", "--no-deps", "--lib"];
    doc.extend(PUBLIC.iter().flat_map(|(package, _)| ["-p", *package]));
    cargo(&doc);
    for (package, allowed) in PUBLIC {
        let file = target.join("doc").join(package.replace('-', "_")).with_extension("json");
        let doc: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let mut named = BTreeMap::new();
        for (id, item) in doc["index"].as_object().unwrap() {
            let imp = &item["inner"]["impl"];
            let made_by_the_compiler = imp["is_synthetic"] == true || !imp["blanket_impl"].is_null();
            if item["crate_id"] == 0 && !made_by_the_compiler {
                paths(&item["inner"], &mut |path| named.insert(path.to_string(), id.clone()));
            }
        }
        assert!(!named.is_empty(), "{} has no items", file.display());
        for path in named.keys() {
            let Some(krate) = doc["paths"][path]["crate_id"].as_u64().filter(|krate| *krate != 0) else {
                continue;
            };
            let krate = doc["external_crates"][krate.to_string()]["name"].as_str().unwrap();
            let what = &doc["paths"][path]["path"];
            let whose = &doc["index"][&named[path]]["name"];
            assert!(allowed.contains(&krate), "{package} names {what} in public, in {whose}");
        }
    }
}

/// Every path that a piece of rustdoc's JSON refers to.
fn paths(json: &Value, found: &mut impl FnMut(&str) -> Option<String>) {
    match json {
        Value::Object(object) => {
            if let (Some(Value::Number(id)), true) = (object.get("id"), object.contains_key("path")) {
                found(&id.to_string());
            }
            object.values().for_each(|value| paths(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| paths(value, found)),
        _ => {}
    }
}

#[test]
fn clocks_are_read_where_the_house_says() {
    // Clippy finds every reading of a clock; this finds every permission.
    let readers: Vec<String> = sources()
        .filter(|(name, text)| {
            !name.contains("/tests/")
                && !name.ends_with("/testing.rs")
                && code(text).contains("clippy::disallowed_methods")
        })
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("smokeprobe-"))
        .collect();
    for reader in &readers {
        assert!(CLOCKS.contains(&reader.as_str()), "{reader} may read no clock: take the Clock that is handed in");
    }
    assert!(readers.contains(&CLOCKS[0].to_string()), "{readers:?}");
}

/// `deny.toml` says why; cargo-deny reads it where it is installed, this test everywhere.
#[test]
fn nothing_banned_came_in() {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    let packages = lock.split("[[package]]").filter_map(|package| {
        let field =
            |name: &str| package.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_matches('"'));
        Some((field("name = ")?, field("version = ")?))
    });
    let mut count = 0;
    for (name, version) in packages {
        count += 1;
        let banned = match name {
            "native-tls" | "openssl-sys" | "hickory-client" => true,
            "rustls" => version.starts_with("0.2") && !version.starts_with("0.23."),
            "hyper" => version.starts_with("0."),
            "hickory-proto" | "hickory-resolver" => version.starts_with("0.25.") || version == "0.26.0",
            "socket2" => version.starts_with("0.4."),
            _ => false,
        };
        assert!(!banned, "{name} {version} is banned: see deny.toml");
    }
    assert!(count > 100, "{count} packages in Cargo.lock");
}

#[test]
fn config_and_graph_could_leave_the_server_by_a_plain_move() {
    for (name, text) in sources() {
        let Some(path) = name.strip_prefix("smokeprobe-server/src/") else { continue };
        let Some(own) = ["config", "graph"].into_iter().find(|own| path.starts_with(own)) else { continue };
        for (at, line) in text.lines().enumerate() {
            let foreign = line.match_indices("crate::").any(|(found, _)| {
                let rest = &line[found + "crate::".len()..];
                !rest.starts_with(own)
            });
            assert!(!foreign, "{name}:{} imports more of the server than {own}", at + 1);
        }
    }
}

/// What two rooms need of each other is a room of its own.
#[test]
fn rooms_of_the_server_import_in_one_direction() {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources() {
        let Some(path) = name.strip_prefix("smokeprobe-server/src/") else { continue };
        let room = path.split(['/', '.']).next().unwrap();
        // Tests may look further; the crate's root has all.
        if path.contains("/tests") || ["lib", "main"].contains(&room) {
            continue;
        }
        let lines = code(&text).lines().filter(|line| !line.trim_start().starts_with("//"));
        let imports = rooms.entry(room.to_owned()).or_default();
        imports.extend(imported(&lines.collect::<String>()));
        imports.remove(room);
    }
    let known: BTreeSet<String> = rooms.keys().cloned().collect();
    for imports in rooms.values_mut() {
        imports.retain(|name| known.contains(name));
    }
    assert!(rooms["web"].contains("alerting") && rooms["run"].contains("web"), "{rooms:?}");
    while let Some(done) = rooms.iter().find(|(_, imports)| imports.is_empty()).map(|(room, _)| room.clone()) {
        rooms.remove(&done);
        for imports in rooms.values_mut() {
            imports.remove(&done);
        }
    }
    assert!(rooms.is_empty(), "these rooms import each other in a circle: {rooms:?}");
}

/// The rooms that code names: one in `crate::room::thing`, each in `crate::{room, other::thing}`.
fn imported(code: &str) -> impl Iterator<Item = String> {
    let name = |path: &str| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.match_indices("crate::").flat_map(move |(at, found)| {
        let rest = &code[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
        let mut depth = 0;
        let ours = group.split_inclusive(['{', '}', ',']).take_while(|part| {
            let open = depth >= 0;
            depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
            open
        });
        ours.map(name).collect()
    })
}

#[test]
fn unsafe_code_is_explained() {
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let opens = line.contains("unsafe {") && !line.trim_start().starts_with("//");
            let explained = lines[at.saturating_sub(8)..=at].iter().any(|line| line.contains("// SAFETY:"));
            assert!(!opens || explained, "{name}:{} has an unsafe block without a `// SAFETY:` comment", at + 1);
        }
    }
}

/// The part of a file before its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// Every Rust file of the workspace, with its path from the top.
fn sources() -> impl Iterator<Item = (String, String)> {
    let top = workspace();
    let mut pending: Vec<PathBuf> = ["core", "store", "alerts", "server"]
        .iter()
        .map(|name| top.join(format!("smokeprobe-{name}")))
        .chain([top.join("benches"), top.join("examples")])
        .collect();
    std::iter::from_fn(move || {
        loop {
            let path = pending.pop()?;
            if path.is_dir() {
                pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&top).unwrap().to_string_lossy().into_owned();
                // The file that looks for these words has them all.
                if name != file!() {
                    return Some((name, std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
    })
}
