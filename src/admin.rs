//! The admin server: what operators, load balancers and Prometheus ask the process.
//!
//! | path | answers |
//! | --- | --- |
//! | `/metrics` | every metric of the catalogue, as Prometheus reads it |
//! | `/livez` | whether the process moves. Dependencies do not count: an outage is no reason to replace a task |
//! | `/readyz` | whether it works: models proven, dependencies answering, not draining |
//! | `/status` | all of it as JSON; to a browser, as a page that refreshes itself |
//!
//! It runs on a thread and runtime of its own, so that it answers whatever inference, decoding or the
//! actors do.

pub mod board;
mod liveness;
mod page;
mod rates;
pub mod status;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;

use crate::exit::Stopped;
use board::Board;

/// How often the board looks at the pipeline: often enough for a rate over a minute.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts serving `board` at `address`, for as long as the process lives, and tells the address: the
/// port is the system's choice where 0 was asked for.
///
/// # Errors
/// [`Stopped`] where the address cannot be listened on.
pub fn start(address: SocketAddr, board: Arc<Board>) -> Result<SocketAddr, Stopped> {
    let refused = |cause| {
        Stopped::unavailable(format!(
            "cannot listen on {address} (--admin-address): {cause}; is another one running there?"
        ))
    };
    let listener = TcpListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || serve(listener, board))
        .map_err(Stopped::unexpected)?;
    Ok(bound)
}

fn serve(listener: TcpListener, board: Arc<Board>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a process that starts can have a runtime");
    let served = runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(look(Arc::clone(&board)));
        axum::serve(listener, router(board)).await
    });
    if let Err(error) = served {
        tracing::error!(%error, "the admin server ended");
    }
}

async fn look(board: Arc<Board>) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        board.look();
    }
}

fn router(board: Arc<Board>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .with_state(board)
}

async fn metrics(State(board): State<Arc<Board>>) -> impl IntoResponse {
    let text_format = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text_format)], board.scrape())
}

async fn livez(State(board): State<Arc<Board>>) -> Response {
    verdict(board.dead().into_iter().collect())
}

async fn readyz(State(board): State<Arc<Board>>) -> Response {
    verdict(board.unready())
}

/// 200, or 503 with the reasons, one a line.
fn verdict(reasons: Vec<String>) -> Response {
    if reasons.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n"))).into_response()
}

async fn status(State(board): State<Arc<Board>>, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let status = board.status();
    if accepts.is_some_and(|accept| accept.contains("text/html")) {
        Html(page::render(&status)).into_response()
    } else {
        Json(status).into_response()
    }
}
