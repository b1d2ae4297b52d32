//! The gate of a session as a value: who holds it, by which scope, and what a look at it leads to.
//!
//! The members stand in symbol order, as they do in the session, and are named by their position.
//! Nothing here knows the engine, the board that publishes the gate, or consumers: the engine asks
//! for a [`Verdict`] and does what it says. A replay lets the gate hold by lag alone; live, each
//! look at the feeds tells what is known of them.
//!
//! Not here: opening and shutting (the engine's `gate.rs`), the word that readers see
//! (`openbell-session-data`).

pub(crate) mod hold;
pub(crate) mod lag;

use openbell_config::GateScope;
use openbell_time::Nanos;

use hold::{Hold, HoldCause};
use lag::{LagChange, LagMeter, LagRule, LagState};

/// Whether a member is with the session, or still on its way into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Presence {
    /// It was added, and has not caught up yet.
    Joining,
    /// It has caught up.
    Joined,
}

/// How one member stands with the gate.
#[derive(Clone, Copy, Debug)]
struct Standing {
    meter: LagMeter,
    /// The lag at its last check; `None` before the first.
    lag: Option<Nanos>,
    presence: Presence,
    hold: Hold,
}

impl Standing {
    /// A live member that has begun to lag holds: consumers are told at once what they missed of it,
    /// also where it is with the clock again in the same look. Nobody expects a newcomer's bars.
    fn hold_from_now(&mut self, lag: Nanos, cause: HoldCause) {
        let cause = match self.presence {
            Presence::Joining => HoldCause::CatchingUp,
            Presence::Joined => cause,
        };
        if let Hold::Free | Hold::Released | Hold::Unseen = self.hold {
            self.hold = Hold::Held { lag, cause };
        }
    }

    fn lags(&self) -> bool {
        self.meter.state() == LagState::Lagging
    }

    /// By how much it holds the gate, and why; `None` where it does not.
    fn held(&self) -> Option<(Nanos, HoldCause)> {
        match self.hold {
            Hold::Held { lag, cause } => Some((lag, cause)),
            // A check that fails within a look counts at once.
            Hold::ByLag | Hold::Unseen | Hold::Released | Hold::Free => {
                let lag = self.lag.filter(|_| self.lags())?;
                Some((lag, HoldCause::CatchingUp))
            }
        }
    }
}

/// A member that holds the gate or is withheld.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HeldMember {
    /// Its position.
    pub(crate) position: usize,
    /// Its lag; `None` where none is known yet.
    pub(crate) lag: Option<Nanos>,
}

/// Who holds the gate, in symbol order, and the gravest cause among them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Holders {
    pub(crate) cause: HoldCause,
    pub(crate) members: Vec<HeldMember>,
}

/// Where the gate stands when it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GateState {
    Open,
    Shut,
}

/// What a look at the gate leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Verdict {
    /// It shuts, before anything else is visible to anyone outside.
    Shuts(Holders),
    /// It stays shut, for these members now.
    Renews(Holders),
    /// It opens, with the next publication.
    Opens,
    /// It stays open.
    Stays,
}

/// What is known of a member's live feed at a look, after all that has arrived is delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedFacts {
    /// What its link is doing.
    pub(crate) link: LinkState,
    /// Whether the exchange has halted it, so that it owes no bar.
    pub(crate) is_halted: bool,
    /// For how long the next expected bar is overdue, in open-market time.
    pub(crate) overdue: Nanos,
    /// The clock minus the instant the feed is complete through, in open-market time.
    pub(crate) behind: Nanos,
    /// Whether the feed is complete through the open.
    pub(crate) is_complete_through_open: bool,
    /// Whether a bar was expected after the last one, and it is proven that there is none.
    pub(crate) is_proven_quiet: bool,
    /// Whether the gate has been open in this session.
    pub(crate) has_opened: bool,
}

/// What the link of a live feed is doing, as far as it is the gate's concern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LinkState {
    /// It is up, or about to be: what is complete says the rest.
    Up,
    /// Nothing comes.
    Down,
    /// It is up, and the clocks differ by more than is allowed.
    Skewed,
    /// The source refuses for good.
    Gone,
}

