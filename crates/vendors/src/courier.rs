//! Requests to a vendor's history, over the network: one at a time, each within a deadline.
//!
//! Not here: which requests are made and when (`openbell_data_manager::live`), what an answer means
//! (the file of the vendor), streams ([`crate::wire`]).

use std::time::Duration;

use openbell_data_manager::live::{Request, Response};
use openbell_time::Nanos;
use secrecy::ExposeSecret as _;
use ureq::Agent;
use ureq::http::{HeaderValue, Uri};

use crate::trust::{refusal, refusal_of};
use crate::{SecretHeaders, Transport};

/// Some vendors answer nobody who does not say who asks.
const USER_AGENT: &str = concat!("openbell/", env!("CARGO_PKG_VERSION"));

/// Makes requests.
///
/// Connections are kept for the next request. Nothing is taken from the environment: a proxy is an
/// address of its own in [`crate::Endpoint`]. No redirect is followed, so that a key goes to the host
/// that it was meant for, or nowhere.
///
/// *Cost*: [`Courier::ask`] blocks for at most [`Transport::deadline`]; copies are of the same pool of
/// connections.
#[derive(Clone, Debug)]
pub struct Courier {
    agent: Agent,
    deadline: Nanos,
    n_answer_bytes: u64,
}

/// What came back to a request, whatever its status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedResponse {
    /// The status.
    pub status: u16,
    /// Names, in lower case, and values; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The text, unpacked.
    pub body: String,
}

/// Why nothing came back. It names the host and never the rest of the request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The address of the request is none.
    #[error("{url:?} is no address of a request: {why}")]
    NoAddress {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A header that proves who asks cannot be sent: a key with a line break, for one.
    #[error(
        "the header {name} has characters that no header may have; look at the key that it is made from"
    )]
    NoHeader {
        /// Its name.
        name: String,
    },
    /// It was not there in time.
    #[error("{host} has not answered within {after}")]
    Late {
        /// Who.
        host: String,
        /// The deadline.
        after: Nanos,
    },
    /// The certificate, or the encryption.
    #[error("{words}")]
    Untrusted {
        /// Whose, and what is wrong with it.
        words: String,
    },
    /// It is too much.
    #[error("{host} answers more than {n_bytes} bytes")]
    TooLong {
        /// Who.
        host: String,
        /// What is taken at most.
        n_bytes: u64,
    },
    /// It is no text.
    #[error("{host} answers what is no UTF-8 text, with status {status}")]
    NotText {
        /// Who.
        host: String,
        /// The status.
        status: u16,
    },
    /// The connection.
    #[error("no answer from {host}: {said}")]
    Broken {
        /// Who.
        host: String,
        /// What was said of it.
        said: String,
    },
}

impl OwnedResponse {
    /// The same as what a [`Protocol`](openbell_data_manager::live::Protocol) reads.
    pub fn borrowed(&self) -> Response<'_> {
        Response { status: self.status, headers: &self.headers, body: &self.body }
    }
}

impl Courier {
    /// One who keeps to the bounds of `transport`.
    pub fn new(transport: &Transport) -> Courier {
        let deadline = Duration::from_nanos(transport.deadline.as_nanos().unsigned_abs());
        let config = Agent::config_builder()
            .timeout_global(Some(deadline))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(USER_AGENT)
            .tls_config(transport.trust.of_requests())
            .build();
        Courier {
            agent: config.into(),
            deadline: transport.deadline,
            n_answer_bytes: transport.n_answer_bytes,
        }
    }

    /// Makes a request, and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`AskError`] where there is none; a status of the vendor's is none.
    pub fn ask(
        &self,
        request: &Request,
        secrets: &SecretHeaders,
    ) -> Result<OwnedResponse, AskError> {
        let host = host_of(&request.url)?;
        let fault = |error: ureq::Error| self.fault(&host, error);
        let mut asked = self.agent.get(&request.url);
        for (name, value) in secrets.iter() {
            let value = HeaderValue::from_str(value.expose_secret());
            let mut value = value.map_err(|_| AskError::NoHeader { name: name.to_owned() })?;
            value.set_sensitive(true); // Whoever prints it prints no more than that.
            asked = asked.header(name, value);
        }
        let mut answer = asked.call().map_err(fault)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let headers = headers.collect();
        let body = answer.body_mut().with_config().limit(self.n_answer_bytes).read_to_vec();
        let body = String::from_utf8(body.map_err(fault)?);
        let body = body.map_err(|_| AskError::NotText { host: host.clone(), status })?;
        Ok(OwnedResponse { status, headers, body })
    }

    /// Ends what is under way within moments, and makes no request any more; nor does any copy.
    pub fn stop(&self) {
        self.agent.clone().shutdown();
    }

    fn fault(&self, host: &str, error: ureq::Error) -> AskError {
        let host = host.to_owned();
        match error {
            ureq::Error::Timeout(_) => AskError::Late { host, after: self.deadline },
            ureq::Error::BodyExceedsLimit(n_bytes) => AskError::TooLong { host, n_bytes },
            ureq::Error::Rustls(error) => AskError::Untrusted { words: refusal_of(&host, &error) },
            ureq::Error::HostNotFound => {
                AskError::Broken { host, said: "there is no host of that name".to_owned() }
            }
            ureq::Error::Io(error) => match refusal(&host, &error) {
                Some(words) => AskError::Untrusted { words },
                None => AskError::Broken { host, said: error.to_string() },
            },
            error => AskError::Broken { host, said: error.to_string() },
        }
    }
}

fn host_of(url: &str) -> Result<String, AskError> {
    let none = |why: &str| AskError::NoAddress { url: url.to_owned(), why: why.to_owned() };
    let uri: Uri =
        url.parse().map_err(|error: ureq::http::uri::InvalidUri| none(&error.to_string()))?;
    if !["http", "https"].contains(&uri.scheme_str().unwrap_or_default()) {
        return Err(none("it begins with neither https:// nor http://"));
    }
    let authority = uri.authority().ok_or_else(|| none("it has no host"))?;
    Ok(authority.as_str().rsplit('@').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trust;

    fn said(url: &str) -> String {
        let courier = Courier::new(&Transport::new(Trust::platform()));
        courier.stop(); // Whatever an address is, nobody is asked.
        let request = Request { url: url.to_owned(), weight: 1 };
        courier.ask(&request, &SecretHeaders::none()).unwrap_err().to_string()
    }

    #[test]
    fn an_address_that_is_none_is_shown_with_what_is_wrong_with_it() {
        assert_eq!(
            said("ftp://history"),
            "\"ftp://history\" is no address of a request: it begins with neither https:// nor http://"
        );
        assert_eq!(
            said("/bars"),
            "\"/bars\" is no address of a request: it begins with neither https:// nor http://"
        );
        assert_eq!(
            said("https://a b/"),
            "\"https://a b/\" is no address of a request: invalid uri character"
        );
    }

    #[test]
    fn nothing_is_asked_once_it_is_stopped_and_only_the_host_is_named() {
        let said = said("https://history.example:8443/bars?symbol=AAPL");
        assert!(said.starts_with("no answer from history.example:8443: "), "{said}");
        assert!(!said.contains("AAPL"), "{said}");
    }
}
