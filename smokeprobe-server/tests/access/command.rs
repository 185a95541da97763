//! `smokeprobe-server user`, as people type it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use smokeprobe_server::users::{self, Password, Role};

/// Runs `user` over a file, with this on standard input.
pub(super) fn user(file: &str, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"))
        .arg("user")
        .args(args)
        .env("SMOKEPROBE_USERS", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn users_are_added_listed_changed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users").to_str().unwrap().to_owned();
    let done = |args: &[&str], input: &str| {
        let output = user(&file, args, input);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", said(&output));
        said(&output)
    };
    assert_eq!(done(&["add", "ann", "--role", "operate"], "correct horse\n"), "");
    done(&["add", "王芳"], "正确的马电池订书钉\r\n");
    assert_eq!(done(&["list"], ""), "ann operate\n王芳 view\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let is_of = |name: &str, password: &str| {
        users::read(file.as_ref()).unwrap().find(name).unwrap().hash.is_of(&Password::typed(password))
    };
    assert!(is_of("ann", "correct horse") && is_of("王芳", "正确的马电池订书钉"));
    done(&["passwd", "ann"], "another horse");
    assert!(is_of("ann", "another horse") && !is_of("ann", "correct horse"));
    done(&["role", "ann", "view"], "");
    assert_eq!(users::read(file.as_ref()).unwrap().find("ann").unwrap().role, Role::View);
    done(&["remove", "王芳"], "");
    assert_eq!(done(&["list"], ""), "ann view\n");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("ann:view:$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
}

#[test]
fn wrong_usage_is_said_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users").to_str().unwrap().to_owned();
    assert!(user(&file, &["add", "ann"], "correct horse\n").status.success());
    let before = fs::read_to_string(&file).unwrap();
    for (args, input, code, why) in [
        (&["add", "bob"] as &[&str], "short\n", 2, "8 characters at least"),
        (&["add", "bob"], "", 3, "no password on standard input"),
        (&["add", "bob"], "tab\tin the middle\n", 2, "no control characters"),
        (&["add", "ann"], "correct horse\n", 2, "is there already"),
        (&["add", "a:b"], "correct horse\n", 2, "a user's name is made of"),
        (&["add", "bob", "--role", "admin"], "correct horse\n", 2, "a role is view or operate"),
        (&["passwd", "bob"], "correct horse\n", 2, "there is no user bob"),
        (&["role", "bob", "view"], "", 2, "there is no user bob"),
        (&["remove", "bob"], "", 2, "there is no user bob"),
        (&["add", "bob", "--password", "x"], "", 2, "unexpected argument"),
    ] {
        let output = user(&file, args, input);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(why), "{args:?}: {}", said(&output));
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "{args:?}");
    }
    let nowhere = folder.path().join("no/such/users");
    let output = user(nowhere.to_str().unwrap(), &["add", "ann"], "correct horse\n");
    assert!(output.status.code() == Some(3) && said(&output).contains("no/such/users"), "{}", said(&output));
}

/// A terminal, by `script` of util-linux.
fn on_a_terminal(file: &str, answers: &[(&str, &str)]) -> (Option<i32>, String) {
    let command = format!("stty; {} user add ann; code=$?; stty; exit $code", env!("CARGO_BIN_EXE_smokeprobe-server"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("SMOKEPROBE_USERS", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cannot run script; install it with: apt-get install bsdutils");
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut seen = String::new();
    for (question, answer) in answers {
        // Only once it is asked: what was typed before is not taken.
        while !seen.ends_with(question) {
            let mut byte = [0];
            assert_eq!(output.read(&mut byte).unwrap(), 1, "no {question:?} in {seen}");
            seen.push(char::from(byte[0]));
        }
        input.write_all(answer.as_bytes()).unwrap();
    }
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).unwrap();
    seen.push_str(&String::from_utf8_lossy(&rest));
    (child.wait().unwrap().code(), seen)
}

#[test]
fn password_is_typed_twice_and_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users").to_str().unwrap().to_owned();
    let ask = "New password of ann: ";
    let (code, seen) = on_a_terminal(&file, &[(ask, "correct horse\n"), ("Again: ", "correct cow\n")]);
    assert!(code == Some(3) && seen.contains("two passwords"), "{code:?} {seen}");
    let (code, seen) = on_a_terminal(&file, &[(ask, "correct ho\u{3}")]);
    assert!(code == Some(3) && seen.contains("interrupted"), "{code:?} {seen}");
    let settings: Vec<&str> = seen.lines().filter(|line| line.starts_with("speed")).collect();
    assert_eq!(settings.len(), 2, "{seen}");
    assert!(!seen.contains("-echo") && !seen.contains("-isig"), "the terminal is as before: {seen}");
    assert!(!fs::exists(&file).unwrap());
    let (code, seen) = on_a_terminal(&file, &[(ask, "correct horse\n"), ("Again: ", "correct horse\n")]);
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("horse"), "{seen}");
    let users = users::read(file.as_ref()).unwrap();
    assert!(users.find("ann").unwrap().hash.is_of(&Password::typed("correct horse")));
}
