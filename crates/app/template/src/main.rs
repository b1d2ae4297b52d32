//! The program: every command of openbell, and the strategies and scanners of this project.

use std::process::ExitCode;

fn main() -> ExitCode {
    openbell::main_with(strategies::registry())
}
