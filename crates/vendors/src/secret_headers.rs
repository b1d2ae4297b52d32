//! The headers that prove who asks, from the vendor's words to the request and nowhere else.

use openbell_data_manager::live::Protocol;
use secrecy::SecretString;

/// The headers of [`Protocol::sign`], which no error, log or `Debug` shows, and which are wiped when
/// they are not needed any more.
///
/// ```
/// use openbell_vendors::alpaca::{self, Alpaca, Source};
/// use openbell_vendors::{KeyPair, Names, SecretHeaders};
/// let key = KeyPair::new("PK123", "s3cret");
/// let alpaca = Alpaca::new(Names::default(), alpaca::endpoint(), Source::Iex, key);
/// let headers = format!("{:?}", SecretHeaders::of(&alpaca));
/// assert!(headers.contains("APCA-API-KEY-ID") && !headers.contains("PK123"), "{headers}");
/// ```
#[derive(Default, Debug)]
pub struct SecretHeaders(Vec<(String, SecretString)>);

impl SecretHeaders {
    /// No headers, for a vendor without a key.
    pub fn none() -> SecretHeaders {
        SecretHeaders::default()
    }

    /// Those of a vendor at this moment.
    pub fn of(protocol: &impl Protocol) -> SecretHeaders {
        let mut headers = Vec::new();
        protocol.sign(&mut |name, value| headers.push((name.to_owned(), value.into())));
        SecretHeaders(headers)
    }

    /// Names and values, for the one place that sends them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
