//! The contract of `Store`, kept by all of ours.

use smokeprobe_store::{MemoryStore, Store, conformance};

use crate::common::open;

#[test]
fn memory_store_keeps_the_contract() {
    conformance::check(|| MemoryStore::new(conformance::ROWS));
}

#[test]
fn rrd_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let stores = std::cell::Cell::new(0);
    conformance::check(|| {
        stores.set(stores.get() + 1);
        open(&folder.path().join(stores.get().to_string()))
    });
}

#[test]
fn server_can_hold_any_store() {
    let store: Box<dyn Store> = Box::new(MemoryStore::new(10));
    assert!(store.catalog().unwrap().is_empty());
}
