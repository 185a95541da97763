//! The part of an RRD file that every update writes: how far it has come, and what is in progress.

use crate::rrd::layout::{Damage, Layout, f64_at, u64_at};

/// The length of the text that keeps a source's last value, with its zero byte.
const LAST_VALUE: usize = 30;

/// What an update changes besides rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Live {
    /// When the file was last updated.
    pub(crate) updated: UpdateTime,
    /// The step in progress, one a source.
    pub(crate) pdp: Vec<Pdp>,
    /// The row in progress, one a source and archive: all sources of the first archive, then of the second.
    pub(crate) cdp: Vec<Cdp>,
    /// The row written last, one an archive.
    pub(crate) cur_row: Vec<u32>,
}

/// Unix seconds and microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UpdateTime {
    pub(crate) secs: i64,
    pub(crate) micros: u32,
}

impl UpdateTime {
    pub(crate) const fn from_secs(secs: i64) -> Self {
        Self { secs, micros: 0 }
    }
}

/// The step in progress of one source ("primary data point").
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pdp {
    /// The value given last, as text. Only for readers: a GAUGE never looks back.
    pub(crate) last_value: [u8; LAST_VALUE],
    /// Seconds of the step about which nothing is known.
    pub(crate) unknown_secs: u64,
    /// The sum of value × seconds so far; NaN for none.
    pub(crate) value: f64,
}

/// The row in progress of one source in one archive ("consolidated data point").
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cdp {
    /// What the known steps so far come to.
    pub(crate) value: f64,
    /// How many steps so far are unknown.
    pub(crate) unknown: u64,
    /// The last row written. It means nothing to the next update; `rrdtool dump` shows it.
    pub(crate) primary: f64,
    /// The step that filled up further rows of the same update; likewise.
    pub(crate) secondary: f64,
}

impl Live {
    /// The state of a fresh file that starts at `start`, as RRDtool makes it. Nothing is known before `start`.
    ///
    /// `first_row` says for each archive where its ring begins.
    pub(crate) fn fresh(layout: &Layout, start: i64, first_row: impl Fn(usize) -> u32) -> Self {
        let step = i64::from(layout.step);
        let (steps, into_step) = (start.div_euclid(step), start.rem_euclid(step));
        let pdp = Pdp { last_value: last_value(f64::NAN), unknown_secs: into_step as u64, value: f64::NAN };
        let cdp = |unknown| Cdp { value: f64::NAN, unknown, primary: 0.0, secondary: 0.0 };
        let sources = layout.sources.len();
        let unknown = |steps_a_row: u32| steps.rem_euclid(i64::from(steps_a_row)) as u64;
        Self {
            updated: UpdateTime::from_secs(start),
            pdp: vec![pdp; sources],
            cdp: layout
                .archives
                .iter()
                .flat_map(|archive| std::iter::repeat_n(cdp(unknown(archive.steps)), sources))
                .collect(),
            cur_row: layout.archives.iter().enumerate().map(|(i, archive)| first_row(i) % archive.rows).collect(),
        }
    }

    /// Reads the bytes from [`Layout::live_at`] on.
    pub(crate) fn parse(layout: &Layout, bytes: &[u8]) -> Result<Self, Damage> {
        let Some(bytes) = bytes.get(..layout.live_len()) else {
            return Err(Damage(format!("it ends after {} bytes, inside its header", layout.live_at() + bytes.len())));
        };
        let (time, rest) = bytes.split_at(layout.time_len());
        let updated = parse_time(time)?;
        let (pdp, rest) = rest.split_at(layout.sources.len() * 112);
        let (cdp, rows) = rest.split_at(layout.sources.len() * layout.archives.len() * 80);
        let pdp = pdp.chunks_exact(112).map(|bytes| {
            let mut last_value = [0; LAST_VALUE];
            last_value.copy_from_slice(&bytes[..LAST_VALUE]);
            Pdp { last_value, unknown_secs: u64_at(bytes, 32), value: f64_at(bytes, 40) }
        });
        let cdp = cdp.chunks_exact(80).map(|bytes| Cdp {
            value: f64_at(bytes, 0),
            unknown: u64_at(bytes, 8),
            primary: f64_at(bytes, 64),
            secondary: f64_at(bytes, 72),
        });
        let cur_row = rows.chunks_exact(8).zip(&layout.archives).map(|(bytes, archive)| {
            let row = u64_at(bytes, 0);
            u32::try_from(row)
                .ok()
                .filter(|&row| row < archive.rows)
                .ok_or_else(|| Damage(format!("it points at row {row} of {}", archive.rows)))
        });
        Ok(Self { updated, pdp: pdp.collect(), cdp: cdp.collect(), cur_row: cur_row.collect::<Result<_, _>>()? })
    }

