//! Reports of runs that never were, and the pages that show them.

use std::collections::BTreeMap;

use openbell_page::{
    AccountStory, Bars, EquityAt, FillAt, RejectedAt, Run, Shelf, ShelfPlan, page,
};
use openbell_time::{Calendar, TimeManager, Timestamp, TradingDate};
use openbell_wire::account::{Account, Benchmark, Drawdown, Orders, Returns, SymbolTrades, Trades};
use openbell_wire::command::Signal;
use openbell_wire::event::{LaggingSymbol, Reason};
use openbell_wire::report::{
    Consumer, DigestParts, Gap, GateSwitch, Report, Series, Session, SignalAt, Symbol, Wall,
};

pub const MINUTE_NS: i64 = 60_000_000_000;
pub const MB: usize = 1_000_000;

/// The calendar of the made runs.
pub fn calendar() -> Calendar {
    TimeManager::new().calendar("XNYS").expect("it is embedded")
}

/// The first `n` sessions of 2025.
pub fn sessions(calendar: &Calendar, n: usize) -> Vec<openbell_time::Session> {
    let first: TradingDate = "2025-01-02".parse().expect("a date");
    let mut found = vec![calendar.session(first).expect("known").expect("a session")];
    while found.len() < n {
        let last = found[found.len() - 1].date;
        found.push(calendar.next_session(last).expect("known"));
    }
    found
}

/// A report without a session.
pub fn empty() -> Report {
    Report {
        session_name: "made".to_owned(),
        exchange_group: "US_EQUITY".to_owned(),
        phase: "closed".to_owned(),
        failure: None,
        base_interval: "1m".to_owned(),
        n_bars: 0,
        n_derived: 0,
        n_steps: 0,
        digest: "00000000000000aa".to_owned(),
        digest_parts: DigestParts {
            series: "00000000000000ab".to_owned(),
            sequence: "00000000000000ac".to_owned(),
            gate: "00000000000000ad".to_owned(),
        },
        digest_form: 2,
        symbol_digests: BTreeMap::new(),
        sessions: Vec::new(),
        interrupted: None,
        consumers: Vec::new(),
        signals: Vec::new(),
        accounts: Vec::new(),
        metadata: None,
        streamed: None,
        exported: None,
        live: None,
        wall: Wall { elapsed_s: 0.5, bars_per_s: None, overrun_s: 0.0 },
    }
}

/// A report of `n_symbols` over the first `n_sessions` of 2025, with a gap, a rejection, a shut gate and a
/// signal in each session.
pub fn report(calendar: &Calendar, n_symbols: usize, n_sessions: usize) -> Report {
    let names = names(n_symbols);
    let sessions: Vec<Session> = sessions(calendar, n_sessions)
        .iter()
        .enumerate()
        .map(|(nth, session)| made_session(session, &names, nth))
        .collect();
    let signals = sessions.iter().map(|session| SignalAt {
        at: session.open.clone(),
        signal: Signal {
            consumer: "scanner".to_owned(),
            symbol: names[0].clone(),
            kind: "high".to_owned(),
            value: Some(101.25),
        },
    });
    Report {
        signals: signals.collect(),
        n_bars: sessions.iter().map(|session| session.n_bars).sum(),
        n_derived: sessions.iter().map(|session| 78 * session.symbols.len() as u64).sum(),
        n_steps: 390 * n_sessions as u64,
        symbol_digests: names
            .iter()
            .enumerate()
            .map(|(i, name)| (name.clone(), format!("{i:016x}")))
            .collect(),
        consumers: vec![Consumer {
            name: "scanner".to_owned(),
            delivery: "inline".to_owned(),
            n_signals: n_sessions as u64,
            n_commands: 7,
            n_displaced: 3,
            digest: "00000000000000ae".to_owned(),
            failure: None,
        }],
        sessions,
        wall: Wall { elapsed_s: 0.5, bars_per_s: Some(12_345.678), overrun_s: 1.5 },
        ..empty()
    }
}

pub fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("S{i:04}")).collect()
}

fn made_session(session: &openbell_time::Session, names: &[String], nth: usize) -> Session {
    let after = |minutes: i64| {
        Timestamp::from_nanos(session.open.as_nanos() + minutes * MINUTE_NS).to_string()
    };
    let n_missing = |i: usize| if (i + nth).is_multiple_of(7) { 3 } else { 0 };
    let symbols = names.iter().enumerate().map(|(i, name)| {
        let (n, missing) = (390 - n_missing(i), n_missing(i));
        Symbol {
            symbol: name.clone(),
            left_before_close: false,
            series: vec![
                Series {
                    interval: "1m".to_owned(),
                    n_bars: n.into(),
                    n: Some(n),
                    expected: Some(390),
                    quality_pct: Some(f64::from(n) / 3.9),
                    longest_gap: (missing > 0).then(|| Gap {
                        since: after(10),
                        until: after(13),
                        bars: missing,
                    }),
                },
                Series {
                    interval: "5m".to_owned(),
                    n_bars: 78,
                    n: Some(n),
                    expected: Some(390),
                    quality_pct: Some(f64::from(n) / 3.9),
                    longest_gap: None,
                },
            ],
            history: Vec::new(),
            rejected: BTreeMap::from([("outside_hours".to_owned(), 5 + i as u64)]),
        }
    });
    let symbols: Vec<Symbol> = symbols.collect();
    let holder = LaggingSymbol { symbol: names[0].clone(), lag_s: Some(120.0 + nth as f64) };
    let shut = Reason { name: "catching_up".to_owned(), holders: Some(vec![holder]) };
    let closed = Reason { name: "closed".to_owned(), holders: None };
    let switch = |minute, reason: Option<Reason>| GateSwitch {
        at: after(minute),
        epoch: 1,
        active: reason.is_none(),
        reason,
    };
    Session {
        date: session.date.to_string(),
        open: session.open.to_string(),
        close: session.close.to_string(),
        early_close: session.is_early_close,
        n_bars: symbols.iter().map(|symbol| symbol.series[0].n_bars).sum(),
        symbols,
        gate: vec![
            switch(0, None),
            switch(30, Some(shut)),
            switch(40, None),
            switch(390, Some(closed)),
        ],
    }
}

