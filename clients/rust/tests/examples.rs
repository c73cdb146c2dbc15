//! The example, as it is run.

mod common;

use common::{Folder, LiveServer};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn the_diary_is_kept() {
    let server = LiveServer::start_with_auth().await;
    let home = Folder::new();
    // Where cargo puts examples: beside the folder of the tests. A cargo within cargo would build everything anew.
    let tests = std::env::current_exe().expect("it runs");
    let program = tests.parent().and_then(|deps| deps.parent()).expect("it is in a folder").join("examples/diary");
    for (line, due) in [("first", vec!["first"]), ("second", vec!["first", "second"])] {
        let output =
            Command::new(&program).args([&server.address(), line]).env("ATE_HOME", home.path()).output().await.expect(
                "a whole cargo test builds examples, too; of this file alone, cargo build --example diary before",
            );
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let found: Vec<&str> =
            text.lines().filter_map(|line| line.trim().split_once("  ")).map(|(_, text)| text).collect();
        assert_eq!(found, due);
    }
}
