//! A run that is watched: after every step a print of what is new, and on demand of all there is.

use openbell_market::BarInterval;
use openbell_session_data::{InsideReader, SymbolHandle};
use openbell_time::{Timestamp, TradingDate};

use super::LookaheadSetup;
use super::difference::{self, Difference};
use crate::control::command::PaceCommand;
use crate::control::status::Status;
use crate::digest::Digest;
use crate::digest::print::Print;
use crate::engine::{Engine, Step};

/// Whether a run goes on to be watched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Watching {
    GoesOn,
    Ends,
}

/// One step of a watched run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Of everything that this step and those before it have shown.
    pub(super) print: Digest,
    /// Events by then.
    pub(super) n_events: usize,
    /// Outputs of consumers by then.
    pub(super) n_outputs: usize,
}

/// A run, and what was seen of it.
pub(super) struct Watched {
    pub(super) engine: Engine,
    inside: InsideReader,
    marks: Vec<Mark>,
    /// The outputs of consumers, with their names.
    pub(super) outputs: Vec<(String, String)>,
    print: Print,
    session: Option<TradingDate>,
    /// Rows of each series that are printed already.
    printed: Vec<(SymbolHandle, Vec<(BarInterval, usize)>)>,
    /// The first instant of the session clock.
    first_at: Timestamp,
    stands_at: Option<Timestamp>,
    has_ended: bool,
}

impl Watched {
    pub(super) fn new(engine: Engine, first_at: Timestamp) -> Watched {
        Watched {
            inside: engine.inside_reader(),
            engine,
            first_at,
            marks: Vec::new(),
            outputs: Vec::new(),
            print: Print::default(),
            session: None,
            printed: Vec::new(),
            stands_at: None,
            has_ended: false,
        }
    }

    /// The steps so far.
    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Steps until everything that is due by `at` is done and nothing later is, or until the run
    /// has ended; `watch` is shown the run after each step.
    pub(super) fn go_to(
        &mut self,
        at: Timestamp,
        setup: &mut dyn LookaheadSetup,
        mut watch: impl FnMut(&mut Watched) -> Watching,
    ) {
        if self.stands_at == Some(at) || self.has_ended {
            return;
        }
        let handle = self.engine.handle();
        let stand = if at <= self.first_at {
            PaceCommand::Pause
        } else {
            // When it is taken the clock stands there already.
            PaceCommand::RunUntil { until: at }
        };
        drop(handle.command(stand)); // Its answer is that the run pauses.
        let mut wall = Timestamp::from_nanos(0);
        loop {
            match self.engine.step(wall) {
                Step::Worked => {}
                Step::Waits { until } => {
                    wall = wall.max(until);
                    continue;
                }
                Step::Paused => break,
                Step::Ended(_) => self.has_ended = true,
            }
            self.mark(setup.outputs());
            if watch(self) == Watching::Ends || self.has_ended {
                break;
            }
        }
        self.stands_at = Some(at);
    }

    /// Prints what the last step has shown, and what consumers have put into their `outputs` in it.
    pub(super) fn mark(&mut self, outputs: Vec<(String, String)>) {
        let n_events = self.marks.last().map_or(0, |mark| mark.n_events);
        let events = self.engine.events();
        for event in &events[n_events..] {
            self.print.value(event);
        }
        let n_events = events.len();
        let n_outputs = self.outputs.len();
        self.outputs.extend(outputs);
        self.print.value(&&self.outputs[n_outputs..]);
        let status = self.engine.handle().status();
        self.print_status(&status);
        self.print_rows();
        let mark = Mark { print: self.print.digest(), n_events, n_outputs: self.outputs.len() };
        self.marks.push(mark);
    }

    fn print_status(&mut self, status: &Status) {
        let clock = status.clock.map_or(i64::MIN, Timestamp::as_nanos);
        self.print.words(&[clock, status.symbols.len() as i64]);
        if let Some(inactive) = &status.inactive {
            self.print.value(inactive);
        }
        for symbol in &status.symbols {
            self.print.words(&[
                i64::from(symbol.generation),
                symbol.state as i64,
                symbol.lag.as_nanos(),
                symbol.n_backlog as i64,
                symbol.n_delivered as i64,
                symbol.n_rejected as i64,
                symbol.coverage.map_or(-1, |coverage| i64::from(coverage.n)),
                symbol.coverage.map_or(-1, |coverage| i64::from(coverage.expected)),
                i64::from(symbol.is_locked),
            ]);
        }
    }

    /// Prints the rows that were not there before.
    fn print_rows(&mut self) {
        let view = self.inside.view();
        let session = view.session().map(|facts| facts.date);
        if session != self.session {
            self.session = session;
            self.printed.clear();
        }
        for (place, name) in view.symbols().enumerate() {
            let Some(symbol) = view.symbol(name.as_str()) else { continue };
            let handle = symbol.handle();
            if self.printed.get(place).is_none_or(|(known, _)| *known != handle) {
                let known = self.printed.iter().position(|(known, _)| *known == handle);
                let entry = known.map(|known| self.printed.remove(known));
                let place = place.min(self.printed.len());
                self.printed.insert(place, entry.unwrap_or((handle, Vec::new())));
                self.print.text(name.as_str());
            }
            let (_, series_printed) = &mut self.printed[place];
            for (position, interval) in symbol.intervals().enumerate() {
                let Ok(series) = symbol.series(interval) else { continue };
                let rows = series.today();
                if series_printed.get(position).is_none_or(|(known, _)| *known != interval) {
                    series_printed.truncate(position); // A new interval: those after it once more.
                    series_printed.push((interval, 0));
                }
                let n_printed = series_printed[position].1;
                if rows.len() != n_printed {
                    self.print.rows(&rows, n_printed.min(rows.len()));
                    series_printed[position].1 = rows.len();
                }
            }
        }
    }

    /// A print of all that can be seen now, and of what the report says.
    pub(super) fn print_whole(&mut self) -> Digest {
        let mut print = Print::default();
        let view = self.inside.view();
        for name in view.symbols() {
            if let Some(symbol) = view.symbol(name.as_str()) {
                print.symbol(&symbol);
            }
        }
        match self.engine.outside_reader().view() {
            Ok(view) => print.value(&crate::digest::print::view_print(&view)),
            Err(inactive) => print.value(&inactive),
        }
        print.value(&self.engine.report());
        print.digest()
    }

    /// In what a run over the same data, up to a step of this one, differs from what this one has shown
    /// by then.
    pub(super) fn difference_to_repeated(&self, again: &Watched) -> Option<Difference> {
        let &Mark { print, n_events, n_outputs } = again.marks.last()?;
        let ours = self.marks.get(again.marks.len() - 1)?;
        if ours.print == print {
            return None;
        }
        let events = &self.engine.events()[..ours.n_events];
        let outputs = &self.outputs[..ours.n_outputs];
        difference::in_events(events, &again.engine.events()[..n_events])
            .or_else(|| difference::in_outputs(outputs, &again.outputs[..n_outputs]))
            .or_else(|| Some(difference::unnamed()))
    }

    /// In what this run, as it stands, differs from `other`, which shows more than it or less.
    pub(super) fn difference_to(&mut self, other: &mut Watched) -> Option<Difference> {
        let (ours, theirs) = (self.inside.view(), other.inside.view());
        difference::in_data(&ours, &theirs)
            .or_else(|| difference::in_events(self.engine.events(), other.engine.events()))
            .or_else(|| difference::in_outputs(&self.outputs, &other.outputs))
            .or_else(|| difference::in_members(&ours, &theirs))
            .or_else(|| difference::in_status(&self.engine, &other.engine))
    }
}
