//! Rows of a series, written for other programs: as JSON and as CSV, by the web and by `export` alike.

use std::io::{self, Write};

use serde::Serialize;
use smokeprobe_core::SeriesId;
use smokeprobe_store::{Consolidation, Frame};

/// Rows of one series. Times in Unix seconds, RTTs in seconds, loss in pings; `null` is unknown.
#[derive(Debug, Serialize)]
pub struct Rows<'a> {
    series: &'a SeriesId,
    from: i64,
    to: i64,
    /// Seconds a row.
    step: u32,
    consolidation: &'static str,
    /// Pings a round: the unit of `loss`.
    pings: u32,
    columns: Columns<'a>,
    /// Ends of the slots whose rounds our own starvation may have spoilt, where that is remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspect: Option<Vec<i64>>,
}

#[derive(Debug, Serialize)]
struct Columns<'a> {
    /// When each row ends, by which rrdtool calls it: it covers the `step` seconds before.
    time: Vec<i64>,
    loss: &'a [f64],
    median: &'a [f64],
    /// `pings[i]` is the column of the (i+1)-th lowest answers.
    pings: &'a [Vec<f64>],
}

impl<'a> Rows<'a> {
    /// The rows of `frame`, which answer a question about `from` to `to` (Unix seconds).
    pub fn new(series: &'a SeriesId, from: i64, to: i64, frame: &'a Frame) -> Self {
        Self {
            series,
            from,
            to,
            step: frame.step,
            consolidation: match frame.consolidation {
                Consolidation::Average => "average",
                Consolidation::Min => "min",
                Consolidation::Max => "max",
            },
            pings: frame.pings,
            columns: Columns {
                time: (0..frame.rows()).map(|row| frame.end_of(row)).collect(),
                loss: &frame.loss,
                median: &frame.median,
                pings: &frame.samples,
            },
            suspect: None,
        }
    }

    /// The same with the suspect rounds in it.
    #[must_use]
    pub fn with_suspect(self, suspect: Vec<i64>) -> Self {
        Self { suspect: Some(suspect), ..self }
    }
}

/// A header and a line a row: when it ends in Unix seconds, lost pings, median and pings in seconds. Unknown is empty.
pub fn write_csv(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    write!(out, "time,loss,median")?;
    for ping in 1..=frame.samples.len() {
        write!(out, ",ping{ping}")?;
    }
    writeln!(out)?;
    for row in 0..frame.rows() {
        write!(out, "{}", frame.end_of(row))?;
        for column in [&frame.loss, &frame.median].into_iter().chain(&frame.samples) {
            match column[row] {
                value if value.is_nan() => out.write_all(b",")?,
                // The shortest text that reads back as the same bits.
                value => write!(out, ",{value}")?,
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_has_a_line_a_row_and_nothing_for_the_unknown() {
        let frame = Frame {
            start: 600,
            step: 300,
            consolidation: Consolidation::Average,
            pings: 3,
            loss: vec![1.0, f64::NAN],
            median: vec![0.0125, f64::NAN],
            uptime: vec![f64::NAN; 2],
            samples: vec![vec![0.0125, f64::NAN], vec![0.013, f64::NAN], vec![f64::NAN; 2]],
        };
        let mut csv = Vec::new();
        write_csv(&frame, &mut csv).unwrap();
        let expected = "time,loss,median,ping1,ping2,ping3\n600,1,0.0125,0.0125,0.013,\n900,,,,,\n";
        assert_eq!(String::from_utf8(csv).unwrap(), expected);
    }
}
