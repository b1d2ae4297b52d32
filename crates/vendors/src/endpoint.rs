//! Where a vendor is reached, and how a question is written as an address.

use std::fmt::Write as _;

/// The two addresses of a vendor; others than its own lead to a proxy or to a simulated exchange.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Where its stream is connected to, `wss://…`.
    pub stream: String,
    /// What the paths of its history are appended to, `https://…`.
    pub history: String,
}

impl Endpoint {
    /// The endpoint of two addresses.
    pub(crate) fn of(stream: &str, history: &str) -> Endpoint {
        Endpoint { stream: stream.to_owned(), history: history.to_owned() }
    }

    /// The address of `path` in its history, with `parameters`.
    pub(crate) fn url(&self, path: &str, parameters: &[(&str, String)]) -> String {
        let mut url = format!("{}{path}", self.history);
        for (at, (name, value)) in parameters.iter().enumerate() {
            let mark = if at == 0 { '?' } else { '&' };
            url.extend([mark].into_iter().chain(name.chars()).chain(['=']));
            for byte in value.bytes() {
                // The rest would end the value, or be read as something else.
                if byte.is_ascii_alphanumeric() || b"-_.~,:".contains(&byte) {
                    url.push(char::from(byte));
                } else {
                    let written = write!(url, "%{byte:02X}");
                    written.unwrap_or_else(|_| unreachable!("a string takes what is written"));
                }
            }
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_another_parameter() {
        let endpoint = Endpoint::of("", "https://x");
        let url = endpoint.url(
            "/bars",
            &[("symbol", "A&b=/é".to_owned()), ("at", "2025-07-02T13:30:00Z".to_owned())],
        );
        assert_eq!(url, "https://x/bars?symbol=A%26b%3D%2F%C3%A9&at=2025-07-02T13:30:00Z");
    }
}
