//! The program `openbell`: everything it does is in the library beside this file.
#![expect(clippy::disallowed_methods, reason = "arguments enter here")]

use std::process::ExitCode;

fn main() -> ExitCode {
    openbell::run_program(std::env::args_os())
}
