//! Question files: every line answered, and held against the answer that stands there.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use openbell_time::{Calendar, Nanos, Session, TimeError, TimeManager, Timestamp, TradingDate};

/// How a question file came out.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// Questions in the file.
    pub n_questions: usize,
    /// Questions beside which an answer stands.
    pub n_compared: usize,
    /// Answers that differ, and questions that could not be answered.
    pub n_differences: usize,
}

/// Answers a question file, plain or gzip: `mic,kind,arg1,arg2,answer` under a heading, the last
/// column empty or left out where nothing is to be compared.
///
/// To `answers` go the same lines with our answers, to `differences` one line for each that
/// differs or has no answer, and the count.
///
/// # Errors
///
/// The file is no question file, or an output cannot be written.
pub fn ask(
    time: &TimeManager,
    file: &[u8],
    answers: &mut impl Write,
    differences: &mut impl Write,
) -> Result<Asked> {
    let text = plain_text(file)?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let heading = lines.next().map_or("", |(_, line)| line.trim());
    if heading != "mic,kind,arg1,arg2,answer" && heading != "mic,kind,arg1,arg2" {
        bail!("a question file begins with `mic,kind,arg1,arg2,answer`, found {heading:?}");
    }
    writeln!(answers, "mic,kind,arg1,arg2,answer")?;
    let mut asked = Asked::default();
    for (idx, line) in lines {
        let fields: Vec<&str> = line.trim().split(',').collect();
        let (&[mic, kind, arg1, arg2], expected) = match fields.split_at_checked(4) {
            Some((question, rest)) if rest.len() <= 1 => (
                question.try_into().context("four fields")?,
                rest.first().copied().filter(|expected| !expected.is_empty()),
            ),
            _ => bail!("line {}: needs mic,kind,arg1,arg2,answer, found {line:?}", idx + 1),
        };
        let found = answer(time, &Question { mic, kind, arg1, arg2 });
        asked.n_questions += 1;
        asked.n_compared += usize::from(expected.is_some());
        let question = [mic, kind, arg1, arg2].join(" ");
        let (question, line_no) = (question.trim_end(), idx + 1);
        match (&found, expected) {
            (Ok(found), Some(expected)) if found != expected => {
                asked.n_differences += 1;
                writeln!(
                    differences,
                    "line {line_no}: {question}: the file says {expected}, the calendar {found}"
                )?;
            }
            (Ok(_), _) => {}
            (Err(error), _) => {
                asked.n_differences += 1;
                writeln!(differences, "line {line_no}: {question}: no answer: {error:#}")?;
            }
        }
        writeln!(answers, "{mic},{kind},{arg1},{arg2},{}", found.unwrap_or_default())?;
    }
    writeln!(
        differences,
        "{} questions, {} compared, {} differences",
        asked.n_questions, asked.n_compared, asked.n_differences
    )?;
    Ok(asked)
}

/// The text of a file that may be gzip.
fn plain_text(file: &[u8]) -> Result<String> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut text = String::new();
    if file.starts_with(&GZIP) {
        flate2::read::MultiGzDecoder::new(file)
            .read_to_string(&mut text)
            .context("cannot unpack the question file")?;
    } else {
        text.push_str(
            std::str::from_utf8(file).context("a question file is text or gzip of text")?,
        );
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()), // The mark that some editors write.
        None => Ok(text),
    }
}

/// One line of a question file, without its answer.
struct Question<'a> {
    mic: &'a str,
    kind: &'a str,
    arg1: &'a str,
    arg2: &'a str,
}

