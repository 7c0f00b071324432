//! What browsers ask for.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use kaos_runner::server::Access;
use serde_json::json;

use super::answer::{Answer, Asked, Wrong, json_of, reading};
use super::shared::Shared;
use super::{ask, compared, conversation, detail, listed, numbers, page, proved};

/// Bytes of a question.
const BODY: usize = 1024 * 1024;

/// How long a page waits for news, at most.
const WAIT: Duration = Duration::from_secs(20);

/// What a browser may do with what it gets: take our own script and style, ask us, nothing else.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// `looks`: everybody who reaches the server may look; asking an agent always needs the token.
pub(super) fn router(shared: &Arc<Shared>, access: &Access, looks: bool) -> Router {
    let looking = Router::new()
        .route("/api/state", get(state))
        .route("/api/runs", get(listed::runs))
        .route("/api/run/{trace}/{root}", get(detail::run))
        .route("/api/records/{trace}/{root}", get(detail::records))
        .route("/api/steps/{trace}/{root}", get(compared::steps))
        .route("/api/proof/{trace}/{root}", get(proved::proof))
        .route("/api/session", get(conversation::session))
        .route("/api/numbers", get(numbers::numbers))
        .route("/api/trust", get(trust))
        .route("/api/agents", get(agents))
        .with_state(Arc::clone(shared));
    let looking = if looks {
        looking
    } else {
        access.guard_tokens(looking)
    };
    let asking = Router::new()
        .route(
            "/api/token",
            get(async || json_of(&json!({ "accepted": true }))),
        )
        .route("/api/ask", post(ask::ask))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(Arc::clone(shared));
    let routes = page::routes(Router::new())
        .merge(looking)
        .merge(access.guard_tokens(asking));
    access.guard(routes).layer(from_fn(harmless))
}

/// What browsers say of a request that a page of another origin makes, whatever else they leave out.
fn is_of_another_page(request: &Request) -> bool {
    let site = request.headers().get("sec-fetch-site");
    let is_ours = site.is_none_or(|it| it == "same-origin" || it == "none");
    request.uri().path().starts_with("/api/") && !is_ours
}

async fn harmless(request: Request, next: Next) -> Response {
    let mut response = if is_of_another_page(&request) {
        Wrong::forbidden("another page cannot ask this").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// How all of it stands: at once, or when it is different.
async fn state(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    // What the page knows already.
    if let Some(since) = asked.number("since")? {
        // At the limit nothing is new, which is an answer, too.
        let _waited = tokio::time::timeout(WAIT, shared.after(since)).await;
    }
    let state = reading(move || {
        let version = shared.version();
        let trails: Vec<_> = shared.trails().iter().map(|it| listed::trail(it)).collect();
        Ok(json!({
            "version": version,
            "program": env!("CARGO_PKG_VERSION"),
            "trails": trails,
            "runs": shared.index().len(),
            "elsewhere": shared.elsewhere,
        }))
    });
    Ok(json_of(&state.await?))
}

/// The components of the team or the cluster, asked now.
async fn agents(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(json_of(&shared.agents.described().await?))
}

async fn trust(State(shared): State<Arc<Shared>>) -> Answer {
    let trails = shared.trails();
    let all = trails.iter().map(|it| {
        let mut all = listed::trail(it);
        if let Some(all) = all.as_object_mut() {
            all.insert("verdict".to_owned(), it.verdict().as_json());
        }
        all
    });
    Ok(json_of(&json!({ "trails": all.collect::<Vec<_>>() })))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::{env, thread};

    use axum::extract::{FromRequestParts as _, Path};

    use super::*;
    use crate::output::Failed;
    use crate::ui::agents::Agents;
    use crate::ui::sources::Sources;
    use crate::ui::verdict::Expected;
    use crate::verification::Against;

    #[tokio::test]
    async fn who_waits_for_the_index_keeps_nobody_else_from_being_answered() -> Result<(), Failed> {
        let sources = Sources::of(&[env::temp_dir()], Some("default"))?;
        let expected = Expected::of(&Against::default())?;
        let shared = Arc::new(Shared::new(
            sources,
            expected,
            Agents::Team(String::new()),
            None,
            None,
        ));
        let (held, is_held) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let of = Arc::clone(&shared);
        let holder = thread::spawn(move || {
            let _index = of.change_index();
            held.send(()).is_ok() && released.recv_timeout(Duration::from_secs(20)).is_ok()
        });
        is_held.recv()?;
        let of = || State(Arc::clone(&shared));
        let asked = async || {
            let (mut parts, ()) = Request::get("/?name=a").body(())?.into_parts();
            let asked = Asked::from_request_parts(&mut parts, &()).await;
            asked.map_err(|it| Failed::from(it.to_string()))
        };
        let run = || Path(("1".repeat(32), "-".to_owned()));
        let answers = [
            tokio::spawn(state(of(), asked().await?)),
            tokio::spawn(listed::runs(of(), asked().await?)),
            tokio::spawn(numbers::numbers(of(), asked().await?)),
            tokio::spawn(conversation::session(of(), asked().await?)),
            tokio::spawn(detail::run(of(), run())),
            tokio::spawn(detail::records(of(), run(), asked().await?)),
            tokio::spawn(compared::steps(of(), run())),
            tokio::spawn(proved::proof(of(), run())),
        ];
        // The one thread that answers begins with each of them, and comes back here.
        tokio::task::yield_now().await;
        assert!(answers.iter().all(|it| !it.is_finished()), "they wait");
        let _released = release.send(()).is_ok();
        assert_eq!(holder.join().ok(), Some(true), "and nobody waits for them");
        for answer in answers {
            let _answered = answer.await?.is_ok();
        }
        Ok(())
    }
}
