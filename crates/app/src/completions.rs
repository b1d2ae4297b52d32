//! `openbell completions`: the shell completes commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::terminal::Terminal;

/// Prints a script for completions in a shell.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  openbell completions bash > ~/.local/share/bash-completion/completions/openbell
  openbell completions zsh > ~/.zfunc/_openbell
      with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  openbell completions fish > ~/.config/fish/completions/openbell.fish";

/// Prints the script.
pub fn completions(args: &CompletionsArgs, terminal: &mut Terminal) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "openbell", &mut script);
    terminal.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
