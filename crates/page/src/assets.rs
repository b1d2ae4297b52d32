//! What the front end is built to: `cargo xtask page` writes it, and its hashes.

/// The style sheet of the report.
pub(crate) const STYLE: &str = include_str!("../web/dist/report.css");
/// The script of the report.
pub(crate) const SCRIPT: &str = include_str!("../web/dist/report.js");
/// The licences of what the script is made of.
pub(crate) const LICENCES: &str = include_str!("../web/dist/licences.txt");
/// The hashes of the two, as a content security policy names them: a line each.
const HASHES: &str = include_str!("../web/dist/csp.txt");

/// The policy under which the report is shown: what is in it, and nothing else.
pub(crate) fn policy() -> String {
    let hash = |name: &str| {
        let line = HASHES.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("", |hash| hash.trim())
    };
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash("report.js "),
        hash("report.css "),
    )
}
