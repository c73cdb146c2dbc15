//! Data that is gone: dropped, or erased.

use super::owners::check_bad_batch;
use super::trust::{check_history, replayed};
use super::{Case, List, cases, index, refused, run};
use crate::crypto::merkle::TreeHead;
use crate::events::event::DataState;
use crate::trust::replay::{ReplayVerifier, VerifiedBatch};

pub(super) const TABLES: &[(&str, &[List])] = &[("compaction", COMPACTION)];

/// Lists of the file that only servers have a use for.
pub(super) const OF_SERVERS: &[&str] = &["decisions", "segments", "unreadable"];

/// What is gone of a history: sequence, state, and the redaction that is named.
fn gone_in(batches: &[VerifiedBatch]) -> Vec<(u64, &'static str, u64)> {
    let mut gone = Vec::new();
    for one in batches {
        for (sequence, event) in one.batch.events_from(one.commit.header.first_sequence) {
            match event.data_state {
                Some(DataState::Dropped) => gone.push((sequence, "dropped", 0)),
                Some(DataState::Expired) => gone.push((sequence, "expired", 0)),
                Some(DataState::Redacted) => gone.push((sequence, "redacted", event.redacted_by)),
                _ => {}
            }
        }
    }
    gone
}

/// A replay whose data is gone as the case says.
pub(super) fn gone_case(case: &Case) -> ReplayVerifier {
    let (verifier, batches) = replayed(&case.list_of_data("slices")).expect("it verifies");
    assert_eq!(verifier.head(), TreeHead { size: case.number("size"), root: case.array("root") });
    let gone = gone_in(&batches);
    let due = case.list("gone");
    assert_eq!(gone.len(), due.len());
    for ((sequence, state, redaction), due) in gone.into_iter().zip(due) {
        assert_eq!((sequence, state), (due.number("sequence"), due.text("state")));
        assert_eq!(redaction, due.number("redaction"));
    }
    verifier
}

/// A replay that verifies as far as it goes, and of which something is owed in the end.
pub(super) fn check_owing(case: &Case) -> ReplayVerifier {
    let verifier = gone_case(case);
    check_left(case, &verifier);
    verifier
}

/// What is owed in the end, and that it is refused.
pub(super) fn check_left(case: &Case, verifier: &ReplayVerifier) {
    let due: Vec<u64> = case.list("owed").iter().filter_map(|one| one.0.as_u64()).collect();
    assert_eq!(verifier.owed().left(100), due);
    let error = refused(verifier.owed().check_nothing_left(), "VERIFICATION_FAILED");
    assert_eq!(error.metadata().get("sequence"), due.first().map(ToString::to_string).as_ref());
}

const COMPACTION: &[List] = &[
    ("good", |case| gone_case(case).owed().check_nothing_left().expect("nothing is owed")),
    ("owing", |case| {
        check_owing(case);
    }),
    ("bad", |case| {
        let replay = replayed(&case.list_of_data("slices"));
        let error =
            refused(replay.and_then(|(verifier, _)| verifier.owed().check_nothing_left()), "VERIFICATION_FAILED");
        for part in ["commit", "sequence"] {
            let due = case.0.get(part).map(ToString::to_string);
            assert!(due.is_none() || error.metadata().get(part) == due.as_ref(), "{error}");
        }
    }),
    ("badBatches", check_bad_batch),
    ("histories", check_history),
];

#[test]
fn compaction() {
    if index().iter().any(|(name, _, _)| name == "compaction") {
        run("compaction", COMPACTION);
        assert!(!cases("compaction", "good").is_empty());
    } else {
        println!("there is no file compaction yet");
    }
}
