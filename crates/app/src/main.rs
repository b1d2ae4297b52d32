//! The program `openbell`: the library beside this file, with the strategies and scanners in the box.
use std::process::ExitCode;

fn main() -> ExitCode {
    openbell::main_with(openbell_strategies::built_in())
}
