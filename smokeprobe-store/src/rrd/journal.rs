//! The redo journal: what was appended, until the RRD files that it belongs to are known to be on the disk.
//!
//! `docs/journal-format.md` has the byte map and says what is assumed of disks.

mod record;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::rrd::disk::{Disk, DiskFile};
pub(crate) use record::{Entry, NewRow, Record, encode_forget, redo};

/// The folder of the journal in the data folder. Its dot keeps it apart from every section.
const FOLDER: &str = ".smokeprobe";
const MAGIC: &[u8; 8] = b"smkjrnl1";
/// Magic, segment number and the checksum of both.
const SEGMENT_HEADER: u64 = 20;
/// The file is made longer by this many zeros at a time.
const AHEAD: u64 = 256 << 10;
/// Length and checksum.
const RECORD_HEADER: usize = 8;
/// No entry comes near: a thousand pings with a hundred archives take 1.3 MB.
const MAX_RECORD: u32 = 64 << 20;

/// The segment that is written to.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    number: u64,
    file: Box<dyn DiskFile>,
    /// Where the next record goes.
    end: u64,
    /// The file is this long; what lies beyond `end` is zero.
    lengthened: u64,
    /// Everything before is on the disk.
    synced: u64,
    /// The record being written.
    buffer: Vec<u8>,
}

/// What was found in the segments of an earlier run.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// In the order in which they were written.
    pub(crate) entries: Vec<Entry>,
    /// The segments they came from.
    pub(crate) segments: Vec<u64>,
    /// Sentences about segments that were not readable to their end.
    pub(crate) complaints: Vec<String>,
}

impl Journal {
    /// Begins segment `number`.
    pub(crate) fn begin(disk: &Arc<dyn Disk>, datadir: &Path, number: u64) -> io::Result<Self> {
        let folder = datadir.join(FOLDER);
        disk.create_dir(&folder)?;
        let file = disk.create(&segment(&folder, number))?;
        let mut header = Vec::with_capacity(SEGMENT_HEADER as usize);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&number.to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        file.write_at(&header, 0)?;
        file.sync()?;
        disk.sync_dir(&folder)?;
        disk.sync_dir(datadir)?;
        let disk = Arc::clone(disk);
        Ok(Self {
            disk,
            folder,
            number,
            file,
            end: SEGMENT_HEADER,
            lengthened: SEGMENT_HEADER,
            synced: SEGMENT_HEADER,
            buffer: Vec::new(),
        })
    }

    /// Writes an entry. It survives the end of the process once this has returned, and a power cut after
    /// [`sync`](Self::sync).
    pub(crate) fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let bytes = &mut self.buffer;
        bytes.clear();
        bytes.resize(RECORD_HEADER, 0);
        encode(bytes);
        let len = (bytes.len() - RECORD_HEADER) as u32;
        let checksum = checksum(self.number, &bytes[RECORD_HEADER..]);
        bytes[..4].copy_from_slice(&len.to_le_bytes());
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        let end = self.end + bytes.len() as u64;
        if end > self.lengthened {
            // Writing where the file has been before is much cheaper than making it longer each time. On a full disk
            // the records have what was got of it, down to its last byte: whether one fits, its own write says.
            let ahead = end.max(self.lengthened + AHEAD);
            self.lengthened = match self.file.write_at(&vec![0; (ahead - self.lengthened) as usize], self.lengthened) {
                Ok(()) => ahead,
                Err(_) => self.file.len()?.max(self.lengthened),
            };
        }
        // What a failed write leaves is half a record, which is none, and overwritten by the next.
        self.file.write_at(bytes, self.end)?;
        self.end = end;
        self.lengthened = self.lengthened.max(end);
        Ok(())
    }

    /// Returns once every entry survives a power cut.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.synced < self.end {
            self.file.sync()?;
            self.synced = self.end;
        }
        Ok(())
    }

    /// Bytes written.
    pub(crate) const fn len(&self) -> u64 {
        self.end
    }

    /// Goes on in a new segment, and says which one ended. The old one stays until it is [removed](remove).
    pub(crate) fn rotate(&mut self, datadir: &Path) -> io::Result<u64> {
        let ended = self.number;
        *self = Self::begin(&self.disk, datadir, ended + 1)?;
        Ok(ended)
    }

    /// The folder that the segments lie in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("number", &self.number).field("end", &self.end).finish_non_exhaustive()
    }
}

/// The folder of the journal of a data folder.
pub(crate) fn folder_in(datadir: &Path) -> PathBuf {
    datadir.join(FOLDER)
}

