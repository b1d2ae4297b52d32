//! The digest of a consumer: of all that it emitted, and of nothing that others did.

use openbell_account::{AccountOf, AccountSettings, Accounts, Commission};
use openbell_coordinator::{
    Bars, Consumer, Context, Delivery, Digest, Engine, NewOrder, OnError, Outcome, Phase, Report,
    Sessions,
};
use openbell_tests::{
    LiveMarket, LiveStory, Market, Story, at, config, dated, finish_with_workers, register,
};
use proptest::prelude::*;

use crate::live_support::{DAY, healthy};

/// Signals and orders as its own draws say, which are the same in every run.
struct Trader {
    name: &'static str,
    draw: u64,
    /// Added to the value of its last signal of a day's first hundred bars.
    differs_by: f64,
    n_bars: u64,
}

impl Trader {
    fn new(name: &'static str, seed: u64) -> Trader {
        Trader {
            name,
            draw: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            differs_by: 0.0,
            n_bars: 0,
        }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 7;
        self.draw ^= self.draw << 17;
        self.draw % n
    }
}

impl Consumer for Trader {
    fn name(&self) -> &str {
        self.name
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            self.n_bars += 1;
            let extra = if self.n_bars == 100 { self.differs_by } else { 0.0 };
            if self.n_bars == 100 || self.below(9) == 0 {
                context.signal(bar.symbol, "drawn", Some(bar.close + extra));
            }
            let order = match self.below(12) {
                0 => NewOrder::buy(bar.symbol, 3.0).with_stop(bar.close * 0.999),
                1 => NewOrder::buy(bar.symbol, 2.0).limit(bar.close - 0.02),
                2 => NewOrder::to_units(bar.symbol, 0.0),
                3 => NewOrder::buy(bar.symbol, 1_000_000.0), // More than it can pay.
                4 => {
                    let oldest = context.resting_orders().first().map(|order| order.id);
                    // One that fills at this bar may be cancelled already.
                    oldest.map(|id| context.cancel(id).is_ok());
                    continue;
                }
                _ => continue,
            };
            // A refusal is in the event log, and so in the digest.
            context.order(order).ok();
        }
        Ok(())
    }
}

fn accounts(traders: &[(&'static str, u64)]) -> Box<Accounts> {
    let commission = Commission { per_share: 0.01, min: 0.5, ..Commission::NONE };
    let settings = AccountSettings { commission, ..AccountSettings::with_cash(50_000.0) };
    let names = traders.iter().map(|(name, _)| *name);
    Box::new(Accounts::new(settings, AccountOf::EachStrategy, names).expect("settings"))
}

fn replayed(traders: &[(&'static str, u64)], delivery: Delivery) -> Report {
    let days = ("2025-07-02", "2025-07-03");
    let market = Market::new()
        .with_minutes("AAPL", days.0, days.1, |_, minute| minute % 7 != 3)
        .with_minutes("MSFT", days.0, days.1, |_, _| true);
    let mut story = Story::new(&dated(days, r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, ""), market);
    story.engine.open_accounts(accounts(traders));
    let mut workers = Vec::new();
    for (name, seed) in traders {
        let trader = Box::new(Trader::new(name, *seed));
        workers.extend(register(&mut story.engine, trader, OnError::StopRun, delivery));
    }
    let finished = finish_with_workers(story, workers).0;
    assert_eq!(finished.phase, Phase::Closed, "{:?}", finished.report.failure);
    finished.report
}

fn live(traders: &[(&'static str, u64)]) -> Report {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "");
    let market = LiveMarket::new([healthy("AAPL", &[DAY]), healthy("MSFT", &[DAY])]);
    let mut story = LiveStory::new(&json, market, Sessions::OfConfig, at(DAY, 9, 29));
    story.engine.open_accounts(accounts(traders));
    for (name, seed) in traders {
        story.engine.register(Box::new(Trader::new(name, *seed)), OnError::StopRun);
    }
    story.go(at(DAY, 16, 2));
    story.engine.report()
}

fn digest(report: &Report, name: &str) -> Digest {
    let of_name = report.consumers.iter().find(|consumer| consumer.name == name);
    of_name.expect("it was registered").digest
}

/// Others, where the one that is looked at stands among them, and the seed of that one.
fn company() -> impl Strategy<Value = (Vec<(&'static str, u64)>, usize, u64)> {
    let others = proptest::sample::subsequence(vec!["ann", "bob", "cid", "zoe"], 1..=4);
    (others.prop_shuffle(), any::<u64>(), any::<prop::sample::Index>(), any::<u64>()).prop_map(
        |(others, seeds, place, seed)| {
            let others: Vec<_> =
                others.into_iter().zip((0..).map(|n| seeds.wrapping_add(n))).collect();
            let place = place.index(others.len() + 1);
            (others, place, seed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_strategys_digest_does_not_depend_on_who_runs_beside_it((others, place, seed) in company()) {
        let alone = [("mia", seed)];
        let mut beside = others;
        beside.insert(place, alone[0]);
        let known = digest(&replayed(&alone, Delivery::Inline), "mia");
        prop_assert_ne!(known, Digest::default());
        for delivery in [Delivery::Inline, Delivery::LockStep] {
            prop_assert_eq!(digest(&replayed(&beside, delivery), "mia"), known, "{:?}", delivery);
        }
        prop_assert_eq!(digest(&live(&beside), "mia"), digest(&live(&alone), "mia"));
    }
}

#[test]
fn one_number_of_one_signal_is_another_digest_of_that_consumer_alone() {
    let run = |differs_by: f64| {
        let market = Market::new().with_minutes("AAPL", DAY, DAY, |_, _| true);
        let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", market);
        let register = |engine: &mut Engine, trader: Trader| {
            engine.register(Box::new(trader), OnError::StopRun);
        };
        register(&mut story.engine, Trader { differs_by, ..Trader::new("mia", 1) });
        register(&mut story.engine, Trader::new("bob", 2));
        story.finish().report
    };
    let (one, other) = (run(0.0), run(f64::EPSILON * 1024.0));
    assert_ne!(digest(&one, "mia"), digest(&other, "mia"));
    assert_eq!(digest(&one, "bob"), digest(&other, "bob"));
    assert_eq!(one.digest, other.digest, "what was delivered is the same");
}
