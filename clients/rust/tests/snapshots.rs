//! Whole events that go under a snapshot, on a real server.

mod common;

use std::collections::BTreeMap;

use atedb::{
    AppendOptions, Chain, ChainEvent, Children, Client, Encryption, EventKind, From, NewEvent, OpenOptions,
    Precondition, PrimaryKey, Range, Reason, Subscribe, primary_key_from_name,
};
use common::{Folder, LiveServer, collect, command_ahead, connect, reason_of};

const CHAIN: &str = "example.com/rust/state";
const DAYS: u64 = 8;

async fn open(client: &Client, check_rules: Option<bool>) -> Chain {
    let options = OpenOptions { check_rules, ..OpenOptions::default() };
    client.open(CHAIN, options).await.expect("it opens")
}

/// Writes objects that are written over, one that is removed, and a child of one.
async fn fill(chain: &Chain) {
    for number in 0..12 {
        let states: Vec<_> = (0..3).map(|at| NewEvent::named(format!("object {at}"), number.to_string())).collect();
        chain.append_all(&states, AppendOptions::default()).await.expect("they are taken");
    }
    let parent = Some(primary_key_from_name("object 0"));
    for event in [
        NewEvent::named("removed", "x"),
        NewEvent::tombstone(primary_key_from_name("removed")),
        NewEvent { parent, ..NewEvent::named("child", "a child") },
    ] {
        chain.append(event).await.expect("it is taken");
    }
}

/// Has a week pass, and lets go what no longer matters.
async fn forget(server: &mut LiveServer, home: &Folder) {
    server.kill().await;
    server.ahead_days = DAYS;
    server.restart().await;
    let address = format!("ate://{}/{CHAIN}", server.address());
    for verb in ["snapshot", "compact"] {
        command_ahead(DAYS, home.path(), &[verb, &address], "").await;
    }
}

fn state_of(events: &[ChainEvent]) -> BTreeMap<PrimaryKey, Vec<u8>> {
    let mut state = BTreeMap::new();
    for event in events {
        match (event.kind, event.primary_key) {
            (EventKind::Data, Some(key)) => drop(state.insert(key, event.data.to_vec())),
            (EventKind::Tombstone, Some(key)) => drop(state.remove(&key)),
            _ => {}
        }
    }
    state
}

