//! The options that say what stamps mean, by what speaks against how they were read: of an import, of a copy,
//! and in the errors of what reads a folder where it is.

use openbell_data_manager::Objection;
use openbell_time::Calendar;

/// The options that fit; absent where the meaning of stamps is not what is wrong.
pub fn stamp_options(objection: &Objection) -> Option<String> {
    Some(match objection {
        Objection::Displaced { by, is_one_bar: true, .. } => {
            let end = if by.as_nanos() > 0 { "close" } else { "open" };
            format!("--stamped-at {end}")
        }
        Objection::Displaced { .. } | Objection::Outside { .. } => {
            "--zone ZONE, --group GROUP, --shift-seconds N".to_owned()
        }
        Objection::Label { .. } => "--stamped-at close, --zone ZONE".to_owned(),
        Objection::NoEffect { what, .. } => format!("drop --{what}"),
        Objection::Stored { .. } => {
            "--zone ZONE, --stamped-at END, as the stored rows were".to_owned()
        }
        _ => return None,
    })
}

/// Which zone the exchange has, where stamps may be of another.
pub fn zone_of_exchange(objection: &Objection, calendar: &Calendar) -> String {
    match objection {
        Objection::Displaced { is_one_bar: false, .. } | Objection::Outside { .. } => {
            format!("; the zone of the exchange is {}", calendar.zone_name())
        }
        _ => String::new(),
    }
}
