//! One RRD file: opening, making, and the reading and writing of its live part and its rows.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rrd::disk::{Disk, DiskFile};
use crate::rrd::layout::{Damage, Layout, STAT_HEAD, head_len};
use crate::rrd::live::{Live, UpdateTime, parse_time, spare_is_zero};
use crate::rrd::update::Run;
use crate::store::StoreError;

/// One read that gets the whole header of a file of 20 pings and 7 archives, 19.4 kB.
const FIRST_READ: usize = 20 * 1024;
/// A header beyond this belongs to no file of ours: 100 pings and 100 archives take a tenth of it.
const MAX_HEADER: usize = 64 << 20;
/// Files are filled in pieces of this size.
const FILL: usize = 1 << 20;

/// An open RRD file with its header as it was when opened.
pub(crate) struct RrdFile {
    file: Box<dyn DiskFile>,
    pub(crate) layout: Arc<Layout>,
    header: Vec<u8>,
}

impl std::fmt::Debug for RrdFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RrdFile").field("layout", &self.layout).finish_non_exhaustive()
    }
}

/// Room for the live part of a file, zeroed where nothing is kept.
#[derive(Debug, Default)]
pub(crate) struct Room {
    layout: Option<Arc<Layout>>,
    bytes: Vec<u8>,
}

impl Room {
    fn of(&mut self, layout: &Arc<Layout>) -> &mut [u8] {
        if !self.layout.as_ref().is_some_and(|last| Arc::ptr_eq(last, layout)) {
            self.layout = Some(Arc::clone(layout));
            self.bytes.clear();
            self.bytes.resize(layout.live_len(), 0);
        }
        &mut self.bytes
    }
}

/// Layouts of files seen, which are few: files of equal pings and step share one.
#[derive(Debug, Default)]
pub(crate) struct Layouts(Mutex<Vec<Arc<Layout>>>);

impl Layouts {
    /// More than this many different layouts are not remembered.
    const MOST: usize = 64;

    /// The layout that `bytes` begin with.
    fn parse(&self, bytes: &[u8], file_len: u64) -> Result<Arc<Layout>, Damage> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = known.iter().find(|l| file_len >= l.file_len && bytes.starts_with(&l.head)) {
            return Ok(Arc::clone(layout));
        }
        let layout = Arc::new(Layout::parse(bytes, file_len)?);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.push(Arc::clone(&layout));
        Ok(layout)
    }
}

impl RrdFile {
    /// Opens a file and reads its header.
    pub(crate) fn open(disk: &dyn Disk, path: &Path, write: bool, layouts: &Layouts) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { action: "open", path: path.to_owned(), source };
        let damaged = |Damage(reason)| StoreError::Damaged { path: path.to_owned(), reason };
        let file = disk.open(path, write).map_err(io)?;
        let io = |source| StoreError::Io { action: "read", path: path.to_owned(), source };
        let file_len = file.len().map_err(io)?;
        let mut header = vec![0; FIRST_READ];
        let read = file.read_at(&mut header, 0).map_err(io)?;
        header.truncate(read);
        let wanted = head_len(&header).map_err(damaged)?;
        if wanted > MAX_HEADER {
            return Err(damaged(Damage(format!("it claims a header of {wanted} bytes"))));
        }
        read_up_to(file.as_ref(), &mut header, wanted).map_err(io)?;
        let layout = layouts.parse(&header, file_len).map_err(damaged)?;
        let wanted = layout.live_at() + layout.live_len();
        if wanted > MAX_HEADER {
            return Err(damaged(Damage(format!("it claims a header of {wanted} bytes"))));
        }
        read_up_to(file.as_ref(), &mut header, wanted).map_err(io)?;
        Ok(Self { file, layout, header })
    }

    /// Opens a file whose layout is known, without reading it. `None` if it is shorter than it should be.
    pub(crate) fn open_known(disk: &dyn Disk, path: &Path, layout: &Arc<Layout>) -> io::Result<Option<Self>> {
        let file = disk.open(path, true)?;
        let whole = file.len()? >= layout.file_len;
        Ok(whole.then(|| Self { file, layout: Arc::clone(layout), header: Vec::new() }))
    }

    /// Whether writing the live part anew from what we know of it loses nothing.
    pub(crate) fn can_be_written_unread(&self) -> bool {
        let live = self.header.get(self.layout.live_at()..self.layout.live_at() + self.layout.live_len());
        live.is_none_or(|live| spare_is_zero(&self.layout, live))
    }

    /// The live part as it was when the file was opened.
    pub(crate) fn live(&self) -> Result<Live, Damage> {
        Live::parse(&self.layout, &self.header[self.layout.live_at().min(self.header.len())..])
    }

    /// When the file was last updated, by whomever: read anew.
    pub(crate) fn updated(&self) -> io::Result<Result<UpdateTime, Damage>> {
        let mut time = [0; 16];
        let time = &mut time[..self.layout.time_len()];
        if self.file.read_at(time, self.layout.live_at() as u64)? < time.len() {
            return Ok(Err(Damage("it ends inside its header".to_owned())));
        }
        Ok(parse_time(time))
    }

    /// Reads `count` rows of an archive from ring position `row` on, all sources of a row side by side.
    pub(crate) fn rows(&self, archive: usize, row: u32, count: u32) -> io::Result<Vec<f64>> {
        let mut bytes = vec![0; count as usize * self.layout.row_len()];
        let mut read = 0;
        for (row, count) in self.pieces(archive, row, count) {
            let piece = &mut bytes[read..read + count as usize * self.layout.row_len()];
            if self.file.read_at(piece, self.row_at(archive, row))? < piece.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            read += piece.len();
        }
        // A value is eight bytes, of which `chunks_exact` makes no fewer.
        Ok(bytes.chunks_exact(8).map(|b| crate::rrd::layout::f64_at(b, 0)).collect())
    }

    /// Writes rows, then the live part: another program that reads meanwhile sees a row before it learns of it.
    ///
    /// `room` is for the live part of a file that was not read, and may be used for the next one.
    pub(crate) fn write(&mut self, live: &Live, runs: &[Run], room: &mut Room) -> io::Result<()> {
        for run in runs {
            self.write_run(run)?;
        }
        let at = self.layout.live_at();
        let bytes = match self.header.get_mut(at..at + self.layout.live_len()) {
            Some(bytes) => bytes,
            None => room.of(&self.layout),
        };
        live.encode_into(&self.layout, bytes);
        self.file.write_at(bytes, at as u64)
    }

    /// Writes the heartbeat and the limits of each source anew, as `rrdtool tune` does. `like` has the same sources
    /// and archives otherwise.
    pub(crate) fn tune(&mut self, like: &Layout, layouts: &Layouts) -> io::Result<()> {
        self.header[STAT_HEAD..like.head.len()].copy_from_slice(&like.head[STAT_HEAD..]);
        self.layout = layouts
            .parse(&self.header, self.file.len()?)
            .map_err(|damage| io::Error::new(io::ErrorKind::InvalidData, damage))?;
        self.file.write_at(&like.head[STAT_HEAD..], STAT_HEAD as u64)
    }

    /// Returns once the contents survive a power cut.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn write_run(&self, run: &Run) -> io::Result<()> {
        let row: Vec<u8> = run.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        for (first, count) in self.pieces(run.archive as usize, run.row, run.count) {
            let at = self.row_at(run.archive as usize, first);
            fill(self.file.as_ref(), at, &row, u64::from(count))?;
        }
        Ok(())
    }

    fn row_at(&self, archive: usize, row: u32) -> u64 {
        self.layout.rows_at[archive] + u64::from(row) * self.layout.row_len() as u64
    }

    /// The one or two pieces that rows make in the ring.
    fn pieces(&self, archive: usize, row: u32, count: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
        let first = count.min(self.layout.archives[archive].rows - row);
        [(row, first), (0, count - first)].into_iter().filter(|&(_, count)| count > 0)
    }
}

