//! Strategies that trade on paper: what is ordered, filled and told, the same however it is delivered, with
//! no look ahead, in a replay and live.

use std::any::Any;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use openbell_account::{AccountOf, AccountSettings, Accounts, Commission, Participation};
use openbell_config::SessionConfig;
use openbell_coordinator::{
    Added, Answer, Bars, CallWindow, Consumer, ConsumerError, Context, Delivery, Engine, Event,
    LookaheadCheck, LookaheadSetup, NewOrder, OnError, OrderId, OrderRefusal, Outcome, Phase,
    Refusal, Removed, Resumed, SessionCommand, Sessions, Source, Stay, Subscription, Tampering,
    TradeEvent,
};
use openbell_data_manager::{Arrival, DataError, ScriptedFeed};
use openbell_market::BarInterval;
use openbell_tests::{
    Finished, LiveMarket, LiveStory, Market, Story, at, bar_at, bars_of, config, dated,
    finish_with_workers, flat, order_in_turn, register, series, sym, syms, time,
};
use openbell_time::Timestamp;

use crate::live_support::{DAY, secs};

/// What a strategy was told, with the session clock.
type Told = Arc<Mutex<Vec<(Timestamp, String)>>>;

/// Buys and sells by the minute bars alone, every kind of order in turn, exits left behind and cancelled.
struct Busy {
    name: &'static str,
    told: Told,
    n_bars: u64,
    /// Nothing is ordered before.
    since: Timestamp,
}

impl Busy {
    fn new(name: &'static str, told: &Told) -> Box<Busy> {
        Busy::since(name, told, Timestamp::MIN)
    }

    fn since(name: &'static str, told: &Told, since: Timestamp) -> Box<Busy> {
        Box::new(Busy { name, told: Arc::clone(told), n_bars: 0, since })
    }

    fn note(&self, context: &Context<'_>, text: String) {
        self.told.lock().expect("no panic").push((context.now(), text));
    }
}

impl Consumer for Busy {
    fn name(&self) -> &str {
        self.name
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().intervals([BarInterval::from_mins(1).expect("a minute")])
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            self.n_bars += 1;
            let symbol = context.view().symbol(bar.symbol.as_str())?;
            let rows = symbol.series(bar.interval)?.today();
            let (open, close) = (rows.open()[bar.sequence], rows.close()[bar.sequence]);
            if context.now() >= self.since {
                order_in_turn(self.n_bars, context, bar.symbol, close, close > open)?;
            }
        }
        Ok(())
    }

    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        for event in events {
            self.note(context, words(event));
        }
        Ok(())
    }

    fn resumed(&mut self, context: &mut Context<'_>, _: &Resumed) -> Outcome {
        self.note(context, "resumed".to_owned());
        Ok(())
    }
}

fn words(event: &TradeEvent) -> String {
    match event {
        TradeEvent::Placed { order, .. } => format!("{} {}", order.id, order.kind.name()),
        TradeEvent::Refused { why, .. } => why.to_string(),
        TradeEvent::Filled(fill) => {
            let (side, moment) = (fill.side.name(), fill.moment.name());
            format!("{side} {} at {} {moment}", fill.lots.count(), fill.price())
        }
        TradeEvent::Ended { order, why, .. } => format!("{order} {}", why.name()),
    }
}

fn settings() -> AccountSettings {
    AccountSettings {
        commission: Commission { per_share: 0.005, min: 1.0, ..Commission::NONE },
        slippage_bps: 1.0,
        ..AccountSettings::with_cash(20_000.0)
    }
}

fn accounts(names: &[&str]) -> Box<Accounts> {
    let accounts = Accounts::new(settings(), AccountOf::EachStrategy, names.iter().copied());
    Box::new(accounts.expect("settings"))
}

/// The accounts of a run that is over.
fn closed(engine: &mut Engine) -> Box<Accounts> {
    let accounts: Box<dyn Any> = engine.close_accounts().expect("accounts were opened");
    accounts.downcast().expect("they are what was given")
}

fn trades(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| matches!(event, Event::Traded { .. })).collect()
}

fn market() -> Market {
    Market::new()
        .with_minutes("AAPL", "2025-07-02", "2025-07-07", |_, minute| minute % 11 != 3)
        .with_minutes("MSFT", "2025-07-02", "2025-07-07", |_, _| true)
}

