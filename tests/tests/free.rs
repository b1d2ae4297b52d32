//! Free consumers: the core never waits for them, and says what they were not notified of.
#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};

use openbell_coordinator::{
    Bars, BeforeOpen, Consumer, Context, Lagged, OnError, Operation, Outcome, Phase, Resumed,
    WorkerEnd,
};
use openbell_tests::{Market, Story, at, step_to_end};

const DAY: &str = "2025-07-02";
const NEXT: &str = "2025-07-03";

fn story_until(until: &str) -> Story {
    let market = ["AAPL", "MSFT"]
        .into_iter()
        .fold(Market::new(), |market, symbol| market.with_minutes(symbol, DAY, NEXT, |_, _| true));
    Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, until, "", market)
}

/// A free consumer that stands still until it is let go, and then says what it was notified of.
struct Stuck {
    enter: Sender<()>,
    go: Receiver<()>,
    notified: Arc<Mutex<(u64, Vec<Lagged>, u32)>>,
}

impl Consumer for Stuck {
    fn name(&self) -> &str {
        "stuck"
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.enter.send(())?;
        let _ = self.go.recv(); // Also where the test has gone.
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let mut notified = self.notified.lock().map_err(|_| "a panic elsewhere")?;
        notified.0 += bars.len() as u64;
        assert!(bars.iter().all(|bar| bar.closes_at <= context.view().instant()));
        Ok(())
    }

    fn lagged(&mut self, _: &mut Context<'_>, lagged: &Lagged) -> Outcome {
        self.notified.lock().map_err(|_| "a panic elsewhere")?.1.push(*lagged);
        Ok(())
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        assert_eq!(context.view().instant(), at(DAY, 16, 0), "the final view, however late");
        self.notified.lock().map_err(|_| "a panic elsewhere")?.2 += 1;
        Ok(())
    }
}

#[test]
fn a_slow_free_consumer_is_notified_that_it_lagged_and_the_core_never_waits() {
    let mut story = story_until(DAY);
    let (enter, entered) = channel();
    let (go, gone) = channel();
    let notified = Arc::new(Mutex::new((0, Vec::new(), 0)));
    let stuck = Stuck { enter, go: gone, notified: Arc::clone(&notified) };
    let worker = story.engine.register_free(Box::new(stuck), OnError::StopRun, 8);
    std::thread::scope(|scope| {
        let go = go; // Dropped with this scope, so that a failure lets the consumer go.
        let thread = scope.spawn(move || worker.run());
        while !matches!(story.engine.clock().now(), now if now >= at(DAY, 9, 30)) {
            let _ = story.step();
        }
        entered.recv().unwrap();
        // The consumer stands still, and the core goes on to the end.
        let done = step_to_end(&mut story.engine);
        assert_eq!(done.phase, Phase::Closed);
        // Of 390 instants and the close the newest 8 were kept.
        assert_eq!(done.report.consumers[0].n_displaced, 390 + 1 - 8);
        let lags = |op: &&Operation| matches!(op, Operation::ConsumerLags { .. });
        assert_eq!(story.engine.operations().iter().filter(lags).count(), 1);
        go.send(()).unwrap();
        assert_eq!(thread.join().unwrap(), WorkerEnd::RunEnded);
    });
    let notified = notified.lock().unwrap();
    // All bars, notified of or passed over: 780 of one minute, 156 of five. The gate has shut long since,
    // so the bars that were kept count as passed over too; the final view is there.
    let passed: u64 = notified.1.iter().map(|lagged| lagged.n_bars).sum();
    assert_eq!((notified.0, passed, notified.2), (0, 780 + 156, 1));
}

/// Counts what it is notified of and what it is not; some stand still until the session is over.
struct OneOfMany {
    stands: Option<Arc<Barrier>>,
    counts: Arc<Mutex<(u64, u64)>>,
}

