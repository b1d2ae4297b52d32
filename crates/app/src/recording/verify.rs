//! `openbell recording verify`: every look, held against what was written.

use std::path::Path;

use openbell_recorder::{RecorderError, RecordingReader};

use super::{command_form, found_in};
use crate::exit::{Exit, Outcome};
use crate::table::counted;
use crate::terminal::{Ink, Terminal};

/// Reads them all; says of each whether it is whole.
pub(super) fn verify(folder: &Path, terminal: &mut Terminal) -> Outcome {
    let found = found_in(folder)?;
    let mut exit = Exit::Done;
    for (folder, _) in &found {
        match n_looks(folder) {
            Ok(n) => {
                let good = terminal.paint(Ink::Good, "whole");
                terminal.line(format!("{}: {good}, {}", folder.display(), counted(n, "look")))?;
            }
            Err(error) => {
                terminal.error(&error.to_string());
                exit = Exit::Data;
            }
        }
    }
    Ok(exit)
}

fn n_looks(folder: &Path) -> Result<u64, RecorderError> {
    let looks = RecordingReader::open(folder)?.looks(command_form())?;
    let mut n = 0;
    for look in looks {
        look?;
        n += 1;
    }
    Ok(n)
}
