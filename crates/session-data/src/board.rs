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

use std::sync::Arc;

use openbell_time::Timestamp;

use crate::inactive::{Inactive, InactiveFacts, LaggingSymbol, Reason};
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
    shut: Shared<InactiveFacts>,
    inside: Shared<Arc<Roster>>,
    inside_clock_ns: AtomicI64,
    /// Nobody: what readers keep while the gate is shut.
    empty: Arc<Roster>,
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
    fn new() -> Board {
        let empty = Arc::new(Roster::empty());
        let shut = InactiveFacts { since: None, epoch: 0, reason: Reason::NotOpen };
        Board {
            word: AtomicU64::new(Word { is_active: false, epoch: 0, publication: 0 }.pack()),
            slots: std::array::from_fn(|_| Slot {
                instant_ns: AtomicI64::new(i64::MIN),
                frame_version: AtomicU64::new(0),
            }),
            rosters: Shared::new(Rosters { newest: Arc::clone(&empty), previous: None }),
            shut: Shared::new(shut),
            inside: Shared::new(Arc::clone(&empty)),
            inside_clock_ns: AtomicI64::new(i64::MIN),
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

    fn look_anew(&self, seen: &mut Seen) -> Result<(), Inactive> {
        loop {
            let raw = self.word.load(Ordering::Acquire);
            let word = Word::unpack(raw);
            if !word.is_active {
                let Some(inactive) = self.inactive(word.epoch) else {
                    continue; // It has switched again: look at the new word.
                };
                // A reader that waits for the next day does not keep the memory of the last.
                seen.word = Word::NEVER;
                if seen.roster.version() != self.empty.version() {
                    seen.roster = Arc::clone(&self.empty);
                }
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

    fn inactive(&self, epoch: u64) -> Option<Inactive> {
        let facts = self.shut.load();
        (facts.epoch == epoch).then(|| Inactive::new((*facts).clone()))
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
    /// A board without members whose gate is shut as *not open*.
    pub fn new() -> BoardWriter {
        let board = Arc::new(Board::new());
        let roster = board.newest_roster();
        let word = Word::unpack(board.word.load(Ordering::Relaxed));
        BoardWriter { board, word, roster, is_frame_published: true, has_previous: false }
    }

    /// A reader for strategies, scanners, services and displays: every view passes the gate.
    pub fn outside_reader(&self) -> OutsideReader {
        OutsideReader::new(Arc::clone(&self.board))
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

    /// Publishes everything that is in place as of `instant`, with the gate open, and opens it
    /// where it was shut. Returns whether it was.
    ///
    /// *Time*: views of this publication show rows visible at `instant`, nothing later.
    pub fn publish(&mut self, instant: Timestamp) -> Opened {
        let opened = if self.word.is_active { Opened::No } else { Opened::Yes };
        let publication = self.word.publication + 1;
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
        let slot = &self.board.slots[(publication % N_SLOTS) as usize];
        slot.instant_ns.store(instant.as_nanos(), Ordering::Release);
        slot.frame_version.store(self.roster.version(), Ordering::Release);
        let epoch = self.word.epoch + u64::from(opened == Opened::Yes);
        self.store(Word { is_active: true, epoch, publication });
        opened
    }

    /// Shuts the gate at `since` for `reason`; where it is shut already, replaces the reason.
    /// Returns whether it was open.
    pub fn shut(&mut self, since: Option<Timestamp>, reason: Reason) -> Shut {
        let was_open = if self.word.is_active { Shut::JustNow } else { Shut::Already };
        let epoch = self.word.epoch + u64::from(was_open == Shut::JustNow);
        let since = match was_open {
            Shut::JustNow => since,
            Shut::Already => self.board.shut.load().since.or(since),
        };
        self.board.shut.replace(InactiveFacts { since, epoch, reason });
        self.store(Word { is_active: false, epoch, publication: self.word.publication });
        was_open
    }

    /// Why the gate is shut, where it is.
    pub fn inactive(&self) -> Option<Inactive> {
        if self.word.is_active { None } else { self.board.inactive(self.word.epoch) }
    }

    fn store(&mut self, word: Word) {
        self.word = word;
        self.board.word.store(word.pack(), Ordering::Release);
    }
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