/// What a member's feed is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FeedState {
    CatchingUp,
    Live,
    Quiet,
    Halted,
    Late,
    Silent,
    Skewed,
    Gone,
}

/// What a look at a feed came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) struct Watched {
    pub(crate) state: FeedState,
    /// Whether readers are shown another lag, or another presence, than before.
    pub(crate) shows_otherwise: bool,
}

/// The gate of one session.
#[derive(Debug)]
pub(crate) struct Gate {
    rule: LagRule,
    scope: GateScope,
    /// In symbol order.
    members: Vec<Standing>,
    /// How a newcomer stands before anything is known of it.
    first_hold: Hold,
}

impl Gate {
    /// A gate without members, which hold it as `first_hold` says until more is known.
    pub(crate) fn new(rule: LagRule, scope: GateScope, first_hold: Hold) -> Gate {
        Gate { rule, scope, members: Vec::new(), first_hold }
    }

    pub(crate) fn scope(&self) -> GateScope {
        self.scope
    }

    /// Members have come or gone: for each that is there now, `before` says at which position it
    /// was, or that it is new, and so on its way.
    pub(crate) fn rearrange(&mut self, before: &[Option<usize>]) {
        let (meter, hold) = (LagMeter::new(), self.first_hold);
        let newcomer = Standing { meter, lag: None, presence: Presence::Joining, hold };
        let standing = |before: &Option<usize>| before.map_or(newcomer, |at| self.members[at]);
        self.members = before.iter().map(standing).collect();
    }

    /// The lag of a member at its last check; `None` before the first.
    pub(crate) fn lag(&self, position: usize) -> Option<Nanos> {
        self.members[position].lag
    }

    /// Compares the lag of the next bar of a member, of which `n_delivered` bars are delivered,
    /// where a check is due; `None` where none is. Live, a bar may come long after it was proven that
    /// there is none: one that is over the threshold is checked whichever it is.
    pub(crate) fn check(
        &mut self,
        position: usize,
        n_delivered: u64,
        lag: Nanos,
    ) -> Option<LagChange> {
        let member = &mut self.members[position];
        let comes_late = member.hold != Hold::ByLag && lag > self.rule.threshold;
        if !member.meter.is_check_due(&self.rule, n_delivered) && !comes_late {
            return None;
        }
        member.lag = Some(lag);
        let change = member.meter.check(&self.rule, lag);
        if change == LagChange::BeganLagging {
            member.hold_from_now(lag, HoldCause::CatchingUp);
        }
        Some(change)
    }

    /// An expected bar of a member has not been there for `overdue`: as good as a bar with that lag.
    /// It cannot catch a member up, since it is no bar.
    pub(crate) fn check_overdue(&mut self, position: usize, overdue: Nanos) -> LagChange {
        let member = &mut self.members[position];
        if member.lags() || overdue <= self.rule.threshold {
            return LagChange::Unchanged;
        }
        member.lag = Some(overdue);
        member.hold_from_now(overdue, HoldCause::Late);
        member.meter.check(&self.rule, overdue)
    }

    /// Whether a member's missing bars may be passed over when they have had time to come: one that
    /// lags or holds the gate waits for them.
    pub(crate) fn may_settle(&self, position: usize) -> bool {
        let member = &self.members[position];
        !member.lags() && member.held().is_none()
    }

    /// A member's backlog is empty: it is caught up at once.
    pub(crate) fn empty_backlog(&mut self, position: usize) {
        let _ = self.members[position].meter.empty_backlog(); // The next verdict says what follows.
    }

    /// What the gate does, where it is in `state` and the members at `behind` have bars that have
    /// closed and are not delivered: it shuts for members that lag, and once shut it waits for
    /// every backlog. With the scope of one symbol it never shuts for a member.
    pub(crate) fn verdict(&self, state: GateState, behind: &[usize]) -> Verdict {
        let holders = match self.scope {
            GateScope::Symbol => None,
            GateScope::Session => match state {
                GateState::Open => self.holders(),
                GateState::Shut => self.holders().or_else(|| self.waiting_for(behind)),
            },
        };
        match (state, holders) {
            (GateState::Open, Some(holders)) => Verdict::Shuts(holders),
            (GateState::Shut, Some(holders)) => Verdict::Renews(holders),
            (GateState::Shut, None) => Verdict::Opens,
            (GateState::Open, None) => Verdict::Stays,
        }
    }

