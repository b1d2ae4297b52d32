//! A live session: a vendor followed by the clock on the wall, said line by line, and recorded.
//!
//! Threads: the core's is the one that calls; beside it those of the connection, one that tells, one that
//! renews the clock that readers hold the core against, one that brings the recording to the medium.

mod activity;
mod counts;
mod lines;
mod metrics;
mod panel;
mod prepared;
mod raw;
mod recorded;
mod sim;
mod sink;
mod storing;
mod summary;
mod teller;
mod threads;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use openbell_account::Accounts;
use openbell_config::{DataApi, LiveConfig};
use openbell_coordinator::{
    Engine, Look, Phase, Recording, RecordingError, Registry, Report, Step, run_by_event,
};
use openbell_data_manager::live::{Note, Protocol, Vendor};
use openbell_market::BarInterval;
use openbell_recorder::{RawLog, Repeated, Replay, RunLog};
use openbell_session_file::SessionFile;
use openbell_time::{CoarseTicker, Nanos, SystemWall, Timestamp, WallClock};
use openbell_vendors::{Connection as Line, Control, Transport, Trust};
use openbell_wire::engine::{RunTally, end_line, resumed_line};
use openbell_wire::log::Resumed;
use openbell_wire::report::Live;

use super::{RunArgs, account_results, failed, streamed};
use crate::PROGRAM;
use crate::exit::{Exit, Failure, Outcome};
use crate::followed::choose_base;
use crate::interrupt::Interrupt;
use crate::report::{self, RunFacts};
use crate::report_file::Told as HtmlTold;
use crate::serve::Serving;
use crate::table::{counted, length};
use crate::terminal::Terminal;
use lines::Lines;
use metrics::{MetricsFile, session_figures};
use panel::Panel;
use prepared::{Prepared, RepeatedFrom, prepare};
use recorded::Recorder;
use sim::Sim;
use sink::Sink;
use storing::store_sessions;
use teller::{Ended, SharedFigures, Teller, Told};
use threads::Threads;

/// How often the clock is renewed that readers hold the core against.
const TICK: Duration = Duration::from_millis(200);

/// What is to be run.
struct Asked<'a> {
    file: &'a SessionFile,
    live: &'a LiveConfig,
    base: BarInterval,
    args: &'a RunArgs,
    registry: &'a Registry,
    interrupt: &'a Interrupt,
}

/// Follows the vendor that `file` names, to the end of its sessions.
pub(super) fn run_live(
    mut file: SessionFile,
    live: &LiveConfig,
    args: &RunArgs,
    registry: &Registry,
    interrupt: &Interrupt,
    terminal: &mut Terminal,
) -> Outcome {
    if args.speed.is_some() {
        let text = "--speed is for backtests: a live session goes by the clock on the wall";
        return Err(Failure::says(Exit::Usage, text));
    }
    let base = choose_base(&mut file, live)?;
    let mut threads = Threads::default();
    let sim = match (live.data_api, &live.endpoint) {
        (DataApi::Sim, None) => {
            Some(Sim::serve(&file.config.session_data_config.symbols, &mut threads)?)
        }
        _ => None,
    };
    let asked = Asked { file: &file, live, base, args, registry, interrupt };
    let followed = follow(&asked, sim.as_ref(), &mut threads, terminal);
    if let Some(sim) = sim {
        sim.stop();
    }
    let joined = threads.join();
    let exit = followed?;
    joined?;
    Ok(exit)
}

