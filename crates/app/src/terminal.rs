//! Results on standard output and messages on standard error, in colours where a person looks.

use std::io::{self, BufWriter, IsTerminal, Write};

use clap::ValueEnum;

/// When colours are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says NO_COLOR.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
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
    /// The program's terminal; `no_color` is what the environment says.
    pub fn new(choice: ColorChoice, no_color: bool) -> Terminal {
        let is_coloured = |is_terminal: bool| match choice {
            ColorChoice::Auto => is_terminal && !no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Terminal {
            out: BufWriter::new(io::stdout()),
            is_coloured_out: is_coloured(io::stdout().is_terminal()),
            is_coloured_err: is_coloured(io::stderr().is_terminal()),
            is_watched: io::stderr().is_terminal(),
        }
    }

    /// Whether a person watches standard error, so that a progress bar is of use.
    pub fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Whether messages on standard error are coloured.
    pub fn is_coloured_err(&self) -> bool {
        self.is_coloured_err
    }

    /// A line of results.
    pub fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
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
        let _ = writeln!(io::stderr(), "{text}"); // Nobody can be told that nobody can be told.
    }

    fn message(&self, ink: Ink, word: &str, text: &str) {
        let head = painted(self.is_coloured_err, ink, &format!("{word}:"));
        self.note(&format!("{head} {text}"));
    }
}

fn painted(is_coloured: bool, ink: Ink, text: &str) -> String {
    if is_coloured { format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()) } else { text.to_owned() }
}
