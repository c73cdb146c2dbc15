//! This client's part of the benchmark of clients: bench/clients/jobs.ts of the repository says what it is told, and what it answers.

use std::collections::VecDeque;
use std::io::Read as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use atedb::{
    AppendOptions, Client, Committed, ConnectOptions, Error, Home, NewEvent, OpenOptions, Precondition, Range,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

type Failure = Box<dyn std::error::Error + Send + Sync>;

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