fn follow(
    asked: &Asked<'_>,
    sim: Option<&Sim>,
    threads: &mut Threads,
    terminal: &mut Terminal,
) -> Outcome {
    let (args, live) = (asked.args, asked.live);
    let Prepared {
        mut engine,
        ticker,
        vendor,
        door,
        wall,
        recorder,
        recorded,
        raw,
        streams,
        log,
        said,
        begun,
        repeated_from,
    } = prepare(asked, sim, threads, terminal)?;
    let name = live.data_api.name();
    let calendar = engine.plan().calendar().clone();
    let now = wall.now();
    let figures = SharedFigures::new(calendar.clone(), begun);
    let (tell, told): (Sender<Told>, Receiver<Told>) = channel();
    for line in said {
        let _ = tell.send(Told::Line(line)); // It is received below.
    }
    let (keeper, run_log, unsynced, replay) = match recorded {
        Some((keeper, log, unsynced, replay)) => (Some(keeper), Some(log), Some(unsynced), replay),
        None => (None, None, None, None),
    };
    let storing = match &recorder {
        Some(recorder) => {
            let store =
                Some(log.store.as_str()).filter(|store| !store.is_empty() && recorder.stores);
            Some(store_sessions(recorder, store.map(PathBuf::from), tell.clone(), threads)?)
        }
        None => None,
    };
    let n_events = match repeated_from {
        RepeatedFrom::Checkpoint { n_events, .. } => n_events,
        RepeatedFrom::FirstSession(_) => 0,
    };
    let is_rehearsal = replay.is_some();
    let serving = Serving::begin(&args.serve, &engine, terminal)?;
    let tells = tell.clone();
    let mut sink = Sink { tell: tells, streams, run_log, storing, serving, n_events, is_rehearsal };
    if let Some(replay) = replay {
        repeat(&replay, &mut engine, &mut sink, (now, &repeated_from))?;
        let _ = tell.send(Told::Down(engine.clock().now(), now)); // As above.
    }
    let control = connect(vendor, raw, &tell, threads)?;
    let ticking = tick(ticker, threads)?;
    let _listening = asked.interrupt.wakes(Arc::clone(&wall));
    let engines: Arc<dyn WallClock> = Arc::clone(&wall) as Arc<dyn WallClock>;
    let is_ending = Arc::new(AtomicBool::new(false));
    let metrics = args.metrics.as_ref().map(|path| MetricsFile {
        path: path.clone(),
        tally: RunTally::new(now),
        base: asked.base,
        session: session_figures(&asked.file.config),
        vendor: name,
        door,
        control: control.clone(),
        recording: recorder.clone().zip(unsynced),
        began: now,
        next: now,
        has_failed: false,
    });
    let teller = Teller {
        metrics,
        panel: Panel::new(terminal, !args.no_progress),
        terminal: &mut *terminal,
        lines: Lines::new(calendar.clone(), name),
        handle: engine.handle(),
        wall: SystemWall::new(),
        figures: figures.clone(),
        give_up: live.give_up_minutes.map(|minutes| Nanos::from_secs(60 * i64::from(minutes))),
        is_json: args.json,
        vendor: name,
        is_ending: Arc::clone(&is_ending),
        wakes: Arc::clone(&engines),
    };
    let began = wall.passed();
    let watch = Watch { asked, engines: &engines, is_ending: &is_ending, tell: &tell };
    let (run, telling) = watch.run(&mut engine, &mut sink, teller, told);
    control.stop();
    drop(ticking);
    let elapsed = wall.passed() - began;
    let is_paused = !engine.phase().is_final();
    let ended_at = engine.clock().now();
    let mut report = brought_to_its_end(&mut engine, wall.now());
    let digest = report.digest; // That to which a replay of the recording comes.
    report.signals = sink.streams.take_signals();
    let accounts = Accounts::close(&mut engine);
    let accounts = account_results(accounts.as_deref(), &asked.file.config);
    let facts = RunFacts {
        config: &asked.file.config,
        calendar: &calendar,
        elapsed,
        accounts: &accounts,
        streamed: streamed(args),
        exported: None,
    };
    let mut figures = figures.lock();
    figures.activity.end(ended_at);
    let came_to = summary::of_report(&figures, &report, recorder.as_deref());
    let command = format!("openbell run {}", asked.file.path.display());
    let told =
        HtmlTold { facts: &facts, store: &log.store, command: &command, live: Some(&came_to) };
    let exported = sink.streams.finish(&engine, &report, told);
    drop(engine);
    let why = if is_paused { "interrupted" } else { report.phase.name() };
    if let Some(keeper) = keeper {
        keeper.end(why, digest);
    }
    run?;
    telling?;
    end_log(sink.run_log, &report, is_paused)?;
    let exported = exported?;
    let facts = RunFacts { exported: exported.as_ref().zip(args.export.as_deref()), ..facts };
    show(asked, &report, &facts, &came_to, (&figures, recorder.as_deref()), terminal)?;
    let exit = end_of(&report, &figures, asked, name, terminal);
    if let Some(serving) = sink.serving {
        serving.finish(report::as_json(&report, &facts, Some(came_to)), asked.interrupt, terminal);
    }
    Ok(exit)
}

