//! Requests alone: what comes back, and what is said where nothing does.

use openbell_data_manager::live::Request;
use openbell_time::Nanos;
use openbell_vendors::{AskError, Courier, OwnedResponse, SecretHeaders, Transport, Trust};

use super::sim::{Authority, Setup, Sim};

fn ask(sim: &Sim, transport: &Transport, path: &str) -> Result<OwnedResponse, AskError> {
    let url = sim.endpoint("", path).history;
    Courier::new(transport).ask(&Request { url, weight: 1 }, &SecretHeaders::none())
}

fn bounds() -> Transport {
    Transport::new(Trust::platform())
}

#[test]
fn an_answer_comes_with_its_status_its_headers_and_its_text() {
    let authority = Authority::new();
    let sim = Setup::binance()
        .with(r#"[{"request": 2, "do": "status", "code": 429, "retry_after": 7}]"#)
        .certified(authority.identity("localhost"))
        .serve();
    let courier = Courier::new(&sim.transport(authority.trust()));
    let request = Request { url: sim.endpoint("", "/api/v3/time").history, weight: 1 };
    let answer = courier.ask(&request, &SecretHeaders::none()).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("{\"serverTime\":"), "{}", answer.body);
    let refused = courier.ask(&request, &SecretHeaders::none()).unwrap();
    assert_eq!(refused.status, 429, "a status is an answer");
    assert_eq!(refused.borrowed().header("retry-after"), Some("7"));
}

#[test]
fn no_redirect_is_followed() {
    let sim = Setup::binance().with(r#"[{"request": 1, "do": "status", "code": 302}]"#).serve();
    assert_eq!(ask(&sim, &bounds(), "/api/v3/time").unwrap().status, 302);
    assert_eq!(sim.control.exchange(|exchange| exchange.counts().requests), 1);
}

#[test]
fn who_takes_a_request_and_never_answers_is_waited_for_until_the_deadline() {
    let sim = Setup::binance().with(r#"[{"request": 1, "do": "hang"}]"#).serve();
    let transport = Transport { deadline: Nanos::from_nanos(200_000_000), ..bounds() };
    let said = ask(&sim, &transport, "/api/v3/time").unwrap_err().to_string();
    let host = format!("localhost:{}", sim.port);
    assert_eq!(said, format!("{host} has not answered within 0.2s"));
}

#[test]
fn an_answer_that_is_too_long_is_not_taken() {
    let sim = Setup::binance().serve();
    let transport = Transport { n_answer_bytes: 20, ..bounds() };
    let said = ask(&sim, &transport, "/api/v3/time").unwrap_err().to_string();
    assert_eq!(said, format!("localhost:{} answers more than 20 bytes", sim.port));
}

#[test]
fn an_answer_that_is_cut_is_none() {
    let sim = Setup::binance().with(r#"[{"request": 1, "do": "truncate"}]"#).serve();
    let said = ask(&sim, &bounds(), "/api/v3/time").unwrap_err().to_string();
    assert!(said.starts_with(&format!("no answer from localhost:{}: ", sim.port)), "{said}");
}

#[test]
fn who_is_not_there_is_named() {
    let sim = Setup::binance().serve();
    let endpoint = sim.endpoint("", "/api/v3/time");
    drop(sim);
    let request = Request { url: endpoint.history, weight: 1 };
    let said = Courier::new(&bounds()).ask(&request, &SecretHeaders::none());
    let said = said.unwrap_err().to_string();
    assert!(said.starts_with("no answer from localhost:"), "{said}");
}
