//! A market and consumers for a check of look-ahead.

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Consumer, ConsumerError, Engine, LookaheadCheck, LookaheadReport, OnError, Rehearsal, Source,
    Tampering,
};
use openbell_data_manager::DataError;

use crate::market::{Market, time};

/// Makes the consumers of one run.
type Consumers<'r> = dyn FnMut(&Market, &Tampering) -> Vec<Box<dyn Consumer>> + 'r;

/// Runs over a market, with the consumers that a story gives them.
pub struct Rehearsed<'r> {
    market: Market,
    consumers: Box<Consumers<'r>>,
    put_out: Box<dyn FnMut() -> Vec<(String, String)> + 'r>,
}

impl<'r> Rehearsed<'r> {
    /// Runs over `market`, without consumers.
    pub fn over(market: Market) -> Rehearsed<'r> {
        Rehearsed { market, consumers: Box::new(|_, _| Vec::new()), put_out: Box::new(Vec::new) }
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
    pub fn putting_out(mut self, put_out: impl FnMut() -> Vec<(String, String)> + 'r) -> Self {
        self.put_out = Box::new(put_out);
        self
    }

    /// The outcome of so many cuts of the config `json`, from that seed on.
    ///
    /// *Panics* where the run cannot begin.
    pub fn check(&mut self, json: &str, n_cuts: u32, seed: u64) -> LookaheadReport {
        let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
        let check = LookaheadCheck { n_cuts, seed, ..LookaheadCheck::of(&config, time()) };
        let report = check.run(self, |_| std::ops::ControlFlow::Continue(()));
        report.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Rehearsal for Rehearsed<'_> {
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

    fn put_out(&mut self) -> Vec<(String, String)> {
        (self.put_out)()
    }
}
