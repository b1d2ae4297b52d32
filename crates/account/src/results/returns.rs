//! Return and risk from equity at sessions' closes.
//!
//! With E₀ the start, E₁ … Eₙ equity at the closes and rᵢ = Eᵢ / Eᵢ₋₁ − 1:
//!
//! | figure | by session | in a year of N sessions | source |
//! |---|---|---|---|
//! | return | Eₙ / E₀ − 1 | (Eₙ / E₀)^(N/n) − 1 | the geometric rate |
//! | volatility | s, the standard deviation of rᵢ over n − 1 | s √N | |
//! | Sharpe | mean(r) / s | times √N | W. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994, with no risk-free rate |
//! | Sortino | mean(r) / √(mean(min(r, 0)²)) | times √N | F. Sortino and L. Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3), 1994, with a target of 0 |

/// From how many sessions on figures are annualised.
pub const N_SESSIONS_ANNUALISED: usize = 60;

/// Return and risk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Returns {
    /// Sessions that have closed, n.
    pub n_sessions: usize,
    /// From the start to the last close; 0 before the first.
    pub total: f64,
    /// Standard deviation of a session's return; absent before the second session.
    pub volatility: Option<f64>,
    /// Mean return over it; absent where it is absent or 0.
    pub sharpe: Option<f64>,
    /// Mean return over what it fell short of 0; absent where no session lost.
    pub sortino: Option<f64>,
    /// The same for a year; absent before [`N_SESSIONS_ANNUALISED`] sessions.
    pub annual: Option<AnnualReturns>,
}

/// Return and risk in a year.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AnnualReturns {
    /// The return; -1 where nothing is left.
    pub growth: f64,
    /// The volatility.
    pub volatility: f64,
    /// The Sharpe ratio; absent where volatility is 0.
    pub sharpe: Option<f64>,
    /// The Sortino ratio; absent where no session lost.
    pub sortino: Option<f64>,
}

impl Returns {
    /// Those of a curve that begins at `start`, above 0, and stands at `closes` as sessions close. After a
    /// close of 0 or less nothing more is returned: the sessions behind it count in
    /// [`Returns::total`] alone.
    ///
    /// ```
    /// use openbell_account::Returns;
    /// let returns = Returns::of(100.0, &[110.0, 99.0], 252.0);
    /// assert!((returns.total - -0.01).abs() < 1e-12); // 10 % up, 10 % down.
    /// assert!((returns.volatility.unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
    /// assert_eq!(returns.annual, None);
    /// ```
    pub fn of(start: f64, closes: &[f64], sessions_per_year: f64) -> Returns {
        let mut by_session = Vec::with_capacity(closes.len());
        let mut before = start;
        for close in closes {
            if before <= 0.0 {
                break;
            }
            by_session.push(close / before - 1.0);
            before = *close;
        }
        let last = closes.last().copied().unwrap_or(start);
        let n = by_session.len() as f64;
        let mean = by_session.iter().sum::<f64>() / n;
        let square = |value: f64| value * value;
        let volatility = (by_session.len() >= 2)
            .then(|| (by_session.iter().map(|r| square(r - mean)).sum::<f64>() / (n - 1.0)).sqrt());
        let fallen = (by_session.iter().map(|r| square(r.min(0.0))).sum::<f64>() / n).sqrt();
        let sharpe = volatility.filter(|&it| it > 0.0).map(|volatility| mean / volatility);
        let sortino = (fallen > 0.0).then(|| mean / fallen);
        let root = sessions_per_year.sqrt();
        let annual = volatility.filter(|_| closes.len() >= N_SESSIONS_ANNUALISED);
        let annual = annual.map(|volatility| AnnualReturns {
            growth: if last > 0.0 {
                libm::pow(last / start, sessions_per_year / closes.len() as f64) - 1.0
            } else {
                -1.0
            },
            volatility: volatility * root,
            sharpe: sharpe.map(|it| it * root),
            sortino: sortino.map(|it| it * root),
        });
        let (n_sessions, total) = (closes.len(), last / start - 1.0);
        Returns { n_sessions, total, volatility, sharpe, sortino, annual }
    }
}
