//! Mistakes that can be planted, so that a test is seen to fail: each is one that engines of this
//! kind have really made.
//!
//! Without the feature `planted` none of them exists: [`planted`] is `false` where it is compiled,
//! and nothing is left of the question. The simulator of the tests is the only one that asks for
//! the feature, and its `--mutants` shows by which invariant each is caught.

macro_rules! mistakes {
    ($($name:ident: $sentence:literal,)*) => {
        /// A mistake, and what it does in the words of someone who finds it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Planted {
            $(#[doc = $sentence] $name,)*
        }

        impl Planted {
            /// All of them, each with its sentence.
            pub const ALL: &'static [(Planted, &'static str)] =
                &[$((Planted::$name, $sentence),)*];
        }
    };
}

mistakes! {
    LagFromOpen: "Lag is taken from the bar's open, so that a bar is a minute late when it is born.",
    EqualIsOver: "Lag at the threshold counts as lag.",
    RecoveryForgotten: "A lagging symbol is caught up at the threshold, whatever the recovery threshold is.",
    LagCountsBreaks: "Lag counts time in which the market was shut.",
    LastCheckedWins: "One flag for all: the symbol that was checked last decides.",
    CheckEveryTenthOnly: "A lagging symbol waits for its tenth bar to be checked again.",
    SharedCounter: "One counter for all symbols, so that a newcomer's first bar is not checked.",
    RemovedStaysLagging: "A symbol that is removed stays in the set that holds the gate.",
    OpenedBeforePublished: "The gate opens before the view behind it is there.",
    SwitchToldLate: "Consumers hear of a shut gate when it is open again.",
    ResumedLost: "Nobody is told that the gate is open again.",
    LastInstantUnpublished: "The session's last instant is not published.",
    EpochNotCounted: "Shutting does not begin an epoch.",
    ClockSetBack: "Catching up sets the clock back for those who poll it.",
    BacklogAnnouncedTwice: "The last bar of a backlog is announced again at the seam.",
    LiveBarFirst: "A newcomer's first live bar comes before its backlog.",
    BacklogOutOfOrder: "Of several newcomers, the last in the order of symbols is caught up first.",
    RejectionsKnownEarly: "What was read ahead is counted at once.",
    QuietKnownEarly: "The status says at the open that a symbol will have no bar all day.",
    ScheduleBeforeNotices: "Scheduled commands are taken before the instant's notices.",
    AskedTakenLate: "What a consumer asks for waits for the next instant.",
    ReAddSeesOldState: "A symbol that comes back has the generation that it had.",
    NewcomerForgetsDays: "A symbol that joins on a later day begins its indicators anew.",
    UncheckedShown: "With scope symbol, a newcomer is shown until its first check.",
    LockIgnored: "A locked symbol is removed.",
    StayForgotten: "A symbol added for a session stays for the run.",
    AddedTwice: "A member that is added again is told that it was added.",
    PlaceForgotten: "A command does not say its place among those of its step.",
    AbandonedUnlogged: "An add that is on its way when the run stops is not logged.",
    HistoryIncludesToday: "The trailing sessions include the day itself.",
    HistoryCutShort: "A trailing window is one session short.",
    HalfDayIgnored: "A session that closes early is run to the normal close.",
    WindowOnUtcHour: "Windows are anchored on the hour of universal time.",
    DerivedBeforeClose: "A derived bar can be read before its close.",
    DerivedByArrivalOnly: "A window closes when the next bar comes, not by the clock.",
    ExtendedInWeek: "A week takes in the pre- and post-market bars of its days.",
    BarsAtCloseIncluded: "The print at the close is a bar of the session.",
    DuplicatesPass: "Of rows with one stamp every one is a bar.",
    InvalidPasses: "A row with values that no bar can have becomes a bar.",
    QualityOfWholeDay: "Quality is counted against the whole day.",
    DigestIgnoresOrder: "The digest is the same for every order of deliveries.",
}

/// Whether the mistake was planted.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn planted(_: Planted) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use with_feature::{plant, planted};

#[cfg(feature = "planted")]
mod with_feature {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Planted;

    const NONE: u8 = u8::MAX;

    static PLANTED: AtomicU8 = AtomicU8::new(NONE);

    /// Whether the mistake was planted.
    pub fn planted(mistake: Planted) -> bool {
        PLANTED.load(Ordering::Relaxed) == mistake as u8
    }

    /// Plants one mistake in the whole program, in place of the one before, or none.
    pub fn plant(mistake: Option<Planted>) {
        PLANTED.store(mistake.map_or(NONE, |mistake| mistake as u8), Ordering::Relaxed);
    }
}
