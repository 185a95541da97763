//! The daemon: starts everything in order, follows the configuration, stops in order.
//!
//! Start: configuration, store, address to listen on, alerts, writer, engine; only then ready. A configuration with an error, a
//! store that cannot be opened and an address that is taken end the start.
//!
//! Reload, by SIGHUP or when a file of the configuration changes: it is read whole first. With an error in it the plan
//! that runs goes on, and log, `/readyz` and metrics say so. Series that did not change keep phase and running round.
//!
//! Stop, by SIGTERM or SIGINT: the engine closes the rounds in flight with what they have, the writer stores and syncs
//! all that waits while the alerts judge and keep it, the web lets open requests end; within two seconds, whatever hangs.

mod access;
mod alerts;
mod limits;
mod load;
mod stop;
mod systemd;
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use smokeprobe_core::{Clock, Engine, EngineConfig, FanOut, Reloaded, SystemClock, SystemResolver};
use smokeprobe_store::{RrdStore, RrdStoreConfig, Store, StoreError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::config::Plan;
use crate::live::{Live, LiveSink, Measuring, ReloadState};
use crate::rawlog::RawLogSink;
use crate::recall::recall;
use crate::series::Shelf;
use crate::suspects::{self, SuspectFile, Suspects};
use crate::users::UsersError;
use crate::watch::Watch;
use crate::web::{self, AccessOptions, Metrics, MetricsSink, Readiness, WebState};
use crate::writer::{Keep, Writer};
use alerts::Alerts;
use load::{Fresh, load};
use stop::Web;
use systemd::Systemd;

/// How to run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The main file of the configuration.
    pub config: PathBuf,
    /// Where to serve the web.
    pub listen: SocketAddr,
    /// The file of users, when there are any.
    pub users: Option<PathBuf>,
    /// Who else may look; [`AccessOptions::loopback`] follows from where it listens.
    pub access: AccessOptions,
}

