//! What a check has to say: where, which rule, and what to do about it.

use std::fmt;

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the root of the repository; for a finding about the whole, the place
    /// where it is mended.
    pub path: String,
    /// The line, from 1; absent where the whole file is meant.
    pub line: Option<usize>,
    /// The name of the rule.
    pub rule: &'static str,
    /// What was found and the way out.
    pub message: String,
}

impl Finding {
    /// A finding about a whole file.
    pub fn of_file(rule: &'static str, path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, rule, message: message.into() }
    }

    /// A finding about one line, counted from 1.
    pub fn of_line(
        rule: &'static str,
        path: &str,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        Self { path: path.to_owned(), line: Some(line), rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {} [{}]", self.path, self.message, self.rule),
            None => write!(f, "{}: {} [{}]", self.path, self.message, self.rule),
        }
    }
}

/// Prints the findings, sorted, and says whether there were none.
///
/// # Errors
///
/// When there is a finding: the number of them and the name of the check.
pub fn conclude(check: &str, seen: &str, mut findings: Vec<Finding>) -> anyhow::Result<()> {
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{check}: {seen}, nothing to say");
            Ok(())
        }
        1 => anyhow::bail!("{check}: 1 finding in {seen}"),
        n => anyhow::bail!("{check}: {n} findings in {seen}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_file_line_message_and_rule() {
        assert_eq!(
            Finding::of_line("length", "a.rs", 3, "too long").to_string(),
            "a.rs:3: too long [length]"
        );
        assert_eq!(
            Finding::of_file("length", "a.rs", "too long").to_string(),
            "a.rs: too long [length]"
        );
    }

    #[test]
    fn a_check_with_a_finding_fails_and_counts_them() {
        let found = vec![Finding::of_file("length", "a.rs", "too long")];
        let error = conclude("tidy", "2 files", found).expect_err("one finding");
        assert_eq!(error.to_string(), "tidy: 1 finding in 2 files");
        assert!(conclude("tidy", "2 files", Vec::new()).is_ok());
    }
}
