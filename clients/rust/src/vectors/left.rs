//! Data that a rule for retention has let go, data that is left out, and lists of children.

use std::sync::Arc;

use super::gone::{check_owing, gone_case};
use super::owners::check_bad_batch;
use super::trust::{check_bad, check_good, replayed};
use super::{Case, List, cases, refused, run};
use crate::client::chain_event::{ChainEvent, Seal};
use crate::client::child_list::{ChildEvent, ChildList, Children, order_of};
use crate::client::load_data::with_loaded;
use crate::crypto::hex;
use crate::crypto::merkle::{Frontier, TreeHead};
use crate::encoding::fields::FieldWriter;
use crate::encoding::message::Message;
use crate::error::{Error, Result};
use crate::events::batch::Batch;
use crate::events::event::{DataState, RUN_EVENT, parse_event};
use crate::events::rules::{Confidentiality, Retention};
use crate::reason::Reason;
use crate::trust::check_batch::check_batch;
use crate::trust::check_gone::{LeftOut, Provenance, check_omitted};
use crate::trust::replay::{ReplayStart, ReplayVerifier, VerifiedBatch};
use crate::trust::retention::{EventPlace, RetentionFloor};
use crate::trust::signers::VouchedBy;

pub(super) const TABLES: &[(&str, &[List])] =
    &[("retention", RETENTION), ("left-out", LEFT_OUT), ("children", CHILDREN)];

fn floor_of(case: &Case, part: &str) -> RetentionFloor {
    let floor = case.part(part);
    RetentionFloor::at(floor.number("sequence"), floor.number("timeUnixMs"))
}

fn place_of(case: &Case) -> EventPlace {
    EventPlace { sequence: case.number("sequence"), time_unix_ms: case.number("timeUnixMs") }
}

const RETENTION: &[List] = &[
    ("floors", |case| {
        let mut floor = RetentionFloor::default();
        for head in case.list("heads") {
            let rule = Retention { age_ms: head.number("ageMs"), count: head.number("count") };
            let end = EventPlace { sequence: head.number("nextSequence"), time_unix_ms: head.number("timeUnixMs") };
            floor.raise(Some(rule), end);
            assert_eq!(floor, floor_of(&head, "floor"));
        }
        assert!(case.list("gone").iter().all(|one| floor.covers(place_of(one))));
        assert!(!case.list("kept").iter().any(|one| floor.covers(place_of(one))));
    }),
    ("good", |case| {
        check_good(case);
        let verifier = gone_case(case);
        verifier.owed().check_nothing_left().expect("nothing is owed");
        assert_eq!(*verifier.retained(), floor_of(case, "retained"));
    }),
    ("owing", |case| assert_eq!(*check_owing(case).retained(), floor_of(case, "retained"))),
    ("bad", check_bad),
    ("badBatches", check_bad_batch),
    ("middles", |case| {
        let slices = case.list_of_data("slices");
        let (whole, _) = replayed(&slices).expect("it verifies");
        let frontier = Frontier::new(case.number("commit"), case.hashes("frontier")).expect("it is a frontier");
        let start = ReplayStart { sequence: case.number("sequence"), frontier };
        let mut verifier = ReplayVerifier::starting(Arc::clone(&whole.genesis), start);
        for slice in &slices[case.number("slice") as usize..] {
            verifier.verify(slice).expect("it verifies");
        }
        let owed: Vec<u64> = case.list("owed").iter().filter_map(|one| one.0.as_u64()).collect();
        assert_eq!(verifier.owed().left(100), owed);
        assert_eq!(*whole.retained(), floor_of(case, "retained"));
        verifier.settle_below(whole.retained());
        let settled = verifier.owed().check_nothing_left();
        if case.bool("allowed") {
            settled.expect("it is allowed");
        } else {
            refused(settled, "VERIFICATION_FAILED");
        }
    }),
];

#[test]
fn retention() {
    run("retention", RETENTION);
}

/// A run as somebody takes it who has asked for so much data; or who has asked for nothing to be left out.
fn taken(case: &Case) -> Result<Batch> {
    let left_out = LeftOut::from(case.has("upTo").then(|| case.number("upTo")));
    let batch = Batch::parse(&case.data("run"))?;
    let provenance = if left_out == LeftOut::Nothing { Provenance::Stored } else { Provenance::Trimmed };
    check_batch(&batch, provenance)?;
    if let LeftOut::Above(most) = left_out {
        check_omitted(&batch, most)?;
    }
    Ok(batch)
}

/// An event that was read without its data.
fn omitted(case: &Case) -> ChainEvent {
    let header = case.data("header");
    let event = FieldWriter::new().bytes(1, &header).varint(4, 1).finish();
    let view = parse_event(&event.clone().into(), 0, event.len()).expect("it is an event");
    let sealed = Confidentiality::parse(&header).expect("it can be read");
    ChainEvent {
        sequence: case.number("sequence"),
        commit: 0,
        kind: view.kind,
        primary_key: view.primary_key,
        parent: view.parent,
        collection: None,
        type_name: None,
        reply_to: None,
        time_unix_ms: None,
        committed_unix_ms: 0,
        data: view.data,
        data_state: view.data_state,
        redacted_by: None,
        seal: sealed.map_or(Seal::None, |sealed| Seal::Gone { read_key_id: sealed.read_key_id }),
        header: view.header,
        writer_id: [0; 32],
        fingerprint: [0; 32],
        vouched_by: VouchedBy::Writer,
        said: Arc::default(),
    }
}

