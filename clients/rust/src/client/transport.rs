//! Calls of one server, in bytes: as they are, or through the encrypted tunnel; over TLS or not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use tokio::sync::Mutex as AsyncMutex;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::client::identity_check::IdentityCheck;
use crate::client::raw_call;
use crate::client::schema::{handshake_request, handshake_response};
use crate::client::statuses::{error_from_status, is_outside};
use crate::client::stream::{BinaryHeader, StreamReader, StreamWriter};
use crate::client::tls::{self, TlsOptions};
use crate::crypto::hex;
use crate::crypto::keys::PublicKey;
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::chain_key::ServerAddress;
use crate::reason::Reason;
use crate::tunnel::handshake::{ClientHandshake, handshake_failed};
use crate::tunnel::session::ClientSession;

const HANDSHAKE_PATH: &str = "/atedb.v1.WireService/Handshake";
const CALL_PATH: &str = "/atedb.v1.WireService/Call";
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);
const HANDSHAKE_TRIES_MAX: u32 = 6;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether calls are encrypted by the tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the server requires, and always where it is known to encrypt or is pinned.
    #[default]
    Auto,
    /// None.
    Plain,
    /// With keys of 128 bits at least.
    Bits128,
    /// With keys of 192 bits at least.
    Bits192,
    /// With keys of 256 bits.
    Bits256,
}

impl Encryption {
    fn key_bits(self) -> u64 {
        match self {
            Encryption::Auto | Encryption::Plain | Encryption::Bits128 => 128,
            Encryption::Bits192 => 192,
            Encryption::Bits256 => 256,
        }
    }
}

/// What was agreed on with a server: a session that all calls share, and after it the next.
///
/// Whether there is encryption is left to nobody on the way, as far as that can be. A handshake comes first, always. Calls go in
/// clear only where the user doesn't insist on encryption, the server isn't known to encrypt, and it answers that it requires
/// none. That answer isn't protected.
#[derive(Default)]
struct Agreement {
    /// None: nothing is agreed on. Inner None: no encryption.
    agreed: Option<Option<Arc<ClientSession>>>,
    has_encrypted: bool,
    wants_largest: bool,
}

/// The connection to one server, which is made at the first call, and again by itself after a loss.
pub(crate) struct Transport {
    address: ServerAddress,
    encryption: Encryption,
    identity_check: IdentityCheck,
    tls: Option<TlsOptions>,
    channel: Mutex<Option<Channel>>,
    agreement: AsyncMutex<Agreement>,
    proven: Mutex<Option<PublicKey>>,
}

impl Transport {
    /// Fails with REQUEST_INVALID where what is asked for contradicts itself.
    pub fn new(
        address: ServerAddress,
        encryption: Encryption,
        identity_check: IdentityCheck,
        tls: Option<TlsOptions>,
    ) -> Result<Self> {
        if address.pinned.is_some() && encryption == Encryption::Plain {
            let server = &address.server;
            let why = format!("the address of {server} names an identity, which only an encrypted connection proves");
            return Err(Error::invalid("encryption", why));
        }
        if let Some(tls) = &tls {
            tls.config(&address)?;
        }
        Ok(Transport {
            address,
            encryption,
            identity_check,
            tls,
            channel: Mutex::default(),
            agreement: AsyncMutex::default(),
            proven: Mutex::default(),
        })
    }

    /// `host:port`.
    pub fn server(&self) -> &str {
        &self.address.server
    }

    /// The identity that the server has proven last; None before, and without encryption.
    pub fn proven_identity(&self) -> Option<PublicKey> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refuses a server that says another identity than it has proven. Fails with SERVER_IDENTITY_MISMATCH.
    pub fn check_proven(&self, identity: &PublicKey) -> Result<()> {
        match self.proven_identity() {
            Some(proven) if proven != *identity => {
                let (proven, said) = (hex(&proven.fingerprint()), hex(&identity.fingerprint()));
                let why = format!("{} has proven the identity {proven}, and says that it has another", self.server());
                let error = Error::new(Reason::ServerIdentityMismatch, why);
                Err(error.with("fingerprint", said).with("expected", proven))
            }
            _ => Ok(()),
        }
    }

