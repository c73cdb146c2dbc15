//! Chains of which whole events and commits are gone under a snapshot.

use std::sync::Arc;

use super::gone::check_left;
use super::owners::check_bad_batch;
use super::trust::{check_good, replayed};
use super::{Case, List, bytes_of, refused, run};
use crate::crypto::merkle::{Frontier, TreeHead};
use crate::encoding::snapshot_forms::{GAP, GONE_EVENT, SNAPSHOT};
use crate::encoding::strict::{MessageForm, check_strict};
use crate::error::Result;
use crate::events::batch::Batch;
use crate::events::commit::split_slice;
use crate::events::snapshot::{GoneRun, GoneRuns, NOTHING_GONE, WriterSeal, hash_of_writers};
use crate::trust::check_batch::{check_batch, verify_genesis};
use crate::trust::check_gone::Provenance;
use crate::trust::replay::{ReplayStart, ReplayVerifier, VerifiedBatch};

pub(super) const TABLES: &[(&str, &[List])] = &[("gaps", GAPS)];

fn form_of(case: &Case) -> &'static MessageForm {
    match case.text("message") {
        "Snapshot" => &SNAPSHOT,
        "GoneEvent" => &GONE_EVENT,
        "Gap" => &GAP,
        other => panic!("there is no form {other}"),
    }
}

/// A pair of sequences, as cases have it: from one up to before the other.
fn pair_of(case: &Case) -> (u64, u64) {
    let number = |place: usize| case.0[place].as_u64().expect("a sequence");
    (number(0), number(1))
}

/// Which sequences are gone of batches, from one up to before another.
fn gone_in(batches: &[VerifiedBatch]) -> Vec<(u64, u64)> {
    let mut gone: Vec<(u64, u64)> = Vec::new();
    let mut add = |first: u64, end: u64| match gone.last_mut() {
        Some(last) if last.1 == first => last.1 = end,
        _ if first < end => gone.push((first, end)),
        _ => {}
    };
    for one in batches {
        let first_sequence = one.commit.header.first_sequence;
        add(one.begins_at(), first_sequence);
        for some in one.batch.gone() {
            let first = first_sequence + some.index as u64;
            add(first, first + some.events as u64);
        }
    }
    gone
}

/// A history that verifies, and of which as much is gone as the case says.
fn check_gone(case: &Case) -> ReplayVerifier {
    let (verifier, batches) = check_good(case);
    assert_eq!(gone_in(&batches), case.list("gone").iter().map(pair_of).collect::<Vec<_>>());
    verifier
}

/// What comes of a reading, as the case says it.
fn check_outcome(case: &Case, reading: Result<ReplayVerifier>) {
    let Some(reason) = case.maybe_text("reason") else {
        let verifier = reading.expect("it verifies");
        assert_eq!(verifier.head(), TreeHead { size: case.number("size"), root: case.array("root") });
        assert_eq!(verifier.next_sequence(), case.number("nextSequence"));
        assert_eq!(verifier.owed().left(100), owed_in(case));
        return;
    };
    let error = refused(reading, reason);
    for (part, name) in [("failsAt", "commit"), ("failsOf", "sequence"), ("snapshot", "snapshot"), ("from", "from")] {
        assert_eq!(error.metadata().get(name), case.0.get(part).map(ToString::to_string).as_ref(), "{name}: {error}");
    }
}

fn owed_in(case: &Case) -> Vec<u64> {
    case.list("owed").iter().filter_map(|one| one.0.as_u64()).collect()
}

/// Goes on with the slices of a case from one on.
fn go_on(case: &Case, mut verifier: ReplayVerifier, from: usize) -> Result<ReplayVerifier> {
    for slice in &case.list_of_data("slices")[from..] {
        verifier.verify(slice)?;
    }
    Ok(verifier)
}

const GAPS: &[List] = &[
    ("forms", |case| check_strict(form_of(case), &case.data("bytes")).expect("it is in the strict form")),
    ("badForms", |case| {
        refused(check_strict(form_of(case), &case.data("bytes")), "NON_CANONICAL");
    }),
    ("runHashes", |case| {
        let mut runs = GoneRuns::default();
        for (added, due) in case.list("added").iter().map(pair_of).zip(case.list("states")) {
            let state = runs.state_at(added.0);
            let before = due.maybe_array("before").unwrap_or(NOTHING_GONE);
            let last = due.has("end").then(|| GoneRun { before, first: due.number("first"), end: due.number("end") });
            assert_eq!((due.number("at"), last), (added.0, state.last));
            assert_eq!(state.from, due.has("goneFrom").then(|| due.number("goneFrom")));
            runs.add(added.0, added.1);
        }
        assert_eq!(runs.finish(), case.array("hash"));
    }),
    ("writerHashes", |case| {
        let writers = case.list("writers").into_iter().map(|one| WriterSeal {
            writer_id: one.array("writerId"),
            counter: one.number("counter"),
            seal_hash: one.array("sealHash"),
        });
        assert_eq!(hash_of_writers(writers.rev().collect()), case.array("hash"));
    }),
    ("batches", |case| {
        let batch = Batch::parse(&case.data("run")).expect("it is a batch");
        check_batch(&batch, Provenance::Stored).expect("it is a good one");
        assert_eq!((batch.count() as u64, batch.events_root()), (case.number("events"), case.array("eventsRoot")));
        let gone: Vec<u64> = (0..batch.count()).filter(|at| batch.event(*at).is_none()).map(|at| at as u64).collect();
        assert_eq!(gone, case.list("gone").iter().filter_map(|one| one.0.as_u64()).collect::<Vec<_>>());
    }),
    ("badBatches", check_bad_batch),
    ("good", |case| check_gone(case).owed().check_nothing_left().expect("nothing is owed")),
    ("owing", |case| check_left(case, &check_gone(case))),
    ("bad", |case| {
        let error = refused(replayed(&case.list_of_data("slices")), "VERIFICATION_FAILED");
        for part in ["commit", "sequence"] {
            assert_eq!(error.metadata().get(part), case.0.get(part).map(ToString::to_string).as_ref(), "{error}");
        }
    }),
    ("compacted", |case| {
        let whole = replayed(&case.list_of_data("slices")).map(|(verifier, _)| verifier);
        check_outcome(case, whole);
    }),
    ("resumed", |case| {
        let place = case.number("slice") as usize;
        let (before, _) = replayed(&case.list_of_data("slices")[..place]).expect("it verifies");
        check_outcome(case, go_on(case, before.anew(), place));
    }),
    ("middles", |case| {
        let first = split_slice(&bytes_of(&case.list("slices")[0].0)).expect("it is a slice").remove(0);
        let (genesis, _) = verify_genesis(&first.run).expect("it is a genesis");
        let frontier = Frontier::new(case.number("commit"), case.hashes("frontier")).expect("it is a frontier");
        let start = ReplayStart { sequence: case.number("sequence"), frontier };
        let verifier = ReplayVerifier::starting(Arc::new(genesis), start);
        check_outcome(case, go_on(case, verifier, case.number("slice") as usize));
    }),
];

#[test]
fn gaps() {
    run("gaps", GAPS);
}