fn sequences(events: &[ChainEvent]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

async fn read(chain: &Chain, start: u64, end: Option<u64>) -> Vec<ChainEvent> {
    collect(chain.read(Range { start, end, ..Range::default() })).await.expect("it is read")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centralized_chain_under_a_snapshot_is_read_as_before() {
    is_read_as_before(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distributed_chain_under_a_snapshot_is_read_as_before() {
    is_read_as_before(&["--trust", "distributed", "--no-wire-encryption"]).await;
}

async fn is_read_as_before(flags: &[&str]) {
    let mut server = LiveServer::start(flags).await;
    let (home, reading) = (Folder::new(), Folder::new());
    let writer = connect(&server.address(), Some(home.path()), Encryption::Auto);
    fill(&open(&writer, None).await).await;
    writer.close().await;
    let client = connect(&server.address(), Some(reading.path()), Encryption::Auto);
    let chain = open(&client, Some(true)).await;
    let before = read(&chain, 0, None).await;
    // By the rules, up to what is in the middle of what goes.
    let partial = open(&client, Some(true)).await;
    assert_eq!(read(&partial, 0, Some(20)).await.len(), 20);
    forget(&mut server, &home).await;

    let left = read(&chain, 0, None).await;
    let gone: Vec<u64> = (0..left.last().expect("some are").sequence)
        .filter(|sequence| left.iter().all(|event| event.sequence != *sequence))
        .collect();
    assert!(gone.len() > 30, "{gone:?}");
    let kept: Vec<_> = before.iter().filter(|event| !gone.contains(&event.sequence)).collect();
    assert_eq!(kept.iter().map(|event| event.sequence).collect::<Vec<_>>(), sequences(&left[..left.len() - 1]));
    assert!(kept.iter().zip(&left).all(|(was, is)| was.header == is.header && was.data == is.data));
    assert_eq!(state_of(&left), state_of(&before));
    let snapshot = left.last().expect("some are");
    assert_eq!((snapshot.kind, snapshot.snapshot().map(|said| said.size > 12)), (EventKind::Snapshot, Some(true)));
    // The rules were verified up to a commit that is gone by now.
    assert_eq!(sequences(&read(&partial, 30, None).await), sequences(&from(&left, 30)));

    shows_what_is_left(&server, &left, &gone).await;
    for check_rules in [false, true] {
        let parts_home = Folder::new();
        let client = connect(&server.address(), Some(parts_home.path()), Encryption::Auto);
        let chain = open(&client, Some(check_rules)).await;
        let mut parts = Vec::new();
        for begin in (0..42).step_by(7) {
            let end = Some(begin + 7).filter(|_| begin < 35);
            parts.extend(read(&chain, begin, end).await);
        }
        assert_eq!(sequences(&parts), sequences(&left));
        for begin in (1..42).step_by(8) {
            assert_eq!(sequences(&read(&chain, begin, None).await), sequences(&from(&left, begin)));
        }
    }

    let writer = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = open(&writer, None).await;
    chain.append(NewEvent::named("object 0", "young")).await.expect("it is taken");
    let state = state_of(&read(&chain, 0, None).await);
    assert_eq!(state[&primary_key_from_name("object 0")], b"young");
}

fn from(events: &[ChainEvent], begin: u64) -> Vec<ChainEvent> {
    events.iter().filter(|event| event.sequence >= begin).cloned().collect()
}

async fn shows_what_is_left(server: &LiveServer, left: &[ChainEvent], gone: &[u64]) {
    let another = Folder::new();
    let client = connect(&server.address(), Some(another.path()), Encryption::Auto);
    let chain = open(&client, Some(true)).await;
    assert_eq!(chain.verify().await.expect("it verifies").size, left[left.len() - 1].commit + 1);
    let mut events = chain.subscribe(Subscribe::default());
    for due in left {
        let event = events.next().await.expect("it goes on").expect("it verifies");
        assert_eq!(event.sequence, due.sequence);
    }
    for sequence in gone.iter().step_by(10) {
        assert_eq!(reason_of(chain.get_at(*sequence).await), Reason::EventGone);
    }
    for due in left {
        let event = chain.get_at(due.sequence).await.expect("it is proven").expect("it is there");
        assert_eq!((&event.header, &event.data), (&due.header, &due.data));
    }
    assert!(chain.get(&primary_key_from_name("removed")).await.expect("it is answered").is_none());
    let newest = chain.get(&primary_key_from_name("object 2")).await.expect("it is proven").expect("it is there");
    assert_eq!(&newest.data[..], b"11");
    let parent = Some(primary_key_from_name("object 0"));
    let mut children = chain.children(Children { parent, ..Children::default() });
    let child = children.next().await.expect("there is one").expect("it is proven");
    assert_eq!(&child.event.data[..], b"a child");
    assert!(children.next().await.is_none());
}

/// What would show that something was removed may be gone, too: so it isn't gone on from there.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_read_what_goes_is_told() {
    let mut server = LiveServer::start(&["--no-wire-encryption"]).await;
    let home = Folder::new();
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = open(&client, None).await;
    for number in 0..120 {
        let data = format!("{number} ").repeat(30_000);
        chain.append(NewEvent::named("object", data)).await.expect("it is taken");
    }
    let mut events = chain.subscribe(Subscribe { from: From::Sequence(0), ..Subscribe::default() });
    for due in 0..3 {
        assert_eq!(events.next().await.expect("it goes on").expect("it verifies").sequence, due);
    }
    forget(&mut server, &home).await;
    let error = loop {
        match events.next().await.expect("it goes on") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.reason(), Reason::HistoryCompacted, "{error}");
    // Begun anew, there is what is left.
    assert_eq!(sequences(&read(&chain, 0, None).await), [0, 120, 121]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_goes_on() {
    let mut server = LiveServer::start(&[]).await;
    server.kill().await;
    (server.ahead_days, server.clock_waits) = (DAYS, true);
    server.restart().await;
    let home = Folder::new();
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = open(&client, None).await;
    chain.append(NewEvent::named("object", "before")).await.expect("it is taken");
    let another = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let other = open(&another, None).await;
    for number in 0..5 {
        other.append(NewEvent::named("object", number.to_string())).await.expect("it is taken");
    }
    server.go_ahead().await;
    let address = format!("ate://{}/{CHAIN}", server.address());
    command_ahead(DAYS, home.path(), &["snapshot", &address], "").await;
    // Its stream is as it was, and it has seen none of that.
    let conditions = vec![Precondition::ChainUnchanged { since: 2 }];
    let on_condition = AppendOptions { conditions, ..AppendOptions::default() };
    let refused = chain.append_all(&[NewEvent::data("on a condition")], on_condition).await;
    assert_eq!(reason_of(refused), Reason::Stale);
    chain.append(NewEvent::data("later")).await.expect("it is made by a newer head");
    let later = read(&chain, 8, None).await;
    assert_eq!(later.iter().map(|event| &event.data[..]).collect::<Vec<_>>(), [b"later"]);
}
