//! What an address names: a series of the plan, or what is said where there is none.

use smokeprobe_core::{SeriesId, TargetPath};

use super::error::{ApiError, shown};
use crate::config::Plan;
use crate::config::plan::{Node, Target};
use crate::describe;

/// The series that an address names, with the section it belongs to.
pub(super) fn series<'a>(plan: &'a Plan, name: &str) -> Result<(SeriesId, &'a Node, &'a Target), ApiError> {
    let series: SeriesId = name.parse().map_err(|_| {
        let shown = shown(name);
        ApiError::not_found(format!("{shown:?} is not the name of a series; they look like A.B or A.B~slave"))
    })?;
    let node = describe::find(plan, &series.target).ok_or_else(|| no_section(&series.target))?;
    let Some(target) = &node.target else {
        let message = match listed(node.multihost.iter()) {
            None => format!("{} is a section without a host of its own", series.target),
            Some(members) => format!("{} shows others together; ask for them: {members}", series.target),
        };
        return Err(ApiError::not_found(message));
    };
    let known: Vec<SeriesId> = describe::series_of(target).collect();
    if !known.contains(&series) {
        let known = listed(known.iter()).unwrap_or_else(|| "nothing".to_owned());
        let shown = shown(&series.to_string());
        return Err(ApiError::not_found(format!("{shown} is not measured; there is {known}")));
    }
    Ok((series, node, target))
}

/// What is said of a path that leads nowhere.
pub(super) fn no_section(path: &TargetPath) -> ApiError {
    ApiError::not_found(format!("the configuration has no section {}", shown(path.as_str())))
}

/// The first of some series, in words; `None` when there are none.
fn listed<'a>(series: impl Iterator<Item = &'a SeriesId>) -> Option<String> {
    let names: Vec<String> = series.take(10).map(SeriesId::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
