//! The top of the page: what was run, and what happened in five sentences.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{begin, end};
use crate::gate::GateFigures;
use crate::markup::{Text, count, counted, seconds, short};
use crate::run::{Run, is_ours};

/// How the run ended, as a word, and as a class of the style sheet.
fn ending<'r>(run: &Run<'r>) -> (&'static str, &'r str) {
    match run.report.phase.as_str() {
        "closed" => ("good", "completed"),
        "failed" => ("bad", "failed"),
        other => ("warn", other),
    }
}

/// Name, purpose, dates, store, program, digest, and how it is run again.
pub(crate) fn head(run: &Run<'_>, out: &mut String) {
    let report = run.report;
    let (class, word) = ending(run);
    let _ = write!(
        out,
        "<header><h1><bdi>{}</bdi> <span class=\"word {class}\">{}</span></h1>\n<dl class=\"facts\">",
        Text(&short(&report.session_name)),
        Text(word),
    );
    let mut fact = |name: &str, markup: String| {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{markup}</dd></div>", Text(name));
    };
    let text = |text: &str| format!("<bdi>{}</bdi>", Text(&short(text)));
    let code = |text: &str| format!("<code>{}</code>", Text(&short(text)));
    for (key, value) in report.metadata.iter().flatten().take(METADATA_SHOWN) {
        let said = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        fact(&short(key), text(&said));
    }
    fact("Mode", text(run.mode));
    let dates: Vec<&str> = run.sessions().map(|session| session.date.as_str()).collect();
    if let (Some(first), Some(last)) = (dates.first(), dates.last()) {
        fact("Sessions", text(&format!("{first} to {last}, {}", count(dates.len() as u64))));
    }
    let zone = run.calendar.zone_name();
    fact("Exchange", text(&format!("{}, clock of {zone}", report.exchange_group)));
    fact("Base interval", text(&report.base_interval));
    if !run.store.is_empty() {
        fact("Store", code(run.store));
    }
    fact("Program", text(run.program));
    fact("Digest", code(&report.digest));
    fact("Run again", code(run.command));
    out.push_str("</dl></header>\n");
}

/// Entries of the session file's metadata that stand in the head; the session file below has all.
const METADATA_SHOWN: usize = 12;

/// What a reader must know first, in a block of its own.
pub(crate) fn alarm(run: &Run<'_>, out: &mut String) {
    let report = run.report;
    let mut said = Vec::new();
    match report.phase.as_str() {
        "closed" if report.n_bars == 0 => {
            said.push("The run is empty: not one bar was delivered.".to_owned());
        }
        "closed" => {}
        phase => {
            let why = match &report.failure {
                Some(failure) => format!(": {}", crate::markup::cut(failure, 2_000)),
                None => String::new(),
            };
            said.push(format!("The run did not come to its end; it is {phase}{why}"));
        }
    }
    if let Some(open) = &report.interrupted {
        said.push(format!(
            "The session of {} was interrupted at {} of the exchange's clock; it is shown as far as it went.",
            open.session.date,
            run.clock().time_of_day(&open.at),
        ));
    }
    for consumer in report.consumers.iter().filter(|consumer| consumer.failure.is_some()) {
        let why = consumer.failure.as_deref().unwrap_or_default();
        said.push(format!("{} failed: {}", short(&consumer.name), crate::markup::cut(why, 2_000)));
    }
    if said.is_empty() {
        return;
    }
    out.push_str("<div class=\"alarm\" role=\"note\"><h2>Look at this first</h2><ul>");
    for said in said {
        let _ = write!(out, "<li>{}</li>", Text(&said));
    }
    out.push_str("</ul></div>\n");
}

/// What happened, in five sentences.
pub(crate) fn story(run: &Run<'_>, gate: &GateFigures, out: &mut String) {
    let report = run.report;
    begin("story", "What happened", out);
    let n_sessions = run.sessions().count() as u64;
    let mut symbols: Vec<&str> =
        run.sessions().flat_map(|it| &it.symbols).map(|it| it.symbol.as_str()).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let sentences = [
        format!(
            "{} with {}: {} of {} were delivered, and {} derived from them.",
            counted(n_sessions, "session"),
            counted(symbols.len() as u64, "symbol"),
            counted(report.n_bars, "bar"),
            report.base_interval,
            count(report.n_derived),
        ),
        format!("The gate switched {}. {}", times(gate.n_switches), gate.words()),
        match gate.worst() {
            Some((symbol, lag_s)) => format!(
                "The symbol that was behind the most was {}, by {}.",
                short(symbol),
                seconds(lag_s)
            ),
            None => "No symbol held it shut.".to_owned(),
        },
        rejections(run),
        said(run),
    ];
    out.push_str("<p>");
    for sentence in sentences {
        let _ = write!(out, "{} ", Text(&sentence));
    }
    out.push_str("</p>\n");
    end(out);
}

fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        n => format!("{} times", count(n)),
    }
}

fn rejections(run: &Run<'_>) -> String {
    let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
    for symbol in run.sessions().flat_map(|session| &session.symbols) {
        for (reason, n_rows) in &symbol.rejected {
            *by_reason.entry(reason).or_default() += n_rows;
        }
    }
    if by_reason.is_empty() {
        return "No row was rejected.".to_owned();
    }
    let total: u64 = by_reason.values().sum();
    let parts: Vec<String> = by_reason
        .iter()
        .map(|(reason, n)| format!("{} as {}", count(*n), reason.replace('_', " ")))
        .collect();
    let verb = if total == 1 { "was" } else { "were" };
    format!("{} {verb} rejected: {}.", counted(total, "row"), parts.join(", "))
}

fn said(run: &Run<'_>) -> String {
    let report = run.report;
    let n_consumers = report.consumers.iter().filter(|it| !is_ours(&it.name)).count() as u64;
    let n_signals = report.signals.len() as u64;
    let mut text = match n_consumers {
        0 => "No strategy and no scanner took part".to_owned(),
        n => format!("{} gave {}", counted(n, "consumer"), counted(n_signals, "signal")),
    };
    for (i, account) in report.accounts.iter().enumerate() {
        let total = account.returns.total * 100.0;
        let word = if i == 0 { ", and" } else { "," };
        let _ = write!(
            text,
            "{word} the account of {} came to {total:+.2}% with {}",
            short(&account.strategies.join(", ")),
            counted(account.trades.trades, "closed trade"),
        );
    }
    text.push('.');
    text
}
