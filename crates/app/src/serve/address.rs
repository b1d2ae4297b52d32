//! Where a run is served.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::exit::{Exit, Failure};

/// The first port, and how many are tried where none is named.
const PORT: u16 = 8430;
const PORTS: u16 = 10;

/// A place that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Address {
    /// The first free one on this machine.
    FirstFree,
    /// This one.
    At(SocketAddr),
}

/// Reads an address and a port, or a port of this machine.
pub fn parse(text: &str) -> Result<Address, String> {
    if text.is_empty() {
        return Ok(Address::FirstFree);
    }
    let text = text.replace("localhost", "127.0.0.1");
    let port = |text: &str| text.trim_start_matches(':').parse().ok();
    let of_port = || port(&text).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match text.parse().ok().or_else(of_port) {
        Some(at) => Ok(Address::At(at)),
        None => Err(
            "an address and its port as 127.0.0.1:8430, or a port, is needed; without one write --serve \
             last"
                .to_owned(),
        ),
    }
}

impl Address {
    /// Listens there.
    ///
    /// # Errors
    ///
    /// A place that cannot be had; and one beyond this machine unless the operator has given the tokens
    /// (`has_tokens`).
    pub(super) fn bind(self, has_tokens: bool) -> Result<(TcpListener, SocketAddr), Failure> {
        match self {
            Address::At(at) if !at.ip().is_loopback() && !has_tokens => {
                let text = format!(
                    "{at} can be asked from other machines; give the tokens that are taken by --token-file \
                     FILE, or serve on 127.0.0.1"
                );
                Err(Failure::says(Exit::Usage, text))
            }
            Address::At(at) => bound(at),
            Address::FirstFree => {
                let mut last = None;
                for port in PORT..PORT + PORTS {
                    match bound(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
                        Ok(bound) => return Ok(bound),
                        Err(failure) => last = Some(failure),
                    }
                }
                Err(last.unwrap_or_else(|| Failure::says(Exit::Usage, "no port was tried")))
            }
        }
    }
}

fn bound(at: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(at);
    listener.and_then(|listener| Ok((listener.local_addr()?, listener))).map_or_else(
        |error| {
            let hint = match error.kind() {
                ErrorKind::AddrInUse => "; --serve=127.0.0.1:0 takes any that is free",
                _ => "",
            };
            Err(Failure::says(Exit::Usage, format!("cannot serve on {at}: {error}{hint}")))
        },
        |(at, listener)| Ok((listener, at)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_its_port_or_a_port_alone() {
        let at = |text: &str| Ok(Address::At(text.parse().unwrap()));
        assert_eq!(parse(""), Ok(Address::FirstFree));
        assert_eq!(parse("127.0.0.1:9000"), at("127.0.0.1:9000"));
        assert_eq!(parse("localhost:9000"), at("127.0.0.1:9000"));
        assert_eq!(parse("9000"), at("127.0.0.1:9000"));
        assert_eq!(parse("[::1]:9000"), at("[::1]:9000"));
        assert!(parse("session.json").unwrap_err().contains("write --serve last"));
    }

    #[test]
    fn beyond_this_machine_the_operator_gives_the_tokens() {
        let address = parse("0.0.0.0:0").unwrap();
        let refused = address.bind(false).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.to_string().contains("--token-file"), "{refused}");
    }
}
