//! The small data set that stands in the repository's `tests/data/bar_data`.

use openbell_market::Symbol;
use openbell_time::{TimeManager, TradingDate};

use super::plan::{Flaw, MarketPlan, SymbolPlan};
use super::{GenerateReport, generate};
use crate::DataError;
use crate::store::writer::StoreWriter;

/// The seed of the data set.
const SEED: u64 = 2_025;

/// The markets of the data set: thirteen sessions of ten US stocks, the last one a half day, and
/// three days of a coin.
///
/// | symbol | what is special |
/// |---|---|
/// | AAPL | pre- and post-market rows, a row stamped with the close; 1d for 61 sessions |
/// | MSFT | 1d for 61 sessions |
/// | NVDA, TSLA, AMZN, META, SPY | nothing |
/// | GME | three gaps of up to 12 minutes a session; a halt from 11:00 to 11:30 on 2025-07-02 |
/// | PPLT | thin: about one minute of four |
/// | RIVN | silent on 2025-07-01; its first bar is that of 09:47 on 2025-07-02; ends at 15:00 that day |
/// | BTC-USD | 24/7, volumes with fractions; 2025-07-01 to 2025-07-03 |
pub fn example_plans() -> Vec<MarketPlan> {
    let stock = |name: &str, price_ticks: u64| SymbolPlan {
        price_ticks,
        ..SymbolPlan::liquid(symbol(name))
    };
    let with_days = |plan: SymbolPlan| SymbolPlan { daily_since: Some(date(2025, 4, 7)), ..plan };
    let half_day_eve = date(2025, 7, 2);
    let stocks = vec![
        with_days(stock("AAPL", 20_500)).with(Flaw::ExtendedHours { one_in: 8 }),
        stock("AMZN", 21_500),
        stock("GME", 2_350).with(Flaw::Gaps { n_gaps: 3, n_bars_max: 12 }).with(Flaw::Halt {
            date: half_day_eve,
            first_bar: 90,
            n_bars: 30,
        }),
        stock("META", 70_000),
        with_days(stock("MSFT", 48_500)),
        stock("NVDA", 15_000),
        stock("PPLT", 11_200).with(Flaw::Thin { one_in: 4 }),
        stock("RIVN", 1_380)
            .with(Flaw::Silent { date: date(2025, 7, 1) })
            .with(Flaw::StartsLate { date: half_day_eve, first_bar: 17 })
            .with(Flaw::EndsEarly { date: half_day_eve, n_bars: 330 }),
        stock("SPY", 60_500),
        stock("TSLA", 32_000),
    ];
    vec![
        MarketPlan {
            exchange_group: "US_EQUITY".to_owned(),
            seed: SEED,
            first: date(2025, 6, 16),
            last: date(2025, 7, 3),
            symbols: stocks,
        },
        MarketPlan {
            exchange_group: "CRYPTO".to_owned(),
            seed: SEED,
            first: date(2025, 7, 1),
            last: date(2025, 7, 3),
            symbols: vec![SymbolPlan::coin(symbol("BTC-USD"), 10_700_000)],
        },
    ]
}

/// Writes the data set into the store of `writer`; the same bytes on every machine.
///
/// # Errors
///
/// Those of [`generate`].
pub fn write_example_store(writer: &mut StoreWriter) -> Result<GenerateReport, DataError> {
    let time = TimeManager::new();
    let mut whole = GenerateReport::default();
    for plan in example_plans() {
        let report = generate(&plan, &time.calendar(&plan.exchange_group)?, writer)?;
        whole.n_sessions += report.n_sessions;
        whole.n_bars += report.n_bars;
        whole.n_days += report.n_days;
        whole.counts += report.counts;
    }
    Ok(whole)
}

/// # Panics
///
/// Where the text is none: the names stand above.
fn symbol(name: &str) -> Symbol {
    match Symbol::new(name) {
        Ok(symbol) => symbol,
        Err(error) => panic!("the data set names symbols: {error}"),
    }
}

/// # Panics
///
/// Where there is no such date: the dates stand above.
fn date(year: i32, month: u32, day: u32) -> TradingDate {
    match TradingDate::from_ymd(year, month, day) {
        Some(date) => date,
        None => panic!("the data set names dates that exist"),
    }
}
