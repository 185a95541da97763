use super::*;
use crate::config::{InMemory, load_from};

/// A plan without targets.
pub(crate) fn empty_plan() -> Plan {
    let files = InMemory::default().with("config", "*** Targets ***\nprobe = FPing\n");
    load_from(&files, "config".as_ref()).plan.unwrap()
}
