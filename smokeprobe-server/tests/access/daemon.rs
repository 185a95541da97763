//! The daemon itself: started with users, with proxies, open; and what it keeps over a restart.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::command::user;
use crate::harness::{Daemon, Folder};
use crate::site::Site;

/// A daemon's folder with a file of users: `ann`, who operates.
fn folder() -> (Folder, String) {
    let folder = Folder::new(3600, 3, 0.1);
    folder.write("Targets", "+ Web\nhost = 127.0.0.1\nport = 9\n");
    let file = folder.path("users");
    let output = user(&file, &["add", "ann", "--role", "operate"], "anns password\n");
    assert!(output.status.success());
    (folder, file)
}

/// Status, head and body of an answer.
fn ask(daemon: &Daemon, request: &str, headers: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", daemon.port())).unwrap();
    let length = body.len();
    let json = "Host: localhost\r\nContent-Type: application/json\r\n";
    write!(stream, "{request} HTTP/1.1\r\n{json}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

fn status(daemon: &Daemon, headers: &str) -> u16 {
    ask(daemon, "GET /api/v1/tree", headers, "").0
}

/// The header with the cookie of somebody who signs in.
fn sign_in(daemon: &Daemon, user: &str, password: &str) -> Result<String, u16> {
    let body = json!({"user": user, "password": password}).to_string();
    let (status, head, _) = ask(daemon, "POST /api/v1/session", "", &body);
    if status != 200 {
        return Err(status);
    }
    let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    Ok(format!("Cookie: {}\r\n", set.split(';').next().unwrap()))
}

#[test]
fn sessions_survive_a_restart_and_end_with_the_password() {
    let (folder, file) = folder();
    let daemon = Daemon::start_with(&folder, &[("SMOKEPROBE_USERS", file.clone())]);
    assert_eq!(status(&daemon, ""), 401);
    assert_eq!(sign_in(&daemon, "ann", "wrong"), Err(401));
    let (cookie, ended) =
        (sign_in(&daemon, "ann", "anns password").unwrap(), sign_in(&daemon, "ann", "anns password").unwrap());
    assert_eq!((status(&daemon, &cookie), status(&daemon, &ended)), (200, 200));
    assert_eq!(ask(&daemon, "DELETE /api/v1/session", &ended, "").0, 200);
    assert_eq!(daemon.stop(), Some(0));
    let sessions = folder.path("data/.smokeprobe/sessions");
    assert_eq!(fs::metadata(&sessions).unwrap().permissions().mode() & 0o777, 0o600);

    let daemon = Daemon::start_as(&folder, &["--users", &file]);
    assert_eq!((status(&daemon, &cookie), status(&daemon, &ended)), (200, 401));
    assert!(user(&file, &["passwd", "ann"], "another password\n").status.success());
    daemon.until("the session has ended", || status(&daemon, &cookie) == 401);
    let cookie = sign_in(&daemon, "ann", "another password").unwrap();
    assert!(user(&file, &["remove", "ann"], "").status.success());
    daemon.until("the user is gone", || status(&daemon, &cookie) == 401);
    assert_eq!(sign_in(&daemon, "ann", "another password"), Err(401));
    daemon.until_logged("nobody can sign in");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn whoever_is_signed_in_is_the_author() {
    let (folder, file) = folder();
    let daemon = Daemon::start_as(&folder, &["--users", &file]);
    let ann = Site::basic("ann", "anns password");
    for (given, author) in [("", "ann"), ("Bob", "Bob")] {
        let body = json!({"until": "+1h", "comment": "works", "author": given}).to_string();
        let (status, _, answer) = ask(&daemon, "POST /api/v1/alerts/silences", &ann, &body);
        assert_eq!(status, 200, "{answer}");
        let id = serde_json::from_str::<Value>(&answer).unwrap()["id"].clone();
        daemon.until("it is listed", || {
            let (_, _, listed) = ask(&daemon, "GET /api/v1/alerts", &ann, "");
            let listed: Value = serde_json::from_str(&listed).unwrap();
            listed["silences"]
                .as_array()
                .unwrap()
                .iter()
                .any(|silence| silence["id"] == id && silence["author"] == author)
        });
    }
    // The command line on the same machine signs in, too.
    let server = format!("http://127.0.0.1:{}", daemon.port());
    let alerts = |password: Option<&str>, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smokeprobe-server"));
        command.args(["alerts"]).args(args).args(["--server", &server]);
        if let Some(password) = password {
            command.args(["--user", "ann"]).env("SMOKEPROBE_PASSWORD", password);
        }
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (done, said) = alerts(Some("anns password"), &["list"]);
    assert!(done && said.contains("2 silences"), "{said}");
    let (done, said) = alerts(Some("wrong"), &["list"]);
    assert!(!done && said.contains("the name or the password is wrong"), "{said}");
    let (done, said) = alerts(None, &["list"]);
    assert!(!done && said.contains("sign in first") && said.contains("--user"), "{said}");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn faulty_file_of_users_ends_the_start_and_later_changes_nothing() {
    let (folder, file) = folder();
    let good = fs::read_to_string(&file).unwrap();
    folder.write("users", &format!("{good}bob:admin:x\n"));
    let (log, code) = Daemon::start_in_vain_as(&folder, &["--users", &file]);
    assert!(log.contains("line 2: a role is view or operate"), "{log}");
    assert_eq!(code, Some(3));
    let (log, code) = Daemon::start_in_vain_as(&folder, &["--users", &folder.path("none")]);
    assert!(log.contains("nobody could sign in") && log.contains("No such file"), "{log}");
    assert_eq!(code, Some(3));

    folder.write("users", &good);
    let daemon = Daemon::start_as(&folder, &["--users", &file]);
    let ann = sign_in(&daemon, "ann", "anns password").unwrap();
    folder.write("users", &format!("{good}bob\n"));
    daemon.until_logged("the users of before go on");
    let notices = || ask(&daemon, "GET /api/v1/tree", &ann, "").2;
    daemon.until("every viewer is told", || notices().contains("users_error"));
    assert!(!notices().contains(&file), "where the file is, is not for viewers");
    folder.write("users", &good);
    daemon.until("all is well", || !notices().contains("users_error"));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn server_that_others_can_reach_says_loudly_that_it_is_open() {
    let (folder, file) = folder();
    let told = |options: &[&str]| {
        let daemon = Daemon::start_as(&folder, options);
        let told = daemon.said().contains("everybody who reaches this server may look");
        let (status, _, tree) = ask(&daemon, "GET /api/v1/tree", "", "");
        assert_eq!(told, tree.contains("\"kind\":\"open_to_all\""), "{options:?}");
        assert_eq!(daemon.stop(), Some(0));
        (told, status)
    };
    let all = ["--listen", "0.0.0.0:0"];
    assert_eq!(told(&all), (true, 200));
    assert_eq!(told(&[all[0], all[1], "--open"]), (false, 200));
    assert_eq!(told(&[all[0], all[1], "--users", &file]), (false, 401));
    let proxy = ["--trusted-proxy", "192.0.2.0/24", "--proxy-user-header", "X-Forwarded-User"];
    assert_eq!(told(&[&all[..], &proxy[..]].concat()), (false, 200), "from the machine itself");
    assert_eq!(told(&[]), (false, 200));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let (folder, _) = folder();
    for (options, why) in [
        (&["--proxy-user-header", "X-Forwarded-User"] as &[&str], "--trusted-proxy"),
        (&["--trusted-proxy", "localhost"], "is no address"),
        (&["--trusted-proxy", "192.0.2.7/24"], "beyond its length"),
        (&["--trusted-proxy", "::1", "--proxy-user-header", "no header"], "invalid"),
        (&["--trusted-proxy", "::1", "--proxy-role-header", "X-Role"], "--proxy-user-header"),
        (&["--trusted-proxy", "::1", "--proxy-user-header", "X-User", "--proxy-role", "admin"], "view or operate"),
    ] {
        let (log, code) = Daemon::start_in_vain_as(&folder, options);
        assert!(log.contains(why), "{options:?}: {log}");
        assert_eq!(code, Some(2), "{options:?}");
    }
}
