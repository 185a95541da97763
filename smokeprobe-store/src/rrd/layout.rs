//! The part of an RRD file that never changes: which data sources and archives it has, and where their bytes lie.
//!
//! The format is RRDtool's (`rrd_format.h`, `rrdtool create`), in the byte order and word size of the machine that
//! made the file. We know the one of 64-bit little-endian machines:
//!
//! | bytes | what |
//! |---|---|
//! | 128 | cookie `RRD\0`, version `0003\0`, the number 8.642135e130, counts of sources and archives, the step |
//! | 120 × sources | name, type, heartbeat, least and greatest value |
//! | 120 × archives | consolidation, rows, steps a row, the share of unknown steps allowed |
//! | 16 | time of the last update, its microseconds (8 without them before version 3) |
//! | 112 × sources | the step in progress |
//! | 80 × sources × archives | the row in progress |
//! | 8 × archives | the row written last |
//! | 8 × sources × rows, for each archive | the rows |

use std::fmt;

use crate::store::Consolidation;

/// The length of the first structure, which says how long the rest is.
pub(crate) const STAT_HEAD: usize = 128;
const SOURCE: usize = 120;
const ARCHIVE: usize = 120;
const PDP: usize = 112;
const CDP: usize = 80;
const COOKIE: &[u8; 4] = b"RRD\0";
const FLOAT_COOKIE: f64 = 8.642_135E130;
/// SmokePing files have 3 + pings sources and a handful of archives. More than this is a damaged count.
const MAX_SOURCES: u64 = 10_000;
const MAX_ARCHIVES: u64 = 1_000;
/// Ten thousand years of seconds: keeps sums of times far from the end of 64 bits.
const MAX_SPAN: u64 = 315_360_000_000;

/// Why bytes are not an RRD file that we can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage(pub String);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Damage {}

/// One round-robin archive: a row of SmokePing's Database table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Archive {
    /// How its rows are made.
    pub consolidation: Consolidation,
    /// The share of unknown steps that a row may have and still be known, 0 to 1.
    pub xff: f64,
    /// Steps a row.
    pub steps: u32,
    /// Rows.
    pub rows: u32,
}

/// A consolidation function of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cf {
    Average,
    Min,
    Max,
    /// Not one of SmokePing's, but harmless in a file that is only continued.
    Last,
}

impl Cf {
    const fn name(self) -> &'static str {
        match self {
            Self::Average => "AVERAGE",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Last => "LAST",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Average, Self::Min, Self::Max, Self::Last].into_iter().find(|cf| cf.name() == name)
    }
}

impl From<Consolidation> for Cf {
    fn from(consolidation: Consolidation) -> Self {
        match consolidation {
            Consolidation::Average => Self::Average,
            Consolidation::Min => Self::Min,
            Consolidation::Max => Self::Max,
        }
    }
}

/// A data source; always a GAUGE.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) name: String,
    /// Seconds between updates after which a value says nothing about the time before it.
    pub(crate) heartbeat: u64,
    /// Lesser values count as unknown; NaN for no limit.
    pub(crate) min: f64,
    /// Greater values count as unknown; NaN for no limit.
    pub(crate) max: f64,
}

/// An archive as a file has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ArchiveLayout {
    pub(crate) cf: Cf,
    pub(crate) xff: f64,
    pub(crate) steps: u32,
    pub(crate) rows: u32,
}

impl From<&Archive> for ArchiveLayout {
    fn from(archive: &Archive) -> Self {
        Self { cf: archive.consolidation.into(), xff: archive.xff, steps: archive.steps, rows: archive.rows }
    }
}

/// What never changes in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub(crate) version: u8,
    /// Seconds a step.
    pub(crate) step: u32,
    pub(crate) sources: Vec<Source>,
    pub(crate) archives: Vec<ArchiveLayout>,
    /// The bytes this was read from or is written as, to tell equal layouts quickly.
    pub(crate) head: Vec<u8>,
    /// Their checksum.
    pub(crate) checksum: u32,
    /// Where the rows of each archive begin.
    pub(crate) rows_at: Vec<u64>,
    /// How long a file of this layout is.
    pub(crate) file_len: u64,
    /// How many pings a round has, if this is the layout of a SmokePing file.
    pub(crate) pings: Option<u32>,
}

impl Layout {
    /// The layout that SmokePing gives its files.
    ///
    /// Sources `uptime`, `loss`, `median`, `ping1` … `pingN`, all GAUGE with a heartbeat of two steps and values not
    /// below 0; a loss is at most `pings`.
    pub(crate) fn smokeping(step: u32, pings: u32, archives: &[Archive]) -> Self {
        let source = |name: String, max: f64| Source { name, heartbeat: 2 * u64::from(step), min: 0.0, max };
        let mut sources = vec![
            source("uptime".to_owned(), f64::NAN),
            source("loss".to_owned(), f64::from(pings)),
            source("median".to_owned(), f64::NAN),
        ];
        sources.extend((1..=pings).map(|ping| source(format!("ping{ping}"), f64::NAN)));
        Self::new(step, sources, archives.iter().map(ArchiveLayout::from).collect())
    }

