//! `openbell data verify`: is a store what it should be?

use clap::Args;
use openbell_coordinator::with_causes;
use openbell_data_manager::{Check, DataError, Finding, FindingKind, Objection, StoreWriter};
use openbell_time::TimeManager;

use super::{DEFAULT_GROUP, StoreArg};
use crate::exit::{Exit, Outcome};
use crate::stamp_options::stamp_options;
use crate::table::{Align, Table, count, counted};
use crate::terminal::{Ink, Terminal};

/// Looks at every file and every row of a store.
///
/// Found are: what killed writes have left, files that cannot be read, rows that are out of order,
/// repeated, impossible, off the grid or in the wrong file. The exit code is 4 where something is
/// wrong. Rows outside regular hours and files that are no part of the store are reported and are not
/// wrong.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct VerifyArgs {
    #[command(flatten)]
    store: StoreArg,
    /// The exchange group of a folder without groups.
    #[arg(long, value_name = "GROUP", default_value = DEFAULT_GROUP)]
    group: String,
    /// Mends what can be mended without a loss: removes leftovers, sorts, puts rows where they
    /// belong.
    #[arg(long)]
    repair: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell data verify bars
  openbell data verify bars --repair";

/// Verifies it.
pub fn verify(args: &VerifyArgs, terminal: &mut Terminal) -> Outcome {
    let time = TimeManager::new();
    super::known_group(&time, &args.group)?;
    let look = || {
        let calendar_of = |group: Option<&str>| time.calendar(group.unwrap_or(&args.group)).ok();
        openbell_data_manager::verify(&args.store.store, &calendar_of)
    };
    let mut report = look()?;
    if args.repair && !report.is_valid() {
        let repaired = StoreWriter::open(&args.store.store)?.repair()?;
        for path in &repaired.removed {
            terminal.line(format!("removed    {}", path.display()))?;
        }
        for path in &repaired.compacted.rewritten {
            terminal.line(format!("rewritten  {}", path.display()))?;
        }
        for path in &repaired.compacted.dissolved {
            terminal.line(format!("dissolved  {}", path.display()))?;
        }
        report = look()?;
    }
    if !report.findings.is_empty() {
        let mut table =
            Table::new([("finding", Align::Left), ("n", Align::Right), ("where", Align::Left)]);
        for finding in &report.findings {
            table.row([finding.kind.name().to_owned(), count(finding.n), place(finding)]);
        }
        table.print(terminal, "")?;
        terminal.line("")?;
    }
    let what = if report.is_valid() {
        terminal.paint(Ink::Good, "valid")
    } else {
        terminal.paint(Ink::Error, "not valid")
    };
    terminal.line(format!(
        "{}: {what}: {}, {}",
        args.store.store.display(),
        counted(report.n_files, "file"),
        counted(report.n_rows, "row"),
    ))?;
    if report.is_being_written {
        terminal.flush()?;
        terminal
            .note("another process is writing to the store; what it has begun was not looked at");
    }
    if report.findings.iter().any(is_beside_its_sessions) {
        terminal.flush()?;
        let group = &args.group;
        terminal.note(&format!(
            "series without a group were held against the sessions of {group}; --group names another"
        ));
    }
    if let Some(objection) = report.findings.iter().find_map(stamps_speak_against) {
        terminal.flush()?;
        let options = stamp_options(objection).unwrap_or_default();
        terminal.note(&format!(
            "`openbell data compact {} --into STORE` brings stamps to the open of their bars, with the option \
             that fits ({options})",
            args.store.store.display()
        ));
    }
    if !report.is_valid() && !args.repair {
        terminal.flush()?;
        terminal.note("`openbell data verify --repair` mends what can be mended without a loss");
    }
    Ok(if report.is_valid() { Exit::Done } else { Exit::Data })
}

/// What speaks against how the stamps of a file were read.
fn stamps_speak_against(finding: &Finding) -> Option<&Objection> {
    match &finding.kind {
        FindingKind::Contradictory(DataError::Refused { objection, .. }) => {
            matches!(objection.check(), Check::Zone | Check::StampedAt).then_some(objection)
        }
        _ => None,
    }
}

/// Whether rows without a group lie beside its sessions: perhaps they are of another one.
fn is_beside_its_sessions(finding: &Finding) -> bool {
    let FindingKind::Contradictory(DataError::Refused { objection, .. }) = &finding.kind else {
        return false;
    };
    let has_group = finding.path.to_string_lossy().contains("exchange_group=");
    objection.check() == Check::Zone && !has_group
}

fn place(finding: &Finding) -> String {
    let mut text = finding.path.display().to_string();
    if let Some((row, stamp)) = finding.first {
        text.push_str(&format!(", first row {row} at {stamp}"));
    }
    if let FindingKind::Unreadable(error) | FindingKind::Contradictory(error) = &finding.kind {
        text.push_str(&format!(": {}", with_causes(error)));
    }
    text
}
