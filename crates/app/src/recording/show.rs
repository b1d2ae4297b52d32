//! `openbell recording show`: what a recording holds.

use std::path::Path;

use openbell_recorder::{ProcessRow, RecordingReader};

use crate::exit::{Exit, Outcome};
use crate::table::{Align, Table, count, counted};
use crate::terminal::Terminal;

/// Says it.
pub(super) fn show(folder: &Path, terminal: &mut Terminal) -> Outcome {
    let reader = RecordingReader::open(folder)?;
    let (summary, processes) = (reader.summary()?, reader.processes()?);
    let head = reader.head();
    let name = head.config["session_name"].as_str().unwrap_or("a session").to_owned();
    terminal
        .line(format!("{name}: the session of {}, written by {}", head.session, head.program))?;
    if head.first_session != head.session {
        let (first, look) = (&head.first_session, count(head.first_look));
        terminal.line(format!("  of a run that begins with {first}, from its look {look} on"))?;
    }
    if let Some(vendor) = &head.vendor {
        terminal.line(format!("  vendor   {vendor}"))?;
    }
    terminal
        .line(format!("  history  {}", head.store.as_deref().unwrap_or("no store is named")))?;
    let looks = counted(summary.n_looks, "look");
    let rows = counted(summary.n_rows, "row");
    let revisions = counted(summary.n_revisions, "revision");
    let series = counted(summary.n_series, "symbol");
    let commands = counted(summary.n_commands, "command");
    terminal
        .line(format!("  holds    {looks}: {rows} of {series}, {revisions} of them; {commands}"))?;
    if let Some((first, last)) = summary.during {
        terminal.line(format!("  from     {first} to {last}"))?;
    }
    if let Some(digest) = &summary.digest {
        terminal.line(format!("  digest   {digest}, before its last look"))?;
    }
    terminal.line("")?;
    table_of(&processes).print(terminal, "")?;
    Ok(Exit::Done)
}

fn table_of(processes: &[ProcessRow]) -> Table {
    let columns = ["began", "ended", "why", "digest", "program"].map(|name| (name, Align::Left));
    let mut table = Table::new([("from look", Align::Right)].into_iter().chain(columns));
    for process in processes {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        table.row([
            count(process.first_look),
            process.began.to_string(),
            process.ended.map_or("-".to_owned(), |at| at.to_string()),
            text(&process.why),
            text(&process.digest),
            process.program.clone(),
        ]);
    }
    table
}