    /// A layout of the version that RRDtool gives to files like ours.
    pub(crate) fn new(step: u32, sources: Vec<Source>, archives: Vec<ArchiveLayout>) -> Self {
        let head = encode(step, &sources, &archives);
        Self::with_offsets(3, step, sources, archives, head)
    }

    /// Reads the beginning of a file, which may hold more than the layout, and checks it against the file's length.
    pub fn parse(bytes: &[u8], file_len: u64) -> Result<Self, Damage> {
        let (source_count, archive_count) = counts(bytes)?;
        let head_len = STAT_HEAD + source_count * SOURCE + archive_count * ARCHIVE;
        let Some(head) = bytes.get(..head_len) else {
            return Err(Damage(format!("it ends after {} bytes, inside its header", bytes.len())));
        };
        let version = version(head)?;
        let step = narrow(u64_at(head, 40), 1, "step")?;
        let (sources, archives) = head[STAT_HEAD..].split_at(source_count * SOURCE);
        let sources = sources.chunks_exact(SOURCE).map(parse_source).collect::<Result<Vec<_>, _>>()?;
        let archives = archives.chunks_exact(ARCHIVE).map(parse_archive).collect::<Result<Vec<_>, _>>()?;
        for archive in &archives {
            let span = u64::from(step).saturating_mul(u64::from(archive.steps)).saturating_mul(u64::from(archive.rows));
            if span > MAX_SPAN {
                return Err(Damage(format!("an archive of {span} seconds is no archive")));
            }
        }
        let layout = Self::with_offsets(version, step, sources, archives, head.to_vec());
        if file_len < layout.file_len {
            return Err(Damage(format!("it has {file_len} bytes and should have {}", layout.file_len)));
        }
        Ok(layout)
    }

    fn with_offsets(version: u8, step: u32, sources: Vec<Source>, archives: Vec<ArchiveLayout>, head: Vec<u8>) -> Self {
        let rows_at = Vec::with_capacity(archives.len());
        let pings = pings(&sources);
        let checksum = crc32fast::hash(&head);
        let mut layout = Self { version, step, rows_at, sources, archives, head, checksum, file_len: 0, pings };
        let mut at = (layout.live_at() + layout.live_len()) as u64;
        for archive in &layout.archives {
            layout.rows_at.push(at);
            at += u64::from(archive.rows) * layout.row_len() as u64;
        }
        layout.file_len = at;
        layout
    }

    /// Whether the archives are these, in this order.
    pub(crate) fn has_archives(&self, archives: &[Archive]) -> bool {
        self.archives.iter().copied().eq(archives.iter().map(ArchiveLayout::from))
    }

    /// Whether the sources have the heartbeat and the limits that SmokePing gives them today. Old versions gave pings
    /// a limit of 180 s.
    pub(crate) fn is_tuned(&self, pings: u32) -> bool {
        self.sources.iter().enumerate().all(|(index, source)| {
            let max_fits =
                if index == 1 { source.max.to_bits() == f64::from(pings).to_bits() } else { source.max.is_nan() };
            source.heartbeat == 2 * u64::from(self.step) && source.min.to_bits() == 0.0_f64.to_bits() && max_fits
        })
    }

    /// Bytes a row.
    pub(crate) const fn row_len(&self) -> usize {
        self.sources.len() * 8
    }

    /// Where the part begins that every update writes.
    pub(crate) const fn live_at(&self) -> usize {
        self.head.len()
    }

    /// How long the time of the last update is.
    pub(crate) const fn time_len(&self) -> usize {
        if self.version < 3 { 8 } else { 16 }
    }

    /// How long the part is that every update writes.
    pub(crate) const fn live_len(&self) -> usize {
        let (sources, archives) = (self.sources.len(), self.archives.len());
        self.time_len() + PDP * sources + CDP * sources * archives + 8 * archives
    }

    /// Seconds a row of an archive.
    pub(crate) fn row_step(&self, archive: usize) -> i64 {
        i64::from(self.step) * i64::from(self.archives[archive].steps)
    }
}

/// How many pings a round has, if these are the sources of a SmokePing file.
fn pings(sources: &[Source]) -> Option<u32> {
    let fixed = ["uptime", "loss", "median"];
    let pings = sources.len().checked_sub(fixed.len())?;
    let mut names = sources.iter().map(|source| source.name.as_str());
    let fits = fixed.iter().all(|&name| names.next() == Some(name))
        && names.enumerate().all(|(i, name)| name.strip_prefix("ping").is_some_and(|n| n == (i + 1).to_string()));
    (fits && pings > 0).then_some(pings as u32)
}

/// The length of the header's unchanging part, from its first [`STAT_HEAD`] bytes.
pub(crate) fn head_len(bytes: &[u8]) -> Result<usize, Damage> {
    let (sources, archives) = counts(bytes)?;
    Ok(STAT_HEAD + sources * SOURCE + archives * ARCHIVE)
}

