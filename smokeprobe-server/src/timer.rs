//! What the daemon and its helpers wait for.

use std::time::Duration;

/// Ends after `time`.
pub(crate) fn timer(time: Duration) -> tokio::time::Sleep {
    #[expect(clippy::disallowed_methods, reason = "the daemon waits here, and nowhere else")]
    tokio::time::sleep(time)
}
