//! The log lines of a live run, as a service sees them through a subscriber of its own.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Once;

use openbell_coordinator::Sessions;
use openbell_data_manager::{Arrival, Link, ScriptedFeed};
use openbell_market::Ohlcv;
use openbell_tests::{LiveMarket, LiveStory, at, bar_at, bars_of, config, series};
use openbell_time::Nanos;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Metadata, Subscriber};

const DAY: &str = "2025-07-02";

thread_local! {
    /// What was said on this thread: its level, its message and its fields.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps every line of the engine with the thread that said it.
///
/// The process has it from before the first line of any test: a subscriber that comes later, for one
/// thread, misses each line that another thread is just then about to meet for the first time.
struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("openbell_coordinator")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let line = format!("{} {}{}", event.metadata().level(), said.message, said.fields);
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Said {
    message: String,
    fields: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields += &format!(" {name}={value:?}"),
        }
    }
}

/// The lines of a run of one symbol up to 10:30, those of `messages` alone.
fn lines(feed: ScriptedFeed, messages: &[&str]) -> Vec<String> {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| set_global_default(Lines).expect("nothing else subscribes here"));
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let market = LiveMarket::new([feed]);
    let mut story = LiveStory::new(&json, market, Sessions::OfConfig, at(DAY, 9, 29));
    LINES.take();
    story.go(at(DAY, 10, 30));
    let lines = LINES.take();
    let is_asked = |line: &String| messages.iter().any(|message| line.contains(message));
    lines.into_iter().filter(is_asked).collect()
}

/// Its minutes, each a second after its close.
fn healthy() -> ScriptedFeed {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), Nanos::from_secs(3_600));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 60), Nanos::from_secs(1));
    feed
}

#[test]
fn a_source_in_trouble_has_a_line_and_another_when_it_is_well() {
    let mut feed = healthy();
    let by = Nanos::from_secs(7);
    feed.arrives(at(DAY, 10, 0) + Nanos::from_secs(10), Arrival::Link(Link::Skewed { by }));
    let heard_at = at(DAY, 10, 0) + Nanos::from_secs(20);
    feed.arrives(heard_at, Arrival::Link(Link::Up { heard_at }));
    assert_eq!(
        lines(feed, &["source trouble", "source well"]),
        [
            "INFO source trouble symbol=AAPL why=this machine's clock is 7s ahead of the source's \
             at=2025-07-02T14:00:10Z",
            "INFO source well symbol=AAPL at=2025-07-02T14:00:20Z",
        ]
    );
}

#[test]
fn bars_that_are_corrected_and_bars_that_were_caught_up_have_their_lines() {
    let mut feed = healthy();
    let opens_at = at(DAY, 9, 40);
    let ohlcv = Ohlcv { volume: 1.0, ..bar_at("AAPL", opens_at) };
    feed.arrives(at(DAY, 9, 50), Arrival::Revision { opens_at, ohlcv });
    assert_eq!(
        lines(feed, &["bars corrected"]),
        ["INFO bars corrected symbol=AAPL kind=\"revised\" n_bars=1 first=2025-07-02T13:40:00Z \
             last=2025-07-02T13:40:00Z at=2025-07-02T13:50:00Z"]
    );
    // Its minutes from 9:40 on come all at once at 10:00.
    let key = series("AAPL 1m");
    let mut behind = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), Nanos::from_secs(3_600));
    behind.continuous();
    behind.arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 10), Nanos::from_secs(1));
    let bars = bars_of(&key, at(DAY, 9, 40), 20);
    for row in 0..20 {
        let bar = Arrival::Bar { opens_at: bars.opens_at(row), ohlcv: bars.ohlcv(row) };
        behind.arrives(at(DAY, 10, 0) + Nanos::from_secs(1), bar);
    }
    behind.arrive_after_close(&bars_of(&key, at(DAY, 10, 0), 30), Nanos::from_secs(1));
    assert_eq!(
        lines(behind, &["caught up"]),
        ["INFO caught up symbol=AAPL n_bars=20 at=2025-07-02T14:00:01Z"]
    );
}
