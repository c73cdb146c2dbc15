//! Data that is erased, on a real server, and what is told of ranges that don't show why.

mod common;

use std::sync::{Arc, Mutex};

use atedb::{
    Chain, DataState, Encryption, NewEvent, OpenOptions, Range, Reason, RedactOptions, RedactTarget, RedactedWhen,
    Redaction, Unchecked, primary_key_from_name,
};
use common::{Folder, LiveServer, collect, connect, reason_of};

async fn append(chain: &Chain, name: &str, data: &str) -> u64 {
    chain.append(NewEvent::named(name, data)).await.expect("it is taken").first_sequence
}

async fn state_at(chain: &Chain, sequence: u64) -> (Option<DataState>, Option<u64>) {
    let event = chain.get_at(sequence).await.expect("it is proven").expect("it is there");
    (event.data_state, event.redacted_by)
}

async fn redact(chain: &Chain, target: RedactTarget) -> Result<atedb::Redacted, atedb::Error> {
    chain.redact(&target, RedactOptions::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_erased() {
    for flags in [&[][..], &["--trust", "distributed", "--no-wire-encryption"]] {
        let server = LiveServer::start(flags).await;
        let home = Folder::new();
        let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
        for confidential in [false, true] {
            let name = if confidential { "example.com/me/sealed" } else { "example.com/me/clear" };
            let options = OpenOptions { confidential, ..OpenOptions::default() };
            is_erased(&client.open(name, options).await.expect("it isn't there yet"), confidential).await;
        }
    }
}

async fn is_erased(chain: &Chain, confidential: bool) {
    if confidential {
        let own = chain.own_key().await.expect("there is one");
        chain.set_readers(&atedb::SharedObject::default(), &[own]).await.expect("they are set");
    }
    let first = append(chain, "secret", "one").await;
    let second = append(chain, "secret", "two").await;
    let other = append(chain, "other", "stays").await;
    let done = redact(chain, RedactTarget::Sequences(vec![second, first, second])).await.expect("it is erased");
    let by = done.committed.first_sequence;
    assert!(done.gone_before.is_empty() && done.set_aside.is_empty(), "{done:?}");
    for sequence in [first, second] {
        assert_eq!(state_at(chain, sequence).await, (Some(DataState::Redacted), Some(by)));
    }
    assert_eq!(state_at(chain, other).await, (None, None));
    let said = chain.get_at(by).await.expect("it is proven").expect("it is there");
    assert!(said.redaction().is_some_and(|redaction| redaction.names(first) && !redaction.names(other)));

    // What has no data, isn't there, or is gone already.
    let tombstone = chain.append(NewEvent::tombstone(primary_key_from_name("other"))).await.expect("it is taken");
    for (target, due) in [
        (RedactTarget::Sequences(vec![tombstone.first_sequence]), Reason::RedactionInvalid),
        (RedactTarget::Sequences(vec![first]), Reason::DataGone),
        (RedactTarget::Sequences(Vec::new()), Reason::RequestInvalid),
        (RedactTarget::Sequences(vec![1_000]), Reason::SequenceOutOfRange),
        (RedactTarget::Object(primary_key_from_name("nobody")), Reason::EventNotFound),
    ] {
        assert_eq!(reason_of(redact(chain, target).await), due);
    }
    let empty = NewEvent::redaction(primary_key_from_name("secret"), Redaction::of_sequences([]));
    assert_eq!(reason_of(chain.append(empty).await), Reason::RequestInvalid);
    let late = NewEvent::redaction(primary_key_from_name("secret"), Redaction::of_sequences([1_000]));
    assert_eq!(reason_of(chain.append(late).await), Reason::RedactionInvalid);

    let third = append(chain, "secret", "three").await;
    let when = RedactOptions { when: RedactedWhen::Durable, ..RedactOptions::default() };
    let target = RedactTarget::Object(primary_key_from_name("secret"));
    let durable = chain.redact(&target, when).await.expect("it is taken");
    assert!(redact(chain, target).await.expect("it is erased").gone_before.is_empty());
    let (state, redacted_by) = state_at(chain, third).await;
    assert_eq!(state, Some(DataState::Redacted));
    assert!(redacted_by.is_some_and(|at| at >= durable.committed.first_sequence));
    chain.verify().await.expect("something allows all that is gone");
    what_is_unchecked_is_told(chain, &[first, second], by).await;
}

/// Of a range that ends before the redaction nothing shows that its data may be gone.
async fn what_is_unchecked_is_told(chain: &Chain, erased: &[u64], by: u64) {
    let told: Arc<Mutex<Vec<Unchecked>>> = Arc::default();
    for end in [Some(by), None] {
        let tells = Arc::clone(&told);
        let on_unchecked = Some(Arc::new(move |unchecked| tells.lock().expect("it is free").push(unchecked)) as _);
        let range = Range { end, on_unchecked, ..Range::default() };
        collect(chain.read(range)).await.expect("it is read");
        let told: Vec<_> = told.lock().expect("it is free").drain(..).map(|one| (one.count, one.sequences)).collect();
        assert_eq!(told, if end.is_some() { vec![(erased.len(), erased.to_vec())] } else { Vec::new() });
    }
}
