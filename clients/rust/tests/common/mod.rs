//! A real server, started from the repository, and folders of its own for each test.

#![allow(dead_code)]

pub mod liar;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atedb::{
    Chain, ChainEvent, Client, ConnectOptions, Encryption, Error, EventKind, EventStream, Home, Range, Reason,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

const START_TIMEOUT: Duration = Duration::from_secs(180);

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Node of the repository, else the one of the path.
fn node() -> PathBuf {
    let local = root().join("node_modules/.bin/node");
    if local.exists() { local } else { PathBuf::from("node") }
}

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("atedb-rust-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `atedb solo` on one folder, which can be killed and started again on the same port.
pub struct LiveServer {
    pub folder: Folder,
    flags: Vec<String>,
    has_auth: bool,
    /// Its clock is ahead by so many days, when it is started next.
    pub ahead_days: u64,
    /// Its clock goes ahead only once `go_ahead` is called.
    pub clock_waits: bool,
    port: u16,
    /// As it stands in addresses; empty without encryption.
    pub identity: String,
    process: Option<Child>,
}

impl LiveServer {
    pub async fn start(flags: &[&str]) -> Self {
        LiveServer::prepared(flags, false).started().await
    }

    /// One whose chains belong to whom an auth service names.
    pub async fn start_with_auth() -> Self {
        LiveServer::prepared(&[], true).started().await
    }

    /// One of those that asks another one, by its address, whose they are.
    pub async fn start_asking(auth: &str) -> Self {
        LiveServer::prepared(&["--auth", auth], true).started().await
    }

    fn prepared(flags: &[&str], has_auth: bool) -> Self {
        let flags = flags.iter().map(ToString::to_string).collect();
        LiveServer {
            folder: Folder::new(),
            flags,
            has_auth,
            ahead_days: 0,
            clock_waits: false,
            port: 0,
            identity: String::new(),
            process: None,
        }
    }

    async fn started(mut self) -> Self {
        self.restart().await;
        self
    }

    pub async fn restart(&mut self) {
        let mut command = Command::new(node());
        command.arg(root().join("bin/atedb.cjs"));
        if !self.has_auth {
            command.arg("--no-auth");
        }
        command
            .args(["solo".into(), self.folder.join("logs")])
            .args(["-l", "127.0.0.1", "-p", &self.port.to_string()])
            .args(&self.flags)
            .env("HOME", self.folder.path())
            .env("ATE_HOME", self.folder.join("server-home"))
            .envs(clock_ahead(self.ahead_days))
            .envs(self.clock_waits.then_some(("ATEDB_TEST_CLOCK_WAITS", "1")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let mut process = command.spawn().expect("the tests against a server need Node; run npm ci in the repository");
        let mut output = process.stdout.take().expect("it is piped");
        let mut text = String::new();
        let listening = async {
            let mut chunk = [0; 4096];
            while !text.contains("Try:") {
                let size = output.read(&mut chunk).await.expect("the output can be read");
                assert!(size > 0, "the server did not start: {text}");
                text.push_str(&String::from_utf8_lossy(&chunk[..size]));
            }
        };
        tokio::time::timeout(START_TIMEOUT, listening).await.expect("the server starts in time");
        let after =
            |mark: &str| text.split_once(mark).map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
        let address = after("listens on ").expect("it says where it listens");
        self.port = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("it says its port");
        let found = text.find("sha256:").map(|at| text[at..at + 71].to_owned());
        self.identity = found.unwrap_or_default();
        // What it says later is read, too, so that it isn't held up.
        tokio::spawn(async move {
            let mut chunk = [0; 4096];
            while output.read(&mut chunk).await.is_ok_and(|size| size > 0) {}
        });
        self.process = Some(process);
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Has its clock go ahead.
    pub async fn go_ahead(&self) {
        let id = self.process.as_ref().and_then(Child::id).expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", "USR2", &id]).status().await.expect("it can be told");
        assert!(sent.success());
    }

    /// Ends it as a crash does.
    pub async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("it can be killed");
        }
    }
}

/// The environment of a Node whose clock is ahead.
fn clock_ahead(days: u64) -> Vec<(&'static str, String)> {
    if days == 0 {
        return Vec::new();
    }
    let loaded = root().join("test/support/clock-ahead.ts").canonicalize().expect("it is there");
    vec![
        ("NODE_OPTIONS", format!("--import=file://{}", loaded.display())),
        ("ATEDB_TEST_CLOCK_AHEAD_MS", (days * 24 * 3_600_000).to_string()),
    ]
}

/// Runs the `atedb` command, and gives what it prints.
pub async fn command(home: &Path, arguments: &[&str], input: &str) -> String {
    command_ahead(0, home, arguments, input).await
}

/// The same with a clock that is ahead by some days.
pub async fn command_ahead(days: u64, home: &Path, arguments: &[&str], input: &str) -> String {
    let mut process = Command::new(node())
        .arg(root().join("bin/atedb.cjs"))
        .args(arguments)
        .env("HOME", home)
        .env("ATE_HOME", home)
        .envs(clock_ahead(days))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the command runs");
    let mut stdin = process.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).await.expect("it is read");
    drop(stdin);
    let output = process.wait_with_output().await.expect("it ends");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn connect(server: &str, home: Option<&Path>, encryption: Encryption) -> Client {
    let home = home.map_or(Home::None, |home| Home::Folder(home.to_owned()));
    let options = ConnectOptions { home, encryption, ..ConnectOptions::default() };
    Client::connect(server, options).expect("the address is one")
}

/// All that a stream gives, until it ends.
pub async fn collect(mut events: EventStream) -> Result<Vec<ChainEvent>, Error> {
    let mut found = Vec::new();
    while let Some(event) = events.next().await {
        found.push(event?);
    }
    Ok(found)
}

/// The data of a chain.
pub async fn texts(chain: &Chain) -> Vec<String> {
    let events = collect(chain.read(Range::default())).await.expect("it is read");
    let data = events.iter().filter(|event| event.kind == EventKind::Data);
    data.map(|event| String::from_utf8_lossy(&event.data).into_owned()).collect()
}

pub fn reason_of<T>(result: Result<T, Error>) -> Reason {
    match result {
        Ok(_) => panic!("it was to be refused"),
        Err(error) => error.reason(),
    }
}
