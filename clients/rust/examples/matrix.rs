//! This client's part of the matrix: test/matrix/jobs.ts of the repository says what it is told, and what it answers.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use atedb::{
    Chain, Client, ConnectOptions, Encryption, Error, Home, NewEvent, OpenOptions, PublicKey, Range, SharedObject,
    TrustMode,
};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

// On one thread: what is spawned starts in its order, which is the order of the appends.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let order: Value = serde_json::from_str(&text)?;
    let mut results = Vec::new();
    for job in order["jobs"].as_array().into_iter().flatten() {
        results.push(match carry_out(&order, job).await {
            Ok(result) => result,
            Err(error) => json!({ "error": error.to_string() }),
        });
    }
    println!("{}", Value::from(results));
    Ok(())
}

async fn carry_out(order: &Value, job: &Value) -> Result<Value, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let encryption = match &job["encryption"] {
        Value::Number(bits) if bits.as_u64() == Some(192) => Encryption::Bits192,
        Value::Number(bits) if bits.as_u64() == Some(256) => Encryption::Bits256,
        Value::Number(_) => Encryption::Bits128,
        other if other == "plain" => Encryption::Plain,
        _ => Encryption::Auto,
    };
    let home = Home::Folder(PathBuf::from(text(&order["home"])));
    let client =
        Client::connect(&text(&order["server"]), ConnectOptions { home, encryption, ..ConnectOptions::default() })?;
    if job["do"] == "key" {
        let chain = client.open("example.com/matrix/none", OpenOptions::default()).await?;
        return Ok(json!({ "key": chain.own_key().await?.to_text() }));
    }
    let is_centralized = job["trustMode"] == "centralized";
    let options = OpenOptions {
        trust_mode: Some(if is_centralized { TrustMode::Centralized } else { TrustMode::Distributed }),
        confidential: job["confidential"] == true,
        must_exist: job["do"] != "append",
        claim: job["claim"] == true,
        ..OpenOptions::default()
    };
    let chain = Arc::new(client.open(&text(&job["chain"]), options).await?);
    let result = if job["do"] == "read" { read_all(&chain).await } else { append(&chain, job).await };
    chain.close().await?;
    client.close().await;
    result
}

async fn append(chain: &Arc<Chain>, job: &Value) -> Result<Value, Failure> {
    let texts = |part: &str| job[part].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    if job["confidential"] == true && chain.genesis().is_none() {
        let readers: Vec<PublicKey> =
            texts("readers").map(|one| PublicKey::from_text(&one)).collect::<Result<_, Error>>()?;
        chain.set_readers(&SharedObject::default(), &readers).await?;
    }
    let mut appends = tokio::task::JoinSet::new();
    for text in texts("texts") {
        let chain = Arc::clone(chain);
        appends.spawn(async move { chain.append(NewEvent::data(text)).await });
    }
    let mut last = 0;
    while let Some(appended) = appends.join_next().await {
        last = last.max(appended??.last_sequence);
    }
    Ok(json!({ "last": last }))
}

async fn read_all(chain: &Chain) -> Result<Value, Failure> {
    let head = chain.verify().await?;
    let mut events = Vec::new();
    let mut stream = chain.read(Range::default());
    while let Some(event) = stream.next().await {
        let event = event?;
        events.push(json!({
            "sequence": event.sequence,
            "kind": event.kind.name(),
            "primaryKey": hex(event.primary_key.as_ref().map_or(&[], |key| key.as_slice())),
            "data": hex(&event.data),
            "sealed": event.seal.name(),
            "fingerprint": hex(&event.fingerprint),
            "writerId": hex(&event.writer_id),
            "vouchedBy": event.vouched_by.name(),
            "committedUnixMs": event.committed_unix_ms,
        }));
    }
    let chain_id = chain.chain_id().map(|id| hex(&id));
    Ok(json!({ "chainId": chain_id, "size": head.size, "root": hex(&head.root), "events": events }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
