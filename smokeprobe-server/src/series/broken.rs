//! What stands in for a probe that cannot be made.

use async_trait::async_trait;
use smokeprobe_core::{Probe, ProbeDescriptor, ProbeError, RoundCx};

/// Says in each round why there is no probe: the target stays in the tree, and its page gives the reason.
#[derive(Debug)]
pub(super) struct BrokenProbe {
    descriptor: ProbeDescriptor,
    why: String,
}

impl BrokenProbe {
    pub(super) fn new(name: &str, why: &ProbeError) -> Self {
        Self { descriptor: ProbeDescriptor::new(name.to_owned(), "Pings"), why: why.to_string() }
    }
}

#[async_trait]
impl Probe for BrokenProbe {
    fn descriptor(&self) -> &ProbeDescriptor {
        &self.descriptor
    }

    async fn measure(&self, _round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        Err(ProbeError::Other(self.why.clone()))
    }
}
