//! The hunt for look-ahead in a recorded live session: the bars of its day stand in a store by then.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openbell_coordinator::{
    Bars, Cause, Consumer, ConsumerError, Context, Engine, LookaheadReport, OnError, Outcome,
    RecordedCheck, RecordedSetup, Sessions, Tampering,
};
use openbell_recorder::{MemoryRecording, RecordedLook, Repeated, Replay};
use openbell_tests::{LiveMarket, LiveStory, at, config, lookahead_market, sym, time};
use openbell_time::Nanos;

use crate::live_support::{DAY, healthy, secs};
use crate::lookahead::{MINUTE, Peeks, Says, culprit, said};

/// Makes the consumer of a run whose stored data are tampered with.
type Makes = Box<dyn Fn(&Tampering) -> Box<dyn Consumer>>;

/// An hour of a live session that was recorded, to be run again.
struct Recorded {
    json: String,
    market: LiveMarket,
    looks: Vec<RecordedLook>,
    makes: Makes,
    replay: Option<Replay>,
}

impl Recorded {
    fn with(makes: Makes) -> Recorded {
        let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "");
        let market = LiveMarket::new([healthy("AAPL", &[DAY]), healthy("MSFT", &[DAY])]);
        let recording = MemoryRecording::default();
        let began = at(DAY, 9, 29);
        let mut story = LiveStory::new(&json, market.clone(), Sessions::OfConfig, began);
        story.engine.record_with(Box::new(recording.clone()));
        let nothing = Tampering::none(&time().calendar("XNYS").expect("it is embedded"));
        story.engine.register(makes(&nothing), OnError::StopRun);
        story.go_by(at(DAY, 10, 30), secs(20));
        Recorded { json, market, looks: recording.looks(), makes, replay: None }
    }

    fn check(&mut self, n_cuts: u32) -> LookaheadReport {
        let calendar = time().calendar("XNYS").expect("it is embedded");
        let n_steps = self.looks.len() as u64;
        let check = RecordedCheck { n_cuts, ..RecordedCheck::of(&calendar, n_steps) };
        check.run(self, |_| ControlFlow::Continue(())).expect("it is the recorded run")
    }
}

impl RecordedSetup for Recorded {
    fn begin(&mut self, tampering: &Tampering, n_steps: u64) -> Result<Engine, ConsumerError> {
        let looks: Vec<RecordedLook> = self.looks[..n_steps as usize].to_vec();
        let replay = Replay::new(looks.into_iter().map(Ok));
        let source = replay.source(tampering.over(Box::new(self.market.clone())));
        let began = at(DAY, 9, 29);
        let mut engine = LiveStory::of(&self.json, source, Sessions::OfConfig, began).engine;
        engine.record_with(replay.hold(None));
        engine.register((self.makes)(tampering), OnError::StopRun);
        self.replay = Some(replay);
        Ok(engine)
    }

    fn step(&mut self, engine: &mut Engine) -> Result<u64, ConsumerError> {
        let replay = self.replay.as_ref().expect("a run was begun");
        assert_eq!(replay.step(engine)?, Repeated::Goes);
        Ok(replay.n_repeated())
    }
}

/// Reads the minute of AAPL that ends so long after the last one, in the store.
fn peeks(ahead: Nanos) -> Makes {
    let store = lookahead_market();
    Box::new(move |tampering| {
        Box::new(Peeks::new(&store, ahead, Says::Signal, |source| tampering.over(source)))
    })
}

/// Signals the close of every bar that it is shown.
struct Repeats;

impl Consumer for Repeats {
    fn name(&self) -> &str {
        "repeats"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        for bar in bars {
            let symbol = context.view().symbol(bar.symbol.as_str())?;
            let rows = symbol.series(bar.interval)?.today();
            context.signal(bar.symbol, "closed", Some(rows.close()[bar.sequence]));
        }
        Ok(())
    }
}

#[test]
fn a_recorded_session_that_sees_what_it_is_shown_shows_nothing_before_its_time() {
    let report = Recorded::with(Box::new(|_| Box::new(Repeats))).check(25);
    assert!(report.findings.is_empty(), "{}", said(&report));
    assert!(report.is_complete && report.n_cuts == 25 && report.n_steps > 500, "{report:?}");
}

#[test]
fn a_consumer_that_reads_a_later_bar_of_the_day_in_the_store_is_named_with_instant_and_seed() {
    let mut recorded = Recorded::with(peeks(MINUTE));
    let report = recorded.check(25);
    let (name, finding) = culprit(&report);
    assert_eq!((name, finding.cause), ("peeks", Cause::Lookahead));
    assert_eq!(finding.difference.what, "signal");
    assert!(finding.at <= finding.cut.at, "{finding}");
}

/// Signals how many bars it has been shown in all runs together.
struct Counts(Arc<AtomicU64>);

impl Consumer for Counts {
    fn name(&self) -> &str {
        "counts"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        let n_calls = self.0.fetch_add(1, Ordering::Relaxed);
        context.signal(&sym("AAPL"), "counted", Some(n_calls as f64));
        Ok(())
    }
}

#[test]
fn a_consumer_that_remembers_an_earlier_run_is_no_peeker_and_is_named_too() {
    let n_calls = Arc::new(AtomicU64::new(0));
    let report = Recorded::with(Box::new(move |_| Box::new(Counts(Arc::clone(&n_calls))))).check(5);
    let (name, finding) = culprit(&report);
    assert_eq!((name, finding.cause), ("counts", Cause::Unrepeatable));
}
