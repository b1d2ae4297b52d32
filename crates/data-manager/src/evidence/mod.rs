//! What the rows of a series say by themselves, held against what is said of them: the interval by the
//! steps of the stamps, the zone and the end that is stamped by where days of rows lie beside sessions.
//!
//! One judge for every entrance: whoever has rows brings their stamps, in order, series by series.
//! Declarations (an option, a folder's name) are never asked here; they are what is judged.

mod days;
mod length;
mod objection;
mod placement;
mod steps;
mod suspicion;

use openbell_market::BarInterval;
use openbell_time::Calendar;

use days::Days;
use placement::Places;

pub use length::StepLength;
pub(crate) use length::length_of;
pub use objection::{Check, Objection, UnknownCheck};
pub use placement::Undeliverable;
pub(crate) use placement::{Placement, placement};
pub(crate) use steps::Steps;
pub use suspicion::Suspicion;
pub(crate) use suspicion::{n_suspicious, suspicion};

/// The evidence of rows that are said to be bars of one interval, on the calendar of one group.
///
/// *Cost*: a few comparisons a row; memory that does not grow with the rows.
///
/// ```
/// use openbell_data_manager::{Check, Evidence};
/// use openbell_time::TimeManager;
///
/// let calendar = TimeManager::new().calendar("US_EQUITY")?;
/// let mut evidence = Evidence::new("1m".parse()?, &calendar);
/// let open = "2025-07-02T13:30:00Z".parse::<openbell_time::Timestamp>()?.as_nanos();
/// let five_minutes: Vec<i64> = (0..78).map(|n| open + n * 300_000_000_000).collect();
/// evidence.rows(&five_minutes);
/// evidence.end_series();
/// let objection = evidence.objection(&[]).expect("every step is five minutes");
/// assert_eq!(objection.check(), Check::Interval);
/// assert_eq!(evidence.objection(&[Check::Interval]), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Evidence {
    interval: BarInterval,
    calendar: Calendar,
    last_ns: Option<i64>,
    steps: Steps,
    days: Days,
    places: Places,
    /// What the rows of the series at hand had counted when it began.
    before: Undeliverable,
}

impl Evidence {
    /// Of no row yet.
    pub fn new(interval: BarInterval, calendar: &Calendar) -> Evidence {
        Evidence {
            interval,
            calendar: calendar.clone(),
            last_ns: None,
            steps: Steps::default(),
            days: Days::new(interval),
            places: Places::new(interval, calendar),
            before: Undeliverable::default(),
        }
    }

    /// Looks at the next rows of a series: their stamps, ascending (1d and 1w: labels), those of one
    /// call after those of the last.
    pub fn rows(&mut self, stamps_ns: &[i64]) {
        for &stamp_ns in stamps_ns {
            if let Some(last_ns) = self.last_ns
                && stamp_ns > last_ns
            {
                self.steps.add(stamp_ns.saturating_sub(last_ns));
            }
            self.days.add(stamp_ns, &self.calendar);
            self.places.add(stamp_ns);
            self.last_ns = Some(stamp_ns);
        }
    }

    /// Ends a series: what comes next is another one. Yields which of its rows no session delivers.
    pub fn end_series(&mut self) -> Undeliverable {
        self.days.end(&self.calendar);
        self.last_ns = None;
        let all = self.places.undeliverable();
        all.since(&std::mem::replace(&mut self.before, all))
    }

    /// What speaks against zone or stamped end of whole days, whatever else does.
    pub(crate) fn displaced(&self) -> Option<Objection> {
        self.days.objection()
    }

    /// The first thing that speaks against what is said of the rows, those that are `waived` left out.
    pub fn objection(&self, waived: &[Check]) -> Option<Objection> {
        let interval = self.steps.against(self.interval);
        let end = self.days.objection();
        let places = self.places.objection();
        [interval, end, places]
            .into_iter()
            .flatten()
            .find(|objection| !waived.contains(&objection.check()))
    }
}
