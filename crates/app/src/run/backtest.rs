//! Sessions that are replayed from stored bars.

use std::ops::ControlFlow;
use std::sync::Arc;

use openbell_account::Accounts;
use openbell_config::Mode;
use openbell_coordinator::{Engine, Phase, Registry, Report, StoreSource, run as run_engine};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_session_file::{FileModules, SessionFile};
use openbell_time::SystemWall;

use super::streams::{Streams, fills_kept};
use super::{RunArgs, account_results, failed, head_of, outputs, streamed};
use crate::exit::{Exit, Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::planned::{nothing_stored, warn_of_schedule};
use crate::progress::Progress;
use crate::registered;
use crate::report::{self, RunFacts};
use crate::report_file::Told;
use crate::serve::Serving;
use crate::session_file::{self, absolute};
use crate::table::counted;
use crate::terminal::Terminal;

/// Runs the sessions between the dates of `file`.
pub(super) fn run_backtest(
    mut file: SessionFile,
    args: &RunArgs,
    registry: &Registry,
    interrupt: &Interrupt,
    terminal: &mut Terminal,
) -> Outcome {
    if args.metrics.is_some() || args.fresh {
        let text = "--metrics and --fresh are for live sessions, and this is a backtest";
        return Err(Failure::says(Exit::Usage, text));
    }
    if let (Some(speed), Mode::Backtest(backtest)) = (args.speed, &mut file.config.mode) {
        backtest.speed_multiplier = speed;
    }
    let folder = file.store(args.store.as_deref())?;
    let time = file.calendars()?;
    let FileModules { built, texts } = file.modules(registry, &time)?;
    session_file::warn_of_idle_limits(&file, &built, terminal);
    outputs(args, &file, Some(&folder), &texts).check()?;
    let group = file.config.exchange_group.name.to_owned();
    let store = DataManager::open(&folder, &StoreOptions { exchange_group: Some(group) })?;
    let source = StoreSource::new(store.clone());
    let mut engine = Engine::new(&file.config, &time, Box::new(source))
        .map_err(|errors| file.plan_error(errors))?;
    file.check_planned(engine.plan(), &built)?;
    warn_of_schedule(&file, engine.plan(), &StoreSource::new(store), terminal);
    registered::register(built, &mut engine, fills_kept(args))?;
    let head = head_of(&file, &folder, texts)?;
    let mut streams = Streams::create(args, &head, &mut engine)?;

    let serving = Serving::begin(&args.serve, &engine, terminal)?;
    let wall = Arc::new(SystemWall::new());
    let _listening = interrupt.stops(engine.handle(), Arc::clone(&wall));
    let progress = if args.no_progress {
        Progress::hidden()
    } else {
        Progress::of_run(terminal, &file.config.session_name)
    };
    let began = wall.passed();
    let mut failed = None;
    let mut n_steps = 0_u64;
    run_engine(&mut engine, wall.as_ref(), |engine| {
        n_steps += 1;
        if n_steps.is_multiple_of(PROGRESS_STEPS) {
            show_progress(&progress, engine);
        }
        match streams.take(engine) {
            Ok(new) => {
                if let Some(serving) = &serving {
                    serving.tell(&new);
                }
                ControlFlow::Continue(())
            }
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    });
    progress.clear();
    let elapsed = wall.passed() - began;
    if let Some(failure) = failed {
        return Err(failure);
    }

    let last = streams.take(&mut engine)?;
    if let Some(serving) = &serving {
        serving.tell(&last);
    }
    let report = Report { signals: streams.take_signals(), ..engine.report() };
    let accounts = Accounts::close(&mut engine);
    let accounts = account_results(accounts.as_deref(), &file.config);
    let facts = RunFacts {
        config: &file.config,
        calendar: engine.plan().calendar(),
        elapsed,
        accounts: &accounts,
        streamed: streamed(args),
        exported: None,
    };
    let command = format!("openbell run {}", file.path.display());
    let told = Told { facts: &facts, store: &absolute(&folder), command: &command, live: None };
    let exported = streams.finish(&engine, &report, told)?;
    let facts = RunFacts { exported: exported.as_ref().zip(args.export.as_deref()), ..facts };
    if args.json {
        terminal.line(format!("{:#}", report::as_json(&report, &facts, None)))?
    } else {
        report::print(&report, &facts, terminal)?
    }
    terminal.flush()?;
    // Nothing is not success.
    let is_empty = report.phase == Phase::Closed && report.n_bars == 0;
    let empty = if is_empty { nothing_stored(&folder, terminal) } else { Exit::Done };
    let lacking = report::incomplete_history(&report);
    if let Some(((symbol, interval), held)) = lacking.first_key_value() {
        terminal.warning(&format!(
            "{} not whole, the first {symbol} {interval} with bars in {} of {}; `openbell plan` says \
             what is stored of it",
            if lacking.len() == 1 { "a history window is" } else { "history windows are" },
            held.n_with_bars,
            counted(held.n_sessions.into(), "session"),
        ));
    }
    let exit = end_of(&report, interrupt, terminal).and(empty);
    if let Some(serving) = serving {
        serving.finish(report::as_json(&report, &facts, None), interrupt, terminal);
    }
    Ok(exit)
}

/// Steps from one look at the progress to the next.
const PROGRESS_STEPS: u64 = 512;

fn show_progress(progress: &Progress, engine: &Engine) {
    let plan = engine.plan();
    let now = engine.clock().now();
    let n_sessions = plan.sessions().len();
    let at = plan.sessions().partition_point(|session| session.close <= now).min(n_sessions - 1);
    let session = &plan.sessions()[at];
    let length = (session.close - session.open).as_secs_f64();
    let part = ((now - session.open).as_secs_f64() / length).clamp(0.0, 1.0);
    let share = (at as f64 + part) / n_sessions as f64;
    let local = plan.calendar().local_time(now).to_string();
    progress.run(share, local);
}

fn end_of(report: &Report, interrupt: &Interrupt, terminal: &Terminal) -> Exit {
    match report.phase {
        Phase::Closed => Exit::Done,
        Phase::Stopped if interrupt.is_asked() => {
            terminal.note("interrupted: the run was ended in order, the report is of what it did");
            Exit::Interrupted
        }
        _ => failed(report, terminal),
    }
}
