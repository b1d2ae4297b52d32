//! Where the crates of a new project come from: a folder, git, or the registry.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// Where crates come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// A copy of the repository on this machine.
    Folder(PathBuf),
    /// A repository of git, and the commit, branch or tag of it where one was named.
    Git { address: String, revision: Option<String> },
    /// A version of the crates in the registry.
    Version(String),
}

/// Where this program was built from.
const BUILT_FROM: &str = env!("CARGO_MANIFEST_DIR");

impl Source {
    /// The source that `--source` names, or the one that this program was built from.
    ///
    /// # Errors
    ///
    /// It is none of the three; nothing was given, and the source of this program is gone.
    pub(super) fn of(given: Option<&str>) -> Result<Source, Failure> {
        match given {
            Some(text) => Source::read(text),
            None => Source::built_from(Path::new(BUILT_FROM)),
        }
    }

    fn read(text: &str) -> Result<Source, Failure> {
        let folder = Path::new(text);
        if folder.is_dir() {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            return if holds_crates(&folder) {
                Ok(Source::Folder(folder))
            } else {
                let text = format!("--source: {text} does not hold openbell: it has no crates/app");
                Err(Failure::says(Exit::Usage, text))
            };
        }
        if text.contains("://") || text.starts_with("git@") {
            let (address, revision) = match text.split_once('#') {
                Some((address, revision)) => (address, Some(revision.to_owned())),
                None => (text, None),
            };
            return Ok(Source::Git { address: address.to_owned(), revision });
        }
        let is_version = text.split('.').all(|part| part.parse::<u32>().is_ok());
        if is_version {
            return Ok(Source::Version(text.to_owned()));
        }
        let text = format!(
            "--source: found {text:?}, which is no folder that is there, no address of git \
             (https://…, with #REVISION where you want one) and no version ({})",
            env!("CARGO_PKG_VERSION")
        );
        Err(Failure::says(Exit::Usage, text))
    }

    fn built_from(app: &Path) -> Result<Source, Failure> {
        let root = app.parent().and_then(Path::parent).unwrap_or(app);
        if holds_crates(root) {
            return Ok(Source::Folder(root.to_owned()));
        }
        let text = format!(
            "the source that this program was built from is not there any more ({}); say where the \
             crates come from: --source FOLDER of a clone, --source https://… of a repository, or \
             --source {} from the registry",
            root.display(),
            env!("CARGO_PKG_VERSION")
        );
        Err(Failure::says(Exit::Usage, text))
    }

    /// The crate in `folder` of the repository as a dependency in a manifest.
    pub(super) fn dependency(&self, folder: &str) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Source::Folder(root) => {
                let path = root.join("crates").join(folder).display().to_string();
                format!("{{ path = {} }}", quoted(&path))
            }
            Source::Git { address, revision } => {
                let revision = revision.as_deref().map(|rev| format!(", rev = {}", quoted(rev)));
                format!("{{ git = {}{} }}", quoted(address), revision.unwrap_or_default())
            }
            Source::Version(version) => quoted(version),
        }
    }

    /// The versions of other crates with which the source was tested, where it says so.
    pub(super) fn lock_file(&self) -> Option<PathBuf> {
        let Source::Folder(root) = self else { return None };
        Some(root.join("Cargo.lock")).filter(|path| path.is_file())
    }
}

fn holds_crates(root: &Path) -> bool {
    let manifest = std::fs::read_to_string(root.join("crates/app/Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line == "name = \"openbell\"")
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Folder(root) => write!(f, "{}", root.display()),
            Source::Git { address, revision: None } => f.write_str(address),
            Source::Git { address, revision: Some(revision) } => write!(f, "{address}#{revision}"),
            Source::Version(version) => write!(f, "version {version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> PathBuf {
        let app = Path::new(BUILT_FROM);
        app.parent().and_then(Path::parent).expect("it lies in crates").to_owned()
    }

    #[test]
    fn a_source_is_a_folder_git_or_a_version() {
        let root = repository();
        let folder = Source::of(Some(&root.display().to_string())).expect("this repository");
        assert_eq!(folder, Source::Folder(root.clone()));
        assert_eq!(folder, Source::of(None).expect("it is there, since it was just built"));
        let path = root.join("crates/app").display().to_string();
        assert_eq!(folder.dependency("app"), format!("{{ path = {path:?} }}"));
        let git = Source::of(Some("https://example.org/openbell#v0.1")).expect("an address");
        let expected = r#"{ git = "https://example.org/openbell", rev = "v0.1" }"#;
        assert_eq!(git.dependency("app"), expected);
        assert_eq!(Source::of(Some("0.1")).expect("a version").dependency("time"), "\"0.1\"");
    }

    #[test]
    fn what_is_no_source_is_refused_with_what_is_one() {
        let refused = |text: &str| Source::of(Some(text)).expect_err("no source").to_string();
        assert!(refused("nowhere").contains("found \"nowhere\", which is no folder that is there"));
        assert!(refused("src").ends_with("it has no crates/app"), "{}", refused("src"));
        let gone = Source::built_from(Path::new("/gone/crates/app")).expect_err("gone").to_string();
        assert!(gone.contains("not there any more (/gone); say where"), "{gone}");
    }
}