/// A shelf with a walk of cents for each symbol and session: the shape of a market, and the size of one.
pub fn shelf(
    calendar: &Calendar,
    n_symbols: usize,
    n_sessions: usize,
    n_bytes_max: usize,
) -> Shelf {
    let session_s = 23_400;
    let mut shelf =
        Shelf::new(ShelfPlan { base_s: 60, n_symbols, n_sessions, session_s, n_bytes_max });
    let names = names(n_symbols);
    let mut walk = 0x9e37_79b9_u64;
    let mut drawn = move |n: u64| {
        walk = walk.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (walk >> 33) % n
    };
    let mut cents: Vec<i64> = names.iter().map(|_| 2_000 + drawn(40_000) as i64).collect();
    for session in sessions(calendar, n_sessions) {
        shelf.begin_session(session.open);
        let opens: Vec<i64> = (0..390).map(|i| session.open.as_nanos() + i * MINUTE_NS).collect();
        for (name, cents) in names.iter().zip(&mut cents) {
            let mut columns: [Vec<f64>; 5] = Default::default();
            for _ in 0..390 {
                let open = *cents + drawn(5) as i64 - 2;
                let close = open + drawn(21) as i64 - 10;
                let (high, low) =
                    (open.max(close) + drawn(8) as i64, open.min(close) - drawn(8) as i64);
                *cents = close.max(500);
                for (column, price) in columns.iter_mut().zip([open, high, low, close]) {
                    column.push(price as f64 / 100.0);
                }
                columns[4].push((100 + drawn(20_000)) as f64);
            }
            let [open, high, low, close, volume] = &columns;
            let indicators = Vec::new();
            let bars = Bars {
                interval_s: 60,
                opens_at_ns: &opens,
                open,
                high,
                low,
                close,
                volume,
                indicators,
            };
            shelf.add(name, &[bars], false);
        }
    }
    shelf
}

/// An account that gained, with a fill and a benchmark.
pub fn account(calendar: &Calendar, n_sessions: usize) -> (Account, AccountStory) {
    let trades = Trades {
        fills: 1,
        trades: 31,
        wins: 17,
        losses: 13,
        profit: 1_234.5,
        hit_rate: Some(17.0 / 31.0),
        profit_factor: Some(1.75),
        average_win: Some(111.125),
        average_loss: Some(50.0 / 3.0),
        commission: 12.34,
        slippage: 5.678,
        traded: 987_654.321,
    };
    let returns = |total: f64| Returns {
        sessions: n_sessions as u64,
        total,
        volatility: Some(0.0123),
        sharpe: Some(0.456),
        sortino: Some(0.789),
        annual: None,
    };
    let sessions = sessions(calendar, n_sessions);
    let fall = Drawdown {
        depth: 0.0625,
        peak_at: sessions[0].open.to_string(),
        trough_at: sessions[0].close.to_string(),
        recovered_at: None,
    };
    let account = Account {
        strategies: vec!["breakout".to_owned()],
        start: 100_000.0,
        cash: 50_123.25,
        equity: 101_234.5,
        returns: returns(0.012345),
        drawdown: Some(fall.clone()),
        exposure: Some(0.31),
        turnover: Some(9.87),
        orders: Orders { placed: 41, refused: 2, bars_revised: 1, bars_late: 4, fills_revised: 6 },
        trades: trades.clone(),
        by_symbol: vec![SymbolTrades {
            strategy: "breakout".to_owned(),
            symbol: "S0000".to_owned(),
            trades,
        }],
        benchmark: Some(Benchmark {
            symbol: "S0000".to_owned(),
            returns: returns(-0.02),
            drawdown: Some(fall),
        }),
    };
    let curve = |scale: f64| {
        let point = |(i, session): (usize, &openbell_time::Session)| EquityAt {
            at: session.close,
            equity: scale * (1.0 + (i % 5) as f64 / 100.0),
        };
        sessions.iter().enumerate().map(point).collect()
    };
    let fill = FillAt {
        at: sessions[0].open,
        bar_opens_at: sessions[0].open,
        strategy: "breakout".to_owned(),
        symbol: "S0000".to_owned(),
        side: "buy".to_owned(),
        units: 12.0,
        price: 100.25,
        slippage: 0.01,
        commission: 1.0,
        is_bar_revised: true,
    };
    (account, AccountStory { equity: curve(100_000.0), fills: vec![fill], benchmark: curve(50.0) })
}

/// The page of `report` with those accounts and charts.
pub fn shown(
    report: &Report,
    accounts: &[AccountStory],
    shelf: Shelf,
    n_bytes_max: usize,
) -> String {
    let calendar = calendar();
    page(Run {
        report,
        calendar: &calendar,
        program: "openbell 0.1.0",
        mode: "backtest",
        store: "/data/bars",
        command: "openbell run made.json",
        config: "{\n  \"session_name\": \"made\"\n}",
        accounts,
        rejected: &[RejectedAt {
            symbol: "S0001".to_owned(),
            reason: "outside_hours".to_owned(),
            first: Timestamp::from_nanos(0),
            last: Timestamp::from_nanos(MINUTE_NS),
        }],
        shelf,
        n_bytes_max,
    })
}
