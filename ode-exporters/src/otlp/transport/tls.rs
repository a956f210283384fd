//! [`Tls`]: what is trusted, and who we are.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::otlp::config::OtlpError;

/// The settings of TLS. The provider of cryptography is named where it is used: none is installed
/// for the process, which is the host's to choose.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    /// Nothing: those of the platform.
    roots: Option<Arc<RootCertStore>>,
    client: Option<Arc<Client>>,
}

struct Client {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the key.
        let roots = self.roots.as_ref().map(|roots| roots.len());
        f.debug_struct("Tls")
            .field("roots", &roots)
            .field("client_certificate", &self.client.is_some())
            .finish()
    }
}

impl Tls {
    /// Trusts these certificates and no others.
    pub(crate) fn trust(&mut self, pem: &[u8]) -> Result<(), OtlpError> {
        let bad = |what: &str| OtlpError::certificate(format!("the root certificates {what}"));
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| bad("are no PEM"))?;
            let added = roots.add(certificate);
            added.map_err(|error| bad("hold one that cannot be read").because(error))?;
        }
        if roots.is_empty() {
            return Err(bad("hold none; give PEM text with BEGIN CERTIFICATE"));
        }
        self.roots = Some(Arc::new(roots));
        Ok(())
    }

    /// Shows this certificate, and those that lead from it to a root, to receivers that ask.
    pub(crate) fn identify(&mut self, chain: &[u8], key: &[u8]) -> Result<(), OtlpError> {
        let bad = |what: &str| OtlpError::certificate(format!("the client certificate {what}"));
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| bad("is no PEM"))?;
        if chain.is_empty() {
            return Err(bad("is missing; give PEM text with BEGIN CERTIFICATE"));
        }
        // What a key does wrong is not said: it might be shown.
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| bad("has no key; give PEM text with BEGIN PRIVATE KEY"))?;
        let earlier = self.client.replace(Arc::new(Client { chain, key }));
        let empty = RootCertStore::empty();
        let config = self.clone().config_with(Arc::new(empty));
        if let Err(error) = config {
            self.client = earlier;
            return Err(bad("and its key do not belong together, or cannot be used").because(error));
        }
        Ok(())
    }

    /// Everything for a connection; reads the platform's certificates if no others were given.
    pub(crate) fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let roots = match &self.roots {
            Some(roots) => Arc::clone(roots),
            None => Arc::new(platform_roots()),
        };
        self.config_with(roots)
    }

    /// For connections without TLS, which trust nobody.
    pub(crate) fn nobody() -> Result<ClientConfig, rustls::Error> {
        Self::default().config_with(Arc::new(RootCertStore::empty()))
    }

    fn config_with(&self, roots: Arc<RootCertStore>) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        match &self.client {
            None => Ok(builder.with_no_client_auth()),
            Some(client) => {
                builder.with_client_auth_cert(client.chain.clone(), client.key.clone_key())
            }
        }
    }
}

/// What can be read of the platform's certificates. With none, every handshake fails and says so.
fn platform_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    fn pair() -> (String, String) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    #[test]
    fn takes_what_is_right() {
        let (certificate, key) = pair();
        let mut tls = Tls::default();
        tls.trust(certificate.as_bytes()).unwrap();
        tls.trust(format!("# two\n{certificate}\n{certificate}").as_bytes()).unwrap();
        tls.identify(certificate.as_bytes(), key.as_bytes()).unwrap();
        tls.config().unwrap();
        assert!(!format!("{tls:?}").contains("PRIVATE"));
    }

    #[test]
    fn says_what_is_wrong_and_never_what_it_was() {
        let ((certificate, key), (_, other)) = (pair(), pair());
        let canary = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
        let broken = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";
        let torn = "-----BEGIN CERTIFICATE-----\nY2Fu";
        let mut tls = Tls::default();
        for pem in ["", "canary", broken, torn, &key] {
            let error = tls.trust(pem.as_bytes()).expect_err("no certificates");
            assert!(error.is_certificate(), "{error}");
            assert!(!format!("{error:?} {error}").contains("anary"), "{error:?}");
        }
        for (chain, key) in [
            (certificate.as_str(), ""),
            (&certificate, canary),
            (&certificate, &other),
            ("", &key),
            (&certificate, &certificate),
            (broken, &key),
        ] {
            let error = tls.identify(chain.as_bytes(), key.as_bytes()).expect_err("no identity");
            assert!(error.is_certificate(), "{error}");
            assert!(!format!("{error:?} {error}").contains("anary"), "{error:?}");
        }
        assert!(tls.client.is_none() && tls.roots.is_none());
    }
}
