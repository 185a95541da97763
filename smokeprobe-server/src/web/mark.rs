//! What a moment of this server's life is called: who has read the states can have what happened after it.

use smokeprobe_core::SeriesId;

use super::WebState;

impl WebState {
    /// The present moment. What is read after this is as new, or newer.
    pub(super) fn mark(&self) -> String {
        format!("{}-{}", self.run(), self.live.rounds_so_far())
    }

    /// The series that have had a round since then; `None` when the mark is none of this run of the server.
    pub(super) fn changed_since(&self, mark: &str) -> Option<Vec<SeriesId>> {
        let (run, rounds) = mark.split_once('-')?;
        let rounds = rounds.parse().ok()?;
        (run == self.run()).then(|| self.live.changed_since(rounds))
    }

    /// Counts begin anew with each start of the server.
    fn run(&self) -> String {
        format!("{:x}", self.started.unix_nanos())
    }
}
