//! Hosts that tell their own address.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use smokeprobe_core::{Host, Probe, ProbeDescriptor, ProbeError, ResolveError, RoundCx};

use crate::dynamic;

/// Measures the address that a file holds. The host's own request writes it, and only when the address has changed, so
/// that the file's time says since when the host has it.
#[derive(Debug)]
pub(super) struct DynamicHost {
    probe: Arc<dyn Probe>,
    file: PathBuf,
}

impl DynamicHost {
    pub(super) fn new(probe: Arc<dyn Probe>, file: PathBuf) -> Self {
        Self { probe, file }
    }
}

#[async_trait]
impl Probe for DynamicHost {
    fn descriptor(&self) -> &ProbeDescriptor {
        self.probe.descriptor()
    }

    async fn measure(&self, round: &mut RoundCx<'_>) -> Result<(), ProbeError> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || dynamic::read(&file)).await;
        let (address, since) = read.unwrap_or_else(|panic| Err(io::Error::other(panic))).map_err(|error| {
            ProbeError::Resolve(ResolveError::Lookup {
                name: self.file.display().to_string(),
                reason: error.to_string(),
            })
        })?;
        round.recorder().uptime(round.clock().wall().saturating_since(since));
        let host = Host::Address(address);
        let mut of_address = RoundCx::new(
            round.order(),
            &host,
            round.deadline(),
            round.recorder().clone(),
            round.resolver(),
            round.clock(),
        );
        self.probe.measure(&mut of_address).await
    }
}