/// Makes a file: first beside its place, then in it, so that half a file is never seen. Its folder is made as well.
///
/// `rows` are all rows of each archive in the order of the ring; `None` makes them unknown.
pub(crate) fn make(
    disk: &dyn Disk,
    path: &Path,
    layout: &Layout,
    live: &Live,
    rows: Option<&[Vec<f64>]>,
) -> Result<(), StoreError> {
    let failed = |action| move |source| StoreError::Io { action, path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    disk.create_dir(folder).map_err(failed("make the folder of"))?;
    let free = disk.free_space(folder).map_err(failed("learn of space for"))?;
    if free < layout.file_len + SPARE {
        let (needed, spare) = (layout.file_len, SPARE);
        let text = format!("it takes {needed} bytes beside {spare} that stay for the journal, and {free} are free");
        return Err(failed("make")(io::Error::new(io::ErrorKind::StorageFull, text)));
    }
    let beside = beside(path, "new");
    let write = || {
        let file = disk.create(&beside)?;
        let mut header = layout.head.clone();
        header.resize(layout.live_at() + layout.live_len(), 0);
        live.encode_into(layout, &mut header[layout.live_at()..]);
        file.write_at(&header, 0)?;
        match rows {
            None => {
                let values = (layout.file_len - header.len() as u64) / 8;
                fill(file.as_ref(), header.len() as u64, &f64::NAN.to_le_bytes(), values)?;
            }
            Some(archives) => {
                for (rows, &at) in archives.iter().zip(&layout.rows_at) {
                    let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
                    file.write_at(&bytes, at)?;
                }
            }
        }
        // A converted file stands for history that is about to lose its name; a fresh one is synced with its first
        // round.
        if rows.is_some() { file.sync() } else { Ok(()) }
    };
    write().map_err(|source| {
        // What is left of it would only take space from others.
        let _ = disk.remove(&beside);
        failed("make")(source)
    })
}

/// Puts a file that [`make`] has made in its place.
pub(crate) fn settle(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    disk.rename(&beside(path, "new"), path).map_err(|source| StoreError::Io {
        action: "name",
        path: path.to_owned(),
        source,
    })
}

/// Space that a new file must leave, so that the journal can go on.
const SPARE: u64 = 1 << 20;

/// A name for something beside a file.
pub(crate) fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Writes `count` times the same bytes.
fn fill(file: &dyn DiskFile, mut at: u64, bytes: &[u8], mut count: u64) -> io::Result<()> {
    if count == 1 {
        return file.write_at(bytes, at);
    }
    let per_piece = (FILL / bytes.len().max(1)).clamp(1, usize::try_from(count).unwrap_or(usize::MAX));
    let piece = bytes.repeat(per_piece);
    while count > 0 {
        let now = count.min(per_piece as u64);
        let part = &piece[..now as usize * bytes.len()];
        file.write_at(part, at)?;
        at += part.len() as u64;
        count -= now;
    }
    Ok(())
}

/// Reads on until there are `wanted` bytes or the file ends.
fn read_up_to(file: &dyn DiskFile, bytes: &mut Vec<u8>, wanted: usize) -> io::Result<()> {
    let have = bytes.len();
    // What is shorter than the first read has ended already.
    if wanted > have && have >= FIRST_READ {
        let room = wanted.min(usize::try_from(file.len()?).unwrap_or(usize::MAX)).max(have);
        bytes.resize(room, 0);
        let read = file.read_at(&mut bytes[have..], have as u64)?;
        bytes.truncate(have + read);
    }
    Ok(())
}
