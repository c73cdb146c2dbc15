//! One call of a server, in one of two forms: as it is, or sealed by the tunnel.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tonic::{Code, Status};

use crate::client::raw_call::{RawReader, RawWriter};
use crate::client::schema::{call_open, call_status, metadata_entry};
use crate::client::statuses::{error_from_status, is_outside, own_details};
use crate::client::transport::Transport;
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::reason::Reason;
use crate::tunnel::session::{CallReceiver, CallSender, ClientSession, FrameType};

/// A header of a call whose value is bytes.
pub(crate) type BinaryHeader = (&'static str, Bytes);

/// The end of a call that is written to. Where the call has ended, reading tells how.
pub(crate) struct StreamWriter {
    raw: RawWriter,
    sealing: Option<Sealing>,
}

struct Sealing {
    sender: CallSender,
    /// A CallOpen, until it is sent.
    opening: Option<Vec<u8>>,
}

impl StreamWriter {
    pub fn plain(raw: RawWriter) -> Self {
        StreamWriter { raw, sealing: None }
    }

    pub fn sealed(
        raw: RawWriter,
        sender: CallSender,
        path: &str,
        headers: &[BinaryHeader],
        timeout: Option<Duration>,
    ) -> Self {
        let entries = headers.iter().map(|(name, value)| {
            FieldWriter::new().bytes(metadata_entry::NAME, name.as_bytes()).bytes(metadata_entry::VALUE, value).finish()
        });
        let opened =
            FieldWriter::new().bytes(call_open::METHOD, path.as_bytes()).messages(call_open::METADATA, entries);
        let milliseconds = timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX >> 12).max(1));
        let opened = opened.varint(call_open::TIMEOUT_MS, milliseconds.unwrap_or(0)).finish();
        StreamWriter { raw, sealing: Some(Sealing { sender, opening: Some(opened) }) }
    }

    /// Sends a message. Fails with DATA_TOO_LARGE.
    pub async fn write(&mut self, message: impl Into<Bytes>) -> Result<()> {
        let message = message.into();
        match &mut self.sealing {
            None => self.raw.write(message).await,
            Some(_) => self.seal(FrameType::Message, &message).await?,
        }
        Ok(())
    }

    /// Waits until there is room for a message; for ever where the call has ended.
    pub async fn ready(&self) {
        self.raw.ready().await;
    }

    /// Says that nothing more is sent.
    pub async fn half_close(&mut self) -> Result<()> {
        if self.sealing.is_some() {
            self.seal(FrameType::HalfClose, &[]).await?;
        }
        self.raw.half_close();
        Ok(())
    }

    async fn seal(&mut self, frame_type: FrameType, payload: &[u8]) -> Result<()> {
        let Some(sealing) = &mut self.sealing else {
            return Ok(());
        };
        if let Some(opening) = sealing.opening.take() {
            let frame = sealing.sender.seal(FrameType::Open, &opening)?;
            self.raw.write(frame).await;
        }
        let frame = sealing.sender.seal(frame_type, payload)?;
        self.raw.write(frame).await;
        Ok(())
    }
}

/// The end of a call that is read from. Dropping it ends the call.
pub(crate) struct StreamReader {
    transport: Arc<Transport>,
    raw: RawReader,
    opening: Option<CallReceiver>,
    session: Option<Arc<ClientSession>>,
    /// The status of a call that has failed, until it is known what that means.
    failed: Option<Status>,
    end: Option<Result<()>>,
    /// What proofs of keys within this call are tied to: zeros outside of the tunnel.
    pub exporter: [u8; 32],
}

impl StreamReader {
    pub fn plain(transport: Arc<Transport>, raw: RawReader) -> Self {
        StreamReader { transport, raw, opening: None, session: None, failed: None, end: None, exporter: [0; 32] }
    }

    pub fn sealed(
        transport: Arc<Transport>,
        raw: RawReader,
        session: Arc<ClientSession>,
        opening: CallReceiver,
        exporter: [u8; 32],
    ) -> Self {
        StreamReader {
            transport,
            raw,
            opening: Some(opening),
            session: Some(session),
            failed: None,
            end: None,
            exporter,
        }
    }

    /// The session that the call is in; None: it is as it is.
    pub fn session(&self) -> Option<&Arc<ClientSession>> {
        self.session.as_ref()
    }

    /// The next answer; None after the last. Fails with what the call has failed with. May be dropped and called again.
    pub async fn read(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            if let Some(status) = &self.failed {
                let error = self.failure(status).await;
                self.end = Some(Err(error));
                continue;
            }
            let message = match self.raw.read().await {
                Ok(message) => message,
                Err(status) => {
                    self.failed = Some(status);
                    continue;
                }
            };
            let Some(opening) = &mut self.opening else {
                if message.is_none() {
                    self.end = Some(Ok(()));
                }
                return Ok(message);
            };
            let Some(message) = message else {
                self.end = Some(Err(self.truncated("was ended before its sealed status")));
                continue;
            };
            match opening.open(message) {
                Err(error) => self.end = Some(Err(error)),
                Ok((FrameType::Message, payload)) => return Ok(Some(Bytes::copy_from_slice(&payload))),
                Ok((FrameType::Status, payload)) => {
                    self.end = Some(self.ended(Bytes::copy_from_slice(&payload)));
                }
                Ok(_) => {}
            }
        }
    }

    /// How a sealed call has ended, as its server has said.
    fn ended(&self, status: Bytes) -> Result<()> {
        let status = Message::parse(status).map_err(|_| self.truncated("was ended by a status that can't be read"))?;
        let code = status.number(call_status::CODE);
        if code == 0 {
            return Ok(());
        }
        let code = Code::from(i32::try_from(code).unwrap_or(i32::MAX));
        let (message, details) = (status.text(call_status::MESSAGE), status.bytes(call_status::DETAILS));
        Err(error_from_status(code, &message, &details, self.transport.server()))
    }

    /// What the status of the outer call comes to where a sealed call has none: it is never a success, and nothing that it says of
    /// chains and keys is handed on, since the server that there is a session with has not said it.
    async fn failure(&self, status: &Status) -> Error {
        let details = Bytes::copy_from_slice(status.details());
        if self.opening.is_none() {
            return self.transport.failed(status).await;
        }
        let counts_for_nothing = |what: &dyn std::fmt::Display| {
            self.truncated(&format!("was ended outside of the tunnel: {what}, which counts for nothing there"))
        };
        match own_details(&details, status.message()) {
            // Whoever has agreed on a session knows the call: that it is unknown says somebody else, and that the server has no accounts
            // or groups would follow from it.
            None if status.code() == Code::Unimplemented => counts_for_nothing(&"UNIMPLEMENTED"),
            None => self.transport.failed(status).await,
            Some(said) if is_outside(said.reason()) => said,
            Some(said) => counts_for_nothing(&said.reason()),
        }
    }

    fn truncated(&self, what: &str) -> Error {
        let server = self.transport.server();
        let message = format!("the sealed call to {server} {what}. Its outcome is not known; try again");
        Error::new(Reason::WireTruncated, message).with("server", server)
    }
}
