//! Accepting connections, with limits on what a connection may take, and stopping without dropping anybody.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::origin::Peer;

/// How long a client may take for its request headers, and how long a connection may lie idle.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);

/// The most bytes of request line and headers: an `Authorization` header with the longest secret fits.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How long requests in flight may take to finish once the server is asked to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// How long to wait when the system has no more sockets to give.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Answers on `listener` until `stop` is done, then lets requests in flight finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted: io::Result<_> = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => connect(stream, Peer(peer), router.clone(), &graceful),
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
    drop(listener);
    tracing::info!("stopping");
    if tokio::time::timeout(FAREWELL, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time");
    }
}

fn connect(stream: TcpStream, peer: Peer, router: Router, graceful: &GracefulShutdown) {
    // Small answers must not wait for more to come.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "nodelay");
    }
    let service = router.map_request(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection");
        }
    });
}
