//! Takes connections, within bounds, until it is told to stop.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt as _};

use super::connection::{Activity, Answering, Watched};
use super::{Bounds, Drain, Drained};

/// Bytes of a request's headers, and of what waits to be sent, at most.
const BUFFER: usize = 64 * 1024;
/// How long connections may take to end once everything is answered.
const LAST: Duration = Duration::from_secs(1);
/// How long no connection is taken after the system had none to give.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Serves these routes until `stop` says so: the first time, nothing new is taken and what runs may end
/// in its time ([`Drain`]); the second time, it is cancelled at once. While it drains, requests are answered,
/// by the routes that look at the drain with an error, and each connection ends with its answer.
///
/// # Errors
///
/// The address cannot be listened at any more.
///
/// # Cancel safety
///
/// Dropped, it ends all connections, and with them what they wait for.
pub async fn listen(
    listener: TcpListener,
    routes: Router,
    bounds: &Bounds,
    drain: &Drain,
    stop: impl Stream<Item = ()>,
) -> io::Result<Drained> {
    let mut connections: JoinSet<()> = JoinSet::new();
    let (close, closing) = watch::channel(false);
    let mut drained = pin!(stopped(drain, stop));
    let drained = loop {
        tokio::select! {
            drained = &mut drained => break drained,
            accepted = listener.accept(), if connections.len() < bounds.connections.max(1) => match accepted {
                Ok((stream, _)) => {
                    let closing = closing.clone();
                    let served = connection(stream, routes.clone(), bounds.clone(), drain.clone(), closing);
                    connections.spawn(served);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) if is_exhausted(&error) => {
                    tracing::warn!(%error, "no connection can be taken");
                    tokio::time::sleep(EXHAUSTED).await;
                }
                Err(error) => return Err(error),
            },
            Some(_ended) = connections.join_next() => {}
        }
    };
    drop(listener);
    close.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    // Who does not read the end of its answer is not waited for.
    let _in_time = tokio::time::timeout(LAST, all).await.is_ok();
    connections.shutdown().await;
    Ok(drained)
}

async fn stopped(drain: &Drain, stop: impl Stream<Item = ()>) -> Drained {
    let mut stop = pin!(stop);
    if stop.next().await.is_none() {
        std::future::pending::<()>().await;
    }
    let again = async {
        if stop.next().await.is_some() {
            drain.cancel();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        drained = drain.drain() => drained,
        () = again => unreachable!("it never ends"),
    }
}

/// The client went away before it was its turn.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// There are no file descriptors or no memory at the moment (`ENFILE`, `EMFILE`, `ENOBUFS`, `ENOMEM`).
fn is_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 105 | 55))
}

async fn connection(
    stream: TcpStream,
    routes: Router,
    bounds: Bounds,
    drain: Drain,
    mut closing: watch::Receiver<bool>,
) {
    // Without it the small pieces of a stream wait for each other.
    let _at_once = stream.set_nodelay(true).is_ok();
    let activity = Activity::new();
    let io = TokioIo::new(Watched::new(stream, activity.clone(), bounds.write));
    let routes = TowerToHyperService::new(routes);
    let answers = service_fn(|request: Request<Incoming>| {
        let answering = activity.answering();
        let response = hyper::service::Service::call(&routes, request);
        let drain = &drain;
        async move {
            let mut response: Response<Body> = response.await?;
            if !drain.is_serving() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(response.map(|body| Served {
                body,
                _answering: answering,
            }))
        }
    });
    let mut http = http1::Builder::new();
    http.header_read_timeout(None) // ours knows an idle client from a slow one
        .max_buf_size(BUFFER)
        .max_header_size(BUFFER);
    let mut served = pin!(http.serve_connection(io, answers));
    tokio::select! {
        _ended = &mut served => return,
        () = activity.too_slow(&bounds) => return,
        _closing = closing.wait_for(|closing| *closing) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ended = served.await;
}

/// An answer, which is over when all of it was handed on or nobody wants it any more.
struct Served {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Served {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
