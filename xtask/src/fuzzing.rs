//! The fuzz targets of `fuzz/`, each for a while, from the files that the repository holds.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command::Shell;

/// Where the targets are.
const FOLDER: &str = "fuzz/fuzz_targets";

/// The files from which a target starts, beside what it found in earlier runs.
const SEEDS: &[(&str, &str)] = &[
    ("alpaca_frames", "crates/vendors/samples/alpaca"),
    ("binance_frames", "crates/vendors/samples/binance"),
    ("csv_import", "fuzz/seeds/csv_import"),
    ("kraken_frames", "crates/vendors/samples/kraken"),
    ("parquet_store", "tests/data/bar_data"),
    ("row_group", "tests/data/bar_data"),
    ("session_file", "session_configs"),
];

/// A folder in memory, where there is one: the targets write each input as a file.
const IN_MEMORY: &str = "/dev/shm";

/// Runs every target for `seconds`.
///
/// # Errors
///
/// When a target finds an input that breaks its law (the input is then in `fuzz/artifacts`), there
/// is no target, or `cargo-fuzz` and a nightly compiler are not installed.
pub fn run(root: &Path, seconds: u32) -> Result<()> {
    if let Some(missing) = missing(root) {
        bail!(missing);
    }
    let targets = targets(root)?;
    ensure!(!targets.is_empty(), "{FOLDER} holds no target");
    for target in targets {
        let found = format!("fuzz/corpus/{target}");
        std::fs::create_dir_all(root.join(&found))
            .with_context(|| format!("cannot make the folder {found}"))?;
        let mut command = command(&target, seconds, &found)?;
        if Path::new(IN_MEMORY).is_dir() {
            command = command.with_variable("TMPDIR", IN_MEMORY);
        }
        command.run(root).with_context(|| {
            format!("{target} found an input that breaks its law; it is in fuzz/artifacts/{target}")
        })?;
    }
    Ok(())
}

/// What is missing on this machine; nothing where the targets can run.
pub fn missing(root: &Path) -> Option<String> {
    match Shell::cargo("+nightly fuzz --version").quiet_output(root) {
        Some(_) => None,
        None => Some(
            "fuzzing needs a nightly compiler and cargo-fuzz; \
             install it by `cargo install cargo-fuzz`"
                .to_owned(),
        ),
    }
}

fn command(target: &str, seconds: u32, found: &str) -> Result<Shell> {
    let Some((_, seeds)) = SEEDS.iter().find(|(seeded, _)| *seeded == target) else {
        bail!(
            "the fuzz target {target} has no seeds; name a folder for it in xtask/src/fuzzing.rs"
        );
    };
    Ok(Shell::cargo(&format!(
        "+nightly fuzz run {target} {found} {seeds} -- -max_total_time={seconds} -timeout=10 -rss_limit_mb=4096"
    )))
}

/// The names of the targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let folder = std::fs::read_dir(root.join(FOLDER))
        .with_context(|| format!("cannot list the folder {FOLDER}"))?;
    for entry in folder {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_every_seed_a_target() {
        let targets = targets(&crate::source::root()).expect("the folder is there");
        for target in &targets {
            command(target, 60, "found").expect("it has seeds");
        }
        for (seeded, _) in SEEDS {
            assert!(targets.iter().any(|target| target == seeded), "{seeded}");
        }
    }

    #[test]
    fn a_target_without_seeds_is_refused() {
        assert_eq!(
            command("paint", 60, "found").expect_err("no seeds").to_string(),
            "the fuzz target paint has no seeds; name a folder for it in xtask/src/fuzzing.rs"
        );
    }
}
