//! The program `openbell`: everything it does is in the library beside this file.

use std::process::ExitCode;

fn main() -> ExitCode {
    openbell::run_program(std::env::args_os())
}
