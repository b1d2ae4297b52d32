//! The board itself: the publishing word, the recent publications, and the one hand that writes
//! them.
//!
//! # How a publication reaches a reader
//!
//! The writer puts everything in place first and stores the word last: rows into segments, the
//! frame (when the members changed), the publication's slot (instant and frame version), then the
//! word. A reader loads the word; when it is active it reads the slot of that publication and
//! loads the word again: if the writer has meanwhile come so far that the slot may have been
//! written over, it begins again. So what it holds belongs to one publication, at one instant at
//! which the session was active. The reader never waits: it repeats only when the writer has gone
//! on.
//!
//! No word comes twice while it is active, since the publication in it only grows. So a reader that
//! finds the word of its last view again may use what it found then, and that load alone is the
//! gate.
//!
//! Shutting is the same in the other direction: the reason is in place before the word says
//! inactive.
//!
//! Live, what is published has a deadline, which is renewed behind the word (`deadline.rs` beside):
//! a reader holds it against a coarse clock, and is refused when the core is not heard by then.

use std::sync::Arc;

use openbell_time::{CoarseClock, Timestamp};
use thiserror::Error;

use crate::deadline::Deadline;
use crate::inactive::{HolderLags, Inactive, InactiveFacts, LaggingSymbol, Reason};
use crate::publication::Publication;
use crate::reader::{InsideReader, OutsideReader};
use crate::roster::{Member, Roster, SessionFacts};
use crate::sync::{AtomicI64, AtomicU64, Ordering, Shared, fence};
use crate::view::View;
use crate::word::Word;

/// Publications whose instants are kept. A reader that is overtaken by more than this between
/// two loads begins again. Few under loom, so that being overtaken is among what it tries.
#[cfg(not(loom))]
const N_SLOTS: u64 = 64;
#[cfg(loom)]
const N_SLOTS: u64 = 3;

/// What a publication number leads to.
struct Slot {
    instant_ns: AtomicI64,
    frame_version: AtomicU64,
}

/// The newest frame and the one before it, for a reader between two publications.
struct Rosters {
    newest: Arc<Roster>,
    previous: Option<Arc<Roster>>,
}

impl Rosters {
    fn of_version(&self, version: u64) -> Option<Arc<Roster>> {
        if self.newest.version() == version {
            return Some(Arc::clone(&self.newest));
        }
        self.previous.as_ref().filter(|roster| roster.version() == version).map(Arc::clone)
    }
}

/// The state that the writer and all readers share.
pub(crate) struct Board {
    word: AtomicU64,
    slots: [Slot; N_SLOTS as usize],
    rosters: Shared<Rosters>,
    shut: Shared<ShutFacts>,
    inside: Shared<Arc<Roster>>,
    inside_clock_ns: AtomicI64,
    deadline: Deadline,
    /// Nobody: what readers keep while the gate is shut.
    empty: Arc<Roster>,
}

/// Why the gate is shut, and where the lags of now are to be had.
struct ShutFacts {
    facts: InactiveFacts,
    lags: Option<Arc<dyn HolderLags>>,
}

/// What a reader has met last: a publication with its frame, and the word that led there.
#[derive(Clone)]
pub(crate) struct Seen {
    word: u64,
    publication: Publication,
    roster: Arc<Roster>,
}

impl Seen {
    pub(crate) fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    pub(crate) fn publication(&self) -> Publication {
        self.publication
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(&self.roster, self.publication)
    }

    /// The word of the publication; [`Word::NEVER`] where nothing is seen.
    pub(crate) fn word(&self) -> u64 {
        self.word
    }
}

impl Board {
    fn new(deadline: Deadline) -> Board {
        let empty = Arc::new(Roster::empty());
        let shut = InactiveFacts { since: None, epoch: 0, reason: Reason::NotOpen };
        Board {
            word: AtomicU64::new(Word { is_active: false, epoch: 0, publication: 0 }.pack()),
            slots: std::array::from_fn(|_| Slot {
                instant_ns: AtomicI64::new(i64::MIN),
                frame_version: AtomicU64::new(0),
            }),
            rosters: Shared::new(Rosters { newest: Arc::clone(&empty), previous: None }),
            shut: Shared::new(ShutFacts { facts: shut, lags: None }),
            inside: Shared::new(Arc::clone(&empty)),
            inside_clock_ns: AtomicI64::new(i64::MIN),
            deadline,
            empty,
        }
    }

