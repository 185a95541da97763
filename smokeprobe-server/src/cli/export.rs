//! `export`: the stored rounds of one target, for other programs.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use smokeprobe_core::{Clock as _, SeriesId, SystemClock};
use smokeprobe_store::{Consolidation, Query, RrdStore, Store as _};

use super::{ConfigArg, terminal};
use crate::rows::written::{Rows, write_csv};
use crate::{config, timespec};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The target, as A.B, or A.B~slave for what a slave measured.
    #[arg(value_name = "TARGET")]
    series: SeriesId,
    #[command(flatten)]
    config: ConfigArg,
    /// The folder of the RRD files, instead of the configuration's.
    #[arg(long, value_name = "FOLDER")]
    datadir: Option<PathBuf>,
    /// From when: -3h, 2026-11-22, "2026-11-22 10:00", Unix seconds.
    #[arg(long, default_value = "-3h", allow_hyphen_values = true)]
    from: String,
    /// Until when.
    #[arg(long, default_value = "now", allow_hyphen_values = true)]
    to: String,
    /// At most this many rows: coarser archives are read for a long range.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    points: u32,
    /// How rows of coarser archives were made.
    #[arg(long, value_enum, default_value_t = Cf::Average)]
    consolidation: Cf,
    /// How to print the rows.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A header and a line a row; unknown values are empty.
    Csv,
    /// One object, as /api/v1/series answers; unknown values are null.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cf {
    Average,
    Min,
    Max,
}

/// Reads the files beside a server that runs, or without one.
pub(super) fn execute(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let store = RrdStore::read_only(match &args.datadir {
        Some(datadir) => datadir.clone(),
        None => datadir_of(&args.config.config)?,
    });
    let query = match question(args) {
        Ok(query) => query,
        Err(wrong) => return Ok(terminal::wrong_usage(&wrong)),
    };
    let frame = store.query(&query)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Csv => write_csv(&frame, &mut out)?,
        Format::Json => {
            serde_json::to_writer(&mut out, &Rows::new(&query.series, query.from, query.to, &frame))?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn question(args: &ExportArgs) -> anyhow::Result<Query> {
    let now = SystemClock.wall();
    let query = Query {
        series: args.series.clone(),
        from: timespec::parse(&args.from, now).context("--from")?.unix_secs(),
        to: timespec::parse(&args.to, now).context("--to")?.unix_secs(),
        consolidation: args.consolidation.into(),
        max_points: args.points as usize,
    };
    if query.from > query.to {
        bail!("--from {} is later than --to {}", args.from, args.to);
    }
    Ok(query)
}

/// Where the configuration keeps its data.
fn datadir_of(path: &Path) -> anyhow::Result<PathBuf> {
    let loaded = config::load(path);
    let Some(plan) = loaded.plan else {
        bail!("{} has errors; `check` shows them, and --datadir goes without a configuration", path.display());
    };
    Ok(plan.general.datadir)
}

impl From<Cf> for Consolidation {
    fn from(cf: Cf) -> Self {
        match cf {
            Cf::Average => Self::Average,
            Cf::Min => Self::Min,
            Cf::Max => Self::Max,
        }
    }
}
