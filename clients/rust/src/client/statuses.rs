//! What the status of a failed call means.

use bytes::Bytes;
use tonic::Code;

use crate::client::schema::{rejected, rpc};
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::reason::Reason;

const DOMAIN: &str = "atedb";

/// Whether what was read can't be gone on with, since the chain was compacted meanwhile: it is to be read again.
pub(crate) fn is_compacted(error: &Error) -> bool {
    error.reason() == Reason::HistoryCompacted
}

/// Whether trying again later may help: the server was not there, is going, or is full.
pub(crate) fn is_passing(reason: Reason) -> bool {
    is_of_session(reason)
        || matches!(
            reason,
            Reason::ConnectionFailed
                | Reason::ServerDraining
                | Reason::TooManyStreams
                | Reason::TooManyChains
                | Reason::TooManyUploads
                | Reason::ReaderTooSlow
                | Reason::RequestTooSlow
                | Reason::TooManyHandshakes
                | Reason::WireFrameInvalid
                | Reason::WireTruncated
        )
}

/// Whether it is a refusal of a sealed call that another session may not meet.
pub(crate) fn is_of_session(reason: Reason) -> bool {
    matches!(reason, Reason::WireSessionUnknown | Reason::WireCallReplayed)
}

/// Whether a server may say it of a sealed call before it has a key to seal it with. Anybody on the way can say it too, and it
/// comes to no more than a cut connection.
pub(crate) fn is_outside(reason: Reason) -> bool {
    is_of_session(reason)
        || matches!(
            reason,
            Reason::WireFrameInvalid
                | Reason::ServerDraining
                | Reason::TooManyUploads
                | Reason::TooManyStreams
                | Reason::RequestTooSlow
                | Reason::DataTooLarge
                | Reason::ReaderTooSlow
                | Reason::TlsRequired
                | Reason::Internal
        )
}

/// Whether the server isn't what it was: it says more than that an outcome is unknown.
pub(crate) fn is_alarm(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::WriterAhead
            | Reason::HeadConflict
            | Reason::ChainIdMismatch
            | Reason::ServerIdentityMismatch
            | Reason::ServerIdentityChanged
            | Reason::VerificationFailed
    )
}

/// The server's own refusal in a serialised google.rpc.Status; None where it has none.
pub(crate) fn own_details(details: &Bytes, message: &str) -> Option<Error> {
    let status = Message::parse(details.clone()).ok()?;
    let said = status.text(rpc::STATUS_MESSAGE);
    let message = if said.is_empty() { message } else { &said };
    status.all(rpc::STATUS_DETAILS).find_map(|detail| {
        let any = Message::parse(detail).ok()?;
        if !any.text(rpc::ANY_TYPE_URL).ends_with("/google.rpc.ErrorInfo") {
            return None;
        }
        let info = Message::parse(any.bytes(rpc::ANY_VALUE)).ok()?;
        if info.text(rpc::INFO_DOMAIN) != DOMAIN {
            return None;
        }
        let name = info.text(rpc::INFO_REASON);
        known_refusal(Reason::from_name(&name), &name, message, &info, rpc::INFO_METADATA).ok()
    })
}

/// The error that a refusal on a stream tells: a Rejected message.
pub(crate) fn rejection(said: &Message) -> Error {
    let number = said.number(rejected::REASON);
    let (message, name) = (said.text(rejected::MESSAGE), number.to_string());
    known_refusal(Reason::from_number(number), &name, &message, said, rejected::METADATA).unwrap_or_else(|error| error)
}

/// A newer server may have reasons that this version doesn't know: kept for people.
fn known_refusal(reason: Option<Reason>, name: &str, message: &str, from: &Message, metadata: u32) -> Result<Error> {
    let mut error = Error::new(reason.unwrap_or(Reason::Internal), message);
    for entry in from.all(metadata) {
        let entry = Message::parse(entry)?;
        error = error.with(&entry.text(rpc::MAP_KEY), entry.text(rpc::MAP_VALUE));
    }
    Ok(if reason.is_none() { error.with("server_reason", name) } else { error })
}

/// Says what a failed call's status means. One without our details comes from the transport.
pub(crate) fn error_from_status(code: Code, message: &str, details: &Bytes, server: &str) -> Error {
    if let Some(own) = own_details(details, message) {
        return own;
    }
    let (reason, why) = match code {
        Code::DeadlineExceeded => (Reason::DeadlineExceeded, format!("the deadline passed before {server} answered")),
        Code::ResourceExhausted if message.contains("larger than") => {
            (Reason::DataTooLarge, format!("a message is too large for {server}: {message}"))
        }
        Code::ResourceExhausted => (Reason::ReaderTooSlow, format!("{server} has given this call up: {message}")),
        Code::Unimplemented => (Reason::Unsupported, format!("{server} does not know this call: {message}")),
        Code::Unavailable => (
            Reason::ConnectionFailed,
            format!(
                "{server} can't be reached, or was lost: {message}. Check that a server runs there, and that host and port are right"
            ),
        ),
        // Whatever else has no details was not said by our server, but by what lies between.
        _ => (Reason::ConnectionFailed, format!("the connection to {server} broke: {code:?}, {message}")),
    };
    Error::new(reason, why).with("server", server).with("grpc_status", format!("{code:?}"))
}
