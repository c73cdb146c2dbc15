//! Accounts and groups of an auth service: logging in, and what a member's keys open of a group (docs/accounts.md).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::account::act::Act;
use crate::account::group::Group;
use crate::account::opened::OpenedGroup;
use crate::account::password::Opening;
use crate::client::answers::{answer, hash_in, part, untrue};
use crate::client::files::blocking;
use crate::client::known_groups::{KnownAct, KnownGroups};
use crate::client::notices::{Notice, NoticeKind, OnNotice};
use crate::client::schema::{
    group_acts, group_proof, group_question, group_request, group_response, login_challenge, login_grant, login_proof,
    login_request, login_response, password_costs,
};
use crate::client::statuses::is_of_session;
use crate::client::stream::{StreamReader, StreamWriter};
use crate::client::transport::Transport;
use crate::crypto::domains::{CONTEXT_GROUP, CONTEXT_LOGIN};
use crate::crypto::key_file::PassphraseCosts;
use crate::crypto::keys::{KeyPair, PublicKey};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::owner::Owner;
use crate::events::seal::Signature;
use crate::reason::Reason;
use crate::trust::identity_line::IdentityLine;

const LOGIN: &str = "/atedb.v1.AuthService/Login";
const GET_GROUP: &str = "/atedb.v1.AuthService/GetGroup";
const TIMEOUT: Duration = Duration::from_secs(30);
/// Acts that are read of one group: no server makes a client read without end.
const ACTS_MAX: u64 = 10_000;

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user's key, by which its chains are theirs, then those that they had before, the newest first, which open what was sealed
    /// for them: for [`UseKey::Pairs`](crate::UseKey::Pairs).
    pub keys: Vec<KeyPair>,
    /// A one-time code is wanted for what changes the account, which this client doesn't do.
    pub has_second_factor: bool,
    /// Nobody has shown that the name is the user's.
    pub unverified: bool,
}

/// A server that keeps groups, by an encrypted connection, and what was seen of those.
pub(crate) type GroupsPlace = (Arc<Transport>, KnownGroups);

/// Makes the connection to where the user is logged in; None: nowhere, or at the client's own server.
pub(crate) type LoggedInAt = Arc<dyn Fn() -> Result<Option<GroupsPlace>> + Send + Sync>;

/// The server that keeps accounts, by a connection that what belongs to them may go over.
pub(crate) struct Accounts {
    /// Or why there is none.
    transport: Result<Arc<Transport>>,
    known: KnownGroups,
    on_notice: OnNotice,
    /// None: a server was named.
    logged_in_at: Option<LoggedInAt>,
    /// Where groups are, since the server has said that it asks another one.
    where_logged_in: tokio::sync::Mutex<Option<GroupsPlace>>,
}

impl Accounts {
    pub fn new(
        transport: Result<Arc<Transport>>,
        known: KnownGroups,
        on_notice: OnNotice,
        logged_in_at: Option<LoggedInAt>,
    ) -> Self {
        Accounts { transport, known, on_notice, logged_in_at, where_logged_in: tokio::sync::Mutex::default() }
    }

    /// Ends the connection.
    pub async fn close(&self) {
        if let Ok(transport) = &self.transport {
            transport.close().await;
        }
        if let Some((transport, _)) = &*self.where_logged_in.lock().await {
            transport.close().await;
        }
    }

    /// Logs in to the account `name@domain`.
    pub async fn login(&self, name: &str, password: &str) -> Result<Login> {
        let owner = Owner::parse(name)?;
        if owner.is_group {
            return Err(Error::invalid("account", format_args!("{name} is a group; a user is name@domain")));
        }
        let transport = self.transport.clone()?;
        let password = Zeroizing::new(password.to_owned());
        within(transport.server(), login(&transport, owner.text, password)).await
    }

    /// Reads a group, and opens what a member's keys open of it: the one that it has, and those before it. All of its acts are
    /// verified, and that they go on from what was seen of it before; else, that it is the group that one means, who its owners are
    /// says.
    ///
    /// Fails with GROUP_DENIED for a key without a role in it, VERIFICATION_FAILED, and as `login`.
    pub async fn open_group(&self, name: &str, keys: &[KeyPair]) -> Result<OpenedGroup> {
        let Some(key) = keys.first() else {
            return Err(Error::invalid("key", "there is none"));
        };
        let own = (self.transport.clone()?, self.known.clone());
        match self.open_group_at(own, name, key, keys).await {
            Err(error) => match self.other_than_says(&error).await? {
                Some(other) => self.open_group_at(other, name, key, keys).await,
                None => Err(error),
            },
            opened => opened,
        }
    }

