//! Indicators against reference values: TA-Lib's, and those of plain loops in another language.

use std::path::Path;

use openbell_market::BarInterval;
use openbell_market::indicator::IndicatorSpec;
use openbell_processor::indicator::{
    IndicatorState, InputRows, MarketFacts, SessionLength, SessionStart,
};

use crate::indicator_support::{Input, Table, input_of, parquet_files};
use crate::reference::references;

/// What an error is measured against.
#[derive(Clone, Copy)]
enum Scale {
    Price,
    Hundred,
    Itself,
}

const COLUMNS: [(&str, &str, Option<f64>, usize, Scale); 26] = [
    ("sma_20", "sma", Some(20.0), 0, Scale::Price),
    ("wma_20", "wma", Some(20.0), 0, Scale::Price),
    ("ema_20", "ema", Some(20.0), 0, Scale::Price),
    ("rsi_14", "rsi", None, 0, Scale::Hundred),
    ("trange", "trange", None, 0, Scale::Price),
    ("atr_14", "atr", None, 0, Scale::Price),
    ("macd", "macd", None, 0, Scale::Price),
    ("macd_signal", "macd", None, 1, Scale::Price),
    ("macd_hist", "macd", None, 2, Scale::Price),
    ("bb_upper", "bbands", None, 0, Scale::Price),
    ("bb_middle", "bbands", None, 1, Scale::Price),
    ("bb_lower", "bbands", None, 2, Scale::Price),
    ("stddev_20", "stddev", None, 0, Scale::Price),
    ("stoch_k", "stochastic", None, 0, Scale::Hundred),
    ("stoch_d", "stochastic", None, 1, Scale::Hundred),
    ("plus_di_14", "plus_di", None, 0, Scale::Hundred),
    ("minus_di_14", "minus_di", None, 0, Scale::Hundred),
    ("adx_14", "adx", None, 0, Scale::Hundred),
    ("cci_20", "cci", None, 0, Scale::Hundred),
    ("mfi_14", "mfi", None, 0, Scale::Hundred),
    ("obv", "obv", None, 0, Scale::Itself),
    ("roc_10", "roc", None, 0, Scale::Hundred),
    ("mom_10", "mom", None, 0, Scale::Price),
    ("willr_14", "williams_r", None, 0, Scale::Hundred),
    ("vwap", "vwap", None, 0, Scale::Price),
    ("atr_14", "atr_daily", None, 0, Scale::Price),
];

const TOLERANCE: f64 = 1e-9;

fn computed(spec: &IndicatorSpec, input: &Input) -> Vec<Vec<f64>> {
    let facts = MarketFacts { sessions_per_year: 252, bars_per_full_session: 1 };
    let mut state = IndicatorState::new(spec, &facts);
    let n_rows = input.bars.len();
    let mut columns = vec![vec![f64::NAN; n_rows]; state.n_values()];
    let mut since = 0;
    while since < n_rows {
        let date = input.days[since];
        let until = since + input.days[since..].iter().take_while(|day| **day == date).count();
        state.start_session(&SessionStart { date, length: SessionLength::Normal });
        let mut out = columns.iter_mut().map(|column| &mut column[since..until]);
        state.run(&InputRows::from(input.bars.as_rows()).rows(since..until), &mut out);
        since = until;
    }
    columns
}

#[test]
fn every_reference_value_is_reproduced() {
    for reference in references() {
        reproduce(&reference.data());
    }
}

fn reproduce(data: &Path) {
    let mut faults = Vec::new();
    let files = parquet_files(&data.join("truth/ind"));
    assert!(!files.is_empty(), "{} holds reference values", data.display());
    for path in files {
        let parts: Vec<&str> =
            path.iter().rev().take(3).map(|part| part.to_str().unwrap()).collect();
        let [file, interval, dataset] = parts[..] else { unreachable!("three parts were taken") };
        let name = format!("{dataset}/{interval}/{file}");
        let Some(input) = input_of(data, dataset, interval, file) else {
            faults.push(format!("{name}: its input is not there"));
            continue;
        };
        let truth = Table::read(&path);
        let stamps_us: Vec<i64> = input.bars.opens_at_ns.iter().map(|ns| ns / 1_000).collect();
        assert_eq!(truth.ints("ts").unwrap(), stamps_us, "{name}: rows are not those of the input");
        println!("{name}: {} rows", input.bars.len());
        let bar_interval: BarInterval = interval.parse().unwrap();
        for (column, indicator, period, field, scale) in COLUMNS {
            let Some(expected) = truth.floats(column) else { continue };
            let spec = IndicatorSpec::new(indicator.parse().unwrap(), period, [], bar_interval);
            // `atr_daily` is for days only.
            let Ok(spec) = spec else { continue };
            let found = &computed(&spec, &input)[field];
            let (mut worst, mut n_presence) = (0.0_f64, 0);
            for (row, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                let Some(expected) = expected else {
                    n_presence += usize::from(!found.is_nan());
                    continue;
                };
                if found.is_nan() {
                    n_presence += 1;
                    continue;
                }
                let measure = match scale {
                    Scale::Price => input.bars.close[row].abs(),
                    Scale::Hundred => expected.abs().max(100.0),
                    Scale::Itself => expected.abs().max(1.0),
                };
                worst = worst.max((found - expected).abs() / measure);
            }
            println!("    {column:<12} {:<16} {worst:.1e}", spec.key());
            if worst > TOLERANCE || n_presence > 0 {
                faults.push(format!(
                    "{name} {column}: off by {worst:.1e}, {n_presence} rows absent on one side only"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
