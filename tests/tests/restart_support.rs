//! Days of thirty bars that are recorded on disk, killed after any look, and gone on with.

#![expect(
    clippy::disallowed_methods,
    reason = "recordings are copied as a killed process leaves them, and their logs are compared"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use openbell_account::{AccountOf, AccountSettings, Accounts, Curve};
use openbell_config::SessionConfig;
use openbell_coordinator::{
    Checkpoint, Digest, Engine, Event, Look, NoCheckpoint, OnError, Recording, RecordingError,
    SessionCommand, Sessions, Source, Stay, Step, UnknownSymbol,
};
use openbell_data_manager::{
    Arrival, DataError, DownCause, Feed, FeedKind, Link, MemoryFeed, Progress, ScriptedFeed,
};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_recorder::{
    CommandForm, Durability, HandedOut, Head, HistoryWatch, Keeper, Onward, RecordedLook,
    RecordingSetup, RecordingWriter, Replay, RestartFrom, RunLog, RunNow, last_run, run_looks,
    session_folder,
};
use openbell_tests::{at, bar_at, bars_of, series, sym, syms};
use openbell_time::{Calendar, TimeManager, Timestamp};

use crate::live_support::secs;
use crate::restart_strategy::Adding;

/// Two days that close at ten, half an hour after their open.
pub const DAYS: [&str; 2] = ["2025-07-01", "2025-07-02"];
const OVERLAY: &str = "\
calendar XNYS
early    10:00 2025-07-01 = a short day
early    10:00 2025-07-02 = another
";
const NAME: &str = "short";
const FIRST_LINE: &str = r#"{"event":"run"}"#;

/// Commands by their text.
struct Written;

impl CommandForm for Written {
    fn text(&self, command: &SessionCommand) -> String {
        format!("{command:?}")
    }

    fn command(&self, text: &str) -> Result<SessionCommand, String> {
        let known = commands().into_iter().find(|(_, command)| format!("{command:?}") == text);
        known.map(|(_, command)| command).ok_or_else(|| format!("{text} is none"))
    }
}

/// When each command comes from outside: a third symbol, and one that is removed.
fn commands() -> Vec<(Timestamp, SessionCommand)> {
    let (added, removed) = (syms(&["CCC"]), syms(&["BBB"]));
    vec![
        (
            at(DAYS[0], 9, 40) + secs(10),
            SessionCommand::AddSymbols { symbols: added, stay: Stay::Run },
        ),
        (at(DAYS[0], 9, 50) + secs(5), SessionCommand::RemoveSymbols { symbols: removed }),
    ]
}

/// The session file of the first `n_days` days.
fn config(n_days: usize) -> SessionConfig {
    let end = DAYS[n_days - 1];
    let json = format!(
        r#"{{"session_name": "{NAME}", "mode": "backtest",
        "backtest_config": {{"start_date": "{}", "end_date": "{end}"}},
        "session_data_config": {{"symbols": ["AAA", "BBB"], "streams": ["1m", "5m"],
            "historical": {{"data": [{{"trailing_days": 1, "intervals": ["1m"]}}]}},
            "indicators": {{"session": [{{"name": "sma", "period": 3, "interval": "1m"}}]}}}}}}"#,
        DAYS[0]
    );
    SessionConfig::parse(&json).unwrap_or_else(|errors| panic!("{errors}")).0
}

/// The instants at which the wall clock is looked at.
pub fn instants(n_days: usize) -> Vec<Timestamp> {
    let mut instants = Vec::new();
    for day in &DAYS[..n_days] {
        let open = at(day, 9, 30);
        instants.extend([-307, -295, -10].map(|s| open + secs(s)));
        instants.extend((0..2_200).filter(|s| s % 20 == 0 || s % 60 <= 2).map(|s| open + secs(s)));
    }
    instants
}

/// What a feed was asked.
#[derive(Clone, Copy)]
enum Call {
    Seek(Timestamp),
    Poll(Timestamp, Timestamp),
    Revisions(Timestamp),
}

type Tape = Arc<Mutex<Vec<Call>>>;

