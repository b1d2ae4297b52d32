//! `run --serve`: a run that is asked over HTTP while it goes, on one thread beside the core's. Without
//! the option there is no thread, no socket and no runtime.

pub mod address;
mod tokens;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use clap::Args;
use openbell_coordinator::{Engine, Event};
use openbell_service::{LogTap, Served, ServedRun, Settings, serve};
use openbell_time::{Nanos, SystemWall, WallClock};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::PROGRAM;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::process;
use crate::terminal::Terminal;
use address::Address;
use tokens::Given;

/// How a run is served.
#[derive(Args, Debug)]
#[command(next_help_heading = "Serving a run")]
pub struct ServeArgs {
    /// Answers over HTTP while the run goes, at ADDR or at the first free of 127.0.0.1:8430 to 8439; a link
    /// with a fresh token is printed. docs/service.md says what can be asked.
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        default_missing_value = "",
        value_parser = address::parse
    )]
    serve: Option<Address>,
    /// Takes the tokens in this file, one a line, instead of a fresh one; they may give commands. Beyond
    /// this machine it is needed.
    #[arg(long, value_name = "FILE", requires = "serve")]
    token_file: Option<std::path::PathBuf>,
    /// Takes the tokens in this file too; they may only ask.
    #[arg(long, value_name = "FILE", requires = "serve")]
    read_token_file: Option<std::path::PathBuf>,
    /// Answers to this name too, with its port, as behind a proxy.
    #[arg(long, value_name = "HOST", requires = "serve")]
    allowed_host: Vec<String>,
    /// Goes on answering when the run is over, until Ctrl-C; on a terminal it does so anyway.
    #[arg(long, requires = "serve")]
    stay: bool,
}

/// A run that is being served.
pub(crate) struct Serving {
    tap: LogTap,
    wall: SystemWall,
    stays: bool,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ServeArgs {
    /// Whether a run is to be served.
    pub(crate) fn is_asked(&self) -> bool {
        self.serve.is_some()
    }
}

impl Serving {
    /// Serves the run of `engine` as `args` say; `None` where they do not say so.
    ///
    /// # Errors
    ///
    /// A place that cannot be bound, or tokens that cannot be taken: before the run begins.
    pub(crate) fn begin(
        args: &ServeArgs,
        engine: &Engine,
        terminal: &Terminal,
    ) -> Result<Option<Serving>, Failure> {
        let Some(address) = args.serve else { return Ok(None) };
        let given = Given::of(args.token_file.as_deref(), args.read_token_file.as_deref())?;
        let (listener, at) = address.bind(given.is_from_file)?;
        let settings = Settings::of_hosts(hosts(at, &args.allowed_host));
        let wall = SystemWall::new();
        let (tap, began) = (LogTap::new(wall.now()), wall.now());
        let run = ServedRun {
            program: PROGRAM.to_owned(),
            run: 1,
            handle: engine.handle(),
            plan: engine.plan(),
            log: tap.clone(),
            wall: Arc::new(SystemWall::new()),
            figures: Arc::new(move |figures| {
                figures.build = process::build_figures();
                figures.process = process::figures(began);
            }),
        };
        let served = Served::new(run, given.tokens, settings.clone());
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("service".to_owned());
        let thread = thread.spawn(move || answer(listener, served, settings, ended));
        let thread = thread.map_err(|error| {
            Failure::new(Exit::RunFailed, error).of("cannot start the thread that answers")
        })?;
        let token = given.fresh.map(|token| format!("#token={token}")).unwrap_or_default();
        terminal.note(&format!("serving on http://{at}/{token}"));
        if !at.ip().is_loopback() {
            terminal.warning(
                "what is asked and answered beyond this machine is not encrypted; put a proxy with TLS \
                 in front of it",
            );
        }
        let stays = args.stay || terminal.is_shown();
        let (end, thread) = (Some(end), Some(thread));
        Ok(Some(Serving { tap, wall, stays, end, thread }))
    }

    /// Leaves events that are new. *Cost*: nothing where there are none.
    pub(crate) fn tell(&self, events: &[Event]) {
        if !events.is_empty() {
            self.tap.append(events, self.wall.now());
        }
    }

    /// Leaves what the run came to; then goes on answering where that is wanted, and ends.
    pub(crate) fn finish(self, report: Value, interrupt: &Interrupt, terminal: &Terminal) {
        self.tap.end(report);
        if self.stays && !interrupt.is_asked() {
            terminal.note("the run is over and is still served; Ctrl-C ends it");
            let wall = Arc::new(SystemWall::new());
            let _listening = interrupt.wakes(Arc::clone(&wall));
            while !interrupt.is_asked() {
                let _ = wall.wait_until(wall.now() + A_WHILE); // However it ends, it is asked again.
            }
        }
    }
}

/// As good as any: an interruption ends the wait.
const A_WHILE: Nanos = Nanos::from_secs(3_600);

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(()); // A thread that has ended needs no word.
        }
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the thread that answers has panicked; the run was not touched");
        }
    }
}

/// The names by which the server is asked at `at`.
fn hosts(at: SocketAddr, allowed: &[String]) -> Vec<String> {
    let port = at.port();
    let mut names = allowed.to_vec();
    if at.ip().is_loopback() || at.ip().is_unspecified() {
        names.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")));
    }
    if !at.ip().is_unspecified() {
        names.push(at.to_string());
    }
    // Browsers leave the usual port out.
    if port == 80 {
        let short: Vec<String> =
            names.iter().filter_map(|name| name.strip_suffix(":80")).map(str::to_owned).collect();
        names.extend(short);
    }
    names.iter_mut().for_each(|name| name.make_ascii_lowercase());
    names.sort();
    names.dedup();
    names
}

/// Answers until it is told to end. Where it cannot, the run goes on without.
fn answer(listener: TcpListener, served: Served, settings: Settings, ended: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let over = async { drop(ended.await) }; // An error says that whoever serves is gone.
    let answered =
        runtime.and_then(|runtime| runtime.block_on(serve(listener, served, settings, over)));
    if let Err(error) = answered {
        tracing::error!("the run is not served any more, and goes on: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_this_machine_answers_to_the_names_of_this_machine() {
        let at = "127.0.0.1:8430".parse().unwrap();
        assert_eq!(hosts(at, &[]), ["127.0.0.1:8430", "[::1]:8430", "localhost:8430"]);
        let at = "10.0.0.7:80".parse().unwrap();
        let proxied = ["Bars.Example".to_owned()];
        assert_eq!(hosts(at, &proxied), ["10.0.0.7", "10.0.0.7:80", "bars.example"]);
    }
}
