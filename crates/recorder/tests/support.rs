//! Looks by hand and by chance, and a recording of them in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use openbell_coordinator::{
    Digest, Loaded, Loading, LoadingState, Occasion, SessionCommand, Waited,
};
use openbell_data_manager::{DownCause, Link, LinkStep, Progress, Trading};
use openbell_market::{BarColumns, BarInterval, Ohlcv, Symbol};
use openbell_recorder::{
    CommandForm, Durability, Head, Keeper, RecordedHeard, RecordedLook, RecorderError,
    RecordingReader, RecordingSetup, RecordingWriter, session_folder,
};
use openbell_time::{Nanos, Timestamp, TradingDate};
use proptest::prelude::*;
use tempfile::TempDir;

/// Writes a command as its number among those that were written.
#[derive(Default)]
pub struct Numbered(Mutex<Vec<SessionCommand>>);

impl CommandForm for Numbered {
    fn text(&self, command: &SessionCommand) -> String {
        let mut known = self.0.lock().unwrap();
        known.push(command.clone());
        (known.len() - 1).to_string()
    }

    fn command(&self, text: &str) -> Result<SessionCommand, String> {
        let number: usize = text.parse().map_err(|_| format!("{text:?} is no number"))?;
        self.0.lock().unwrap().get(number).cloned().ok_or_else(|| format!("{text} is unknown"))
    }
}

/// A folder for recordings, and the form of their commands.
pub struct Place {
    pub root: TempDir,
    pub form: Arc<Numbered>,
}

pub fn date(day: u32) -> TradingDate {
    format!("2026-11-{day}").parse().unwrap()
}

impl Place {
    pub fn new() -> Place {
        Place { root: tempfile::tempdir().unwrap(), form: Arc::new(Numbered::default()) }
    }

    pub fn setup(&self, sync: Durability, max_pages: Option<u32>) -> RecordingSetup {
        let head = Head::new("openbell 0.1.0", serde_json::json!({"session_name": "coins"}));
        RecordingSetup {
            root: self.root.path().to_owned(),
            session_name: "coins".to_owned(),
            head,
            sync,
            max_pages,
            form: self.form.clone(),
        }
    }

    pub fn folder(&self, day: u32) -> PathBuf {
        session_folder(self.root.path(), "coins", date(day))
    }

    pub fn begin(&self) -> (RecordingWriter, Keeper) {
        RecordingWriter::begin(self.setup(Durability::Normal, None), date(24)).unwrap()
    }

    /// What can be read of the recording in `folder`.
    pub fn read(&self, folder: &Path) -> Result<Vec<RecordedLook>, RecorderError> {
        RecordingReader::open(folder)?.looks(self.form.clone())?.collect()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(1_795_512_600_000_000_000 + second * 1_000_000_000)
}

pub fn symbol(n: usize) -> Symbol {
    format!("S{n:03}").parse().unwrap()
}

/// The look at which `n_symbols` symbols have a bar each.
pub fn plain(number: u64, n_symbols: usize) -> RecordedLook {
    let wall = at(number as i64);
    let heard = (0..n_symbols).map(|n| {
        let mut rows = BarColumns::default();
        let price = 100.0 + n as f64 + number as f64 / 8.0;
        let ohlcv = Ohlcv { open: price, high: price + 0.3, low: price, close: price, volume: 1.5 };
        rows.push(wall - Nanos::from_secs(1), ohlcv);
        let link = Link::Up { heard_at: wall };
        let trading = Trading::Normal;
        let said = Ok(Progress {
            complete_through: wall,
            given_up: Vec::new(),
            link,
            trading,
            is_exhausted: false,
        });
        let interval = BarInterval::from_secs(1).unwrap();
        RecordedHeard { symbol: symbol(n), interval, rows, revisions: BarColumns::default(), said }
    });
    RecordedLook {
        occasion: Occasion::Look,
        step: number,
        waited: None,
        wall,
        session: date(24),
        heard: heard.collect(),
        commands: Vec::new(),
        loading: Vec::new(),
        loaded: Vec::new(),
        digest: Digest(number * 77),
        n_events: number / 3,
    }
}

fn instants() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (0_i64..100_000).prop_map(at),
        any::<i64>().prop_map(Timestamp::from_nanos),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
    ]
}

fn words() -> impl Strategy<Value = Arc<str>> {
    ".{0,12}".prop_map(|text: String| text.into())
}

fn links() -> impl Strategy<Value = Link> {
    let step = prop_oneof![
        Just(LinkStep::Resolving),
        Just(LinkStep::Connecting),
        Just(LinkStep::Authenticating),
        Just(LinkStep::Subscribing)
    ];
    let why = prop_oneof![
        Just(DownCause::Silent),
        words().prop_map(DownCause::Broken),
        words().prop_map(DownCause::Refused)
    ];
    prop_oneof![
        Just(Link::Stored),
        (instants(), step).prop_map(|(since, step)| Link::Starting { since, step }),
        instants().prop_map(|heard_at| Link::Up { heard_at }),
        (instants(), instants(), any::<u32>()).prop_map(|(since, until, n_tries)| {
            Link::CatchingUp { missing: since..until, n_tries }
        }),
        (instants(), why, proptest::option::of(instants()))
            .prop_map(|(since, why, next_try)| Link::Down { since, why, next_try }),
        any::<i64>().prop_map(|ns| Link::Skewed { by: Nanos::from_nanos(ns) }),
        words().prop_map(|why| Link::Gone { why }),
    ]
}

