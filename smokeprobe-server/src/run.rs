//! placeholder
#[cfg(test)]
pub(crate) mod tests {
    pub(crate) fn empty_plan() -> crate::config::Plan {
        let files = crate::config::InMemory::default().with("config", "*** Targets ***\nprobe = FPing\n");
        crate::config::load_from(&files, "config".as_ref()).plan.unwrap()
    }
}
