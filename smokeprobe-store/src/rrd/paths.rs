//! Which file a series lies in, and which series a file holds.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use smokeprobe_core::{SeriesId, Vantage};

use crate::rrd::disk::{Disk, EntryKind};

/// Sections nest no deeper than this.
const DEEPEST: usize = 64;

/// `<datadir>/<Section>/<Target>[~slave].rrd`, as SmokePing names its files.
pub(crate) fn path_of(datadir: &Path, series: &SeriesId) -> PathBuf {
    let mut path = datadir.to_owned();
    path.extend(series.target.names());
    let mut name = path.into_os_string();
    if let Vantage::Slave(slave) = &series.vantage {
        name.push("~");
        name.push(&**slave);
    }
    name.push(".rrd");
    name.into()
}

/// Every series that has a file below `datadir`, with the file. Files of other names are none of ours.
///
/// A folder that cannot be read is left out: what lies in the others is still there. Only `datadir` itself must be
/// readable.
pub(crate) fn find_series(disk: &dyn Disk, datadir: &Path) -> io::Result<Vec<(SeriesId, PathBuf)>> {
    let mut found = Vec::new();
    // Links may lead in a circle; each place is visited once.
    let mut linked = HashSet::from([disk.canonical(datadir)?]);
    let mut folders = vec![(datadir.to_owned(), String::new(), 0)];
    let mut top = Some(());
    while let Some((folder, section, depth)) = folders.pop() {
        let entries = match disk.list(&folder) {
            Ok(entries) => entries,
            Err(error) if top.is_some() => return Err(error),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "cannot read a folder of RRD files");
                continue;
            }
        };
        top = None;
        for entry in entries {
            let path = folder.join(&entry.name);
            let is_dir = match entry.kind {
                EntryKind::Dir => true,
                EntryKind::File => false,
                EntryKind::Link => match disk.canonical(&path) {
                    Ok(place) if disk.list(&place).is_ok() => {
                        if !linked.insert(place) {
                            continue;
                        }
                        true
                    }
                    Ok(_) => false,
                    Err(_) => continue,
                },
            };
            if is_dir {
                // A dot would make two names of one; this also leaves out the journal's folder.
                if depth < DEEPEST && !entry.name.contains('.') {
                    folders.push((path, format!("{section}{}.", entry.name), depth + 1));
                }
            } else if let Some(name) = entry.name.strip_suffix(".rrd") {
                let series = format!("{section}{name}").parse::<SeriesId>();
                // Of two names for one series only the one that we would look for counts.
                found.extend(series.ok().filter(|series| path_of(datadir, series) == path).map(|s| (s, path)));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}