    /// Nothing seen yet, by a reader that is to find the newest frame at hand.
    pub(crate) fn unseen(&self) -> Seen {
        let publication = Publication { number: 0, epoch: 0, instant: Timestamp::MIN };
        Seen { word: Word::NEVER, publication, roster: self.newest_roster() }
    }

    /// Whether the word is still `word`, which led to a publication: then it still does, and the
    /// session is active.
    #[inline]
    pub(crate) fn is_still(&self, word: u64) -> bool {
        self.word.load(Ordering::Acquire) == word
    }

    /// Leaves in `seen` the publication that is current at one instant within this call; or says
    /// why there is none, and leaves nobody there.
    #[inline]
    pub(crate) fn look(&self, seen: &mut Seen) -> Result<(), Inactive> {
        if self.is_still(seen.word) { Ok(()) } else { self.look_anew(seen) }
    }

    /// Whether the word is still `word`, which this reader has met, and its deadline lies ahead.
    #[inline]
    pub(crate) fn is_still_heard(&self, word: u64, clock: &CoarseClock) -> bool {
        self.deadline.is_ahead_of(clock) && self.is_still(word) // In this order: see there.
    }

    /// As [`Board::look`], for a reader that holds the core's deadline against `clock`.
    #[inline]
    pub(crate) fn look_heard(&self, seen: &mut Seen, clock: &CoarseClock) -> Result<(), Inactive> {
        if self.is_still_heard(seen.word, clock) {
            Ok(())
        } else {
            self.look_heard_anew(seen, clock)
        }
    }

    /// Begins again where word or deadline have changed on the way, so only when the core was heard.
    fn look_heard_anew(&self, seen: &mut Seen, clock: &CoarseClock) -> Result<(), Inactive> {
        loop {
            self.look(seen)?;
            let given = self.deadline.given();
            let stall = given.stall(clock.now());
            // What the ticker's thread knew of is known from here on, renewals among it.
            fence(Ordering::Acquire);
            if self.deadline.given() != given || !self.is_still(seen.word) {
                continue;
            }
            let Some((since, reason)) = stall else { return Ok(()) };
            let (since, epoch) = (Some(since), seen.publication.epoch);
            self.forget(seen);
            return Err(Inactive::new(InactiveFacts { since, epoch, reason }));
        }
    }

    fn look_anew(&self, seen: &mut Seen) -> Result<(), Inactive> {
        loop {
            let raw = self.word.load(Ordering::Acquire);
            let word = Word::unpack(raw);
            if !word.is_active {
                let Some(inactive) = self.inactive(word.epoch) else {
                    continue; // It has switched again: look at the new word.
                };
                self.forget(seen);
                return Err(inactive);
            }
            let slot = &self.slots[(word.publication % N_SLOTS) as usize];
            let instant_ns = slot.instant_ns.load(Ordering::Acquire);
            let frame_version = slot.frame_version.load(Ordering::Acquire);
            fence(Ordering::Acquire);
            let later = Word::unpack(self.word.load(Ordering::Relaxed));
            // The slot is written over from the moment the word stands N_SLOTS - 1 further.
            if later.publication - word.publication >= N_SLOTS - 1 {
                continue;
            }
            if seen.roster.version() != frame_version {
                match self.rosters.load().of_version(frame_version) {
                    Some(roster) => seen.roster = roster,
                    None => continue, // The writer has gone two frames on.
                }
            }
            let instant = Timestamp::from_nanos(instant_ns);
            let (number, epoch) = (word.publication, word.epoch);
            (seen.word, seen.publication) = (raw, Publication { number, epoch, instant });
            return Ok(());
        }
    }

    /// Leaves nobody in `seen`: a reader that waits for the next day does not keep the memory of the
    /// last.
    fn forget(&self, seen: &mut Seen) {
        seen.word = Word::NEVER;
        if seen.roster.version() != self.empty.version() {
            seen.roster = Arc::clone(&self.empty);
        }
    }

    fn inactive(&self, epoch: u64) -> Option<Inactive> {
        let shut = self.shut.load();
        (shut.facts.epoch == epoch).then(|| {
            let InactiveFacts { since, epoch, reason } = shut.facts.clone();
            let reason = match &shut.lags {
                Some(lags) => reason.with_lags(lags.as_ref()),
                None => reason,
            };
            Inactive::new(InactiveFacts { since, epoch, reason })
        })
    }

