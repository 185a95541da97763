//! The daemon end to end: the binary, real RRD files judged by rrdtool, signals, changed configurations, a full disk.

#[expect(dead_code, reason = "the tests of who may look use more of it")]
#[path = "run_daemon/harness.rs"]
mod harness;

#[path = "run_daemon/dynamic.rs"]
mod dynamic;

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use harness::{Daemon, Folder, rrdtool};
use smokeprobe_core::{Clock as _, SystemClock};

/// A server that counts its clients.
struct Server {
    port: u16,
    clients: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, clients) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&clients);
        thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, clients }
    }

    fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }

    /// A section of Targets that is measured here.
    fn target(&self, name: &str) -> String {
        format!("+ {name}\nhost = 127.0.0.1\nport = {}\n", self.port)
    }
}

fn stored(daemon: &Daemon) -> u64 {
    daemon.json("/api/v1/status")["rounds"]["stored"].as_u64().unwrap()
}

#[test]
fn config_in_rounds_out() {
    let (folder, server) = (Folder::new(2, 3, 0.1), Server::start());
    folder.write("Targets", &server.target("Web"));
    let daemon = Daemon::start(&folder);
    daemon.until("three rounds are stored", || stored(&daemon) >= 3);
    let unknown = daemon.json("/api/v1/status")["rounds"]["unknown"].as_i64().unwrap();
    assert_eq!(daemon.stop(), Some(0));
    let file = folder.path("data/Web.rrd");
    let info = rrdtool(&["info", &file]);
    for line in ["step = 2", "ds[loss].max = 3.0000000000e+00", "ds[ping3].type = \"GAUGE\"", "rra[0].rows = 1000"] {
        assert!(info.contains(line), "{line} is not in\n{info}");
    }
    // Rows follow one another without a gap, but for rounds that a busy machine missed; and nothing is lost.
    let rows = harness::rows(&file);
    assert!(rows.len() as i64 >= 3 - unknown, "{rows:?}");
    let gaps: i64 = rows.windows(2).map(|pair| (pair[1].0 - pair[0].0) / 2 - 1).sum();
    assert!(gaps <= unknown, "{unknown} rounds are unknown: {rows:?}");
    assert!(rows.iter().all(|(_, values)| values[1] == "0.0000000000e+00"), "{rows:?}");
}

#[test]
fn rounds_in_flight_are_recorded_at_the_end_and_their_slot_is_not_measured_again() {
    // The round takes ten minutes, and its slot does not end within half an hour.
    let now = SystemClock.wall().unix_secs();
    let step = (3600..86_400).find(|step| now % step < step - 1800).unwrap();
    let (folder, server) = (Folder::new(step.try_into().unwrap(), 20, 30.0), Server::start());
    folder.write("Targets", &server.target("Web"));
    let daemon = Daemon::start(&folder);
    daemon.until("the first ping is answered", || server.clients() >= 1);
    assert_eq!(daemon.stop(), Some(0));
    let file = folder.path("data/Web.rrd");
    let end = rrdtool(&["last", &file]).trim().to_owned();
    let live = rrdtool(&["lastupdate", &file]);
    assert!(live.contains(&end), "{live}");

    let before = server.clients();
    let other = Server::start();
    folder.write("Targets", &(server.target("Web") + &other.target("Other")));
    let daemon = Daemon::start(&folder);
    daemon.until("the other target is measured", || other.clients() >= 1);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!((server.clients(), rrdtool(&["last", &file]).trim()), (before, end.as_str()));
}

