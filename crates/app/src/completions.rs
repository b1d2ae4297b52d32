//! `openbell completions`: the shell completes commands and options.

use clap::{Args, Command};
use clap_complete::Shell;

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

/// Prints the script for the command line `program`.
pub fn completions(
    args: &CompletionsArgs,
    mut program: Command,
    terminal: &mut Terminal,
) -> Outcome {
    let mut script = Vec::new();
    let name = program.get_name().to_owned();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    terminal.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