    pub(crate) fn inside(&self) -> (Arc<Roster>, Timestamp) {
        // Members first: a clock that is older than they are hides rows, never shows too many.
        let roster = self.inside.load();
        (Arc::clone(&roster), Timestamp::from_nanos(self.inside_clock_ns.load(Ordering::Acquire)))
    }

    pub(crate) fn newest_roster(&self) -> Arc<Roster> {
        Arc::clone(&self.rosters.load().newest)
    }
}

/// The one hand that publishes and switches the gate; made with its board, not `Clone`.
///
/// *Shape*: a number of publications counts up; publications happen only while the gate is open,
/// or open it.
pub struct BoardWriter {
    board: Arc<Board>,
    /// What readers of a live board hold the core's deadline against.
    clock: Option<CoarseClock>,
    word: Word,
    roster: Arc<Roster>,
    /// Whether `roster` has been given to outsiders.
    is_frame_published: bool,
    /// Whether the published frame still has its predecessor beside it.
    has_previous: bool,
}

impl Default for BoardWriter {
    fn default() -> BoardWriter {
        BoardWriter::new()
    }
}

impl BoardWriter {
    /// The board of a replay, without members, whose gate is shut as *not open*: its readers hold
    /// nothing against a clock.
    pub fn new() -> BoardWriter {
        BoardWriter::with_clock(None)
    }

    /// The board of a live run, without members, whose gate is shut as *not open*: its outside
    /// readers yield [`Reason::Stalled`] from the moment when `clock` shows the deadline that was
    /// given last ([`BoardWriter::hold_until`]), or has lost its ticker, until the core is heard
    /// again.
    ///
    /// ```
    /// use openbell_session_data::BoardWriter;
    /// use openbell_time::{CoarseTicker, Timestamp};
    /// let at = Timestamp::from_nanos;
    /// let (mut ticker, clock) = CoarseTicker::new(at(100));
    /// let mut board = BoardWriter::live(clock);
    /// let mut reader = board.outside_reader();
    ///
    /// let _ = board.publish(at(100))?;
    /// board.hold_until(at(105));
    /// assert!(reader.view().is_ok());
    /// ticker.tick(at(105));
    /// assert_eq!(reader.view().err().map(|no| no.facts().reason.name()), Some("stalled"));
    ///
    /// board.hold_until(at(110)); // A look that found nothing new.
    /// assert!(reader.view().is_ok());
    /// # Ok::<(), openbell_session_data::Exhausted>(())
    /// ```
    pub fn live(clock: CoarseClock) -> BoardWriter {
        BoardWriter::with_clock(Some(clock))
    }

    fn with_clock(clock: Option<CoarseClock>) -> BoardWriter {
        let begins_at = clock.as_ref().map_or(Timestamp::MIN, CoarseClock::now);
        let board = Arc::new(Board::new(Deadline::new(begins_at)));
        let roster = board.newest_roster();
        let word = Word::unpack(board.word.load(Ordering::Relaxed));
        BoardWriter { board, clock, word, roster, is_frame_published: true, has_previous: false }
    }

    /// A reader for strategies, scanners, services and displays: every view passes the gate, and
    /// live also the deadline.
    pub fn outside_reader(&self) -> OutsideReader {
        OutsideReader::new(Arc::clone(&self.board), self.clock.clone())
    }

    /// An outside reader, also its clones, for what the core itself calls and waits for: every view
    /// passes the gate, and no deadline, since a core that calls is heard by whom it calls. So what a
    /// consumer reads does not depend on how long it takes.
    pub fn called_reader(&self) -> OutsideReader {
        OutsideReader::new(Arc::clone(&self.board), None)
    }

    /// A reader for the processor, quality and tests of the inside: it sees what the core has
    /// delivered, whether or not the gate is open.
    pub fn inside_reader(&self) -> InsideReader {
        InsideReader::new(Arc::clone(&self.board))
    }

    /// Whether the gate is open.
    pub fn is_active(&self) -> bool {
        self.word.is_active
    }

    /// Switches of the gate so far.
    pub fn epoch(&self) -> u64 {
        self.word.epoch
    }

