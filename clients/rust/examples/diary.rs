//! A diary that only its writer can read: it appends what it is told, and prints all of it.
//!
//! Start a server in the repository, `npm start`, then:
//!
//! ```sh
//! cargo run --example diary -- localhost:5000 "Dear diary, ..."
//! ```

use std::sync::Arc;

use atedb::{Client, ConnectOptions, EventKind, NewEvent, OpenOptions, Range, SharedObject};

#[tokio::main]
async fn main() -> Result<(), atedb::Error> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap_or_else(|| "localhost:5000".into());
    let options = ConnectOptions {
        on_notice: Some(Arc::new(|notice| eprintln!("({})", notice.message))),
        ..ConnectOptions::default()
    };
    let client = Client::connect(&server, options)?;
    // The name is claimed where nobody has it, which a server allows on its own machine.
    let confidential = OpenOptions { confidential: true, claim: true, ..OpenOptions::default() };
    let diary = client.open("example.com/me/rust_diary", confidential).await?;
    if diary.genesis().is_none() {
        // A confidential chain begins with who reads it: with nobody named, whoever writes.
        diary.set_readers(&SharedObject::default(), &[]).await?;
    }
    for line in arguments {
        let committed = diary.append(NewEvent::data(line)).await?;
        println!("written as event {}", committed.last_sequence);
    }
    let mut events = diary.read(Range::default());
    while let Some(event) = events.next().await {
        let event = event?;
        if event.kind == EventKind::Data {
            println!("{:4}  {}", event.sequence, String::from_utf8_lossy(&event.data));
        }
    }
    diary.close().await?;
    client.close().await;
    Ok(())
}
