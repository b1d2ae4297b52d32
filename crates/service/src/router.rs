//! All paths, each with who answers it; in front of them the gatekeeper.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::gatekeeper;
use crate::routes::{about, bars, commands, events, facts, health, status, stream, symbols, why};
use crate::served::{Inner, Served};

/// The paths of a served run, for a server of one's own: merge it into that server's router, or nest it
/// under a path. Every request passes the gatekeeper: host, origin, token, role.
///
/// ```no_run
/// # fn example(served: openbell_service::Served) {
/// let mine: axum::Router = axum::Router::new().merge(openbell_service::router(served));
/// # let _ = mine;
/// # }
/// ```
pub fn router(served: Served) -> Router {
    let inner = Arc::clone(served.inner());
    let mut router: Router<Arc<Inner>> = Router::new();
    for (path, handler) in [
        ("/livez", get(health::live)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(facts::metrics)),
        ("/v1", get(about::about)),
        ("/v1/status", get(status::status)),
        ("/v1/symbols", get(symbols::page)),
        ("/v1/symbols/{symbol}", get(symbols::one)),
        ("/v1/why", get(why::why)),
        ("/v1/gate", get(events::gate)),
        ("/v1/events", get(events::events)),
        ("/v1/stream", get(stream::stream)),
        ("/v1/bars", get(bars::bars)),
        ("/v1/config", get(facts::config)),
        ("/v1/plan", get(facts::plan)),
        ("/v1/calendar", get(facts::calendar)),
        ("/v1/report", get(facts::report)),
        ("/v1/commands", post(commands::give)),
        ("/v1/commands/{id}", get(commands::ticket)),
        ("/v1/stop", post(commands::stop)),
        ("/v1/problems/{code}", get(about::problem)),
    ] {
        router = router.route(path, handler);
    }
    router
        .method_not_allowed_fallback(gatekeeper::other_method)
        .fallback(gatekeeper::other_path)
        .layer(from_fn_with_state(Arc::clone(&inner), gatekeeper::keep))
        .with_state(inner)
}
