//! The strategies and scanners in the box over a simulated market: the same inline and lock-step,
//! and nothing of what they do depends on what comes after.

use std::ops::ControlFlow;

use openbell_config::{Mode, SessionConfig};
use openbell_coordinator::{
    ConsumerError, Delivery, Engine, LookaheadCheck, LookaheadSetup, NoModuleFiles, Source,
    Tampering,
};
use openbell_data_manager::DataError;
use openbell_time::Timestamp;

use super::scenario::Scenario;
use super::threaded;
use super::violation::{Kept, Violation, keep, n_sessions};
use crate::market::time;

/// Cuts that the check for look-ahead makes in one scenario.
const N_CUTS: u32 = 3;

/// The scenario with all modules of the box in its config.
struct Boxed<'s> {
    scenario: &'s Scenario,
    config: SessionConfig,
}

/// Runs the modules over the market of `scenario`. Returns the sessions that were compared.
pub fn with_modules(scenario: &Scenario) -> Kept<u64> {
    let mut boxed = Boxed { scenario, config: config(scenario) };
    let inline = boxed.run(Delivery::Inline)?;
    let lock_step = boxed.run(Delivery::LockStep)?;
    let what = "one truth: modules lead to the same inline and lock-step";
    let (events, others) = (inline.events(), lock_step.events());
    let n_same = events.iter().zip(others).take_while(|(a, b)| a == b).count();
    keep(what, n_same == events.len().max(others.len()), || {
        format!("inline {:?}, lock-step {:?}", events.get(n_same), others.get(n_same))
    })?;
    let digests = (inline.report().digest, lock_step.report().digest);
    keep(what, digests.0 == digests.1, || format!("{digests:?}"))?;
    let config = boxed.config.clone();
    let of = LookaheadCheck::of(&config, time());
    let check = LookaheadCheck { n_cuts: N_CUTS, seed: scenario.seed, ..of };
    let checked = check.run(&mut boxed, |_| ControlFlow::Continue(()));
    let report = checked.map_err(|error| not_begun(&error))?;
    let finding = report.findings.first();
    keep("never early: no module knows what comes after", finding.is_none(), || {
        finding.map(ToString::to_string).unwrap_or_default()
    })?;
    Ok(n_sessions(events) + n_sessions(others) + report.n_sessions)
}

impl Boxed<'_> {
    fn run(&self, delivery: Delivery) -> Kept<Engine> {
        let engine = Engine::new(&self.config, time(), Box::new(self.scenario.source()));
        let mut engine = engine.map_err(|errors| not_begun(&errors))?;
        let workers = self.modules(&mut engine, delivery).map_err(|error| not_begun(&*error))?;
        Ok(threaded::run(engine, workers, &[]))
    }

    fn modules(
        &self,
        engine: &mut Engine,
        delivery: Delivery,
    ) -> Result<Vec<openbell_coordinator::Worker>, ConsumerError> {
        let calendar = time().calendar(self.config.exchange_group.name)?;
        let made =
            openbell_strategies::built_in().build(&self.config, &calendar, &NoModuleFiles)?;
        Ok(engine.register_modules(made, delivery)?)
    }
}

impl LookaheadSetup for Boxed<'_> {
    fn source(&mut self) -> Result<Box<dyn Source>, DataError> {
        Ok(Box::new(self.scenario.source()))
    }

    fn register(&mut self, engine: &mut Engine, _: &Tampering) -> Result<(), ConsumerError> {
        self.modules(engine, Delivery::Inline).map(drop)
    }
}

fn not_begun(error: &dyn std::fmt::Display) -> Violation {
    Violation { invariant: "a good plan is taken", found: error.to_string() }
}

/// The config of `scenario`, as fast as possible, with two scanners over all symbols of its market
/// and two strategies.
fn config(scenario: &Scenario) -> SessionConfig {
    let names: Vec<String> =
        scenario.symbols.iter().map(|symbol| format!("{:?}", symbol.name.as_str())).collect();
    let names = names.join(", ");
    let clock = |minute: usize| {
        let minute = (scenario.stretch.opens_at_minute + minute) % (24 * 60);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    // An average over more bars than a session has is refused.
    let step = scenario.base.clock().map_or(1, |clock| clock.length().as_nanos());
    let slots = |part: &(Timestamp, Timestamp)| ((part.1 - part.0).as_nanos() + step - 1) / step;
    let days = scenario.stretch.days[scenario.run.clone()].iter();
    let n_slots = days.map(|day| day.parts.iter().map(slots).sum::<i64>());
    let slow = n_slots.max().unwrap_or(5).clamp(2, 5);
    let modules = format!(
        r#""scanners": [
{{"module": "gap_scanner", "pre_session": true, "config": {{"symbols": [{names}],
  "history_sessions": 2, "min_gap_pct": 0.05, "min_price": 0, "min_dollar_volume": 0}}}},
{{"module": "momentum_scanner", "config": {{"symbols": [{names}], "history_sessions": 2,
  "watch": 2, "min_return_pct": 0.05, "max_picks": 2}},
  "regular_session": [{{"start": "{}", "end": "{}", "interval": "10m"}}]}}],
"strategies": [
{{"module": "moving_average_cross", "config": {{"interval": "{}", "fast": {}, "slow": {slow}}}}},
{{"module": "opening_range_breakout", "on_error": "stop_consumer",
  "config": {{"minutes": 30, "both_ways": true}}}}],
"indicators": {{"session""#,
        clock(5),
        clock(125),
        scenario.base,
        2.min(slow - 1),
    );
    let json = scenario.json().replace(r#""indicators": {"session""#, &modules);
    let (mut config, _) =
        SessionConfig::parse(&json).unwrap_or_else(|errors| panic!("{errors}\n{json}"));
    if let Mode::Backtest(backtest) = &mut config.mode {
        backtest.speed_multiplier = 0.0;
    }
    config
}