/// Removes a segment whose entries are all in their files, on the disk.
pub(crate) fn remove(disk: &dyn Disk, folder: &Path, number: u64) -> io::Result<()> {
    disk.remove(&segment(folder, number))
}

/// Reads every segment that is there.
pub(crate) fn read_all(disk: &dyn Disk, datadir: &Path) -> io::Result<Replay> {
    let folder = folder_in(datadir);
    let mut replay = Replay::default();
    if !disk.exists(&folder) {
        return Ok(replay);
    }
    replay.segments = disk.list(&folder)?.iter().filter_map(|entry| number_of(&entry.name)).collect();
    replay.segments.sort_unstable();
    for number in replay.segments.clone() {
        let path = segment(&folder, number);
        let file = disk.open(&path, false)?;
        // What is replayed into files must not be ahead of the journal on the disk, should the power be cut meanwhile.
        file.sync()?;
        if let Err(complaint) = read_segment(file.as_ref(), number, &mut replay.entries)? {
            replay.complaints.push(format!("{}: {complaint}", path.display()));
        }
    }
    Ok(replay)
}

/// Reads the entries of a segment up to its end, or up to what is no entry. Only a record that is whole but makes no
/// sense is worth a complaint: where a process or the power ended, half a record is what one expects.
fn read_segment(file: &dyn DiskFile, number: u64, entries: &mut Vec<Entry>) -> io::Result<Result<(), String>> {
    let mut header = [0; SEGMENT_HEADER as usize];
    let read = file.read_at(&mut header, 0)?;
    if read < header.len() || &header[..8] != MAGIC || header[8..16] != number.to_le_bytes() {
        // The power was cut while the segment was begun: nothing was appended to it yet.
        let empty = header.iter().all(|&byte| byte == 0);
        return Ok(if read < header.len() || empty { Ok(()) } else { Err("is no journal segment".to_owned()) });
    }
    let mut at = SEGMENT_HEADER;
    loop {
        let mut header = [0; RECORD_HEADER];
        if file.read_at(&mut header, at)? < header.len() {
            return Ok(Ok(()));
        }
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let len = word(0);
        if len == 0 || len > MAX_RECORD || u64::from(len) > file.len()?.saturating_sub(at) {
            return Ok(Ok(()));
        }
        let mut payload = vec![0; len as usize];
        if file.read_at(&mut payload, at + RECORD_HEADER as u64)? < payload.len()
            || checksum(number, &payload) != word(4)
        {
            return Ok(Ok(()));
        }
        match Entry::decode(&payload) {
            Some(entry) => entries.push(entry),
            None => return Ok(Err(format!("the record at byte {at} is of a form that is not known"))),
        }
        at += RECORD_HEADER as u64 + u64::from(len);
    }
}

/// A record of one segment is none in another, should a file system show old blocks after a power cut.
fn checksum(number: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

fn segment(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("journal.{number:016}"))
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("journal.").filter(|digits| digits.len() == 16)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rrd::disk::sim::SimDisk;

    #[test]
    fn full_disk_is_used_to_its_last_byte_and_the_journal_goes_on_when_there_is_room_again() {
        let (sim, datadir) = (SimDisk::default(), Path::new("/data"));
        let disk: Arc<dyn Disk> = Arc::new(sim.clone());
        let mut journal = Journal::begin(&disk, datadir, 1).unwrap();
        let names: Vec<String> = (0..30_000).map(|number| format!("Web{number}")).collect();
        let mut append = |name: &String| journal.append(|bytes| encode_forget(bytes, &name.parse().unwrap()));
        append(&names[0]).unwrap();
        // Less than the journal is lengthened by at a time, and no whole number of records.
        sim.leave_free(100_001);
        let kept = names[1..].iter().take_while(|name| append(name).is_ok()).count() + 1;
        let record = RECORD_HEADER + 1 + 4 + "Web10000".len();
        assert!(sim.free() < record as u64, "{} bytes are left", sim.free());
        assert_eq!(append(&names[kept]).unwrap_err().kind(), io::ErrorKind::StorageFull);
        sim.leave_free(u64::MAX);
        for name in &names[kept..] {
            append(name).unwrap();
        }
        let replay = read_all(disk.as_ref(), datadir).unwrap();
        let read = replay.entries.iter().map(|entry| match entry {
            Entry::Forget(series) => series.to_string(),
            Entry::Row(row) => panic!("{row:?}"),
        });
        assert_eq!(read.collect::<Vec<_>>(), names);
    }
}