#[test]
fn change_of_an_included_file_is_taken_over_and_an_error_in_it_is_not() {
    let (folder, server) = (Folder::new(3600, 3, 0.1), Server::start());
    folder.write("Targets", &server.target("Web"));
    let daemon = Daemon::start(&folder);
    daemon.until("the target is measured", || stored(&daemon) >= 1);

    folder.write("Targets", &(server.target("Web") + "hots = 127.0.0.1\n"));
    daemon.until_logged("not taken over");
    let ready = daemon.json("/readyz");
    assert_eq!(ready["ready"], true);
    assert!(ready["config_error"].as_str().unwrap().contains("Targets:4"), "{ready}");

    folder.write("Targets", &(server.target("Web") + &server.target("New")));
    assert!(daemon.until_logged("the new configuration runs").contains("kept=1 changed=0 added=1 removed=0"));
    assert!(daemon.json("/readyz")["config_error"].is_null());
    daemon.until("the new target is measured", || stored(&daemon) >= 2);

    daemon.signal(libc::SIGHUP);
    assert!(daemon.until_logged("the new configuration runs").contains("kept=2 changed=0 added=0 removed=0"));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn datadir_does_not_change_while_the_daemon_runs() {
    let (folder, server) = (Folder::new(3600, 3, 0.1), Server::start());
    folder.write("Targets", &server.target("Web"));
    let daemon = Daemon::start(&folder);
    fs::create_dir(folder.path("other")).unwrap();
    let config = fs::read_to_string(folder.path("config")).unwrap();
    folder.write("config", &config.replace(&folder.path("data"), &folder.path("other")));
    daemon.until_logged("not taken over");
    let error = daemon.json("/readyz")["config_error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("datadir cannot change"), "{error}");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn service_manager_is_told_how_the_daemon_is() {
    let (folder, server) = (Folder::new(3600, 3, 0.1), Server::start());
    folder.write("Targets", &server.target("Web"));
    let manager = UnixDatagram::bind(folder.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    // Read on, or the daemon would find no room for what it has to say.
    let (sender, told) = mpsc::channel();
    thread::spawn(move || {
        let mut message = [0; 500];
        while let Ok(length) = manager.recv(&mut message) {
            if sender.send(String::from_utf8_lossy(&message[..length]).into_owned()).is_err() {
                return;
            }
        }
    });
    let until_told =
        |state: &str| told.iter().find(|message| message.contains(state)).expect("the daemon says no more");
    let environment = [("NOTIFY_SOCKET", folder.path("notify")), ("WATCHDOG_USEC", "200000".to_owned())];
    let daemon = Daemon::start_with(&folder, &environment);
    until_told("READY=1");
    until_told("WATCHDOG=1");
    daemon.signal(libc::SIGHUP);
    assert!(until_told("RELOADING=1").contains("MONOTONIC_USEC="));
    until_told("READY=1");
    assert_eq!(daemon.stop(), Some(0));
    until_told("STOPPING=1");
}

#[test]
fn configuration_with_an_error_ends_the_start_and_says_where() {
    let folder = Folder::new(10, 3, 0.1);
    folder.write("Targets", "+ Web\nhots = 127.0.0.1\n");
    let (log, code) = Daemon::start_in_vain(&folder);
    assert!(log.contains("Targets:2"), "{log}");
    assert_ne!(code, Some(0));
}

#[test]
fn second_daemon_does_not_write_to_the_same_folder() {
    let (folder, server) = (Folder::new(10, 3, 0.1), Server::start());
    folder.write("Targets", &server.target("Web"));
    let daemon = Daemon::start(&folder);
    let (log, code) = Daemon::start_in_vain(&folder);
    assert!(log.contains("another process writes to it"), "{log}");
    assert_ne!(code, Some(0));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn rounds_wait_in_memory_while_the_disk_is_full() {
    let (folder, server) = (Folder::new(1, 3, 0.05), Server::start());
    // A record of the journal holds the state of each archive whose rows take several steps. With many of them the room
    // that the journal has taken ahead is used up soon.
    let archives: Vec<String> = (100..124).map(|steps| format!("\nMAX 0.5 {steps} 2")).collect();
    let config = fs::read_to_string(folder.path("config")).unwrap();
    folder
        .write("config", &config.replace("\nAVERAGE 0.5 1 1000", &format!("\nAVERAGE 0.5 1 600{}", archives.concat())));
    let names: Vec<String> = (0..40).map(|number| format!("Web{number}")).collect();
    folder.write("Targets", &names.iter().map(|name| server.target(name)).collect::<String>());
    // Its own file system of some megabytes, in a namespace of its own.
    let daemon = Daemon::start_on_small_disk(&folder);
    daemon.until("all files are there", || stored(&daemon) >= 4 * names.len() as u64);
    // Said while rounds are still stored: what the journal may come to need is not there.
    daemon.until("the disk is nearly full", || daemon.json("/api/v1/status")["writer"]["nearly_full"].is_u64());
    let data = daemon.sees(&folder.path("data"));
    Daemon::fill(&data);
    daemon.until("the disk is full", || daemon.json("/readyz")["writer_blocked"].is_string());
    let measured = || daemon.json("/api/v1/status")["rounds"]["measured"].as_u64().unwrap();
    let before = measured();
    daemon.until("more rounds are measured", || measured() >= before + 3 * names.len() as u64);
    fs::remove_file(data.join("filler")).unwrap();
    daemon.until("rounds are stored again", || daemon.json("/readyz")["writer_blocked"].is_null());
    // Every round that was measured has its row. A busy machine may have missed some.
    let all = measured();
    let copy = folder.path("copy.rrd");
    daemon.until("the files have all rounds", || {
        let rows = names.iter().map(|name| {
            fs::copy(data.join(name).with_extension("rrd"), &copy).unwrap();
            let rows = harness::rows(&copy);
            assert!(rows.iter().all(|(_, values)| values[2] != "nan"), "{name}: {rows:?}");
            rows.len() as u64
        });
        rows.sum::<u64>() >= all
    });
    assert_eq!(daemon.json("/api/v1/status")["rounds"]["dropped"], 0);
    assert_eq!(daemon.stop(), Some(0));
}
