//! The archive that is given to whoever has no compiler: the program with its guides, session files and
//! a small market, and the proof that it works where nothing else is.
//!
//! Not here: what lands (`ci.rs`), and where an archive is put.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use crate::command::Shell;
use crate::source;
use crate::steps::Workspace;

/// What is packed of the repository, at its place: session files name the market by a relative path.
const PACKED: &[&str] = &[
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "deploy/openbell@.service",
    "docs/",
    "session_configs/",
    "tests/data/bar_data/",
];

/// A session file of the archive, whose digest the README shows.
const TRIED: &str = "session_configs/example_session.json";

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Packed {
    /// Its place below the archive's folder, with `/`.
    place: String,
    bytes: Vec<u8>,
    /// Whether it is a program.
    runs: bool,
}

/// Builds the program as it is published, packs it into `folder`, by itself `archives` in the target
/// folder, and tries the archive in an empty folder; yields the archive's path.
///
/// # Errors
///
/// When the program cannot be built, or does not do from the archive what the README shows.
pub fn make(workspace: &Workspace, folder: Option<PathBuf>) -> Result<PathBuf> {
    let root = &workspace.root;
    Shell::cargo("build --release --locked -p openbell").run(root)?;
    let program = workspace.metadata.target_directory.join("release/openbell");
    let name = format!("openbell-{}-{}", version(workspace)?, target(root)?);
    let mut files = vec![Packed {
        place: "openbell".to_owned(),
        bytes: std::fs::read(&program).with_context(|| format!("cannot read {program}"))?,
        runs: true,
    }];
    files.extend(of_repository(root)?);
    let folder = folder.unwrap_or_else(|| {
        workspace.metadata.target_directory.join("archives").into_std_path_buf()
    });
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let file =
        File::create(&archive).with_context(|| format!("cannot write {}", archive.display()))?;
    pack(file, &name, files)?;
    try_out(&archive, &name)?;
    println!("{}", archive.display());
    Ok(archive)
}

fn version(workspace: &Workspace) -> Result<String> {
    let packages = workspace.metadata.workspace_packages();
    let program = packages.iter().find(|package| package.name.as_str() == "openbell");
    Ok(program.context("the workspace has no package openbell")?.version.to_string())
}

/// The machine that the compiler makes programs for.
fn target(root: &Path) -> Result<String> {
    let said = Shell::of("rustc", "-vV").output(root)?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// What is packed of the repository, by its place.
fn of_repository(root: &Path) -> Result<Vec<Packed>> {
    let is_packed = |path: &String| {
        PACKED
            .iter()
            .any(|part| if part.ends_with('/') { path.starts_with(part) } else { path == part })
    };
    let mut files = Vec::new();
    for place in source::paths(root)?.into_iter().filter(is_packed) {
        let bytes =
            std::fs::read(root.join(&place)).with_context(|| format!("cannot read {place}"))?;
        files.push(Packed { place, bytes, runs: false });
    }
    for part in PACKED {
        let is_there = files.iter().any(|file| file.place.starts_with(part));
        ensure!(is_there, "{part} is to be packed and is not in the repository");
    }
    Ok(files)
}

/// Writes the files below a folder `name`. The same files give the same bytes: neither the day nor the
/// user who packs them is in the archive.
fn pack(to: impl std::io::Write, name: &str, mut files: Vec<Packed>) -> Result<()> {
    files.sort_by(|a, b| a.place.cmp(&b.place));
    let mut archive = Builder::new(GzEncoder::new(to, Compression::best()));
    for file in files {
        let mut header = Header::new_gnu();
        header.set_size(file.bytes.len() as u64);
        header.set_mode(if file.runs { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, format!("{name}/{}", file.place), &file.bytes[..])?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

/// Unpacks the archive in an empty folder and runs it there, with nothing of this machine's environment.
fn try_out(archive: &Path, name: &str) -> Result<()> {
    let empty = tempfile::tempdir().context("cannot make an empty folder")?;
    let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(empty.path())?;
    let folder = empty.path().join(name);
    let readme = std::fs::read_to_string(folder.join("README.md")).context("no README.md")?;
    let digest = readme.lines().find(|line| line.starts_with("digest "));
    let digest = digest.context("the README shows no digest")?;

    said(&folder, &["--version"])?;
    said(&folder, &["check", TRIED])?;
    let run = said(&folder, &["run", TRIED, "--events", "events.jsonl"])?;
    ensure!(run.contains(digest), "README.md shows {digest:?}; the archive's program says\n{run}");
    let again = said(&folder, &["replay", "events.jsonl"])?;
    ensure!(again.starts_with("the same: "), "its replay says {again}");
    let looked = said(&folder, &["check-lookahead", TRIED, "--cuts", "20"])?;
    ensure!(looked.contains("no look-ahead found"), "{looked}");
    Ok(())
}

/// What the program of the archive prints.
fn said(folder: &Path, words: &[&str]) -> Result<String> {
    println!("$ ./openbell {}", words.join(" "));
    let program = folder.join("openbell");
    let output = Command::new(&program)
        .args(words)
        .current_dir(folder)
        .env_clear()
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(
        output.status.success(),
        "./openbell {} ended with {}\n{}{}",
        words.join(" "),
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    Ok(text(&output.stdout))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(place: &str, runs: bool) -> Packed {
        Packed { place: place.to_owned(), bytes: place.as_bytes().to_vec(), runs }
    }

    #[test]
    fn the_same_files_give_the_same_archive_in_whatever_order_they_come() {
        let (a, b) = (file("openbell", true), file("docs/live.md", false));
        let (mut one, mut other) = (Vec::new(), Vec::new());
        pack(&mut one, "x-1", vec![a.clone(), b.clone()]).expect("packed");
        pack(&mut other, "x-1", vec![b, a]).expect("packed");
        assert_eq!(one, other);
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed_and_a_program_can_be_run() {
        let mut bytes = Vec::new();
        pack(&mut bytes, "x-1", vec![file("openbell", true), file("docs/live.md", false)])
            .expect("packed");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut found = Vec::new();
        for entry in archive.entries().expect("an archive") {
            let entry = entry.expect("an entry");
            let path = entry.path().expect("a path").display().to_string();
            found.push((path, entry.header().mode().expect("a mode"), entry.size()));
        }
        let expected =
            [("x-1/docs/live.md".to_owned(), 0o644, 12), ("x-1/openbell".to_owned(), 0o755, 8)];
        assert_eq!(found, expected);
    }

    #[test]
    fn session_files_and_the_market_that_they_name_are_packed_and_no_source_is() {
        let files = of_repository(&source::root()).expect("the repository");
        let has = |place: &str| files.iter().any(|file| file.place == place);
        assert!(has(TRIED) && has("README.md") && has("docs/live.md"));
        assert!(files.iter().any(|file| file.place.starts_with("tests/data/bar_data/")));
        assert!(!files.iter().any(|file| file.place.ends_with(".rs")));
    }
}
