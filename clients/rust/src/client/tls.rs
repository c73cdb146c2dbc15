//! TLS below the calls.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use tonic::Status;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::error::{Error, Result};
use crate::events::chain_key::ServerAddress;
use crate::reason::Reason;

const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// How TLS is spoken. Certificates and keys are PEM.
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// One of these authorities must have signed the server's certificate. None: those that the system trusts.
    pub ca: Option<Vec<u8>>,
    /// The client's own certificate, for a server that asks for one. It comes with its key.
    pub cert: Option<Vec<u8>>,
    /// The key of that certificate.
    pub key: Option<Vec<u8>>,
    /// The name or IP address that the server's certificate must be for. None: the host of the address.
    pub server_name: Option<String>,
}

impl std::fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_key = self.key.is_some();
        f.debug_struct("TlsOptions")
            .field("server_name", &self.server_name)
            .field("has_key", &has_key)
            .finish_non_exhaustive()
    }
}

impl TlsOptions {
    /// Makes the configuration of a channel. Fails with REQUEST_INVALID.
    pub(crate) fn config(&self, address: &ServerAddress) -> Result<ClientTlsConfig> {
        let name = self.server_name.as_ref().unwrap_or(&address.host);
        let mut config = ClientTlsConfig::new().domain_name(name);
        config = match &self.ca {
            Some(ca) => config.ca_certificate(Certificate::from_pem(ca)),
            None => config.with_native_roots(),
        };
        match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Ok(config.identity(Identity::from_pem(cert, key))),
            (None, None) => Ok(config),
            _ => Err(Error::invalid(
                "tls",
                "a certificate of the client comes with its key, and a key with its certificate",
            )),
        }
    }
}

/// The failure of TLS that is behind a failed call, if one is.
pub(crate) fn failure_in(status: &Status, address: &ServerAddress) -> Option<Error> {
    let mut source: Option<&(dyn StdError + 'static)> = status.source();
    while let Some(error) = source {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        let found = error
            .downcast_ref::<rustls::Error>()
            .or_else(|| wrapped.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
        if let Some(tls) = found {
            let server = &address.server;
            let why = format!("{server} could not be spoken to over TLS: {tls}. Trying again doesn't help");
            return Some(Error::new(Reason::TlsFailed, why).with("server", server));
        }
        source = error.source();
    }
    None
}

/// Finds out whether a connection without TLS could not be made since the server speaks TLS.
///
/// So one connection more is made, and nothing is sent on it. No certificate is trusted: that one is shown is what counts.
pub(crate) async fn is_required_by(address: &ServerAddress) -> bool {
    tokio::time::timeout(PROBE_TIMEOUT, speaks_tls(address)).await.unwrap_or(false)
}

async fn speaks_tls(address: &ServerAddress) -> bool {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Ok(builder) = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() else {
        return false;
    };
    let mut config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (Ok(name), Ok(socket)) =
        (ServerName::try_from(address.host.clone()), TcpStream::connect((address.host.as_str(), address.port)).await)
    else {
        return false;
    };
    let Err(error) = TlsConnector::from(Arc::new(config)).connect(name, socket).await else {
        return true;
    };
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)))
}
