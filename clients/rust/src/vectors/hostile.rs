//! Whatever bytes a server sends: they are taken as what they were before they were changed, or refused. Nothing panics, and nothing
//! hangs.
//!
//! Each input follows from `ATEDB_TEST_SEED` and its number, which a failure prints; `ATEDB_FUZZ_ROUNDS` says how many there are of
//! each kind.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::basics::form_of;
use super::mutator::Mutator;
use super::{Case, cases, delegated, events, left, owners, trust, wire};
use crate::client::statuses::own_details;
use crate::crypto::hex;
use crate::crypto::key_file::parse_key_file;
use crate::crypto::merkle::{TreeHead, verify_consistency, verify_inclusion};
use crate::encoding::message::Message;
use crate::encoding::strict::check_strict;
use crate::error::Result;
use crate::events::batch::Batch;
use crate::events::checkpoint::ParsedCheckpoint;
use crate::events::commit::split_slice;
use crate::events::genesis::Genesis;
use crate::log::segment::scan_segment;
use crate::trust::check_batch::{check_batch, verify_genesis};
use crate::trust::check_gone::Provenance;
use crate::trust::replay::{ReplayVerifier, VerifiedBatch};
use crate::trust::signers::VouchedBy;

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).unwrap_or_default();
    if text.is_empty() { otherwise } else { text.parse().expect("it is a number") }
}

/// Changes so many of some good bytes: `choose` gives one, and what it is used for, which panics where it is taken for something else.
fn each<'a>(others: &[Bytes], choose: impl Fn(&mut Mutator) -> (Bytes, Box<dyn Fn(Bytes) -> Result<()> + 'a>)) {
    let seed = from_environment("ATEDB_TEST_SEED", 1);
    for number in 0..from_environment("ATEDB_FUZZ_ROUNDS", 200) {
        let mut chance = Mutator::new(seed, number);
        let (good, take) = choose(&mut chance);
        let changed = chance.changed(&good, others);
        let held = catch_unwind(AssertUnwindSafe(|| take(changed.clone())));
        assert!(held.is_ok(), "input {number} of ATEDB_TEST_SEED={seed}: {}", hex(&changed));
    }
}

fn all_of(name: &str, list: &str, part: &str) -> Vec<Bytes> {
    cases(name, list).iter().map(|case| case.data(part)).collect()
}

/// A case with other bytes in a part of it; `at` is a place in a list of them.
fn with(case: &Case, part: &str, at: Option<usize>, data: &[u8]) -> Case {
    let mut changed = case.0.clone();
    let text = Value::String(hex(data));
    match at {
        None => changed[part] = text,
        Some(at) => changed[part][at] = text,
    }
    Case(changed)
}

/// Changes one of a list of bytes of a case, and has `take` see that case.
fn each_of_list(good: &[Case], part: &'static str, take: impl Fn(&Case, &Case) -> Result<()>) {
    let others: Vec<Bytes> = good.iter().flat_map(|case| case.list_of_data(part)).collect();
    each(&others, |chance| {
        let case = chance.one_of(good).clone();
        let list = case.list_of_data(part);
        let at = chance.below(list.len());
        let take = &take;
        (list[at].clone(), Box::new(move |changed| take(&with(&case, part, Some(at), &changed), &case)))
    });
}

#[test]
fn messages_of_every_form() {
    let good = cases("strict-form", "good");
    let others = all_of("strict-form", "good", "bytes");
    each(&others, |chance| {
        let case = chance.one_of(&good);
        let take = move |changed: Bytes| {
            let is_strict = check_strict(form_of(case), &changed).is_ok();
            assert!(Message::parse(changed.clone()).is_ok() || !is_strict);
            let _ = own_details(&changed, "");
            Ok(())
        };
        (case.data("bytes"), Box::new(take))
    });
}

#[test]
fn runs() {
    let good = all_of("batches", "good", "run");
    each(&good, |chance| {
        let take = |changed: Bytes| {
            let batch = Batch::parse(&changed)?;
            check_batch(&batch, Provenance::Stored)?;
            batch.events().try_for_each(|(index, _)| batch.authority_of(index).map(|_| ()))
        };
        (chance.one_of(&good).clone(), Box::new(take))
    });
}

#[test]
fn segments() {
    let good = cases("segments", "whole");
    each(&all_of("segments", "whole", "file"), |chance| {
        let case = chance.one_of(&good);
        let take = move |changed: Bytes| {
            let length = changed.len();
            let scan = scan_segment(changed, case.number("segment"))?;
            assert!(scan.end <= length.max(scan.start));
            Ok(())
        };
        (case.data("file"), Box::new(take))
    });
}