/// Prints what the run came to, or writes it as JSON.
fn show(
    asked: &Asked<'_>,
    report: &Report,
    facts: &RunFacts<'_>,
    came_to: &Live,
    (figures, recorder): (&teller::Figures, Option<&Recorder>),
    terminal: &mut Terminal,
) -> std::io::Result<()> {
    if asked.args.json {
        terminal.line(format!("{:#}", report::as_json(report, facts, Some(came_to.clone()))))?;
    } else {
        report::print(report, facts, terminal)?;
        summary::print(figures, report, recorder, terminal)?;
    }
    terminal.flush()
}

/// Writes the last line of the log beside the recording; that of a run that is gone on with has none.
fn end_log(log: Option<RunLog>, report: &Report, is_paused: bool) -> Result<(), Failure> {
    match (log, is_paused) {
        (Some(log), false) => Ok(log.end(&end_line(report))?),
        _ => Ok(()),
    }
}

/// Connects to the vendor, on threads; what happens there is told, and kept where `raw` is asked for.
fn connect(
    vendor: Vendor<Box<dyn Protocol>>,
    raw: Option<RawLog>,
    tell: &Sender<Told>,
    threads: &mut Threads,
) -> Result<Control, Failure> {
    let notes = {
        let tell = tell.clone();
        move |at: Timestamp, note: &Note| {
            let _ = tell.send(Told::Note(at, note.clone())); // Nobody listens once the run has ended.
        }
    };
    let transport = Transport::new(Trust::platform());
    let clock = Arc::new(SystemWall::new());
    let Line { carriers, control } = match raw {
        Some(log) => {
            let tap = raw::keeping(log, tell.clone(), threads)?;
            Line::tapped(vendor, &transport, clock, notes, tap)
        }
        None => Line::new(vendor, &transport, clock, notes),
    };
    for carrier in carriers {
        let name = carrier.name().to_owned();
        threads.run(&name, move || {
            carrier.run().map_err(|fault| Failure::new(Exit::RunFailed, fault))
        })?;
    }
    Ok(control)
}

/// What says whether the core goes on.
struct Watch<'w> {
    asked: &'w Asked<'w>,
    engines: &'w Arc<dyn WallClock>,
    is_ending: &'w AtomicBool,
    tell: &'w Sender<Told>,
}