/// Three sessions, the second of which is half a day, of two strategies over two symbols.
fn run(delivery: Delivery, more: &str, names: &[&'static str]) -> (Finished, Told) {
    let (told, other) = (Told::default(), Told::default());
    let json = dated(("2025-07-02", "2025-07-07"), r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, "");
    let json = json.replace("\"backtest_config\": {", &format!("\"backtest_config\": {{{more}"));
    let mut story = Story::new(&json, market());
    story.engine.open_accounts(accounts(names));
    let mut workers = Vec::new();
    for name in names {
        let told = if *name == "first" { &told } else { &other };
        let busy = Busy::new(name, told);
        workers.extend(register(&mut story.engine, busy, OnError::StopRun, delivery));
    }
    let finished = finish_with_workers(story, workers).0;
    assert_eq!(finished.phase, Phase::Closed, "{:?}", finished.report.failure);
    (finished, told)
}

#[test]
fn orders_fills_and_what_is_told_are_the_same_however_they_are_delivered_and_at_every_speed() {
    let (inline, told) = run(Delivery::Inline, "", &["first", "second"]);
    let n = trades(&inline.events).len();
    assert!(n > 200, "{n} events of orders are no test");
    for (delivery, speed) in [
        (Delivery::LockStep, ""),
        (Delivery::Inline, r#""speed_multiplier": 3600, "#),
        (Delivery::LockStep, r#""speed_multiplier": 600, "#),
    ] {
        let (other, other_told) = run(delivery, speed, &["first", "second"]);
        assert_eq!(inline.events, other.events, "{delivery:?} {speed}");
        assert_eq!(inline.report.digest, other.report.digest);
        assert_eq!(*told.lock().unwrap(), *other_told.lock().unwrap());
    }
}

#[test]
fn a_strategys_fills_do_not_depend_on_who_trades_beside_it() {
    let (_, beside) = run(Delivery::Inline, "", &["first", "second"]);
    let (_, alone) = run(Delivery::Inline, "", &["first"]);
    let fills = |told: &Told| -> Vec<(Timestamp, String)> {
        let told = told.lock().unwrap();
        told.iter().filter(|(_, text)| text.contains(" at ")).cloned().collect()
    };
    assert!(fills(&alone).len() > 20);
    assert_eq!(fills(&alone), fills(&beside));
}

#[test]
fn an_account_that_orders_nothing_changes_nothing() {
    let of = |with: bool| {
        let mut story = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "", market());
        let told = Told::default();
        if with {
            story.engine.open_accounts(accounts(&["first"]));
        }
        let busy = Busy::since("first", &told, Timestamp::MAX);
        story.engine.register(busy, OnError::StopRun);
        story.finish()
    };
    let (with, without) = (of(true), of(false));
    assert_eq!(with.events, without.events);
    assert_eq!(with.report, without.report);
}

/// Orders once, at the close of the session's second minute, and notes what it is told.
struct Once {
    order: Option<NewOrder>,
    told: Told,
}

impl Consumer for Once {
    fn name(&self) -> &str {
        "once"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        self.told.lock().unwrap().push((context.now(), "bars".to_owned()));
        if bars.first().is_some_and(|bar| bar.sequence == 1)
            && let Some(order) = self.order.take()
        {
            let refused = context.order(order).err();
            let text = refused.map_or("taken".to_owned(), |why| why.to_string());
            self.told.lock().unwrap().push((context.now(), text));
        }
        Ok(())
    }

    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        let cash = context.balance().expect("an account").cash;
        let mut told = self.told.lock().unwrap();
        told.extend(events.iter().map(|event| (context.now(), words(event))));
        told.push((context.now(), format!("cash {cash}")));
        Ok(())
    }
}

fn steps() -> Market {
    let rows = (0..390).map(|minute| {
        let price = 50.0 + (minute % 100) as f64;
        (at(DAY, 9, 30) + secs(60 * minute), flat(price, 1_000.0))
    });
    Market::new().with_rows("AAPL", "1m", rows)
}

#[test]
fn a_fill_at_the_next_open_is_told_with_its_publication_before_the_bars() {
    let told = Told::default();
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", steps());
    let plain = AccountSettings {
        participation: Participation::VolumeUnknown,
        ..AccountSettings::with_cash(10_000.0)
    };
    let accounts = Accounts::new(plain, AccountOf::EachStrategy, ["once"]).unwrap();
    story.engine.open_accounts(Box::new(accounts));
    let order = Some(NewOrder::buy(&sym("AAPL"), 10.0).until_cancelled());
    story.engine.register(Box::new(Once { order, told: Arc::clone(&told) }), OnError::StopRun);
    story.run_to(DAY, 9, 33);
    let told: Vec<(i64, String)> = {
        let told = told.lock().unwrap();
        told.iter()
            .map(|(now, text)| ((*now - at(DAY, 9, 30)).as_secs() / 60, text.clone()))
            .collect()
    };
    let expected = [
        (1, "bars"),
        (2, "bars"),
        (2, "taken"),
        // The bar of 09:32 opens at 52.
        (3, "buy 10 at 52 open"),
        (3, "order 1 filled"),
        (3, "cash 9480"),
        (3, "bars"),
    ];
    assert_eq!(told, expected.map(|(minute, text)| (minute, text.to_owned())));

    // What is held is not removed, by whomever.
    let answer = story.ask(SessionCommand::RemoveSymbols { symbols: syms(&["AAPL"]) });
    let refusal = Refusal::InAccount { strategy: "once".to_owned() };
    assert_eq!(answer, Answer::Removed(vec![(sym("AAPL"), Removed::Refused(refusal))]));
}

/// Orders what does not fill, and cancels it in the middle of a minute.
struct MindChanged {
    placed: Option<OrderId>,
    told: Told,
}

impl Consumer for MindChanged {
    fn name(&self) -> &str {
        "mind_changed"
    }

    fn call_windows(&self) -> Vec<CallWindow> {
        let time = |text: &str| text.parse().expect("a time of day");
        vec![CallWindow { start: time("09:33:30"), end: time("09:34:00"), every: secs(60) }]
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let is_first = bars.iter().any(|bar| *bar.symbol == sym("THIN"));
        if self.placed.is_none() && is_first {
            self.placed = Some(context.order(NewOrder::buy(&sym("THIN"), 1.0).limit(1.0))?);
        }
        Ok(())
    }

    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        Ok(context.cancel(self.placed.expect("it was placed before"))?)
    }

    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        let mut told = self.told.lock().unwrap();
        told.extend(events.iter().map(|event| (context.now(), words(event))));
        Ok(())
    }
}

