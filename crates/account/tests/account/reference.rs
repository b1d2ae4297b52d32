//! Fills and figures held against a plain recomputation in Python, where Python is there.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the reference runs in Python, a process of its own"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use openbell_account::{AccountSettings, Commission, Participation, ShortSales};
use openbell_coordinator::{Mark, OrderEnd, OrderId, OrderKind, TradeEvent};
use openbell_market::Symbol;

use crate::random_run::{DAYS, MINUTES, Run, Setup, run};
use crate::support::minute;

const N_RUNS: u64 = 30;

#[test]
fn a_plain_reference_comes_to_the_same_fills_and_figures() {
    let python = std::env::var("OPENBELL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let is_there =
        Command::new(&python).arg("--version").output().is_ok_and(|it| it.status.success());
    if !is_there {
        eprintln!("skipped: there is no {python}; OPENBELL_PYTHON names another one");
        return;
    }
    let seeds =
        std::env::var("OPENBELL_SEED").ok().map(|seed| seed.parse::<u64>().expect("a seed"));
    let mut n_fills = 0;
    for seed in seeds.map_or(0..N_RUNS, |seed| seed..seed + 1) {
        let settings = AccountSettings {
            commission: match seed % 3 {
                0 => Commission::NONE,
                1 => Commission { bps: 10.0, per_share: 0.25, ..Commission::NONE },
                _ => Commission { per_trade: 0.5, per_share: 0.125, bps: 4.0, min: 2.0 },
            },
            slippage_bps: (seed % 2) as f64 * 5.0,
            participation: Participation::OfVolume(0.25),
            short: if seed % 5 < 2 { ShortSales::Allowed } else { ShortSales::Refused },
            ..AccountSettings::with_cash(6_000.0)
        };
        let run = run(&Setup::new(seed, settings));
        let output = recomputed(&python, &told(&run, &settings));
        let again = format!("OPENBELL_SEED={seed} runs it again");
        let (fills, figures) = read(&output);
        let ours: Vec<Fill> = run.events.iter().filter_map(|(_, event)| filled(event)).collect();
        n_fills += ours.len();
        for (at, fill) in ours.iter().enumerate() {
            let other = fills.get(at);
            assert!(
                other.is_some_and(|other| is_same(fill, other)),
                "{fill:?}, {other:?}; {again}"
            );
        }
        assert_eq!(ours.len(), fills.len(), "{again}");
        for (name, value) in figures_of(&run) {
            let is_same = match (value, figures[name]) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
                (a, b) => a == b,
            };
            assert!(is_same, "{name}: {value:?}, {:?}; {again}", figures[name]);
        }
    }
    assert!(seeds.is_some() || n_fills > 500, "{n_fills} fills are no test");
}

type Fill = (String, i64, f64, f64, i64);

fn filled(event: &TradeEvent) -> Option<Fill> {
    let TradeEvent::Filled(fill) = event else { return None };
    let (symbol, lots) = (fill.symbol.to_string(), fill.signed_lots().count());
    Some((symbol, lots, fill.price(), fill.commission, fill.at.as_nanos()))
}

fn is_same(a: &Fill, b: &Fill) -> bool {
    let is_near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
    (&a.0, a.1, a.4) == (&b.0, b.1, b.4) && is_near(a.2, b.2) && is_near(a.3, b.3)
}

fn figures_of(run: &Run) -> Vec<(&'static str, Option<f64>)> {
    let results = &run.accounts.results(252.0)[0];
    let (returns, trades) = (results.returns, results.trades);
    vec![
        ("total", Some(returns.total)),
        ("volatility", returns.volatility),
        ("sharpe", returns.sharpe),
        ("sortino", returns.sortino),
        ("depth", Some(results.drawdown.map_or(0.0, |drawdown| drawdown.depth))),
        ("turnover", results.turnover),
        ("trades", Some(trades.n_trades as f64)),
        ("hit_rate", trades.hit_rate()),
        ("profit", Some(trades.profit())),
        ("profit_factor", trades.profit_factor()),
        ("average_win", trades.average_win()),
        ("average_loss", trades.average_loss()),
    ]
}

