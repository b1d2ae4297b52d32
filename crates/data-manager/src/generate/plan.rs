//! What is to be made up: which symbols, at which prices, with which flaws.

use openbell_market::{ClockInterval, Symbol};
use openbell_time::TradingDate;

use super::noise::Noise;

/// A synthetic market.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::generate::{MarketPlan, SymbolPlan, generate};
/// use openbell_data_manager::StoreWriter;
/// use openbell_time::TimeManager;
///
/// let plan = MarketPlan {
///     exchange_group: "US_EQUITY".to_owned(),
///     seed: 1,
///     first: "2025-07-02".parse()?,
///     last: "2025-07-03".parse()?,
///     symbols: vec![SymbolPlan::liquid("AAPL".parse()?)],
/// };
/// let folder = tempfile::tempdir()?;
/// let mut writer = StoreWriter::open(folder.path())?;
/// let report = generate(&plan, &TimeManager::new().calendar("US_EQUITY")?, &mut writer)?;
/// // A full day of 390 minutes, and a half day of 210.
/// assert_eq!((report.n_sessions, report.n_bars), (2, 600));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarketPlan {
    /// The group under which the series are stored; the calendar must be that group's.
    pub exchange_group: String,
    /// Another seed, another market.
    pub seed: u64,
    /// The first date; a session's bars are the same whatever range holds it.
    pub first: TradingDate,
    /// The last date.
    pub last: TradingDate,
    /// What trades in it.
    pub symbols: Vec<SymbolPlan>,
}

/// One symbol of a synthetic market.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolPlan {
    /// Its name.
    pub symbol: Symbol,
    /// The length of its bars.
    pub interval: ClockInterval,
    /// The first date from which on 1d bars are stored too, up to the market's last date; `None`
    /// stores none. They are made of the bars of the session as they would be without flaws.
    pub daily_since: Option<TradingDate>,
    /// Digits of a price after the point: 2 for stocks.
    pub price_decimals: u32,
    /// The price around which it moves, in units of the last digit.
    pub price_ticks: u64,
    /// How far it moves in a session, in hundredths of a percent.
    pub volatility_bp: u32,
    /// Digits of a volume after the point: 0 for stocks.
    pub volume_decimals: u32,
    /// What trades in a session, in units of the last digit.
    pub session_volume: u64,
    /// What its data lack.
    pub flaws: Vec<Flaw>,
}

/// Something that is not as in a perfect series. Bars are counted from the session's open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// Only about one bar of `one_in` is there.
    Thin {
        /// At least 1.
        one_in: u32,
    },
    /// In each session `n_gaps` stretches of up to `n_bars_max` bars are missing.
    Gaps {
        /// Stretches in a session.
        n_gaps: u32,
        /// Bars in the longest of them.
        n_bars_max: u32,
    },
    /// No bar from `first_bar` on, `n_bars` long.
    Halt {
        /// The session.
        date: TradingDate,
        /// The first bar that is missing.
        first_bar: u32,
        /// How many.
        n_bars: u32,
    },
    /// No bar before `first_bar`.
    StartsLate {
        /// The session.
        date: TradingDate,
        /// The first bar that is there.
        first_bar: u32,
    },
    /// No bar from `n_bars` on.
    EndsEarly {
        /// The session.
        date: TradingDate,
        /// Bars until then.
        n_bars: u32,
    },
    /// No bar at all.
    Silent {
        /// The session.
        date: TradingDate,
    },
    /// About one bar of `one_in` in the pre- and post-market, and one stamped with the close: rows
    /// that a session in regular hours leaves out.
    ExtendedHours {
        /// At least 1.
        one_in: u32,
    },
}

impl SymbolPlan {
    /// A stock that trades every minute, at a price that its name leads to.
    pub fn liquid(symbol: Symbol) -> SymbolPlan {
        let noise = Noise::new(0, symbol.as_str());
        SymbolPlan {
            interval: MINUTE,
            daily_since: None,
            price_decimals: 2,
            price_ticks: 2_000 + noise.below(0, 0, 48_000),
            volatility_bp: 80 + noise.below(0, 1, 160) as u32,
            volume_decimals: 0,
            session_volume: 1_000_000 * (1 + noise.below(0, 2, 40)),
            flaws: Vec::new(),
            symbol,
        }
    }

    /// A coin: prices in cents, volumes in ten-thousandths.
    pub fn coin(symbol: Symbol, price_ticks: u64) -> SymbolPlan {
        SymbolPlan {
            price_ticks,
            volatility_bp: 250,
            volume_decimals: 4,
            session_volume: 120_000_000,
            ..SymbolPlan::liquid(symbol)
        }
    }

    /// The same with one flaw more.
    pub fn with(mut self, flaw: Flaw) -> SymbolPlan {
        self.flaws.push(flaw);
        self
    }
}

const MINUTE: ClockInterval = match ClockInterval::from_secs(60) {
    Some(minute) => minute,
    None => unreachable!(),
};
