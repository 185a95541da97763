//! `*** Database ***`.

use smokeprobe_core::Step;
use smokeprobe_store::Consolidation;

use super::super::check::{Check, Verdict, perl_number};
use super::super::grammar::{Rules, Sections, column, examine, rule};
use super::super::plan::{Archive, Database};
use super::super::tree::Section;
use super::Context;
use super::modules::PINGS;

const RULES: Rules = Rules {
    variables: &[rule("step", Check::Whole(1)), rule("pings", PINGS)],
    table: Some(&[
        column("consolidation", Check::OneOf(&["AVERAGE", "MIN", "MAX"])),
        column("xff", Check::With(xff)),
        column("steps", Check::Whole(1)),
        column("rows", Check::Whole(1)),
    ]),
    sections: Sections::None,
};

/// Pings a round unless the configuration says.
const DEFAULT_PINGS: u32 = 20;

/// A file larger than this is a typing error in the table.
const LARGEST_FILE: u64 = 64 << 30;

fn xff(value: &str) -> Verdict {
    let number = perl_number(value);
    Verdict::good_if(number > 0.0 && number <= 1.0, "above 0 and at most 1, such as `0.5`")
}

pub(super) fn read(section: Option<&Section>, cx: &mut Context<'_>) -> Database {
    let mut database = Database { step: Step::DEFAULT, pings: DEFAULT_PINGS, archives: default_archives() };
    let Some(section) = section else { return database };
    let values = examine(section, &RULES, cx.problems);
    if let Some(step) = values.number("step").and_then(Step::from_secs) {
        database.step = step;
    }
    if let Some(pings) = values.number("pings") {
        database.pings = pings;
    }
    if !section.rows.is_empty() {
        database.archives = values.rows.iter().map(|row| archive(row)).collect();
        let rows: u64 = database.archives.iter().map(|archive| u64::from(archive.rows)).sum();
        let size = rows.saturating_mul(u64::from(database.pings) + 3).saturating_mul(8);
        if size > LARGEST_FILE {
            let message = format!("with this table each target's file takes {} GiB", size >> 30);
            cx.problems
                .error(section.rows[0].span, message)
                .help("the last column is the number of rows of an archive");
        }
    }
    database
}

fn archive(row: &[String]) -> Archive {
    Archive {
        consolidation: match row[0].as_str() {
            "MIN" => Consolidation::Min,
            "MAX" => Consolidation::Max,
            _ => Consolidation::Average,
        },
        xff: perl_number(&row[1]),
        steps: perl_number(&row[2]) as u32,
        rows: perl_number(&row[3]) as u32,
    }
}

/// The archives of Debian's package and of the usual container image: 3 MB a target with 20 pings.
fn default_archives() -> Vec<Archive> {
    use Consolidation::{Average, Max, Min};
    [
        (Average, 1, 1008),
        (Average, 12, 4320),
        (Min, 12, 4320),
        (Max, 12, 4320),
        (Average, 144, 720),
        (Max, 144, 720),
        (Min, 144, 720),
    ]
    .map(|(consolidation, steps, rows)| Archive { consolidation, xff: 0.5, steps, rows })
    .to_vec()
}