    /// Makes another connection for the calls to come: the one that there is may be half dead.
    pub fn renew(&self) {
        *self.channel.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Ends the connection, and forgets all keys but for those of calls under way.
    pub async fn close(&self) {
        self.agreement.lock().await.agreed = None;
        self.renew();
    }

    fn channel(&self) -> Result<Channel> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*channel {
            return Ok(known.clone());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let none =
            |error: &dyn std::fmt::Display| Error::invalid("address", format_args!("{}: {error}", self.server()));
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.server()))
            .map_err(|error| none(&error))?
            .connect_timeout(CONNECT_TIMEOUT)
            // A connection that is half dead, whose other end is gone without a word, is noticed so.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        if let Some(tls) = &self.tls {
            let config = tls.config(&self.address)?;
            endpoint = endpoint.tls_config(config).map_err(|error| Error::invalid("tls", error))?;
        }
        Ok(channel.insert(endpoint.connect_lazy()).clone())
    }

    /// Begins a call of any method, in the form that is agreed on with the server.
    pub async fn begin(
        self: &Arc<Self>,
        path: &'static str,
        headers: &[BinaryHeader],
        timeout: Option<Duration>,
    ) -> Result<(StreamWriter, StreamReader)> {
        match self.choose().await? {
            None => self.begin_plain(path, headers, timeout),
            Some(session) => {
                let crypto = session.open_call()?;
                let (writer, reader) = self.begin_raw(CALL_PATH, &[], timeout)?;
                let writer = StreamWriter::sealed(writer, crypto.sender, path, headers, timeout);
                let transport = Arc::clone(self);
                Ok((writer, StreamReader::sealed(transport, reader, session, crypto.receiver, crypto.exporter)))
            }
        }
    }

    fn begin_plain(
        self: &Arc<Self>,
        path: &'static str,
        headers: &[BinaryHeader],
        timeout: Option<Duration>,
    ) -> Result<(StreamWriter, StreamReader)> {
        let (writer, reader) = self.begin_raw(path, headers, timeout)?;
        Ok((StreamWriter::plain(writer), StreamReader::plain(Arc::clone(self), reader)))
    }

    fn begin_raw(
        &self,
        path: &'static str,
        headers: &[BinaryHeader],
        timeout: Option<Duration>,
    ) -> Result<(raw_call::RawWriter, raw_call::RawReader)> {
        let mut metadata = MetadataMap::new();
        for (name, value) in headers {
            metadata.insert_bin(*name, MetadataValue::from_bytes(value));
        }
        Ok(raw_call::begin(self.channel()?, PathAndQuery::from_static(path), metadata, timeout))
    }

    /// Says what a failed call means.
    pub async fn failed(&self, status: &Status) -> Error {
        let details = Bytes::copy_from_slice(status.details());
        let mut message = status.message().to_owned();
        let mut source = std::error::Error::source(status);
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        let found = error_from_status(status.code(), &message, &details, self.server());
        if found.reason() != Reason::ConnectionFailed {
            return found;
        }
        if self.tls.is_some() {
            return tls::failure_in(status, &self.address).unwrap_or(found);
        }
        if !matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled)
            || !tls::is_required_by(&self.address).await
        {
            return found;
        }
        let why = format!("{} speaks TLS, and was spoken to without. Connect with tls", self.server());
        Error::new(Reason::TlsRequired, why).with("server", self.server())
    }

    /// Forgets a form that the server has refused a call in: a session, or none; unless another was agreed on since.
    pub async fn refuse(&self, refused: Option<&Arc<ClientSession>>) {
        let mut agreement = self.agreement.lock().await;
        let is_current = match (&agreement.agreed, refused) {
            (Some(Some(current)), Some(refused)) => Arc::ptr_eq(current, refused),
            (Some(None), None) => true,
            _ => false,
        };
        if is_current {
            agreement.agreed = None;
        }
    }

    /// The session that a call begins in now; None: it goes in clear. Fails with WIRE_MISSING where the server doesn't encrypt, and
    /// must; as the handshake.
    async fn choose(self: &Arc<Self>) -> Result<Option<Arc<ClientSession>>> {
        if self.encryption == Encryption::Plain {
            return Ok(None);
        }
        let mut agreement = self.agreement.lock().await;
        if let Some(agreed) = &agreement.agreed
            && agreed.as_ref().is_none_or(|session| !session.is_due())
        {
            return Ok(agreed.clone());
        }
        let session = self.negotiate(&mut agreement).await?.map(Arc::new);
        let proven = session.as_ref().map(|session| session.identity.clone());
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = proven;
        agreement.agreed = Some(session.clone());
        Ok(session)
    }

    async fn negotiate(self: &Arc<Self>, agreement: &mut Agreement) -> Result<Option<ClientSession>> {
        let is_asked = self.encryption != Encryption::Auto;
        let only_if_required = !is_asked && !agreement.has_encrypted && !self.identity_check.must_encrypt()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match self.shake_hands(agreement.wants_largest, only_if_required).await {
                Ok(session) => {
                    agreement.has_encrypted = true;
                    return Ok(Some(session));
                }
                Err(error) => error,
            };
            match error.reason() {
                Reason::Unsupported | Reason::WireNotRequired if only_if_required => return Ok(None),
                Reason::Unsupported | Reason::WireNotRequired => return Err(self.missing()),
                // Whoever has said so: what comes of it is never less than was asked for.
                Reason::WireShareMissing if !agreement.wants_largest => agreement.wants_largest = true,
                Reason::TooManyHandshakes if tries < HANDSHAKE_TRIES_MAX => {
                    tokio::time::sleep(Duration::from_millis(50 << tries)).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// Agrees on a session. The server has proven its identity, and that was accepted, before anything else is sent.
    async fn shake_hands(self: &Arc<Self>, wants_largest: bool, only_if_required: bool) -> Result<ClientSession> {
        let key_bits = self.encryption.key_bits();
        let handshake = ClientHandshake::new(key_bits, if wants_largest { 256 } else { key_bits })?;
        let (mut writer, mut reader) = self.begin_plain(HANDSHAKE_PATH, &[], Some(HANDSHAKE_TIMEOUT))?;
        let first = FieldWriter::new()
            .bytes(handshake_request::CLIENT_HELLO, &handshake.hello)
            .bool(handshake_request::ONLY_IF_REQUIRED, only_if_required);
        writer.write(first.finish()).await?;
        let hello = due(&mut reader, handshake_response::SERVER_HELLO).await?;
        let finished = handshake.finish(hello)?;
        self.identity_check.accept(finished.identity, finished.rotations).await?;
        let second = FieldWriter::new().bytes(handshake_request::CLIENT_FINISHED, &finished.finished);
        writer.write(second.finish()).await?;
        writer.half_close().await?;
        due(&mut reader, handshake_response::ESTABLISHED).await?;
        Ok(finished.session)
    }

    fn missing(&self) -> Error {
        let server = self.server();
        let message = format!(
            "{server} does not encrypt, and it was asked for, or it has done so before: somebody may answer in its place. Nothing \
             was sent to it. Ask its operator, by another way; only then connect without encryption"
        );
        Error::new(Reason::WireMissing, message).with("server", server)
    }
}

/// The next message of a handshake, which is to be of a kind.
async fn due(reader: &mut StreamReader, kind: u32) -> Result<Bytes> {
    let message = match reader.read().await {
        Ok(message) => message,
        Err(error) => {
            let is_of_handshake = matches!(
                error.reason(),
                Reason::WireHandshakeFailed
                    | Reason::WireShareMissing
                    | Reason::WireNotRequired
                    | Reason::TooManyHandshakes
                    | Reason::Unsupported
                    | Reason::ConnectionFailed
                    | Reason::DeadlineExceeded
                    | Reason::TlsFailed
            );
            if is_of_handshake || is_outside(error.reason()) {
                return Err(error);
            }
            // Nobody has proven yet who says it, so nothing that it says of chains and keys is handed on.
            let why = format!("the handshake was refused with {error}");
            return Err(Error::new(Reason::WireHandshakeFailed, why));
        }
    };
    let message = message
        .ok_or_else(|| Error::new(Reason::ConnectionFailed, "the server has ended the handshake before its end"))?;
    let answer = Message::parse(message).map_err(|_| handshake_failed("the server's part of it can't be read"))?;
    answer.get(kind).ok_or_else(|| handshake_failed("the server's part of it is of another kind than is due"))
}