/// A vendor whose feeds follow a script, and remember what they were asked.
#[derive(Clone)]
pub struct Vendor {
    scripts: BTreeMap<Symbol, ScriptedFeed>,
    tapes: Arc<Mutex<Vec<(Symbol, Tape)>>>,
    /// While the connection to it is down.
    down: Option<(Timestamp, Timestamp)>,
}

impl Vendor {
    /// Three symbols with their troubles: a revised bar, a late one, and a link that is down for three
    /// minutes.
    pub fn new() -> Vendor {
        let scripts = ["AAA", "BBB", "CCC"].map(|name| (sym(name), script(name)));
        Vendor { scripts: scripts.into(), tapes: Arc::default(), down: None }
    }

    /// The same, where the connection is down between two instants, the second not included.
    pub fn down(mut self, since: Timestamp, until: Timestamp) -> Vendor {
        self.down = Some((since, until));
        self
    }

    fn line(&self, key: &SeriesKey, script: ScriptedFeed) -> Box<dyn Feed> {
        let tape = Tape::default();
        self.tapes.lock().unwrap().push((key.symbol.clone(), Arc::clone(&tape)));
        Box::new(Line { script, tape, down: self.down, progress: None })
    }
}

fn script(name: &str) -> ScriptedFeed {
    let key = series(&format!("{name} 1m"));
    let mut feed = ScriptedFeed::new(key.clone(), at(DAYS[0], 9, 0), secs(86_400 * 5));
    feed.continuous();
    let delay = if name == "BBB" { 2 } else { 1 };
    for day in DAYS {
        let open = at(day, 9, 30);
        feed.arrives(at(day, 9, 0), Arrival::CompleteThrough(at(day, 9, 0)));
        let rows = bars_of(&key, open, 30);
        for minute in 0..30_i64 {
            let (opens_at, ohlcv) = (rows.opens_at(minute as usize), rows.ohlcv(minute as usize));
            let late = match (name, minute) {
                ("BBB", 7) => 100,
                ("AAA", 15..18) => (18 - minute) * 60 + 20,
                _ => delay,
            };
            feed.arrives(opens_at + secs(60 + late), Arrival::Bar { opens_at, ohlcv });
        }
        if name == "AAA" {
            let (opens_at, ohlcv) = (open + secs(180), bar_at("CCC", open));
            feed.arrives(open + secs(275), Arrival::Revision { opens_at, ohlcv });
            let since = open + secs(930);
            let down = Link::Down { since, why: DownCause::Silent, next_try: None };
            feed.arrives(since, Arrival::Link(down));
            let heard_at = open + secs(1_095);
            feed.arrives(heard_at, Arrival::Link(Link::Up { heard_at }));
        }
    }
    feed
}

impl Source for Vendor {
    fn intervals(&self, _: &Symbol) -> Vec<BarInterval> {
        vec![series("AAA 1m").interval]
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the vendor".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        let rows = bars_of(key, at("2025-06-30", 9, 30), 390);
        Ok(Box::new(MemoryFeed::new(key.clone(), rows)))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(self.line(key, self.scripts[&key.symbol].clone()))
    }
}

/// It was there all the time: its feeds go on where they were.
impl Onward for Vendor {
    fn feed(&self, key: &SeriesKey, after: &HandedOut) -> Box<dyn Feed> {
        let tapes = self.tapes.lock().unwrap().clone();
        let of_symbol = tapes.iter().filter(|(symbol, _)| *symbol == key.symbol);
        let (mut feed, mut n_left) = (self.scripts[&key.symbol].clone(), after.n_polls);
        let Some(tape) = of_symbol.map(|(_, tape)| tape).nth(after.nth) else {
            return self.line(key, feed); // It was killed before it was subscribed to.
        };
        let mut out = BarColumns::default();
        for call in tape.lock().unwrap().iter() {
            match *call {
                Call::Seek(since) if n_left > 0 => feed.seek(since).unwrap(),
                Call::Poll(now, until) if n_left > 0 => {
                    n_left -= 1;
                    feed.poll(now, until, &mut out).map(drop).unwrap();
                }
                Call::Revisions(now) => feed.poll_revisions(now, &mut out), // Of the poll before.
                Call::Seek(_) | Call::Poll(..) => break,
            }
        }
        let line = Line { script: feed, tape: Tape::default(), down: self.down, progress: None };
        Box::new(line)
    }
}