pub(super) fn loaded(case: &Case) -> Result<ChainEvent> {
    let answer = Message::parse(case.data("answer"));
    with_loaded(&omitted(case), &answer.map_err(|error| error.said_as(Reason::VerificationFailed, "it can't be read"))?)
}

fn state_name(state: DataState) -> &'static str {
    match state {
        DataState::Dropped => "dropped",
        DataState::Redacted => "redacted",
        DataState::Omitted => "omitted",
        DataState::Expired => "expired",
    }
}

const LEFT_OUT: &[List] = &[
    ("good", |case| {
        let batch = taken(case).expect("only what was to be left out is");
        let places: Vec<u64> = batch
            .events_from(0)
            .filter(|(_, event)| event.data_state == Some(DataState::Omitted))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(places, case.list("omitted").iter().filter_map(|one| one.0.as_u64()).collect::<Vec<_>>());
    }),
    ("bad", |case| {
        refused(taken(case), case.text("reason"));
    }),
    ("loads", |case| {
        let event = loaded(case).expect("it is the event's");
        assert_eq!(event.data_state.map(state_name), case.maybe_text("state"));
        assert_eq!(hex(&event.data), case.text("data"));
        assert_eq!(event.redacted_by.unwrap_or(0), case.number("redaction"));
    }),
    ("badLoads", |case| {
        refused(loaded(case), "VERIFICATION_FAILED");
    }),
];

#[test]
fn left_out() {
    assert_eq!(RUN_EVENT, 1);
    run("left-out", LEFT_OUT);
}

/// The history that all lists are of.
fn chain() -> (ReplayVerifier, Vec<VerifiedBatch>) {
    replayed(&cases("children", "chain")[0].list_of_data("slices")).expect("it verifies")
}

/// The children of each message in turn, as far as they verify, and what was wrong with the one behind.
pub(super) fn listed(case: &Case, verifier: &ReplayVerifier) -> (Vec<Vec<ChildEvent>>, Option<Error>) {
    let after = case.maybe_part("after").map(|after| (after.maybe_array("collection"), after.array("primaryKey")));
    let of = Children {
        parent: case.maybe_array("parent"),
        collection: case.maybe_array("collection"),
        after,
        limit: case.has("limit").then(|| case.number("limit")),
    };
    let known = case.part("known");
    let known = TreeHead { size: known.number("size"), root: known.array("root") };
    let mut list = ChildList::new(Arc::clone(&verifier.genesis), of);
    let mut taken = Vec::new();
    let mut is_last = false;
    for data in case.list_of_data("messages") {
        let children = (|| {
            if is_last {
                return Err(Error::new(Reason::VerificationFailed, "something follows its end"));
            }
            let message = crate::client::answers::answer(data)?;
            let (head, singles) = list.batches_in(&message)?;
            if taken.is_empty() && head != known {
                return Err(Error::new(Reason::VerificationFailed, "it is of another head"));
            }
            let verified = singles.into_iter().map(|single| {
                let found = single.strangers();
                let keys: Vec<_> =
                    found.iter().filter_map(|one| verifier.authority().keys.find(one).cloned()).collect();
                single.verify(&keys)
            });
            let verified = verified.collect::<Result<Vec<_>>>()?;
            is_last = message.bool(crate::client::schema::children_response::IS_LAST);
            list.children_in(&message, verified)
        })();
        match children {
            Ok(children) => taken.push(children),
            Err(error) => return (taken, Some(error)),
        }
    }
    let ended = Error::new(Reason::VerificationFailed, "it ends without saying so");
    (taken, Some(ended).filter(|_| !is_last))
}

const CHILDREN: &[List] = &[
    ("chain", |case| {
        let head = case.part("head");
        assert_eq!(chain().0.head(), TreeHead { size: head.number("size"), root: head.array("root") });
    }),
    ("good", |case| {
        let (taken, error) = listed(case, &chain().0);
        assert!(error.is_none(), "{error:?}");
        let found: Vec<ChildEvent> = taken.into_iter().flatten().collect();
        let due = case.list("children");
        assert_eq!(found.len(), due.len());
        for (found, due) in found.iter().zip(due) {
            let event = &found.event;
            assert_eq!((event.sequence, event.primary_key), (due.number("sequence"), due.maybe_array("primaryKey")));
            assert_eq!(found.moved_by, due.has("movedBy").then(|| due.number("movedBy")));
            assert_eq!((found.parent, found.collection), (due.maybe_array("parent"), due.maybe_array("collection")));
            assert_eq!(hex(&event.data), due.text("data"));
            assert_eq!(event.data_state.is_some(), due.bool("gone"));
        }
    }),
    ("bad", |case| {
        let (taken, error) = listed(case, &chain().0);
        let error = error.unwrap_or_else(|| panic!("it was taken"));
        assert_eq!(
            (taken.len() as u64, error.reason()),
            (case.number("message"), Reason::VerificationFailed),
            "{error}"
        );
    }),
    ("orders", |case| {
        let order = order_of(case.maybe_array("collection"), case.array("primaryKey"));
        assert_eq!(hex(&order), case.text("order"));
    }),
];

#[test]
fn children() {
    run("children", CHILDREN);
}
