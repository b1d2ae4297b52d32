//! `openbell status`: the state of a run that is served.

use clap::Args;
use openbell_wire::served::status::RunStatus;

use super::asker::{Asker, Whom};
use crate::exit::{Exit, Outcome};
use crate::table::{Align, Table};
use crate::terminal::{Ink, Terminal};

/// Says the state of a run that is served: whether outside readers get data, and who is behind.
///
/// The exit code is 0 while they do, 9 while they do not, and 10 where the run could not be asked.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct StatusArgs {
    #[command(flatten)]
    whom: Whom,
    /// Names all symbols, not those alone that are behind.
    #[arg(long)]
    all: bool,
    /// Writes the answer as it came.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell status 'http://127.0.0.1:8430/#token=...'
  openbell status 127.0.0.1:8430 --token-file tokens --json
  OPENBELL_TOKEN=... openbell status 127.0.0.1:8430";

/// Asks, and says what was answered.
pub fn status(args: &StatusArgs, terminal: &mut Terminal) -> Outcome {
    let asker = Asker::of(&args.whom)?;
    let which = if args.all { "all" } else { "lagging" };
    let status: RunStatus = asker.get(&format!("/v1/status?symbols={which}"))?;
    if args.json {
        let text = serde_json::to_string_pretty(&status);
        terminal.line(text.expect("text keys and finite shapes are JSON"))?;
    } else {
        show(&status, terminal)?;
    }
    terminal.flush()?;
    Ok(if status.status.gate.active { Exit::Done } else { Exit::Wrong })
}

fn show(of: &RunStatus, terminal: &mut Terminal) -> std::io::Result<()> {
    let status = &of.status;
    let paused = if status.is_paused { ", paused" } else { "" };
    let clock = status.clock.as_deref().unwrap_or("no session so far");
    terminal.line(format!(
        "{}: {}, {}{paused}, {clock}",
        status.session_name, status.mode, status.phase
    ))?;
    let active = match &status.gate.sentence {
        None => terminal.paint(Ink::Good, "active"),
        Some(sentence) => terminal.paint(Ink::Warning, sentence),
    };
    terminal.line(active)?;
    let counts = status.n_symbols.by_state().into_iter().filter(|(_, n)| *n > 0);
    let counts: Vec<String> = counts.map(|(state, n)| format!("{n} {state}")).collect();
    terminal.line(format!("symbols: {}", counts.join(", ")))?;
    if status.symbols.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([
        ("symbol", Align::Left),
        ("state", Align::Left),
        ("lag s", Align::Right),
        ("backlog", Align::Right),
        ("delivered", Align::Right),
        ("why", Align::Left),
    ]);
    for symbol in &status.symbols {
        table.row([
            symbol.symbol.clone(),
            symbol.state.clone(),
            format!("{:.0}", symbol.lag_s),
            symbol.n_backlog.to_string(),
            symbol.n_delivered.to_string(),
            symbol.why.clone(),
        ]);
    }
    for line in table.lines() {
        terminal.line(line)?;
    }
    Ok(())
}
