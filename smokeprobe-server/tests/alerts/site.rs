//! A site that can go down, a program that writes down how it is called, and a configuration with both.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::harness::{Daemon, Folder};

/// An HTTP server that answers, or hangs up.
pub(crate) struct Site {
    pub(crate) port: u16,
    is_up: Arc<AtomicBool>,
}

impl Site {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, is_up) = (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::new(true)));
        let up = Arc::clone(&is_up);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                if up.load(Ordering::SeqCst) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                }
            }
        });
        Self { port, is_up }
    }

    pub(crate) fn down(&self) {
        self.is_up.store(false, Ordering::SeqCst);
    }

    pub(crate) fn up(&self) {
        self.is_up.store(true, Ordering::SeqCst);
    }
}

/// A configuration with a step of a second, and the program that it tells.
pub(crate) struct Setup {
    pub(crate) folder: Folder,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let folder = Folder::new(1, 3, 0.05);
        for (name, program) in [("told", "told.sh"), ("sendmail", "sendmail.sh")] {
            // Linked, not written: a file that is being written cannot be executed, and another test that forks meanwhile
            // would keep it open.
            let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alerts").join(program);
            symlink(program, folder.path(name)).unwrap();
        }
        fs::create_dir(folder.path("mails")).unwrap();
        Self { folder }
    }

    /// The picture of the only mail of this subject so far, as a PNG.
    pub(crate) fn mailed_picture(&self, subject: &str) -> Option<Vec<u8>> {
        let mails = fs::read_dir(self.folder.path("mails")).unwrap().map(|file| file.unwrap());
        let whole = mails.filter(|file| !file.file_name().to_string_lossy().starts_with('.'));
        let mail = whole.map(|file| fs::read_to_string(file.path()).unwrap()).find(|mail| mail.contains(subject))?;
        let (_, part) = mail.split_once("Content-Type: image/png").unwrap();
        let (_, body) = part.split_once("\n\n").unwrap();
        let lines = body.lines().take_while(|line| !line.is_empty() && !line.starts_with("--"));
        Some(STANDARD.decode(lines.collect::<String>()).unwrap())
    }

    /// The recipient that is told by the program.
    pub(crate) fn program(&self) -> String {
        format!("|{}", self.folder.path("told"))
    }

    pub(crate) fn configure(&self, alerts: &str, targets: &[(&str, &Site, &str)]) {
        self.configure_to(&self.program(), alerts, targets);
    }

    /// Each target is a name, what is measured, and its alerts.
    pub(crate) fn configure_to(&self, to: &str, alerts: &str, targets: &[(&str, &Site, &str)]) {
        let mut text = format!(
            "*** General ***\ndatadir = {}\nsendmail = {}\n*** Database ***\nstep = 1\npings = 3\nAVERAGE 0.5 1 1000\n\
             *** Alerts ***\nto = {to}\nfrom = smokealert@company.example\n{alerts}\
             *** Probes ***\n+ Curl\nbinary = /usr/bin/curl\nurlformat = http://%host%/\nhostinterval = 0.05\n\
             timeout = 1\n\
             *** Targets ***\nprobe = Curl\nmenu = Top\ntitle = Top\n+ Sites\nmenu = Sites\ntitle = Sites\n",
            self.folder.path("data"),
            self.folder.path("sendmail"),
        );
        for (name, site, alerts) in targets {
            let port = site.port;
            write!(text, "++ {name}\nhost = 127.0.0.1\nurlformat = http://%host%:{port}/\nalerts = {alerts}\n")
                .unwrap();
        }
        self.folder.write("config", &text);
    }

    /// How the program was called so far: the arguments of each call.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.folder.path("calls")).unwrap_or_default();
        let line = |line: &str| line.split('|').skip(1).map(str::to_owned).collect();
        text.lines().map(line).collect()
    }

    /// The same of one alert.
    pub(crate) fn calls_of(&self, alert: &str) -> Vec<Vec<String>> {
        self.calls().into_iter().filter(|call| call[0] == alert).collect()
    }
}

/// Rounds that the daemon has stored since its start.
pub(crate) fn stored(daemon: &Daemon) -> u64 {
    daemon.json("/api/v1/status")["rounds"]["stored"].as_u64().unwrap()
}
