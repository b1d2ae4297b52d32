//! A planned run goes on from a checkpoint.

use openbell_data_manager::{FeedKind, MemoryFeed};
use openbell_market::{SeriesKey, Symbol};
use openbell_session_data::{Reason, WholeBars};
use openbell_time::{Session, TradingDate};

use super::parts::{CarriedPart, KeptPart, Parts, state_print};
use crate::checkpoint::Checkpoint;
use crate::consumers::consumer::Consumer;
use crate::consumers::saving::restore;
use crate::digest::{Digest, bars_digest};
use crate::engine::core::{Core, read_ahead};
use crate::engine::resuming::{RestoreError, Resuming};
use crate::engine::{Engine, State};
use crate::error::RunError;
use crate::saved::restored;
use crate::source::admission::Admitted;
use crate::source::session_reader::{SessionReader, SlotsOf};
use crate::symbol::SymbolRun;
use crate::trading::matching::Matching;

impl Engine {
    /// Goes on from `checkpoint` instead of from the first session. To be called before anything is
    /// registered and before the first step; consumers that are registered then, and accounts that are
    /// opened, take back what they kept, and [`Engine::check_restored`] says whether all did.
    ///
    /// The plan must be that of the run which took it: the same session file, calendar, and sessions.
    ///
    /// *Cost*: reads the bars of the last sessions and what the indicators need, back to the first session
    /// of the run, and computes them once more.
    ///
    /// # Errors
    ///
    /// Another run, or history that is not what it was, by name. The engine is of no use then.
    pub fn go_on_from(&mut self, checkpoint: &Checkpoint) -> Result<(), RestoreError> {
        if !matches!(self.state, State::Between { next: 0 }) || self.core.record.n_steps > 0 {
            return Err(RestoreError::HasBegun);
        }
        let parts: Parts = restored(&checkpoint.parts)?;
        let next = parts.n_sessions;
        self.core.restore(checkpoint.session, parts)?;
        self.state = State::Between { next };
        Ok(())
    }

    /// Whether everybody who was there at the checkpoint that the run goes on from is there again, and has
    /// taken back what it kept. Else the first step fails the run, and this says why.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn check_restored(&mut self) -> Result<(), RestoreError> {
        let Some(resuming) = self.core.resuming.take() else { return Ok(()) };
        resuming.finish()
    }

    /// Gives a consumer that is to be registered as `name` back what it kept.
    pub(in crate::engine) fn give_back(&mut self, name: &str, consumer: &mut dyn Consumer) {
        let Some(resuming) = &mut self.core.resuming else { return };
        let Some(place) = resuming.consumers.iter().position(|saved| saved.name == name) else {
            resuming.fail(RestoreError::NewConsumer { name: name.to_owned() });
            return;
        };
        let saved = resuming.consumers.remove(place);
        if let Some(kept) = &saved.kept
            && let Err(why) = restore(consumer, kept)
        {
            resuming.fail(RestoreError::Consumer { name: name.to_owned(), why });
        }
        self.core.restoring = Some(saved);
    }

    /// Gives the accounts back what they kept.
    pub(in crate::engine) fn give_back_accounts(&mut self, matching: &mut dyn Matching) {
        let Some(resuming) = &mut self.core.resuming else { return };
        match resuming.accounts.take() {
            Some(kept) => {
                if let Err(why) = matching.restore(&kept) {
                    resuming.fail(RestoreError::Accounts { why });
                }
            }
            None if resuming.has_accounts => {}
            None => resuming.fail(RestoreError::OtherAccounts { had: false }),
        }
    }
}

impl Core {
    /// Everything of the run but its consumers and accounts stands as at the checkpoint of `session`.
    fn restore(&mut self, session: TradingDate, parts: Parts) -> Result<(), RestoreError> {
        let is_live = self.kind == FeedKind::Live;
        if parts.is_live != is_live {
            return Err(RestoreError::OtherKind { session, is_live: parts.is_live });
        }
        let following = self.plan_through(session, parts.n_sessions)?;
        self.rule.derived = parts.derived;
        self.plan.change_indicators(parts.indicators);
        self.later.clear();
        self.advance_clock(parts.clock).map_err(Box::new)?;
        self.wall.go_on_from(parts.wall);
        let shut = self.board.go_on_from(parts.board, parts.clock, Reason::Closed);
        shut.map_err(|error| Box::new(RunError::from(error)))?;
        self.board.advance_inside(parts.clock);
        self.record.restore(parts.record, session);
        self.restore_known(parts.known);
        self.restore_kept(&parts.kept)?;
        for carried in parts.carried {
            let run = self.restore_carried(carried, session, &following)?;
            self.carried.push(run);
        }
        self.facts.change(|facts| facts.next_open = Some(following.open));
        let (consumers, accounts) = (parts.consumers, parts.accounts);
        let has_accounts = accounts.is_some();
        self.resuming = Some(Resuming { consumers, accounts, has_accounts, failure: None });
        Ok(())
    }

