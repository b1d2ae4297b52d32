//! A live run that is recorded on disk, and comes again from there.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use openbell_coordinator::{Look, Recording, RecordingError, SessionCommand};
use openbell_recorder::{
    CommandForm, Durability, Head, RecordingReader, RecordingSetup, RecordingWriter, Replay, list,
    run_looks, session_bars, session_folder,
};

use super::again::first_difference;
use super::drive::{LegRun, engine_of};
use super::scenario::{Asked, Leg, LiveScenario};
use super::vendor::Vendors;
use crate::simulation::violation::{Kept, keep};

/// Writes a command as its number among those that were written.
#[derive(Default)]
struct Numbered(Mutex<Vec<SessionCommand>>);

impl CommandForm for Numbered {
    fn text(&self, command: &SessionCommand) -> String {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(command.clone());
        (known.len() - 1).to_string()
    }

    fn command(&self, text: &str) -> Result<SessionCommand, String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number: usize = text.parse().map_err(|_| format!("{text:?} is no number"))?;
        known.get(number).cloned().ok_or_else(|| format!("{text} is unknown"))
    }
}

/// Refuses a look that is not committed when the recording says that it is kept.
struct Committed {
    writer: RecordingWriter,
    is_read_each_time: bool,
}

impl Recording for Committed {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        self.writer.look(look)?;
        if self.is_read_each_time {
            let folder = self.writer.path().parent().unwrap_or(Path::new(""));
            let read = RecordingReader::open(folder)?;
            let last = read.head().first_look - 1 + read.summary()?.n_looks;
            if last != self.writer.n_looks() {
                return Err(format!("{last} looks are there of {}", self.writer.n_looks()).into());
            }
        }
        Ok(())
    }
}

/// Runs every process of `scenario`, recorded below `root`, and again from its recording. Returns how
/// many steps were recorded; where `is_read_each_time`, each was read after it was written.
///
/// # Errors
///
/// What came out differently.
pub fn simulate_on_disk(
    scenario: &LiveScenario,
    root: &Path,
    is_read_each_time: bool,
) -> Kept<u64> {
    let mut n_looks = 0;
    for (n, leg) in scenario.legs.iter().enumerate() {
        n_looks += run_on_disk(scenario, leg, &root.join(n.to_string()), is_read_each_time)?;
    }
    Ok(n_looks)
}

fn run_on_disk(
    scenario: &LiveScenario,
    leg: &Leg,
    root: &Path,
    is_read_each_time: bool,
) -> Kept<u64> {
    let form: Arc<dyn CommandForm> = Arc::new(Numbered::default());
    let config = scenario.config(&scenario.json(&scenario.configured, &leg.days, Asked::Late));
    let setup = RecordingSetup {
        root: root.to_owned(),
        session_name: "sim".to_owned(),
        head: Head::new("tests", config.to_json()),
        sync: Durability::Normal,
        max_pages: None,
        form: Arc::clone(&form),
    };
    let vendors = Vendors::new(scenario.vendors());
    let mut run = LegRun::new(scenario, leg, vendors.clone());
    let first = run.engine.plan().sessions()[0].date;
    let (writer, _keeper) = RecordingWriter::begin(setup, first).expect("it can be written");
    run.engine.record_with(Box::new(Committed { writer, is_read_each_time }));
    run.run(leg)?;
    let recordings = list(root).expect("they can be read");
    let Some((folder, _)) = recordings.last() else { return Ok(0) };
    let (_, looks) = run_looks(folder, &form).expect("they can be read");
    let replay = Replay::new(looks);
    let mut engine = engine_of(scenario, leg, replay.source(Box::new(vendors)));
    engine.record_with(replay.hold(None));
    let repeated = replay.run(&mut engine);
    keep("live from disk: each look is the recorded one", repeated.is_ok(), || {
        format!("{leg:?}: {}", repeated.unwrap_err())
    })?;
    let differs = first_difference(engine.events(), run.engine.events());
    keep("live from disk: the same event log", differs.is_none(), || {
        format!("{leg:?}: {}", differs.unwrap_or_default())
    })?;
    let (met, due) = (engine.report().digest, run.engine.report().digest);
    keep("live from disk: the same digest", met == due, || format!("{met}, due {due}"))?;
    check_bars(scenario, root, &run)?;
    Ok(replay.n_repeated())
}

/// At each close the bars of every member are, of the recording, those that its vendor has handed over.
fn check_bars(scenario: &LiveScenario, root: &Path, run: &LegRun<'_>) -> Kept<()> {
    for closed in &run.closed {
        let folder = session_folder(root, "sim", scenario.days[closed.day].date);
        let recorded = session_bars(&folder).expect("it can be read");
        for (symbol, due) in &closed.bars {
            let met = recorded.series.iter().find(|(key, _)| key.symbol == *symbol);
            let rows = met.map(|(_, rows)| rows.clone()).unwrap_or_default();
            let met: Vec<_> = (0..rows.len()).map(|n| (rows.opens_at(n), rows.ohlcv(n))).collect();
            keep("live from disk: the final bars of each session", met == *due, || {
                format!("{symbol} in session {}: {met:?}, due {due:?}", closed.day)
            })?;
        }
    }
    Ok(())
}
