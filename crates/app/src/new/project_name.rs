//! The name of a package, out of that of its folder.

use std::path::Path;

use crate::exit::{Exit, Failure};

/// A name that cargo and the compiler take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ProjectName(String);

/// Names that mean something else to cargo or the compiler.
const TAKEN: [&str; 9] =
    ["alloc", "core", "crate", "proc_macro", "schemars", "self", "serde", "std", "test"];

impl ProjectName {
    /// The name of the package in `folder`.
    ///
    /// # Errors
    ///
    /// A folder whose name is no name of a package.
    pub(super) fn of(folder: &Path) -> Result<ProjectName, Failure> {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = |why: &str| {
            let text = format!(
                "the folder's name is that of the package, and {name:?} {why}; take another, as \"mine\""
            );
            Err(Failure::says(Exit::Usage, text))
        };
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return wrong("does not begin with a small letter");
        }
        let is_allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !name.chars().all(is_allowed) {
            return wrong("holds something else than small letters, digits, - and _");
        }
        let in_code = name.replace('-', "_");
        if TAKEN.contains(&&*in_code) || in_code.starts_with("openbell") || is_keyword(&in_code) {
            return wrong("means something else in Rust, or here");
        }
        Ok(ProjectName(name))
    }

    /// The name of the package, and of the program.
    pub(super) fn package(&self) -> &str {
        &self.0
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = "abstract as async await become box break const continue do dyn else enum \
        extern false final fn for gen if impl in let loop macro match mod move mut override priv pub \
        ref return static struct super trait true try type typeof unsafe unsized use virtual where \
        while yield";
    KEYWORDS.split_whitespace().any(|keyword| keyword == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_called_as_its_folder() {
        let name = ProjectName::of(Path::new("work/mean-reversion")).expect("a name");
        assert_eq!(name.package(), "mean-reversion");
    }

    #[test]
    fn a_folder_that_cannot_be_a_package_is_refused() {
        for (folder, why) in [
            ("Mine", "does not begin with a small letter"),
            ("my project", "holds something else"),
            ("test", "means something else"),
            ("match", "means something else"),
            ("openbell", "means something else"),
        ] {
            let refused = ProjectName::of(Path::new(folder)).expect_err(folder).to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
