//! A call of gRPC's, with messages as bytes.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::limits::GRPC_MESSAGE_BYTES_MAX;

/// Room for what the tunnel adds to a message.
const MESSAGE_BYTES_MAX: usize = GRPC_MESSAGE_BYTES_MAX + 65_536;
/// A message that is sealed may be preceded by the frame that opens its call.
const WRITTEN_MAX: usize = 2;

/// Messages as they are.
#[derive(Clone, Copy)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// The end of a call that is written to. Where the call has ended, reading tells how.
pub(crate) struct RawWriter(Option<mpsc::Sender<Bytes>>);

impl RawWriter {
    pub async fn write(&self, message: Bytes) {
        if let Some(sender) = &self.0 {
            // Fails only where the call has ended.
            let _ = sender.send(message).await;
        }
    }

    /// Waits until there is room for a message; for ever where the call has ended.
    pub async fn ready(&self) {
        let is_open = match &self.0 {
            Some(sender) => sender.reserve().await.is_ok(),
            None => false,
        };
        if !is_open {
            std::future::pending::<()>().await;
        }
    }

    pub fn half_close(&mut self) {
        self.0 = None;
    }
}

/// The end of a call that is read from. Dropping it ends the call.
pub(crate) struct RawReader {
    answers: mpsc::Receiver<Result<Bytes, Status>>,
    task: AbortHandle,
}

impl RawReader {
    /// The next answer; None after the last. May be dropped and called again.
    pub async fn read(&mut self) -> Result<Option<Bytes>, Status> {
        self.answers.recv().await.transpose()
    }
}

impl Drop for RawReader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Begins a call of a method.
pub(crate) fn begin(
    channel: Channel,
    path: PathAndQuery,
    metadata: MetadataMap,
    timeout: Option<Duration>,
) -> (RawWriter, RawReader) {
    let (sender, written) = mpsc::channel(WRITTEN_MAX);
    let (answer, answers) = mpsc::channel(1);
    let mut request = Request::new(ReceiverStream::new(written));
    *request.metadata_mut() = metadata;
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    let task = tokio::spawn(async move {
        if let Err(status) = carry_out(channel, path, request, &answer).await {
            // Fails only where nobody reads any more.
            let _ = answer.send(Err(status)).await;
        }
    });
    (RawWriter(Some(sender)), RawReader { answers, task: task.abort_handle() })
}

async fn carry_out(
    channel: Channel,
    path: PathAndQuery,
    request: Request<ReceiverStream<Bytes>>,
    answer: &mpsc::Sender<Result<Bytes, Status>>,
) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
    let mut answers = grpc.streaming(request, path, BytesCodec).await?.into_inner();
    while let Some(message) = answers.message().await? {
        if answer.send(Ok(message)).await.is_err() {
            break;
        }
    }
    Ok(())
}
