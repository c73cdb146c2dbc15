//! How a server is spoken to: in clear, over TLS, through the tunnel, and with whom.

mod common;

use std::sync::Arc;

use atedb::{Client, ConnectOptions, Encryption, Home, LookUpIdentity, NewEvent, OpenOptions, Reason, TlsOptions};
use common::{Folder, LiveServer, connect, reason_of, texts};

const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn options() -> ConnectOptions {
    ConnectOptions { home: Home::None, ..ConnectOptions::default() }
}

async fn refusal(address: &str, options: ConnectOptions) -> Reason {
    let client = Client::connect(address, options).expect("the address is one");
    reason_of(client.open("example.com/me/connect", OpenOptions::default()).await)
}

async fn append(client: &Client, chain: &str) {
    let chain = client.open(chain, OpenOptions::default()).await.expect("it opens");
    chain.append(NewEvent::data("to whom I mean")).await.expect("it is taken");
    assert_eq!(texts(&chain).await, ["to whom I mean"]);
    chain.close().await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_a_server_is_counts() {
    let server = LiveServer::start(&[]).await;
    let home = Folder::new();
    let address = server.address();
    let pinned = format!("{address}#{}", server.identity);
    let client = connect(&pinned, Some(home.path()), Encryption::Auto);
    append(&client, "example.com/me/pinned").await;
    let known = std::fs::read_to_string(home.join("known_hosts")).expect("it is written");
    assert!(known.contains(&server.identity) && known.contains(&address), "{known}");
    assert_eq!(refusal(&format!("{address}#{OTHER}"), options()).await, Reason::ServerIdentityMismatch);

    let line = format!("{address} {OTHER}\n");
    std::fs::write(home.join("known_hosts"), &line).expect("it is ours");
    let known = ConnectOptions { home: Home::Folder(home.path().into()), ..options() };
    assert_eq!(refusal(&address, known).await, Reason::ServerIdentityChanged);
    assert_eq!(std::fs::read_to_string(home.join("known_hosts")).expect("it is there"), line);

    for (published, due) in [(OTHER.to_owned(), Some(Reason::ServerIdentityMismatch)), (server.identity.clone(), None)]
    {
        let look_up: LookUpIdentity = Arc::new(move |_| {
            let published = published.clone();
            Box::pin(async move { Ok(Some(vec![published])) })
        });
        let asks = ConnectOptions { look_up_identity: Some(look_up), ..options() };
        match due {
            Some(due) => assert_eq!(refusal(&address, asks).await, due),
            None => append(&Client::connect(&address, asks).expect("an address"), "example.com/me/looked_up").await,
        }
    }

    // One that requires encryption is not spoken to without, and with keys as large as are asked for.
    let plain = ConnectOptions { encryption: Encryption::Plain, ..options() };
    assert_eq!(refusal(&address, plain).await, Reason::WireRequired);
    for (encryption, name) in [(Encryption::Bits128, "a"), (Encryption::Bits192, "b"), (Encryption::Bits256, "c")] {
        append(&connect(&address, None, encryption), &format!("example.com/me/bits_{name}")).await;
    }
    let contradicts = ConnectOptions { encryption: Encryption::Plain, ..options() };
    assert_eq!(reason_of(Client::connect(&pinned, contradicts)), Reason::RequestInvalid);
    assert_eq!(refusal("127.0.0.1:1", options()).await, Reason::ConnectionFailed);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_encrypt_is_told_nothing_where_encryption_is_due() {
    // It answers every call with UNIMPLEMENTED, as any other gRPC server does.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut connection) = h2::server::handshake(socket).await else {
                    return;
                };
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let answer = http::Response::builder()
                        .header("content-type", "application/grpc")
                        .header("grpc-status", "12")
                        .body(())
                        .expect("it is a response");
                    let _ = respond.send_response(answer, true);
                }
            });
        }
    });
    let asks = ConnectOptions { encryption: Encryption::Bits128, ..options() };
    assert_eq!(refusal(&address, asks).await, Reason::WireMissing);
    assert_eq!(refusal(&format!("{address}#{OTHER}"), options()).await, Reason::WireMissing);
    let home = Folder::new();
    std::fs::write(home.join("known_hosts"), format!("{address} {OTHER}\n")).expect("it is ours");
    let known = ConnectOptions { home: Home::Folder(home.path().into()), ..options() };
    assert_eq!(refusal(&address, known).await, Reason::WireMissing);
    // Nothing that it says is taken for the server's word otherwise, either.
    assert_eq!(refusal(&address, options()).await, Reason::Unsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_the_tunnel_inside() {
    let folder = Folder::new();
    let made =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("it is made");
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("it is written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("it is written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let server = LiveServer::start(&["--tls-cert", &cert, "--tls-key", &key]).await;
    let tls = TlsOptions { ca: Some(made.cert.pem().into_bytes()), ..TlsOptions::default() };
    let pinned = format!("{}#{}", server.address(), server.identity);
    let client = Client::connect(&pinned, ConnectOptions { tls: Some(tls), ..options() }).expect("an address");
    append(&client, "example.com/me/tls").await;
    assert_eq!(refusal(&server.address(), options()).await, Reason::TlsRequired);
    let untrusted = ConnectOptions { tls: Some(TlsOptions::default()), ..options() };
    assert_eq!(refusal(&server.address(), untrusted).await, Reason::TlsFailed);
}
