//! Reads what the command has written, from a real server.

mod common;

use std::time::Duration;

use atedb::{
    Encryption, EventStream, From, OpenOptions, Range, Reason, Subscribe, TrustMode, VouchedBy, primary_key_from_name,
};
use common::{Folder, LiveServer, collect, command, connect, reason_of, texts};

#[tokio::test(flavor = "multi_thread")]
async fn chains_are_read_verified_and_followed() {
    for flags in [&[][..], &["--no-wire-encryption"], &["--trust", "distributed", "--no-wire-encryption"]] {
        let mut server = LiveServer::start(flags).await;
        let (writer, home) = (Folder::new(), Folder::new());
        let address = format!("ate://{}/example.com/me/read", server.address());
        command(writer.path(), &["append", &address], "one\ntwo\nthree\n").await;
        let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
        let chain = client.open("example.com/me/read", OpenOptions::default()).await.expect("it opens");
        let is_distributed = flags.contains(&"distributed");
        let genesis = chain.genesis().expect("it is there");
        assert_eq!(genesis.trust_mode == TrustMode::Distributed, is_distributed);
        assert_eq!(client.server_identity().is_some(), flags.is_empty());
        assert_eq!(texts(&chain).await, ["one", "two", "three"]);
        let part = collect(chain.read(Range { start: 2, end: Some(3), ..Range::default() })).await.expect("it is read");
        assert_eq!(part.iter().map(|event| &event.data[..]).collect::<Vec<_>>(), [b"two"]);
        if is_distributed {
            assert_eq!(part[0].vouched_by, VouchedBy::Writer);
        }
        let whole = chain.verify().await.expect("it verifies");
        assert_eq!(chain.head(), Some(whole));
        assert!(chain.checkpoint().is_some_and(|signed| signed.head.size <= whole.size));
        assert_eq!(chain.get_at(3).await.expect("it is proven").map(|event| event.data), Some("three".into()));
        assert!(chain.get(&primary_key_from_name("nobody")).await.expect("it is answered").is_none());

        let mut events = chain.subscribe(Subscribe { from: From::Sequence(2), ..Subscribe::default() });
        due(&mut events, "two").await;
        due(&mut events, "three").await;
        command(writer.path(), &["append", &address], "four\n").await;
        due(&mut events, "four").await;
        // A server that crashes is waited for, and nothing is lost or told twice.
        server.kill().await;
        server.restart().await;
        command(writer.path(), &["append", &address], "five\n").await;
        due(&mut events, "five").await;
        drop(events);
        chain.close().await.expect("it closes");
        client.close().await;

        // What was verified is remembered, and a chain that is another one then is refused.
        let again = connect(&server.address(), Some(home.path()), Encryption::Auto);
        let chain = again.open("example.com/me/read", OpenOptions::default()).await.expect("it opens");
        assert!(chain.head().is_some_and(|head| head.size > whole.size));
        let pinned = OpenOptions { chain_id: Some([7; 32]), ..OpenOptions::default() };
        assert_eq!(reason_of(again.open("example.com/me/read", pinned).await), Reason::ChainIdMismatch);
        let there = OpenOptions { must_exist: true, ..OpenOptions::default() };
        assert_eq!(reason_of(again.open("example.com/me/none", there).await), Reason::ChainNotFound);
    }
}

async fn due(events: &mut EventStream, data: &'static str) {
    let next = tokio::time::timeout(Duration::from_secs(60), events.next());
    let event = next.await.expect("it comes in time").expect("it goes on").expect("it verifies");
    assert_eq!(event.data, data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_rolled_back_is_found_and_evidence_is_kept() {
    let mut server = LiveServer::start(&["--no-wire-encryption"]).await;
    let (writer, home) = (Folder::new(), Folder::new());
    let address = format!("ate://{}/example.com/me/rolled", server.address());
    command(writer.path(), &["append", &address], "one\n").await;
    server.kill().await;
    let (logs, older) = (server.folder.join("logs"), server.folder.join("older"));
    copy(&logs, &older);
    server.restart().await;
    command(writer.path(), &["append", &address], "two\n").await;
    // What the server signs may be as old as a second: by then it is of both.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let chain = client.open("example.com/me/rolled", OpenOptions::default()).await.expect("it opens");
    assert_eq!(texts(&chain).await, ["one", "two"]);
    chain.close().await.expect("it closes");
    server.kill().await;
    std::fs::remove_dir_all(&logs).expect("it was there");
    std::fs::rename(&older, &logs).expect("it was there");
    server.restart().await;
    let client = connect(&server.address(), Some(home.path()), Encryption::Auto);
    let error = client.open("example.com/me/rolled", OpenOptions::default()).await.expect_err("it was rolled back");
    assert_eq!(error.reason(), Reason::HeadConflict);
    let evidence = error.metadata().get("evidence").expect("it is kept");
    let verdict = command(home.path(), &["verify", "--evidence", evidence, "--json"], "").await;
    assert!(verdict.contains("\"proven\""), "{verdict}");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("it is a folder") {
        let entry = entry.expect("it can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}
