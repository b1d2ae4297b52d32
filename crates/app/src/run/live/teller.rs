//! Tells a person what happens, on a thread of its own: whoever looks away, or closes the terminal, does
//! not stop the core.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openbell_coordinator::{Event, Handle, Status, SymbolState};
use openbell_data_manager::live::Note;
use openbell_time::{Calendar, Nanos, SystemWall, Timestamp, WallClock};

use super::activity::Activity;
use super::counts::Counts;
use super::lines::{Lines, reason_words};
use super::metrics::MetricsFile;
use super::panel::Panel;
use crate::exit::Failure;
use crate::table::{count, length};
use crate::terminal::{Ink, Terminal};

/// How long it is waited for news.
const TICK: Duration = Duration::from_millis(200);

/// How often the panel is drawn anew.
const LOOK_EACH: Nanos = Nanos::from_secs(1);

/// Without a panel there is a line each minute.
const LINE_EACH: Nanos = Nanos::from_secs(60);

/// Something to tell.
pub(super) enum Told {
    /// An event of the run.
    Event(Box<Event>),
    /// An event that was told by a process that has ended since.
    Rehearsed(Box<Event>),
    /// The run was not followed from one instant to the other.
    Down(Timestamp, Timestamp),
    /// Something at the vendor's side.
    Note(Timestamp, Note),
    /// A line of the program's own.
    Line(String),
    /// There is nothing more to tell.
    Over,
}

/// Why the run was ended by whoever tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was inactive for longer than the session file allows.
    GaveUp(Nanos),
    /// The vendor refused everything before anything could be had.
    Refused(String),
}

/// What is known of a run beside what the engine reports.
pub(super) struct Figures {
    pub(super) activity: Activity,
    pub(super) counts: Counts,
    pub(super) n_openings: u64,
    pub(super) ended: Option<Ended>,
}

impl Figures {
    fn note(&mut self, event: &Event) {
        self.activity.note(event);
        self.n_openings += u64::from(matches!(event, Event::GateOpened { .. }));
    }
}

/// The figures, shared with whoever ends the run.
#[derive(Clone)]
pub(super) struct SharedFigures(Arc<Mutex<Figures>>);

