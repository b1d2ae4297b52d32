//! Results on standard output and messages on standard error, in colours where a person looks.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::AutoStream;
use clap::ValueEnum;

/// When colours are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Lets the choice of a command line hold for all that this process prints: help texts and
    /// usage errors too, which are printed before the command line is understood.
    pub fn announce(args: &[OsString]) {
        let mut choice = ColorChoice::default();
        let mut args = args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
        while let Some(arg) = args.next() {
            let value = match arg.strip_prefix("--color") {
                Some("") => args.next(),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            };
            // A word that is no choice is refused when the command line is read.
            choice = value.and_then(|word| Self::from_str(word, false).ok()).unwrap_or(choice);
        }
        match choice {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ink {
    /// The head of a table, a title.
    Head,
    /// It is right.
    Good,
    /// Someone should look.
    Warning,
    /// It is wrong.
    Error,
    /// Beside the point.
    Faint,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Ink::Head => "1",
            Ink::Good => "32",
            Ink::Warning => "33",
            Ink::Error => "31;1",
            Ink::Faint => "2",
        }
    }
}

/// The terminal, or what stands in its place.
///
/// *Cost*: output is buffered; [`Terminal::flush`] is called before the program ends and before it
/// works for long.
pub struct Terminal {
    out: BufWriter<io::Stdout>,
    is_coloured_out: bool,
    is_coloured_err: bool,
    is_watched: bool,
}

impl Terminal {
    /// The program's terminal: in colours as the command line has announced, else as the
    /// environment says (`NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM`), else where a terminal
    /// is.
    pub fn new() -> Terminal {
        let is_coloured = |choice| choice != anstream::ColorChoice::Never;
        Terminal {
            out: BufWriter::new(io::stdout()),
            is_coloured_out: is_coloured(AutoStream::choice(&io::stdout())),
            is_coloured_err: is_coloured(AutoStream::choice(&io::stderr())),
            is_watched: io::stderr().is_terminal(),
        }
    }

    /// Whether a person watches standard error, so that a progress bar is of use.
    pub fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Whether results are shown on a terminal.
    pub fn is_shown(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether a person is there who can be asked.
    pub fn can_ask(&self) -> bool {
        self.is_watched && io::stdin().is_terminal()
    }

    /// Asks a person, and says whether the answer is yes; anything else is no.
    pub fn is_answered_yes(&mut self, question: &str) -> io::Result<bool> {
        self.flush()?;
        let mut screen = io::stderr();
        write!(screen, "{} [y/N] ", printable(question))?;
        screen.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Whether messages on standard error are coloured.
    pub fn is_coloured_err(&self) -> bool {
        self.is_coloured_err
    }

    /// A line of results.
    pub fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{}", printable(&text.to_string()))
    }

    /// Results that end their lines themselves.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// `text` in the colour of `ink` for [`Terminal::line`], where results are coloured.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        painted(self.is_coloured_out, ink, text)
    }

    /// Hands on what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// An error on standard error.
    pub fn error(&self, text: &str) {
        self.message(Ink::Error, "error", text);
    }

    /// A warning on standard error.
    pub fn warning(&self, text: &str) {
        self.message(Ink::Warning, "warning", text);
    }

    /// A line on standard error for a person who waits.
    pub fn note(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}", printable(text)); // A closed standard error cannot be reported anywhere.
    }

    fn message(&self, ink: Ink, word: &str, text: &str) {
        let head = painted(self.is_coloured_err, ink, &format!("{word}:"));
        self.note(&format!("{head} {text}"));
    }
}

impl Default for Terminal {
    fn default() -> Terminal {
        Terminal::new()
    }
}

/// Marks where a colour begins, its code behind it up to the next; what names hold is never one of them.
const INK: char = '\u{f8f0}';

/// Marks where a colour ends.
const PLAIN: char = '\u{f8f1}';

fn painted(is_coloured: bool, ink: Ink, text: &str) -> String {
    if is_coloured { format!("{INK}{}{INK}{text}{PLAIN}", ink.code()) } else { text.to_owned() }
}

/// `text` with its colours, and without anything else by which a name of a file or a symbol could steer a
/// terminal.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut is_code = false;
    for letter in text.chars() {
        match letter {
            INK => {
                shown.push_str(if is_code { "m" } else { "\u{1b}[" });
                is_code = !is_code;
            }
            PLAIN => shown.push_str("\u{1b}[0m"),
            '\n' | '\t' => shown.push(letter),
            _ if letter.is_control() => shown.extend(letter.escape_default()),
            _ => shown.push(letter),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_ours_and_what_a_name_holds_is_shown_and_not_done() {
        let name = "a\u{1b}[31mb\u{7}\r.csv";
        let line = format!("{}: {name}", painted(true, Ink::Good, "valid"));
        assert_eq!(printable(&line), "\u{1b}[32mvalid\u{1b}[0m: a\\u{1b}[31mb\\u{7}\\r.csv");
        assert_eq!(printable(&painted(false, Ink::Good, "two\nlines")), "two\nlines");
    }
}
