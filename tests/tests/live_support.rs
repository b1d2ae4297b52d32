//! What stories of live sessions share: two days, and feeds of their minutes.

use openbell_coordinator::{Event, OnError, Resumed, Sessions};
use openbell_data_manager::{Arrival, ScriptedFeed};
use openbell_market::{BarColumns, BarInterval};
use openbell_tests::{
    LiveMarket, LiveStory, Mirror, Notified, Record, Recorder, at, bars_of, series,
};
use openbell_time::{Nanos, Timestamp};

/// A day of full length.
pub const DAY: &str = "2025-07-02";
/// The day after it, a half day.
pub const NEXT: &str = "2025-07-03";

/// So many seconds.
pub fn secs(seconds: i64) -> Nanos {
    Nanos::from_secs(seconds)
}

/// One row of them.
pub fn one(rows: &BarColumns, row: usize) -> BarColumns {
    let mut one = BarColumns::default();
    one.extend_from(rows, row..row + 1);
    one
}

/// A feed of the regular minutes of `symbol` on `days`, each a second after its close.
pub fn healthy(symbol: &str, days: &[&str]) -> ScriptedFeed {
    let key = series(&format!("{symbol} 1m"));
    let mut feed = ScriptedFeed::new(key.clone(), at(days[0], 9, 0), secs(86_400 * 5));
    feed.continuous();
    for day in days {
        let n_minutes = if *day == NEXT { 210 } else { 390 };
        feed.arrives(at(day, 9, 0), Arrival::CompleteThrough(at(day, 9, 0)));
        feed.arrive_after_close(&bars_of(&key, at(day, 9, 30), n_minutes), secs(1));
    }
    feed
}

/// A run over these feeds.
pub fn run(json: &str, feeds: impl IntoIterator<Item = ScriptedFeed>, now: Timestamp) -> LiveStory {
    LiveStory::new(json, LiveMarket::new(feeds), Sessions::OfConfig, now)
}

/// Records what consumers are told of, and holds a mirror to it.
pub fn record(story: &mut LiveStory) -> Record {
    let record = Record::default();
    story.engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    story.engine.register(Box::new(Mirror::new().0), OnError::StopRun);
    record
}

/// The bars that consumers were told of one by one, as seconds since the open of `DAY`, and the
/// ranges that they were told of at once.
pub fn told(record: &Record) -> (Vec<i64>, Vec<Resumed>) {
    let (mut news, mut resumed) = (Vec::new(), Vec::new());
    for notified in record.all() {
        match notified {
            Notified::Bars { bars, .. } => {
                news.extend(bars.iter().map(|bar| (bar.closes_at - at(DAY, 9, 30)).as_secs()));
            }
            Notified::Resumed(one) => resumed.push(one),
            _ => {}
        }
    }
    (news, resumed)
}

/// The windows of five minutes that consumers were told of one by one, as seconds since the open, and
/// the ranges of them that they were told of at once.
pub fn windows_told(record: &Record) -> (Vec<i64>, Vec<(usize, usize)>) {
    let five: BarInterval = "5m".parse().unwrap();
    let (mut news, mut ranges) = (Vec::new(), Vec::new());
    for notified in record.all() {
        match notified {
            Notified::Bars { bars, .. } => {
                let bars = bars.iter().filter(|bar| bar.interval == five);
                news.extend(bars.map(|bar| (bar.closes_at - at(DAY, 9, 30)).as_secs()));
            }
            Notified::Resumed(resumed) => {
                let skipped = resumed.skipped.iter().filter(|range| range.interval == five);
                ranges.extend(skipped.map(|range| (range.first, range.last)));
            }
            _ => {}
        }
    }
    (news, ranges)
}

/// Whether rows were rejected.
pub fn is_rejection(event: &&Event) -> bool {
    matches!(event, Event::Rejected { .. })
}
