//! One question to a run that is served.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use openbell_wire::served::problem::Problem;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::{Agent, Body, http};

use crate::exit::{Exit, Failure};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(45);
/// Bytes that are read of one.
const ANSWER_BYTES: u64 = 64 << 20;
/// The variable that holds a token.
const VARIABLE: &str = "OPENBELL_TOKEN";

/// Whom to ask, and as who.
#[derive(Args, Debug)]
pub struct Whom {
    /// The link that `openbell run --serve` has printed, or its address.
    #[arg(value_name = "URL")]
    url: String,
    /// Takes the token from the first line of this file that has one, instead of the link or
    /// OPENBELL_TOKEN.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Asks one run.
pub(super) struct Asker {
    agent: Agent,
    base: String,
    token: String,
}

impl Asker {
    pub(super) fn of(whom: &Whom) -> Result<Asker, Failure> {
        let (base, in_link) = parts_of(&whom.url)?;
        let token = match (&whom.token_file, in_link, std::env::var(VARIABLE)) {
            (Some(path), _, _) => of_file(path)?,
            (None, Some(token), _) => token,
            (None, None, Ok(token)) => token,
            (None, None, Err(_)) => {
                let text = format!(
                    "a token is needed: give the whole link that `openbell run --serve` has printed, \
                     --token-file FILE, or {VARIABLE}"
                );
                return Err(Failure::says(Exit::Usage, text));
            }
        };
        let config = Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build();
        Ok(Asker { agent: config.into(), base, token })
    }

    /// The answer to `GET path`.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let answer = request.header("authorization", format!("Bearer {}", self.token)).call();
        self.read(answer)
    }

    /// The answer to `POST path` with that body.
    pub(super) fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let answer = request.header("content-type", "application/json").send(body.to_string());
        self.read(answer)
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<http::Response<Body>, ureq::Error>,
    ) -> Result<T, Failure> {
        let unread = |error: ureq::Error| {
            let text = format!("{} cannot be asked: {error}; is it still served?", self.base);
            Failure::says(Exit::Unanswered, text)
        };
        let mut answer = answer.map_err(unread)?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES);
        let text = body.read_to_string().map_err(unread)?;
        if !status.is_success() {
            // What is no problem of ours comes from something between.
            let said = match serde_json::from_str::<Problem>(&text) {
                Ok(problem) => format!("{} ({}): {}", problem.title, problem.code, problem.detail),
                Err(_) => format!("{} answered with status {status}", self.base),
            };
            return Err(Failure::says(Exit::Unanswered, said));
        }
        serde_json::from_str(&text).map_err(|error| {
            let text = format!("{} does not answer as openbell does: {error}", self.base);
            Failure::says(Exit::Unanswered, text)
        })
    }
}

/// The address of the link without a slash at its end, and the token in it.
fn parts_of(url: &str) -> Result<(String, Option<String>), Failure> {
    let (address, fragment) = match url.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (url, None),
    };
    let wrong = |why: &str| {
        let text = format!("{address:?} is no address of a run: {why}");
        Failure::says(Exit::Usage, text)
    };
    let whole = match address.split_once("://") {
        Some(("http", _)) => address.to_owned(),
        Some(("https", _)) => address.to_owned(),
        Some(_) => return Err(wrong("it begins with neither http:// nor https://")),
        None => format!("http://{address}"),
    };
    if whole.contains('?') || whole.ends_with("://") {
        return Err(wrong("http://HOST:PORT is needed"));
    }
    let token = fragment.and_then(|fragment| fragment.strip_prefix("token="));
    Ok((whole.trim_end_matches('/').to_owned(), token.map(str::to_owned)))
}

/// The first token of a file as `run --token-file` reads it.
fn of_file(path: &Path) -> Result<String, Failure> {
    let wrong = |why: String| {
        Failure::says(Exit::Usage, format!("the token file {}: {why}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let lines = text.lines().map(str::trim);
    let line = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with('#'));
    let line = line.ok_or_else(|| wrong("there is no token in it".to_owned()))?;
    Ok(line.rsplit_once(':').map_or(line, |(_, token)| token.trim()).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_its_address_and_its_token() {
        let parts = |url: &str| parts_of(url).map_err(|failure| failure.to_string());
        let token = Some("abc".to_owned());
        let base = || "http://127.0.0.1:8430".to_owned();
        assert_eq!(parts("http://127.0.0.1:8430/#token=abc"), Ok((base(), token)));
        assert_eq!(parts("127.0.0.1:8430"), Ok((base(), None)));
        let proxied = "https://bars.example/run/".to_owned();
        assert_eq!(parts(&proxied), Ok(("https://bars.example/run".to_owned(), None)));
        assert!(parts("ftp://127.0.0.1").unwrap_err().contains("neither http:// nor https://"));
        assert!(parts("http://").unwrap_err().contains("HOST:PORT"));
    }
}
