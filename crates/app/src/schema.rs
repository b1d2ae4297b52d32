//! `openbell schema`: what a session file may hold, for editors.

use clap::Args;

use crate::exit::{Exit, Outcome};
use crate::terminal::Terminal;

/// Prints the JSON Schema of session files.
///
/// Every field stands in it with its default and one sentence. An editor that knows JSON Schema
/// completes and checks a session file that names it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SchemaArgs {}

const EXAMPLES: &str = "\
Example:
  openbell schema > session.schema.json

and in the session file beside it
  { \"$schema\": \"session.schema.json\", ... }";

/// Prints the schema.
pub fn schema(_: &SchemaArgs, terminal: &mut Terminal) -> Outcome {
    terminal.text(&openbell_config::schema::json_schema_text())?;
    Ok(Exit::Done)
}
