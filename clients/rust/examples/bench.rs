//! This client's part of the benchmark of clients: bench/clients/jobs.ts of the repository says what it is told, and what it answers.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use atedb::{AppendOptions, Chain, Client, ConnectOptions, Home, NewEvent, OpenOptions, Precondition, Range};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many events were appended or read, and in how many seconds.
type Measured = (u64, f64);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let order: Value = serde_json::from_str(&text)?;
    let mut results = Vec::new();
    for job in order["jobs"].as_array().into_iter().flatten() {
        results.push(match carry_out(&order, job).await {
            Ok((events, seconds)) => json!({ "events": events, "seconds": seconds }),
            Err(error) => json!({ "error": error.to_string() }),
        });
    }
    println!("{}", Value::from(results));
    Ok(())
}

async fn carry_out(order: &Value, job: &Value) -> Result<Measured, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let home = Home::Folder(PathBuf::from(text(&order["home"])));
    let client = Client::connect(&text(&order["server"]), ConnectOptions { home, ..ConnectOptions::default() })?;
    let options = OpenOptions { must_exist: job["do"] != "append", ..OpenOptions::default() };
    let chain = Arc::new(client.open(&text(&job["chain"]), options).await?);
    let measured = if job["do"] == "append" { append(&chain, job).await } else { replay(&chain).await };
    chain.close().await?;
    client.close().await;
    measured
}

async fn append(chain: &Arc<Chain>, job: &Value) -> Result<Measured, Failure> {
    let number = |name: &str| job[name].as_u64().unwrap_or_default();
    let (batches, of_batch, size) = (number("batches"), number("eventsPerBatch"), number("dataBytes") as usize);
    chain.append_all(&some_events(1, size)?, AppendOptions::default()).await?;
    let lists: Vec<Vec<NewEvent>> =
        (0..batches).map(|_| some_events(of_batch, size)).collect::<Result<_, Failure>>()?;
    // It always holds, and makes each append a batch of its own.
    let alone = AppendOptions {
        conditions: vec![Precondition::LandsBefore { sequence: (1 << 53) - 1 }],
        ..AppendOptions::default()
    };
    let start = Instant::now();
    let mut waiting = VecDeque::new();
    for list in lists {
        if waiting.len() as u64 >= number("inFlight")
            && let Some(first) = waiting.pop_front()
        {
            answered(first).await?;
        }
        let (chain, alone) = (Arc::clone(chain), alone.clone());
        waiting.push_back(tokio::spawn(async move { chain.append_all(&list, alone).await }));
    }
    for one in waiting {
        answered(one).await?;
    }
    Ok((batches * of_batch, start.elapsed().as_secs_f64()))
}

async fn answered(append: tokio::task::JoinHandle<Result<atedb::Committed, atedb::Error>>) -> Result<(), Failure> {
    append.await??;
    Ok(())
}

fn some_events(count: u64, size: usize) -> Result<Vec<NewEvent>, Failure> {
    let event = |_| {
        let mut data = vec![0; size];
        getrandom::fill(&mut data)?;
        Ok(NewEvent::data(data))
    };
    (0..count).map(event).collect()
}

async fn replay(chain: &Chain) -> Result<Measured, Failure> {
    let start = Instant::now();
    let (mut events, mut bytes) = (0, 0);
    let mut stream = chain.read(Range::default());
    while let Some(event) = stream.next().await {
        events += 1;
        bytes += event?.data.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    if bytes == 0 {
        return Err("it has read no data".into());
    }
    Ok((events, seconds))
}