    /// Publications so far.
    pub fn publication(&self) -> u64 {
        self.word.publication
    }

    /// The frame as insiders see it.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Replaces the members: for insiders now, for outsiders with the next publication.
    ///
    /// *Cost*: linear in members; allocates.
    pub fn change_members(
        &mut self,
        session: Option<SessionFacts>,
        members: Vec<Arc<Member>>,
        withheld: Vec<LaggingSymbol>,
    ) {
        let version = self.roster.version() + 1;
        self.roster = Arc::new(Roster::new(version, session, members, withheld));
        self.is_frame_published = false;
        self.board.inside.replace(Arc::clone(&self.roster));
    }

    /// Shows insiders that the clock stands at `instant`.
    pub fn advance_inside(&mut self, instant: Timestamp) {
        self.board.inside_clock_ns.store(instant.as_nanos(), Ordering::Release);
    }

    /// Says that the core is heard, and will be again before `deadline` of the clock of
    /// [`BoardWriter::live`]: for what is published now, and for what is published until this is
    /// called again. Without it nobody may read a live board; a replay's has no deadline.
    ///
    /// Called after the publication that it is for, so that whoever reads by this deadline reads that
    /// publication and none before; or alone, where there is nothing to publish.
    ///
    /// *Time*: `deadline` is that clock's `now()` and the length of silence that outsiders may read
    /// through; a wall clock that was set back shows less than that clock.
    pub fn hold_until(&mut self, deadline: Timestamp) {
        if let Some(clock) = &self.clock {
            self.board.deadline.renew(clock.now(), deadline);
        }
    }

    /// Publishes everything that is in place as of `instant`, with the gate open, and opens it
    /// where it was shut. Returns whether it was.
    ///
    /// *Time*: views of this publication show rows visible at `instant`, nothing later.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], and nothing is changed: a gate that is open is still open, and can be shut.
    pub fn publish(&mut self, instant: Timestamp) -> Result<Opened, Exhausted> {
        let Word { epoch, publication, .. } = self.word;
        let word = self.word.published().ok_or(Exhausted { epoch, publication })?;
        let opened = if self.word.is_active { Opened::No } else { Opened::Yes };
        if !self.is_frame_published {
            let previous = Some(self.board.newest_roster());
            self.board.rosters.replace(Rosters { newest: Arc::clone(&self.roster), previous });
            self.is_frame_published = true;
            self.has_previous = true;
        } else if self.has_previous {
            // One publication later nobody needs the old frame: a reader that was about to look
            // for it finds the word changed and begins again. Removed members' memory returns.
            self.board
                .rosters
                .replace(Rosters { newest: Arc::clone(&self.roster), previous: None });
            self.has_previous = false;
        }
        let slot = &self.board.slots[(word.publication % N_SLOTS) as usize];
        slot.instant_ns.store(instant.as_nanos(), Ordering::Release);
        slot.frame_version.store(self.roster.version(), Ordering::Release);
        self.store(word);
        Ok(opened)
    }

    /// Shuts the gate at `since` for `reason`; where it is shut already, replaces the reason.
    /// Returns whether it was open. There is always a number for it.
    pub fn shut(&mut self, since: Option<Timestamp>, reason: Reason) -> Shut {
        self.shut_with_lags(since, reason, None)
    }

    /// As [`BoardWriter::shut`]; where `lags` are there, whoever is told the reason is told the lags of
    /// its holders as they are by then.
    pub fn shut_with_lags(
        &mut self,
        since: Option<Timestamp>,
        reason: Reason,
        lags: Option<Arc<dyn HolderLags>>,
    ) -> Shut {
        let was_open = if self.word.is_active { Shut::JustNow } else { Shut::Already };
        let word = self.word.shut();
        let since = match was_open {
            Shut::JustNow => since,
            Shut::Already => self.board.shut.load().facts.since.or(since),
        };
        let facts = InactiveFacts { since, epoch: word.epoch, reason };
        self.board.shut.replace(ShutFacts { facts, lags });
        self.store(word);
        was_open
    }

    /// Why the gate is shut, where it is.
    pub fn inactive(&self) -> Option<Inactive> {
        if self.word.is_active { None } else { self.board.inactive(self.word.epoch) }
    }

