//! Sessions and calls of the tunnel, as their client sees them (docs/wire.md, "Calls" and "Sessions").

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::crypto::hpke::{aes_gcm_open, aes_gcm_seal};
use crate::crypto::keys::PublicKey;
use crate::crypto::random;
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::encoding::wire_forms;
use crate::error::{Error, Result};
use crate::limits::GRPC_MESSAGE_BYTES_MAX;
use crate::reason::Reason;
use crate::tunnel::key_schedule::{Secret, SessionSecrets, expand, expand_key};

const FRAMES_PER_KEY: u64 = 1_024;
const FRAME_PAYLOAD_BYTES_MAX: usize = GRPC_MESSAGE_BYTES_MAX - 96;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameType {
    Open,
    Message,
    HalfClose,
    Status,
    Headers,
}

impl FrameType {
    const ALL: [FrameType; 5] =
        [FrameType::Open, FrameType::Message, FrameType::HalfClose, FrameType::Status, FrameType::Headers];

    pub fn number(self) -> u8 {
        match self {
            FrameType::Open => 1,
            FrameType::Message => 2,
            FrameType::HalfClose => 3,
            FrameType::Status => 4,
            FrameType::Headers => 5,
        }
    }

    pub fn from_number(number: u64) -> Option<Self> {
        FrameType::ALL.into_iter().find(|one| u64::from(one.number()) == number)
    }
}

/// The refusal of a frame; the call has failed then.
fn frame_invalid(why: impl std::fmt::Display) -> Error {
    let message = format!("a frame of the tunnel is not the next one of its call: {why}. Nothing of it was handed on");
    Error::new(Reason::WireFrameInvalid, message)
}

/// How long a session lasts: milliseconds in all, milliseconds idle, bytes of frames both ways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionTerms {
    pub lifetime_ms: u64,
    pub idle_ms: u64,
    pub bytes_max: u64,
}

/// What was used of a session, in both directions and in all calls.
struct Usage {
    created: Instant,
    /// Milliseconds after the creation.
    last_used_ms: AtomicU64,
    bytes: AtomicU64,
}

impl Usage {
    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn count(&self, size: usize) {
        self.bytes.fetch_add(size as u64, Ordering::Relaxed);
        self.last_used_ms.store(self.elapsed_ms(), Ordering::Relaxed);
    }
}

/// A session: any number of calls at once, on any connections.
pub(crate) struct ClientSession {
    id: [u8; 16],
    key_bits: u64,
    /// Of the server, as it has proven it.
    pub identity: PublicKey,
    terms: SessionTerms,
    secrets: SessionSecrets,
    usage: Arc<Usage>,
    next_call: AtomicU64,
}

impl ClientSession {
    pub fn new(id: [u8; 16], key_bits: u64, identity: PublicKey, secrets: SessionSecrets, terms: SessionTerms) -> Self {
        let usage = Usage { created: Instant::now(), last_used_ms: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        ClientSession { id, key_bits, identity, terms, secrets, usage: Arc::new(usage), next_call: AtomicU64::new(0) }
    }

    #[cfg(test)]
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    #[cfg(test)]
    pub fn exporter(&self) -> [u8; 32] {
        *self.secrets.exporter
    }

    /// Whether so many twentieths of what it may have are left: of time in all, of time idle, and of bytes.
    fn has_left(&self, twentieths: u64) -> bool {
        let elapsed = self.usage.elapsed_ms();
        let idle = elapsed.saturating_sub(self.usage.last_used_ms.load(Ordering::Relaxed));
        let bytes = self.usage.bytes.load(Ordering::Relaxed);
        [(elapsed, self.terms.lifetime_ms), (idle, self.terms.idle_ms), (bytes, self.terms.bytes_max)]
            .into_iter()
            .all(|(used, allowed)| u128::from(used) * 20 < u128::from(allowed) * u128::from(20 - twentieths))
    }

    /// Whether calls can be opened in it: it has not ended, and won't before the call has reached the server.
    fn is_usable(&self) -> bool {
        self.has_left(1)
    }

    /// Whether it should be replaced by a new one, while calls go on in this one.
    pub fn is_due(&self) -> bool {
        !self.has_left(5)
    }

    /// Begins a call. Fails with WIRE_SESSION_UNKNOWN where the session is not usable any more.
    pub fn open_call(&self) -> Result<CallCrypto> {
        if !self.is_usable() {
            return Err(Error::new(Reason::WireSessionUnknown, "the session of the tunnel has ended. Make a new one"));
        }
        // Never used twice, also for a call that fails.
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        let place = CallPlace { session_id: self.id, key_bits: self.key_bits, call, random: random()? };
        Ok(CallCrypto::new(place, self.secrets.clone(), Arc::clone(&self.usage)))
    }
}

/// Which call of which session, and the client's random bytes for it.
#[derive(Clone, Copy)]
pub(crate) struct CallPlace {
    pub session_id: [u8; 16],
    pub key_bits: u64,
    pub call: u64,
    pub random: [u8; 16],
}

/// One direction of a call: of each frame in turn its key, its nonce, and what it is bound to.
struct Direction {
    place: Vec<u8>,
    key_bits: u64,
    secret: Secret,
    key: Zeroizing<Vec<u8>>,
    counter: u64,
}

impl Direction {
    fn new(place: &CallPlace, sender: u8, secret: Secret) -> Self {
        let key = expand_key(&secret, place.key_bits, "key");
        let bound = [place.session_id.as_slice(), &place.call.to_be_bytes(), &[sender]].concat();
        Direction { place: bound, key_bits: place.key_bits, secret, key, counter: 0 }
    }