/// The run in the words of the reference: bars, and what was placed and cancelled between them.
fn told(run: &Run, settings: &AccountSettings) -> String {
    let mut text = String::new();
    let Commission { per_trade, per_share, bps, min } = settings.commission;
    let short = u8::from(settings.short == ShortSales::Allowed);
    let (cash, slippage) = (settings.cash, settings.slippage_bps);
    writeln!(text, "settings {cash} 0.25 {slippage} {per_trade} {per_share} {bps} {min} {short}")
        .unwrap();
    for (_, event) in &run.events {
        if let TradeEvent::Placed { order, .. } = event
            && let Some(entry) = order.entry
        {
            writeln!(text, "name {} {}", order.id.number(), entry.number()).unwrap();
        }
    }
    let (mut bars, mut events) = (run.bars.iter().peekable(), run.events.iter().peekable());
    let mut marks = BTreeMap::<Symbol, Mark>::new();
    for day in 0..DAYS {
        for n in 1..=MINUTES {
            let at = minute(day * 1440 + n);
            while let Some((symbol, bar)) = bars.next_if(|(_, bar)| bar.closes_at <= at) {
                let [open, high, low, close] =
                    [bar.ohlcv.open, bar.ohlcv.high, bar.ohlcv.low, bar.ohlcv.close];
                let (opens, closes) = (bar.opens_at.as_nanos(), bar.closes_at.as_nanos());
                let volume = bar.ohlcv.volume;
                writeln!(
                    text,
                    "bar {symbol} {opens} {closes} {open} {high} {low} {close} {volume}"
                )
                .unwrap();
                marks.insert(symbol.clone(), Mark { price: close, at: bar.closes_at });
            }
            let word = if n == MINUTES { "close" } else { "publish" };
            writeln!(text, "{word} {}", at.as_nanos()).unwrap();
            while let Some((_, event)) = events.next_if(|(when, _)| *when <= at) {
                tell(&mut text, event, &marks);
            }
        }
    }
    text
}

fn tell(text: &mut String, event: &TradeEvent, marks: &BTreeMap<Symbol, Mark>) {
    match event {
        TradeEvent::Placed { order, .. } if order.entry.is_none() => {
            let or_none =
                |price: Option<f64>| price.map_or("-".to_owned(), |price| price.to_string());
            let (stop, limit) = match order.kind {
                OrderKind::Market | OrderKind::OnClose => (None, None),
                OrderKind::Limit { limit } => (None, Some(limit)),
                OrderKind::Stop { stop } => (Some(stop), None),
                OrderKind::StopLimit { stop, limit } => (Some(stop), Some(limit)),
            };
            let stays = match order.lifetime {
                openbell_coordinator::Lifetime::Session => "session",
                openbell_coordinator::Lifetime::UntilCancelled => "stays",
            };
            let reduces = match order.effect {
                openbell_coordinator::Effect::Any => "any",
                openbell_coordinator::Effect::ReduceOnly => "reduces",
            };
            let pair = order.pair.map_or("-".to_owned(), |pair: OrderId| pair.number().to_string());
            writeln!(
                text,
                "order {} {} {} {} {} {} {} {} {stays} {reduces} {} {} {} {pair}",
                order.id.number(),
                order.symbol,
                order.side.name(),
                order.kind.name(),
                or_none(stop),
                or_none(limit),
                order.ordered.count(),
                order.given_at.as_nanos(),
                or_none(order.exits.stop),
                or_none(order.exits.target),
                marks[&order.symbol].price,
            )
            .unwrap();
        }
        TradeEvent::Ended { order, why: OrderEnd::Cancelled, .. } => {
            writeln!(text, "cancel {}", order.number()).unwrap();
        }
        _ => {}
    }
}

fn recomputed(python: &str, lines: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/account/reference.py");
    let call =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut call = call.expect("Python starts");
    call.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it reads");
    let output = call.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the reference failed");
    String::from_utf8(output.stdout).expect("text")
}

fn read(output: &str) -> (Vec<Fill>, BTreeMap<String, Option<f64>>) {
    let (mut fills, mut figures) = (Vec::new(), BTreeMap::new());
    for line in output.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["fill", symbol, lots, price, fee, at] => fills.push((
                symbol.to_owned(),
                lots.parse().unwrap(),
                price.parse().unwrap(),
                fee.parse().unwrap(),
                at.parse().unwrap(),
            )),
            ["figure", name, value] => {
                figures.insert(name.to_owned(), value.parse().ok());
            }
            _ => {}
        }
    }
    (fills, figures)
}
