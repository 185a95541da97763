//! A configuration that both daemons read.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often both measure.
pub(crate) const STEP: Duration = Duration::from_secs(60);

/// What is measured.
pub(crate) struct Scenario {
    /// Addresses of the loopback network.
    pub(crate) targets: u32,
    /// Seconds between two packets.
    pub(crate) gap: &'static str,
    /// Rows of the only archive: files small enough for the disk.
    pub(crate) rows: u32,
}

impl Scenario {
    /// Writes the configuration and the folders that it names below `folder`.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        for name in ["data", "cache", "run"] {
            std::fs::create_dir(folder.join(name))?;
        }
        for name in ["template", "mail"] {
            std::fs::write(folder.join(name), "")?;
        }
        let path = folder.join("config");
        std::fs::write(&path, self.text(folder))?;
        Ok(path)
    }

    fn text(&self, folder: &Path) -> String {
        let (folder, gap, rows) = (folder.display(), self.gap, self.rows);
        let step = STEP.as_secs();
        let mut text = format!(
            "*** General ***
owner = bench
contact = bench@localhost.localdomain
cgiurl = http://localhost/
imgurl = cache
imgcache = {folder}/cache
datadir = {folder}/data
piddir = {folder}/run
smokemail = {folder}/mail
offset = 0%
*** Database ***
step = {step}
pings = 20
AVERAGE 0.5 1 {rows}
*** Presentation ***
template = {folder}/template
+ overview
width = 600
height = 50
range = 1h
+ detail
width = 600
height = 200
\"Hour\" 1h
*** Probes ***
+ FPing
binary = /usr/bin/fping
mininterval = {gap}
hostinterval = 1
timeout = 1
*** Targets ***
probe = FPing
menu = Top
title = Top
+ All
menu = All
title = All
"
        );
        for n in 0..self.targets {
            let (high, low) = (n / 250, n % 250 + 1);
            // Writing to a String cannot fail.
            let _ = write!(text, "++ T{n}\nmenu = T{n}\ntitle = T{n}\nhost = 127.1.{high}.{low}\n");
        }
        text
    }
}
