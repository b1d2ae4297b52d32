//! When data could be had, in market time.

use openbell_coordinator::Event;
use openbell_time::{Calendar, Nanos, Timestamp};

/// How long a live run was active and inactive, in the market time that it has followed.
pub(super) struct Activity {
    calendar: Calendar,
    /// What lies before it was not followed.
    begun: Timestamp,
    /// Since when it is as it is, while a session is open; whether that is active.
    now: Option<(Timestamp, bool)>,
    active: Nanos,
    inactive: Nanos,
    longest: Nanos,
}

impl Activity {
    pub(super) fn new(calendar: Calendar, begun: Timestamp) -> Activity {
        let zero = Nanos::ZERO;
        Activity { calendar, begun, now: None, active: zero, inactive: zero, longest: zero }
    }

    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::SessionOpened { at, .. } => self.now = Some(((*at).max(self.begun), false)),
            Event::GateOpened { at, .. } => self.turn(*at, Some(true)),
            Event::GateShut { at, .. } => self.turn(*at, Some(false)),
            Event::SessionClosed { at, .. } => self.turn(*at, None),
            Event::Stopped { at: Some(at) } | Event::Failed { at: Some(at), .. } => {
                self.turn(*at, None);
            }
            _ => {}
        }
    }

    fn turn(&mut self, at: Timestamp, to: Option<bool>) {
        let Some((since, is_active)) = self.now else { return };
        let at = at.max(self.begun);
        let length = self.market_time(since, at);
        if is_active {
            self.active += length;
        } else {
            self.inactive += length;
            self.longest = self.longest.max(length);
        }
        self.now = to.map(|is_active| (at, is_active));
    }

    /// The run was paused or is over at `at`: what lies behind it is followed by nobody, or by another process.
    pub(super) fn end(&mut self, at: Timestamp) {
        self.turn(at, None);
    }

    /// Nobody was served from one instant to the other: no process followed the run.
    pub(super) fn down(&mut self, since: Timestamp, until: Timestamp) {
        let Some((_, was_active)) = self.now else { return };
        self.turn(since, Some(false));
        self.turn(until, Some(was_active));
    }

    /// How long it is inactive by `now`; nothing where it is active, or no session is open.
    pub(super) fn inactive_for(&self, now: Timestamp) -> Nanos {
        match self.now {
            Some((since, false)) => self.market_time(since, now),
            _ => Nanos::ZERO,
        }
    }

    fn market_time(&self, since: Timestamp, until: Timestamp) -> Nanos {
        // Beyond its facts the calendar is asked by the run itself, which says so.
        self.calendar.open_time_between(since, until.max(since)).unwrap_or(Nanos::ZERO)
    }

    /// The longest inactive stretch.
    pub(super) fn longest(&self) -> Nanos {
        self.longest
    }

    /// The share of market time that was active; absent where none has passed.
    pub(super) fn share(&self) -> Option<f64> {
        let all = (self.active + self.inactive).as_secs_f64();
        (all > 0.0).then(|| self.active.as_secs_f64() / all)
    }
}

#[cfg(test)]
mod tests {
    use openbell_session_data::Reason;
    use openbell_time::TimeManager;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2025-07-02T{text}Z").parse().unwrap()
    }

    #[test]
    fn what_lies_before_the_start_and_outside_the_session_is_nobodys_inactivity() {
        let calendar = TimeManager::new().calendar("XNYS").unwrap();
        let mut activity = Activity::new(calendar, at("18:00:00"));
        let date = "2025-07-02".parse().unwrap();
        let reason = Reason::NotOpen;
        for event in [
            Event::SessionOpened { date, at: at("13:30:00"), until: at("20:00:00") },
            Event::GateOpened { at: at("18:01:00"), epoch: 1 },
            Event::GateShut { at: at("18:30:00"), epoch: 2, reason },
        ] {
            activity.note(&event);
        }
        assert_eq!(activity.inactive_for(at("18:33:00")), Nanos::from_secs(180));
        assert_eq!(activity.inactive_for(at("23:00:00")), Nanos::from_secs(5_400));
        activity.note(&Event::GateOpened { at: at("18:40:00"), epoch: 3 });
        activity.note(&Event::SessionClosed { date, at: at("20:00:00"), n_bars: 390 });
        assert_eq!(activity.inactive_for(at("21:00:00")), Nanos::ZERO);
        assert_eq!(activity.longest(), Nanos::from_secs(600));
        let share = activity.share().unwrap();
        assert!((share - 109.0 / 120.0).abs() < 1e-12, "{share}");
    }

    #[test]
    fn a_run_that_is_paused_in_mid_session_was_active_up_to_then() {
        let calendar = TimeManager::new().calendar("XNYS").unwrap();
        let mut activity = Activity::new(calendar, at("18:00:00"));
        let date = "2025-07-02".parse().unwrap();
        activity.note(&Event::SessionOpened { date, at: at("13:30:00"), until: at("20:00:00") });
        activity.note(&Event::GateOpened { at: at("18:15:00"), epoch: 1 });
        activity.end(at("19:00:00"));
        assert_eq!(activity.share(), Some(0.75));
        activity.end(at("19:30:00")); // It was over before.
        assert_eq!(activity.share(), Some(0.75));
    }

    #[test]
    fn while_no_process_followed_the_run_it_was_inactive() {
        let calendar = TimeManager::new().calendar("XNYS").unwrap();
        let mut activity = Activity::new(calendar, at("18:00:00"));
        let date = "2025-07-02".parse().unwrap();
        activity.note(&Event::SessionOpened { date, at: at("13:30:00"), until: at("20:00:00") });
        activity.note(&Event::GateOpened { at: at("18:00:00"), epoch: 1 });
        activity.down(at("18:30:00"), at("18:45:00"));
        activity.note(&Event::SessionClosed { date, at: at("19:00:00"), n_bars: 390 });
        assert_eq!(activity.longest(), Nanos::from_secs(900));
        assert_eq!(activity.share(), Some(0.75));
    }
}
