//! A market and consumers for a check of look-ahead.

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Consumer, ConsumerError, Engine, LookaheadCheck, LookaheadReport, LookaheadSetup, OnError,
    Source, Tampering,
};
use openbell_data_manager::DataError;

use crate::market::{Market, time};

/// Makes the consumers of one run.
type Consumers<'r> = dyn FnMut(&Market, &Tampering) -> Vec<Box<dyn Consumer>> + 'r;

/// Runs over a market, with the consumers that a story gives them.
pub struct LookaheadRuns<'r> {
    market: Market,
    consumers: Box<Consumers<'r>>,
    outputs: Box<dyn FnMut() -> Vec<(String, String)> + 'r>,
}

impl<'r> LookaheadRuns<'r> {
    /// Runs over `market`, without consumers.
    pub fn over(market: Market) -> LookaheadRuns<'r> {
        LookaheadRuns {
            market,
            consumers: Box::new(|_, _| Vec::new()),
            outputs: Box::new(Vec::new),
        }
    }

    /// The same with the consumers that `consumers` makes for each run.
    pub fn with(
        mut self,
        consumers: impl FnMut(&Market, &Tampering) -> Vec<Box<dyn Consumer>> + 'r,
    ) -> Self {
        self.consumers = Box::new(consumers);
        self
    }

    /// The same with what consumers put out past the run.
    pub fn with_outputs(mut self, outputs: impl FnMut() -> Vec<(String, String)> + 'r) -> Self {
        self.outputs = Box::new(outputs);
        self
    }

    /// The outcome of so many cuts of the config `json`, from that seed on.
    ///
    /// # Panics
    ///
    /// Where the run cannot begin.
    pub fn check(&mut self, json: &str, n_cuts: u32, seed: u64) -> LookaheadReport {
        let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
        let check = LookaheadCheck { n_cuts, seed, ..LookaheadCheck::of(&config, time()) };
        let report = check.run(self, |_| std::ops::ControlFlow::Continue(()));
        report.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl LookaheadSetup for LookaheadRuns<'_> {
    fn source(&mut self) -> Result<Box<dyn Source>, DataError> {
        Ok(Box::new(self.market.clone()))
    }

    fn register(
        &mut self,
        engine: &mut Engine,
        tampering: &Tampering,
    ) -> Result<(), ConsumerError> {
        for consumer in (self.consumers)(&self.market, tampering) {
            engine.register(consumer, OnError::StopConsumer);
        }
        Ok(())
    }

    fn outputs(&mut self) -> Vec<(String, String)> {
        (self.outputs)()
    }
}
