//! Who may ask: tokens as their hashes, each with what it may do.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

/// What a token may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Ask.
    Read,
    /// Ask, and give commands.
    Control,
}

impl Role {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Control => "control",
        }
    }
}

/// Why a text is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is so short that it may be guessed.
    #[error(
        "a token has {found} characters, at least {needed} are needed (128 random bits as base64url); \
         `openssl rand -base64 33` makes one"
    )]
    TooShort {
        /// Its characters.
        found: usize,
        /// Those needed.
        needed: usize,
    },
    /// It has a character that no header carries, or a space.
    #[error("a token has a character that is neither a letter, a digit nor one of - . _ ~ + / =")]
    OddCharacter,
}

/// The tokens that are taken. They are kept as hashes: nobody reads a token back.
///
/// ```
/// use openbell_service::{Role, Tokens};
///
/// let tokens = Tokens::new().with(Role::Read, "0123456789abcdef-reader")?;
/// assert_eq!(tokens.role_of("0123456789abcdef-reader"), Some(Role::Read));
/// assert_eq!(tokens.role_of("0123456789abcdef-READER"), None);
/// assert!(Tokens::new().with(Role::Control, "letmein").is_err());
/// # Ok::<(), openbell_service::TokenError>(())
/// ```
#[derive(Clone, Default)]
pub struct Tokens(Vec<(Role, [u8; 32])>);

impl Tokens {
    /// A token has at least so many characters: 128 bits as base64url.
    pub const LEN_MIN: usize = 22;

    /// None: nobody is let in.
    pub fn new() -> Tokens {
        Tokens::default()
    }

    /// These and `token`.
    ///
    /// # Errors
    ///
    /// A token that is short, or that no header carries.
    pub fn with(mut self, role: Role, token: &str) -> Result<Tokens, TokenError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        if !token.chars().all(is_plain) {
            return Err(TokenError::OddCharacter);
        }
        if token.len() < Tokens::LEN_MIN {
            return Err(TokenError::TooShort { found: token.len(), needed: Tokens::LEN_MIN });
        }
        self.0.push((role, hash(token)));
        Ok(self)
    }

    /// What `given` may do; absent where it is none of these.
    ///
    /// *Cost*: one hash, and one comparison for each token, all of them always: how long it takes says
    /// nothing of the tokens.
    pub fn role_of(&self, given: &str) -> Option<Role> {
        let given = hash(given);
        let mut found = 0_u8;
        for (role, kept) in &self.0 {
            let is_it: Choice = kept.ct_eq(&given);
            let word = 1 + u8::from(*role == Role::Control);
            found.conditional_assign(&word, is_it);
        }
        match found {
            0 => None,
            1 => Some(Role::Read),
            _ => Some(Role::Control),
        }
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_its_role_and_no_other_text_has_one() {
        let tokens = Tokens::new().with(Role::Read, "reader-0123456789abcdef").unwrap();
        let tokens = tokens.with(Role::Control, "keeper-0123456789abcdef").unwrap();
        assert_eq!(tokens.role_of("reader-0123456789abcdef"), Some(Role::Read));
        assert_eq!(tokens.role_of("keeper-0123456789abcdef"), Some(Role::Control));
        for wrong in ["", "reader", "reader-0123456789abcdef ", "READER-0123456789ABCDEF"] {
            assert_eq!(tokens.role_of(wrong), None, "{wrong:?}");
        }
        assert_eq!(Tokens::new().role_of(""), None);
    }

    #[test]
    fn a_short_token_and_one_that_no_header_carries_are_refused() {
        let refused = |text: &str| Tokens::new().with(Role::Read, text).err();
        assert_eq!(
            refused("0123456789abcdef01234"),
            Some(TokenError::TooShort { found: 21, needed: 22 })
        );
        assert_eq!(refused("0123456789abcdef 0123456"), Some(TokenError::OddCharacter));
        assert_eq!(refused("0123456789abcdef012345"), None);
    }
}