#[test]
fn texts() {
    for (name, part) in [("checkpoints", "note"), ("key-files", "text")] {
        let good: Vec<Bytes> = cases(name, "good").iter().map(|case| case.text(part).to_owned().into()).collect();
        each(&good, |chance| {
            let take = |changed: Bytes| {
                let text = String::from_utf8_lossy(&changed);
                let _ = ParsedCheckpoint::parse(&text);
                parse_key_file(&text, "the file", None).map(|_| ())
            };
            (chance.one_of(&good).clone(), Box::new(take))
        });
    }
}

/// A chain that verifies.
struct History {
    genesis: Arc<Genesis>,
    slices: Vec<Bytes>,
    batches: Vec<VerifiedBatch>,
}

impl History {
    fn of(case: &Case) -> Self {
        let slices = case.list_of_data("slices");
        let (_, batches) = trust::replayed(&slices).expect("it verifies");
        let first = split_slice(&slices[0]).expect("it is a slice").remove(0);
        let (genesis, _) = verify_genesis(&first.run).expect("it is a genesis");
        Self { genesis: Arc::new(genesis), slices, batches }
    }

    /// Verifies other slices as its own: as far as they are verified they may be used, whatever comes then.
    fn check_beginning(&self, slices: &[Bytes]) -> Result<()> {
        let mut verifier = ReplayVerifier::new(Arc::clone(&self.genesis));
        let mut due = self.batches.iter();
        for slice in slices {
            for one in verifier.verify(slice)? {
                check_same(&one, due.next().expect("it is no longer than it was"));
            }
        }
        Ok(())
    }
}

fn check_same(one: &VerifiedBatch, due: &VerifiedBatch) {
    assert_eq!((one.commit.leaf, &one.batch.seal.header), (due.commit.leaf, &due.batch.seal.header));
    assert_eq!(one.batch.events().count(), due.batch.events().count());
    for ((index, event), (place, was)) in one.batch.events().zip(due.batch.events()) {
        assert_eq!((index, &event.header), (place, &was.header));
        assert!(event.data_state.is_some() || event.data == was.data);
    }
    assert!(one.vouched_by == due.vouched_by || one.vouched_by == VouchedBy::Server, "it is signed");
}

/// Not hashed or signed, and so a server's to change: what storage needs of a commit, why data is gone that is, signatures where a
/// server vouches, and keys that are shown twice.
#[test]
fn histories_are_their_beginning() {
    let lists = [
        ("replays", "good"),
        ("compaction", "good"),
        ("ownership", "good"),
        ("delegations", "replays"),
        ("retention", "good"),
    ];
    let histories: Vec<History> =
        lists.iter().flat_map(|(name, list)| cases(name, list)).map(|case| History::of(&case)).collect();
    let others: Vec<Bytes> = histories.iter().flat_map(|one| one.slices.clone()).collect();
    each(&others, |chance| {
        let history = chance.one_of(&histories);
        let at = chance.below(history.slices.len());
        let take = move |changed: Bytes| {
            let mut slices = history.slices.clone();
            slices[at] = changed;
            history.check_beginning(&slices)
        };
        (history.slices[at].clone(), Box::new(take))
    });
}

#[test]
fn checkpoints() {
    let good = cases("checkpoints", "good");
    let said: BTreeSet<(u64, String, u64)> =
        good.iter().map(|one| (one.number("size"), one.text("root").to_owned(), one.number("timeUnixS"))).collect();
    let notes: Vec<Bytes> = good.iter().map(|case| case.text("note").to_owned().into()).collect();
    let signer = events::signer();
    each(&notes, |chance| {
        let at = chance.below(good.len());
        let (case, said, signer) = (&good[at], &said, &signer);
        let take = move |changed: Bytes| {
            // Lines of other signers are nobody's to believe, and may be changed.
            let found = events::signed(&String::from_utf8_lossy(&changed), case, signer)?;
            assert!(said.contains(&(found.head.size, hex(&found.head.root), found.time_unix_s)));
            Ok(())
        };
        (notes[at].clone(), Box::new(take))
    });
    let keys = &cases("checkpoints", "keys")[0];
    each(&all_of("checkpoints", "keys", "message"), |_| {
        let signer = &signer;
        let take = move |changed: Bytes| {
            let found = events::certified(&with(keys, "message", None, &changed))?.keys;
            assert_eq!((found.ed25519, found.mldsa44), (signer.keys.ed25519.clone(), signer.keys.mldsa44.clone()));
            Ok(())
        };
        (keys.data("message"), Box::new(take))
    });
}

/// Which of its rotations come with an answer is not signed: what each says is.
#[test]
fn answers_of_auth_services() {
    let good = cases("auth-answers", "good");
    let said: BTreeSet<String> = good.iter().map(|case| case.text("header").to_owned()).collect();
    each(&all_of("auth-answers", "good", "message"), |chance| {
        let (case, said) = (chance.one_of(&good), &said);
        let take = move |changed: Bytes| {
            let (answer, _) = owners::verified(&with(case, "message", None, &changed))?;
            assert!(said.contains(&hex(&answer.header)));
            Ok(())
        };
        (case.data("message"), Box::new(take))
    });
}

