//! Whose certificates are believed, and in which words one is refused.
//!
//! Not here: connections ([`crate::Wire`], [`crate::Courier`]), which have one and the same opinion.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Whose certificates are believed.
///
/// ```
/// use openbell_vendors::Trust;
/// let error = Trust::only("no certificate").unwrap_err();
/// assert_eq!(error.to_string(), "there is no certificate in the PEM of trusted roots");
/// ```
#[derive(Clone)]
pub struct Trust {
    roots: Roots,
    /// Made once it is needed: a machine without roots can still speak without TLS.
    client: Arc<OnceLock<Arc<ClientConfig>>>,
}

#[derive(Clone)]
enum Roots {
    Platform,
    Only(Arc<[CertificateDer<'static>]>),
}

/// What is wrong with the roots that a user trusts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The text has no certificate.
    #[error("there is no certificate in the PEM of trusted roots")]
    NoCertificate,
    /// A certificate of the text cannot be read.
    #[error("certificate {number} in the PEM of trusted roots cannot be read: {why}")]
    Unreadable {
        /// Its place, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl Trust {
    /// Whom the machine trusts, with what its owner has added.
    pub fn platform() -> Trust {
        Trust::of(Roots::Platform)
    }

    /// Whoever is certified by a root of `pem`, and nobody else: for a proxy that opens every
    /// connection, and for a simulated exchange.
    ///
    /// # Errors
    ///
    /// [`TrustError`] where there is no such root.
    pub fn only(pem: &str) -> Result<Trust, TrustError> {
        let mut roots = Vec::new();
        for (idx, root) in CertificateDer::pem_slice_iter(pem.as_bytes()).enumerate() {
            let unreadable = |why: String| TrustError::Unreadable { number: idx + 1, why };
            let root = root.map_err(|error| unreadable(error.to_string()))?;
            let fits = RootCertStore::empty().add(root.clone());
            fits.map_err(|error| unreadable(error.to_string()))?;
            roots.push(root);
        }
        if roots.is_empty() {
            Err(TrustError::NoCertificate)
        } else {
            Ok(Trust::of(Roots::Only(roots.into())))
        }
    }

    fn of(roots: Roots) -> Trust {
        Trust { roots, client: Arc::default() }
    }

    /// The settings of a connection of one's own.
    ///
    /// # Errors
    ///
    /// Where the machine has no roots.
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        if let Some(client) = self.client.get() {
            return Ok(Arc::clone(client));
        }
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?;
        let builder = match &self.roots {
            Roots::Platform => builder.with_platform_verifier()?,
            Roots::Only(roots) => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(roots.iter().cloned());
                builder.with_root_certificates(store)
            }
        };
        let client = Arc::new(builder.with_no_client_auth());
        Ok(Arc::clone(self.client.get_or_init(|| client)))
    }

    /// The same for requests.
    pub(crate) fn of_requests(&self) -> TlsConfig {
        let roots = match &self.roots {
            Roots::Platform => RootCerts::PlatformVerifier,
            Roots::Only(roots) => {
                let roots = roots.iter().map(|root| Certificate::from_der(root).to_owned());
                RootCerts::Specific(Arc::new(roots.collect()))
            }
        };
        TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(provider())
            .build()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.roots {
            Roots::Platform => f.write_str("Trust::platform()"),
            Roots::Only(roots) => write!(f, "Trust::only({} roots)", roots.len()),
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What is wrong with a connection to `host`, where it is the certificate or the encryption.
pub(crate) fn refusal(host: &str, error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(refusal_of(host, error))
}

/// What is wrong with the certificate or the encryption of `host`.
pub(crate) fn refusal_of(host: &str, error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(wrong) = error else {
        return format!("no encrypted connection to {host}: {error}");
    };
    match wrong {
        // The other: somebody of the same name is trusted.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "the certificate of {host} is signed by nobody whom this machine trusts; behind a proxy \
             that opens connections, its root has to be among those of the machine"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate that {host} shows is made out to another name")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate of {host} has expired by the clock of this machine; is the clock right?"
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "the certificate of {host} is not valid yet by the clock of this machine; is the clock right?"
        ),
        CertificateError::Revoked => format!("the certificate of {host} has been revoked"),
        _ => format!("the certificate of {host} is refused: {error}"),
    }
}
