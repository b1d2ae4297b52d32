//! What is wrong with a file, with the options that help.

use openbell_data_manager::{DataError, Objection};
use openbell_time::Calendar;

use crate::exit::{Exit, Failure};
use crate::stamp_options::{stamp_options, zone_of_exchange};

/// The failure of a file that cannot be read as it is, with the options that help.
pub(super) fn with_options(error: DataError, calendar: &Calendar) -> Failure {
    let options = match &error {
        DataError::CsvColumnNotFound { column: "volume", .. } => {
            "--volume COLUMN, --constant-volume VOLUME, --skip-lines N".to_owned()
        }
        DataError::CsvColumnNotFound { column, .. } => {
            format!("--{column} COLUMN, --skip-lines N")
        }
        DataError::CsvColumnTwice { column, .. } => format!("--{column} NUMBER"),
        DataError::CsvStampsUnknown { .. } => {
            "--timestamp-format FORMAT, --ts COLUMN, --time COLUMN".to_owned()
        }
        DataError::CsvStampsAmbiguous { .. } | DataError::CsvFormatReadsNone { .. } => {
            "--timestamp-format FORMAT".to_owned()
        }
        DataError::CsvZoneNeeded { .. } => {
            format!("--zone ZONE; that of the exchange is {}", calendar.zone_name())
        }
        DataError::CsvDecimalAmbiguous { .. } => "--decimal comma, --decimal point".to_owned(),
        DataError::CsvVolumeAmbiguous { .. } => "--volume NUMBER".to_owned(),
        DataError::CsvColumnOrder { .. } => {
            "--open NUMBER --high NUMBER --low NUMBER --close NUMBER".to_owned()
        }
        DataError::CsvSymbolNeeded { path } => {
            let text = format!("the name of {} is no symbol; give --symbol", path.display());
            return Failure::says(Exit::Usage, text);
        }
        DataError::CsvSymbolColumnNeeded { .. } => "--symbol-column COLUMN".to_owned(),
        DataError::CsvNoSuchSymbol { .. } => {
            "--symbol SYMBOL; without it each becomes a series".to_owned()
        }
        DataError::Refused { objection, .. } => way_out(objection, calendar),
        DataError::CsvDatesOnly { .. } => "--interval 1d, --time COLUMN".to_owned(),
        _ => return error.into(),
    };
    Failure::says(Exit::Data, format!("{error} ({options})"))
}

/// The options that fit what the rows show, and the one that insists.
fn way_out(objection: &Objection, calendar: &Calendar) -> String {
    let fits = match objection {
        Objection::Interval { steps, .. } | Objection::Together { steps, .. } => {
            match steps.interval() {
                Some(interval) => format!("--interval {interval}"),
                None => "bars of that length are not stored".to_owned(),
            }
        }
        Objection::Abbreviation { .. } => {
            format!("--zone {} --override-offset", calendar.zone_name())
        }
        Objection::Unit { .. } => "--timestamp-format epoch_UNIT, or split the file".to_owned(),
        Objection::Symbol { found, .. } => format!("--symbol {found}"),
        Objection::Week { .. } => "import the days, and let weeks be derived".to_owned(),
        Objection::Conflicting { .. } => "--rejects FILE lists them".to_owned(),
        _ => stamp_options(objection).unwrap_or_default(),
    };
    let check = objection.check();
    let fits = format!("{fits}{}", zone_of_exchange(objection, calendar));
    format!("{fits}; --force {check} imports it as it is")
}
