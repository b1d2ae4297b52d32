//! Bars as columns, all of one publication: fresh, or a refusal that says who is behind.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::{Rows, SymbolView};
use openbell_time::Timestamp;
use openbell_wire::served::bars::{BarSeries, BarsAnswer};

use crate::answer::json;
use crate::problem::{Answered, Code, Problem};
use crate::query::{Query, wrong};
use crate::served::Inner;
use crate::settings::{BAR_ROWS, SYMBOLS};
use crate::shape;

const PARAMETERS: &[&str] = &[
    "symbols",
    "interval",
    "since",
    "until",
    "last",
    "indicators",
    "trailing",
    "forming",
    "as_of",
];

/// What is asked for.
struct Asked<'q> {
    symbols: Vec<Symbol>,
    interval: BarInterval,
    /// Bars that open in `since..until`.
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    last: Option<usize>,
    indicators: Vec<&'q str>,
    has_trailing: bool,
    has_forming: bool,
    as_of: Option<Timestamp>,
}

/// Rows of one session that are asked for.
struct Part<'v> {
    rows: Rows<'v>,
    range: Range<usize>,
    is_today: bool,
}

/// `GET /v1/bars?symbols=&interval=&since=&until=&last=&indicators=&trailing=&forming=&as_of=`
pub(crate) async fn bars(State(served): State<Arc<Inner>>, uri: Uri) -> Answered {
    let query = Query::of(&uri, PARAMETERS)?;
    let asked = Asked::of(&query, &served)?;
    let _turn = served.turn().await?;
    Ok(json(StatusCode::OK, &answer(&served, &asked)?))
}

impl<'q> Asked<'q> {
    fn of(query: &'q Query, served: &Inner) -> Result<Asked<'q>, Problem> {
        let instant = |name| query.parsed(name, "an instant as 2025-07-02T16:00:00Z");
        let symbols: Vec<Symbol> = query.parsed_list("symbols", "symbols as AAPL,MSFT")?;
        if symbols.is_empty() || symbols.len() > SYMBOLS {
            let found = symbols.len().to_string();
            return Err(wrong("symbols", &found, &format!("a list of 1 to {SYMBOLS} symbols")));
        }
        Ok(Asked {
            symbols,
            interval: query.parsed("interval", "an interval as 5m")?.unwrap_or(served.base),
            since: instant("since")?,
            until: instant("until")?,
            last: query.number("last", (1, BAR_ROWS))?,
            indicators: query.list("indicators"),
            has_trailing: query.is_true("trailing")?,
            has_forming: query.is_true("forming")?,
            as_of: instant("as_of")?,
        })
    }
}

fn answer(served: &Inner, asked: &Asked<'_>) -> Result<BarsAnswer, Problem> {
    let first = asked.symbols.first().map(Symbol::as_str).unwrap_or_default();
    let why = format!("?symbol={}&interval={}", encoded(first), asked.interval);
    let mut reader = served.handle.reader();
    let view = reader.view().map_err(|inactive| Problem::inactive(&inactive, &why))?;
    if let Some(as_of) = asked.as_of
        && as_of > view.instant()
    {
        let needed = format!("an instant up to {}, where the session stands,", view.instant());
        return Err(wrong("as_of", &as_of.to_string(), &needed));
    }
    let as_of = asked.as_of.unwrap_or_else(|| view.instant());
    let (mut n_rows, mut series) = (0, Vec::new());
    for symbol in &asked.symbols {
        let why = format!("?symbol={}&interval={}", encoded(symbol.as_str()), asked.interval);
        let unavailable = |problem| Problem::unavailable(&problem, &why);
        let of_symbol = view.symbol(symbol.as_str()).map_err(unavailable)?;
        let parts = parts_of(&of_symbol, asked, as_of).map_err(unavailable)?;
        n_rows += parts.iter().map(|part| part.range.len()).sum::<usize>();
        if n_rows > BAR_ROWS {
            let detail = format!(
                "{n_rows} rows up to {symbol}, at most {BAR_ROWS} are answered; ask for fewer symbols, \
                 a longer interval, a shorter stretch or the last=N"
            );
            return Err(Problem::new(Code::TooManyRows, detail));
        }
        series.push(series_of(&of_symbol, asked, &parts, as_of).map_err(unavailable)?);
    }
    Ok(BarsAnswer { as_of: shape::as_of(&view), series })
}

/// The rows that are asked for, oldest first.
fn parts_of<'v>(
    symbol: &SymbolView<'v>,
    asked: &Asked<'_>,
    as_of: Timestamp,
) -> Result<Vec<Part<'v>>, openbell_session_data::Unavailable> {
    let series = symbol.series(asked.interval)?;
    let mut parts = Vec::new();
    if asked.has_trailing {
        let trailing = series.trailing();
        parts.extend(trailing.map(|rows| Part { rows, range: 0..rows.len(), is_today: false }));
    }
    let today = series.today();
    parts.push(Part { rows: today, range: 0..today.len(), is_today: true });
    for part in &mut parts {
        let (opens, closes) = (part.rows.opens_at_ns(), part.rows.closes_at_ns());
        // Both columns rise.
        let until_open = asked.until.map_or(opens.len(), |until| {
            opens.partition_point(|opens_at| *opens_at < until.as_nanos())
        });
        let until_close = closes.partition_point(|closes_at| *closes_at <= as_of.as_nanos());
        let since = asked
            .since
            .map_or(0, |since| opens.partition_point(|opens_at| *opens_at < since.as_nanos()));
        let until = until_open.min(until_close);
        part.range = since.min(until)..until;
    }
    if let Some(last) = asked.last {
        let mut left = last;
        for part in parts.iter_mut().rev() {
            part.range.start = part.range.end - part.range.len().min(left);
            left -= part.range.len();
        }
    }
    parts.retain(|part| !part.range.is_empty());
    Ok(parts)
}