impl OneOfMany {
    /// The first callback that comes, whichever were passed over before it.
    fn stand(&mut self) {
        if let Some(barrier) = self.stands.take() {
            barrier.wait();
        }
    }
}

impl Consumer for OneOfMany {
    fn name(&self) -> &str {
        "one of many"
    }

    fn before_open(&mut self, _: &mut BeforeOpen<'_>) -> Outcome {
        self.stand();
        Ok(())
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.stand();
        Ok(())
    }

    fn session_closed(&mut self, _: &mut Context<'_>) -> Outcome {
        self.stand();
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        self.stand();
        for bar in bars {
            let rows = context.view().symbol(bar.symbol.as_str())?;
            let rows = rows.series(bar.interval)?.today();
            assert!(rows.len() > bar.sequence, "a notice of what cannot be seen");
        }
        self.counts.lock().map_err(|_| "a panic elsewhere")?.0 += bars.len() as u64;
        Ok(())
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        let n_bars: usize = resumed.skipped.iter().map(|skipped| skipped.n_bars()).sum();
        self.counts.lock().map_err(|_| "a panic elsewhere")?.0 += n_bars as u64;
        Ok(())
    }

    fn lagged(&mut self, _: &mut Context<'_>, lagged: &Lagged) -> Outcome {
        self.counts.lock().map_err(|_| "a panic elsewhere")?.1 += lagged.n_bars;
        Ok(())
    }
}

#[test]
fn fifty_free_consumers_some_dead_slow_account_for_every_bar_and_change_nothing() {
    let alone = story_until(NEXT).finish();
    let mut story = story_until(NEXT);
    let barrier = Arc::new(Barrier::new(11));
    let mut counts = Vec::new();
    let mut workers = Vec::new();
    for n in 0..50 {
        let own: Arc<Mutex<(u64, u64)>> = Arc::default();
        counts.push(Arc::clone(&own));
        let stands = (n % 5 == 0).then(|| Arc::clone(&barrier));
        let consumer = Box::new(OneOfMany { stands, counts: own });
        let queue_len = [1, 8, 64, 1024][n % 4];
        workers.push(story.engine.register_free(consumer, OnError::StopRun, queue_len));
    }
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> =
            workers.into_iter().map(|worker| scope.spawn(move || worker.run())).collect();
        let done = step_to_end(&mut story.engine);
        barrier.wait(); // Only now the ten that stand still go on.
        for thread in threads {
            assert_eq!(thread.join().unwrap(), WorkerEnd::RunEnded);
        }
        done
    });
    assert_eq!((done.phase, &done.events), (Phase::Closed, &alone.events));
    assert_eq!(done.report.digest, alone.report.digest);
    let n_bars = alone.report.n_bars + alone.report.n_derived;
    for (n, own) in counts.iter().enumerate() {
        let (notified, passed) = *own.lock().unwrap();
        assert_eq!(
            notified + passed,
            n_bars,
            "consumer {n}: {notified} notified, {passed} passed over"
        );
    }
}

#[test]
fn a_free_consumer_that_fails_stops_the_run_at_the_next_notice() {
    let mut story = story_until(DAY);
    struct Fails;
    impl Consumer for Fails {
        fn name(&self) -> &str {
            "fails"
        }

        fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
            Err("no licence".into())
        }
    }
    let worker = story.engine.register_free(Box::new(Fails), OnError::StopRun, 8);
    let end = std::thread::scope(|scope| {
        let thread = scope.spawn(move || worker.run());
        while !matches!(story.engine.clock().now(), now if now >= at(DAY, 9, 30)) {
            let _ = story.step();
        }
        thread.join().unwrap()
    });
    assert_eq!(end, WorkerEnd::Failed { why: "no licence".to_owned() });
    let done = story.finish();
    assert_eq!(done.phase, Phase::Failed);
    assert_eq!(
        done.report.failure.unwrap().to_string(),
        format!("consumer fails failed at {}: no licence", at(DAY, 9, 31))
    );
}