/// Feeds and polls that lie before a checkpoint, by symbol.
type Before = BTreeMap<Symbol, (usize, usize)>;

/// The same vendor, behind a checkpoint: a process that goes on from there has seen nothing before it.
struct Behind {
    vendor: Vendor,
    before: Before,
}

impl Onward for Behind {
    fn feed(&self, key: &SeriesKey, after: &HandedOut) -> Box<dyn Feed> {
        let (n_feeds, n_polls) = self.before.get(&key.symbol).copied().unwrap_or_default();
        let n_before = if after.nth == 0 { n_polls } else { 0 };
        let after =
            HandedOut { nth: after.nth + n_feeds, n_polls: after.n_polls + n_before, ..*after };
        self.vendor.feed(key, &after)
    }
}

/// What lies before the look behind `look`: of the symbol that was removed a feed, of the others the polls of
/// the feed that goes on.
fn polls_before(root: &Path, look: u64) -> Before {
    let all = last_run(root, NAME, RestartFrom::FirstSession).expect("whole").expect("a run");
    let form: Arc<dyn CommandForm> = Arc::new(Written);
    let mut before = Before::new();
    for look in all.looks(&form).take(look as usize) {
        for heard in look.expect("whole").heard {
            match heard.symbol.as_str() {
                "BBB" => drop(before.insert(heard.symbol, (1, 0))),
                _ => before.entry(heard.symbol).or_default().1 += 1,
            }
        }
    }
    before
}

/// The way to the vendor.
struct Line {
    script: ScriptedFeed,
    tape: Tape,
    down: Option<(Timestamp, Timestamp)>,
    /// What was said last.
    progress: Option<Progress>,
}

impl Line {
    fn is_down(&self, now: Timestamp) -> bool {
        self.down.is_some_and(|(since, until)| since <= now && now < until)
    }

    fn note(&self, call: Call) {
        self.tape.lock().unwrap().push(call);
    }
}

impl Feed for Line {
    fn series(&self) -> &SeriesKey {
        self.script.series()
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, since: Timestamp) -> Result<(), DataError> {
        self.note(Call::Seek(since));
        self.script.seek(since)
    }

    fn poll(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        if let (true, Some((since, _)), Some(last)) = (self.is_down(now), self.down, &self.progress)
        {
            let link = Link::Down { since, why: DownCause::Silent, next_try: None };
            return Ok(Progress { link, ..last.clone() });
        }
        self.note(Call::Poll(now, until));
        let progress = self.script.poll(now, until, out)?;
        self.progress = Some(progress.clone());
        Ok(progress)
    }

    fn poll_revisions(&mut self, now: Timestamp, out: &mut BarColumns) {
        if !self.is_down(now) {
            self.note(Call::Revisions(now));
            self.script.poll_revisions(now, out);
        }
    }

    fn has_news(&self, now: Timestamp) -> bool {
        self.down.is_some() || self.script.has_news(now)
    }

    fn next_due(&self) -> Timestamp {
        self.script.next_due()
    }
}

/// What a run came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Ran {
    pub events: Vec<Event>,
    pub digest: Digest,
    /// Of each symbol alone.
    pub digests: String,
    /// What the account came to, to the last fill and point of its curve.
    pub account: String,
    /// The event logs of its sessions.
    pub logs: Vec<String>,
    pub n_looks: u64,
}

/// A process: an engine, its log, and how much of that is written.
pub struct Process {
    pub engine: Engine,
    log: RunLog,
    /// Events before the checkpoint that it goes on from.
    pub n_before: usize,
    n_logged: usize,
    n_commands: usize,
    _keeper: Keeper,
    root: PathBuf,
}

impl Process {
    fn setup(root: &Path, n_days: usize) -> RecordingSetup {
        let mut head = Head::new("tests", config(n_days).to_json());
        head.overlay = Some(OVERLAY.to_owned());
        RecordingSetup {
            root: root.to_owned(),
            session_name: NAME.to_owned(),
            head,
            sync: Durability::Normal,
            max_pages: None,
            form: Arc::new(Written),
        }
    }

