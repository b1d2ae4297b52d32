//! The stages: bare decoding by the yardstick and by the store's own decoder, and runs that do more and
//! more with what is decoded.

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Bars, Consumer, Context, Engine, OnError, Outcome, Phase, Report, Step,
};
use openbell_time::Timestamp;
use serde_json::{Value, json};

use super::market::{Load, Market};
use super::meter::{Meter, Taken};
use crate::exit::{Exit, Failure};

/// One stage. Each but the first two does what the one before it does, and something more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Every bar is decoded by the `parquet` crate alone, and nothing is done with it: the yardstick,
    /// which does not move when the store's own decoder does.
    Parquet,
    /// Every bar is decoded by the feeds of the store, and nothing is done with it.
    Decode,
    /// A run over the base bars: merge, lag check, gate, store, publication.
    Run,
    /// The same with an inline consumer that is notified of every bar.
    Consumer,
    /// The same with 5m, 15m and 1h bars, of which it is notified too.
    Derived,
    /// The same with seven indicators.
    Indicators,
}

impl Stage {
    /// All, in the order in which they build on each other.
    pub const ALL: [Stage; 6] = [
        Stage::Parquet,
        Stage::Decode,
        Stage::Run,
        Stage::Consumer,
        Stage::Derived,
        Stage::Indicators,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Parquet => "parquet",
            Stage::Decode => "decode",
            Stage::Run => "run",
            Stage::Consumer => "consumer",
            Stage::Derived => "derived",
            Stage::Indicators => "indicators",
        }
    }

    /// What is done, for people.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Parquet => "bare decode, parquet crate alone",
            Stage::Decode => "bare decode, by the store's feeds",
            Stage::Run => "run: merge, gate, store",
            Stage::Consumer => "+ a consumer, notified of every bar",
            Stage::Derived => "+ 5m, 15m and 1h bars",
            Stage::Indicators => "+ seven indicators",
        }
    }

    /// What its run does with the bars of `market`; `None` for bare decoding.
    pub fn load(self, market: &Market) -> Option<Load> {
        match self {
            Stage::Parquet | Stage::Decode => None,
            Stage::Run | Stage::Consumer => Some(Load::BASE),
            Stage::Derived => Some(Load { derives: true, ..Load::BASE }),
            Stage::Indicators => {
                Some(Load { derives: true, indicators: seven_indicators(market), ..Load::BASE })
            }
        }
    }

    /// Whether somebody listens.
    fn has_consumer(self) -> bool {
        matches!(self, Stage::Consumer | Stage::Derived | Stage::Indicators)
    }
}

/// Six indicators on the shortest interval that is derived (the base where none is), and VWAP on
/// the base.
pub fn seven_indicators(market: &Market) -> Vec<Value> {
    let base = market.base.to_string();
    let longer = market.derivable().first().map_or(base.clone(), ToString::to_string);
    vec![
        json!({"name": "sma", "period": 20, "interval": longer, "type": "trend"}),
        json!({"name": "ema", "period": 20, "interval": longer, "type": "trend"}),
        json!({"name": "rsi", "period": 14, "interval": longer, "type": "momentum"}),
        json!({"name": "macd", "interval": longer, "type": "trend"}),
        json!({"name": "atr", "period": 14, "interval": longer, "type": "volatility"}),
        json!({"name": "bbands", "period": 20, "interval": longer, "type": "volatility"}),
        json!({"name": "vwap", "interval": base, "type": "trend"}),
    ]
}

/// Wants every bar, and counts those that it is notified of.
#[derive(Default)]
pub struct Counts {
    n_bars: u64,
}

impl Consumer for Counts {
    fn name(&self) -> &str {
        "counts"
    }

    fn bars_closed(&mut self, _: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        self.n_bars += bars.len() as u64;
        Ok(())
    }
}

/// A stage that is ready to be run over and over on one market.
pub struct Prepared<'m> {
    market: &'m Market,
    /// Which it is.
    pub stage: Stage,
    config: Option<SessionConfig>,
}

/// What one pass of a stage did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pass {
    /// Base bars.
    pub n_bars: u64,
    /// Bars derived of them.
    pub n_derived: u64,
    /// Of all that a run delivered; bare decoding has none.
    pub digest: Option<String>,
    /// What it took.
    pub taken: Taken,
}

impl<'m> Prepared<'m> {
    /// The stage on `market`.
    ///
    /// # Errors
    ///
    /// As for [`Market::config`].
    pub fn new(stage: Stage, market: &'m Market) -> Result<Prepared<'m>, Failure> {
        let config = stage.load(market).map(|load| market.config(&load)).transpose()?;
        Ok(Prepared { market, stage, config })
    }

    /// Does it once, from opening the files to giving the memory back.
    ///
    /// # Errors
    ///
    /// Bars that cannot be read, a run that does not complete.
    pub fn pass(&self) -> Result<Pass, Failure> {
        let meter = Meter::start();
        let Some(config) = &self.config else {
            let n_bars = match self.stage {
                Stage::Parquet => self.market.decode_by_parquet()?,
                _ => self.market.decode()?,
            };
            return Ok(Pass { n_bars, n_derived: 0, digest: None, taken: meter.taken() });
        };
        let mut engine = self.market.engine(config)?;
        if self.stage.has_consumer() {
            engine.register(Box::<Counts>::default(), OnError::StopRun);
        }
        let report = complete(engine)?;
        Ok(Pass {
            n_bars: report.n_bars,
            n_derived: report.n_derived,
            digest: Some(report.digest.to_string()),
            taken: meter.taken(),
        })
    }
}

/// Steps a run to its end, as fast as it can.
///
/// # Errors
///
/// A run that does not complete.
pub fn complete(mut engine: Engine) -> Result<Report, Failure> {
    loop {
        // A run without pace does not look at the wall.
        match engine.step(Timestamp::from_nanos(0)) {
            Step::Ended(Phase::Closed) => return Ok(engine.into_report()),
            Step::Ended(phase) => {
                let failure = engine.into_report().failure;
                let why = failure.map_or_else(|| phase.name().to_owned(), |why| why.to_string());
                return Err(Failure::says(Exit::RunFailed, format!("the run has failed: {why}")));
            }
            Step::Worked | Step::Paused | Step::Waits { .. } => {}
        }
    }
}