    /// The members that hold the gate; `None` where none does.
    fn holders(&self) -> Option<Holders> {
        let held = |(position, member): (usize, &Standing)| {
            member.held().map(|(lag, cause)| (HeldMember { position, lag: Some(lag) }, cause))
        };
        let held: Vec<(HeldMember, HoldCause)> =
            self.members.iter().enumerate().filter_map(held).collect();
        let cause = held.iter().map(|(_, cause)| *cause).max()?;
        Some(Holders { cause, members: held.into_iter().map(|(member, _)| member).collect() })
    }

    /// Nobody lags any more, and these have a backlog left, for which a shut gate waits too.
    fn waiting_for(&self, behind: &[usize]) -> Option<Holders> {
        let held = |&position: &usize| HeldMember { position, lag: self.members[position].lag };
        let members: Vec<HeldMember> = behind.iter().map(held).collect();
        (!members.is_empty()).then_some(Holders { cause: HoldCause::CatchingUp, members })
    }

    /// The members of which outsiders see nothing though the gate is open, in symbol order: those
    /// that are behind or still on their way, where the scope is the symbol.
    pub(crate) fn withheld(&self) -> Vec<HeldMember> {
        let lag_of = |member: &Standing| match member.hold {
            Hold::ByLag if member.lags() => Some(member.lag),
            Hold::ByLag => (member.presence == Presence::Joining).then_some(None),
            Hold::Held { lag, .. } => Some(Some(lag)),
            Hold::Unseen => Some(None),
            Hold::Released | Hold::Free => None,
        };
        let withheld = |(position, member): (usize, &Standing)| {
            Some(HeldMember { position, lag: lag_of(member)? })
        };
        match self.scope {
            GateScope::Session => Vec::new(),
            GateScope::Symbol => self.members.iter().enumerate().filter_map(withheld).collect(),
        }
    }

    pub(crate) fn is_joining(&self, position: usize) -> bool {
        self.members[position].presence == Presence::Joining
    }

    /// The member has joined. Returns whether it had not before.
    pub(crate) fn join(&mut self, position: usize) -> bool {
        let presence = &mut self.members[position].presence;
        std::mem::replace(presence, Presence::Joined) == Presence::Joining
    }

    /// Whether its feed is behind, or was not looked at yet; never where all rows are there.
    pub(crate) fn is_feed_behind(&self, position: usize) -> bool {
        matches!(self.members[position].hold, Hold::Held { .. } | Hold::Unseen)
    }

    pub(crate) fn hold(&self, position: usize) -> Hold {
        self.members[position].hold
    }

    /// Consumers are notified of what they missed of those that were released.
    pub(crate) fn free_released(&mut self) {
        for member in self.members.iter_mut().filter(|member| member.hold == Hold::Released) {
            member.hold = Hold::Free;
        }
    }

