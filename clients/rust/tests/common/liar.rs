//! A server that lies: it passes all calls on to a real one, and what a test says of the answers back. It speaks in clear.

use std::sync::{Arc, Mutex};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};

/// Makes of an answer of a method, with its number in the call, what is sent instead: nothing, one or more. None: the call ends there
/// as one whose connection is lost.
pub type Alter = Arc<dyn Fn(&str, usize, Bytes) -> Option<Vec<Bytes>> + Send + Sync>;

pub struct Liar {
    pub address: String,
    alter: Arc<Mutex<Alter>>,
    task: tokio::task::AbortHandle,
}

impl Liar {
    /// Stands before a server, and is honest at first.
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let honest: Alter = Arc::new(|_, _, answer| Some(vec![answer]));
        let alter = Arc::new(Mutex::new(honest));
        let altering = Arc::clone(&alter);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (server, alter) = (server.clone(), Arc::clone(&altering));
                tokio::spawn(async move { serve(socket, server, alter).await });
            }
        });
        Liar { address, alter, task: task.abort_handle() }
    }

    /// Lies from now on.
    pub fn tell(&self, alter: impl Fn(&str, usize, Bytes) -> Option<Vec<Bytes>> + Send + Sync + 'static) {
        *self.alter.lock().expect("nothing panics") = Arc::new(alter);
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpStream, server: String, alter: Arc<Mutex<Alter>>) {
    let (Ok(mut asked), Ok(behind)) = (h2::server::handshake(socket).await, TcpStream::connect(server).await) else {
        return;
    };
    let Ok((honest, connection)) = h2::client::handshake(behind).await else {
        return;
    };
    let connection = tokio::spawn(connection);
    while let Some(Ok((request, respond))) = asked.accept().await {
        let (honest, alter) = (honest.clone(), Arc::clone(&alter));
        // Who has gone away has ended the call.
        tokio::spawn(async move { pass(request, respond, honest, alter).await });
    }
    connection.abort();
}

async fn pass(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    honest: SendRequest<Bytes>,
    alter: Arc<Mutex<Alter>>,
) -> Result<(), h2::Error> {
    let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let (head, asked) = request.into_parts();
    let (answer, to) = honest.ready().await?.send_request(Request::from_parts(head, ()), false)?;
    tokio::spawn(pass_requests(asked, to));
    let (head, mut body) = answer.await?.into_parts();
    let ends = body.is_end_stream();
    let mut out = respond.send_response(Response::from_parts(head, ()), ends)?;
    if ends {
        return Ok(());
    }
    let (mut buffer, mut count) = (BytesMut::new(), 0);
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        buffer.extend_from_slice(&chunk);
        while let Some(message) = next_message(&mut buffer) {
            let alter = Arc::clone(&alter.lock().expect("nothing panics"));
            let Some(altered) = alter(&method, count, message) else {
                let mut lost = HeaderMap::new();
                lost.insert("grpc-status", HeaderValue::from_static("14"));
                return out.send_trailers(lost);
            };
            for message in altered {
                out.send_data(framed(&message), false)?;
            }
            count += 1;
        }
    }
    out.send_trailers(body.trailers().await?.unwrap_or_default())
}

async fn pass_requests(mut asked: RecvStream, mut to: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(chunk) = asked.data().await {
        let chunk = chunk?;
        asked.flow_control().release_capacity(chunk.len())?;
        to.send_data(chunk, false)?;
    }
    to.send_data(Bytes::new(), true)
}

/// A message of gRPC's, out of its frame, when all of it is there.
fn next_message(buffer: &mut BytesMut) -> Option<Bytes> {
    let size = buffer.get(1..5).map(|mut size| size.get_u32() as usize)?;
    if buffer.len() < 5 + size {
        return None;
    }
    buffer.advance(5);
    Some(buffer.split_to(size).freeze())
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.extend_from_slice(message);
    frame.freeze()
}

/// A field of a message: its number, and where the whole of it and what is in it are.
pub struct Field<'a> {
    pub number: u64,
    pub whole: &'a [u8],
    /// None: it is a number.
    pub content: Option<&'a [u8]>,
    pub value: u64,
}

/// The fields of a message.
pub fn fields(message: &[u8]) -> Vec<Field<'_>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < message.len() {
        let start = at;
        let tag = varint(message, &mut at);
        let (mut content, mut value) = (None, 0);
        match tag & 7 {
            0 => value = varint(message, &mut at),
            1 => at += 8,
            2 => {
                let size = varint(message, &mut at) as usize;
                content = Some(&message[at..at + size]);
                at += size;
            }
            _ => at += 4,
        }
        found.push(Field { number: tag >> 3, whole: &message[start..at], content, value });
    }
    found
}

fn varint(message: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = message[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A field that holds bytes.
pub fn bytes_field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, number << 3 | 2);
    push_varint(&mut out, content.len() as u64);
    out.extend_from_slice(content);
    out
}

/// A field that holds a number.
pub fn number_field(number: u64, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, number << 3);
    push_varint(&mut out, value);
    out
}

/// A message with the contents of a field made anew; all else as it was.
pub fn with_field(message: &[u8], number: u64, make: impl Fn(&[u8]) -> Vec<u8>) -> Bytes {
    let parts = fields(message).into_iter().map(|field| match field.content {
        Some(content) if field.number == number => bytes_field(number, &make(content)),
        _ => field.whole.to_vec(),
    });
    parts.collect::<Vec<_>>().concat().into()
}
