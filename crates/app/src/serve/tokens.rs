//! The tokens of a served run: a fresh one, or those of files.

use std::path::Path;

use openbell_service::{Role, Tokens};

use crate::exit::{Exit, Failure};

/// The tokens that are taken.
pub(super) struct Given {
    pub(super) tokens: Tokens,
    /// One that was made, to be shown once.
    pub(super) fresh: Option<String>,
    /// Whether those that control come from a file.
    pub(super) is_from_file: bool,
}

impl Given {
    /// The tokens of the files; a fresh one that controls where no file of such is given.
    pub(super) fn of(control: Option<&Path>, read: Option<&Path>) -> Result<Given, Failure> {
        let mut tokens = Tokens::new();
        if let Some(path) = read {
            tokens = with_file(tokens, path, Role::Read)?;
        }
        match control {
            Some(path) => {
                let tokens = with_file(tokens, path, Role::Control)?;
                Ok(Given { tokens, fresh: None, is_from_file: true })
            }
            None => {
                let fresh = fresh()?;
                let tokens = tokens.with(Role::Control, &fresh).map_err(|error| {
                    Failure::new(Exit::RunFailed, error).of("a fresh token is refused")
                })?;
                Ok(Given { tokens, fresh: Some(fresh), is_from_file: false })
            }
        }
    }
}

/// 256 random bits, in hexadecimal digits.
fn fresh() -> Result<String, Failure> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        let text = format!("cannot make a token: {error}; give one by --token-file FILE");
        Failure::says(Exit::RunFailed, text)
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `tokens` and those of the file at `path`: one a line, with a label and a colon before it or without;
/// lines that are empty or begin with `#` are passed over.
fn with_file(tokens: Tokens, path: &Path, role: Role) -> Result<Tokens, Failure> {
    let wrong = |text: String| {
        Failure::says(Exit::Usage, format!("the token file {}: {text}", path.display()))
    };
    private(path).map_err(wrong)?;
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let (mut tokens, mut n) = (tokens, 0);
    for (line_idx, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let token = line.rsplit_once(':').map_or(line, |(_, token)| token.trim());
        tokens = tokens
            .with(role, token)
            .map_err(|error| wrong(format!("line {}: {error}", line_idx + 1)))?;
        n += 1;
    }
    if n == 0 {
        return Err(wrong("there is no token in it; one a line is needed".to_owned()));
    }
    Ok(tokens)
}

/// Whether nobody but its owner may look into the file.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let facts = std::fs::metadata(path).map_err(|error| error.to_string())?;
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("others may look into it (mode {mode:o}); `chmod 600` keeps it to you"))
}

/// Elsewhere it is not known who may.
#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn each_line_is_a_token_with_a_label_or_without() {
        let control = file("# mine\ndesk: keeper-0123456789abcdef\n\n", 0o600);
        let read = file("reader-0123456789abcdef\n", 0o400);
        let given = Given::of(Some(control.path()), Some(read.path())).unwrap();
        assert!(given.is_from_file && given.fresh.is_none());
        assert_eq!(given.tokens.role_of("keeper-0123456789abcdef"), Some(Role::Control));
        assert_eq!(given.tokens.role_of("reader-0123456789abcdef"), Some(Role::Read));
    }

    #[test]
    fn a_fresh_token_is_another_one_each_time() {
        let (a, b) = (Given::of(None, None).unwrap(), Given::of(None, None).unwrap());
        assert_ne!(a.fresh, b.fresh);
        assert_eq!(a.tokens.role_of(&a.fresh.unwrap()), Some(Role::Control));
        assert_eq!(a.tokens.role_of(&b.fresh.unwrap()), None);
    }

    #[test]
    fn a_file_that_others_read_that_is_empty_or_has_a_short_token_is_refused() {
        for (text, mode, said) in [
            ("keeper-0123456789abcdef\n", 0o640, "mode 640"),
            ("# none\n", 0o600, "no token in it"),
            ("\nletmein\n", 0o600, "line 2: a token has 7 characters"),
        ] {
            let file = file(text, mode);
            let refused = Given::of(Some(file.path()), None).err().unwrap();
            assert_eq!(refused.exit, Exit::Usage);
            assert!(refused.to_string().contains(said), "{refused}");
        }
    }
}