    /// A look at the live feed of a member: what it is doing, and whether it holds the gate.
    pub(crate) fn watch(&mut self, position: usize, facts: FeedFacts) -> Watched {
        let rule = self.rule;
        if facts.is_halted || facts.behind <= rule.recovery {
            self.empty_backlog(position); // Nothing undelivered, and complete: caught up.
        }
        let member = &mut self.members[position];
        let is_on_its_way = member.presence == Presence::Joining && !facts.is_complete_through_open;
        let waits_for_open = !facts.has_opened && !facts.is_complete_through_open;
        let state = match facts.link {
            LinkState::Gone => FeedState::Gone,
            LinkState::Down => FeedState::Silent,
            LinkState::Skewed => FeedState::Skewed,
            LinkState::Up if is_on_its_way || waits_for_open => FeedState::CatchingUp,
            LinkState::Up if member.lags() => {
                let is_late = member.presence == Presence::Joined && facts.overdue > rule.threshold;
                if is_late { FeedState::Late } else { FeedState::CatchingUp }
            }
            LinkState::Up if facts.is_halted => FeedState::Halted,
            LinkState::Up if facts.is_proven_quiet => FeedState::Quiet,
            LinkState::Up => FeedState::Live,
        };
        let since = facts.overdue.max(member.lag.filter(|_| member.lags()).unwrap_or(Nanos::ZERO));
        let held = match state {
            FeedState::CatchingUp => Some(HoldCause::CatchingUp),
            FeedState::Late => Some(HoldCause::Late),
            FeedState::Silent => Some(HoldCause::Silent),
            FeedState::Skewed => Some(HoldCause::Skewed),
            FeedState::Gone => Some(HoldCause::Gone),
            FeedState::Live | FeedState::Quiet | FeedState::Halted => None,
        };
        let before = member.hold;
        member.hold = before.next(held.map(|cause| (since, cause)));
        Watched { state, shows_otherwise: before.shows_otherwise(member.hold) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: LagRule = LagRule {
        threshold: Nanos::from_secs(60),
        recovery: Nanos::from_secs(60),
        check_interval: 10,
    };

    /// A gate with two members that have joined and a third that is on its way.
    fn gate(scope: GateScope, first_hold: Hold) -> Gate {
        let mut gate = Gate::new(RULE, scope, first_hold);
        gate.rearrange(&[None, None]);
        assert!(gate.join(0) && gate.join(1) && !gate.join(1));
        gate.rearrange(&[Some(0), Some(1), None]);
        gate
    }

    fn check(gate: &mut Gate, position: usize, n_delivered: u64, lag_s: i64) -> Option<LagChange> {
        gate.check(position, n_delivered, Nanos::from_secs(lag_s))
    }

    fn held(position: usize, lag_s: i64) -> HeldMember {
        HeldMember { position, lag: Some(Nanos::from_secs(lag_s)) }
    }

    fn feed(overdue_s: i64) -> FeedFacts {
        FeedFacts {
            link: LinkState::Up,
            is_halted: false,
            overdue: Nanos::from_secs(overdue_s),
            behind: Nanos::from_secs(overdue_s),
            is_complete_through_open: true,
            is_proven_quiet: false,
            has_opened: true,
        }
    }

    #[test]
    fn a_newcomer_without_lag_leaves_the_gate_open() {
        let mut gate = gate(GateScope::Session, Hold::ByLag);
        assert_eq!(check(&mut gate, 2, 0, 60), Some(LagChange::Unchanged));
        assert_eq!(gate.verdict(GateState::Open, &[2]), Verdict::Stays);
    }

    #[test]
    fn a_symbol_that_lags_shuts_the_gate_and_every_backlog_keeps_it_shut() {
        let mut gate = gate(GateScope::Session, Hold::ByLag);
        assert_eq!(check(&mut gate, 2, 0, 300), Some(LagChange::BeganLagging));
        let cause = HoldCause::CatchingUp;
        let holders = Holders { cause, members: vec![held(2, 300)] };
        assert_eq!(gate.verdict(GateState::Open, &[1, 2]), Verdict::Shuts(holders.clone()));
        assert_eq!(gate.verdict(GateState::Shut, &[1, 2]), Verdict::Renews(holders));
        assert_eq!(check(&mut gate, 2, 1, 60), Some(LagChange::CaughtUp));
        // Nobody lags any more, and one that was never checked has a backlog too.
        let waits = vec![HeldMember { position: 1, lag: None }, held(2, 60)];
        let holders = Holders { cause, members: waits };
        assert_eq!(gate.verdict(GateState::Shut, &[1, 2]), Verdict::Renews(holders));
        assert_eq!(gate.verdict(GateState::Shut, &[]), Verdict::Opens);
    }

    #[test]
    fn whoever_leaves_holds_the_gate_no_more_and_the_others_keep_their_standing() {
        let mut gate = gate(GateScope::Session, Hold::ByLag);
        let _ = check(&mut gate, 2, 0, 300);
        gate.rearrange(&[Some(1), Some(2)]);
        let holders = Holders { cause: HoldCause::CatchingUp, members: vec![held(1, 300)] };
        assert_eq!(gate.verdict(GateState::Shut, &[1]), Verdict::Renews(holders));
        assert!(!gate.is_joining(0) && gate.is_joining(1));
        gate.rearrange(&[Some(0)]);
        assert_eq!(gate.verdict(GateState::Shut, &[]), Verdict::Opens);
    }

    #[test]
    fn with_the_scope_of_a_symbol_it_is_withheld_and_the_gate_stays_open() {
        let mut gate = gate(GateScope::Symbol, Hold::ByLag);
        assert_eq!(gate.withheld(), [HeldMember { position: 2, lag: None }]);
        let _ = check(&mut gate, 1, 0, 300);
        assert_eq!(gate.verdict(GateState::Open, &[1, 2]), Verdict::Stays);
        assert_eq!(gate.withheld(), [held(1, 300), HeldMember { position: 2, lag: None }]);
        gate.empty_backlog(1);
        assert!(gate.join(2));
        assert_eq!(gate.withheld(), []);
    }

    #[test]
    fn of_several_feeds_that_hold_the_gate_the_gravest_cause_names_why() {
        let mut gate = gate(GateScope::Session, Hold::Unseen);
        let states = |gate: &mut Gate, feeds: [FeedFacts; 3]| {
            let watched = feeds.iter().enumerate().map(|(at, facts)| {
                let _ = gate.check_overdue(at, facts.overdue);
                gate.watch(at, *facts).state
            });
            watched.collect::<Vec<_>>()
        };
        let late = feed(61);
        let silent = FeedFacts { link: LinkState::Down, ..feed(130) };
        let met = states(&mut gate, [feed(60), late, feed(0)]);
        assert_eq!(met, [FeedState::Live, FeedState::Late, FeedState::Live]);
        let holders = Holders { cause: HoldCause::Late, members: vec![held(1, 61)] };
        assert_eq!(gate.verdict(GateState::Open, &[]), Verdict::Shuts(holders));
        let met = states(&mut gate, [silent, late, feed(0)]);
        assert_eq!(met, [FeedState::Silent, FeedState::Late, FeedState::Live]);
        let members = vec![held(0, 130), held(1, 61)];
        let holders = Holders { cause: HoldCause::Silent, members };
        assert_eq!(gate.verdict(GateState::Shut, &[]), Verdict::Renews(holders));
        let met = states(&mut gate, [feed(0), feed(0), feed(0)]);
        assert_eq!(met, [FeedState::Live; 3]);
        assert_eq!(gate.hold(0), Hold::Released, "what it missed is still to be notified");
        assert_eq!(gate.verdict(GateState::Shut, &[]), Verdict::Opens);
    }

    #[test]
    fn after_an_overdue_bar_only_the_recovery_threshold_lets_a_symbol_go() {
        let rule = LagRule { recovery: Nanos::from_secs(30), ..RULE };
        let mut gate = Gate::new(rule, GateScope::Session, Hold::Unseen);
        gate.rearrange(&[None]);
        assert!(gate.join(0));
        assert_eq!(gate.check_overdue(0, Nanos::from_secs(61)), LagChange::BeganLagging);
        let behind = |behind_s| FeedFacts { behind: Nanos::from_secs(behind_s), ..feed(0) };
        assert_eq!(gate.watch(0, behind(45)).state, FeedState::CatchingUp);
        assert!(!gate.may_settle(0));
        assert_eq!(gate.watch(0, behind(31)).state, FeedState::CatchingUp);
        assert_eq!(gate.watch(0, behind(30)).state, FeedState::Live);
        assert_eq!(gate.watch(0, behind(45)).state, FeedState::Live, "between the two it stays");
    }

    #[test]
    fn quiet_and_halted_hold_nobody_and_gone_holds_before_all_others() {
        let mut gate = gate(GateScope::Session, Hold::Unseen);
        let quiet = FeedFacts { is_proven_quiet: true, ..feed(0) };
        let halted = FeedFacts { is_halted: true, ..feed(500) };
        assert_eq!(gate.watch(0, quiet).state, FeedState::Quiet);
        assert_eq!(gate.watch(1, halted).state, FeedState::Halted);
        let gone = FeedFacts { link: LinkState::Gone, ..quiet };
        assert_eq!(gate.watch(2, gone).state, FeedState::Gone);
        let holders = Holders { cause: HoldCause::Gone, members: vec![held(2, 0)] };
        assert_eq!(gate.verdict(GateState::Open, &[]), Verdict::Shuts(holders));
    }
}
