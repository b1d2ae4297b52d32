//! `openbell modules`: the strategies and scanners that session files may ask for.

use clap::Args;
use openbell_coordinator::{Module, Registry, Setting};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, Outcome};
use crate::table::{Align, Table};
use crate::terminal::{Ink, Terminal};

/// Lists the strategies and scanners that session files may ask for.
///
/// Of each: its name, what it does, what can be set in its `config` with the defaults, and the
/// signals that it may give. `openbell schema` writes the same for editors.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ModulesArgs {
    /// Only the module of that name.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Writes JSON, with the schema of each module's settings.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  openbell modules
  openbell modules opening_range_breakout
  openbell modules --json";

/// Lists them.
pub fn modules(args: &ModulesArgs, registry: &Registry, terminal: &mut Terminal) -> Outcome {
    let is_asked = |module: &&Module| args.name.as_deref().is_none_or(|name| name == module.name());
    let modules: Vec<&Module> = registry.modules().filter(is_asked).collect();
    if modules.is_empty() {
        return Err(nothing(args.name.as_deref(), registry));
    }
    if args.json {
        let modules: Vec<Value> = modules.into_iter().map(as_json).collect();
        terminal.line(format!("{:#}", Value::from(modules)))?;
        return Ok(Exit::Done);
    }
    for (i, module) in modules.into_iter().enumerate() {
        if i > 0 {
            terminal.line("")?;
        }
        print(module, terminal)?;
    }
    Ok(Exit::Done)
}

fn nothing(name: Option<&str>, registry: &Registry) -> Failure {
    let known: Vec<&str> = registry.modules().map(Module::name).collect();
    let text = match name {
        Some(name) if !known.is_empty() => {
            format!("no module is called {name:?}; registered are {}", known.join(", "))
        }
        _ => "no module is registered with this program".to_owned(),
    };
    Failure::says(Exit::Usage, text)
}

fn print(module: &Module, terminal: &mut Terminal) -> Result<(), Failure> {
    let name = terminal.paint(Ink::Head, module.name());
    terminal.line(format!("{name}, a {}: {}", module.kind().name(), module.about()))?;
    let settings = module.settings();
    if !settings.is_empty() {
        let columns = ["setting", "takes", "default", "what it is"].map(|head| (head, Align::Left));
        let mut table = Table::new(columns);
        for setting in &settings {
            let default = default_words(setting);
            table.row([setting.name.clone(), setting.form.clone(), default, setting.about.clone()]);
        }
        table.print(terminal, "  ")?;
    }
    for emitted in module.emitted() {
        terminal.line(format!("  signals {}: {}", emitted.kind, emitted.about))?;
    }
    if module.emitted().is_empty() {
        terminal.line("  signals nothing")?;
    }
    Ok(())
}

fn default_words(setting: &Setting) -> String {
    match &setting.default {
        None => "must be given".to_owned(),
        Some(Value::Null) => "none".to_owned(),
        Some(value) => value.to_string(),
    }
}

fn as_json(module: &Module) -> Value {
    let setting = |setting: &Setting| {
        json!({
            "name": setting.name,
            "about": setting.about,
            "takes": setting.form,
            "is_required": setting.default.is_none(),
            "default": setting.default,
        })
    };
    let signals = module.emitted().iter();
    let signals = signals.map(|emitted| json!({"kind": emitted.kind, "about": emitted.about}));
    json!({
        "kind": module.kind().name(),
        "name": module.name(),
        "about": module.about(),
        "settings": module.settings().iter().map(setting).collect::<Vec<_>>(),
        "signals": signals.collect::<Vec<_>>(),
        "schema": module.schema(),
    })
}
