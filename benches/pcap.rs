//! What tcpdump captured: the ping packets on a device with the kernel's stamps, to the nanosecond.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running capture of IPv4 pings.
#[derive(Debug)]
pub struct Capture {
    tcpdump: Child,
    file: PathBuf,
}

/// An echo request or reply on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Nanoseconds since the Unix epoch.
    pub at: i64,
    /// It is a reply.
    pub reply: bool,
    /// The host pinged.
    pub host: Ipv4Addr,
    /// The sequence number.
    pub seq: u16,
}

impl Capture {
    /// Starts tcpdump in the network namespace of this thread; returns when it listens.
    ///
    /// # Panics
    ///
    /// When it cannot be run.
    pub fn start(device: &str, folder: &Path) -> Self {
        let file = folder.join("capture.pcap");
        let mut tcpdump = Command::new("tcpdump")
            .args(["-i", device, "-n", "-Z", "root", "-s", "64", "-B", "8192", "--time-stamp-precision=nano", "-w"])
            .arg(&file)
            .arg("icmp")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("tcpdump: {error}; apt-get install tcpdump"));
        // It says "listening on" once the packets go to it.
        let mut said = String::new();
        let mut bytes = [0; 64];
        let stderr = tcpdump.stderr.as_mut().expect("piped");
        while !said.contains("listening") {
            let count = stderr.read(&mut bytes).expect("tcpdump's output");
            assert!(count > 0, "tcpdump: {said}");
            said.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        Self { tcpdump, file }
    }

    /// Ends the capture and returns what it saw, in order.
    ///
    /// # Panics
    ///
    /// When tcpdump wrote no such file.
    pub fn finish(mut self) -> Vec<Seen> {
        // tcpdump gets the packets in blocks, up to a second later, and leaves out what it has not got.
        #[expect(clippy::disallowed_methods, reason = "there is nothing to wait for")]
        std::thread::sleep(std::time::Duration::from_secs(2));
        // SAFETY: a signal to a child of ours that nobody has waited for.
        unsafe { libc::kill(self.tcpdump.id() as i32, libc::SIGINT) };
        self.tcpdump.wait().expect("tcpdump");
        read(&self.file).expect("a capture file")
    }
}

/// Reads a pcap file with nanoseconds in this machine's byte order, of a device without link headers.
fn read(file: &Path) -> io::Result<Vec<Seen>> {
    let mut bytes = Vec::new();
    File::open(file)?.read_to_end(&mut bytes)?;
    fs::remove_file(file)?;
    let word = |place: usize| u32::from_ne_bytes(bytes[place..place + 4].try_into().expect("four bytes"));
    assert_eq!(word(0), 0xa1b2_3c4d, "nanoseconds in our byte order");
    let mut seen = Vec::new();
    let mut place = 24;
    while place + 16 <= bytes.len() {
        let length = word(place + 8) as usize;
        let at = i64::from(word(place)) * 1_000_000_000 + i64::from(word(place + 4));
        let packet = &bytes[place + 16..place + 16 + length];
        place += 16 + length;
        let reply = packet[20] == 0;
        let host: [u8; 4] = packet[if reply { 12..16 } else { 16..20 }].try_into().expect("four bytes");
        let seq = u16::from_be_bytes([packet[26], packet[27]]);
        seen.push(Seen { at, reply, host: host.into(), seq });
    }
    Ok(seen)
}
