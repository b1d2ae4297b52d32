//! `openbell new`: a project with a strategy of its own, which builds, runs and passes its test as it lies.

mod project_name;
mod source;

use std::path::{Path, PathBuf};

use clap::Args;
use openbell_data_manager::StoreWriter;
use openbell_data_manager::generate::{self, MarketPlan, SymbolPlan};
use openbell_market::Symbol;
use openbell_time::TimeManager;

use crate::exit::{Exit, Failure, Outcome};
use crate::terminal::Terminal;
use project_name::ProjectName;
use source::Source;

/// Makes a project with a strategy of its own.
///
/// It is a Rust package that builds, runs and passes its test as it lies: a program with every command
/// and a strategy that you change, a session file, a made-up market, and a test that runs the session
/// and checks that nothing is known before its time.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct NewArgs {
    /// The folder, which is made; its name is that of the package.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Where the crates come from: the folder of a clone, an address of git (with #REVISION where you
    /// want one), or a version; by default the source that this program was built from.
    #[arg(long, value_name = "PATH|GIT|VERSION")]
    source: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  openbell new mine
  openbell new theirs --source https://example.org/openbell.git#v0.1.0
      the crates of a commit, branch or tag
  openbell new later --source 0.1.0";

/// A file of the project, and the text that it is made of.
struct Part {
    path: &'static str,
    text: &'static str,
    about: &'static str,
}

const PARTS: [Part; 8] = [
    Part {
        path: "src/mean_reversion.rs",
        text: include_str!("../../template/src/mean_reversion.rs"),
        about: "the strategy",
    },
    Part {
        path: "src/lib.rs",
        text: include_str!("../../template/src/lib.rs"),
        about: "the registry",
    },
    Part {
        path: "src/main.rs",
        text: include_str!("../../template/src/main.rs"),
        about: "the program",
    },
    Part {
        path: "session.json",
        text: include_str!("../../template/session.json"),
        about: "what is run",
    },
    Part {
        path: "tests/session.rs",
        text: include_str!("../../template/tests/session.rs"),
        about: "runs it, and checks it for look-ahead",
    },
    Part {
        path: "Cargo.toml",
        text: include_str!("../../template/manifest.toml"),
        about: "the package, and where the crates come from",
    },
    Part {
        path: "README.md",
        text: include_str!("../../template/README.md"),
        about: "where is what",
    },
    Part {
        path: ".gitignore",
        text: include_str!("../../template/gitignore"),
        about: "what is made and not kept",
    },
];

/// The crates that the manifest names, and their folders in the repository.
const CRATES: [(&str, &str); 7] = [
    ("openbell", "app"),
    ("openbell-coordinator", "coordinator"),
    ("openbell-session-data", "session-data"),
    ("openbell-account", "account"),
    ("openbell-session-file", "session-file"),
    ("openbell-strategies", "strategies"),
    ("openbell-time", "time"),
];

/// Makes the project.
pub fn new(args: &NewArgs, program: &str, terminal: &mut Terminal) -> Outcome {
    let folder = args.folder.as_path();
    let name = ProjectName::of(folder)?;
    let source = Source::of(args.source.as_deref())?;
    refuse_to_overwrite(folder)?;
    for part in &PARTS {
        write(&folder.join(part.path), &filled(part.text, &name, &source))?;
    }
    if let Some(lock) = source.lock_file() {
        let text = std::fs::read_to_string(&lock).map_err(|error| {
            Failure::new(Exit::Data, error).of(format!("cannot read {}", lock.display()))
        })?;
        write(&folder.join("Cargo.lock"), &text)?;
    }
    make_market(&folder.join("bars"))?;
    terminal.line(format!("{}: a project whose crates come from {source}\n", folder.display()))?;
    for part in &PARTS {
        terminal.line(format!("  {:<22} {}", part.path, part.about))?;
    }
    terminal.line(format!("  {:<22} a made-up market\n", "bars"))?;
    terminal.line(format!(
        "Then:\n  cd {}\n  cargo run -- run session.json\n  cargo test\n\n`cargo run -- COMMAND` is \
         `{program} COMMAND` with your strategies.",
        folder.display()
    ))?;
    Ok(Exit::Done)
}

fn refuse_to_overwrite(folder: &Path) -> Result<(), Failure> {
    let is_free = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    let text = format!(
        "{} is there already, and is not an empty folder; give another one",
        folder.display()
    );
    Err(Failure::says(Exit::Usage, text))
}

fn filled(text: &str, name: &ProjectName, source: &Source) -> String {
    let mut text = text
        .replace("{{name}}", name.package())
        .replace("{{rust}}", env!("CARGO_PKG_RUST_VERSION"));
    for (package, folder) in CRATES {
        text = text.replace(&format!("{{{{{package}}}}}"), &source.dependency(folder));
    }
    text
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)).map_err(|error| {
        Failure::new(Exit::Output, error).of(format!("cannot write {}", path.display()))
    })
}

/// The market of `openbell data generate`, as it is without options.
fn make_market(store: &Path) -> Result<(), Failure> {
    let calendar = TimeManager::new().calendar("US_EQUITY")?;
    let symbol = |name: &str| Symbol::new(name).expect("a symbol of ours");
    let date = |text: &str| text.parse().expect("a date of ours");
    let plan = MarketPlan {
        exchange_group: "US_EQUITY".to_owned(),
        seed: 1,
        first: date("2025-06-16"),
        last: date("2025-07-03"),
        symbols: ["AAPL", "MSFT", "TSLA"].map(|name| SymbolPlan::liquid(symbol(name))).to_vec(),
    };
    let mut writer = StoreWriter::open(store)?;
    generate::generate(&plan, &calendar, &mut writer)?;
    Ok(())
}