    /// Where a group is that the server doesn't keep, since it asks another one: where the user is logged in. Which one it asks is its
    /// own affair: it may know it by another name, and is not to choose whom keys are proven to. One that asks nobody who owns its
    /// chains has nothing to do with a group of that name elsewhere. None: there is none, or a server was named.
    async fn other_than_says(&self, error: &Error) -> Result<Option<GroupsPlace>> {
        let asks_another = error.metadata().get("auth_server").is_some_and(|server| !server.is_empty());
        let Some(logged_in_at) = &self.logged_in_at else { return Ok(None) };
        if error.reason() != Reason::Unsupported || !asks_another {
            return Ok(None);
        }
        let mut found = self.where_logged_in.lock().await;
        if found.is_none() {
            let make = Arc::clone(logged_in_at);
            *found = blocking(move || make()).await?;
        }
        Ok(found.clone())
    }

    async fn open_group_at(
        &self,
        (transport, known): GroupsPlace,
        name: &str,
        key: &KeyPair,
        keys: &[KeyPair],
    ) -> Result<OpenedGroup> {
        let acts = within(transport.server(), acts_of(&transport, name, key)).await?;
        let keys = keys.to_vec();
        let (name, on_notice) = (name.to_owned(), Arc::clone(&self.on_notice));
        blocking(move || {
            let group = Group::verify(&name, acts).map_err(|error| {
                let why = error.message();
                let message =
                    format!("what the server shows as the acts of the group {name} is no group's line: {why}");
                Error::new(Reason::VerificationFailed, message).with("account", &name)
            })?;
            check_known(&known, &group, &on_notice)?;
            Ok(OpenedGroup::new(group, &keys))
        })
        .await
    }
}

/// Checks that a group, which was verified, goes on from what was met before, and remembers it.
fn check_known(groups: &KnownGroups, group: &Group, on_notice: &OnNotice) -> Result<()> {
    let name = group.name();
    if let Some(known) = groups.find(name)?
        && group.hash_of(known.version) != Some(known.hash)
    {
        let path = groups.path(name);
        let forget = path.map(|path| format!(". If the group was made anew, delete {}", path.display()));
        let message = format!(
            "the group {name}, as the server shows it, is not the one that was met before under this name, or has fewer acts: \
             nothing is done by its keys{}",
            forget.unwrap_or_default()
        );
        return Err(Error::new(Reason::VerificationFailed, message).with("account", name));
    }
    let version = group.version();
    let noted = match group.hash_of(version) {
        Some(hash) => groups.note(name, KnownAct { version, hash }),
        None => Ok(()),
    };
    if let Err(error) = noted {
        let why = error.message();
        let message = format!("the group {name} could not be saved, and may be another one next time: {why}");
        on_notice(Notice::new(NoticeKind::NotSaved, message).because(error));
    }
    Ok(())
}

async fn within<T>(server: &str, call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(TIMEOUT, call).await.unwrap_or_else(|_| {
        let why = format!("the deadline passed before {server} answered");
        Err(Error::new(Reason::DeadlineExceeded, why).with("server", server))
    })
}

/// A call of several messages each way.
struct Conversation {
    writer: StreamWriter,
    reader: StreamReader,
}

impl Conversation {
    /// Begins it by its first message, and gives the answer. Where the session is unknown to a server that was started anew, it is
    /// begun again, once.
    async fn begin(transport: &Arc<Transport>, method: &'static str, first: Vec<u8>) -> Result<(Self, Message)> {
        Conversation::begin_with(transport, method, first, false).await
    }

