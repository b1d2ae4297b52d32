//! `openbell data import`: CSV files of every make into a store, and recorded sessions.

mod args;
mod recorded;
mod rejects;
mod shown;
mod ways_out;

use std::path::Path;

use openbell_data_manager::import::{CsvOptions, ImportTarget, Importer, Listeners, SymbolChoice};
use openbell_data_manager::{Provenance, StoreWriter};
use openbell_market::Symbol;
use openbell_time::TimeManager;

use crate::exit::{Exit, Failure, Outcome};
use crate::outputs::Outputs;
use crate::progress::Progress;
use crate::terminal::Terminal;
pub use args::ImportArgs;
pub(in crate::data) use args::{StampedAtArg, shift};
use args::{adjustment, options};
use rejects::Rejects;
pub(in crate::data) use shown::{N_SERIES_SHOWN, warn_of};
use shown::{read_as_words, show_preview, show_report, warn, warn_of_zone, whose};
use ways_out::with_options;

/// Imports the files, one after the other; one that is refused does not keep the others out.
pub fn import(args: &ImportArgs, terminal: &mut Terminal) -> Outcome {
    if let Some(folder) = &args.recording {
        return recorded::import(folder, args.store.as_deref(), terminal);
    }
    let calendar = TimeManager::new().calendar(&args.group)?;
    let options = options(args);
    let symbols: Vec<SymbolChoice> = args.files.iter().map(|file| symbol_of(args, file)).collect();
    let provenance = Provenance {
        provider: args.origin.provider.clone(),
        adjustment: adjustment(args.origin.adjustment),
        is_synthetic: false,
        waived: args.checks.force.iter().copied().collect(),
    };
    let target = |symbols| ImportTarget {
        exchange_group: &args.group,
        calendar: &calendar,
        symbols,
        provenance: &provenance,
    };
    if args.dry_run {
        for (file, symbols) in args.files.iter().zip(&symbols) {
            show_preview(file, &target(symbols), &options, terminal)?;
        }
        return Ok(Exit::Done);
    }
    outputs(args).check()?;
    let mut rejects = match &args.rejects {
        Some(path) => Some(Rejects::create(path)?),
        None => None,
    };
    let mut writer = StoreWriter::open(args.store())?;
    let mut importer = Importer::new(&mut writer);
    let mut exit = Exit::Done;
    for (file, symbols) in args.files.iter().zip(&symbols) {
        let imported =
            import_file(file, &target(symbols), &options, &mut importer, &mut rejects, terminal);
        match imported {
            Ok(ended) => exit = exit.and(ended),
            Err(failure) if failure.is_closed_pipe() || args.files.len() == 1 => {
                return Err(failure);
            }
            Err(failure) => {
                terminal.flush()?;
                terminal.error(&failure.to_string());
                exit = exit.and(failure.exit);
            }
        }
    }
    if let Some(rejects) = rejects {
        rejects.finish()?;
    }
    Ok(exit)
}

fn import_file(
    file: &Path,
    target: &ImportTarget<'_>,
    options: &CsvOptions,
    importer: &mut Importer<'_>,
    rejects: &mut Option<Rejects>,
    terminal: &mut Terminal,
) -> Outcome {
    let mut failed = None;
    let mut read_as = None;
    let progress = Progress::of_bytes(terminal, &file.display().to_string());
    let report = importer.import(
        file,
        options,
        target,
        Listeners {
            reads: &mut |found| read_as = Some(found.clone()),
            rejected: &mut |row| {
                if let Some(rejects) = rejects.as_mut()
                    && failed.is_none()
                {
                    failed = rejects.write(row).err();
                }
            },
            progress: &mut |at| progress.bytes(at.n_bytes, at.n_bytes_total),
        },
    );
    progress.clear();
    if let Some(read_as) = &read_as {
        // The guesses are shown, also those of a file that is refused for them.
        let (whose, group) = (whose(target, read_as), target.exchange_group);
        terminal.line(format!("{}: {whose} {} of {group}", file.display(), options.interval))?;
        terminal.line(format!("  read as  {}", read_as_words(read_as, options)))?;
        terminal.flush()?;
        warn_of_zone(read_as, options, terminal);
    }
    let report = report.map_err(|error| with_options(error, target.calendar))?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    show_report(&report, target.calendar, terminal)?;
    terminal.flush()?;
    warn(&report, target.calendar, terminal);
    let counts = report.counts();
    if counts.added + counts.updated + counts.unchanged == 0 {
        let text = format!("no row of {} was imported: all are rejected", file.display());
        return Err(Failure::says(Exit::Data, text));
    }
    Ok(Exit::Done)
}

/// What an import reads and where it writes.
fn outputs(args: &ImportArgs) -> Outputs {
    let mut outputs = Outputs::new();
    for file in &args.files {
        outputs = outputs.reads(file, "an imported file");
    }
    match &args.rejects {
        Some(rejects) => outputs.reads_store(args.store()).writes(rejects, "--rejects"),
        None => outputs,
    }
}

/// Whose rows a file holds: those of --symbol; else those that its column of symbols names, and where
/// it has none those of its name.
fn symbol_of(args: &ImportArgs, file: &Path) -> SymbolChoice {
    match &args.symbol {
        Some(symbol) => SymbolChoice::Only(symbol.clone()),
        None => SymbolChoice::InFile(Symbol::new(&stem(file)).ok()), // `Err`: said where it is needed
    }
}

/// The name of a file without the endings of tables, packed or not: a symbol may have points itself.
fn stem(file: &Path) -> String {
    const ENDINGS: [&str; 7] = [".csv", ".txt", ".tsv", ".tab", ".dat", ".asc", ".prn"];
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let without = |name: &str, endings: &[&str]| {
        let lower = name.to_lowercase();
        let found = endings.iter().find(|ending| lower.ends_with(**ending));
        found.map_or_else(|| name.to_owned(), |ending| name[..name.len() - ending.len()].to_owned())
    };
    without(&without(&name, &[".gz"]), &ENDINGS)
}
