//! Calls about one chain, with the ticket that a private one wants.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Mutex as AsyncMutex;

use crate::client::answers::{answer, hash_in, part, untrue};
use crate::client::keys::OwnKey;
use crate::client::schema::{challenge, ticket, ticket_proof, ticket_request, ticket_response};
use crate::client::statuses::is_of_session;
use crate::client::stream::{StreamReader, StreamWriter};
use crate::client::transport::Transport;
use crate::crypto::domains::CONTEXT_TICKET;
use crate::crypto::hashes::Hash;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::chain_key::ChainKey;
use crate::events::delegation::Right;
use crate::events::possession::KeyProofClaim;
use crate::events::seal::Signature;
use crate::reason::Reason;
use crate::trust::identity_line::IdentityLine;

const TICKET_HEADER: &str = "atedb-ticket-bin";
/// So long before a ticket is too old it isn't used any more: a call takes its time to arrive.
const MARGIN: Duration = Duration::from_secs(30);
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Methods of the service of chains.
pub(crate) mod methods {
    pub(crate) const OPEN_CHAIN: &str = "/atedb.v1.ChainService/OpenChain";
    pub(crate) const APPEND: &str = "/atedb.v1.ChainService/Append";
    pub(crate) const APPEND_BATCH: &str = "/atedb.v1.ChainService/AppendBatch";
    pub(crate) const LOCK: &str = "/atedb.v1.ChainService/Lock";
    pub(crate) const GET_TICKET: &str = "/atedb.v1.ChainService/GetTicket";
    pub(crate) const GET_PROOF: &str = "/atedb.v1.ChainService/GetProof";
    pub(crate) const GET_KEYS: &str = "/atedb.v1.ChainService/GetKeys";
    pub(crate) const GET_EVENT: &str = "/atedb.v1.ChainService/GetEvent";
    pub(crate) const LIST_CHILDREN: &str = "/atedb.v1.ChainService/ListChildren";
    pub(crate) const DESCRIBE_CHAIN: &str = "/atedb.v1.ChainService/DescribeChain";
    pub(crate) const LOAD_DATA: &str = "/atedb.v1.ChainService/LoadData";
    pub(crate) const CLAIM_OWNER: &str = "/atedb.v1.OwnerService/ClaimOwner";
    pub(crate) const READ_EVENTS: &str = "/atedb.v1.ChainService/ReadEvents";
    pub(crate) const SUBSCRIBE: &str = "/atedb.v1.ChainService/Subscribe";
}

/// Refuses to prove a key for another chain or server than is known.
pub(crate) type CheckChallenge = Box<dyn Fn(&Hash, &IdentityLine) -> Result<()> + Send + Sync>;

/// Makes calls about one chain. Where it is private, a call that was refused is made again, once, with another ticket.
pub(crate) struct ChainCalls {
    pub transport: Arc<Transport>,
    pub chain_key: ChainKey,
    own_key: OwnKey,
    check_challenge: CheckChallenge,
    ticket: Mutex<Option<(Bytes, Instant)>>,
    renewing: AsyncMutex<()>,
}

/// The answers to a call with one message.
pub(crate) struct Answers {
    first: Option<Bytes>,
    reader: StreamReader,
}

impl Answers {
    /// The next answer; None after the last. May be dropped and called again.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.reader.read().await,
        }
    }
}

impl ChainCalls {
    pub fn new(
        transport: Arc<Transport>,
        chain_key: ChainKey,
        own_key: OwnKey,
        check_challenge: CheckChallenge,
    ) -> Self {
        let (ticket, renewing) = (Mutex::default(), AsyncMutex::default());
        ChainCalls { transport, chain_key, own_key, check_challenge, ticket, renewing }
    }

    /// `host:port`.
    pub fn server(&self) -> &str {
        self.transport.server()
    }

    /// Begins a call, with the ticket that there is. One that is refused is not begun anew.
    pub async fn begin(&self, method: &'static str, timeout: Option<Duration>) -> Result<(StreamWriter, StreamReader)> {
        let headers: Vec<_> = self.current_ticket().map(|ticket| (TICKET_HEADER, ticket)).into_iter().collect();
        self.transport.begin(method, &headers, timeout).await
    }

    /// Makes a call with one message each way.
    pub async fn unary(&self, method: &'static str, request: Vec<u8>) -> Result<Message> {
        self.unary_within(method, request, TIMEOUT).await
    }

    pub async fn unary_within(&self, method: &'static str, request: Vec<u8>, timeout: Duration) -> Result<Message> {
        let call = async {
            let mut answers = self.answers(method, request, Some(timeout)).await?;
            match answers.next().await? {
                Some(message) => answer(message),
                None => {
                    let why = format!("{} has ended the call without an answer", self.server());
                    Err(Error::new(Reason::ConnectionFailed, why))
                }
            }
        };
        tokio::time::timeout(timeout, call).await.unwrap_or_else(|_| {
            let why = format!("the deadline passed before {} answered", self.server());
            Err(Error::new(Reason::DeadlineExceeded, why).with("server", self.server()))
        })
    }

