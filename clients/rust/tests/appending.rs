//! Appends to real servers, which are killed in between, and reads it back.

mod common;

use std::sync::Arc;
use std::time::Duration;

use atedb::{
    AppendOptions, Authorisation, Chain, Client, Encryption, EventKind, KeyPair, LockOptions, LockTarget, NewEvent,
    OpenOptions, Precondition, Range, Reason, Seal, SharedObject, Suite, UseKey, VouchedBy, WriteRule,
    primary_key_from_name,
};
use common::{Folder, LiveServer, collect, command, connect, reason_of, texts};

async fn open(client: &Client, chain: &str) -> Chain {
    client.open(chain, OpenOptions::default()).await.expect("it opens")
}

fn new_key() -> KeyPair {
    KeyPair::generate(Suite::MlDsa44Ed25519).expect("there is randomness")
}

fn with_key(key: &KeyPair) -> OpenOptions {
    OpenOptions { key: UseKey::Pair(key.clone()), ..OpenOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centralized_server_through_the_tunnel() {
    let mut server = LiveServer::start(&[]).await;
    let home = Folder::new();
    each_event_is_stored_once(&mut server, &home, "once").await;
    the_command_reads_what_was_written(&server).await;
    conditions_rights_and_keys_count(&server).await;
    what_is_sealed_is_read_by_those_who_may(&server).await;
    strangers_are_kept_out(&server).await;
    locks_exclude(&server).await;
    two_writers_of_one_home_take_two_slots(&server, &home).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distributed_server_in_clear() {
    let mut server = LiveServer::start(&["--trust", "distributed", "--no-wire-encryption"]).await;
    let home = Folder::new();
    each_event_is_stored_once(&mut server, &home, "once").await;
    what_is_sealed_is_read_by_those_who_may(&server).await;
    let client = connect(&server.address(), None, Encryption::Auto);
    let chain = open(&client, "example.com/me/signed").await;
    chain.append(NewEvent::data("signed")).await.expect("it is taken");
    let events = collect(chain.read(Range::default())).await.expect("it is read");
    assert!(events.iter().all(|event| event.vouched_by == VouchedBy::Writer));
}

/// Appends many at once, while the server is killed and started again.
async fn each_event_is_stored_once(server: &mut LiveServer, home: &Folder, db: &str) {
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = Arc::new(open(&client, &format!("example.com/me/{db}")).await);
    let first = chain.append(NewEvent::data("0")).await.expect("it is taken");
    assert_eq!((first.first_sequence, first.last_sequence, first.commit), (1, 1, 1));
    let mut due = vec!["0".to_owned()];
    for round in 0..2 {
        let appends: Vec<_> = (0..60)
            .map(|number| {
                let text = format!("{round}-{number}");
                due.push(text.clone());
                let chain = Arc::clone(&chain);
                tokio::spawn(async move { chain.append(NewEvent::data(text)).await })
            })
            .collect();
        if round == 0 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            server.kill().await;
            server.restart().await;
        }
        for append in appends {
            append.await.expect("it ends").expect("it is taken");
        }
    }
    let mut found = texts(&chain).await;
    found.sort_unstable();
    due.sort_unstable();
    assert_eq!(found, due);
    chain.verify().await.expect("it verifies");
    chain.close().await.expect("it closes");
    assert_eq!(reason_of(chain.append(NewEvent::data("late")).await), Reason::RequestInvalid);
    // The next process goes on as the same writer.
    let again = open(&connect(&server.address(), Some(home.path()), Encryption::Auto), chain.key()).await;
    again.append(NewEvent::data("again")).await.expect("it is taken");
    let events = collect(again.read(Range::default())).await.expect("it is read");
    assert!(events.iter().all(|event| event.writer_id == events[0].writer_id));
    again.close().await.expect("it closes");
}

async fn the_command_reads_what_was_written(server: &LiveServer) {
    let home = Folder::new();
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = open(&client, "example.com/me/shown").await;
    chain.append(NewEvent::named("greeting", "hello")).await.expect("it is taken");
    chain.close().await.expect("it closes");
    let address = format!("ate://{}/example.com/me/shown", server.address());
    // With the same home: key file, known server and remembered head are common to both.
    let shown = command(home.path(), &["read", &address, "--json"], "").await;
    assert!(shown.contains("hello") || shown.contains("aGVsbG8="), "{shown}");
    command(home.path(), &["append", &address], "from the command\n").await;
    let again = open(&client, "example.com/me/shown").await;
    assert_eq!(texts(&again).await, ["hello", "from the command"]);
    let found = again.get_named("greeting").await.expect("it is proven").expect("it is there");
    assert_eq!((found.sequence, &found.data[..]), (1, b"hello".as_slice()));
    again.close().await.expect("it closes");
}

async fn conditions_rights_and_keys_count(server: &LiveServer) {
    let (owner, guest) = (new_key(), new_key());
    let client = connect(&server.address(), None, Encryption::Auto);
    let mine = client.open("example.com/me/rights", with_key(&owner)).await.expect("it opens");
    let theirs = client.open("example.com/me/rights", with_key(&guest)).await.expect("it opens");
    mine.append(NewEvent::named("object", "one")).await.expect("it is taken");
    assert_eq!(reason_of(theirs.append(NewEvent::named("object", "two")).await), Reason::KeyNotAllowed);
    let allow = NewEvent {
        kind: EventKind::Rules,
        name: Some("object".into()),
        rules: Some(Authorisation {
            write: Some(WriteRule::any_of([guest.fingerprint()])),
            ..Authorisation::default()
        }),
        public_keys: vec![guest.public_key().clone()],
        ..NewEvent::default()
    };
    let allowed = mine.append(allow).await.expect("it is taken");
    theirs.append(NewEvent::named("object", "two")).await.expect("the rule allows it");
    assert_eq!(reason_of(mine.append(NewEvent::named("object", "three")).await), Reason::KeyNotAllowed);
    let key = primary_key_from_name("object");
    let unchanged = Precondition::KeyUnchanged { primary_key: key, since: allowed.last_sequence };
    let options = AppendOptions { conditions: vec![unchanged], ..AppendOptions::default() };
    let refused = mine.append_all(&[NewEvent::data("x")], options.clone()).await;
    assert_eq!(reason_of(refused), Reason::PreconditionFailed);
    theirs.append_all(&[NewEvent::named("object", "mine still")], options).await.expect("nobody else has changed it");
    // Both keys sign, and the right of either counts.
    let together = AppendOptions { co_signers: vec![guest.clone()], ..AppendOptions::default() };
    mine.append_all(&[NewEvent::named("object", "ours")], together).await.expect("one of them may");
    theirs.append(NewEvent::tombstone(key)).await.expect("it may");
    let gone = mine.get(&key).await.expect("it is proven").expect("it is there");
    assert_eq!(gone.kind, EventKind::Tombstone);
    for events in [Vec::new(), vec![NewEvent::data(vec![0; 4_000_000])]] {
        let reason = reason_of(mine.append_all(&events, AppendOptions::default()).await);
        assert!(matches!(reason, Reason::RequestInvalid | Reason::DataTooLarge), "{reason}");
    }
    let checks = OpenOptions { check_rules: Some(true), ..with_key(&owner) };
    let reader = client.open("example.com/me/rights", checks).await.expect("it opens");
    reader.verify().await.expect("it verifies, with its rules");
    for chain in [mine, theirs, reader] {
        chain.close().await.expect("it closes");
    }
}

async fn what_is_sealed_is_read_by_those_who_may(server: &LiveServer) {
    let (owner, friend, stranger) = (new_key(), new_key(), new_key());
    let client = connect(&server.address(), None, Encryption::Auto);
    let options = |key: &KeyPair| OpenOptions { confidential: true, pad: true, ..with_key(key) };
    let mine = client.open("example.com/me/sealed", options(&owner)).await.expect("it opens");
    let whole = SharedObject::default();
    mine.set_readers(&whole, &[friend.public_key().clone()]).await.expect("it is taken");
    let (one, two) =
        tokio::join!(mine.append(NewEvent::data("a secret")), mine.append(NewEvent::named("diary", "one more")));
    one.and(two).expect("they are taken");
    let read = async |key: &KeyPair| {
        let chain = client.open("example.com/me/sealed", options(key)).await.expect("it opens");
        let events = collect(chain.read(Range::default())).await.expect("it is read");
        chain.close().await.expect("it closes");
        events
            .into_iter()
            .filter(|event| event.kind == EventKind::Data)
            .map(|event| (event.seal.name(), String::from_utf8_lossy(&event.data).into_owned()))
            .collect::<Vec<_>>()
    };
    let open = |text: &str| ("open", text.to_owned());
    let closed = ("no key", String::new());
    assert_eq!(read(&friend).await, [open("a secret"), open("one more")]);
    assert_eq!(read(&stranger).await, [closed.clone(), closed.clone()]);
    mine.add_readers(&whole, &[stranger.public_key().clone()]).await.expect("it is taken");
    assert_eq!(read(&stranger).await, [open("a secret"), open("one more")]);
    mine.remove_readers(&whole, &[friend.fingerprint()]).await.expect("it is taken");
    mine.append(NewEvent::data("not for the friend")).await.expect("it is taken");
    assert_eq!(read(&friend).await, [open("a secret"), open("one more"), closed]);
    assert_eq!(read(&stranger).await.pop(), Some(open("not for the friend")));
    let found = mine.get_named("diary").await.expect("it is proven").expect("it is there");
    assert!(matches!(found.seal, Seal::Open { .. }));
    mine.close().await.expect("it closes");
    // Before anybody is a reader nothing is sent.
    let other = client.open("example.com/me/nobody_reads", options(&owner)).await.expect("it opens");
    let refused = reason_of(other.append(NewEvent::data("to whom?")).await);
    assert!(matches!(refused, Reason::ReadRuleMismatch | Reason::ChainNotFound), "{refused}");
}

async fn strangers_are_kept_out(server: &LiveServer) {
    let (owner, friend) = (new_key(), new_key());
    let client = connect(&server.address(), None, Encryption::Auto);
    let options = |key: &KeyPair| OpenOptions { private: true, ..with_key(key) };
    let mine = client.open("example.com/me/private", options(&owner)).await.expect("it opens");
    mine.append(NewEvent::data("inside")).await.expect("it is taken");
    assert_eq!(texts(&mine).await, ["inside"]);
    let there = OpenOptions { must_exist: true, ..options(&friend) };
    let refused = reason_of(client.open("example.com/me/private", there.clone()).await);
    assert!(matches!(refused, Reason::KeyNotAllowed | Reason::ChainPrivate), "{refused}");
    mine.add_readers(&SharedObject::default(), &[friend.public_key().clone()]).await.expect("it is taken");
    let theirs = client.open("example.com/me/private", there).await.expect("it is let in");
    assert_eq!(texts(&theirs).await, ["inside"]);
    mine.close().await.expect("it closes");
    theirs.close().await.expect("it closes");
}

async fn locks_exclude(server: &LiveServer) {
    let owner = new_key();
    let client = connect(&server.address(), None, Encryption::Auto);
    let chain = client.open("example.com/me/locks", with_key(&owner)).await.expect("it opens");
    chain.append(NewEvent::data("there")).await.expect("it is taken");
    let target = LockTarget::named("account");
    let now = LockOptions { wait: false, ttl: Duration::from_secs(60) };
    let lease = chain.lock(target, now).await.expect("nobody has it");
    assert!(lease.is_held());
    assert_eq!(reason_of(chain.lock(target, now).await), Reason::LockHeld);
    let fenced = AppendOptions { conditions: vec![lease.fence()], ..AppendOptions::default() };
    chain.append_all(&[NewEvent::named("account", "1")], fenced.clone()).await.expect("it is held");
    let waiting = chain.lock(target, LockOptions { wait: true, ..now });
    let (next, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        lease.release().await;
    });
    let next = next.expect("it was given up");
    let late = chain.append_all(&[NewEvent::named("account", "2")], fenced).await;
    assert!(matches!(reason_of(late), Reason::PreconditionFailed | Reason::LeaseLost));
    next.release().await;
    chain.close().await.expect("it closes");
}

async fn two_writers_of_one_home_take_two_slots(server: &LiveServer, home: &Folder) {
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let (one, two) = (open(&client, "example.com/me/slots").await, open(&client, "example.com/me/slots").await);
    one.append(NewEvent::data("one")).await.expect("it is taken");
    two.append(NewEvent::data("two")).await.expect("it is taken");
    let events = collect(one.read(Range { start: 1, ..Range::default() })).await.expect("it is read");
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].writer_id, events[1].writer_id);
    assert_eq!(events[0].fingerprint, events[1].fingerprint);
    one.close().await.expect("it closes");
    two.close().await.expect("it closes");
    let key = home.join("keys/default.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&key).expect("it is there").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
        let careless = connect(&server.address(), Some(home.path()), Encryption::Auto);
        let refused = open(&careless, "example.com/me/slots").await.append(NewEvent::data("x")).await;
        assert_eq!(reason_of(refused), Reason::RequestInvalid);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_what_it_acknowledged_is_told_so() {
    let mut server = LiveServer::start(&["--no-wire-encryption"]).await;
    let home = Folder::new();
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = open(&client, "example.com/me/lost").await;
    chain.append(NewEvent::data("one")).await.expect("it is taken");
    chain.close().await.expect("it closes");
    // Without what is remembered of the head: the slot alone tells.
    let slots = home.join("writers");
    server.kill().await;
    std::fs::remove_dir_all(server.folder.join("logs/example.com")).expect("it is there");
    server.restart().await;
    let refused = reason_of(client.open("example.com/me/lost", OpenOptions::default()).await);
    assert_eq!(refused, Reason::HeadConflict);
    assert!(slots.exists());
}