fn answer(time: &TimeManager, question: &Question<'_>) -> Result<String> {
    let calendar = time.calendar(question.mic)?;
    let date = |text: &str| text.parse::<TradingDate>();
    let instant = || question.arg1.parse::<Timestamp>();
    let truth = |is_so: bool| u8::from(is_so).to_string();
    let text = match question.kind {
        "is_session" => truth(calendar.is_session(date(question.arg1)?)?),
        "open" => of_session(&calendar, question.arg1, |session| session.open.to_string())?,
        "close" => of_session(&calendar, question.arg1, |session| session.close.to_string())?,
        "minutes" => of_session(&calendar, question.arg1, |session| {
            minutes(session.open_length()).to_string()
        })?,
        "next_session" => calendar.next_session(date(question.arg1)?)?.date.to_string(),
        "prev_session" => calendar.previous_session(date(question.arg1)?)?.date.to_string(),
        "count" => calendar.count(date(question.arg1)?, date(question.arg2)?)?.to_string(),
        "trailing" => {
            let n = question.arg2.parse().with_context(|| {
                format!("needs a number of sessions, found {:?}", question.arg2)
            })?;
            calendar.trailing_session(date(question.arg1)?, n)?.date.to_string()
        }
        "is_open" => truth(calendar.is_open(instant()?)?),
        "next_open" => calendar.next_open(instant()?)?.to_string(),
        "next_close" => calendar.next_close(instant()?)?.to_string(),
        "phase" => calendar.phase(instant()?)?.to_string(),
        other => bail!(
            "no such question as {other:?}; there are is_session, open, close, minutes, next_session, prev_session, count, trailing, is_open, next_open, next_close and phase"
        ),
    };
    Ok(text)
}

/// What a session of that date says; `none` where there is none.
fn of_session(
    calendar: &Calendar,
    date: &str,
    says: impl Fn(&Session) -> String,
) -> Result<String, TimeError> {
    let session = calendar.session(date.parse()?)?;
    Ok(session.map_or("none".to_owned(), |session| says(&session)))
}

fn minutes(length: Nanos) -> i64 {
    length.as_secs() / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(file: &[u8]) -> (Asked, String, String) {
        let (mut answers, mut differences) = (Vec::new(), Vec::new());
        let asked = ask(&TimeManager::new(), file, &mut answers, &mut differences)
            .expect("a question file");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (asked, text(answers), text(differences))
    }

    #[test]
    fn every_line_is_answered_and_a_wrong_one_is_reported() {
        let file = "\
mic,kind,arg1,arg2,answer
XNYS,is_session,2024-07-04,,0
XNYS,close,2024-07-03,,2024-07-03T20:00:00Z
XNYS,count,2024-07-01,2024-07-05,
XTKS,minutes,2022-06-01,,300
NYSE_EXT,phase,2024-07-03T17:00:00Z,,post
XNYS,open,1970-01-02,,
";
        let (asked, answers, differences) = asked(file.as_bytes());
        assert_eq!(asked, Asked { n_questions: 6, n_compared: 4, n_differences: 2 });
        let expected = "\
mic,kind,arg1,arg2,answer
XNYS,is_session,2024-07-04,,0
XNYS,close,2024-07-03,,2024-07-03T17:00:00Z
XNYS,count,2024-07-01,2024-07-05,4
XTKS,minutes,2022-06-01,,300
NYSE_EXT,phase,2024-07-03T17:00:00Z,,post
XNYS,open,1970-01-02,,
";
        assert_eq!(answers, expected);
        let lines: Vec<&str> = differences.lines().collect();
        assert_eq!(
            lines[0],
            "line 3: XNYS close 2024-07-03: the file says 2024-07-03T20:00:00Z, the calendar 2024-07-03T17:00:00Z"
        );
        assert!(lines[1].starts_with("line 7: XNYS open 1970-01-02: no answer:"), "{}", lines[1]);
        assert_eq!(lines[2], "6 questions, 4 compared, 2 differences");
    }

    #[test]
    fn what_is_no_question_file_is_refused() {
        let time = TimeManager::new();
        for file in ["", "mic,kind\n", "mic,kind,arg1,arg2,answer\nXNYS,open\n"] {
            let refused = ask(&time, file.as_bytes(), &mut Vec::new(), &mut Vec::new());
            assert!(refused.is_err(), "{file:?}");
        }
    }

    #[test]
    fn every_reference_question_beside_the_repository_is_answered_right() {
        let shared = std::env::var_os("OPENBELL_SHARED").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            std::path::PathBuf::from,
        );
        let Ok(folder) = std::fs::read_dir(shared.join("calendars")) else {
            println!("skipped: ../shared is not there");
            return;
        };
        let mut n_files = 0;
        for entry in folder {
            let path = entry.expect("a folder that opens can be listed").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with("queries_") {
                continue;
            }
            let (asked, _, differences) = asked(&std::fs::read(&path).expect("a listed file"));
            assert_eq!(asked.n_differences, 0, "{name}: {differences}");
            assert_eq!(asked.n_compared, asked.n_questions, "{name}");
            assert!(asked.n_questions > 0, "{name}");
            n_files += 1;
        }
        assert!(n_files > 0, "the folder holds question files");
    }
}