    /// Plans the sessions through the one that follows `session`, which is the last of `n_sessions`.
    fn plan_through(
        &mut self,
        session: TradingDate,
        n_sessions: usize,
    ) -> Result<Session, RestoreError> {
        while self.plan.sessions.len() <= n_sessions {
            let n_planned = self.plan.sessions.len();
            self.plan.go_on().map_err(|error| Box::new(RunError::from(error)))?;
            if self.plan.sessions.len() == n_planned {
                break;
            }
        }
        let dates = n_sessions.checked_sub(1).and_then(|last| self.plan.sessions.get(last));
        let following = self.plan.sessions.get(n_sessions).copied();
        match following {
            Some(following) if dates.is_some_and(|last| last.date == session) => {
                let sessions = self.plan.sessions.clone();
                let ahead = read_ahead(&self.plan, &sessions[n_sessions..], self.source.as_mut());
                ahead.map_err(|_| RestoreError::OtherSessions { session })?;
                Ok(following)
            }
            _ => Err(RestoreError::OtherSessions { session }),
        }
    }

    /// Reads the bars of the last live sessions again, each held against what it had.
    fn restore_kept(&mut self, kept: &[KeptPart]) -> Result<(), RestoreError> {
        let mut admitted = Admitted::default();
        let mut readers: Vec<(Symbol, SessionReader)> = Vec::new();
        for part in kept {
            let bars = self.read_again(part, &mut readers, &mut admitted).map_err(Box::new)?;
            if (bars.bars.len(), bars_digest(Digest::default(), &bars)) != (part.n_bars, part.print)
            {
                return Err(RestoreError::BarsChanged {
                    symbol: part.symbol.clone(),
                    interval: self.rule.base,
                    session: part.date,
                    needed: part.n_bars,
                    found: bars.bars.len(),
                });
            }
            self.kept.keep_bars(&part.symbol, part.date, bars);
        }
        Ok(())
    }

    /// The bars of a live session, as the source has kept them or as they are stored.
    fn read_again(
        &mut self,
        part: &KeptPart,
        readers: &mut Vec<(Symbol, SessionReader)>,
        admitted: &mut Admitted,
    ) -> Result<WholeBars, RunError> {
        let base = self.rule.base;
        let key = SeriesKey { symbol: part.symbol.clone(), interval: base };
        let known = self.plan.sessions.iter().find(|session| session.date == part.date);
        let Some(session) = known else { return Ok(WholeBars::default()) };
        let layout = self.rule.lay(*session)?;
        let slots = SlotsOf::Base(base);
        if let Some(rows) = self.source.delivered(&key, part.date)? {
            let mut reader = SessionReader::new(Box::new(MemoryFeed::new(key, rows)));
            return Ok(reader.read_bars(&layout, slots, admitted)?);
        }
        if readers.last().is_none_or(|(symbol, _)| *symbol != part.symbol) {
            let feed = self.source.feed(&key, &self.rule.calendar)?;
            readers.push((part.symbol.clone(), SessionReader::new(feed)));
        }
        let (_, reader) = readers.last_mut().expect("one was pushed");
        Ok(reader.read_bars(&layout, slots, admitted)?)
    }

    /// A symbol that goes on into the session `following`, as it was.
    fn restore_carried(
        &mut self,
        part: CarriedPart,
        session: TradingDate,
        following: &Session,
    ) -> Result<Box<SymbolRun>, RestoreError> {
        let CarriedPart { symbol, membership, locks, digests, followed_through, state, windows } =
            part;
        let mut run = self.open_again(&symbol, membership, following).map_err(Box::new)?;
        if state_print(&run) != state {
            return Err(RestoreError::IndicatorsChanged { symbol, session });
        }
        let now = run.history.prints();
        for (interval, date, print) in windows {
            let known = now.iter().find(|(of, on, _)| (*of, *on) == (interval, date));
            if known.is_some_and(|(.., now)| *now != print) {
                return Err(RestoreError::WindowChanged { symbol, interval, session: date });
            }
        }
        (run.locks, run.digests, run.followed_through) = (locks, digests, followed_through);
        if let Some(through) = followed_through {
            // It goes on where it was, and is not sought again: what came late is counted as it was.
            run.is_followed = true;
            run.reader.feed.seek(through).map_err(|error| Box::new(RunError::from(error)))?;
        }
        Ok(run)
    }
}