    /// Makes a call with one message, and gives its answers.
    ///
    /// If the server refuses the form of the call before it has answered (its session is unknown after a restart, or encryption
    /// is required from now on), the call is begun again in another, once. Such a refusal may be anybody's: who is on the way can
    /// have a call carried out twice so. What changes something is made to be sent twice.
    pub async fn answers(
        &self,
        method: &'static str,
        request: impl Into<Bytes>,
        timeout: Option<Duration>,
    ) -> Result<Answers> {
        let request = request.into();
        let (mut is_reformed, mut has_new_ticket) = (false, false);
        loop {
            let used = self.current_ticket();
            let (mut writer, mut reader) = self.begin(method, timeout).await?;
            writer.write(request.clone()).await?;
            writer.half_close().await?;
            let error = match reader.read().await {
                Ok(first) => return Ok(Answers { first, reader }),
                Err(error) => error,
            };
            let refuses_form = match reader.session() {
                Some(_) => is_of_session(error.reason()),
                None => error.reason() == Reason::WireRequired,
            };
            if refuses_form && !std::mem::replace(&mut is_reformed, true) {
                self.transport.refuse(reader.session()).await;
            } else if error.reason() == Reason::ChainPrivate && !std::mem::replace(&mut has_new_ticket, true) {
                drop(reader);
                self.renew_ticket(used).await?;
            } else {
                return Err(error);
            }
        }
    }

    fn current_ticket(&self) -> Option<Bytes> {
        let ticket = self.ticket.lock().unwrap_or_else(PoisonError::into_inner);
        ticket.as_ref().filter(|(_, until)| Instant::now() < *until).map(|(ticket, _)| ticket.clone())
    }

    /// Has another ticket than the one that was refused. Fails with CHAIN_PRIVATE where there is no key to get one with.
    async fn renew_ticket(&self, used: Option<Bytes>) -> Result<()> {
        let _turn = self.renewing.lock().await;
        let current = self.current_ticket();
        // Another call has got one meanwhile.
        if current.is_some() && current != used {
            return Ok(());
        }
        let ticket = tokio::time::timeout(TIMEOUT, self.ask_for_ticket()).await.unwrap_or_else(|_| {
            let why = format!("the deadline passed before {} gave a ticket", self.server());
            Err(Error::new(Reason::DeadlineExceeded, why))
        })?;
        *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
        Ok(())
    }

    async fn ask_for_ticket(&self) -> Result<(Bytes, Instant)> {
        let Some(key) = self.own_key.reading().await?.into_iter().next() else {
            let chain_key = &self.chain_key.text;
            let why = format!("the chain {chain_key} is private, and there is no key here to open it with");
            return Err(Error::new(Reason::ChainPrivate, why).with("chain_key", chain_key));
        };
        let (mut writer, mut reader) = self.transport.begin(methods::GET_TICKET, &[], Some(TIMEOUT)).await?;
        let asked = Instant::now();
        let first = FieldWriter::new()
            .bytes(ticket_request::CHAIN_KEY, self.chain_key.text.as_bytes())
            .message(ticket_request::KEY, &key.public_key().message());
        let first = show_right(first, self.own_key.right(), ticket_request::DELEGATIONS, ticket_request::ISSUER);
        writer.write(first.finish()).await?;
        let said = due(&mut reader, ticket_response::CHALLENGE).await?;
        let signature = self.prove(&key, &said, reader.exporter)?;
        let proof = FieldWriter::new().message(ticket_proof::SIGNATURE, &signature.message()).finish();
        writer.write(FieldWriter::new().message(ticket_request::PROOF, &proof).finish()).await?;
        writer.half_close().await?;
        let given = due(&mut reader, ticket_response::TICKET).await?;
        let valid = Duration::from_millis(given.number(ticket::VALID_MS)).saturating_sub(MARGIN);
        Ok((given.bytes(ticket::TICKET), asked + valid))
    }

    fn prove(&self, key: &KeyPair, said: &Message, exporter: [u8; 32]) -> Result<Signature> {
        let (conversation_id, chain_id) =
            (hash_in(said, challenge::CONVERSATION_ID)?, hash_in(said, challenge::CHAIN_ID)?);
        let identity = PublicKey::parse(said.bytes(challenge::SERVER_IDENTITY))?;
        let line = IdentityLine::verify(identity, said.all(challenge::IDENTITY_ROTATIONS).collect())?;
        self.transport.check_proven(&line.identity)?;
        // Before anything is signed: whoever runs another chain could get in with it.
        (self.check_challenge)(&chain_id, &line)?;
        let claim = KeyProofClaim {
            exporter,
            server_fingerprint: line.identity.fingerprint(),
            chain_id,
            conversation_id,
            fingerprint: key.fingerprint(),
        };
        Signature::by(key, CONTEXT_TICKET, &claim.ticket_bytes(&self.chain_key.text))
    }
}

/// Has a request show a right by delegations, if that is how a key has it.
pub(crate) fn show_right(request: FieldWriter, right: Option<&Right>, delegations: u32, issuer: u32) -> FieldWriter {
    match right {
        None => request,
        Some(right) => request
            .messages(delegations, right.delegations.iter().map(|one| &one.message))
            .message(issuer, &right.issuer.message()),
    }
}

/// The next message of a stream that asks for a ticket, which is to be of a kind.
async fn due(reader: &mut StreamReader, kind: u32) -> Result<Message> {
    let message = reader.read().await?.ok_or_else(|| untrue("it ends before its ticket"))?;
    let message = answer(message)?;
    if message.has(kind) { part(&message, kind) } else { Err(untrue("a message of another kind was due")) }
}