impl SharedFigures {
    pub(super) fn new(calendar: Calendar, begun: Timestamp) -> SharedFigures {
        SharedFigures(Arc::new(Mutex::new(Figures {
            activity: Activity::new(calendar, begun),
            counts: Counts::default(),
            n_openings: 0,
            ended: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Figures> {
        // What is behind the lock is whole at every instant.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who tells, and looks whether the run is to be given up.
pub(super) struct Teller<'t> {
    pub(super) terminal: &'t mut Terminal,
    pub(super) lines: Lines,
    pub(super) panel: Panel,
    pub(super) handle: Handle,
    pub(super) wall: SystemWall,
    pub(super) figures: SharedFigures,
    pub(super) give_up: Option<Nanos>,
    /// Results on standard output are JSON: what is told goes to standard error.
    pub(super) is_json: bool,
    pub(super) vendor: &'static str,
    pub(super) metrics: Option<MetricsFile>,
    /// Whether the run is to be paused.
    pub(super) is_ending: Arc<AtomicBool>,
    /// What wakes the core then.
    pub(super) wakes: Arc<dyn WallClock>,
}

impl Teller<'_> {
    /// Tells until nobody has anything to tell any more.
    ///
    /// # Errors
    ///
    /// An output that takes nothing.
    pub(super) fn run(mut self, told: &Receiver<Told>) -> Result<(), Failure> {
        let mut next_line = self.wall.now() + LINE_EACH;
        let mut next_look = self.wall.now();
        loop {
            let now = self.wall.now();
            if now >= next_look {
                next_look = now + LOOK_EACH;
                let status = self.handle.status();
                self.look(now, &status);
                self.panel.draw(&self.panel_lines(now, &status));
                if let Some(metrics) = &mut self.metrics {
                    metrics.look(now, &status, &self.figures.lock().counts, self.terminal);
                }
                if !self.panel.is_shown() && now >= next_line {
                    next_line = now + LINE_EACH;
                    let [phase, _, _] = self.panel_lines(now, &status);
                    self.tell(now, &phase)?;
                }
            }
            match told.recv_timeout(TICK) {
                Ok(Told::Over) | Err(RecvTimeoutError::Disconnected) => {
                    self.panel.clear();
                    self.terminal.flush()?;
                    return Ok(());
                }
                Ok(thing) => {
                    let at = self.wall.now();
                    if let Some(line) = self.line_of(thing) {
                        self.tell(at, &line)?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn line_of(&mut self, told: Told) -> Option<String> {
        match told {
            Told::Event(event) => {
                if let Some(metrics) = &mut self.metrics {
                    metrics.event(&event, self.wall.now());
                }
                self.figures.lock().note(&event);
                self.lines.of_event(&event)
            }
            Told::Rehearsed(event) => {
                self.figures.lock().note(&event);
                None
            }
            Told::Down(since, until) => {
                self.figures.lock().activity.down(since, until);
                None
            }
            Told::Note(at, note) => {
                self.figures.lock().counts.note(&note);
                self.lines.of_note(at, &note)
            }
            Told::Line(line) => Some(line),
            Told::Over => None,
        }
    }

    fn tell(&mut self, at: Timestamp, line: &str) -> Result<(), Failure> {
        let clock = self.terminal.paint(Ink::Faint, &self.lines.clock(at));
        let line = format!("{clock} {line}");
        let (terminal, is_json) = (&mut *self.terminal, self.is_json);
        self.panel.beside(|| {
            if is_json {
                terminal.note(&line);
                return Ok(());
            }
            terminal.line(line)?;
            terminal.flush()
        })?;
        Ok(())
    }

    /// Ends the run where it is to be given up.
    fn look(&self, now: Timestamp, status: &Status) {
        let mut figures = self.figures.lock();
        if figures.ended.is_some() {
            return;
        }
        let inactive = figures.activity.inactive_for(now);
        let is_gone = !status.symbols.is_empty()
            && status.symbols.iter().all(|symbol| symbol.state == SymbolState::Gone);
        figures.ended = match (self.give_up, &figures.counts.forbidden) {
            (Some(give_up), _) if inactive > give_up => Some(Ended::GaveUp(inactive)),
            (_, Some(said)) if figures.n_openings == 0 && is_gone => {
                Some(Ended::Refused(said.clone()))
            }
            _ => None,
        };
        if figures.ended.is_some() {
            self.is_ending.store(true, Ordering::SeqCst);
            self.wakes.wake();
        }
    }

    /// Where the run stands, in three lines.
    fn panel_lines(&self, now: Timestamp, status: &Status) -> [String; 3] {
        let figures = self.figures.lock();
        let gate = match &status.inactive {
            None => "active".to_owned(),
            Some(inactive) => {
                let since = length(Nanos::from_secs(figures.activity.inactive_for(now).as_secs()));
                format!("inactive for {since}: {}", reason_words(&inactive.facts().reason))
            }
        };
        let clock =
            status.clock.map_or_else(|| "no session yet".to_owned(), |at| self.lines.clock(at));
        let count_of = |state: SymbolState| {
            status.symbols.iter().filter(|symbol| symbol.state == state).count() as u64
        };
        let states = [
            SymbolState::Live,
            SymbolState::Quiet,
            SymbolState::CatchingUp,
            SymbolState::Loading,
            SymbolState::Late,
            SymbolState::Dead,
            SymbolState::Halted,
            SymbolState::Skewed,
            SymbolState::Gone,
            SymbolState::Closed,
        ];
        let states: Vec<String> = states
            .into_iter()
            .filter(|state| count_of(*state) > 0)
            .map(|state| format!("{} {}", count(count_of(state)), state.name().replace('_', " ")))
            .collect();
        let n_delivered: u64 = status.symbols.iter().map(|symbol| symbol.n_delivered).sum();
        let feeds = || status.symbols.iter().filter_map(|symbol| symbol.feed.as_ref());
        let n_caught_up: u64 = feeds().map(|feed| feed.n_caught_up).sum();
        let n_corrected: u64 = feeds().map(|feed| feed.n_corrected).sum();
        let n_reconnects: u64 = figures.counts.reconnects.values().sum();
        [
            format!("{} {clock} | {gate}", status.phase.name()),
            format!(
                "{} | {} reconnects | {}",
                self.vendor,
                count(n_reconnects),
                if states.is_empty() { "no symbol yet".to_owned() } else { states.join(", ") }
            ),
            format!(
                "{} bars, {} caught up, {} corrected, {} gaps left",
                count(n_delivered),
                count(n_caught_up),
                count(n_corrected),
                count(figures.counts.n_gaps)
            ),
        ]
    }
}