/// A symbol of which no bar comes for twenty minutes: the cancel waits for the bar that had opened before it,
/// and no longer.
#[test]
fn a_cancel_in_a_minute_without_a_bar_takes_effect_when_the_minute_is_over() {
    let told = Told::default();
    let market = Market::new().with_minutes("BUSY", DAY, DAY, |_, _| true).with_minutes(
        "THIN",
        DAY,
        DAY,
        |_, minute| !(1..=20).contains(&minute),
    );
    let mut story = Story::of(r#"["BUSY", "THIN"]"#, r#"["1m"]"#, DAY, "", market);
    story.engine.open_accounts(accounts(&["mind_changed"]));
    let consumer = MindChanged { placed: None, told: Arc::clone(&told) };
    story.engine.register(Box::new(consumer), OnError::StopRun);
    story.run_to(DAY, 9, 40);
    let told = told.lock().unwrap();
    assert_eq!(*told, [(at(DAY, 9, 34), "order 1 cancelled".to_owned())]);
}

#[test]
fn who_has_no_account_is_told_so() {
    let told = Told::default();
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", steps());
    let order = Some(NewOrder::buy(&sym("AAPL"), 10.0));
    story.engine.register(Box::new(Once { order, told: Arc::clone(&told) }), OnError::StopRun);
    let finished = story.finish();
    let refusal = OrderRefusal::NoAccount { symbol: sym("AAPL") }.to_string();
    assert!(told.lock().unwrap().iter().any(|(_, text)| *text == refusal));
    assert!(trades(&finished.events).is_empty());
}

#[test]
fn a_symbol_that_joined_for_the_session_stays_while_it_is_held() {
    let told = Told::default();
    let days = ("2025-07-02", "2025-07-03");
    let market = Market::new().with_minutes("AAPL", days.0, days.1, |_, _| true).with_minutes(
        "MSFT",
        days.0,
        days.1,
        |_, _| true,
    );
    let mut story = Story::new(&dated(days, r#"["MSFT"]"#, r#"["1m"]"#, ""), market);
    story.engine.open_accounts(accounts(&["once"]));
    let order = Some(NewOrder::buy(&sym("AAPL"), 5.0));
    story.run_to(DAY, 9, 31);
    let added =
        story.ask(SessionCommand::AddSymbols { symbols: syms(&["AAPL"]), stay: Stay::Session });
    assert!(matches!(&added, Answer::Added(added) if matches!(added[0].1, Added::Added { .. })));
    story.engine.register(Box::new(Once { order, told }), OnError::StopRun);
    drop(story.handle().resume());
    story.run_to("2025-07-03", 10, 0);
    let status = story.handle().status();
    assert!(status.symbols.iter().any(|symbol| symbol.symbol == sym("AAPL")), "{status:?}");
}

struct Honest;

impl LookaheadSetup for Honest {
    fn source(&mut self) -> Result<Box<dyn Source>, DataError> {
        Ok(Box::new(market()))
    }

    fn register(&mut self, engine: &mut Engine, _: &Tampering) -> Result<(), ConsumerError> {
        engine.open_accounts(accounts(&["first"]));
        engine.register(Busy::new("first", &Told::default()), OnError::StopRun);
        Ok(())
    }
}

#[test]
fn an_account_knows_nothing_of_what_comes_after() {
    let json = dated(("2025-07-02", "2025-07-07"), r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, "");
    let (config, _) = SessionConfig::parse(&json).unwrap();
    let check = LookaheadCheck { n_cuts: 40, seed: 7, ..LookaheadCheck::of(&config, time()) };
    let report = check.run(&mut Honest, |_| ControlFlow::Continue(())).unwrap();
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, [""; 0]);
    assert!(report.is_complete && report.n_steps > 1_000);
}

#[test]
fn a_live_run_tells_what_filled_while_it_was_inactive_before_what_it_skipped() {
    let key = series("AAPL 1m");
    let rows = bars_of(&key, at(DAY, 9, 30), 390);
    let started = at(DAY, 9, 29);
    let mut feed = ScriptedFeed::new(key.clone(), started, secs(3_600));
    feed.continuous();
    // Twelve minutes arrive together at 11:12:05: the gate is shut from the first that is overdue.
    let (silent, back) = (at(DAY, 11, 0), at(DAY, 11, 12) + secs(5));
    for row in 0..390 {
        let (opens_at, ohlcv) = (rows.opens_at(row), rows.ohlcv(row));
        let arrives_at = opens_at + secs(61);
        let is_held_back = arrives_at > silent && arrives_at < back;
        let arrives_at = if is_held_back { back } else { arrives_at };
        feed.arrives(arrives_at, Arrival::Bar { opens_at, ohlcv });
    }
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let market = LiveMarket::new([feed]);
    let told = Told::default();
    let mut live = LiveStory::new(&json, market, Sessions::OfConfig, started);
    live.engine.open_accounts(accounts(&["first"]));
    live.engine.register(Busy::new("first", &told), OnError::StopRun);
    live.go(at(DAY, 16, 2));

    let told = told.lock().unwrap();
    let resumed = told.iter().position(|(_, text)| text == "resumed").expect("it was inactive");
    let at_once: Vec<&str> = told
        .iter()
        .filter(|(now, _)| *now == told[resumed].0)
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(at_once.last(), Some(&"resumed"), "trades are told before what was skipped");

    // No fill lies outside the bars that were delivered, or comes before its order.
    let accounts = closed(&mut live.engine);
    let results = &accounts.results(252.0)[0];
    assert!(results.fills.len() > 40, "{}", results.fills.len());
    for record in results.fills {
        let (fill, bar) = (&record.fill, bar_at("AAPL", record.fill.bar_opens_at));
        assert!((bar.low..=bar.high).contains(&fill.reference_price));
        assert!(fill.made_at >= fill.at && fill.made_at >= fill.bar_opens_at + secs(60));
    }
    let n_logged = live.engine.events().iter().filter(|event| {
        matches!(event, Event::Traded { trade, .. } if matches!(**trade, TradeEvent::Filled(_)))
    });
    assert_eq!(n_logged.count(), results.fills.len());
    assert_eq!(results.returns.n_sessions, 1);
}
