//! `openbell calendar` on the command line: its arguments, and its exit codes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use openbell_time::{
    Calendar, ExchangeGroup, SystemWall, TimeManager, Timestamp, TradingDate, WallClock,
};

use crate::calendar::{self, SessionsRequest, TableForm};
use crate::exit::{Exit, Failure, Outcome};
use crate::terminal::Terminal;

/// Says what a calendar knows.
///
/// Sessions, hours, holidays, and what comes next. CALENDAR is an exchange group (US_EQUITY,
/// CRYPTO, FOREX, CME_EQUITY) or an exchange by its MIC (XLON, XTKS). Times are exchange times
/// unless they carry a zone.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, subcommand_required = true, after_help = EXAMPLES)]
pub struct CalendarArgs {
    /// A file of closures, early closes and late opens to lay over the calendars.
    #[arg(long, value_name = "FILE", global = true)]
    calendar_overlay: Option<PathBuf>,
    #[command(subcommand)]
    command: CalendarCommand,
}

const EXAMPLES: &str = "\
Examples:
  openbell calendar show US_EQUITY
  openbell calendar sessions US_EQUITY --since 2025-06-30 --until 2025-07-08
  openbell calendar next XTKS --at 2025-07-02T11:45
  openbell calendar ask questions.csv";

const SESSIONS_EXAMPLES: &str = "\
Examples:
  openbell calendar sessions US_EQUITY --since 2025-06-30 --until 2025-07-08
  openbell calendar sessions XHKG --since 2025-01-27 --until 2025-02-04 --csv
      the days around the lunar new year, for a spreadsheet";

const SHOW_EXAMPLES: &str = "\
Examples:
  openbell calendar show US_EQUITY
  openbell calendar show XLON --at 2025-12-20T10:00
      as it was, or will be";

const NEXT_EXAMPLES: &str = "\
Examples:
  openbell calendar next US_EQUITY
      is it open now, and when does it close?
  openbell calendar next XTKS --at 2025-07-02T11:45
      in the lunch break";

const ASK_EXAMPLES: &str = "\
Example:
  openbell calendar ask questions.csv

with, in questions.csv,
  mic,kind,arg1,arg2,answer
  XNYS,next_session,2025-07-03,,
  XNYS,is_session,2025-07-04,,0";

#[derive(Subcommand, Debug)]
enum CalendarCommand {
    /// Prints the sessions of a range of dates.
    ///
    /// Each with its open and close in exchange time, and whether it opens late, breaks, or closes
    /// early. CSV and JSON have the instants in UTC too.
    #[command(after_help = SESSIONS_EXAMPLES)]
    Sessions {
        /// The exchange group or exchange.
        #[arg(value_name = "CALENDAR")]
        name: String,
        /// The first date.
        #[arg(long, value_name = "DATE")]
        since: TradingDate,
        /// The first date that is not wanted any more.
        #[arg(long, value_name = "DATE")]
        until: TradingDate,
        /// Write CSV, with the columns of the reference tables.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Write JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints a calendar at a glance.
    ///
    /// Its zone, phase, hours, the month with its days off, the unusual days ahead, how far its
    /// facts reach, and where they are from.
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The exchange group or exchange.
        #[arg(value_name = "CALENDAR")]
        name: String,
        /// The time to look from; now where it is missing.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Prints the phase, and the next open, close and session.
    ///
    /// As of now, or of any time.
    #[command(after_help = NEXT_EXAMPLES)]
    Next {
        /// The exchange group or exchange.
        #[arg(value_name = "CALENDAR")]
        name: String,
        /// The time to look from; now where it is missing.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Answers a file of questions, and holds the answers against those that stand in it.
    ///
    /// The file begins with `mic,kind,arg1,arg2,answer`; the answer may be empty. The questions are
    /// printed with our answers, differences go to standard error, and the exit code is 4 where
    /// there are some.
    #[command(after_help = ASK_EXAMPLES)]
    Ask {
        /// The file, plain or gzip.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Does what the command says.
pub fn calendar(args: &CalendarArgs, terminal: &mut Terminal) -> Outcome {
    let time = match &args.calendar_overlay {
        Some(path) => overlaid(path)?,
        None => TimeManager::new(),
    };
    let wrong = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let mut out = Vec::new();
    match &args.command {
        CalendarCommand::Sessions { name, since, until, csv, json } => {
            let form = match (csv, json) {
                (true, _) => TableForm::Csv,
                (_, true) => TableForm::Json,
                _ => TableForm::Text,
            };
            let (since, until) = (*since, *until);
            let name = &known_name(name);
            let request = SessionsRequest { calendar: name, since, until, form };
            calendar::sessions(&time, &request, &mut out).map_err(wrong)?;
        }
        CalendarCommand::Show { name, at } => {
            let named = time.calendar(&known_name(name))?;
            calendar::show(&named, instant(&named, at.as_deref())?, &mut out).map_err(wrong)?;
        }
        CalendarCommand::Next { name, at } => {
            let named = time.calendar(&known_name(name))?;
            calendar::next(&named, instant(&named, at.as_deref())?, &mut out).map_err(wrong)?;
        }
        CalendarCommand::Ask { file } => return ask(&time, file, terminal),
    }
    terminal.text(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Done)
}

/// The name of a group as it is written, also where it was typed in small letters.
fn known_name(typed: &str) -> String {
    let upper = typed.to_uppercase();
    if ExchangeGroup::named(&upper).is_some() { upper } else { typed.to_owned() }
}

/// The calendars with the closures and early closes of a file laid over them.
fn overlaid(path: &std::path::Path) -> Result<TimeManager, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("cannot read the calendar overlay {}", path.display());
        Failure::new(Exit::Usage, error).of(what)
    })?;
    TimeManager::with_overlay(&text).map_err(|error| {
        let what = format!("the calendar overlay {} is wrong", path.display());
        Failure::new(Exit::Usage, error).of(what)
    })
}

fn ask(time: &TimeManager, file: &std::path::Path, terminal: &mut Terminal) -> Outcome {
    let failed = |error: anyhow::Error| {
        Failure::new(Exit::Data, error).of(format!("cannot answer {}", file.display()))
    };
    let bytes = std::fs::read(file).map_err(|error| failed(error.into()))?;
    let (mut answers, mut differences) = (Vec::new(), Vec::new());
    let asked = calendar::ask(time, &bytes, &mut answers, &mut differences).map_err(failed)?;
    terminal.text(&String::from_utf8_lossy(&answers))?;
    terminal.flush()?;
    terminal.note(String::from_utf8_lossy(&differences).trim_end());
    Ok(if asked.n_differences == 0 { Exit::Done } else { Exit::Data })
}

fn instant(calendar: &Calendar, written: Option<&str>) -> Result<Timestamp, Failure> {
    match written {
        Some(text) => calendar::written_instant(calendar, text)
            .map_err(|error| Failure::new(Exit::Usage, error)),
        None => {
            let seconds = SystemWall::new().now().as_secs();
            Ok(Timestamp::from_nanos(seconds * openbell_time::NANOS_PER_SECOND))
        }
    }
}