    /// Goes on where another board was when its gate had been shut: with as many switches and publications,
    /// shut `since` then for `reason`. Before anything is published here.
    ///
    /// # Errors
    ///
    /// [`Exhausted`], where no board has that many; nothing is changed.
    ///
    /// ```
    /// use openbell_session_data::{BoardWriter, Reason};
    /// use openbell_time::Timestamp;
    /// let at = Timestamp::from_nanos;
    /// let mut board = BoardWriter::new();
    /// board.go_on_from((4, 31), at(100), Reason::Closed)?;
    /// assert_eq!((board.epoch(), board.publication(), board.is_active()), (4, 31, false));
    /// let _ = board.publish(at(160))?;
    /// assert_eq!((board.epoch(), board.publication(), board.is_active()), (5, 32, true));
    /// # Ok::<(), openbell_session_data::Exhausted>(())
    /// ```
    pub fn go_on_from(
        &mut self,
        (epoch, publication): (u64, u64),
        since: Timestamp,
        reason: Reason,
    ) -> Result<(), Exhausted> {
        let word = Word { is_active: false, epoch, publication };
        if word.published().is_none() {
            return Err(Exhausted { epoch, publication });
        }
        let facts = InactiveFacts { since: Some(since), epoch, reason };
        self.board.shut.replace(ShutFacts { facts, lags: None });
        self.store(word);
        Ok(())
    }

    /// Shuts the gate with the numbers left that open and shut it once more: for tests of what a run
    /// does when it has none. No part of the interface.
    #[doc(hidden)]
    pub fn spend_numbers(&mut self) {
        let word = self.word.nearly_spent();
        let spent = InactiveFacts { since: None, epoch: word.epoch, reason: Reason::NotOpen };
        self.board.shut.replace(ShutFacts { facts: spent, lags: None });
        self.store(word);
    }

    fn store(&mut self, word: Word) {
        self.word = word;
        self.board.word.store(word.pack(), Ordering::Release);
    }
}

/// The board has no number left to publish by: after 17 billion publications or half a billion
/// switches of the gate a run is to be ended, and another begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "cannot publish: no number is left after {publication} publications and {epoch} switches of the \
     gate; end this run and begin another"
)]
pub struct Exhausted {
    /// Switches of the gate so far.
    pub epoch: u64,
    /// Publications so far.
    pub publication: u64,
}

/// Whether a publication opened the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Opened {
    /// The gate was open before.
    No,
    /// This publication opened it.
    Yes,
}

/// Whether shutting switched the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Shut {
    /// It was open until now.
    JustNow,
    /// It was shut already.
    Already,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::word::tests::last_to_publish;

    /// A board that has come as far as `word`.
    fn board_at(word: Word) -> BoardWriter {
        let mut board = BoardWriter::new();
        let _ = board.publish(Timestamp::from_nanos(1));
        board.store(word);
        board
    }

    #[test]
    fn a_board_without_numbers_refuses_to_open_and_what_is_open_can_be_shut() {
        let mut board = BoardWriter::new();
        board.spend_numbers();
        let mut reader = board.outside_reader();
        assert_eq!(board.publish(Timestamp::from_nanos(2)), Ok(Opened::Yes));
        assert!(reader.view().is_ok());
        assert_eq!(board.shut(Some(Timestamp::from_nanos(2)), Reason::Closed), Shut::JustNow);
        let (epoch, publication) = (board.epoch(), board.publication());
        let refused = board.publish(Timestamp::from_nanos(3));
        assert_eq!(refused, Err(Exhausted { epoch, publication }));
        assert_eq!(board.shut(None, Reason::Failed), Shut::Already);
        assert_eq!(reader.view().err().map(|no| no.facts().reason.clone()), Some(Reason::Failed));
    }

    #[test]
    fn a_board_without_publications_keeps_what_it_has_published_until_it_is_shut() {
        let mut board = board_at(last_to_publish());
        let mut reader = board.outside_reader();
        assert_eq!(board.publish(Timestamp::from_nanos(2)), Ok(Opened::No));
        assert!(board.publish(Timestamp::from_nanos(3)).is_err());
        assert_eq!(reader.view().map(|view| view.instant()), Ok(Timestamp::from_nanos(2)));
        assert_eq!(board.shut(Some(Timestamp::from_nanos(3)), Reason::Failed), Shut::JustNow);
        assert!(reader.view().is_err());
    }
}
