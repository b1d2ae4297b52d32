//! A folder of its own for each test, the program run in it, and what came of that.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the program is run, and its files are looked at"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::{CommandFactory, Parser};
use tempfile::TempDir;

/// A folder that is gone when the test is over.
pub struct Folder(TempDir);

/// What a call of the program came to.
pub struct Call {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new() -> Folder {
        Folder(TempDir::new().expect("a folder for the test"))
    }

    /// A folder with a small market in `bars`: three symbols, 2025-06-16 to 2025-07-03.
    pub fn with_market() -> Folder {
        let folder = Folder::new();
        folder.run(&["data", "generate", "bars"]).expect_code(0);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder can be written");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The file, for a reader that seeks in it.
    pub fn open(&self, name: &str) -> std::fs::File {
        std::fs::File::open(self.path(name)).expect("it is there")
    }

    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The program, about to be run in this folder, without what the environment says.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openbell"));
        command.args(args).current_dir(self.0.path());
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("OPENBELL_LOG");
        command.env("COLUMNS", "100");
        command
    }

    pub fn run(&self, args: &[&str]) -> Call {
        self.command(args).output().expect("the program starts").into()
    }
}

impl From<Output> for Call {
    fn from(output: Output) -> Call {
        Call {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("results are UTF-8"),
            err: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        }
    }
}

impl Call {
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Call {
        assert_eq!(self.code, code, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Nothing on standard output, exactly this on standard error.
    #[track_caller]
    pub fn expect_error(self, code: i32, err: &str) {
        let call = self.expect_code(code);
        assert_eq!(call.err, err);
        assert_eq!(call.out, "");
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// What a command shows on a terminal of its own; `None`, and a line that says so, where this
/// system has none to give.
#[cfg(unix)]
pub fn on_terminal(mut command: Command) -> Option<String> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;

    let opened = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).and_then(|screen| {
        grantpt(&screen)?;
        unlockpt(&screen)?;
        let name = ptsname(&screen, Vec::new())?;
        Ok((screen, name))
    });
    let Ok((screen, name)) = opened else {
        println!("skipped: no terminal can be opened");
        return None;
    };
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let open =
        || std::fs::File::options().read(true).write(true).open(path).expect("its other end");
    let mut child = command.stdout(open()).stderr(open()).spawn().expect("the program starts");
    drop(command); // It holds the other end open.
    let mut screen = std::fs::File::from(screen);
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    // When nobody holds the other end any more, reading fails.
    while let Ok(n_bytes @ 1..) = screen.read(&mut part) {
        shown.extend_from_slice(&part[..n_bytes]);
    }
    child.wait().expect("the program ends");
    Some(String::from_utf8(shown).expect("text"))
}

/// The same, where terminals are something else.
#[cfg(not(unix))]
pub fn on_terminal(_: Command) -> Option<String> {
    println!("skipped: terminals are opened on Unix only");
    None
}

/// What measures for minutes, serves until it is ended, or asks a vendor, is read, and not run.
#[track_caller]
pub fn assert_readable(example: &str) {
    let words = example.split(" > ").next().unwrap_or_default().split(' ');
    if let Err(error) = openbell::args::Arguments::try_parse_from(words) {
        panic!("$ {example}\n{error}");
    }
}

/// The commands that do something, by their words: `data import`, with their help texts.
pub fn commands() -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    leaves(&openbell::args::Arguments::command(), "", &mut found);
    found
}

fn leaves(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
    for inner in command.get_subcommands() {
        let words = format!("{words} {}", inner.get_name()).trim_start().to_owned();
        if inner.has_subcommands() {
            leaves(inner, &words, found)
        } else {
            found.push((words, inner.clone()))
        }
    }
}

/// A session file over `bars`, `fields` being the members of `session_data_config` that follow
/// symbols and streams.
pub fn session(dates: [&str; 2], symbols: &[&str], streams: &[&str], fields: &str) -> String {
    let [start, end] = dates;
    format!(
        r#"{{
  "session_name": "test",
  "mode": "backtest",
  "backtest_config": {{ "start_date": "{start}", "end_date": "{end}" }},
  "session_data_config": {{ "symbols": {symbols:?}, "streams": {streams:?}{fields} }},
  "data_config": {{ "store": "bars" }}
}}
"#
    )
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
