//! What a server can say that isn't true, and what comes of it; and that nothing is lost between what was verified and who reads it.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atedb::{
    Chain, ChainEvent, DataState, Encryption, Error, EventStream, From, NewEvent, OpenOptions, Reason, Signal,
    Subscribe,
};
use bytes::Bytes;
use common::liar::{Liar, bytes_field, fields, number_field, with_field};
use common::{Folder, LiveServer, collect, command, connect};
use tokio::sync::Notify;

const CHAIN: &str = "example.com/lies/log";
/// Of both ReadEventsResponse and SubscribeResponse.
const LOG: u64 = 2;
/// Of SubscribeResponse.
const CAUGHT_UP: u64 = 3;
const REDACTED: u64 = 2;
const DROPPED: u64 = 3;
const OMITTED: u64 = 1;
const EXPIRED: u64 = 4;

/// Alters a slice of the log: to nothing, one or more.
type Change = Arc<dyn Fn(&[u8]) -> Vec<Vec<u8>> + Send + Sync>;

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_not_true_is_refused() {
    let server = LiveServer::start(&["--trust", "distributed", "--no-wire-encryption"]).await;
    let home = Folder::new();
    let writer = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = writer.open(CHAIN, OpenOptions::default()).await.expect("it isn't there yet");
    for (name, text) in [("a", "old"), ("b", "only"), ("a", "new")] {
        chain.append(NewEvent::named(name, text)).await.expect("it is taken");
    }
    command(home.path(), &["redact", &format!("ate://{}/{CHAIN}", server.address()), "2", "--yes"], "").await;
    let liar = Liar::before(server.address()).await;

    let every: Change = Arc::new(|data| vec![data.to_vec()]);
    for (what, change) in [("the truth", every), ("what was written over is gone", gone(1, DROPPED, 0))] {
        let told = told_by(&liar, change).await;
        assert!(told.iter().all(Result::is_ok), "{what}: {told:?}");
    }
    for (what, change) in [
        ("one bit is another", slices(|data| vec![flipped(data, data.len() / 2)])),
        ("one bit of each part is another", slices(|data| vec![flipped(data, 40)])),
        ("it ends inside a batch", slices(|data| vec![data[..data.len() - 1].to_vec()])),
        ("it begins inside a batch", slices(|data| vec![data[1..].to_vec()])),
        ("it comes twice", slices(|data| vec![data.to_vec(), data.to_vec()])),
        ("it doesn't come", slices(|_| Vec::new())),
        ("its last batch is missing", batches(|batches| drop(batches.pop()))),
        ("its first batch is missing", batches(|batches| drop(batches.remove(0)))),
        ("its batches are in another order", batches(|batches| batches.reverse())),
        ("a batch comes twice", batches(|batches| batches.push(batches[batches.len() - 1].clone()))),
        ("the newest of its object is gone", gone(3, DROPPED, 0)),
        ("the only one of its object, which is redacted, was dropped", gone(2, DROPPED, 0)),
        ("data is left out, which nobody has asked for", gone(1, OMITTED, 0)),
        ("redacted by what is none", gone(1, REDACTED, 3)),
        ("redacted by the redaction of another event", gone(1, REDACTED, 4)),
        ("redacted by what is before it", gone(2, REDACTED, 1)),
        ("redacted by what isn't there", gone(2, REDACTED, 9)),
        ("the genesis is gone", gone(0, DROPPED, 0)),
    ] {
        let mut told = Vec::from(told_by(&liar, change).await);
        told.push(to_its_end(&liar, 5).await);
        for (way, told) in ["verify", "read", "subscribe", "read to its end"].into_iter().zip(told) {
            let reason = told.as_ref().err().map(Error::reason);
            assert_eq!(reason, Some(Reason::VerificationFailed), "{what}, {way}: {told:?}");
        }
    }

    // All was sent, it says, and names a head that it hasn't sent.
    let lost = gone(3, DROPPED, 0);
    liar.tell(move |method, _, answer| {
        let answer = with_field(&answer, LOG, |log| {
            if method == "Subscribe" && is_log(log) { lost(log).concat() } else { log.to_vec() }
        });
        let beyond = |head: &[u8]| {
            let root = fields(head).into_iter().find(|field| field.number == 2).and_then(|field| field.content);
            [number_field(1, 9), bytes_field(2, root.expect("a head has a root"))].concat()
        };
        let caught_up = if method == "Subscribe" { CAUGHT_UP } else { u64::MAX };
        Some(vec![with_field(&answer, caught_up, |said| with_field(said, 1, beyond).to_vec())])
    });
    let told = follow(&reader(&liar).await.expect("it opens")).await;
    assert_eq!(told.as_ref().err().map(Error::reason), Some(Reason::VerificationFailed), "{told:?}");

    // An event by itself shows it, too.
    for (sequence, state, redaction, is_true) in
        [(1, DROPPED, 0, true), (3, DROPPED, 0, false), (1, REDACTED, 3, false), (2, REDACTED, 1, false)]
    {
        let change = gone(sequence, state, redaction);
        liar.tell(move |method, _, answer| match method {
            "GetEvent" => Some(vec![with_field(&answer, 1, |slice| change(slice).concat())]),
            _ => Some(vec![answer]),
        });
        let got = reader(&liar).await.expect("it opens").get_at(sequence).await;
        assert_eq!(got.is_ok(), is_true, "{sequence}, {state}, {redaction}: {got:?}");
    }

    // The redaction of an object is no newer event of it: by that its only data would seem to be written over.
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&kept);
    liar.tell(move |method, _, answer| {
        if method == "GetEvent" {
            keeping.lock().expect("nothing panics").push(answer.clone());
        }
        Some(vec![answer])
    });
    let chain = reader(&liar).await.expect("it opens");
    let redaction = chain.get_at(4).await.expect("it is there");
    let (lost, asked) = (gone(2, DROPPED, 0), AtomicUsize::new(0));
    liar.tell(move |method, _, answer| match method {
        "GetEvent" if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
            Some(vec![with_field(&answer, 1, |slice| lost(slice).concat())])
        }
        "GetEvent" => Some(kept.lock().expect("nothing panics").clone()),
        _ => Some(vec![answer]),
    });
    let key = redaction.and_then(|redaction| redaction.primary_key).expect("it has one");
    for (what, got) in [("at", chain.get_at(2).await), ("newest", chain.get(&key).await)] {
        let reason = got.as_ref().err().map(Error::reason);
        assert_eq!(reason, Some(Reason::VerificationFailed), "{what}: {got:?}");
    }

    // Heads that contradict each other.
    liar.tell(|method, _, answer| match method {
        "OpenChain" => Some(vec![with_field(&answer, 4, |head| with_field(head, 2, |root| flipped(root, 7)).to_vec())]),
        _ => Some(vec![answer]),
    });
    let opened = reader(&liar).await;
    let read = match opened {
        Ok(chain) => collect(chain.read(atedb::Range::default())).await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(read.is_err_and(|error| matches!(error.reason(), Reason::VerificationFailed | Reason::HeadConflict)));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_rule_lets_go_has_expired() {
    let server = LiveServer::start(&["--trust", "distributed", "--no-wire-encryption"]).await;
    let home = Folder::new();
    let writer = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = writer.open(CHAIN, OpenOptions::default()).await.expect("it isn't there yet");
    for name in ["a", "b", "c", "d"] {
        chain.append(NewEvent::named(name, "data")).await.expect("it is taken");
    }
    let address = format!("ate://{}/{CHAIN}", server.address());
    let liar = Liar::before(server.address()).await;
    let unruled = told_by(&liar, gone(2, EXPIRED, 0)).await;
    assert!(unruled.iter().all(Result::is_err), "no rule lets anything go: {unruled:?}");
    // The newest three of six are the last two with data, and the rule.
    for rule in [&["--count", "3"][..], &["--keep-all"]] {
        command(home.path(), &[&["retain", &address], rule].concat(), "").await;
        for (sequence, is_true) in [(1, true), (2, true), (3, false), (4, false)] {
            let told = told_by(&liar, gone(sequence, EXPIRED, 0)).await;
            assert!(told.iter().all(|told| told.is_ok() == is_true), "{rule:?}, {sequence}: {told:?}");
        }
    }
    // An event by itself is allowed to be gone by the rule, too.
    liar.tell(|method, _, answer| match method {
        "GetEvent" => Some(vec![with_field(&answer, 1, |slice| gone(2, EXPIRED, 0)(slice).concat())]),
        _ => Some(vec![answer]),
    });
    let got = reader(&liar).await.expect("it opens").get_at(2).await.expect("the rule lets it go");
    assert_eq!(got.and_then(|event| event.data_state), Some(DataState::Expired));
}

/// Has a chain read through the liar in each way, by a client that knows nothing yet.
async fn told_by(liar: &Liar, change: Change) -> [Result<(), Error>; 3] {
    liar.tell(move |method, _, answer| {
        let log = fields(&answer).into_iter().find(|field| field.number == LOG).and_then(|field| field.content);
        match log.filter(|_| matches!(method, "ReadEvents" | "Subscribe")) {
            Some(log) if is_log(log) => {
                Some(change(log).iter().map(|made| with_field(&answer, LOG, |_| made.clone())).collect())
            }
            _ => Some(vec![answer]),
        }
    });
    let verified = match reader(liar).await {
        Ok(chain) => chain.verify().await.map(|_| ()),
        Err(error) => Err(error),
    };
    let read = match reader(liar).await {
        Ok(chain) => collect(chain.read(atedb::Range::default())).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let followed = match reader(liar).await {
        Ok(chain) => follow(&chain).await,
        Err(error) => Err(error),
    };
    [verified, read, followed]
}

/// What reading as far as the chain goes says, where that end is named.
async fn to_its_end(liar: &Liar, end: u64) -> Result<(), Error> {
    let range = atedb::Range { end: Some(end), ..atedb::Range::default() };
    collect(reader(liar).await?.read(range)).await.map(|_| ())
}

async fn reader(liar: &Liar) -> Result<Chain, Error> {
    connect(&liar.address, None, Encryption::Plain).open(CHAIN, OpenOptions::default()).await
}

/// Follows a chain until it is said that all was sent.
async fn follow(chain: &Chain) -> Result<(), Error> {
    let (caught_up, mut events) = following(chain, 0);
    loop {
        tokio::select! {
            () = caught_up.notified() => return Ok(()),
            event = events.next() => match event {
                Some(event) => drop(event?),
                None => return Ok(()),
            },
        }
    }
}

fn following(chain: &Chain, start: u64) -> (Arc<Notify>, EventStream) {
    let caught_up = Arc::new(Notify::new());
    let tells = Arc::clone(&caught_up);
    let events = chain.subscribe(Subscribe {
        from: From::Sequence(start),
        reconnect: Some(Duration::from_secs(60)),
        on_signal: Some(Arc::new(move |signal| {
            if matches!(signal, Signal::CaughtUp { .. }) {
                tells.notify_one();
            }
        })),
        ..Subscribe::default()
    });
    (caught_up, events)
}

fn slices(change: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Change {
    Arc::new(change)
}

/// Alters which batches a slice has.
fn batches(change: impl Fn(&mut Vec<Vec<u8>>) + Send + Sync + 'static) -> Change {
    slices(move |data| {
        let mut batches = batches_of(data);
        change(&mut batches);
        vec![batches.concat()]
    })
}

/// Each batch ends with its commit, the field 3.
fn batches_of(data: &[u8]) -> Vec<Vec<u8>> {
    let mut batches = vec![Vec::new()];
    for field in fields(data) {
        let last = batches.last_mut().expect("there is one");
        last.extend_from_slice(field.whole);
        if field.number == 3 {
            batches.push(Vec::new());
        }
    }
    batches.pop();
    batches
}

fn is_log(data: &[u8]) -> bool {
    data.first().is_some_and(|tag| matches!(tag >> 3, 1 | 2)) && !batches_of(data).is_empty()
}

/// The sequence of the first event of a batch: in the header of its commit.
fn first_sequence(batch: &[u8]) -> u64 {
    let commit = fields(batch).into_iter().find(|field| field.number == 3).and_then(|field| field.content);
    let header = fields(commit.expect("it has one"))[0].content.expect("it is a message");
    fields(header).iter().find(|field| field.number == 3).map_or(0, |field| field.value)
}

/// Leaves the data of an event out, and says that it is gone.
fn gone(sequence: u64, state: u64, redaction: u64) -> Change {
    slices(move |data| {
        let batches = batches_of(data).into_iter().map(|batch| {
            let mut at = first_sequence(&batch);
            let mut made = Vec::new();
            for field in fields(&batch) {
                let is_it = field.number == 1 && at == sequence;
                at += u64::from(field.number == 1);
                let header = field.content.filter(|_| is_it).map(|event| fields(event)[0].whole.to_vec());
                match header {
                    None => made.extend_from_slice(field.whole),
                    Some(mut event) => {
                        event.extend(number_field(4, state));
                        if redaction > 0 {
                            event.extend(number_field(5, redaction));
                        }
                        made.extend(bytes_field(1, &event));
                    }
                }
            }
            made
        });
        vec![batches.collect::<Vec<_>>().concat()]
    })
}

fn flipped(data: &[u8], at: usize) -> Vec<u8> {
    let mut data = data.to_vec();
    data[at] ^= 1;
    data
}

/// Wherever a connection is lost, between what was verified and what is checked behind it too, a subscription goes on where it was.
#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_lose_nothing() {
    let server = LiveServer::start(&["--no-wire-encryption"]).await;
    let home = Folder::new();
    let writer = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let confidential = OpenOptions { confidential: true, ..OpenOptions::default() };
    let chain = writer.open(CHAIN, confidential).await.expect("it isn't there yet");
    chain.set_readers(&Default::default(), &[]).await.expect("the writer reads it");
    for number in 0..4 {
        chain.append(NewEvent::data(format!("{number}"))).await.expect("it is taken");
    }
    let all = chain.verify().await.expect("it verifies").size + 2;
    let liar = Liar::before(server.address()).await;
    let mut lost_at = 0;
    loop {
        // The answers are counted, of all calls from when the chain is open on; one of them is lost, once.
        let (answers, was_lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, lost) = (Arc::clone(&answers), Arc::clone(&was_lost));
        liar.tell(|_, _, answer| Some(vec![answer]));
        let client = connect(&liar.address, Some(home.path()), Encryption::Plain);
        let reader = client.open(CHAIN, OpenOptions::default()).await.expect("it opens");
        liar.tell(move |_, _, answer: Bytes| {
            let is_it = counted.fetch_add(1, Ordering::SeqCst) == lost_at;
            if is_it {
                lost.store(true, Ordering::SeqCst);
            }
            (!is_it).then(|| vec![answer])
        });
        let (_, mut events) = following(&reader, 0);
        // Half of it is there; half comes while it is followed.
        let first = sequences(&mut events, all / 2).await;
        assert_eq!(first, (0..all / 2).collect::<Vec<_>>(), "lost at answer {lost_at}");
        // A reader that is called again before there is anything, or that is slow, gets each event all the same.
        let next = chain.append(NewEvent::data("live")).await.expect("it is taken").last_sequence;
        let mut rest = Vec::new();
        while rest.last() != Some(&next) {
            tokio::select! {
                biased;
                event = events.next() => rest.push(event.expect("it goes on").expect("it verifies").sequence),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(rest, (all / 2..=next).collect::<Vec<_>>(), "lost at answer {lost_at}");
        // Who has dropped it goes on with another one.
        drop(events);
        let (_, mut events) = following(&reader, next);
        assert_eq!(sequences(&mut events, 1).await, [next]);
        if !was_lost.load(Ordering::SeqCst) {
            assert!(lost_at > 3, "it had no answer to lose");
            break;
        }
        lost_at += 1;
    }
}

async fn sequences(events: &mut EventStream, count: u64) -> Vec<u64> {
    let mut found = Vec::new();
    while (found.len() as u64) < count {
        let event: ChainEvent = events.next().await.expect("it goes on").expect("it verifies");
        found.push(event.sequence);
    }
    found
}
