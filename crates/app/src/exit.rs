//! How the program ends: its exit codes, and errors on their way to one.

use std::fmt;
use std::io;

use openbell_coordinator::with_causes;
use openbell_data_manager::DataError;
use openbell_time::{ExchangeGroup, TimeError};

/// The exit codes. They are distinct, and stay what they are.
///
/// | code | meaning |
/// |---|---|
/// | 0 | done |
/// | 2 | the command line is wrong |
/// | 3 | the session file is wrong, or cannot be read |
/// | 4 | the data is wrong, missing, or cannot be read or written |
/// | 5 | the run has failed, a replay or a comparison differs, or something was seen before its time |
/// | 6 | a result cannot be written |
/// | 7 | a vendor has refused what was asked, or could not be reached |
/// | 8 | a live session was inactive for longer than it may be, and was given up |
/// | 9 | a run that was asked has something wrong: it is inactive, or data is kept from whoever asked |
/// | 10 | a run could not be asked, or has refused what was asked |
/// | 130 | interrupted; what was done by then is reported |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Done.
    Done,
    /// The command line is wrong.
    Usage,
    /// The session file is wrong.
    Config,
    /// The data is wrong or missing.
    Data,
    /// The run has failed.
    RunFailed,
    /// A result cannot be written.
    Output,
    /// A vendor has refused what was asked, or could not be reached.
    Vendor,
    /// A live session was inactive for longer than it may be.
    GaveUp,
    /// A run that was asked has something wrong.
    Wrong,
    /// A run could not be asked, or has refused what was asked.
    Unanswered,
    /// Interrupted by a person.
    Interrupted,
}

/// The table of exit codes, for help texts.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  2    the command line is wrong
  3    the session file is wrong, or cannot be read
  4    the data is wrong, missing, or cannot be read or written
  5    the run has failed, a replay or a comparison differs, or something was seen before its time
  6    a result cannot be written
  7    a vendor has refused what was asked, or could not be reached
  8    a live session was inactive for longer than it may be, and was given up
  9    a run that was asked has something wrong: it is inactive, or data is kept from whoever asked
  10   a run could not be asked, or has refused what was asked
  130  interrupted; what was done by then is reported";

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Usage => 2,
            Exit::Config => 3,
            Exit::Data => 4,
            Exit::RunFailed => 5,
            Exit::Output => 6,
            Exit::Vendor => 7,
            Exit::GaveUp => 8,
            Exit::Wrong => 9,
            Exit::Unanswered => 10,
            Exit::Interrupted => 130,
        }
    }

    /// Of the ends of several tasks, the one that the program ends with: the first that is not
    /// [`Exit::Done`], and an interruption before all.
    #[must_use]
    pub fn and(self, other: Exit) -> Exit {
        match (self, other) {
            (Exit::Interrupted, _) | (_, Exit::Interrupted) => Exit::Interrupted,
            (Exit::Done, other) => other,
            (first, _) => first,
        }
    }
}

/// What a task of the program returns.
pub type Outcome = Result<Exit, Failure>;

/// An error on its way out of the program: what is said, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// The failure of that exit code and error.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Failure {
        Failure { exit, error: error.into() }
    }

    /// The failure that says `text`.
    pub fn says(exit: Exit, text: impl fmt::Display) -> Failure {
        Failure { exit, error: anyhow::anyhow!("{text}") }
    }

    /// The same, said of `what`.
    #[must_use]
    pub fn of(self, what: impl fmt::Display + Send + Sync + 'static) -> Failure {
        Failure { exit: self.exit, error: self.error.context(what) }
    }

    /// Whether it only means that nobody reads the output any more, as with `| head`.
    pub fn is_closed_pipe(&self) -> bool {
        self.error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// The sentence with those of its causes that it does not say itself.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(self.error.as_ref()))
    }
}

/// Errors of results on standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::new(Exit::Output, error).of("cannot write to standard output")
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::new(Exit::Data, error)
    }
}

/// A calendar that has no answer was asked by the command line or by data.
impl From<TimeError> for Failure {
    fn from(error: TimeError) -> Failure {
        let hint = match &error {
            TimeError::UnknownCalendar { nearest, .. } if nearest.is_empty() => {
                let known: Vec<&str> = ExchangeGroup::ALL.iter().map(|group| group.name).collect();
                format!("; there are {}", known.join(", "))
            }
            _ => String::new(),
        };
        Failure::says(Exit::Usage, format!("{error}{hint}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Exit; 11] = [
        Exit::Done,
        Exit::Usage,
        Exit::Config,
        Exit::Data,
        Exit::RunFailed,
        Exit::Output,
        Exit::Vendor,
        Exit::GaveUp,
        Exit::Wrong,
        Exit::Unanswered,
        Exit::Interrupted,
    ];

    #[test]
    fn exit_codes_are_distinct_and_the_help_lists_them_all() {
        for (i, exit) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|other| other.code() != exit.code()));
            assert!(EXIT_CODES.contains(&format!("\n  {:<3}  ", exit.code())), "{exit:?}");
        }
    }

    #[test]
    fn the_first_end_that_is_not_done_counts_and_an_interruption_before_all() {
        assert_eq!(Exit::Done.and(Exit::Data), Exit::Data);
        assert_eq!(Exit::Config.and(Exit::Data), Exit::Config);
        assert_eq!(Exit::Config.and(Exit::Interrupted), Exit::Interrupted);
    }

    #[test]
    fn a_cause_that_is_said_already_is_not_said_again() {
        let inner = Failure::says(Exit::Data, "no such file");
        assert_eq!(inner.of("cannot read a.csv").to_string(), "cannot read a.csv: no such file");
        let failure = Failure::says(Exit::Data, "no such file").of("a.csv: no such file");
        assert_eq!(failure.to_string(), "a.csv: no such file");
    }
}
