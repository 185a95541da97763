//! A probe of one's own: how long an NTP server takes to answer (RFC 5905).
//!
//! `cargo run -p smokeprobe-example-custom-probe -- pool.ntp.org` measures one round of ten samples with the engine.
//! Without a host it asks a server that it starts itself.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smokeprobe_core::{
    AddressFamily, Engine, EngineConfig, Host, LossReason, Offset, OneShot, Outcome, Pace, Paced, ProbeDescriptor,
    ProbeError, Round, RoundCx, SeriesId, SeriesSpec, Step, SystemClock, SystemResolver,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

#[derive(Debug)]
struct Ntp {
    about: ProbeDescriptor,
    port: u16,
}

impl Ntp {
    fn on(port: u16) -> Paced<Self> {
        Paced(Self { about: ProbeDescriptor::new("NTP", "NTP requests"), port })
    }
}

#[async_trait]
impl OneShot for Ntp {
    type Target = SocketAddr;

    fn descriptor(&self) -> &ProbeDescriptor {
        &self.about
    }

    fn pace(&self) -> Pace {
        Pace { interval: Duration::from_millis(100), timeout: Some(Duration::from_secs(5)) }
    }

    async fn prepare(&self, round: &mut RoundCx<'_>) -> Result<SocketAddr, ProbeError> {
        Ok(SocketAddr::new(round.address(AddressFamily::Any).await?, self.port))
    }

    async fn sample(&self, round: &RoundCx<'_>, server: &mut SocketAddr) -> Result<Outcome, ProbeError> {
        // What keeps us from asking says nothing about the server: an error, not a loss.
        let cannot = |source| ProbeError::System { action: "open a UDP socket".into(), source };
        let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.map_err(cannot)?;
        socket.connect(*server).await.map_err(cannot)?;

        // Version 4, mode 3 (client). The answer repeats the last eight bytes, by which we know that it is ours.
        let mut request = [0; 48];
        request[0] = 4 << 3 | 3;
        request[40..].copy_from_slice(&round.clock().wall().unix_nanos().to_be_bytes());

        let sent = round.clock().mono();
        if socket.send(&request).await.is_err() {
            return Ok(Outcome::Lost(LossReason::SendFailed));
        }
        loop {
            let mut answer = [0; 48];
            match socket.recv(&mut answer).await {
                Ok(48) if answer[24..32] == request[40..] => {
                    return Ok(Outcome::answered(round.clock().mono().saturating_since(sent)));
                }
                // Anybody may send us anything. Should nothing better come, the time-out ends the sample.
                Ok(_) => {}
                // The port is closed: ICMP says so.
                Err(_) => return Ok(Outcome::Lost(LossReason::Unreachable { code: 3 })),
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (host, port) = match std::env::args().nth(1) {
        Some(host) => (Host::from(host.as_str()), 123),
        None => (Host::from("127.0.0.1"), serve().await?),
    };
    let series = SeriesSpec {
        series: SeriesId::local("Clocks.Ntp".parse()?),
        host,
        probe: Arc::new(Ntp::on(port)),
        step: Step::DEFAULT,
        pings: 10,
        offset: Offset::Spread,
        last: None,
    };
    let (done, mut rounds) = mpsc::unbounded_channel();
    let sink = move |round: &Round| {
        // Nobody listens any more once the first round is printed.
        let _ = done.send(round.clone());
    };
    let resolver = Arc::new(SystemResolver::new(Arc::new(SystemClock)));
    let engine = Engine::start(EngineConfig::new(resolver), vec![series], Box::new(sink));
    let round = rounds.recv().await.ok_or("the engine ended without a round")?;
    engine.shutdown(Duration::ZERO).await;

    let measured = round.measured().ok_or_else(|| format!("not measured: {:?}", round.result))?;
    for rtt in measured.rtts() {
        println!("{:.3} ms", rtt.as_millis_f64());
    }
    println!("{} of {} lost", measured.lost(), round.pings);
    Ok(())
}

/// Answers as an NTP server does, as far as our probe looks. Returns its port.
async fn serve() -> std::io::Result<u16> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = socket.local_addr()?.port();
    tokio::spawn(async move {
        let mut packet = [0; 48];
        while let Ok((48, client)) = socket.recv_from(&mut packet).await {
            packet[0] = 4 << 3 | 4;
            packet.copy_within(40..48, 24);
            if socket.send_to(&packet, client).await.is_err() {
                break;
            }
        }
    });
    Ok(port)
}

#[cfg(test)]
mod tests {
    use smokeprobe_core::conformance::{Subject, check};

    use super::*;

    #[tokio::test]
    async fn keeps_the_contract_of_probes() {
        let probe = Ntp::on(serve().await.unwrap());
        check(&Subject { probe: &probe, answers: "127.0.0.1".into(), silent: None }).await;
    }
}