fn series_of(
    symbol: &SymbolView<'_>,
    asked: &Asked<'_>,
    parts: &[Part<'_>],
    as_of: Timestamp,
) -> Result<BarSeries, openbell_session_data::Unavailable> {
    let series = symbol.series(asked.interval)?;
    let floats = |of: fn(&Rows<'_>) -> Vec<f64>| -> Vec<f64> {
        parts.iter().flat_map(|part| of(&part.rows)[part.range.clone()].to_vec()).collect()
    };
    let instants = |of: fn(&Rows<'_>) -> Vec<i64>| -> Vec<String> {
        let each = parts.iter().flat_map(|part| of(&part.rows)[part.range.clone()].to_vec());
        each.map(|ns| Timestamp::from_nanos(ns).to_string()).collect()
    };
    let rows = || parts.iter().flat_map(|part| part.range.clone().map(move |row| (part, row)));
    let coverage: Vec<_> = rows().map(|(part, row)| part.rows.coverage(row)).collect();
    let mut indicators = BTreeMap::new();
    for name in &asked.indicators {
        let handle = symbol.find_indicator(name)?;
        let value = |(part, row): (&Part<'_>, usize)| {
            if part.is_today { symbol.indicator_at(handle, row) } else { Ok(None) }
        };
        let column = rows().map(value).collect::<Result<Vec<_>, _>>()?;
        indicators.insert((*name).to_owned(), column);
    }
    // A bar that is forming is of the instant of the view, and of no earlier one.
    let is_now = asked.as_of.is_none_or(|asked| asked == as_of) && asked.has_forming;
    // Of an interval whose bars do not form there is none.
    let forming = if is_now { symbol.forming_bar(asked.interval).ok().flatten() } else { None };
    Ok(BarSeries {
        symbol: symbol.symbol().to_string(),
        interval: asked.interval.to_string(),
        role: shape::role(series.role()),
        first: parts.first().filter(|part| part.is_today).map(|part| part.range.start),
        opens_at: instants(|rows| rows.opens_at_ns().to_vec()),
        closes_at: instants(|rows| rows.closes_at_ns().to_vec()),
        open: floats(|rows| rows.open().to_vec()),
        high: floats(|rows| rows.high().to_vec()),
        low: floats(|rows| rows.low().to_vec()),
        close: floats(|rows| rows.close().to_vec()),
        volume: floats(|rows| rows.volume().to_vec()),
        n: coverage.iter().map(|of| of.map(|of| of.n)).collect(),
        expected: coverage.iter().map(|of| of.map(|of| of.expected)).collect(),
        indicators,
        forming: forming.map(shape::forming),
    })
}

fn encoded(symbol: &str) -> String {
    form_urlencoded::byte_serialize(symbol.as_bytes()).collect()
}
