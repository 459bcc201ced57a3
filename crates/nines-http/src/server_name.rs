//! `server_name`: a certificate is checked against another name than the one in the address.

use std::sync::Arc;

use nines_port::TlsSettings;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::{read_secret, with_causes};

/// TLS that expects `name`. It needs authorities of its own: with the machine's, a name that is not in the address
/// would prove nothing.
pub(super) fn config(tls: &TlsSettings, name: &str) -> Result<ClientConfig, String> {
    let authorities = tls.authorities.as_ref().ok_or("`server_name` needs a `ca_file` or `ca`")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(read_secret(authorities)?.as_bytes()) {
        let certificate = certificate.map_err(|error| with_causes(&error))?;
        roots.add(certificate).map_err(|error| with_causes(&error))?;
    }
    let inner = WebPkiServerVerifier::builder(Arc::new(roots)).build();
    let inner = inner.map_err(|error| with_causes(&error))?;
    let expected = ServerName::try_from(name.to_owned());
    let expected = expected.map_err(|_| format!("`{name}` is not a name of a server"))?;
    let verifier = Arc::new(Expects { name: expected, inner });
    let builder = ClientConfig::builder().dangerous().with_custom_certificate_verifier(verifier);
    let Some((certificate, key)) = &tls.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let pem = read_secret(certificate)?;
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| with_causes(&error))?;
    let key = PrivateKeyDer::from_pem_slice(read_secret(key)?.as_bytes());
    let key = key.map_err(|error| with_causes(&error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| with_causes(&error))
}

/// Checks as usual, but for its own name.
#[derive(Debug)]
struct Expects {
    name: ServerName<'static>,
    inner: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Expects {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner.verify_server_cert(certificate, intermediates, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
