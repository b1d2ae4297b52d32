//! The only access path to time: every calendar by its name.
//!
//! Not here: files. An overlay is handed in as text.

use std::sync::{Arc, OnceLock};

use crate::calendar::{Calendar, Expansion};
use crate::facts::{self, EMBEDDED, EmbeddedCalendar};
use crate::{ExchangeGroup, TimeError};

/// The embedded calendars as their facts stand, each expanded when it is first asked for: constants
/// that are dear to come by, so all managers of a process share them.
static AS_EMBEDDED: [OnceLock<Arc<Expansion>>; EMBEDDED.len()] =
    [const { OnceLock::new() }; EMBEDDED.len()];

/// The only path to calendars; each is expanded when it is first asked for, and then shared by all
/// managers of the process that have no overlay.
///
/// ```
/// use openbell_time::TimeManager;
/// let time = TimeManager::new();
/// assert_eq!(time.calendar("US_EQUITY")?.zone_name(), "America/New_York");
/// let message = time.calendar("US_EQUTY").unwrap_err().to_string();
/// assert!(message.contains("did you mean \"US_EQUITY\""), "{message}");
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
///
/// An overlay lays closures and early closes of one's own over the facts. Its lines have the form
/// of the fact files, under the name of their calendar:
///
/// ```
/// use openbell_time::TimeManager;
/// let overlay = "\
/// calendar XNYS
/// closed   2025-07-02         = inventory
/// early    12:00 2025-07-01   = eve of inventory
/// ";
/// let nyse = TimeManager::with_overlay(overlay)?.calendar("XNYS")?;
/// assert!(!nyse.is_session("2025-07-02".parse()?)?);
/// let eve = nyse.session("2025-07-01".parse()?)?.expect("a session");
/// assert_eq!(eve.close.to_string(), "2025-07-01T16:00:00Z");
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Debug)]
pub struct TimeManager {
    overlay: Option<Overlay>,
}

/// Lines laid over the facts, and the calendars that come of it.
#[derive(Debug)]
struct Overlay {
    text: String,
    expansions: [OnceLock<Arc<Expansion>>; EMBEDDED.len()],
}

impl TimeManager {
    /// The embedded facts as they are.
    pub fn new() -> TimeManager {
        TimeManager { overlay: None }
    }

    /// The embedded facts with an overlay's lines laid over them.
    ///
    /// # Errors
    ///
    /// All of the overlay is checked at once, also for calendars that are not asked for:
    /// [`TimeError::FactLine`], [`TimeError::FactMissing`], [`TimeError::FactOnNoSession`],
    /// [`TimeError::FactHours`], [`TimeError::UnknownCalendar`].
    pub fn with_overlay(overlay: &str) -> Result<TimeManager, TimeError> {
        let overlay = overlay.strip_prefix('\u{feff}').unwrap_or(overlay); // Some editors write it.
        for section in facts::overlay_sections(overlay)? {
            embedded_idx(section.calendar)?;
        }
        let expansions = [const { OnceLock::new() }; EMBEDDED.len()];
        let overlaid = Overlay { text: overlay.to_owned(), expansions };
        let time = TimeManager { overlay: Some(overlaid) };
        for section in facts::overlay_sections(overlay)? {
            time.calendar(section.calendar)?;
        }
        Ok(time)
    }

    /// The calendar of an exchange group or of an exchange.
    ///
    /// *Cost*: a few milliseconds when a calendar is asked for first in a process, then a short
    /// search by name. Two who ask first at the same time both expand it.
    ///
    /// # Errors
    ///
    /// [`TimeError::UnknownCalendar`], with the nearest names.
    pub fn calendar(&self, name: &str) -> Result<Calendar, TimeError> {
        let group = ExchangeGroup::named(name).ok_or_else(|| unknown(name))?;
        let idx = embedded_idx(group.calendar)?;
        let expansions = self.overlay.as_ref().map_or(&AS_EMBEDDED, |overlay| &overlay.expansions);
        let expansion = match expansions[idx].get() {
            Some(expansion) => expansion,
            None => {
                let expanded = Arc::new(self.expanded(&EMBEDDED[idx])?);
                expansions[idx].get_or_init(|| expanded)
            }
        };
        Ok(Calendar::new(group.calendar_name, Arc::clone(expansion)))
    }

    fn expanded(&self, embedded: &EmbeddedCalendar) -> Result<Expansion, TimeError> {
        let facts = facts::parsed(embedded.text)?;
        match &self.overlay {
            Some(overlay) => Expansion::of(facts::overlaid(facts, &overlay.text)?),
            None => Expansion::of(facts),
        }
    }
}

impl Default for TimeManager {
    fn default() -> TimeManager {
        TimeManager::new()
    }
}

fn embedded_idx(calendar: &str) -> Result<usize, TimeError> {
    EMBEDDED.iter().position(|known| known.name == calendar).ok_or_else(|| unknown(calendar))
}

/// The error with up to three names that may have been meant.
fn unknown(name: &str) -> TimeError {
    let written = name.to_uppercase();
    let mut near: Vec<(usize, &str)> = ExchangeGroup::ALL
        .iter()
        .map(|group| (strsim::damerau_levenshtein(&written, group.name), group.name))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
        .collect();
    near.sort_unstable();
    let nearest = near.into_iter().take(3).map(|(_, known)| known.to_owned()).collect();
    TimeError::UnknownCalendar { found: name.to_owned(), nearest }
}
