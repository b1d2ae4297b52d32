//! The symbols of the session: pages of them, and one in detail.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use openbell_config::nearest_name;
use openbell_wire::served::status::{Readable, SeriesSummary, SymbolDetail, SymbolPage};
use openbell_wire::status::{Symbol, SymbolCounts};

use crate::answer::json;
use crate::problem::{Answered, Code, Problem};
use crate::query::{Query, wrong};
use crate::routes::place::part;
use crate::served::Inner;
use crate::shape;

/// By what a page is sorted; figures begin with the worst.
const SORTS: &[&str] = &["symbol", "lag", "backlog", "quality", "rejected"];

/// `GET /v1/symbols?state=&sort=&limit=&after=`
pub(crate) async fn page(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let query = Query::of(&uri, &["state", "sort", "limit", "after"])?;
    let states = SymbolCounts::default().by_state().map(|(state, _)| state);
    let state = query.word("state", &states)?;
    let sort = query.word("sort", SORTS)?.unwrap_or("symbol");
    let n_most = query.number("limit", (1, 1_000))?.unwrap_or(200);
    let _turn = served.turn().await?;
    let snapshot = served.snapshot();
    let mut found: Vec<&Symbol> = snapshot.status.symbols.iter().collect();
    found.retain(|symbol| state.is_none_or(|state| symbol.state == state));
    // In symbol order already, which stays the order among equals.
    found.sort_by(|a, b| worse(sort, a, b));
    let n_found = found.len();
    let begins = match query.text("after") {
        None => 0,
        Some(after) => match found.iter().position(|symbol| symbol.symbol == after) {
            Some(at) => at + 1,
            None => return Err(wrong("after", after, "a symbol among those that are asked for")),
        },
    };
    let shown: Vec<Symbol> = found.iter().skip(begins).take(n_most).copied().cloned().collect();
    let is_last = begins + shown.len() >= n_found;
    let next = shown.last().filter(|_| !is_last).map(|last| last.symbol.clone());
    let n_symbols = snapshot.status.n_symbols;
    Ok(json(StatusCode::OK, &SymbolPage { n_symbols, n_found, symbols: shown, next }))
}

/// Which of two symbols comes first.
fn worse(sort: &str, a: &Symbol, b: &Symbol) -> Ordering {
    match sort {
        "lag" => b.lag_s.total_cmp(&a.lag_s),
        "backlog" => b.n_backlog.cmp(&a.n_backlog),
        "rejected" => b.n_rejected.cmp(&a.n_rejected),
        "quality" => {
            // One of which no quality is known comes last.
            let of = |symbol: &Symbol| symbol.quality_pct.unwrap_or(f64::INFINITY);
            of(a).total_cmp(&of(b))
        }
        _ => Ordering::Equal,
    }
}

/// `GET /v1/symbols/{symbol}`
pub(crate) async fn one(
    State(served): State<Arc<Inner>>,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Answered {
    let _ = Query::of(&uri, &[])?;
    let name = part(name)?;
    let symbol: openbell_market::Symbol =
        name.parse().map_err(|_| wrong("symbol", &name, "a symbol as AAPL"))?;
    let snapshot = served.snapshot();
    let symbols = &snapshot.status.symbols;
    let Some(found) = symbols.iter().find(|of| of.symbol == symbol.as_str()) else {
        let names = symbols.iter().map(|of| of.symbol.as_str());
        let nearest = match nearest_name(symbol.as_str(), names) {
            Some(nearest) => format!("; the nearest is {nearest}"),
            None => String::new(),
        };
        let detail = format!("{symbol} is no member of the session{nearest}");
        return Err(Problem::new(Code::NotAMember, detail));
    };
    let detail = SymbolDetail {
        symbol: found.clone(),
        gate: snapshot.status.gate.clone(),
        readable: readable(&served, symbol.as_str()),
    };
    Ok(json(StatusCode::OK, &detail))
}

/// What one publication shows of a symbol.
fn readable(served: &Inner, symbol: &str) -> Option<Readable> {
    let mut reader = served.handle.reader();
    let view = reader.view().ok()?; // The status beside it says why there is none.
    let of_symbol = view.symbol(symbol).ok()?; // As above.
    let series = of_symbol.intervals().filter_map(|interval| of_symbol.series(interval).ok());
    let series = series.map(|series| {
        let coverage = series.coverage();
        SeriesSummary {
            interval: series.interval().to_string(),
            role: shape::role(series.role()),
            n_bars: series.today().len(),
            last_close: series.latest().map(|bar| bar.closes_at.to_string()),
            n: coverage.map(|coverage| coverage.n),
            expected: coverage.map(|coverage| coverage.expected),
            gaps: series.gaps().iter().map(shape::gap).collect(),
        }
    });
    Some(Readable {
        as_of: shape::as_of(&view),
        series: series.collect(),
        metrics: of_symbol.metrics().map(shape::metrics),
    })
}
