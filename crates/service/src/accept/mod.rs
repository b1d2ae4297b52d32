//! The network: connections are accepted, timed and counted here, and handed to the router.
//!
//! `axum::serve` sets no timer, without which hyper's limit on the head of a request has no effect: a
//! client that sends nothing would stay for ever. So the loop is our own.

#![expect(clippy::disallowed_types, reason = "a served run is asked over sockets")]

mod guarded;

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::router::router;
use crate::served::Served;
use crate::settings::Settings;
use crate::timer::{rest, within};
use guarded::Guarded;

/// Bytes of a request's head, and its headers.
const HEAD_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;
/// How long to rest where the system has no socket left.
const REST: Duration = Duration::from_millis(100);

/// Serves a run over `listener` until `shutdown` is over; then streams are told and ended, what is being
/// answered has [`Settings::end_within`] to come to its end, and what is left is cut.
///
/// It is run within tokio's runtime, with its clock and its network.
///
/// # Errors
///
/// A listener that the system refuses to watch. A connection that fails ends by itself.
///
/// # Example
///
/// ```no_run
/// # async fn example(served: openbell_service::Served) -> std::io::Result<()> {
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let settings = openbell_service::Settings::of_hosts([listener.local_addr()?.to_string()]);
/// openbell_service::serve(listener, served, settings, std::future::pending()).await
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    served: Served,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = router(served.clone());
    let (end, ending) = watch::channel(false);
    let room = Arc::new(Semaphore::new(settings.connections + settings.streams));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &room) => match accepted {
                Ok((stream, place)) => {
                    let (router, ending) = (router.clone(), ending.clone());
                    connections.spawn(connection(stream, router, settings.clone(), ending, place));
                }
                Err(error) => {
                    tracing::warn!("a connection cannot be accepted: {error}");
                    rest(REST).await;
                }
            }
        }
    }
    drop(listener);
    served.end_streams();
    end.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if within(settings.end_within, drained).await.is_none() {
        tracing::info!("connections were cut that had not ended in time");
        connections.shutdown().await;
    }
    Ok(())
}

/// A connection, once there is room for one.
async fn accept(
    listener: &tokio::net::TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // Events are small, and wait for nothing.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

/// Answers what comes over one connection, to its end.
async fn connection(
    stream: TcpStream,
    router: Router,
    settings: Settings,
    mut ending: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let stream = TokioIo::new(Guarded::new(stream, settings.write_within));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_within)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(stream, TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ended_by(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

/// Waits until the end is told.
async fn ended_by(ending: &mut watch::Receiver<bool>) {
    // An error says that whoever tells it is gone, which is the end too.
    drop(ending.wait_for(|is_ending| *is_ending).await);
}
