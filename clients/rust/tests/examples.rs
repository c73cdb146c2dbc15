//! The example, as it is run.

mod common;

use common::{Folder, LiveServer};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn the_diary_is_kept() {
    let server = LiveServer::start(&[]).await;
    let home = Folder::new();
    for (line, due) in [("first", vec!["first"]), ("second", vec!["first", "second"])] {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--locked", "--example", "diary", "--", &server.address(), line])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("ATE_HOME", home.path())
            .output()
            .await
            .expect("cargo is there");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let found: Vec<&str> =
            text.lines().filter_map(|line| line.trim().split_once("  ")).map(|(_, text)| text).collect();
        assert_eq!(found, due);
    }
}
