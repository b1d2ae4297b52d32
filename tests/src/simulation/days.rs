//! The session days that the simulator knows by itself, so that a calendar that is wrong is found
//! out, and the slots of their bars, cut as plainly as it can be done.

use std::sync::OnceLock;

use openbell_market::BarInterval;
use openbell_time::{Nanos, Timestamp, TradingDate};

/// One session.
#[derive(Clone, Debug)]
pub struct KnownDay {
    /// Its date.
    pub date: TradingDate,
    /// Its regular hours: one stretch, or two around a break.
    pub parts: Vec<(Timestamp, Timestamp)>,
}

impl KnownDay {
    /// Its regular open.
    pub fn open(&self) -> Timestamp {
        self.parts[0].0
    }

    /// Its regular close.
    pub fn close(&self) -> Timestamp {
        self.parts[self.parts.len() - 1].1
    }
}

/// Sessions in whole weeks.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The exchange group, as a config names it.
    pub group: String,
    /// The minute of the exchange's day at which its sessions open.
    pub opens_at_minute: usize,
    /// The sessions, in time order.
    pub days: Vec<KnownDay>,
}

impl Stretch {
    /// Whether there are hours before the open and after the close.
    pub fn has_extended_hours(&self) -> bool {
        self.group == "US_EQUITY"
    }

    /// Whether sessions adjoin, so that no row can lie between them.
    pub fn is_round_the_clock(&self) -> bool {
        matches!(self.group.as_str(), "CRYPTO" | "FOREX" | "CME_EQUITY")
    }

    /// The hours in which bars of `day` are delivered.
    pub fn delivered(&self, day: usize, extended: bool) -> Vec<(Timestamp, Timestamp)> {
        let known = &self.days[day];
        let mut parts = known.parts.clone();
        if extended {
            // 04:00 to 20:00 in New York, to 17:00 where the session ends early.
            parts.insert(0, (known.open() - Nanos::from_secs(5 * 3600 + 1800), known.open()));
            parts.push((known.close(), known.close() + Nanos::from_secs(4 * 3600)));
        }
        parts
    }

    /// The days of the week that `day` lies in.
    pub fn week_of(&self, day: usize) -> impl Iterator<Item = usize> + '_ {
        let monday = self.days[day].date.monday();
        (0..self.days.len()).filter(move |&other| self.days[other].date.monday() == monday)
    }
}

/// The stretches, in the order of their file.
pub fn stretches() -> &'static [Stretch] {
    static STRETCHES: OnceLock<Vec<Stretch>> = OnceLock::new();
    STRETCHES.get_or_init(|| {
        let mut stretches: Vec<Stretch> = Vec::new();
        for line in include_str!("days.txt").lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            if words[0] == "stretch" {
                let (hour, minute) = words[2].split_once(':').expect("a time");
                let minute_of = |text: &str| text.parse::<usize>().expect("a number");
                let opens_at_minute = minute_of(hour) * 60 + minute_of(minute);
                let group = words[1].to_owned();
                stretches.push(Stretch { group, opens_at_minute, days: Vec::new() });
                continue;
            }
            let instants: Vec<Timestamp> =
                words[1..].iter().map(|word| word.parse().expect("an instant")).collect();
            let parts = instants.chunks(2).map(|pair| (pair[0], pair[1])).collect();
            let day = KnownDay { date: words[0].parse().expect("a date"), parts };
            stretches.last_mut().expect("a stretch").days.push(day);
        }
        stretches
    })
}

/// The slots of `step` in `parts`: each part cut from its own start, the last slot at its end.
pub fn slots(parts: &[(Timestamp, Timestamp)], step: Nanos) -> Vec<(Timestamp, Timestamp)> {
    let mut slots = Vec::new();
    for &(since, until) in parts {
        let mut opens_at = since;
        while opens_at < until {
            slots.push((opens_at, until.min(opens_at + step)));
            opens_at += step;
        }
    }
    slots
}

/// The windows of `interval` in a session of `parts`; a day is one from the first open to the last
/// close. A week is not asked for here.
pub fn windows(
    parts: &[(Timestamp, Timestamp)],
    interval: BarInterval,
) -> Vec<(Timestamp, Timestamp)> {
    match interval.clock() {
        Some(clock) => slots(parts, clock.length()),
        None => vec![(parts[0].0, parts[parts.len() - 1].1)],
    }
}
