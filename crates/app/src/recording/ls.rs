//! `openbell recording ls`: the recordings in a folder.

use std::path::Path;

use openbell_recorder::RecordingReader;

use super::found_in;
use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table, count};
use crate::terminal::Terminal;

/// Lists them; one that cannot be read has a line that says why.
pub(super) fn ls(folder: &Path, terminal: &mut Terminal) -> Outcome {
    let found = found_in(folder)?;
    let numbers = [("looks", Align::Right), ("rows", Align::Right), ("commands", Align::Right)];
    let mut table = Table::new(
        [("recording", Align::Left)].into_iter().chain(numbers).chain([("state", Align::Left)]),
    );
    let mut exit = Exit::Done;
    for (folder, _) in &found {
        let name = folder.display().to_string();
        match line_of(folder) {
            Ok([looks, rows, commands, state]) => table.row([name, looks, rows, commands, state]),
            Err(error) => {
                let none = String::new;
                table.row([name, none(), none(), none(), "cannot be read".to_owned()]);
                terminal.error(&error.to_string());
                exit = Exit::Data;
            }
        }
    }
    table.print(terminal, "")?;
    Ok(exit)
}

fn line_of(folder: &Path) -> Result<[String; 4], Failure> {
    let reader = RecordingReader::open(folder)?;
    let (summary, processes) = (reader.summary()?, reader.processes()?);
    let state = match processes.last() {
        None => "nothing is recorded".to_owned(),
        Some(last) => match (&last.ended, &last.why) {
            (Some(at), Some(why)) => format!("{why} at {at}"),
            _ => "not ended".to_owned(),
        },
    };
    Ok([count(summary.n_looks), count(summary.n_rows), count(summary.n_commands), state])
}