#[test]
fn delegations() {
    let good = cases("delegations", "paths");
    let said: BTreeSet<String> = good.iter().flat_map(delegated::headers_of).collect();
    each_of_list(&good, "delegations", |changed, _| {
        delegated::subject_of(changed)?;
        assert!(delegated::headers_of(changed).iter().all(|one| said.contains(one)));
        Ok(())
    });
}

#[test]
fn handshakes_and_frames() {
    let good = cases("wire", "cases");
    each(&all_of("wire", "cases", "serverHello"), |chance| {
        let case = chance.one_of(&good);
        let take = move |changed: Bytes| {
            wire::begun(&case.part("inputs")).finish(changed.clone())?;
            assert_eq!(changed, case.data("serverHello"), "it was changed, and agrees");
            Ok(())
        };
        (case.data("serverHello"), Box::new(take))
    });
    let frames: Vec<(Case, Case, Vec<Bytes>)> = good
        .iter()
        .flat_map(|case| case.list("calls").into_iter().map(move |call| (case.clone(), call)))
        .map(|(case, call)| {
            let all = call.list("frames");
            let of_server = all.iter().filter(|frame| frame.text("sender") == "server");
            let messages = of_server.map(|frame| frame.data("message")).collect();
            (case, call, messages)
        })
        .collect();
    let others: Vec<Bytes> = frames.iter().flat_map(|(_, _, messages)| messages.clone()).collect();
    each(&others, |chance| {
        let (case, call, messages) = chance.one_of(&frames);
        let at = chance.below(messages.len().min(2));
        let take = move |changed: Bytes| {
            let mut receiver = wire::call_of(case, call.number("call"), call.array("clientRandom")).receiver;
            for message in &messages[..at] {
                receiver.open(message.clone())?;
            }
            receiver.open(changed.clone())?;
            assert_eq!(changed, messages[at], "it was changed, and opens");
            Ok(())
        };
        (messages[at].clone(), Box::new(take))
    });
}

#[test]
fn proofs_of_trees() {
    let head = |case: &Case, size: &str, root: &str| TreeHead { size: case.number(size), root: case.array(root) };
    each_of_list(&with_proofs("inclusion"), "proof", |changed, case| {
        let root: [u8; 32] = case.array("root");
        let is_good = changed.proof("proof").is_some_and(|proof| {
            verify_inclusion(&case.array("leaf"), case.number("index"), case.number("size"), &proof, &root)
        });
        assert_eq!(is_good, changed.0["proof"] == case.0["proof"]);
        Ok(())
    });
    each_of_list(&with_proofs("consistency"), "proof", |changed, case| {
        let (first, second) = (head(case, "first", "firstRoot"), head(case, "second", "secondRoot"));
        let is_good = changed.proof("proof").is_some_and(|proof| verify_consistency(&first, &second, &proof));
        assert_eq!(is_good, changed.0["proof"] == case.0["proof"]);
        Ok(())
    });
}

/// Those that have something to change.
fn with_proofs(list: &str) -> Vec<Case> {
    cases("merkle", list).into_iter().filter(|case| !case.list("proof").is_empty()).collect()
}

/// Of a list it is the server's word that none is left out, and that there is nothing newer.
#[test]
fn lists_of_children() {
    let chain = History::of(&cases("children", "chain")[0]);
    let known: HashMap<(u64, Bytes), Bytes> = chain
        .batches
        .iter()
        .flat_map(|one| {
            let commit = one.commit.header.commit;
            one.batch.events().map(move |(_, event)| ((commit, event.header.clone()), event.data.clone()))
        })
        .collect();
    let (verifier, _) = trust::replayed(&chain.slices).expect("it verifies");
    each_of_list(&cases("children", "good"), "messages", |changed, _| {
        let (taken, _) = left::listed(changed, &verifier);
        for child in taken.into_iter().flatten() {
            let due = &known[&(child.event.commit, child.event.header.clone())];
            assert!(child.event.data_state.is_some() || child.event.data == due);
        }
        Ok(())
    });
}

#[test]
fn data_that_is_loaded() {
    let good = cases("left-out", "loads");
    each(&all_of("left-out", "loads", "answer"), |chance| {
        let case = chance.one_of(&good);
        let take = move |changed: Bytes| {
            let found = left::loaded(&with(case, "answer", None, &changed))?;
            // That it is gone something else has to allow.
            let is_same = found.data == case.data("data") || case.has("state");
            assert!(found.data_state.is_some() || is_same);
            Ok(())
        };
        (case.data("answer"), Box::new(take))
    });
}
