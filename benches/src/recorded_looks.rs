//! What it costs to record a look: every symbol has its bar of a second, and a mark.

use std::sync::Arc;

use openbell_coordinator::{Digest, Occasion, SessionCommand};
use openbell_data_manager::{Link, Progress, Trading};
use openbell_market::{BarColumns, BarInterval, Ohlcv};
use openbell_recorder::{
    CommandForm, Durability, Head, RecordedHeard, RecordedLook, RecordingSetup, RecordingWriter,
};
use openbell_time::{Nanos, Timestamp};

use crate::rounds::cpu;

/// The looks that are written before, and those whose cost is taken.
const N_LOOKS: (u64, u64) = (20, 60);

/// There are no commands.
struct NoCommands;

impl CommandForm for NoCommands {
    fn text(&self, command: &SessionCommand) -> String {
        command.name().to_owned()
    }

    fn command(&self, text: &str) -> Result<SessionCommand, String> {
        Err(format!("no command is written, and none is {text}"))
    }
}

/// The processor time of recording one second of `n_symbols` symbols, as a mean.
///
/// # Panics
///
/// Where the temporary folder cannot be written.
pub fn cost_of_a_second(n_symbols: usize) -> Nanos {
    let root = tempfile::tempdir().expect("a temporary folder");
    let setup = RecordingSetup {
        root: root.path().to_owned(),
        session_name: "looks".to_owned(),
        head: Head::new("benches", serde_json::Value::Null),
        sync: Durability::Normal,
        max_pages: None,
        form: Arc::new(NoCommands),
    };
    let looks: Vec<RecordedLook> =
        (1..=N_LOOKS.0 + N_LOOKS.1).map(|n| look(n, n_symbols)).collect();
    let (mut writer, mut keeper) =
        RecordingWriter::begin(setup, looks[0].session).expect("a recording");
    let (before, timed) = looks.split_at(N_LOOKS.0 as usize);
    let mut write = |looks: &[RecordedLook]| {
        looks.iter().for_each(|look| look.hand_to(&mut writer).expect("room for a look"));
    };
    write(before);
    keeper.sync().expect("a medium");
    let taken = cpu(|| write(timed));
    Nanos::from_nanos(taken.as_nanos() / timed.len() as i64)
}

fn look(number: u64, n_symbols: usize) -> RecordedLook {
    let open: Timestamp = "2025-07-02T00:00:00Z".parse().expect("an instant");
    let wall = open + Nanos::from_secs(number as i64);
    let interval: BarInterval = "1s".parse().expect("an interval");
    let heard = (0..n_symbols).map(|n| {
        let close = 100.0 + (n as u64 * 37 % 101 + number) as f64 / 64.0;
        let ohlcv =
            Ohlcv { open: close - 0.125, high: close + 0.5, low: close - 0.25, close, volume: 7.3 };
        let mut rows = BarColumns::default();
        rows.push(wall - Nanos::from_secs(1), ohlcv);
        let (link, trading) = (Link::Up { heard_at: wall }, Trading::Normal);
        let said = Ok(Progress {
            complete_through: wall,
            given_up: Vec::new(),
            link,
            trading,
            is_exhausted: false,
        });
        let symbol = format!("S{n:04}").parse().expect("a symbol");
        RecordedHeard { symbol, interval, rows, revisions: BarColumns::default(), said }
    });
    RecordedLook {
        occasion: Occasion::Look,
        step: number,
        waited: None,
        wall,
        session: "2025-07-02".parse().expect("a date"),
        heard: heard.collect(),
        commands: Vec::new(),
        loading: Vec::new(),
        loaded: Vec::new(),
        digest: Digest(number),
        n_events: 0,
    }
}