fn said() -> impl Strategy<Value = Result<Progress, Link>> {
    let trading = prop_oneof![
        Just(Trading::Normal),
        (instants(), words()).prop_map(|(since, why)| Trading::Halted { since, why })
    ];
    let stretch = (instants(), instants()).prop_map(|(since, until)| since..until);
    let given_up = proptest::collection::vec(stretch, 0..3);
    let progress = (instants(), given_up, links(), trading, any::<bool>());
    let progress =
        progress.prop_map(|(complete_through, given_up, link, trading, is_exhausted)| {
            Ok(Progress { complete_through, given_up, link, trading, is_exhausted })
        });
    prop_oneof![progress, links().prop_map(Err)]
}

fn columns() -> impl Strategy<Value = BarColumns> {
    let value = prop_oneof![
        4 => any::<f64>(),
        1 => Just(0.0), 1 => Just(-0.0), 1 => Just(100.0), 1 => Just(f64::NAN),
        1 => Just(f64::INFINITY), 1 => Just(1e-310)
    ];
    let row = (instants(), proptest::array::uniform5(value));
    proptest::collection::vec(row, 0..4).prop_map(|rows| {
        let mut columns = BarColumns::default();
        for (opens_at, [open, high, low, close, volume]) in rows {
            columns.push(opens_at, Ohlcv { open, high, low, close, volume });
        }
        columns
    })
}

fn loading() -> impl Strategy<Value = Vec<Loading>> {
    let state = prop_oneof![
        Just(LoadingState::Ready),
        Just(LoadingState::Begun),
        ".{0,9}".prop_map(LoadingState::Failed)
    ];
    let one = (0_usize..9, state).prop_map(|(n, state)| Loading { symbol: symbol(n), state });
    proptest::collection::vec(one, 0..3)
}

fn heard() -> impl Strategy<Value = Vec<RecordedHeard>> {
    let feeds = proptest::collection::btree_set(0_usize..9, 0..5);
    let one = |n: usize| {
        (columns(), columns(), said()).prop_map(move |(rows, revisions, said)| {
            let interval = BarInterval::from_mins(5).unwrap();
            RecordedHeard { symbol: symbol(n), interval, rows, revisions, said }
        })
    };
    feeds.prop_flat_map(move |feeds| feeds.into_iter().map(one).collect::<Vec<_>>())
}

fn commands() -> impl Strategy<Value = Vec<SessionCommand>> {
    let one = prop_oneof![
        Just(SessionCommand::Stop),
        (0_usize..9).prop_map(|n| SessionCommand::Lock { symbol: symbol(n) }),
        (0_usize..9).prop_map(|n| SessionCommand::RemoveSymbols { symbols: vec![symbol(n)] }),
    ];
    proptest::collection::vec(one, 0..3)
}

/// Any look at all.
pub fn looks() -> impl Strategy<Value = RecordedLook> {
    let waited = proptest::option::of((instants(), instants()));
    let kind = prop_oneof![Just(Occasion::Look), Just(Occasion::Step)];
    let loaded = (0_usize..9, proptest::option::of(".{0,9}"))
        .prop_map(|(n, failure)| Loaded { symbol: symbol(n), failure });
    let numbers = (any::<u32>(), instants(), any::<u64>(), any::<u32>());
    let parts = (heard(), commands(), loading(), proptest::collection::vec(loaded, 0..2));
    (kind, waited, numbers, parts).prop_map(|(occasion, waited, numbers, parts)| {
        let (step, wall, digest, n_events) = numbers;
        let (heard, commands, loading, loaded) = parts;
        RecordedLook {
            occasion,
            step: u64::from(step),
            waited: waited.map(|(first, last)| Waited { first, last }),
            wall,
            session: date(24),
            heard,
            commands,
            loading,
            loaded,
            digest: Digest(digest),
            n_events: u64::from(n_events),
        }
    })
}

/// In what two lists of looks differ; what is no number is as good as another.
pub fn difference(met: &[RecordedLook], due: &[RecordedLook]) -> Option<String> {
    struct Compared<'d>(&'d RecordedLook);
    impl openbell_coordinator::Recording for Compared<'_> {
        fn look(
            &mut self,
            look: &openbell_coordinator::Look<'_>,
        ) -> Result<(), openbell_coordinator::RecordingError> {
            self.0.difference(look).map_or(Ok(()), |what| Err(what.into()))
        }
    }
    for (n, (met, due)) in met.iter().zip(due).enumerate() {
        if let Err(what) = met.hand_to(&mut Compared(due)) {
            return Some(format!("look {}: {what}", n + 1));
        }
    }
    (met.len() != due.len()).then(|| format!("{} looks, due {}", met.len(), due.len()))
}
