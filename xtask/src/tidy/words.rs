//! What belongs in no file: how the work was made, paths of one machine, hosts of registries.

use super::unfinished::has_word;
use crate::finding::Finding;
use crate::source::Source;

pub(super) const RULE: &str = "words";

/// Taken apart, so that this file does not find itself.
const MAKING: &[&str] = &[
    concat!("CE", "O"),
    concat!("sub", "agent"),
    concat!("L", "LM"),
    concat!("Cl", "aude"),
    concat!("Chat", "GPT"),
    concat!("Co", "pilot"),
    concat!("language", " model"),
];

const FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
    concat!("/Us", "ers/"),
    concat!(".lib", "rary/"),
];

const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("npm", "js."),
    concat!("debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// All files but the lock, in which cargo writes where each package comes from.
pub(super) fn reads(source: &Source) -> bool {
    !source.path.ends_with("Cargo.lock")
}

/// The words of a file that belong in none.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (i, line) in source.text.lines().enumerate() {
        findings.extend(complaints(line).map(|m| Finding::of_line(RULE, &source.path, i + 1, m)));
    }
    findings
}

fn complaints(line: &str) -> impl Iterator<Item = String> {
    let making = MAKING
        .iter()
        .filter(|word| has_word(line, word))
        .map(|word| format!("`{word}` tells how the work was made; the text is about the work"));
    let folders = FOLDERS.iter().filter(|folder| has_folder(line, folder)).map(|folder| {
        format!("`{folder}` is a folder of one machine; write a path that every reader has")
    });
    let hosts = HOSTS
        .iter()
        .filter(|host| line.contains(**host))
        .map(|host| format!("`{host}` is a registry's host; name the package alone"));
    let numbers = issue_number(line)
        .map(|number| format!("`{number}` points outside the repository; say the reason itself"));
    making.chain(folders).chain(hosts).chain(numbers).collect::<Vec<_>>().into_iter()
}

/// Whether the folder stands in the line; an absolute one only where a path begins with it, not in
/// the middle of a longer one.
fn has_folder(line: &str, folder: &str) -> bool {
    if !folder.starts_with('/') {
        return line.contains(folder);
    }
    line.match_indices(folder).any(|(at, _)| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}~$/".contains(c))
    })
}

/// The first word that counts an issue or a merge request, such as the word with `#` and digits.
fn issue_number(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    for word in [concat!("iss", "ue "), concat!("iss", "ue #"), concat!("pull", " request ")] {
        for (at, _) in lower.match_indices(word) {
            let digits: String =
                lower[at + word.len()..].chars().take_while(char::is_ascii_digit).collect();
            if !digits.is_empty() {
                return Some(format!("{word}{digits}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    fn found(text: &str) -> Vec<String> {
        messages(check, "ARCHITECTURE.md", text)
    }

    #[test]
    fn a_word_about_the_making_is_refused() {
        for word in MAKING {
            assert_eq!(
                found(&format!("asked by the {word}, who\n")),
                [format!(
                    "ARCHITECTURE.md:1: `{word}` tells how the work was made; the text is about the work [words]"
                )]
            );
        }
    }

    #[test]
    fn a_folder_of_one_machine_is_refused_and_a_relative_one_is_not() {
        for folder in FOLDERS {
            assert_eq!(
                found(&format!("a\nsee {folder}main\n")),
                [format!(
                    "ARCHITECTURE.md:2: `{folder}` is a folder of one machine; write a path that every reader has [words]"
                )]
            );
        }
        assert_eq!(found(concat!("target", "/wo", "rk/a and ..", "/wo", "rk/b\n")), [""; 0]);
    }

    #[test]
    fn a_registrys_host_is_refused_but_in_the_lock() {
        for host in HOSTS {
            assert_eq!(
                found(&format!("from {host}\n")),
                [format!(
                    "ARCHITECTURE.md:1: `{host}` is a registry's host; name the package alone [words]"
                )]
            );
        }
        assert!(!reads(&Source::new("Cargo.lock", "")));
    }

    #[test]
    fn a_number_of_an_issue_is_refused() {
        let text = concat!("as in iss", "ue 12, an iss", "ue of taste\n");
        assert_eq!(
            found(text),
            [concat!(
                "ARCHITECTURE.md:1: `iss",
                "ue 12` points outside the repository; say the reason itself [words]"
            )]
        );
    }
}
