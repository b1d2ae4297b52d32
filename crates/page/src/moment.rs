//! Instants as the exchange's clock shows them.

use openbell_time::{Calendar, Timestamp};

use crate::markup::Text;

/// The clock of the exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock<'c>(pub(crate) &'c Calendar);

impl Clock<'_> {
    /// An instant as a machine and a person read it; one that cannot be read stands as it is.
    pub(crate) fn markup(self, at: &str) -> String {
        match instant(at) {
            Some(instant) => {
                format!("<time datetime=\"{}\">{}</time>", Text(at), self.words(instant))
            }
            None => Text(at).to_string(),
        }
    }

    /// The date and the time of day there, to the second.
    pub(crate) fn words(self, at: Timestamp) -> String {
        let local = self.0.local_time(at);
        format!("{} {}", local.date, local.time_of_day)
    }

    /// The time of day there, with seconds only where there are some: `09:30`.
    pub(crate) fn time_of_day(self, at: &str) -> String {
        let Some(at) = instant(at) else { return at.to_owned() };
        let text = self.0.local_time(at).time_of_day.to_string();
        text.strip_suffix(":00").unwrap_or(&text).to_owned()
    }

    /// The hour of the day there, 0 to 23.
    pub(crate) fn hour(self, at: &str) -> Option<u32> {
        Some(self.0.local_time(instant(at)?).time_of_day.as_secs() / 3600)
    }
}

/// The instant of a text.
pub(crate) fn instant(at: &str) -> Option<Timestamp> {
    at.parse().ok() // `Err`: it is shown as it stands.
}