    fn engine(n_days: usize, source: Box<dyn Source>, from: Option<&Checkpoint>) -> Engine {
        let time = TimeManager::with_overlay(OVERLAY).expect("an overlay");
        let engine = Engine::live_sessions(&config(n_days), &time, source, Sessions::OfConfig);
        let mut engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
        if let Some(checkpoint) = from {
            engine.go_on_from(checkpoint).unwrap_or_else(|why| panic!("{why}"));
        }
        let settings = AccountSettings {
            slippage_bps: 1.0,
            curve: Curve::Publication,
            ..AccountSettings::with_cash(10_000.0)
        };
        let accounts = Accounts::new(settings, AccountOf::EachStrategy, ["adding"]);
        engine.open_accounts(Box::new(accounts.expect("right settings")));
        engine.register(Box::new(Adding::default()), OnError::StopRun);
        engine.check_restored().unwrap_or_else(|why| panic!("{why}"));
        engine
    }

    /// Begins a run that is recorded below `root`; `after` sees each look when it is on disk.
    pub fn begin(
        root: &Path,
        n_days: usize,
        vendor: &Vendor,
        after: Box<dyn FnMut(u64, Timestamp) + Send>,
    ) -> Process {
        let history = HistoryWatch::default();
        let engine = Process::engine(n_days, history.source(Box::new(vendor.clone())), None);
        let first = DAYS[0].parse().expect("a date");
        let begun = RecordingWriter::begin(Process::setup(root, n_days), first);
        let (mut writer, keeper) = begun.expect("it can be recorded");
        writer.watch(history);
        let log = writer.log(&[], FIRST_LINE.to_owned());
        let mut process = Process::of(engine, log, keeper, root);
        process.engine.record_with(Box::new(Watched { writer, after }));
        process
    }

    fn of(engine: Engine, log: RunLog, keeper: Keeper, root: &Path) -> Process {
        let root = root.to_owned();
        let (n_before, n_logged, n_commands) = (0, 0, 0);
        Process { engine, log, n_before, n_logged, n_commands, _keeper: keeper, root }
    }

    /// Goes on with the run that is recorded below `root`, to its last look.
    pub fn go_on(root: &Path, n_days: usize, vendor: &Vendor) -> Process {
        Process::go_on_from(RestartFrom::FirstSession, root, n_days, vendor)
    }

    /// As [`Process::go_on`], from its last checkpoint or from its first session.
    pub fn go_on_from(
        restart: RestartFrom,
        root: &Path,
        n_days: usize,
        vendor: &Vendor,
    ) -> Process {
        let run = last_run(root, NAME, restart).expect("whole").expect("a run");
        let all = last_run(root, NAME, RestartFrom::FirstSession).expect("whole").expect("a run");
        let checkpoint = run.checkpoint().ok().cloned();
        let (config, texts) = (config(n_days).to_json(), BTreeMap::new());
        run.check_same(&RunNow { config: &config, overlay: Some(OVERLAY), texts: &texts })
            .expect("the same");
        let calendar = TimeManager::with_overlay(OVERLAY).unwrap().calendar("US_EQUITY").unwrap();
        run.check_history(&mut vendor.clone(), &calendar).expect("the same history");
        let form: Arc<dyn CommandForm> = Arc::new(Written);
        let before = polls_before(root, run.n_looks_before());
        let onward = Arc::new(Behind { vendor: vendor.clone(), before });
        let replay = Replay::then(run.looks(&form), onward);
        replay.goes_on_behind(run.n_looks_before(), run.delivered().expect("folders"));
        replay.offers(run.offers().expect("they can be read"));
        let history = HistoryWatch::default();
        replay.watches(history.clone());
        let source = replay.source(history.source(Box::new(vendor.clone())));
        let mut engine = Process::engine(n_days, source, checkpoint.as_ref());
        let session = run.last_session().expect("a date");
        let gone_on = RecordingWriter::go_on(Process::setup(root, n_days), session);
        let (mut writer, keeper) = gone_on.expect("it can be gone on with");
        writer.watch(history);
        let n_before = checkpoint.as_ref().map_or(0, Checkpoint::n_events);
        let log = writer.log(run.sessions(), FIRST_LINE.to_owned()).given_since(n_before);
        engine.record_with(replay.hold(Some(Box::new(writer))));
        let mut process = Process::of(engine, log, keeper, root);
        let n_looks = all.n_looks();
        process.n_before = n_before as usize;
        replay.run(&mut process.engine).expect("the same looks");
        assert_eq!(run.n_looks_before() + replay.n_repeated(), n_looks);
        process.write_log();
        assert_eq!(process.log.go_on().expect("it can be written"), [], "the log is no longer");
        let looks = all.looks(&form).map(|look| look.expect("whole").commands.len());
        process.n_commands = looks.sum();
        process
    }

