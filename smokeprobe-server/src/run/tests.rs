use super::*;
use crate::config::{InMemory, load_from};

/// A plan without targets.
pub(crate) fn empty_plan() -> Plan {
    let files = InMemory::default().with("config", "*** Targets ***\nprobe = FPing\n");
    load_from(&files, "config".as_ref()).plan.unwrap()
}

#[test]
fn file_that_an_error_is_in_is_watched_too() {
    let folder = tempfile::tempdir().unwrap();
    let (main, extra) = (folder.path().join("config"), folder.path().join("Extra"));
    std::fs::write(&main, format!("*** Targets ***\nprobe = FPing\n@include {}\n", extra.display())).unwrap();
    std::fs::write(&extra, "+ A\nhots = 192.0.2.1\n").unwrap();
    let broken = load(&main, vec![main.clone()], None);
    assert!(broken.plan.is_none());
    assert!(broken.report.contains("Extra:2"), "{}", broken.report);
    assert_eq!(broken.files, [main.clone(), extra.clone()]);
    assert_eq!(broken.digest, crate::watch::digest(&broken.files));

    std::fs::write(&extra, "+ A\nhost = 192.0.2.1\n").unwrap();
    let mended = load(&main, broken.files.clone(), None);
    assert_eq!(mended.plan.unwrap().targets().count(), 1);
    assert_ne!(mended.digest, broken.digest);
}
