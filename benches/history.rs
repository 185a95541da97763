//! What a series has measured for a year.

use smokeprobe_core::{Measured, Round, RoundResult, Rtt, SeriesId, Slot, WallTime};
use smokeprobe_store::{Store, StoreError};

/// What is asked of it: SmokePing's own ranges, in seconds.
pub const RANGES: [(&str, i64); 4] = [("3 h", 10_800), ("30 h", 108_000), ("10 d", 864_000), ("360 d", 31_104_000)];

/// Pings of each round.
pub const PINGS: u32 = 20;

/// Stores a little more than a year of rounds of five minutes, the last one in `last`; one in fifty with a loss.
///
/// # Errors
///
/// When the store cannot be written.
pub fn year(store: &dyn Store, series: &SeriesId, last: Slot) -> Result<(), StoreError> {
    for back in (0..370 * 288).rev() {
        let slot = last.plus(-back);
        let lost = u32::from(back % 50 == 0);
        let rtts = (0..u64::from(PINGS - lost)).map(|ping| {
            let noise = (slot.index().unsigned_abs() * 31 + ping).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
            Rtt::from_nanos(28_000_000 + 300_000 * ping + noise)
        });
        let result = RoundResult::Measured(Measured::from_samples(rtts, lost));
        let started = WallTime::from_unix_secs(slot.start());
        store.append(&Round { series: series.clone(), slot, pings: PINGS, started, result })?;
    }
    store.sync()
}
