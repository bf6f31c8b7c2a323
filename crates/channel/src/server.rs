//! Serving an axum router over TLS.

use std::convert::Infallible;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{ChannelError, Identity};

/// Serves `router` on `listener` until the task is dropped, and its connections with it. A peer that
/// fails the handshake or breaks off costs its own connection only.
///
/// # Errors
/// [`ChannelError`] if the identity cannot be used; never once it serves.
pub async fn serve(
    listener: TcpListener,
    identity: &Identity,
    router: Router,
) -> Result<Infallible, ChannelError> {
    let acceptor = identity.acceptor()?;
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // Accepting fails when the peer is gone again or descriptors ran out: both pass.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        connections.spawn(connection(acceptor.clone(), stream, router.clone()));
    }
}

async fn connection(acceptor: TlsAcceptor, stream: TcpStream, router: Router) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = TowerToHyperService::new(router.into_service::<hyper::body::Incoming>());
    let _closed = Builder::new(TokioExecutor::new())
        .http1_only()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