    /// Steps at `wall` as often as there is something to do. Returns whether the run goes on.
    pub fn look(&mut self, wall: Timestamp) -> bool {
        self.look_until(wall, || false)
    }

    /// Steps at `wall` as often as there is something to do, or until it `is_enough`. Returns whether
    /// the run goes on.
    pub fn look_until(&mut self, wall: Timestamp, is_enough: impl Fn() -> bool) -> bool {
        for (_, command) in commands().iter().skip(self.n_commands).filter(|(at, _)| *at <= wall) {
            drop(self.engine.handle().command(command.clone()));
            self.n_commands += 1;
        }
        loop {
            let step = self.engine.step(wall);
            self.write_log();
            match step {
                Step::Worked if !is_enough() => {}
                Step::Worked | Step::Waits { .. } | Step::Paused => return true,
                Step::Ended(phase) => {
                    assert_eq!(phase.name(), "closed", "{:?}", self.engine.report().failure);
                    return false;
                }
            }
        }
    }

    fn write_log(&mut self) {
        for event in &self.engine.events()[self.n_logged..] {
            let line = serde_json::to_string(&format!("{event:?}")).expect("text");
            let number = (self.n_before + self.n_logged) as u64;
            self.log.event(number, &line).expect("the same, and it can be written");
            self.n_logged += 1;
        }
    }

    /// Goes on over the instants from `since` on, to the end of the run.
    pub fn finish(mut self, instants: &[Timestamp], since: Timestamp) -> Ran {
        let mut left = instants.iter().filter(|at| **at >= since);
        let ended = left.any(|at| !self.look(*at));
        assert!(ended, "the run is over with its last day: {:?}", self.engine.phase());
        self.ran()
    }

    fn ran(mut self) -> Ran {
        let accounts = Accounts::close(&mut self.engine).expect("they were opened");
        let report = self.engine.report();
        let logs = DAYS.map(|day| {
            let folder = session_folder(&self.root, NAME, day.parse().expect("a date"));
            std::fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default()
        });
        let run = last_run(&self.root, NAME, RestartFrom::FirstSession).expect("whole");
        Ran {
            events: self.engine.events().to_vec(),
            digest: report.digest,
            digests: format!("{:?}", report.digests),
            account: format!("{:?}", accounts.results(252.0)),
            logs: logs.to_vec(),
            n_looks: run.expect("a run").n_looks(),
        }
    }
}

/// Records, and says so.
struct Watched {
    writer: RecordingWriter,
    after: Box<dyn FnMut(u64, Timestamp) + Send>,
}

impl Recording for Watched {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        self.writer.look(look)?;
        (self.after)(self.writer.n_looks(), look.wall);
        Ok(())
    }

    fn checkpoint(
        &mut self,
        checkpoint: &Result<Checkpoint, NoCheckpoint>,
    ) -> Result<(), RecordingError> {
        assert!(checkpoint.is_ok(), "{checkpoint:?}");
        self.writer.checkpoint(checkpoint)
    }
}

/// All files below `from`, as a killed process leaves them, below `to`.
pub fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else if entry.file_name() != "inputs.sqlite-shm" {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// The looks of the run below `root`.
pub fn looks(root: &Path, day: &str) -> Vec<RecordedLook> {
    let folder = session_folder(root, NAME, day.parse().expect("a date"));
    let form: Arc<dyn CommandForm> = Arc::new(Written);
    let (_, looks) = run_looks(&folder, &form).expect("they can be read");
    looks.map(|look| look.expect("whole")).collect()
}