/// How many sources and archives there are.
fn counts(bytes: &[u8]) -> Result<(usize, usize), Damage> {
    if bytes.is_empty() {
        return Err(Damage("it is empty".to_owned()));
    }
    if !COOKIE.starts_with(&bytes[..bytes.len().min(COOKIE.len())]) && !bytes.starts_with(COOKIE) {
        return Err(Damage("it is not an RRD file".to_owned()));
    }
    if bytes.len() < STAT_HEAD {
        return Err(Damage(format!("it ends after {} bytes, inside its header", bytes.len())));
    }
    version(bytes)?;
    if u64_at(bytes, 16) != FLOAT_COOKIE.to_bits() {
        return Err(Damage("it was made on a machine of another architecture; use rrdtool dump there".to_owned()));
    }
    let (sources, archives) = (u64_at(bytes, 24), u64_at(bytes, 32));
    if !(1..=MAX_SOURCES).contains(&sources) || !(1..=MAX_ARCHIVES).contains(&archives) {
        return Err(Damage(format!("it claims {sources} data sources and {archives} archives")));
    }
    Ok((sources as usize, archives as usize))
}

/// Versions 1 to 3 differ for us in the length of a time alone; 4 and 5 add functions and types that
/// [`parse_archive`] and [`parse_source`] refuse by name.
fn version(bytes: &[u8]) -> Result<u8, Damage> {
    match &bytes[4..9] {
        [b'0', b'0', b'0', digit @ b'1'..=b'5', 0] => Ok(digit - b'0'),
        other => Err(Damage(format!("its format version {:?} is not known", String::from_utf8_lossy(other)))),
    }
}

fn parse_source(bytes: &[u8]) -> Result<Source, Damage> {
    let (name, kind) = (text(&bytes[..20], "data source")?, text(&bytes[20..40], "data source type")?);
    if kind != "GAUGE" {
        return Err(Damage(format!("its data source {name} has the type {kind}, not GAUGE")));
    }
    Ok(Source { name: name.to_owned(), heartbeat: u64_at(bytes, 40), min: f64_at(bytes, 48), max: f64_at(bytes, 56) })
}

fn parse_archive(bytes: &[u8]) -> Result<ArchiveLayout, Damage> {
    let name = text(&bytes[..20], "consolidation function")?;
    let cf = Cf::from_name(name).ok_or_else(|| Damage(format!("the consolidation function {name} is not known")))?;
    let xff = f64_at(bytes, 40);
    if !(0.0..=1.0).contains(&xff) {
        return Err(Damage(format!("a share of {xff} unknown steps is none")));
    }
    let rows = narrow(u64_at(bytes, 24), 1, "count of rows")?;
    let steps = narrow(u64_at(bytes, 32), 1, "count of steps a row")?;
    Ok(ArchiveLayout { cf, xff, steps, rows })
}

fn encode(step: u32, sources: &[Source], archives: &[ArchiveLayout]) -> Vec<u8> {
    let mut head = vec![0; STAT_HEAD + sources.len() * SOURCE + archives.len() * ARCHIVE];
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, COOKIE);
    put(4, b"0003\0");
    put(16, &FLOAT_COOKIE.to_le_bytes());
    put(24, &(sources.len() as u64).to_le_bytes());
    put(32, &(archives.len() as u64).to_le_bytes());
    put(40, &u64::from(step).to_le_bytes());
    for (at, source) in (STAT_HEAD..).step_by(SOURCE).zip(sources) {
        put(at, source.name.as_bytes());
        put(at + 20, b"GAUGE");
        put(at + 40, &source.heartbeat.to_le_bytes());
        put(at + 48, &source.min.to_le_bytes());
        put(at + 56, &source.max.to_le_bytes());
    }
    for (at, archive) in (STAT_HEAD + sources.len() * SOURCE..).step_by(ARCHIVE).zip(archives) {
        put(at, archive.cf.name().as_bytes());
        put(at + 24, &u64::from(archive.rows).to_le_bytes());
        put(at + 32, &u64::from(archive.steps).to_le_bytes());
        put(at + 40, &archive.xff.to_le_bytes());
    }
    head
}

/// Text up to its zero byte.
fn text<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, Damage> {
    let len = bytes.iter().position(|&b| b == 0).filter(|&len| len > 0);
    len.and_then(|len| std::str::from_utf8(&bytes[..len]).ok())
        .ok_or_else(|| Damage(format!("the name of a {what} is not text")))
}

fn narrow(value: u64, least: u32, what: &str) -> Result<u32, Damage> {
    // Half of 32 bits, so that doubling a step or adding a row cannot overflow.
    u32::try_from(value)
        .ok()
        .filter(|value| (least..=u32::MAX / 2).contains(value))
        .ok_or_else(|| Damage(format!("its {what} is {value}")))
}

/// The caller has checked that the eight bytes are there.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

pub(crate) fn f64_at(bytes: &[u8], at: usize) -> f64 {
    f64::from_bits(u64_at(bytes, at))
}