    async fn begin_with(
        transport: &Arc<Transport>,
        method: &'static str,
        first: Vec<u8>,
        is_last: bool,
    ) -> Result<(Self, Message)> {
        let first = Bytes::from(first);
        let mut is_again = false;
        loop {
            let (mut writer, mut reader) = transport.begin(method, &[], Some(TIMEOUT)).await?;
            writer.write(first.clone()).await?;
            if is_last {
                writer.half_close().await?;
            }
            match reader.read().await {
                Ok(said) => return Ok((Conversation { writer, reader }, due(said)?)),
                Err(error) if is_of_session(error.reason()) && !std::mem::replace(&mut is_again, true) => {
                    transport.refuse(reader.session()).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn say(&mut self, message: Vec<u8>) -> Result<Message> {
        self.writer.write(message).await?;
        self.next().await
    }

    async fn next(&mut self) -> Result<Message> {
        due(self.reader.read().await?)
    }

    /// What is signed so that a proof counts in this conversation alone: the tunnel's exporter, who the server is, and what it has
    /// made for the conversation. The fields of all challenges have the same numbers.
    fn claim(&self, transport: &Transport, challenge: &Message) -> Result<Vec<u8>> {
        let identity = PublicKey::parse(challenge.bytes(login_challenge::SERVER_IDENTITY))
            .and_then(|key| IdentityLine::verify(key, challenge.all(login_challenge::IDENTITY_ROTATIONS).collect()))
            .map_err(|error| untrue(error.message()))?
            .identity;
        transport.check_proven(&identity)?;
        let conversation_id = hash_in(challenge, login_challenge::CONVERSATION_ID)?;
        Ok([self.reader.exporter, identity.fingerprint(), conversation_id].concat())
    }
}

/// Makes a call with one message each way.
pub(crate) async fn ask(transport: &Arc<Transport>, method: &'static str, request: Vec<u8>) -> Result<Message> {
    let call = Conversation::begin_with(transport, method, request, true);
    within(transport.server(), call).await.map(|(_, answer)| answer)
}

/// A message that is due.
fn due(message: Option<Bytes>) -> Result<Message> {
    answer(message.ok_or_else(|| untrue("it ends before what is due"))?)
}

async fn login(transport: &Arc<Transport>, account: String, password: Zeroizing<String>) -> Result<Login> {
    let first = FieldWriter::new().bytes(login_request::ACCOUNT, account.as_bytes()).finish();
    let (mut conversation, said) = Conversation::begin(transport, LOGIN, first).await?;
    let challenge = part(&said, login_response::CHALLENGE)?;
    let costs = part(&challenge, login_challenge::PASSWORD)?;
    let salt = costs.bytes(password_costs::SALT);
    if salt.len() != 16 {
        return Err(untrue("a challenge says nothing"));
    }
    let claim = conversation.claim(transport, &challenge)?;
    let costs = PassphraseCosts {
        memory_kib: costs.number(password_costs::MEMORY_KIB),
        passes: costs.number(password_costs::PASSES),
        lanes: costs.number(password_costs::LANES),
    };
    let name = account.clone();
    let opening = blocking(move || Opening::new(&password, &name, &salt, costs)).await?;
    let signature = Signature::by(&opening.signer, CONTEXT_LOGIN, &[&claim, account.as_bytes()].concat())?;
    let proof = FieldWriter::new().message(login_proof::SIGNATURE, &signature.message()).finish();
    let said = conversation.say(FieldWriter::new().message(login_request::PROOF, &proof).finish()).await?;
    if !said.has(login_response::GRANT) {
        return Err(untrue("what logging in gives was due"));
    }
    let grant = part(&said, login_response::GRANT)?;
    let keys = opening.open_vault(&account, &grant.bytes(login_grant::KEY_VAULT)).filter(|keys| !keys.is_empty());
    let keys = keys.ok_or_else(|| {
        let message = "what the server keeps of the account's secrets (key) does not open: it was changed there";
        Error::new(Reason::VerificationFailed, message).with("account", &account)
    })?;
    let has_second_factor = grant.number(login_grant::HAS_SECOND_FACTOR) == 1;
    Ok(Login { keys, has_second_factor, unverified: grant.number(login_grant::UNVERIFIED) == 1 })
}

async fn acts_of(transport: &Arc<Transport>, group: &str, key: &KeyPair) -> Result<Vec<Act>> {
    let about = FieldWriter::new()
        .bytes(group_question::GROUP, group.as_bytes())
        .message(group_question::KEY, &key.public_key().message());
    let first = FieldWriter::new().message(group_request::ABOUT, &about.finish()).finish();
    let (mut conversation, said) = Conversation::begin(transport, GET_GROUP, first).await?;
    let claim = conversation.claim(transport, &part(&said, group_response::CHALLENGE)?)?;
    let signed = [&claim, key.fingerprint().as_slice(), group.as_bytes()].concat();
    let signature = Signature::by(key, CONTEXT_GROUP, &signed)?;
    let proof = FieldWriter::new().message(group_proof::SIGNATURE, &signature.message()).finish();
    let mut said = conversation.say(FieldWriter::new().message(group_request::PROOF, &proof).finish()).await?;
    let mut acts = Vec::new();
    loop {
        let page = part(&said, group_response::ACTS)?;
        let before = acts.len();
        for message in page.all(group_acts::ACTS) {
            acts.push(Act::parse(message).map_err(|error| untrue(error.message()))?);
        }
        let all = page.number(group_acts::ACTS_IN_ALL);
        if acts.len() as u64 >= all && !acts.is_empty() {
            return Ok(acts);
        }
        if acts.len() == before || all > ACTS_MAX {
            return Err(untrue("the acts of a group have no end"));
        }
        said = conversation.next().await?;
    }
}

#[cfg(test)]
mod tests {
    use crate::client::schema::{group_challenge, login_challenge};

    #[test]
    fn challenges_have_the_same_numbers() {
        let login =
            (login_challenge::CONVERSATION_ID, login_challenge::SERVER_IDENTITY, login_challenge::IDENTITY_ROTATIONS);
        let group =
            (group_challenge::CONVERSATION_ID, group_challenge::SERVER_IDENTITY, group_challenge::IDENTITY_ROTATIONS);
        assert_eq!(login, group);
    }
}
