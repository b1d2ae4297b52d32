//! A live session: a vendor followed by the clock on the wall, said line by line, and recorded.
//!
//! Threads: the core's is the one that calls; beside it those of the connection, one that tells, one that
//! renews the clock that readers hold the core against, one that brings the recording to the medium.

mod activity;
mod counts;
mod lines;
mod panel;
mod recorded;
mod sim;
mod summary;
mod teller;
mod threads;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use openbell_config::{DataApi, LiveConfig};
use openbell_coordinator::{Engine, Phase, Report, Sessions, StoreSource, run_by_event};
use openbell_data_manager::live::{Door, Protocol, Settings, Vendor};
use openbell_data_manager::{DataError, DataManager, StoreOptions};
use openbell_market::BarInterval;
use openbell_recorder::Ahead;
use openbell_time::{CoarseClock, CoarseTicker, Nanos, SystemWall, Timestamp, WallClock};
use openbell_vendors::{Connection as Line, Transport, Trust};
use openbell_wire::engine::LogHead;

use super::export::Export;
use super::{RunArgs, absolute, outputs};
use crate::PROGRAM;
use crate::exit::{Exit, Failure, Outcome};
use crate::followed::Followed;
use crate::interrupt::Interrupt;
use crate::modules;
use crate::planned::plan_failure;
use crate::report::{self, RunFacts};
use crate::session_file::SessionFile;
use crate::table::length;
use crate::terminal::Terminal;
use crate::vendors::{Connection, VendorName};
use lines::Lines;
use panel::Panel;
use recorded::{EventLogs, Recorder};
use sim::Sim;
use teller::{Ended, SharedFigures, Teller, Told};
use threads::Threads;

/// How often the clock is renewed that readers hold the core against.
const TICK: Duration = Duration::from_millis(200);

/// Follows the vendor that `file` names, to the end of its sessions.
pub(super) fn run_live(
    mut file: SessionFile,
    live: &LiveConfig,
    args: &RunArgs,
    interrupt: &Interrupt,
    terminal: &mut Terminal,
) -> Outcome {
    if args.speed.is_some() {
        let text = "--speed is for backtests: a live session goes by the clock on the wall";
        return Err(Failure::says(Exit::Usage, text));
    }
    let base = choose_base(&mut file, live)?;
    let mut threads = Threads::default();
    let symbols = &file.config.session_data_config.symbols;
    let sim = match (live.data_api, &live.endpoint) {
        (DataApi::Sim, None) => Some(Sim::serve(symbols, &mut threads)?),
        _ => None,
    };
    let followed = follow(&file, live, base, args, interrupt, terminal, &mut threads, sim.as_ref());
    if let Some(sim) = sim {
        sim.stop();
    }
    let joined = threads.join();
    let exit = followed?;
    joined?;
    Ok(exit)
}

/// The interval that the vendor is asked for: the file's, or the longest of the vendor's of which every
/// other can be made. The file that is run, and kept, says it.
fn choose_base(file: &mut SessionFile, live: &LiveConfig) -> Result<BarInterval, Failure> {
    let protocol = VendorName::of(live.data_api).mute();
    let traits = protocol.traits();
    let asked = file.config.session_data_config.intervals();
    let fits = |base: &BarInterval| asked.iter().all(|interval| interval.is_made_of(*base));
    let chosen = match file.config.session_data_config.base_interval {
        Some(base) => Some(base).filter(|base| traits.intervals.contains(base)),
        None => traits.intervals.iter().copied().filter(fits).max(),
    };
    let Some(base) = chosen else {
        let has: Vec<String> = traits.intervals.iter().map(ToString::to_string).collect();
        let key = match file.config.session_data_config.base_interval {
            Some(_) => "session_data_config.base_interval",
            None => "session_data_config.streams",
        };
        let text = format!(
            "{}{key}: {} has bars of {}, and none of them yields what is asked for",
            file.place_of(key),
            traits.name,
            has.join(", ")
        );
        return Err(Failure::says(Exit::Config, text));
    };
    file.config.session_data_config.base_interval = Some(base);
    Ok(base)
}

