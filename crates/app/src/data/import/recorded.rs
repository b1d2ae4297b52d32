//! `openbell data import --recording`: the final bars of recorded sessions into a store.

use std::path::Path;

use openbell_data_manager::{MergeCounts, StoreWriter};
use openbell_recorder::{SessionBars, StoredSession, into_store, session_bars};

use super::shown::N_SERIES_SHOWN;
use crate::exit::{Exit, Failure, Outcome};
use crate::recording::found_in;
use crate::table::{count, counted, counted_as};
use crate::terminal::Terminal;

/// Imports what is recorded in `folder`, and in the folders in it; a recording that cannot be read does
/// not keep the others out.
pub(super) fn import(folder: &Path, store: Option<&Path>, terminal: &mut Terminal) -> Outcome {
    let found = found_in(folder)?;
    let mut exit = Exit::Done;
    for (folder, _) in &found {
        match import_session(folder, store, terminal) {
            Ok(ended) => exit = exit.and(ended),
            Err(failure) if failure.is_closed_pipe() || found.len() == 1 => return Err(failure),
            Err(failure) => {
                terminal.flush()?;
                terminal.error(&failure.to_string());
                exit = exit.and(failure.exit);
            }
        }
    }
    Ok(exit)
}

fn import_session(folder: &Path, store: Option<&Path>, terminal: &mut Terminal) -> Outcome {
    let bars = session_bars(folder)?;
    let named = bars.head.store.as_deref().map(Path::new);
    let Some(store) = store.or(named) else {
        let text = format!("the recording in {} names no store; give --store", folder.display());
        return Err(Failure::says(Exit::Config, text));
    };
    let mut writer = StoreWriter::open(store)?;
    let stored = into_store(&bars, &mut writer)?;
    show(&bars, &stored, store, terminal)?;
    terminal.flush()?;
    let mut exit = Exit::Done;
    let refused = stored.series.iter().filter_map(|s| Some((&s.key, s.merged.as_ref().err()?)));
    for (key, error) in refused {
        terminal.error(&format!("{key} is not stored: {error}"));
        exit = Exit::Data;
    }
    if let Some(damage) = &bars.damage {
        let n_looks = counted(bars.n_looks, "look");
        terminal.error(&format!("{damage}; what was imported are the bars of its first {n_looks}"));
        exit = Exit::Data;
    }
    Ok(exit)
}

fn show(
    bars: &SessionBars,
    stored: &StoredSession,
    store: &Path,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let n_series = counted_as(bars.series.len() as u64, "symbol", "symbols");
    let (folder, group) = (bars.folder.display(), &bars.exchange_group);
    let into = store.display();
    terminal.line(format!("{folder}: {n_series} of {group} into {into}"))?;
    let counts = stored.counts();
    terminal.line(format!("  {}: {}", counted(n_bars(counts), "bar"), words(counts)))?;
    for series in stored.series.iter().take(N_SERIES_SHOWN) {
        if let Ok(counts) = series.merged {
            terminal.line(format!("  {}: {}", series.key, words(counts)))?;
        }
    }
    let n_more = stored.series.len().saturating_sub(N_SERIES_SHOWN);
    if n_more > 0 {
        terminal.line(format!("  and {} more", count(n_more as u64)))?;
    }
    for (reason, n_rows) in &bars.rejected {
        terminal.line(format!("  rejected as {reason}: {}", counted(*n_rows, "row")))?;
    }
    Ok(())
}

fn n_bars(counts: MergeCounts) -> u64 {
    counts.added + counts.updated + counts.unchanged
}

/// What became of bars, in words.
fn words(counts: MergeCounts) -> String {
    if counts.unchanged > 0 && counts.unchanged == n_bars(counts) {
        return "0 added, all unchanged".to_owned();
    }
    let (added, updated) = (count(counts.added), count(counts.updated));
    format!("{added} added, {updated} updated, {} unchanged", count(counts.unchanged))
}