    /// Writes into bytes that were read, or zeroed, so that what we do not know of stays.
    pub(crate) fn encode_into(&self, layout: &Layout, bytes: &mut [u8]) {
        let (time, rest) = bytes.split_at_mut(layout.time_len());
        time[..8].copy_from_slice(&self.updated.secs.to_le_bytes());
        if let Some(micros) = time.get_mut(8..16) {
            micros.copy_from_slice(&u64::from(self.updated.micros).to_le_bytes());
        }
        let (pdps, rest) = rest.split_at_mut(layout.sources.len() * 112);
        let (cdps, rows) = rest.split_at_mut(layout.sources.len() * layout.archives.len() * 80);
        for (bytes, pdp) in pdps.chunks_exact_mut(112).zip(&self.pdp) {
            bytes[..LAST_VALUE].copy_from_slice(&pdp.last_value);
            bytes[32..40].copy_from_slice(&pdp.unknown_secs.to_le_bytes());
            bytes[40..48].copy_from_slice(&pdp.value.to_le_bytes());
        }
        for (bytes, cdp) in cdps.chunks_exact_mut(80).zip(&self.cdp) {
            bytes[..8].copy_from_slice(&cdp.value.to_le_bytes());
            bytes[8..16].copy_from_slice(&cdp.unknown.to_le_bytes());
            bytes[64..72].copy_from_slice(&cdp.primary.to_le_bytes());
            bytes[72..80].copy_from_slice(&cdp.secondary.to_le_bytes());
        }
        for (bytes, row) in rows.chunks_exact_mut(8).zip(&self.cur_row) {
            bytes.copy_from_slice(&u64::from(*row).to_le_bytes());
        }
    }

    /// Drops what was written last: it says nothing to any program, and so need not be kept.
    pub(crate) fn forget_rows(&mut self) {
        for cdp in &mut self.cdp {
            cdp.primary = f64::NAN;
            cdp.secondary = f64::NAN;
        }
    }

    /// Unix seconds of the end of the last whole step.
    pub(crate) fn last_step_end(&self, layout: &Layout) -> i64 {
        let step = i64::from(layout.step);
        self.updated.secs.div_euclid(step) * step
    }

    /// Unix seconds of the end of an archive's newest row.
    pub(crate) fn last_row_end(&self, layout: &Layout, archive: usize) -> i64 {
        let step = layout.row_step(archive);
        self.updated.secs.div_euclid(step) * step
    }
}

/// Whether all bytes of the live part that we have no use for are zero, as every program that we know leaves them.
pub(crate) fn spare_is_zero(layout: &Layout, bytes: &[u8]) -> bool {
    let zero = |bytes: &[u8]| bytes.iter().all(|&byte| byte == 0);
    let (pdps, rest) = bytes[layout.time_len()..].split_at(layout.sources.len() * 112);
    let cdps = &rest[..layout.sources.len() * layout.archives.len() * 80];
    pdps.chunks_exact(112).all(|pdp| zero(&pdp[30..32]) && zero(&pdp[48..]))
        && cdps.chunks_exact(80).all(|cdp| zero(&cdp[16..64]))
}

/// The first bytes of the live part.
pub(crate) fn parse_time(bytes: &[u8]) -> Result<UpdateTime, Damage> {
    let secs = u64_at(bytes, 0) as i64;
    let micros = if bytes.len() < 16 { 0 } else { u64_at(bytes, 8) };
    // A thousand centuries after the epoch is no time of an update, and would make sums of times overflow.
    if !(0..=3_155_760_000_000).contains(&secs) || micros >= 1_000_000 {
        return Err(Damage(format!("it says it was updated at {secs} s and {micros} µs")));
    }
    Ok(UpdateTime { secs, micros: micros as u32 })
}

/// A value as the text that `rrdtool info` and `rrdtool lastupdate` show: `U`, or digits that read back as the value.
pub(crate) fn last_value(value: f64) -> [u8; LAST_VALUE] {
    use std::io::Write;

    let mut text = [0; LAST_VALUE];
    let nanos = (value * 1e9).round();
    if value.is_nan() {
        text[0] = b'U';
    } else if (0.0..1e15).contains(&nanos) && (nanos / 1e9).to_bits() == value.to_bits() {
        // What we measure is whole nanoseconds; this is many times quicker than the search for the shortest digits.
        let mut rest = nanos as u64;
        // Six digits of seconds, the point, nine of nanoseconds.
        for place in (0..16).rev().filter(|&place| place != 6) {
            text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text[6] = b'.';
        let zeros = text[..5].iter().take_while(|&&digit| digit == b'0').count();
        text.copy_within(zeros..16, 0);
        text[16 - zeros..16].fill(0);
    } else {
        // The longest text of an f64 in scientific notation has 24 characters, so that it always fits.
        let _ = write!(&mut text[..LAST_VALUE - 1], "{value:e}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_value_reads_back_as_the_value() {
        let nanos = [0, 1, 999_999_999, 1_000_000_000, 10_123_457, 123_456_789_012_345, 999_999_999_999_999];
        let others = [0.1 + 0.2, 1e-12, 1.5e300, f64::MIN_POSITIVE, -3.25, 1e15, f64::from(u32::MAX) * 1e9];
        for value in nanos.into_iter().map(|nanos: u64| nanos as f64 / 1e9).chain(others) {
            let text = last_value(value);
            let len = text.iter().position(|&byte| byte == 0).unwrap();
            let text = std::str::from_utf8(&text[..len]).unwrap();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
        }
        assert_eq!(last_value(0.010_123_457)[..13], *b"0.010123457\0\0");
        assert_eq!(last_value(f64::NAN)[..2], *b"U\0");
    }
}
