//! Children of objects, and data that was left out: verified, whoever sends them.

mod common;

use atedb::{
    Chain, ChainEvent, ChildEvent, Children, DataState, Encryption, Error, NewEvent, OpenOptions, PrimaryKey, Range,
    Reason, Subscribe, child_primary_key, primary_key_from_name,
};
use common::liar::{Liar, fields, with_field};
use common::{Folder, LiveServer, collect, connect, reason_of};

const CHAIN: &str = "example.com/me/objects";

async fn children(chain: &Chain, of: Children) -> Result<Vec<ChildEvent>, Error> {
    let (mut listed, mut found) = (chain.children(of), Vec::new());
    while let Some(child) = listed.next().await {
        found.push(child?);
    }
    Ok(found)
}

async fn names(chain: &Chain, of: Children) -> Vec<String> {
    let found = children(chain, of).await.expect("they are proven");
    found.iter().map(|child| String::from_utf8_lossy(&child.event.data).into_owned()).collect()
}

async fn opened(address: &str) -> Chain {
    let client = connect(address, None, Encryption::Plain);
    client.open(CHAIN, OpenOptions::default()).await.expect("it opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_listed() {
    let server = LiveServer::start(&["--no-wire-encryption"]).await;
    let home = Folder::new();
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = client.open(CHAIN, OpenOptions::default()).await.expect("it isn't there yet");
    let (parent, drafts) = (primary_key_from_name("folder"), primary_key_from_name("drafts"));
    let child = |name: &str, data: &str, collection| NewEvent {
        parent: Some(parent),
        collection,
        ..NewEvent::named(name, data)
    };
    chain.append(NewEvent::named("folder", "the folder")).await.expect("it is taken");
    for event in [
        child("one", "old", None),
        child("two", "two", None),
        child("three", "a draft", Some(drafts)),
        child("one", "one", None),
        child("four", "four", None),
        NewEvent { parent: None, ..NewEvent::tombstone(key_of(&parent, "four")) },
    ] {
        chain.append(event).await.expect("it is taken");
    }
    let of_folder = Children { parent: Some(parent), ..Children::default() };
    let all = names(&chain, of_folder).await;
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[2], "a draft", "those without a collection come first");
    assert!(all.contains(&"one".to_owned()) && all.contains(&"two".to_owned()), "{all:?}");
    let draft = Children { collection: Some(drafts), ..of_folder };
    assert_eq!(names(&chain, draft).await, ["a draft"]);
    assert_eq!(names(&chain, Children { limit: Some(1), ..of_folder }).await, all[..1]);
    let first = children(&chain, of_folder).await.expect("they are proven").remove(0);
    let after = Some((first.collection, first.event.primary_key.expect("it is of an object")));
    assert_eq!(names(&chain, Children { after, ..of_folder }).await, all[1..]);
    assert!(names(&chain, Children { parent: Some(drafts), ..Children::default() }).await.is_empty());
    assert_eq!(reason_of(children(&chain, Children::default()).await), Reason::RequestInvalid);

    // What is not as it is in the chain is refused, whatever of an answer it is.
    let liar = Liar::before(server.address()).await;
    let reader = opened(&liar.address).await;
    assert_eq!(names(&reader, of_folder).await, all);
    for (what, number) in [("the slice", 3), ("a proof", 4), ("what is said of a child", 5), ("the head", 1)] {
        liar.tell(move |method, _, answer| match method {
            "ListChildren" => Some(vec![with_field(&answer, number, |content| {
                let mut content = content.to_vec();
                let middle = content.len() / 2;
                content[middle] ^= 1;
                content
            })]),
            _ => Some(vec![answer]),
        });
        let told = reason_of(children(&opened(&liar.address).await, of_folder).await);
        assert!(matches!(told, Reason::VerificationFailed | Reason::HeadConflict), "{what}: {told:?}");
    }
    // An answer without some of its parts, as one that leaves children out.
    for number in [3, 4, 5] {
        liar.tell(move |method, _, answer| {
            let parts = fields(&answer).into_iter().filter(|field| method != "ListChildren" || field.number != number);
            Some(vec![parts.map(|field| field.whole.to_vec()).collect::<Vec<_>>().concat().into()])
        });
        let told = reason_of(children(&opened(&liar.address).await, of_folder).await);
        assert_eq!(told, Reason::VerificationFailed, "without {number}");
    }
}

fn key_of(parent: &PrimaryKey, name: &str) -> PrimaryKey {
    child_primary_key(Some(parent), &primary_key_from_name(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_was_left_out_is_loaded() {
    let server = LiveServer::start(&["--no-wire-encryption"]).await;
    let home = Folder::new();
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let confidential = OpenOptions { confidential: true, ..OpenOptions::default() };
    for options in [OpenOptions::default(), confidential] {
        let name = if options.confidential { "example.com/me/sealed" } else { CHAIN };
        let chain = client.open(name, options.clone()).await.expect("it isn't there yet");
        if options.confidential {
            chain.set_readers(&Default::default(), &[]).await.expect("the writer reads it");
        }
        let large = vec![7; 100_000];
        chain.append(NewEvent::named("small", "small")).await.expect("it is taken");
        chain.append(NewEvent::named("large", large.clone())).await.expect("it is taken");
        let range = Range { start: 1, data_up_to: Some(1_000), ..Range::default() };
        let events = collect(chain.read(range)).await.expect("it verifies");
        let is_as_due = |events: &[ChainEvent]| {
            let data: Vec<_> = events.iter().filter(|event| event.primary_key.is_some()).collect();
            assert_eq!(&data[0].data[..], b"small");
            assert_eq!((data[1].data.len(), data[1].data_state), (0, Some(DataState::Omitted)));
        };
        is_as_due(&events);
        let mut following = chain.subscribe(Subscribe {
            from: atedb::From::Sequence(1),
            data_up_to: Some(1_000),
            ..Subscribe::default()
        });
        let mut followed = Vec::new();
        while followed.len() < events.len() {
            followed.push(following.next().await.expect("it goes on").expect("it verifies"));
        }
        is_as_due(&followed);
        let loaded = chain.load(events.clone()).await.expect("it is there");
        assert_eq!(loaded.last().map(|event| &event.data[..]), Some(&large[..]));
        assert_eq!(loaded.len(), events.len());

        // Other data than was asked for is none.
        let liar = Liar::before(server.address()).await;
        let lying = connect(&liar.address, Some(home.path()), Encryption::Plain);
        let lying = lying.open(name, OpenOptions::default()).await.expect("it opens");
        // What is sealed has no salt.
        let parts = if options.confidential { &[1, 2][..] } else { &[1, 2, 3] };
        for number in parts.iter().copied() {
            liar.tell(move |method, _, answer| match method {
                "LoadData" => Some(vec![with_field(&answer, number, |content| {
                    let mut content = content.to_vec();
                    content[0] ^= 1;
                    content
                })]),
                _ => Some(vec![answer]),
            });
            let loaded = lying.load(events.clone()).await;
            assert_eq!(reason_of(loaded), Reason::VerificationFailed, "the field {number} is another");
        }
        liar.tell(|method, _, answer| Some(if method == "LoadData" { Vec::new() } else { vec![answer] }));
        assert_eq!(reason_of(lying.load(events.clone()).await), Reason::VerificationFailed, "it doesn't come");
    }
}
