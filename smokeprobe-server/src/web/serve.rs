//! Connections: how many, for how long, and how they end.

mod arriving;
mod idle;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use arriving::Arriving;
pub(super) use arriving::GaveWay;
use idle::{Idle, Seat};

/// What one client, or many, may take of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. When all are taken, one that waits for its next request, or for the rest of one, gives way to a new
    /// one; more than that wait in the kernel's queue until one ends.
    pub connections: usize,
    /// How long a client may take to send a request's head, or to think of the next request.
    pub head: Duration,
    /// How long a client may leave what it asked for unread.
    pub stall: Duration,
    /// How long a connection may live at all.
    pub lifetime: Duration,
    /// How long open requests may go on once the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            lifetime: Duration::from_secs(30 * 60),
            grace: Duration::from_secs(1),
        }
    }
}

/// Bytes of a request's head at most.
const MAX_HEAD: usize = 32 * 1024;

/// Threads for work that reads files or draws; see `work.rs` for how many pieces of it there are at once.
const BLOCKING_THREADS: usize = 4;

/// Bytes that the kernel keeps of what a client has not fetched yet, beyond what is under way.
const UNSENT: u32 = 128 * 1024;

/// How long a connection that gives way may take to send the end of its last answer.
const LEAVING: Duration = Duration::from_secs(1);

/// How long a new connection waits before the next one is asked to leave.
const HURRY: Duration = Duration::from_millis(10);

/// How long to wait after the system refused a connection, as when file descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `shutdown` is done; then lets open requests end, for a second at most.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    serve_within(Limits::default(), listener, router, shutdown).await;
}

/// As [`serve`], on a thread and a runtime of its own: viewers then take no turn of the runtime that measures, however
/// many they are and whatever they compress. The thread ends soon after `shutdown` is done.
///
/// # Errors
///
/// When the system gives no thread or no event queue.
pub fn serve_on_thread(
    listener: std::net::TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("web-work")
        .max_blocking_threads(BLOCKING_THREADS)
        .build()?;
    let listener = {
        let _inside = runtime.enter();
        TcpListener::from_std(listener)?
    };
    std::thread::Builder::new().name("web".to_owned()).spawn(move || {
        runtime.block_on(serve(listener, router, shutdown));
        // Work for viewers who are gone need not be finished.
        runtime.shutdown_background();
    })
}

/// As [`serve`], within limits of one's own.
pub async fn serve_within(limits: Limits, listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(());
    let places = Arc::new(Semaphore::new(limits.connections));
    let idle = Idle::default();
    tokio::select! {
        () = accept(limits, &listener, &router, &places, &idle, &stopped) => {}
        () = shutdown => {}
    }
    drop(listener);
    drop(stop);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    // What is not done by then is cut off with the runtime.
    let _ = tokio::time::timeout(limits.grace, places.acquire_many(all)).await;
}

async fn accept(
    limits: Limits,
    listener: &TcpListener,
    router: &Router,
    places: &Arc<Semaphore>,
    idle: &Idle,
    stopped: &watch::Receiver<()>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(place) = place(places, idle).await else { return };
                idle.settled();
                let seat = idle.seat();
                let router = TowerToHyperService::new(router.clone());
                let service = Known { router, peer: Peer(peer), seat: seat.clone() };
                let connection = connection(limits, stream, service, seat, stopped.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            // The client was gone before it was served.
            Err(err) if err.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(err) => {
                tracing::debug!(error = &err as &dyn std::error::Error, "cannot accept a connection");
                let _ = tokio::time::timeout(PAUSE, stopped.clone().changed()).await;
            }
        }
    }
}

/// A place for a new connection. One that waits for its client leaves for it; where that takes a while, as in the middle of a request's
/// head, another leaves too.
async fn place(places: &Arc<Semaphore>, idle: &Idle) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    loop {
        idle.give_way();
        if let Ok(place) = tokio::time::timeout(HURRY, Arc::clone(places).acquire_owned()).await {
            return place.ok();
        }
    }
}

/// One connection. Its errors are the client's business: it left, stalled or did not speak HTTP.
async fn connection(
    limits: Limits,
    stream: TcpStream,
    service: Known,
    seat: Arc<Seat>,
    mut stopped: watch::Receiver<()>,
) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(&stream);
    // The kernel ends the connection of a client that leaves data unacknowledged or its window shut (tcp(7)).
    let _ = socket.set_tcp_user_timeout(Some(limits.stall));
    // And it does not keep megabytes for one that does not fetch them.
    let _ = socket.set_tcp_notsent_lowat(UNSENT);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let whole = async {
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
            () = seat.wanted() => {
                connection.as_mut().graceful_shutdown();
                let left = tokio::time::timeout(LEAVING, connection.as_mut()).await;
                // A request came in the same moment; it is answered first.
                if left.is_err() && seat.is_busy() {
                    let _ = connection.await;
                }
            }
        }
    };
    let _ = tokio::time::timeout(limits.lifetime, whole).await;
}

/// The other end of the connection that a request came by, among the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The router for one client.
struct Known {
    router: TowerToHyperService<Router>,
    peer: Peer,
    seat: Arc<Seat>,
}

impl Service<Request<Incoming>> for Known {
    type Response = Response<Body>;
    type Error = <TowerToHyperService<Router> as Service<Request<Arriving>>>::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        let busy = self.seat.busy();
        let answer = self.router.call(request.map(|body| Arriving::new(body, Arc::clone(&self.seat))));
        Box::pin(async move { Ok(answer.await?.map(|body| Body::new(busy.until_sent(body)))) })
    }
}
