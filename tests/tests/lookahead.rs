//! The hunt for look-ahead: an honest session passes, and whoever peeks is named.
#![expect(clippy::disallowed_methods, reason = "a seed is taken from the environment")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use openbell_coordinator::{
    Bars, Cause, Consumer, Context, Finding, LookaheadCheck, LookaheadReport, Outcome, Source,
    Subject, SymbolState, Tampering,
};
use openbell_data_manager::Feed;
use openbell_market::{BarColumns, BarInterval, SeriesKey};
use openbell_tests::{
    Breaks, LookaheadRuns, Market, Story, at, lookahead_config, lookahead_market, sym, time,
};
use openbell_time::{Nanos, Timestamp};

const DAY: &str = "2025-07-03";

/// The seed of the first cut: `LOOKAHEAD_SEED`, or 1.
fn seed() -> u64 {
    let given = std::env::var("LOOKAHEAD_SEED").ok();
    let seed = given.map_or(1, |text| text.parse().expect("a number"));
    println!("LOOKAHEAD_SEED={seed}");
    seed
}

pub fn said(report: &LookaheadReport) -> String {
    report.findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// Signals where a bar closes above its open, and says how much history it read.
struct Honest;

impl Consumer for Honest {
    fn name(&self) -> &str {
        "honest"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        let past = context.history(&sym("NVDA"), BarInterval::DAY, 2)?;
        let last = past.latest().map(|bar| bar.ohlcv.close);
        context.signal(&sym("NVDA"), "yesterday", last);
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars.iter().filter(|bar| bar.interval != BarInterval::WEEK) {
            let symbol = context.view().symbol(bar.symbol.as_str())?;
            let rows = symbol.series(bar.interval)?.today();
            if rows.close()[bar.sequence] > rows.open()[bar.sequence] {
                context.signal(bar.symbol, "rises", None);
            }
        }
        Ok(())
    }
}

#[test]
fn an_honest_session_shows_nothing_before_its_time() {
    let mut rehearsed = LookaheadRuns::over(lookahead_market()).with(|_, _| vec![Box::new(Honest)]);
    let report = rehearsed.check(&lookahead_config(), 150, seed());
    assert!(report.findings.is_empty(), "{}", said(&report));
    assert!(report.is_complete && report.n_cuts == 150 && report.n_steps > 10_000, "{report:?}");
}

/// Looks at the next minute of AAPL by a door of its own.
pub struct Peeks {
    door: Box<dyn Feed>,
    ahead: Nanos,
    says: Says,
}

/// How what was seen comes out.
pub enum Says {
    /// As a signal.
    Signal,
    /// As a command.
    Command,
    /// Past the run.
    Elsewhere(Arc<Mutex<Vec<(String, String)>>>),
}

impl Peeks {
    pub fn new(
        market: &Market,
        ahead: Nanos,
        says: Says,
        over: impl Fn(Box<dyn Source>) -> Box<dyn Source>,
    ) -> Peeks {
        let key = SeriesKey { symbol: sym("AAPL"), interval: BarInterval::from_mins(1).unwrap() };
        let calendar = time().calendar("XNYS").expect("XNYS is embedded");
        let mut source = over(Box::new(market.clone()));
        let door = source.feed(&key, &calendar).expect("the market has AAPL");
        Peeks { door, ahead, says }
    }
}

impl Consumer for Peeks {
    fn name(&self) -> &str {
        "peeks"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        let now = context.view().instant();
        let mut rows = BarColumns::default();
        self.door.seek(now - Nanos::from_secs(60))?;
        let _ = self.door.poll(now, now + self.ahead, &mut rows)?;
        let (Some(first), Some(last)) = (rows.close.first(), rows.close.last()) else {
            return Ok(());
        };
        if last > first {
            match &self.says {
                Says::Signal => context.signal(&sym("AAPL"), "buy", Some(*last)),
                Says::Command => context.add_symbols([sym("NVDA")]),
                Says::Elsewhere(orders) => {
                    orders.lock().unwrap().push(("peeks".to_owned(), format!("buy at {last}")));
                }
            }
        }
        Ok(())
    }
}

/// The consumer that every finding names, and the first finding.
pub fn culprit(report: &LookaheadReport) -> (&str, &Finding) {
    let first = report.findings.first().expect("it is caught");
    let Subject::Consumer { name } = &first.difference.subject else { panic!("{first}") };
    for finding in &report.findings {
        assert_eq!(finding.difference.subject, first.difference.subject, "{}", said(report));
    }
    (name, first)
}

pub const MINUTE: Nanos = Nanos::from_secs(60);

#[test]
fn a_consumer_that_opens_the_data_for_a_later_bar_is_named_with_instant_and_seed() {
    let peeks = |market: &Market, tampering: &Tampering| {
        let over = |source| tampering.over(source);
        let honest: Box<dyn Consumer> = Box::new(Honest);
        vec![honest, Box::new(Peeks::new(market, MINUTE, Says::Signal, over))]
    };
    let mut rehearsed = LookaheadRuns::over(lookahead_market()).with(peeks);
    let report = rehearsed.check(&lookahead_config(), 60, seed());
    let (name, finding) = culprit(&report);
    assert_eq!((name, finding.cause), ("peeks", Cause::Lookahead));
    assert_eq!(finding.difference.what, "signal");
    assert!(finding.at <= finding.cut.at, "{finding}");
    // The one cut of that seed shows it again.
    let again = rehearsed.check(&lookahead_config(), 1, finding.cut.seed);
    assert_eq!(again.findings.first(), Some(finding));
}

#[test]
fn a_consumer_that_reads_what_has_closed_by_a_door_of_its_own_is_no_peeker() {
    let reads = |market: &Market, tampering: &Tampering| {
        let over = |source| tampering.over(source);
        let reads = Peeks::new(market, Nanos::ZERO, Says::Signal, over);
        vec![Box::new(reads) as Box<dyn Consumer>]
    };
    let report =
        LookaheadRuns::over(lookahead_market()).with(reads).check(&lookahead_config(), 60, seed());
    assert!(report.findings.is_empty(), "{}", said(&report));
}

#[test]
fn a_peeker_is_named_by_what_it_asks_for_too() {
    let peeks = |market: &Market, tampering: &Tampering| {
        let over = |source| tampering.over(source);
        let peeks = Peeks::new(market, MINUTE, Says::Command, over);
        vec![Box::new(peeks) as Box<dyn Consumer>]
    };
    let report =
        LookaheadRuns::over(lookahead_market()).with(peeks).check(&lookahead_config(), 60, seed());
    let (name, finding) = culprit(&report);
    assert_eq!((name, finding.difference.what.as_str()), ("peeks", "command"));
}

#[test]
fn what_a_consumer_puts_out_past_the_run_is_compared_too() {
    let orders: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let put = Arc::clone(&orders);
    let peeks = move |market: &Market, tampering: &Tampering| {
        let over = |source| tampering.over(source);
        let says = Says::Elsewhere(Arc::clone(&put));
        let peeks = Peeks::new(market, MINUTE, says, over);
        vec![Box::new(peeks) as Box<dyn Consumer>]
    };
    let take = move || std::mem::take(&mut *orders.lock().unwrap());
    let mut rehearsed = LookaheadRuns::over(lookahead_market()).with(peeks).with_outputs(take);
    let report = rehearsed.check(&lookahead_config(), 60, seed());
    let (name, finding) = culprit(&report);
    assert_eq!((name, finding.difference.what.as_str()), ("peeks", "output"));
    let with = finding.difference.with.as_deref().or(finding.difference.without.as_deref());
    assert!(with.is_some_and(|text| text.starts_with("buy at ")), "{finding}");
}

/// Keeps every close that any run has shown, and knows the next one where it was seen before.
struct Remembers(Arc<Mutex<BTreeMap<Timestamp, f64>>>);

impl Consumer for Remembers {
    fn name(&self) -> &str {
        "remembers"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        let view = context.view();
        let symbol = view.symbol("AAPL")?;
        let Some(bar) = symbol.base().and_then(|base| base.latest()) else { return Ok(()) };
        let mut closes = self.0.lock().unwrap();
        closes.insert(bar.closes_at, bar.ohlcv.close);
        let next = closes.range(bar.closes_at + Nanos::from_nanos(1)..).next();
        if let Some((_, &close)) = next {
            context.signal(&sym("AAPL"), "knows", Some(close));
        }
        Ok(())
    }
}

#[test]
fn a_consumer_that_keeps_what_an_earlier_run_has_shown_is_named() {
    let closes: Arc<Mutex<BTreeMap<Timestamp, f64>>> = Arc::default();
    let remembers = move |_: &Market, _: &Tampering| {
        vec![Box::new(Remembers(Arc::clone(&closes))) as Box<dyn Consumer>]
    };
    let report = LookaheadRuns::over(lookahead_market()).with(remembers).check(
        &lookahead_config(),
        20,
        seed(),
    );
    let (name, finding) = culprit(&report);
    assert_eq!((name, finding.cause), ("remembers", Cause::Unrepeatable));
    assert_eq!(finding.difference.with, None, "the first run knew nothing: {finding}");
}

#[test]
fn a_status_does_not_say_at_the_open_that_a_symbol_has_no_bar_all_day() {
    let story = || Story::new(&lookahead_config(), lookahead_market());
    let state = |story: &Story, name: &str| {
        let symbols = story.handle().status().symbols;
        let known = symbols.into_iter().find(|known| known.symbol == sym(name));
        known.expect("a member").state
    };
    for symbol in ["AAPL", "LATE", "GONE"] {
        let mut story = story();
        story.run_to(DAY, 9, 30);
        assert_eq!(state(&story, symbol), SymbolState::Quiet, "{symbol} at the open");
        story.run_to(DAY, 11, 20);
        let still = if symbol == "AAPL" { SymbolState::Live } else { SymbolState::Quiet };
        assert_eq!(state(&story, symbol), still, "{symbol} at 11:20");
        story.run_to(DAY, 11, 21);
        let then = if symbol == "GONE" { SymbolState::Quiet } else { SymbolState::Live };
        assert_eq!(state(&story, symbol), then, "{symbol} when the first bar of LATE has closed");
    }
}

#[test]
fn a_run_that_fails_must_fail_with_and_without_the_future_at_the_same_step() {
    let fails = |_: &Market, _: &Tampering| {
        let breaks = Breaks { at: at("2025-07-02", 11, 0), panics: false };
        vec![Box::new(breaks) as Box<dyn Consumer>]
    };
    let report =
        LookaheadRuns::over(lookahead_market()).with(fails).check(&lookahead_config(), 40, seed());
    assert!(report.findings.is_empty(), "{}", said(&report));
}

#[test]
fn a_check_that_is_cancelled_reports_how_far_it_came() {
    let (config, _) = openbell_config::SessionConfig::parse(&lookahead_config()).expect("a config");
    let check = LookaheadCheck::of(&config, time());
    let stop = |n: u32| match n {
        5 => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    };
    let report = check.run(&mut LookaheadRuns::over(lookahead_market()), stop).expect("it begins");
    assert_eq!((report.n_cuts, report.is_complete), (5, false));
}