    /// Nonce and additional data of the next frame, whose key is the one that there is then.
    fn next(&mut self, frame_type: u8) -> ([u8; 12], Vec<u8>) {
        let counter = self.counter;
        if counter > 0 && counter.is_multiple_of(FRAMES_PER_KEY) {
            // What was sealed before can't be opened with what is known from here on.
            self.secret = expand(&self.secret, "ratchet", &[]);
            self.key = expand_key(&self.secret, self.key_bits, "key");
        }
        self.counter += 1;
        let number = counter.to_be_bytes();
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&number);
        (nonce, [self.place.as_slice(), &number, &[frame_type]].concat())
    }
}

/// Seals what a client sends in one call.
pub(crate) struct CallSender {
    place: CallPlace,
    sending: Direction,
    has_sent: bool,
    usage: Arc<Usage>,
}

impl CallSender {
    /// Seals the next frame: a serialised CallRequest. First comes `Open`, last `HalfClose`. Fails with DATA_TOO_LARGE.
    pub fn seal(&mut self, frame_type: FrameType, payload: &[u8]) -> Result<Bytes> {
        if payload.len() > FRAME_PAYLOAD_BYTES_MAX {
            let why = format!("a message of {} bytes does not fit into a frame of the tunnel", payload.len());
            let error = Error::new(Reason::DataTooLarge, why);
            return Err(error.with("limit", FRAME_PAYLOAD_BYTES_MAX).with("size", payload.len()));
        }
        let mut head = FieldWriter::new();
        if !std::mem::replace(&mut self.has_sent, true) {
            head = head.bytes(1, &self.place.session_id).varint(2, self.place.call).bytes(3, &self.place.random);
        }
        let (nonce, aad) = self.sending.next(frame_type.number());
        let sealed = aes_gcm_seal(&self.sending.key, &nonce, &aad, payload)?;
        let frame = head.varint(4, u64::from(frame_type.number())).bytes(5, &sealed).finish();
        self.usage.count(frame.len());
        Ok(frame.into())
    }
}

/// Opens what a client is answered in one call. After a frame that is refused nothing opens.
pub(crate) struct CallReceiver {
    place: CallPlace,
    secrets: SessionSecrets,
    receiving: Option<Direction>,
    is_broken: bool,
    has_begun: bool,
    /// Whether the server has sealed how the call ended. Without it the call was cut, and its outcome is not known.
    pub has_ended: bool,
    usage: Arc<Usage>,
}

impl CallReceiver {
    /// Opens the next frame: a serialised CallResponse. Fails with WIRE_FRAME_INVALID; the call has failed then.
    pub fn open(&mut self, message: Bytes) -> Result<(FrameType, Zeroizing<Vec<u8>>)> {
        // Broken until it is known to be good.
        if std::mem::replace(&mut self.is_broken, true) {
            return Err(frame_invalid("one before it was refused"));
        }
        let size = message.len();
        let opened = self.open_next(message)?;
        self.is_broken = false;
        self.usage.count(size);
        Ok(opened)
    }

    fn open_next(&mut self, message: Bytes) -> Result<(FrameType, Zeroizing<Vec<u8>>)> {
        let parts = Message::parse_strict(&wire_forms::CALL_RESPONSE, message)
            .map_err(|error| frame_invalid(error.message()))?;
        let frame_type = FrameType::from_number(parts.number(2)).ok_or_else(|| frame_invalid("it is of no type"))?;
        let receiving = match (self.receiving.take(), parts.get(1)) {
            (Some(receiving), None) => receiving,
            (None, Some(random)) => {
                let secret = self.secrets.server_secret(self.place.call, &self.place.random, &random);
                Direction::new(&self.place, 1, secret)
            }
            _ => return Err(frame_invalid("the first one has random bytes, and no other has")),
        };
        let receiving = self.receiving.insert(receiving);
        if self.has_ended {
            return Err(frame_invalid("it comes after the one that ends the call"));
        }
        let (nonce, aad) = receiving.next(frame_type.number());
        let payload = aes_gcm_open(&receiving.key, &nonce, &aad, &parts.bytes(3))
            .ok_or_else(|| frame_invalid("it was changed, moved or repeated, or one before it is missing"))?;
        let may_come = match frame_type {
            FrameType::Message | FrameType::Status => true,
            FrameType::Headers => !self.has_begun,
            FrameType::Open | FrameType::HalfClose => false,
        };
        if !may_come {
            return Err(frame_invalid(format_args!("one of type {frame_type:?} must not come now")));
        }
        self.has_begun = true;
        self.has_ended = frame_type == FrameType::Status;
        Ok((frame_type, payload))
    }
}

/// One call: its two ends, and what proofs of keys within it are tied to.
pub(crate) struct CallCrypto {
    pub sender: CallSender,
    pub receiver: CallReceiver,
    pub exporter: [u8; 32],
}

impl CallCrypto {
    fn new(place: CallPlace, secrets: SessionSecrets, usage: Arc<Usage>) -> Self {
        let sending = Direction::new(&place, 0, secrets.client_secret(place.call, &place.random));
        CallCrypto {
            exporter: *secrets.exporter,
            sender: CallSender { place, sending, has_sent: false, usage: Arc::clone(&usage) },
            receiver: CallReceiver {
                place,
                secrets,
                receiving: None,
                is_broken: false,
                has_begun: false,
                has_ended: false,
                usage,
            },
        }
    }

    /// A call outside of any session.
    #[cfg(test)]
    pub fn alone(place: CallPlace, secrets: SessionSecrets) -> Self {
        let usage = Usage { created: Instant::now(), last_used_ms: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        CallCrypto::new(place, secrets, Arc::new(usage))
    }
}
