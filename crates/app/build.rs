//! Writes into the program which compiler made it and how, for `openbell bench`.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "cargo says by the environment which compiler it uses; only the compiler knows its version"
)]

use std::process::Command;

fn main() {
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    let version = Command::new(said("RUSTC")).arg("--version").output();
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=OPENBELL_RUSTC={}", version.unwrap_or_default().trim());
    println!("cargo::rustc-env=OPENBELL_PROFILE={}", said("PROFILE"));
    println!("cargo::rustc-env=OPENBELL_OPT_LEVEL={}", said("OPT_LEVEL"));
    println!("cargo::rerun-if-changed=build.rs");
}
