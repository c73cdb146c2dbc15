//! Chains that belong to whom an auth service names: made, written by keys and by tokens, and read.

mod common;

use std::path::Path;
use std::sync::{Arc, Mutex};

use atedb::{
    Authorisation, Client, ConnectOptions, Encryption, EventKind, Home, KeyChange, KeyPair, LockOptions, LockTarget,
    NewEvent, NoticeKind, OnNotice, OpenOptions, Range, Reason, Seal, SharedObject, Suite, Token, UseKey, WriteRule,
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

/// A file that only its owner may read.
fn secret(folder: &Folder, name: &str, content: &str) -> String {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.path().join(name);
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).expect("it opens");
    std::io::Write::write_all(&mut file, content.as_bytes()).expect("it is written");
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_chain_is_an_auth_service_says() {
    let mut server = LiveServer::start_with_auth().await;
    names_are_claimed(&server).await;
    tokens_write_and_open(&server).await;
    passwords_open_accounts(&server).await;
    members_write_as_their_roles(&server).await;
    accounts_are_kept_elsewhere(&server).await;
    members_are_logged_in_elsewhere(&server).await;
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

async fn passwords_open_accounts(server: &LiveServer) {
    let (home, address) = (Folder::new(), server.address());
    let password = secret(&home, "password", "correct horse battery\n");
    let user = |doing: &'static str, who: &[&'static str]| {
        let arguments = [&["user", doing], who, &["--password-file", &password, "--server", &address]].concat();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let home = home.path().to_owned();
        async move {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            command(&home, &arguments, "").await
        }
    };
    user("create", &["me@example.com"]).await;
    let client = connect(&address, None, Encryption::Auto);
    let wrong = client.login("me@example.com", "wrong horse battery").await;
    assert_eq!(reason_of(wrong), Reason::LoginFailed);
    assert_eq!(reason_of(client.login("team", "a password").await), Reason::RequestInvalid);
    let in_clear = connect(&address, None, Encryption::Plain);
    assert_eq!(reason_of(in_clear.login("me@example.com", "correct horse battery").await), Reason::AuthLinkUnsafe);
    let login = client.login("me@example.com", "correct horse battery").await.expect("it is the password");
    assert!(!login.has_second_factor && login.unverified);
    let with = |keys: &[KeyPair]| OpenOptions { key: UseKey::Pairs(keys.to_vec()), ..OpenOptions::default() };
    let diary = client.open("example.com/me/diary", with(&login.keys)).await.expect("it isn't there yet");
    diary.append(NewEvent::data("as the account")).await.expect("the account owns it");
    // Whoever is logged in in a home folder writes as the account from there, too.
    let at_home = home_client(server, home.path());
    let at_home = at_home.open("example.com/me/diary", OpenOptions::default()).await.expect("it is there");
    at_home.append(NewEvent::data("logged in")).await.expect("the account owns it");
    assert_eq!(texts(&diary).await, ["as the account", "logged in"]);

    // Whose key was stolen has it replaced.
    let confidential = OpenOptions { confidential: true, ..with(&login.keys) };
    let sealed = client.open("example.com/me/sealed", confidential).await.expect("it isn't there yet");
    sealed.set_readers(&SharedObject::default(), &[]).await.expect("the writer reads it");
    sealed.append(NewEvent::data("for the key of before")).await.expect("the account owns it");
    user("rotate-key", &[]).await;
    let next = client.login("me@example.com", "correct horse battery").await.expect("it is the password");
    assert_eq!(next.keys.len(), 2);
    assert_eq!(next.keys[1].fingerprint(), login.keys[0].fingerprint());
    let late = reason_of(diary.append(NewEvent::data("by a key that counts no more")).await);
    assert!(matches!(late, Reason::KeyRevoked | Reason::KeyNotAllowed), "{late:?}");
    let later = connect(&address, None, Encryption::Auto);
    let later = later.open("example.com/me/sealed", with(&next.keys)).await.expect("it is there");
    later.append(NewEvent::data("by the next one")).await.expect("the account owns it");
    assert_eq!(texts(&later).await, ["for the key of before", "by the next one"]);
}

async fn members_write_as_their_roles(server: &LiveServer) {
    let (home, member, address) = (Folder::new(), Folder::new(), server.address());
    let claim = OpenOptions { claim: true, confidential: true, ..OpenOptions::default() };
    let chain = home_client(server, home.path()).open("team/log", claim).await.expect("it isn't there yet");
    chain.set_readers(&SharedObject::default(), &[]).await.expect("the owner says who reads");
    chain.append(NewEvent::data("by the owner's role")).await.expect("the group owns it");
    let events = collect(chain.read(Range::default())).await.expect("it is read");
    let written = events.iter().find(|event| event.kind == EventKind::Data).expect("it is there");
    assert!(written.author().is_some_and(|author| *author != written.fingerprint), "it names who has the role");

    // A member whom the command adds and removes.
    command(member.path(), &["key", "new"], "").await;
    let public = secret(&member, "public", &command(member.path(), &["key", "public"], "").await);
    command(home.path(), &["group", "add", "team", "contributor", &public, "--server", &address], "").await;
    let named = format!("ate://{address}/team/log");
    command(home.path(), &["share", &named, "--group", "team", "--role", "contributor"], "").await;
    let joined = home_client(server, member.path()).open("team/log", OpenOptions::default()).await.expect("it opens");
    joined.append(NewEvent::data("by a contributor")).await.expect("contributors may");
    assert_eq!(texts(&joined).await, ["by the owner's role", "by a contributor"]);
    command(home.path(), &["group", "remove", "team", "contributor", &public, "--server", &address], "").await;
    let late = reason_of(joined.append(NewEvent::data("too late")).await);
    assert!(matches!(late, Reason::KeyRevoked | Reason::KeyNotAllowed), "{late:?}");

    // Who owns it, and opens it anew, hands out another read key before anything else.
    let later = home_client(server, home.path()).open("team/log", OpenOptions::default()).await.expect("it opens");
    later.append(NewEvent::data("for those who stay")).await.expect("the group owns it");
    assert_eq!(texts(&later).await, ["by the owner's role", "by a contributor", "for those who stay"]);
    let removed = home_client(server, member.path()).open("team/log", OpenOptions::default()).await.expect("it opens");
    let events = collect(removed.read(Range::default())).await.expect("it is read");
    let data = events.iter().filter(|event| event.kind == EventKind::Data);
    assert!(data.into_iter().all(|event| matches!(event.seal, Seal::NoKey { .. })), "who was removed reads it");
}

/// Another server keeps the chains, and asks this one who owns them.
async fn accounts_are_kept_elsewhere(auth: &LiveServer) {
    let chains = LiveServer::start_asking(&format!("ate://{}", auth.address())).await;
    let home = Folder::new();
    let claim = OpenOptions { claim: true, ..OpenOptions::default() };
    let made = home_client(auth, home.path()).open("elsewhere/here", claim).await.expect("it isn't there yet");
    made.append(NewEvent::data("where the group is kept")).await.expect("it is the group's");
    // Who doesn't say where the group is kept writes with a key of one's own, and is told why that isn't enough.
    let told: Arc<Mutex<Vec<NoticeKind>>> = Arc::default();
    let tells = Arc::clone(&told);
    let at = |auth_server, on_notice| ConnectOptions {
        home: Home::Folder(home.path().to_owned()),
        auth_server,
        on_notice,
        ..ConnectOptions::default()
    };
    let tell: OnNotice = Arc::new(move |notice| tells.lock().expect("nothing panics").push(notice.kind));
    let unnamed = Client::connect(&chains.address(), at(None, Some(tell))).expect("an address");
    let unnamed = unnamed.open("elsewhere/log", OpenOptions::default()).await.expect("it isn't there yet");
    assert_eq!(reason_of(unnamed.append(NewEvent::data("as nobody")).await), Reason::KeyNotAllowed);
    assert!(told.lock().expect("nothing panics").contains(&NoticeKind::GroupElsewhere));
    let member = Client::connect(&chains.address(), at(Some(auth.address()), None)).expect("an address");
    let named = member.open("elsewhere/log", OpenOptions::default()).await.expect("it isn't there yet");
    named.append(NewEvent::data("as an owner")).await.expect("it is the group's");
    named.verify().await.expect("it verifies");
    assert_eq!(texts(&named).await, ["as an owner"]);
    let nowhere = connect(&chains.address(), None, Encryption::Auto);
    assert_eq!(reason_of(nowhere.login("me@example.com", "correct horse battery").await), Reason::Unsupported);
}

/// Who is logged in at an auth server is a member there, of groups whose chains another server keeps.
async fn members_are_logged_in_elsewhere(auth: &LiveServer) {
    let home = Folder::new();
    let password = secret(&home, "password", "correct horse battery\n");
    let address = auth.address();
    let who = ["user", "create", "anna@example.com", "--password-file", &password, "--server", &address];
    command(home.path(), &who, "").await;
    let claim = OpenOptions { claim: true, ..OpenOptions::default() };
    let made = home_client(auth, home.path()).open("loggedin/here", claim).await.expect("it isn't there yet");
    made.append(NewEvent::data("where the group is kept")).await.expect("it is the group's");
    let chains = LiveServer::start_asking(&format!("ate://{address}")).await;
    let chain = home_client(&chains, home.path()).open("loggedin/log", OpenOptions::default()).await.expect("it opens");
    chain.append(NewEvent::data("as an owner")).await.expect("it is the group's");
    assert_eq!(texts(&chain).await, ["as an owner"]);
    // Whom the server names is not asked: that would be to choose whom keys are proven to.
    let lies = LiveServer::start_asking("ate://127.0.0.1:1").await;
    let lied = home_client(&lies, home.path()).open("loggedin/log", OpenOptions::default()).await.expect("it opens");
    let role = chain.own_key().await.expect("it has a role");
    assert_eq!(lied.own_key().await.expect("it has a role"), role);
    // And one that asks nobody has nothing to do with a group of that name elsewhere.
    let asks_nobody = LiveServer::start(&[]).await;
    let free =
        home_client(&asks_nobody, home.path()).open("loggedin/free", OpenOptions::default()).await.expect("it opens");
    free.append(NewEvent::data("mine")).await.expect("whoever comes first owns it");
    assert_ne!(free.own_key().await.expect("it has a key"), role);
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
