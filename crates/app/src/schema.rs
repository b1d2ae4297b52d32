//! `openbell schema`: what a session file may hold, for editors.

use clap::Args;

use openbell_config::schema::{ModuleSchema, json_schema_text};
use openbell_coordinator::{ModuleKind, Registry};

use crate::exit::{Exit, Outcome};
use crate::terminal::Terminal;

/// Prints the JSON Schema of session files.
///
/// Every field stands in it with its default and one sentence, and so do the settings of every strategy
/// and scanner that this program knows. An editor that knows JSON Schema
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
pub fn schema(_: &SchemaArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    terminal.text(&json_schema_text(&module_schemas(registry)))?;
    Ok(Exit::Done)
}

/// The modules as the schema knows them.
fn module_schemas(registry: &Registry) -> Vec<ModuleSchema<'_>> {
    let modules = registry.modules().map(|module| ModuleSchema {
        is_scanner: module.kind() == ModuleKind::Scanner,
        name: module.name(),
        about: module.about(),
        settings: module.schema(),
    });
    modules.collect()
}