/// The store that the file names; absent where it names none, or none is there yet.
fn store_of(file: &SessionFile, args: &RunArgs) -> Result<(String, Option<StoreSource>), Failure> {
    if args.store.is_none() && file.config.data_config.store.is_none() {
        return Ok((String::new(), None));
    }
    let folder = file.store(args.store.as_deref())?;
    let group = file.config.exchange_group.name.to_owned();
    let source = match DataManager::open(&folder, &StoreOptions { exchange_group: Some(group) }) {
        Ok(store) => Some(StoreSource::new(store)),
        Err(DataError::NoSuchStore { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok((absolute(&folder), source))
}

/// What may be changed of how the vendor is dealt with.
fn settings(file: &SessionFile, live: &LiveConfig, now: Timestamp) -> Settings {
    let seconds = |seconds: f64| Nanos::from_nanos((seconds * 1e9) as i64);
    let filler = &file.config.session_data_config.gap_filler;
    Settings {
        probe_after: seconds(live.probe_seconds),
        max_skew: seconds(live.max_skew_seconds),
        silent_after: live.silent_seconds.map(seconds),
        n_retries: filler.max_retries,
        retry_each: Nanos::from_secs(i64::from(filler.retry_interval_seconds)),
        ..Settings::new(now.as_nanos().unsigned_abs())
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one thing that a run is made of")]
fn follow(
    file: &SessionFile,
    live: &LiveConfig,
    base: BarInterval,
    args: &RunArgs,
    interrupt: &Interrupt,
    terminal: &mut Terminal,
    threads: &mut Threads,
    sim: Option<&Sim>,
) -> Outcome {
    let connection = Connection::of_session(live, sim.map(|sim| sim.address))?;
    let protocol = connection.protocol()?;
    let time = file.calendars()?;
    let (made, texts) = modules::of_file(file, &time)?;
    modules::warn_of_idle_limits(file, &made, terminal);
    let (folder, store) = store_of(file, args)?;
    outputs(args, file, folder.as_ref(), &texts).check()?;

    let wall = Arc::new(SystemWall::new());
    let engines: Arc<dyn WallClock> = Arc::clone(&wall) as Arc<dyn WallClock>;
    let (door, inlet) = Door::new(Arc::clone(&engines), Door::LIMIT);
    let now = wall.now();
    let vendor = Vendor::new(protocol, settings(file, live, now), inlet);
    let name = live.data_api.name();
    let source = Followed::live(store, base, name, door);
    let (ticker, clock) = CoarseTicker::new(now);
    let sessions = Sessions::Ahead { from: now, n_sessions: live.sessions };
    let mut engine = engine_of(file, &time, source, sessions, clock)?;
    modules::check_planned(file, engine.plan(), &made)?;
    modules::register(made, &mut engine)?;

    let log = LogHead {
        program: PROGRAM.to_owned(),
        config: file.config.clone(),
        store: folder,
        overlay: file.overlay_text()?,
        texts,
    };
    let export = match &args.export {
        Some(folder) => Some(Export::create(folder, &log, &mut engine)?),
        None => None,
    };
    let first = engine.plan().sessions()[0];
    let recorder = live.record.as_ref().map(|record| {
        let ahead = Ahead { from: now.to_string(), n_sessions: live.sessions };
        Arc::new(Recorder::of(file, record, &log, ahead, connection.provider()))
    });
    let mut logs = EventLogs::new(log, args.events.as_deref(), recorder.clone())?;
    let keeper = match &recorder {
        Some(recorder) => {
            let (recording, end) = recorder.begin(first.date, threads)?;
            engine.record_with(recording);
            Some(end)
        }
        None => None,
    };
    logs.begin(first.date)?;

    let calendar = engine.plan().calendar().clone();
    let figures = SharedFigures::new(calendar.clone(), now);
    let (tell, told): (Sender<Told>, Receiver<Told>) = channel();
    let telling = tell.clone();
    let notes = move |at: Timestamp, note: &openbell_data_manager::live::Note| {
        let _ = telling.send(Told::Note(at, note.clone())); // Nobody listens once the run has ended.
    };
    let transport = Transport::new(Trust::platform());
    let Line { carriers, control } =
        Line::new(vendor, &transport, Arc::new(SystemWall::new()), notes);
    for carrier in carriers {
        let name = carrier.name().to_owned();
        threads.run(&name, move || {
            carrier.run().map_err(|fault| Failure::new(Exit::RunFailed, fault))
        })?;
    }
    let ticking = tick(ticker, threads)?;
    let _listening = interrupt.stops(engine.handle(), Arc::clone(&wall));
    let _ = tell.send(Told::Line(summary::beginning(file, &engine, name, recorder.as_deref())));

    let teller = Teller {
        panel: Panel::new(terminal, !args.no_progress),
        terminal: &mut *terminal,
        lines: Lines::new(calendar, name),
        handle: engine.handle(),
        wall: SystemWall::new(),
        figures: figures.clone(),
        give_up: live.give_up_minutes.map(|minutes| Nanos::from_secs(60 * i64::from(minutes))),
        is_json: args.json,
        vendor: name,
    };
    let began = wall.passed();
    let mut signals = Vec::new();
    let mut failed = None;
    let telling = thread::scope(|scope| {
        let telling = scope.spawn(move || teller.run(&told));
        let handle = engine.handle();
        run_by_event(&mut engine, &engines, |engine| {
            let events = engine.drain_events();
            if let Err(failure) = logs.append(&events) {
                failed = Some(failure);
                return ControlFlow::Break(());
            }
            for event in events {
                if let openbell_coordinator::Event::Signalled { at, signal } = &event {
                    signals.push((*at, signal.clone()));
                }
                if tell.send(Told::Event(Box::new(event))).is_err() {
                    drop(handle.stop()); // Nobody can be told any more: the run ends in order.
                }
            }
            ControlFlow::Continue(())
        });
        control.stop();
        let _ = tell.send(Told::Over); // The vendor's side may still have something to say.
        match telling.join() {
            Ok(told) => told,
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    });
    drop(ticking);
    let elapsed = wall.passed() - began;
    let mut report = engine.report();
    report.signals = signals;
    let exported = export.map(|export| export.finish(&engine, &report.signals)).transpose();
    let plan_calendar = engine.plan().calendar().clone();
    drop(engine);
    if let Some(keeper) = keeper {
        keeper.end(report.phase.name(), report.digest);
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    telling?;
    logs.finish(&report)?;
    let exported = exported?;
    let facts = RunFacts {
        config: &file.config,
        calendar: &plan_calendar,
        elapsed,
        exported: exported.as_ref().zip(args.export.as_deref()),
    };
    let figures = figures.lock();
    if args.json {
        let mut json = report::as_json(&report, &facts);
        json["live"] = summary::as_json(&figures, &report, recorder.as_deref(), first.date);
        terminal.line(format!("{json:#}"))?;
    } else {
        report::print(&report, &facts, terminal)?;
        summary::print(&figures, &report, recorder.as_deref(), first.date, terminal)?;
    }
    terminal.flush()?;
    Ok(end_of(&report, figures.ended.as_ref(), figures.counts.n_up, interrupt, name, terminal))
}

fn engine_of(
    file: &SessionFile,
    time: &openbell_time::TimeManager,
    source: Followed,
    sessions: Sessions,
    clock: CoarseClock,
) -> Result<Engine, Failure> {
    Engine::live_with_deadline(&file.config, time, Box::new(source), sessions, clock)
        .map_err(|errors| plan_failure(&errors, Some(file)))
}

/// Renews the clock that readers hold the core against, until what is returned is dropped.
fn tick(mut ticker: CoarseTicker, threads: &mut Threads) -> Result<Sender<()>, Failure> {
    let wall = SystemWall::new();
    let (ticking, is_over) = channel();
    threads.run("clock of readers", move || {
        while is_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            ticker.tick(wall.now());
        }
        Ok(())
    })?;
    Ok(ticking)
}

fn end_of(
    report: &Report,
    ended: Option<&Ended>,
    n_up: u64,
    interrupt: &Interrupt,
    vendor: &str,
    terminal: &Terminal,
) -> Exit {
    match (report.phase, ended) {
        (_, Some(Ended::Refused(said))) => {
            terminal.error(&format!(
                "{vendor} refuses us: {said}; `openbell vendors` says what it wants"
            ));
            Exit::Vendor
        }
        (_, Some(Ended::GaveUp(inactive))) => {
            terminal.error(&format!(
                "given up: the session was inactive for {} of market time; run it again to go on with it",
                length(*inactive)
            ));
            Exit::GaveUp
        }
        (Phase::Closed, None) if n_up == 0 => {
            terminal.error(&format!(
                "{vendor} was never reached; `openbell vendors doctor {vendor}` says more"
            ));
            Exit::Vendor
        }
        (Phase::Closed, None) => Exit::Done,
        (Phase::Stopped, None) if interrupt.is_asked() => {
            terminal.note("interrupted: run it again to go on with this session");
            Exit::Interrupted
        }
        _ => {
            let failure = report.failure.as_ref();
            let why = failure
                .map_or_else(|| "it was stopped before its end".to_owned(), ToString::to_string);
            terminal.error(&format!("the run has failed: {why}"));
            Exit::RunFailed
        }
    }
}
