//! A key and its secret, which no error, log or recording ever shows.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// What a vendor knows a user by; wiped when it is dropped.
///
/// ```
/// use openbell_vendors::KeyPair;
/// let key = KeyPair::new("PK123", "s3cret");
/// assert_eq!(format!("{key:?}"), "KeyPair(***)");
/// ```
#[derive(Clone)]
pub struct KeyPair {
    id: SecretString,
    secret: SecretString,
}

impl KeyPair {
    /// The pair of a key and its secret.
    pub fn new(id: impl Into<SecretString>, secret: impl Into<SecretString>) -> KeyPair {
        KeyPair { id: id.into(), secret: secret.into() }
    }

    /// Hands both, key first, to the one line that sends them.
    pub(crate) fn expose<T>(&self, to: impl FnOnce(&str, &str) -> T) -> T {
        to(self.id.expose_secret(), self.secret.expose_secret())
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(***)")
    }
}