impl Watch<'_> {
    /// Runs the core on this thread, and `teller` beside it, to the end of the run or until it is to be
    /// paused. Returns what became of the one and of the other.
    fn run(
        &self,
        engine: &mut Engine,
        sink: &mut Sink,
        teller: Teller<'_>,
        told: Receiver<Told>,
    ) -> (Result<(), Failure>, Result<(), Failure>) {
        thread::scope(|scope| {
            let telling = scope.spawn(move || teller.run(&told));
            let mut run = Ok(());
            run_by_event(engine, self.engines, |engine| {
                run = sink.take(engine);
                let goes_on = run.is_ok()
                    && !self.asked.interrupt.is_asked()
                    && !self.is_ending.load(Ordering::SeqCst)
                    && !telling.is_finished();
                if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            if let Some(storing) = sink.storing.take() {
                storing.finish();
            }
            let _ = self.tell.send(Told::Over); // The vendor's side may still have something to say.
            match telling.join() {
                Ok(told) => (run, told),
                Err(panicked) => std::panic::resume_unwind(panicked),
            }
        })
    }
}

/// Repeats what was recorded, as fast as it goes: what consumers keep in memory is then as it was.
/// `now` is the wall clock at which the run goes on; the log says so, and so is from where it is repeated.
fn repeat(
    replay: &Replay,
    engine: &mut Engine,
    sink: &mut Sink,
    (now, from): (Timestamp, &RepeatedFrom),
) -> Result<(), Failure> {
    let n_before = sink.n_events;
    if let (RepeatedFrom::Checkpoint { session, .. }, Some(storing)) = (from, &sink.storing) {
        storing.close(*session); // The process before may have been killed before it was stored.
    }
    engine.rehearse(true);
    loop {
        let repeated = replay.step(engine);
        sink.take(engine)?;
        if repeated? == Repeated::Over {
            break;
        }
    }
    engine.rehearse(false);
    sink.is_rehearsal = false;
    let n_events = sink.n_events - n_before;
    let from = match from {
        RepeatedFrom::Checkpoint { session, .. } => {
            format!(", from the checkpoint of session {session}")
        }
        RepeatedFrom::FirstSession(None) => String::new(),
        RepeatedFrom::FirstSession(Some(why)) => {
            format!(", from the first session of the run, without a checkpoint: {why}")
        }
    };
    let _ = sink.tell.send(Told::Line(format!(
        "gone on with: {} of the recording repeated, {}{from}",
        counted(replay.n_repeated(), "look"),
        counted(n_events, "event"),
    )));
    if let Some(log) = &mut sink.run_log {
        for tail in log.go_on()? {
            let text = format!(
                "warning: the event log was longer than the recording; {} moved to {}",
                counted(tail.n_lines as u64, "line"),
                tail.path.display()
            );
            let _ = sink.tell.send(Told::Line(text));
        }
        log.note(&resumed_line(Resumed {
            at: engine.clock().now().to_string(),
            wall: now.to_string(),
            n_looks: replay.n_repeated(),
            n_events,
            program: PROGRAM.to_owned(),
        }))?;
    }
    Ok(())
}

/// The report of a run, which is brought to its end where it is paused. Nothing of that is recorded: the run
/// goes on from where it was paused, and the digest is the one to which a replay of its recording comes.
pub(crate) fn brought_to_its_end(engine: &mut Engine, now: Timestamp) -> Report {
    let report = engine.report();
    if engine.phase().is_final() {
        return report;
    }
    engine.record_with(Box::new(Unrecorded));
    drop(engine.handle().stop()); // Its answer is the end of the run.
    while !matches!(engine.step(now), Step::Ended(_)) {}
    Report { digest: report.digest, ..engine.report() }
}

/// Keeps nothing.
struct Unrecorded;

impl Recording for Unrecorded {
    fn look(&mut self, _: &Look<'_>) -> Result<(), RecordingError> {
        Ok(())
    }
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
    figures: &teller::Figures,
    asked: &Asked<'_>,
    vendor: &str,
    terminal: &Terminal,
) -> Exit {
    let again = match asked.live.record {
        Some(_) => "; run it again to go on with it",
        None => "",
    };
    match (report.phase, &figures.ended) {
        (_, Some(Ended::Refused(said))) => {
            let hint = "`openbell vendors` says what it wants";
            terminal.error(&format!("{vendor} refuses us: {said}; {hint}"));
            Exit::Vendor
        }
        (_, Some(Ended::GaveUp(inactive))) => {
            let inactive = length(*inactive);
            terminal.error(&format!(
                "given up: the session was inactive for {inactive} of market time{again}"
            ));
            Exit::GaveUp
        }
        (Phase::Closed, None) if figures.counts.n_up == 0 && report.n_bars == 0 => {
            terminal.error(&format!(
                "{vendor} was never reached; `openbell vendors doctor {vendor}` says more"
            ));
            Exit::Vendor
        }
        (Phase::Closed, None) => Exit::Done,
        (Phase::Stopped, None) if asked.interrupt.is_asked() => {
            terminal.note(&format!("interrupted{again}"));
            Exit::Interrupted
        }
        _ => failed(report, terminal),
    }
}
