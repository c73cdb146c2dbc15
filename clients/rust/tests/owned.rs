//! Chains that belong to whom an auth service names: made, written by keys and by tokens, and read.

mod common;

use std::path::Path;

use atedb::{
    Authorisation, Client, Encryption, EventKind, KeyChange, KeyPair, LockOptions, LockTarget, NewEvent, OpenOptions,
    Range, Reason, SharedObject, Suite, Token, UseKey, WriteRule,
};
use common::{Folder, LiveServer, collect, command, connect, reason_of, texts};

fn new_key() -> KeyPair {
    KeyPair::generate(Suite::MlDsa65Ed25519).expect("there is randomness")
}

fn with_key(key: &KeyPair) -> OpenOptions {
    OpenOptions { key: UseKey::Pair(key.clone()), ..OpenOptions::default() }
}

fn claiming(key: &KeyPair) -> OpenOptions {
    OpenOptions { claim: true, ..with_key(key) }
}

fn home_client(server: &LiveServer, home: &Path) -> Client {
    connect(&server.address(), Some(home), Encryption::Auto)
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_chain_is_an_auth_service_says() {
    let mut server = LiveServer::start_with_auth().await;
    names_are_claimed(&server).await;
    tokens_write_and_open(&server).await;
    identities_are_followed(&mut server).await;
}

async fn names_are_claimed(server: &LiveServer) {
    let key = new_key();
    let client = connect(&server.address(), None, Encryption::Auto);
    let unclaimed = client.open("example.com/claimed/log", with_key(&key)).await.expect("it isn't there yet");
    assert_eq!(reason_of(unclaimed.append(NewEvent::data("mine")).await), Reason::OwnerUnknown);
    let confidential = OpenOptions { confidential: true, ..claiming(&key) };
    for (name, options) in [
        ("example.com/claimed/plain", claiming(&key)),
        ("example.com/claimed/private", OpenOptions { private: true, ..claiming(&key) }),
        ("example.com/claimed/confidential", confidential),
    ] {
        let is_confidential = options.confidential;
        let chain = client.open(name, options).await.expect("it isn't there yet");
        if is_confidential {
            chain.set_readers(&SharedObject::default(), &[]).await.expect("the writer reads it");
        }
        chain.append(NewEvent::data("mine")).await.expect("it is the owner's");
        let reader = connect(&server.address(), None, Encryption::Auto);
        let reader = reader.open(name, with_key(&key)).await.expect("it is there");
        assert_eq!(texts(&reader).await, ["mine"]);
        reader.verify().await.expect("it verifies");
        assert_eq!(
            reader.genesis().and_then(|genesis| genesis.owner().map(str::to_owned)).as_deref(),
            Some("claimed@example.com")
        );
        assert_eq!(reader.roots().await.expect("it is read"), [key.public_key().clone()]);
    }
    let other = client.open("example.com/claimed/other", claiming(&new_key())).await.expect("it isn't there yet");
    assert_eq!(reason_of(other.append(NewEvent::data("not mine")).await), Reason::KeyNotAllowed);
    let address = format!("ate://{}/example.com/claimed/plain", server.address());
    let verified = command(Folder::new().path(), &["verify", &address], "").await;
    assert!(verified.contains("verified"), "{verified}");
}

async fn tokens_write_and_open(server: &LiveServer) {
    let home = Folder::new();
    let owner = home_client(server, home.path());
    let options = OpenOptions { claim: true, private: true, ..OpenOptions::default() };
    let mine = owner.open("example.com/tokens/log", options).await.expect("it isn't there yet");
    mine.append(NewEvent::data("by the owner")).await.expect("it is taken");
    let made = ["token", "new", "example.com/tokens/*", "--write", "--read", "--expires", "1h"];
    let text = command(home.path(), &made, "").await;
    let text = text.split_whitespace().find(|word| word.starts_with("atedb_token_v1_")).expect("it is printed");
    let token = Token::parse(text).expect("it is a token");
    let by_token = || OpenOptions { key: UseKey::Token(token.clone()), ..OpenOptions::default() };
    let client = connect(&server.address(), None, Encryption::Auto);
    let theirs = client.open("example.com/tokens/log", by_token()).await.expect("it lets in");
    theirs.append(NewEvent::data("by the token")).await.expect("it counts as the owner's");
    theirs.append(NewEvent::data("once more")).await.expect("it need not show its delegations again");
    assert_eq!(texts(&theirs).await, ["by the owner", "by the token", "once more"]);
    let rules = Authorisation { write: Some(WriteRule::Everyone), ..Authorisation::default() };
    let rules = NewEvent { kind: EventKind::Rules, rules: Some(rules), ..NewEvent::default() };
    assert_eq!(reason_of(theirs.append(rules).await), Reason::KeyNotAllowed);
    let lease = theirs.lock(LockTarget::named("object"), LockOptions::default()).await.expect("it locks");
    lease.release().await;
    assert_eq!(reason_of(client.open("example.com/tokens/none", by_token()).await), Reason::ChainNotFound);

    // What the chain was told of it, others verify from the first event on.
    let checking = OpenOptions { check_rules: Some(true), ..OpenOptions::default() };
    let reader = home_client(server, home.path()).open("example.com/tokens/log", checking).await.expect("it opens");
    let events = collect(reader.read(Range::default())).await.expect("it verifies");
    let by_token: Vec<u64> = events
        .iter()
        .filter(|one| one.fingerprint == token.public_key().fingerprint())
        .map(|one| one.sequence)
        .collect();
    assert_eq!(by_token, [2, 3]);

    let ended = KeyChange { fingerprint: token.public_key().fingerprint(), successor: None };
    let ended = NewEvent { kind: EventKind::KeyChange, key_change: Some(ended), ..NewEvent::default() };
    mine.append(ended).await.expect("who has given it may end it");
    // The server ends the stream of who may not come in any more, and so perhaps before it has said why not.
    let late = reason_of(theirs.append(NewEvent::data("too late")).await);
    assert!(matches!(late, Reason::KeyRevoked | Reason::ChainPrivate | Reason::OutcomeUnknown), "{late:?}");
    reader.verify().await.expect("it verifies");
    assert_eq!(texts(&reader).await, ["by the owner", "by the token", "once more"]);
}

/// The server's identity is followed by another one, and so is its auth service's.
async fn identities_are_followed(server: &mut LiveServer) {
    let home = Folder::new();
    let client = home_client(server, home.path());
    let claim = OpenOptions { claim: true, ..OpenOptions::default() };
    let chain = client.open("example.com/rotated/log", claim).await.expect("it isn't there yet");
    chain.append(NewEvent::data("before")).await.expect("it is taken");
    chain.close().await.expect("it closes");
    server.kill().await;
    let logs = server.folder.join("logs").display().to_string();
    command(&server.folder.join("server-home"), &["identity", "rotate", &logs], "").await;
    server.restart().await;
    let again = home_client(server, home.path());
    let again = again.open("example.com/rotated/log", OpenOptions::default()).await.expect("rotations lead to it");
    again.append(NewEvent::data("after")).await.expect("it is taken");
    again.verify().await.expect("it verifies");
    assert_eq!(texts(&again).await, ["before", "after"]);
}