/// Why the daemon could not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is an error in the configuration.
    #[error("the configuration has errors\n\n{report}")]
    Config {
        /// What is wrong, for people.
        report: String,
    },
    /// The store cannot be opened.
    #[error("cannot open the store")]
    Store(#[source] StoreError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file of users cannot be read, or has a fault in it.
    #[error("nobody could sign in")]
    Users(#[source] UsersError),
    /// The web server ended while nobody stopped it.
    #[error("the web server has ended by a fault of its own; please report it, with the lines before")]
    WebEnded,
    /// The system gives no thread, no signals, or no runtime.
    #[error("cannot {action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Runs the daemon until it is told to stop.
pub fn run(options: RunOptions) -> Result<(), RunError> {
    // A probe that blocks its thread must leave others, also on a machine of one core.
    let threads = thread::available_parallelism().map_or(4, NonZero::get).max(4);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|source| RunError::System { action: "start the runtime", source })?;
    let outcome = runtime.block_on(run_here(options));
    // What still hangs then must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

/// The same on a runtime of the caller's, which must have several worker threads.
pub async fn run_here(options: RunOptions) -> Result<(), RunError> {
    let mut signals = Signals::new().map_err(|source| RunError::System { action: "receive signals", source })?;
    let mut daemon = tokio::select! {
        daemon = Daemon::start(options) => daemon?,
        () = signals.stop.received() => return Ok(()),
    };
    let outcome = daemon.run(&mut signals).await;
    daemon.stop().await;
    outcome
}

struct Daemon {
    config: PathBuf,
    clock: Arc<dyn Clock>,
    live: Arc<Live>,
    store: Arc<RrdStore>,
    shelf: Shelf,
    engine: Engine,
    writer: Writer,
    alerts: Alerts,
    suspects: SuspectFile,
    web: Web,
    readiness: Arc<Readiness>,
    watch: Watch,
    systemd: Systemd,
    /// The configuration that is being read.
    loading: Option<JoinHandle<Fresh>>,
    /// It changed again meanwhile.
    load_again: bool,
}

impl Daemon {
    async fn start(options: RunOptions) -> Result<Self, RunError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        if let Err(error) = limits::raise_open_files() {
            tracing::warn!("cannot raise the limit of open files: {error}");
        }
        let config = options.config.clone();
        let fresh = blocking(move || load(&config, vec![config.clone()], None)).await;
        let plan = fresh.plan.ok_or(RunError::Config { report: fresh.report })?;
        let plan = Arc::new(plan);
        let of_store = Arc::clone(&plan);
        let (store, stored) = blocking(move || open(&of_store)).await.map_err(RunError::Store)?;
        let store = Arc::new(store);
        let address = options.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
        let address = listener.local_addr().unwrap_or(address);
        let who = access::open(options.access, options.users, address, &plan).await?;

        let file = datadir(&plan.general.datadir).join(suspects::FILE);
        let (known, suspects) = blocking(move || Suspects::open(file))
            .await
            .map_err(|source| RunError::System { action: "start the thread of suspect rounds", source })?;
        let live = Arc::new(Live::new(Arc::clone(&plan)).with_suspects(known));
        live.reload.store(Arc::new(ReloadState { at: clock.wall(), error: None }));
        live.warnings.store(Arc::new(fresh.warnings));
        let (metrics, readiness) = (Arc::new(Metrics::default()), Arc::new(Readiness::default()));
        let of_web: Arc<dyn Store> = Arc::<RrdStore>::clone(&store);
        let (alerts, alert_sink) = Alerts::start(&live, Arc::clone(&of_web), Arc::clone(&clock))
            .map_err(|source| RunError::System { action: "start the alerts", source })?;
        let state =
            WebState::new(Arc::clone(&live), of_web, Arc::clone(&clock), Arc::clone(&metrics), Arc::clone(&readiness))
                .with_alerts(alerts.desk())
                .with_access(who);
        let web = Web::start(listener, web::router(state))
            .map_err(|source| RunError::System { action: "start the web server", source })?;

        let mut shelf = Shelf::default();
        let specs = shelf.specs(&plan, &stored);
        let (shown, history, now) = (Arc::clone(&live), Arc::<RrdStore>::clone(&store), clock.wall());
        // Beside the start: ten thousand files take some seconds.
        drop(tokio::task::spawn_blocking(move || recall(&shown, &*history, &stored, now)));
        // Nor does the first picture wait for the host's fonts.
        drop(tokio::task::spawn_blocking(crate::graph::warm));
        let keep: Arc<dyn Keep> = Arc::<RrdStore>::clone(&store);
        let (writer, writer_sink) = Writer::start(keep, Arc::clone(&live), Arc::clone(&clock), &specs)
            .map_err(|source| RunError::System { action: "start the writer", source })?;
        let sink = FanOut::new(vec![
            Box::new(LiveSink(Arc::clone(&live))),
            Box::new(MetricsSink::new(metrics, Arc::clone(&live))),
            Box::new(writer_sink),
            Box::new(alert_sink),
            Box::new(RawLogSink::new(Arc::clone(&live))),
        ]);
        tracing::info!(series = specs.len(), datadir = %plan.general.datadir.display(), "measuring");
        let resolver = Arc::new(SystemResolver::new(Arc::clone(&clock)));
        let engine = Engine::start(EngineConfig::new(resolver).with_clock(Arc::clone(&clock)), specs, Box::new(sink));
        let (engine_status, pinger) = (engine.observer(), shelf.pinger().clone());
        live.observe(move || Measuring { engine: engine_status(), icmp: pinger.counters() });
        readiness.measuring();
        tracing::info!("serving http://{address}/");
        let systemd = Systemd::ready(&*clock);
        let watch = Watch::new(fresh.files, fresh.digest);
        let config = options.config;
        let (loading, load_again) = (None, false);
        Ok(Self {
            config,
            clock,
            live,
            store,
            shelf,
            engine,
            writer,
            alerts,
            suspects,
            web,
            readiness,
            watch,
            systemd,
            loading,
            load_again,
        })
    }

    /// Runs until a signal says to stop, or what cannot be gone without has ended.
    async fn run(&mut self, signals: &mut Signals) -> Result<(), RunError> {
        loop {
            tokio::select! {
                () = signals.stop.received() => return Ok(()),
                () = self.web.ended() => {
                    // Measuring on where nobody can look would go unnoticed; a service that failed is started again.
                    tracing::error!("the web server has ended by a fault of its own: stopping");
                    return Err(RunError::WebEnded);
                }
                _ = signals.hangup.recv() => {
                    tracing::info!("SIGHUP: reading the configuration again");
                    self.begin_reload();
                }
                () = self.watch.changed(), if self.loading.is_none() => {
                    tracing::info!("the configuration has changed");
                    self.begin_reload();
                }
                fresh = finished(&mut self.loading) => {
                    self.loading = None;
                    // The task panics only by a bug of ours; the plan goes on.
                    match fresh {
                        Ok(fresh) => self.reload(fresh).await,
                        Err(panic) => tracing::error!("reading the configuration failed: {panic}"),
                    }
                    if std::mem::take(&mut self.load_again) {
                        self.begin_reload();
                    }
                }
                () = self.systemd.due(&*self.clock) => self.systemd.watchdog(&*self.clock, self.engine.status()),
            }
        }
    }

    fn begin_reload(&mut self) {
        if self.loading.is_some() {
            self.load_again = true;
            return;
        }
        systemd::reloading();
        let (config, files, store) = (self.config.clone(), self.watch.files().to_vec(), Arc::clone(&self.store));
        self.loading = Some(tokio::task::spawn_blocking(move || load(&config, files, Some(&*store))));
    }

    async fn reload(&mut self, fresh: Fresh) {
        let Fresh { plan, report, warnings, files, digest, stored } = fresh;
        self.live.warnings.store(Arc::new(warnings));
        self.watch.follow(files, digest);
        let plan = plan.ok_or(report).and_then(|plan| match self.refusal(&plan) {
            Some(why) => Err(why),
            None => Ok(plan),
        });
        let outcome = match plan {
            Ok(plan) => {
                let specs = self.shelf.specs(&plan, &stored);
                self.writer.follow(&specs);
                let plan = Arc::new(plan);
                self.alerts.follow(&plan);
                self.live.follow(plan);
                Ok(self.engine.reload(specs).await)
            }
            Err(why) => Err(why),
        };
        let error = outcome.as_ref().err().cloned();
        self.live.reload.store(Arc::new(ReloadState { at: self.clock.wall(), error }));
        match outcome {
            Ok(Reloaded { kept, changed, added, removed, .. }) => {
                tracing::info!(kept, changed, added, removed, "the new configuration runs");
            }
            Err(why) => tracing::error!("the configuration is not taken over, the one before goes on\n\n{why}"),
        }
        systemd::reloaded();
    }

    /// Why a plan cannot be taken over while we run.
    fn refusal(&self, plan: &Plan) -> Option<String> {
        let running = self.live.plan.load();
        let (old, new) = (&running.general.datadir, &plan.general.datadir);
        if old != new {
            let (old, new) = (old.display(), new.display());
            return Some(format!("datadir cannot change from {old} to {new} while the server runs: restart it"));
        }
        if running.database.archives != plan.database.archives {
            tracing::warn!("the Database table of archives is taken over at the next start");
        }
        None
    }
}

/// What the daemon is told from outside.
struct Signals {
    stop: StopSignals,
    /// SIGHUP.
    hangup: Signal,
}

/// SIGTERM and SIGINT.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { stop: StopSignals { terminate, interrupt }, hangup: signal(SignalKind::hangup())? })
    }
}

impl StopSignals {
    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = self.interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
    }
}

/// Opens the store of a plan, and says what is in it.
fn open(plan: &Plan) -> Result<(RrdStore, Vec<smokeprobe_store::SeriesMeta>), StoreError> {
    let archives = plan.database.archives.iter().map(|archive| smokeprobe_store::Archive {
        consolidation: archive.consolidation,
        xff: archive.xff,
        steps: archive.steps,
        rows: archive.rows,
    });
    let store = RrdStore::open(RrdStoreConfig::new(datadir(&plan.general.datadir), archives.collect()))?;
    let stored = store.catalog()?;
    Ok((store, stored))
}

/// A configuration without a `datadir` keeps its files where the daemon was started.
fn datadir(configured: &Path) -> &Path {
    if configured.as_os_str().is_empty() { Path::new(".") } else { configured }
}

/// The end of what is being read; never, when nothing is.
async fn finished(loading: &mut Option<JoinHandle<Fresh>>) -> Result<Fresh, tokio::task::JoinError> {
    match loading {
        Some(loading) => loading.await,
        None => std::future::pending().await,
    }
}

/// Runs `work` where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It is cancelled only when the runtime ends, and we with it.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
